//! The queue, and the assignment of waiting visitors to free agents.

use super::timers::Purpose;
use super::{At, Chat, Lobby, Mood, Notice, Out, State, Visit};
use crate::limits;
use crate::service::Id;
use std::sync::Arc;
use std::time::Duration;

impl Lobby {
    /// → QUEUED, with a new waiting period; at the head for visitors who have waited before.
    pub(super) fn enqueue(&mut self, visit: Visit, head: bool, at: At, out: &mut Out) {
        let visitor = self.visitors.get_mut(&visit).expect("who is queued is known");
        visitor.state = State::Queued(at.now);
        visitor.epoch += 1;
        let (epoch, ties, detached) = (visitor.epoch, visitor.ties, visitor.peer.is_none());
        self.queue.push(visit, head, !detached);
        if head {
            self.places_moved(at);
        }
        self.timers.set(Purpose::State(visit), epoch, at.now + self.settings.wait);
        if detached {
            let until = at.now + self.settings.queue_grace;
            self.timers.set(Purpose::Return(visit), ties, until);
        }
        self.tell_place(visit, out);
    }

    /// Takes a visitor out of the queue; those after it are told later.
    pub(super) fn unqueue(&mut self, visit: Visit, at: At) {
        self.queue.remove(visit);
        if !self.queue.is_empty() {
            self.places_moved(at);
        }
    }

    /// Schedules the notices about new positions, all at once.
    fn places_moved(&mut self, at: At) {
        if self.timers.at(Purpose::Positions).is_none() {
            self.timers.set(Purpose::Positions, 0, at.now + limits::CHAT_POSITIONS);
        }
    }

    /// Connects visitors with agents until there are no free slots, or no visitor waits. Without a
    /// waiting period, the remaining visitors are lost.
    pub(super) fn dispatch(&mut self, at: At, out: &mut Out) {
        while let Some(visit) = self.queue.first_here() {
            let Some(agent) = self.free_agent() else { break };
            self.connect(visit, agent, at, out);
        }
        if self.settings.wait == Duration::ZERO {
            while let Some(visit) = self.queue.first() {
                self.lose(visit, at, out);
            }
        }
    }

    /// Returns the number of an agent's chats.
    pub fn load(&self, agent: usize) -> u32 {
        self.agents[agent].chats.len() as u32
    }

    /// Returns the slots of an agent, 0 if it takes no chats now.
    fn slots(&self, agent: usize) -> u32 {
        match &self.agents[agent].shift {
            Some(shift) if shift.peer.is_some() && shift.mood == Mood::Online => shift.capacity,
            Some(_) | None => 0,
        }
    }

    /// Returns the free slots of an agent.
    pub(super) fn free_slots(&self, agent: usize) -> u32 {
        self.slots(agent).saturating_sub(self.load(agent))
    }

    /// Returns the least busy agent with a free slot; of several, the one idle for longest.
    pub(super) fn free_agent(&self) -> Option<usize> {
        let free = (0..self.agents.len()).filter(|agent| self.free_slots(*agent) > 0);
        free.min_by_key(|agent| {
            (self.load(*agent), self.agents[*agent].shift.as_ref().map(|shift| shift.idle_since))
        })
    }

    /// QUEUED → ACTIVE.
    fn connect(&mut self, visit: Visit, agent: usize, at: At, out: &mut Out) {
        let visitor = self.visitors.get_mut(&visit).expect("who is queued is known");
        let State::Queued(since) = visitor.state else {
            unreachable!("only those who wait are connected")
        };
        visitor.waited += at.now.saturating_duration_since(since);
        let number = *visitor.chat.get_or_insert(self.next_chat);
        if number == self.next_chat {
            self.next_chat += 1;
        }
        visitor.epoch += 1;
        let epoch = visitor.epoch;
        self.unqueue(visit, at);
        self.timers.set(Purpose::State(visit), epoch, at.now + self.settings.idle * 4 / 5);
        self.give(number, (visit, agent), at, out);
    }

