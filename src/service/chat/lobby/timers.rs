//! The lobby's timers: at most one for each purpose of each session, void as soon as the state
//! that it was set for has changed.

use super::Visit;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// What comes next in the state that a visitor is in: lost, warned, ended, closed.
    State(Visit),
    /// How long a visitor that was cut off may stay away.
    Return(Visit),
    /// How long an agent that was cut off may.
    Agent(usize),
    /// Those who wait are told where they stand.
    Positions,
}

/// All timers.
#[derive(Debug, Default)]
pub struct Timers {
    /// When, and in which epoch of the state.
    order: BTreeMap<(Instant, Purpose), u32>,
    armed: HashMap<Purpose, Instant>,
}

impl Timers {
    /// Sets the timer for this purpose, instead of the one that there was.
    pub fn set(&mut self, purpose: Purpose, epoch: u32, at: Instant) {
        self.void(purpose);
        self.armed.insert(purpose, at);
        self.order.insert((at, purpose), epoch);
    }

    /// There is no timer for this purpose any more.
    pub fn void(&mut self, purpose: Purpose) {
        if let Some(at) = self.armed.remove(&purpose) {
            self.order.remove(&(at, purpose));
        }
    }

    /// When the timer for this purpose is due.
    pub fn at(&self, purpose: Purpose) -> Option<Instant> {
        self.armed.get(&purpose).copied()
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        self.order.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next one that is due by now: its purpose and its epoch.
    pub fn pop(&mut self, now: Instant) -> Option<(Purpose, u32)> {
        let ((at, purpose), _) = self.order.first_key_value()?;
        let (at, purpose) = (*at, *purpose);
        if at > now {
            return None;
        }
        self.armed.remove(&purpose);
        self.order.remove(&(at, purpose)).map(|epoch| (purpose, epoch))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        debug_assert_eq!(self.order.len(), self.armed.len());
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
