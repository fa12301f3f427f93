//! The present state of the lobby, as seen from outside.

use super::{Agent, Lobby, Mood};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An agent, from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The name.
    pub name: Arc<str>,
    /// `online`, `away`, `signed-in`, `detached` or `out`.
    pub status: &'static str,
    /// Chats at a time.
    pub capacity: u32,
    /// The visitors in its chats.
    pub with: Vec<Arc<str>>,
    /// In this shift: the time in which it took chats, and the time in chats.
    pub time: Option<(Duration, Duration)>,
}

impl Lobby {
    /// Returns all agents.
    pub fn seen(&self, now: Instant) -> Vec<Seen> {
        let all = self.agents.iter().enumerate();
        all.map(|(number, agent)| self.look_at(number, agent, now)).collect()
    }

    fn look_at(&self, number: usize, agent: &Agent, now: Instant) -> Seen {
        let shift = agent.shift.as_ref();
        let chats = self.chats_of(number);
        Seen {
            name: Arc::clone(&agent.name),
            status: match shift {
                None => "out",
                Some(shift) if shift.peer.is_none() => "detached",
                Some(shift) => shift.mood.name(),
            },
            capacity: shift.map_or(agent.capacity, |shift| shift.capacity),
            with: chats.map(|(_, chat)| Arc::clone(&self.visitors[&chat.visitor].name)).collect(),
            time: shift.map(|shift| (shift.online_for(now), shift.busy_for(now))),
        }
    }

    /// Returns the number of agents who take chats, and of those who are signed in and do not.
    pub fn moods(&self) -> (usize, usize) {
        let here = self.agents.iter().filter_map(|agent| agent.shift.as_ref());
        let online = |shift: &&super::Shift| shift.mood == Mood::Online && shift.peer.is_some();
        let online = here.clone().filter(online).count();
        (online, here.count() - online)
    }

    /// Iterates over the chats in progress: agent, waiting time and duration, as they would be
    /// counted if they ended now.
    pub fn active(&self, now: Instant) -> impl Iterator<Item = (usize, Duration, Duration)> {
        self.chats.values().map(move |chat| {
            let visitor = &self.visitors[&chat.visitor];
            let lasted = now.saturating_duration_since(chat.began);
            (chat.agent, visitor.waited, visitor.talked + lasted)
        })
    }
}