    /// Begins a chat: introduces the two sides to each other, and passes on earlier messages.
    pub(super) fn give(
        &mut self,
        number: u32,
        (visit, agent): (Visit, usize),
        at: At,
        out: &mut Out,
    ) {
        self.chats.insert(number, Chat { visitor: visit, agent, began: at.now });
        self.agents[agent].chats.insert(number);
        let visitor = self.visitors.get_mut(&visit).expect("a chat has its visitor");
        visitor.state = State::Active(number);
        visitor.agent = Some(agent);
        visitor.heard = at.now;
        visitor.warned = false;
        visitor.pos = 0;
        let shift = self.agents[agent].shift.as_mut().expect("who gets a chat is signed in");
        shift.current.get_or_insert(number);
        shift.busy_since.get_or_insert(at.now);
        let name = Arc::clone(&self.agents[agent].name);
        out.tell(visitor.peer, Notice::Connected(number, name));
        let waited = visitor.waited.as_secs();
        let to = self.peer_of(agent);
        let visitor = &self.visitors[&visit];
        let (name, short) = (Arc::clone(&visitor.name), visitor.short);
        out.tell(to, Notice::Assigned(number, name, short, waited));
        self.tell_untold(number, to, out);
    }

    /// Passes on messages that no agent has received.
    pub(super) fn tell_untold(&mut self, number: u32, to: Option<Id>, out: &mut Out) {
        let visit = self.chats[&number].visitor;
        let visitor = self.visitors.get_mut(&visit).expect("a chat has its visitor");
        for line in visitor.untold() {
            let (name, text) = (Arc::clone(&visitor.name), Arc::clone(&line.text));
            out.tell(to, Notice::Heard(number, name, visitor.short, text));
        }
        if to.is_some() {
            visitor.told = visitor.lines.len();
        }
    }

    /// Returns the position of a waiting visitor, from 1.
    pub fn place(&self, visit: Visit) -> Option<u32> {
        self.queue.place(visit)
    }

    /// Iterates over the waiting visitors, in order.
    pub fn queued(&self) -> impl Iterator<Item = &super::Visitor> {
        self.queue.iter().filter_map(|visit| self.find(visit))
    }

    /// Returns the number of waiting visitors.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Returns the seconds until the visitor at this position is expected to be connected: those
    /// without a free slot wait for as many chats to end, and the slots end theirs in parallel. It
    /// never exceeds the waiting period. Without agents who take chats, or before any chat has
    /// ended, it is unknown.
    pub fn expected_wait(&self, pos: u32) -> Option<u64> {
        let agents = 0..self.agents.len();
        let (slots, free) = agents.fold((0, 0), |(slots, free), agent| {
            (slots + self.slots(agent), free + self.free_slots(agent))
        });
        let ahead = pos.saturating_sub(free);
        if slots == 0 {
            return None;
        }
        if ahead == 0 {
            return Some(0);
        }
        let seconds = (f64::from(ahead) * self.talk_s? / f64::from(slots)).ceil() as u64;
        Some(seconds.min(self.settings.wait.as_secs()))
    }

    /// Returns the same for the next visitor.
    pub fn expected_wait_of_next(&self) -> Option<u64> {
        self.expected_wait(self.waiting() as u32 + 1)
    }

    /// Tells a visitor its position.
    pub(super) fn tell_place(&mut self, visit: Visit, out: &mut Out) {
        let Some(pos) = self.place(visit) else { return };
        let (ewt, wait_limit) = (self.expected_wait(pos), self.settings.wait.as_secs());
        let visitor = self.visitors.get_mut(&visit).expect("who is queued is known");
        visitor.pos = pos;
        out.tell(visitor.peer, Notice::Queued { pos, wait_limit, ewt });
    }

    /// Tells visitors who have moved up, for at most so many positions. If there are more, the
    /// timer is due again.
    pub(super) fn tell_places(&mut self, most: usize, at: At, out: &mut Out) {
        let first = self.told_places;
        let looked_at = self.queue.behind(first).take(most).collect::<Vec<_>>();
        self.told_places += looked_at.len() as u32;
        if looked_at.len() < most {
            self.told_places = 0;
        } else {
            self.timers.set(Purpose::Positions, 0, at.now);
        }
        for (visit, pos) in looked_at.into_iter().zip(first + 1..) {
            if self.visitors[&visit].pos != pos {
                self.tell_place(visit, out);
            }
        }
    }
}
