//! Making room: idle connections are closed for new ones, and incomplete input is dropped for other
//! input.
//!
//! Both searches visit all connections, so each closes several at once and is rare.

use super::{Outside, Reactor};
use crate::app::{App, Event, Id, Refusal};
use crate::limits;
use crate::stats::Close;

impl<O: Outside, A: App> Reactor<O, A> {
    /// Returns true if another connection may be added, after closing idle ones if necessary.
    pub fn has_room(&mut self) -> bool {
        self.conns.len() - self.tasks < self.most || self.evict()
    }

    /// Makes room if the system has no descriptor left. With few connections, others hold the
    /// descriptors, even with a file for each: then closing connections gains nothing.
    pub(in crate::net) fn free_descriptors(&mut self) -> bool {
        2 * (self.conns.len() - self.tasks) > self.most && self.evict()
    }

    /// Closes the connections that have been idle longest. Returns false if there are none.
    fn evict(&mut self) -> bool {
        let mut idle = self
            .conns
            .iter()
            .filter_map(|(id, conn)| conn.idle_until().map(|at| (at, id)))
            .collect::<Vec<_>>();
        if idle.is_empty() {
            return false;
        }
        let count = (idle.len() / limits::EVICTION_SHARE).clamp(1, limits::EVICTIONS_PER_SCAN);
        idle.select_nth_unstable(count - 1);
        for (_, id) in &idle[..count] {
            self.give_up(*id, Close::Evicted);
        }
        true
    }

    /// Keeps the input that all connections hold within its bound: those that hold most of it while
    /// they wait for more are answered, if possible, and closed.
    pub(super) fn bound_input(&mut self) {
        let most = self.context.limits.input_max;
        if self.input <= most {
            return;
        }
        let now = self.context.now;
        let hoards = self.conns.iter().filter_map(|(id, conn)| Some((conn.hoard(now)?, id)));
        let mut hoards = hoards.collect::<Vec<_>>();
        let count = hoards.len().min(limits::EVICTIONS_PER_SCAN);
        if count < hoards.len() {
            hoards.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
        }
        hoards[..count].sort_unstable_by(|a, b| b.cmp(a));
        // Some margin below the bound: the next byte need not start another search.
        let enough = most - most / limits::EVICTION_SHARE;
        for (_, id) in &hoards[..count] {
            if self.input <= enough {
                return;
            }
            self.refuse_input(*id);
        }
    }

    /// Takes the input from a connection. A session that cannot answer is ended.
    fn refuse_input(&mut self, id: Id) {
        self.pump(id, Some(Event::Refused(Refusal::Input)));
        if self.conns.find(id).is_some_and(|conn| !conn.is_ending()) {
            self.give_up(id, Close::InputFull);
        }
    }

    fn give_up(&mut self, id: Id, why: Close) {
        if let Some(conn) = self.conns.find(id) {
            conn.abandon(id, why, &mut self.context);
            self.drop_conn(id, why);
        }
    }
}
