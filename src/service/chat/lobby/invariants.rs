//! Invariants of the lobby, between operations.

use super::timers::Purpose;
use super::{Lobby, State};
use std::collections::HashSet;

impl Lobby {
    /// Checks everything.
    ///
    /// # Panics
    /// If an invariant is violated.
    pub fn assert_invariants(&self) {
        self.assert_each_visitor_has_one_state();
        self.assert_no_wait_while_slots_are_free();
        self.assert_timers();
        assert_eq!(self.tokens.len(), self.visitors.len(), "a token for each visitor");
        assert_eq!(self.shorts.len(), self.visitors.len(), "a short id for each visitor");
    }

    /// Asserts that each visitor is in exactly one state, and in the matching list.
    fn assert_each_visitor_has_one_state(&self) {
        let queued = self.queue.iter().collect::<HashSet<_>>();
        assert_eq!(queued.len(), self.queue.len(), "no visitor waits twice");
        assert!(queued.iter().all(|visit| self.visitors.contains_key(visit)), "a ghost waits");
        let first = self.queue.iter().find(|visit| self.visitors[visit].peer.is_some());
        assert_eq!(self.queue.first_here(), first, "the queue knows who is here");
        for (visit, visitor) in &self.visitors {
            let waits = matches!(visitor.state, State::Queued(_));
            assert_eq!(queued.contains(visit), waits, "{visit:?} waits exactly if it is queued");
            if let State::Active(number) = visitor.state {
                let chat = self.chats.get(&number);
                assert_eq!(chat.map(|chat| chat.visitor), Some(*visit), "its chat knows it");
            }
        }
        for (number, chat) in &self.chats {
            assert_eq!(self.visitors[&chat.visitor].state, State::Active(*number));
            assert!(self.agents[chat.agent].shift.is_some(), "a chat has its agent");
            assert!(self.agents[chat.agent].chats.contains(number), "and its agent has it");
        }
        let held = self.agents.iter().map(|agent| agent.chats.len()).sum::<usize>();
        assert_eq!(held, self.chats.len(), "an agent's chats are chats");
    }

    /// Asserts that no slot is free while an attached visitor waits.
    fn assert_no_wait_while_slots_are_free(&self) {
        let waits = self.queue.first_here().is_some();
        let free = (0..self.agents.len()).any(|agent| self.free_slots(agent) > 0);
        assert!(!(waits && free), "a visitor waits although an agent is free");
        for (number, agent) in self.agents.iter().enumerate() {
            let busy = agent.shift.as_ref().is_some_and(|shift| shift.busy_since.is_some());
            assert_eq!(self.load(number) > 0, busy);
        }
    }

    fn assert_timers(&self) {
        let mut expected = 0;
        for (visit, visitor) in &self.visitors {
            let state = self.timers.at(Purpose::State(*visit)).is_some();
            assert!(state, "every state of a visitor ends some time");
            let cut_off = visitor.peer.is_none() && visitor.state != State::Rating;
            let returns = self.timers.at(Purpose::Return(*visit)).is_some();
            assert_eq!(returns, cut_off, "who was cut off is not waited for for ever");
            expected += 1 + usize::from(returns);
        }
        for (number, agent) in self.agents.iter().enumerate() {
            let cut_off = agent.shift.as_ref().is_some_and(|shift| shift.peer.is_none());
            assert_eq!(self.timers.at(Purpose::Agent(number)).is_some(), cut_off);
            expected += usize::from(cut_off);
        }
        let positions = usize::from(self.timers.at(Purpose::Positions).is_some());
        assert_eq!(self.timers.len(), expected + positions, "no timer without a purpose");
    }
}
