//! The lobby's timers: at most one for each purpose of each session, void as soon as the state that
//! it was set for has changed.

use super::Visit;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// The purpose of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// The timeout of a visitor's state: lost, warned, ended, closed.
    State(Visit),
    /// The time for a disconnected visitor to come back.
    Return(Visit),
    /// The time for a disconnected agent to come back.
    Agent(usize),
    /// The notices about positions in the queue.
    Positions,
}

/// All timers.
#[derive(Debug, Default)]
pub struct Timers {
    /// Due times and purposes, with the epoch of the state.
    order: BTreeMap<(Instant, Purpose), u32>,
    armed: HashMap<Purpose, Instant>,
}

impl Timers {
    /// Sets the timer for this purpose, instead of the previous one.
    pub fn set(&mut self, purpose: Purpose, epoch: u32, at: Instant) {
        self.void(purpose);
        self.armed.insert(purpose, at);
        self.order.insert((at, purpose), epoch);
    }

    /// Removes the timer for this purpose.
    pub fn void(&mut self, purpose: Purpose) {
        if let Some(at) = self.armed.remove(&purpose) {
            self.order.remove(&(at, purpose));
        }
    }

    /// Returns the due time of the timer for this purpose.
    pub fn at(&self, purpose: Purpose) -> Option<Instant> {
        self.armed.get(&purpose).copied()
    }

    /// Returns the due time of the next timer.
    pub fn next(&self) -> Option<Instant> {
        self.order.keys().next().map(|(at, _)| *at)
    }

    /// Removes the next timer that is due by now; returns its purpose and its epoch.
    pub fn pop(&mut self, now: Instant) -> Option<(Purpose, u32)> {
        let ((at, purpose), _) = self.order.first_key_value()?;
        let (at, purpose) = (*at, *purpose);
        if at > now {
            return None;
        }
        self.armed.remove(&purpose);
        self.order.remove(&(at, purpose)).map(|epoch| (purpose, epoch))
    }

    /// Returns the number of timers.
    pub fn len(&self) -> usize {
        debug_assert_eq!(self.order.len(), self.armed.len());
        self.order.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
