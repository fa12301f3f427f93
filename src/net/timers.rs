//! Lazy deadlines: one per connection, in a heap that is only changed when a deadline moves closer.

use crate::app::Id;
use std::time::Instant;

/// Armed deadlines, at most one per connection, the nearest on top of a binary heap. A deadline
/// that moves away stays in place; its connection comes up early and is armed again. A removed one
/// is taken out at once: closed connections leave nothing behind.
#[derive(Debug, Default)]
pub struct Timers {
    heap: Vec<(Instant, Id)>,
    /// Index in the heap of the deadline of each slot, or [`NOWHERE`].
    places: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Timers {
    /// Ensures that `id` comes up by `at`. A deadline that moves away costs nothing here.
    pub fn arm(&mut self, id: Id, at: Option<Instant>) {
        let Some(at) = at else {
            return;
        };
        match self.place(id) {
            Some(place) if self.heap[place].0 <= at => {}
            Some(place) => {
                self.heap[place].0 = at;
                self.rise(place);
            }
            None => {
                self.heap.push((at, id));
                self.rise(self.heap.len() - 1);
            }
        }
    }

    /// Removes the deadline of `id`.
    pub fn disarm(&mut self, id: Id) {
        if let Some(place) = self.place(id) {
            self.remove(place);
        }
    }

    /// Removes the next connection that is due as last armed, which may be early.
    pub fn pop(&mut self, now: Instant) -> Option<Id> {
        let (at, id) = *self.heap.first()?;
        if at > now {
            return None;
        }
        self.remove(0);
        Some(id)
    }

    /// Returns the time of the next check.
    pub fn next(&self) -> Option<Instant> {
        self.heap.first().map(|(at, _)| *at)
    }

    fn place(&self, id: Id) -> Option<usize> {
        let place = *self.places.get(id.slot as usize)?;
        (place != NOWHERE).then_some(place as usize)
    }

    fn remove(&mut self, place: usize) {
        let (_, id) = self.heap.swap_remove(place);
        self.places[id.slot as usize] = NOWHERE;
        if place < self.heap.len() {
            self.sink(place);
            self.rise(place);
        }
    }

    /// Moves an entry up to its place.
    fn rise(&mut self, mut place: usize) {
        while place > 0 && self.heap[place] < self.heap[(place - 1) / 2] {
            let parent = (place - 1) / 2;
            self.heap.swap(place, parent);
            self.note(place);
            place = parent;
        }
        self.note(place);
    }

    /// Moves an entry down to its place.
    fn sink(&mut self, mut place: usize) {
        loop {
            let children = 2 * place + 1..self.heap.len().min(2 * place + 3);
            let Some(child) = children.min_by_key(|child| self.heap[*child]) else { break };
            if self.heap[place] <= self.heap[child] {
                break;
            }
            self.heap.swap(place, child);
            self.note(place);
            place = child;
        }
        self.note(place);
    }

    /// Records the index of an entry.
    fn note(&mut self, place: usize) {
        let slot = self.heap[place].1.slot as usize;
        if self.places.len() <= slot {
            self.places.resize(slot + 1, NOWHERE);
        }
        self.places[slot] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn id(slot: usize) -> Id {
        Id { slot: slot as u32, generation: 0 }
    }

    /// The oracle: a list of deadlines that is searched each time.
    #[test]
    fn everyone_fires_at_its_deadline_and_never_before() {
        let start = Instant::now();
        let mut rng = fastrand::Rng::with_seed(11);
        let mut timers = Timers::default();
        let mut wanted: Vec<Option<Instant>> = vec![None; 40];
        for ms in 0..20_000_u64 {
            let now = start + Duration::from_millis(ms);
            let who = rng.usize(..40);
            match rng.u8(..8) {
                0 | 1 => {
                    wanted[who] = Some(now + Duration::from_millis(rng.u64(1..500)));
                    timers.arm(id(who), wanted[who]);
                }
                2 => {
                    wanted[who] = None;
                    timers.disarm(id(who));
                }
                _ => {}
            }
            while let Some(Id { slot, .. }) = timers.pop(now) {
                let who = slot as usize;
                let at = wanted[who].expect("a deadline that is gone does not come up");
                if at <= now {
                    wanted[who] = None;
                } else {
                    timers.arm(id(who), wanted[who]);
                }
            }
            let overdue = wanted.iter().flatten().any(|wanted| *wanted <= now);
            assert!(!overdue, "someone was forgotten at {ms} ms");
            assert_eq!(timers.heap.len(), wanted.iter().flatten().count());
        }
    }

    #[test]
    fn a_deadline_that_keeps_moving_away_stays_where_it_is() {
        let start = Instant::now();
        let mut timers = Timers::default();
        for ms in 0..1000 {
            timers.arm(id(0), Some(start + Duration::from_millis(500 + ms)));
        }
        assert_eq!(timers.heap.len(), 1);
        assert_eq!(timers.next(), Some(start + Duration::from_millis(500)));
    }

    #[test]
    fn connections_that_come_and_go_leave_nothing_behind() {
        let start = Instant::now();
        let mut timers = Timers::default();
        for generation in 0..1000 {
            let id = Id { slot: generation % 7, generation };
            timers.disarm(Id { generation: generation.saturating_sub(7), ..id });
            timers.arm(id, Some(start + Duration::from_secs(10)));
        }
        assert_eq!(timers.heap.len(), 7);
        for slot in 0..7 {
            timers.disarm(id(slot));
        }
        assert_eq!(timers.next(), None);
    }
}
