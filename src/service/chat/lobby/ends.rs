//! The ends of waits, chats and sessions, by time or otherwise, and their records.

use super::people::Line;
use super::timers::Purpose;
use super::{
    Agent, At, Lobby, Notice, Out, Outcome, Past, Reason, Record, State, Visit, Visitor, Who,
    notice,
};
use crate::limits;
use std::sync::Arc;
use std::time::Duration;

/// Weight of the last chat in the moving average of durations.
const LAST_CHAT: f64 = 0.2;

impl Lobby {
    /// Handles due timers, up to a share that causes no delay. Returns true if there are more.
    pub fn expire(&mut self, at: At, out: &mut Out) -> bool {
        let mut left = limits::CHAT_DUE;
        while left > 0
            && let Some((purpose, epoch)) = self.timers.pop(at.now)
        {
            left -= 1;
            match purpose {
                Purpose::State(visit) => {
                    if self.visitors.get(&visit).is_some_and(|v| v.epoch == epoch) {
                        self.overdue(visit, at, out);
                    }
                }
                Purpose::Return(visit) => {
                    let away = |v: &&Visitor| v.ties == epoch && v.peer.is_none();
                    if self.find(visit).filter(away).is_some() {
                        self.given_up(visit, at, out);
                    }
                }
                Purpose::Agent(agent) => {
                    if self.agents[agent].ties == epoch {
                        self.agent_gone(agent, at, out);
                    }
                }
                Purpose::Positions => {
                    self.tell_places(limits::CHAT_DUE, at, out);
                    left = 0;
                }
            }
        }
        self.check();
        self.timers.next().is_some_and(|next| next <= at.now)
    }

    /// Handles the timeout of a visitor's state.
    fn overdue(&mut self, visit: Visit, at: At, out: &mut Out) {
        let visitor = self.visitors.get_mut(&visit).expect("it was found a moment ago");
        match visitor.state {
            State::Queued(_) => {
                self.lose(visit, at, out);
            }
            State::Active(chat) => {
                let (idle, warn) = (self.settings.idle, self.settings.idle * 4 / 5);
                let epoch = visitor.epoch;
                let silent = at.now.saturating_duration_since(visitor.heard);
                let next = if silent >= idle {
                    self.end(chat, Reason::Idle, at, out);
                    self.tell_end(chat, visit, Reason::Idle, out);
                    return self.dispatch(at, out);
                } else if silent >= warn {
                    if !std::mem::replace(&mut visitor.warned, true) {
                        out.tell(visitor.peer, Notice::Idle((idle - silent).as_secs()));
                    }
                    visitor.heard + idle
                } else {
                    visitor.heard + warn
                };
                self.timers.set(Purpose::State(visit), epoch, next);
            }
            State::Rating => {
                out.tell(visitor.peer, Notice::Bye(Reason::Over));
                self.forget(visit);
            }
        }
    }

    /// Handles a disconnected visitor that has not come back in time.
    fn given_up(&mut self, visit: Visit, at: At, out: &mut Out) {
        match self.visitors[&visit].state {
            State::Queued(_) => self.abandon(visit, Reason::Detached, at, out),
            State::Active(chat) => {
                self.end(chat, Reason::Detached, at, out);
                self.tell_end(chat, visit, Reason::Detached, out);
                self.forget(visit);
                self.dispatch(at, out);
            }
            State::Rating => {}
        }
    }

    /// QUEUED → lost.
    pub(super) fn lose(&mut self, visit: Visit, at: At, out: &mut Out) {
        let (peer, waited) = self.stop_waiting(visit, at);
        self.write(visit, Outcome::Lost, Reason::Over, at, out);
        out.tell_after(peer, Notice::Lost(waited.as_secs()));
        self.forget(visit);
    }

    /// QUEUED → abandoned.
    pub(super) fn abandon(&mut self, visit: Visit, reason: Reason, at: At, out: &mut Out) {
        let (_, waited) = self.stop_waiting(visit, at);
        let short = waited < limits::CHAT_SHORT;
        let outcome = if short { Outcome::ShortAbandoned } else { Outcome::Abandoned };
        self.write(visit, outcome, reason, at, out);
        self.forget(visit);
    }

    /// Takes a visitor out of the queue. Returns its connection, and how long it has waited.
    fn stop_waiting(&mut self, visit: Visit, at: At) -> (Option<crate::service::Id>, Duration) {
        self.unqueue(visit, at);
        let visitor = self.visitors.get_mut(&visit).expect("who is queued is known");
        if let State::Queued(since) = visitor.state {
            visitor.waited += at.now.saturating_duration_since(since);
        }
        (visitor.peer, visitor.waited)
    }

    /// ACTIVE → RATING, and recorded. Notices and dispatching are left to the caller.
    pub(super) fn end(&mut self, number: u32, reason: Reason, at: At, out: &mut Out) {
        let visit = self.part(number, at);
        let visitor = self.visitors.get_mut(&visit).expect("a chat has its visitor");
        visitor.state = State::Rating;
        visitor.epoch += 1;
        let (epoch, talked) = (visitor.epoch, visitor.talked.as_secs_f64());
        let mean = self.talk_s.unwrap_or(talked);
        self.talk_s = Some(mean + (talked - mean) * LAST_CHAT);
        self.timers.void(Purpose::Return(visit));
        self.timers.set(Purpose::State(visit), epoch, at.now + self.settings.rating_time);
        self.write(visit, Outcome::Handled, reason, at, out);
    }

