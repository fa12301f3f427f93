//! Agents' operations: sign in, take chats, talk, transfer, close, and leave.
//!
//! ```text
//!   (out) ─sign in→ SIGNED IN ─online⇄away→ … ─quit, or cut off for too long→ (out)
//! ```

use super::budget::{Budget, Rate, Spent};
use super::timers::Purpose;
use super::{
    Agent, At, Chat, Lobby, Mood, Notice, Out, Reason, Record, Refused, Shift, Who, note, notice,
};
use crate::limits;
use crate::service::Id;
use std::sync::Arc;
use std::time::Duration;

/// Message rate of agents.
const AGENT_TEXTS: Rate = Rate { per_second: 50.0, burst: 100.0 };

impl Lobby {
    /// Returns all agents.
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// Returns the agent of that name.
    pub fn agent_named(&self, name: &str) -> Option<usize> {
        self.agents.iter().position(|agent| &*agent.name == name)
    }

    /// Returns the shift of an agent, if this is its connection.
    pub fn shift(&self, agent: usize, peer: Id) -> Option<&Shift> {
        self.agents[agent].shift.as_ref().filter(|shift| shift.peer == Some(peer))
    }

    /// Iterates over the chats of an agent, by number.
    pub fn chats_of(&self, agent: usize) -> impl Iterator<Item = (u32, &Chat)> {
        self.agents[agent].chats.iter().map(|number| (*number, &self.chats[number]))
    }

    /// Returns the visitor of a chat in progress.
    pub fn in_chat(&self, number: u32) -> Option<&super::Visitor> {
        self.chats.get(&number).and_then(|chat| self.find(chat.visitor))
    }

    /// Returns the number of chats.
    pub fn chats(&self) -> usize {
        self.chats.len()
    }

    /// Signs an agent in: an older connection is superseded, and its chats continue here.
    pub fn sign_in(&mut self, agent: usize, peer: Id, at: At, out: &mut Out) {
        let Agent { shift, capacity, ties, .. } = &mut self.agents[agent];
        *ties += 1;
        match shift {
            Some(shift) => {
                out.tell(shift.peer, Notice::Superseded);
                shift.peer = Some(peer);
            }
            None => {
                *shift = Some(Shift {
                    peer: Some(peer),
                    mood: Mood::SignedIn,
                    capacity: *capacity,
                    current: None,
                    texts: Budget::full(AGENT_TEXTS, at.now),
                    began: at,
                    idle_since: at.now,
                    online_since: None,
                    online: Duration::ZERO,
                    busy_since: None,
                    busy: Duration::ZERO,
                });
            }
        }
        self.timers.void(Purpose::Agent(agent));
        let numbers = self.chats_of(agent).map(|(number, _)| number).collect::<Vec<_>>();
        for number in numbers {
            let visitor = &self.visitors[&self.chats[&number].visitor];
            let (name, short) = (Arc::clone(&visitor.name), visitor.short);
            let count = visitor.untold().count() as u32;
            out.tell(Some(peer), Notice::Regained(number, name, short));
            out.tell(Some(peer), Notice::Replay(Some(number), count));
            self.tell_untold(number, Some(peer), out);
        }
        self.dispatch(at, out);
        self.check();
    }

    /// Sets whether an agent takes new chats.
    ///
    /// # Errors
    /// Fails if this is no longer its connection.
    pub fn set_mood(
        &mut self,
        agent: usize,
        peer: Id,
        mood: Mood,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        let shift = self.own_shift(agent, peer)?;
        shift.online = shift.online_for(at.now);
        shift.online_since = (mood == Mood::Online).then_some(at.now);
        shift.mood = mood;
        self.dispatch(at, out);
        self.check();
        Ok(())
    }

    /// Sets how many chats an agent takes at a time. Open chats beyond that stay.
    ///
    /// # Errors
    /// Fails if the number is out of range.
    pub fn set_capacity(
        &mut self,
        agent: usize,
        peer: Id,
        capacity: u32,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        if !(1..=limits::CHAT_CAPACITY).contains(&capacity) {
            return Err(Refused::Range);
        }
        self.own_shift(agent, peer)?.capacity = capacity;
        self.dispatch(at, out);
        self.check();
        Ok(())
    }

    /// Makes this chat the current one, for text without a number.
    ///
    /// # Errors
    /// Fails if it is not a chat of the agent.
    pub fn use_chat(&mut self, agent: usize, peer: Id, number: u32) -> Result<(), Refused> {
        self.own_shift(agent, peer)?;
        let number = self.own_chat(agent, Some(number))?;
        self.own_shift(agent, peer)?.current = Some(number);
        Ok(())
    }

    /// Sends an agent's text in this chat or the current one.
    ///
    /// # Errors
    /// Fails if there is no such chat, or the agent exceeds the message rate.
    pub fn agent_text(
        &mut self,
        (agent, peer): (usize, Id),
        number: Option<u32>,
        text: Arc<str>,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        match self.own_shift(agent, peer)?.texts.spend(AGENT_TEXTS, at.now) {
            Spent::Fine => {}
            Spent::TooFast => return Err(Refused::Flood),
            Spent::TooLong => return Err(Refused::Flooded),
        }
        let number = self.own_chat(agent, number)?;
        let visit = self.chats[&number].visitor;
        let visitor = self.visitors.get_mut(&visit).expect("a chat has its visitor");
        note(visitor, Who::Agent(agent), Arc::clone(&text), at)?;
        if visitor.peer.is_some() {
            visitor.shown += 1;
            out.tell(visitor.peer, Notice::Said(Arc::clone(&self.agents[agent].name), text));
        }
        self.check();
        Ok(())
    }

