//! Deadlines, lazily: one per connection, kept in a heap that is only touched when a deadline
//! comes nearer.

use crate::service::Id;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Armed deadlines. A connection remembers for when its own was armed (`armed`); an entry that
/// does not match that is stale, one whose connection has a later deadline by now is armed again.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Id)>>,
}

impl Timers {
    /// Makes sure that `id` comes up by `at`. A deadline that moves away costs nothing here.
    pub fn arm(&mut self, id: Id, at: Option<Instant>, armed: &mut Option<Instant>) {
        let Some(at) = at else {
            return;
        };
        if armed.is_none_or(|armed| at < armed) {
            *armed = Some(at);
            self.heap.push(Reverse((at, id)));
        }
    }

    /// The next entry that is due, stale or not.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, Id)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// When to look again.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The stupid twin: a list of deadlines that is searched each time.
    #[test]
    fn everyone_fires_at_its_deadline_and_never_before() {
        let start = Instant::now();
        let mut rng = fastrand::Rng::with_seed(11);
        let mut timers = Timers::default();
        let mut wanted: Vec<Option<Instant>> = vec![None; 40];
        let mut armed: Vec<Option<Instant>> = vec![None; 40];
        for ms in 0..20_000_u64 {
            let now = start + Duration::from_millis(ms);
            let who = rng.usize(..40);
            if rng.u8(..4) == 0 {
                wanted[who] = rng.bool().then(|| now + Duration::from_millis(rng.u64(1..500)));
                let id = Id { slot: who as u32, generation: 0 };
                timers.arm(id, wanted[who], &mut armed[who]);
            }
            while let Some((at, id)) = timers.pop(now) {
                let who = id.slot as usize;
                if armed[who] != Some(at) {
                    continue;
                }
                armed[who] = None;
                if wanted[who].is_some_and(|wanted| wanted <= now) {
                    wanted[who] = None;
                } else {
                    timers.arm(id, wanted[who], &mut armed[who]);
                }
            }
            let overdue = wanted.iter().flatten().any(|wanted| *wanted <= now);
            assert!(!overdue, "someone was forgotten at {ms} ms");
            assert!(timers.heap.len() < 40 * 500, "stale entries are bounded");
        }
    }

    #[test]
    fn a_deadline_that_keeps_moving_away_costs_one_entry() {
        let start = Instant::now();
        let mut timers = Timers::default();
        let mut armed = None;
        let id = Id { slot: 0, generation: 0 };
        for ms in 0..1000 {
            timers.arm(id, Some(start + Duration::from_millis(500 + ms)), &mut armed);
        }
        assert_eq!(timers.heap.len(), 1);
        assert_eq!(timers.next(), armed);
    }
}