    /// Dissolves a chat: the agent has a free slot, the visitor is in no counted state.
    pub(super) fn part(&mut self, number: u32, at: At) -> Visit {
        let chat = self.chats.remove(&number).expect("only a chat that there is ends");
        let visitor = self.visitors.get_mut(&chat.visitor).expect("a chat has its visitor");
        visitor.talked += at.now.saturating_duration_since(chat.began);
        let Agent { chats, shift, .. } = &mut self.agents[chat.agent];
        chats.remove(&number);
        let (next, more) = (chats.first().copied(), chats.len() > 1);
        let shift = shift.as_mut().expect("a chat has its agent");
        if shift.current == Some(number) {
            shift.current = next.filter(|_| !more);
        }
        if next.is_none() {
            shift.busy = shift.busy_for(at.now);
            shift.busy_since = None;
            shift.idle_since = at.now;
        }
        chat.visitor
    }

    /// Tells both sides that their chat is over, as soon as that is on disk.
    pub(super) fn tell_end(&mut self, number: u32, visit: Visit, reason: Reason, out: &mut Out) {
        let visitor = &self.visitors[&visit];
        let agent = visitor.agent.and_then(|agent| self.peer_of(agent));
        let ended = Notice::Ended(number, reason, visitor.talked.as_secs());
        out.tell_after(visitor.peer, ended.clone());
        out.tell_after(agent, ended);
    }

    /// Removes a visitor.
    pub(super) fn forget(&mut self, visit: Visit) {
        let visitor = self.visitors.remove(&visit).expect("who goes was there");
        self.tokens.remove(&visitor.token);
        self.shorts.remove(&visitor.short);
        self.timers.void(Purpose::State(visit));
        self.timers.void(Purpose::Return(visit));
    }

    /// Shuts down: ends all waits and chats, and records the outcomes.
    pub fn shut_down(&mut self, at: At, out: &mut Out) {
        let bye = || Notice::Bye(Reason::Shutdown);
        while let Some(visit) = self.queue.first() {
            let peer = self.visitors[&visit].peer;
            self.abandon(visit, Reason::Shutdown, at, out);
            out.tell_after(peer, bye());
        }
        let chats = self.chats.keys().copied().collect::<Vec<_>>();
        for number in chats {
            let visit = self.chats[&number].visitor;
            self.end(number, Reason::Shutdown, at, out);
            self.tell_end(number, visit, Reason::Shutdown, out);
        }
        let visits = self.visitors.keys().copied().collect::<Vec<_>>();
        for visit in visits {
            out.tell(self.visitors[&visit].peer, bye());
            self.forget(visit);
        }
        for agent in 0..self.agents.len() {
            let peer = self.peer_of(agent);
            self.sign_out(agent, at, out);
            out.tell_after(peer, bye());
        }
        self.timers.void(Purpose::Positions);
        self.check();
    }

    pub(super) fn write(
        &mut self,
        visit: Visit,
        outcome: Outcome,
        reason: Reason,
        at: At,
        out: &mut Out,
    ) {
        let visitor = &self.visitors[&visit];
        let name = |agent: &usize| Arc::clone(&self.agents[*agent].name);
        let who = |who: Who| match who {
            Who::Visitor => Arc::clone(&visitor.name),
            Who::Agent(agent) => name(&agent),
        };
        let line = |line: &Line| (who(line.who), line.ms, Arc::clone(&line.text));
        out.write(Record::Session(Box::new(Past {
            session: visitor.session,
            chat: visitor.chat,
            name: Arc::clone(&visitor.name),
            short: visitor.short,
            agent: visitor.agent.filter(|_| outcome == Outcome::Handled).as_ref().map(name),
            arrived: visitor.arrived.wall,
            ended: at.wall,
            outcome,
            reason,
            waited: visitor.waited,
            talked: visitor.talked,
            present: self.present(),
            missed: visitor.missed.iter().map(name).collect(),
            lines: visitor.lines.iter().map(line).collect(),
        })));
    }

    /// Returns the record of a visitor who was refused.
    pub(super) fn blocked(&mut self, name: Arc<str>, at: At) -> Past {
        // A number of its own, so that its row has a unique name.
        let peer = crate::service::Id { slot: u32::MAX, generation: u32::MAX };
        let visit = self.admit(peer, Some(name), at);
        let mut out = Out::default();
        self.write(visit, Outcome::Blocked, Reason::Over, at, &mut out);
        self.forget(visit);
        match out.0.pop() {
            Some(notice::Item::Write(Record::Session(past))) => *past,
            Some(_) | None => unreachable!("that is what was written"),
        }
    }

    /// Returns the agents who are signed in.
    pub(super) fn present(&self) -> Vec<Arc<str>> {
        let present = self.agents.iter().filter(|agent| agent.shift.is_some());
        present.map(|agent| Arc::clone(&agent.name)).collect()
    }
}