    /// Closes this chat, or the current one.
    ///
    /// # Errors
    /// Fails if there is no such chat.
    pub fn close(
        &mut self,
        agent: usize,
        peer: Id,
        number: Option<u32>,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        self.own_shift(agent, peer)?;
        let number = self.own_chat(agent, number)?;
        let visit = self.chats[&number].visitor;
        self.end(number, Reason::Agent, at, out);
        out.tell_after(Some(peer), Notice::Done(notice::Done::Closed(number)));
        self.tell_end(number, visit, Reason::Agent, out);
        self.dispatch(at, out);
        self.check();
        Ok(())
    }

    /// Transfers a chat: to another agent with a free slot, or to the head of the queue.
    ///
    /// # Errors
    /// Fails if there is no such chat, or no such agent with a free slot.
    pub fn transfer(
        &mut self,
        (agent, peer): (usize, Id),
        number: u32,
        to: Option<&str>,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        self.own_shift(agent, peer)?;
        let number = self.own_chat(agent, Some(number))?;
        let to = match to {
            None => None,
            Some(name) => Some(self.agent_named(name).ok_or(Refused::NoAgent)?),
        };
        if let Some(other) = to
            && (other == agent || self.free_slots(other) == 0)
        {
            return Err(Refused::AgentBusy);
        }
        let visit = self.part(number, at);
        let seconds = self.visitors[&visit].talked.as_secs();
        out.tell(Some(peer), Notice::Ended(number, Reason::Transferred, seconds));
        match to {
            Some(other) => self.give(number, (visit, other), at, out),
            None => self.enqueue(visit, true, at, out),
        }
        self.dispatch(at, out);
        self.check();
        Ok(())
    }

    /// Signs an agent out. With `force` its visitors go back to the head of the queue.
    ///
    /// # Errors
    /// Fails if chats are open.
    pub fn quit(
        &mut self,
        agent: usize,
        peer: Id,
        force: bool,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        self.own_shift(agent, peer)?;
        if !force && self.chats_of(agent).next().is_some() {
            return Err(Refused::ChatsOpen);
        }
        self.requeue(agent, at, out);
        self.sign_out(agent, at, out);
        out.tell_after(Some(peer), Notice::Done(notice::Done::Quit));
        out.tell_after(Some(peer), Notice::Bye(Reason::Quit));
        self.dispatch(at, out);
        self.check();
        Ok(())
    }

    /// Handles the loss of an agent's connection.
    pub fn drop_agent(&mut self, agent: usize, peer: Id, at: At) {
        let until = at.now + self.settings.agent_grace;
        let Ok(shift) = self.own_shift(agent, peer) else { return };
        shift.peer = None;
        self.agents[agent].ties += 1;
        self.timers.set(Purpose::Agent(agent), self.agents[agent].ties, until);
        self.check();
    }

    /// Handles a disconnected agent that has not come back in time.
    pub(super) fn agent_gone(&mut self, agent: usize, at: At, out: &mut Out) {
        self.requeue(agent, at, out);
        self.sign_out(agent, at, out);
        self.dispatch(at, out);
    }

    /// Puts the visitors of an agent back at the head, in the order of their arrival.
    fn requeue(&mut self, agent: usize, at: At, out: &mut Out) {
        let mut chats = self.chats_of(agent).map(|(n, chat)| (chat.began, n)).collect::<Vec<_>>();
        chats.sort_unstable();
        for (_, number) in chats.into_iter().rev() {
            let visit = self.part(number, at);
            self.visitors.get_mut(&visit).expect("it had a chat").missed.push(agent);
            self.enqueue(visit, true, at, out);
        }
    }

    /// Ends a shift, and records it.
    pub(super) fn sign_out(&mut self, agent: usize, at: At, out: &mut Out) {
        self.timers.void(Purpose::Agent(agent));
        let Agent { name, shift, ties, .. } = &mut self.agents[agent];
        *ties += 1;
        if let Some(shift) = shift.take() {
            out.write(Record::Shift {
                agent: Arc::clone(name),
                began: shift.began.wall,
                ended: at.wall,
                online: shift.online_for(at.now),
                busy: shift.busy_for(at.now),
            });
        }
    }

    fn own_shift(&mut self, agent: usize, peer: Id) -> Result<&mut Shift, Refused> {
        let shift = self.agents[agent].shift.as_mut();
        shift.filter(|shift| shift.peer == Some(peer)).ok_or(Refused::Gone)
    }

    /// Returns the chat of that number, or the current one, if it is the agent's.
    fn own_chat(&self, agent: usize, number: Option<u32>) -> Result<u32, Refused> {
        let current = self.agents[agent].shift.as_ref().and_then(|shift| shift.current);
        let number = match number.or(current) {
            Some(number) => number,
            None if self.chats_of(agent).next().is_some() => return Err(Refused::WhichChat),
            None => return Err(Refused::NoChat),
        };
        let chat = self.chats.get(&number).filter(|chat| chat.agent == agent);
        chat.map(|_| number).ok_or(Refused::NoChat)
    }
}
