//! How fast hashes are computed, and how lucky the searches were.
//!
//! Workers count seeds as their pieces come back; the count is read whenever something happens
//! anyway. Nobody keeps a timer for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub struct Meter {
    tried: Arc<AtomicU64>,
    /// What the count was, when: a few seconds of it.
    samples: VecDeque<(Instant, u64)>,
    tallies: [Tally; DIGITS],
    /// Hashes a second that all workers together can compute.
    capacity: f64,
    /// Lines under search.
    pub lines: u64,
}

/// The replies of one difficulty.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Proofs that were found.
    pub replies: u64,
    /// Seeds that were tried for them.
    pub tried: u64,
    /// Seeds that they take on average.
    pub expected: f64,
}

/// Difficulties that are told apart: as many as ten letters are good for, and none.
const DIGITS: usize = 16;

/// Between two samples.
const APART: Duration = Duration::from_millis(100);

/// The longest time that a rate is asked over.
const KEPT: Duration = Duration::from_secs(10);

impl Tally {
    /// Tries for each that was to be expected: 1 on average, less for the lucky.
    pub fn luck(&self) -> f64 {
        self.tried as f64 / self.expected.max(1.0)
    }
}

impl Meter {
    /// A meter for workers that compute `capacity` hashes a second.
    pub fn new(capacity: f64) -> Meter {
        Meter {
            tried: Arc::default(),
            samples: VecDeque::new(),
            tallies: [Tally::default(); DIGITS],
            capacity: capacity.max(1.0),
            lines: 0,
        }
    }

    /// What every search counts in.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.tried)
    }

    /// Hashes a second that all workers together can compute.
    pub fn capacity(&self) -> f64 {
        self.capacity
    }

    /// Something has happened: a good moment to look at the count.
    pub fn sample(&mut self, now: Instant) {
        if self.samples.back().is_some_and(|(last, _)| now < *last + APART) {
            return;
        }
        while self.samples.get(1).is_some_and(|(second, _)| *second + KEPT <= now) {
            self.samples.pop_front();
        }
        self.samples.push_back((now, self.tried.load(Ordering::Relaxed)));
    }

    /// Hashes a second over the last `time`, as far as that was looked at.
    pub fn rate(&self, time: Duration, now: Instant) -> f64 {
        let age = |at: &Instant| now.saturating_duration_since(*at);
        let mut recent = self.samples.iter().filter(|(at, _)| age(at) <= time);
        let first = recent.find(|(at, _)| age(at) >= APART / 2);
        let earlier = self.samples.iter().rev().find(|(at, _)| age(at) > time);
        let Some((at, count)) = first.or(earlier) else {
            return 0.0;
        };
        let tried = self.tried.load(Ordering::Relaxed) - count;
        tried as f64 / age(at).as_secs_f64().max(1e-3)
    }

    /// A proof was found.
    pub fn found(&mut self, bits: u32, tried: u64) {
        let tally = &mut self.tallies[(bits as usize / 4).min(DIGITS - 1)];
        tally.replies += 1;
        tally.tried += tried;
        tally.expected += expected(bits);
    }

    /// The difficulties that have had replies.
    pub fn tallies(&self) -> impl Iterator<Item = (usize, &Tally)> {
        self.tallies.iter().enumerate().filter(|(_, tally)| tally.replies > 0)
    }
}

/// Seeds that a proof takes on average.
pub fn expected(bits: u32) -> f64 {
    f64::from(bits).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_time_asked_for() {
        let mut meter = Meter::new(1.0);
        let counter = meter.counter();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(meter.rate(Duration::from_secs(1), start), 0.0);
        for ms in (0..=20_000).step_by(50) {
            meter.sample(at(ms));
            counter.fetch_add(if ms < 15_000 { 100 } else { 50 }, Ordering::Relaxed);
        }
        let (one, ten) = (Duration::from_secs(1), Duration::from_secs(10));
        assert!((meter.rate(one, at(20_000)) - 1000.0).abs() < 100.0);
        assert!((meter.rate(ten, at(20_000)) - 1500.0).abs() < 100.0);
        assert!(meter.samples.len() <= 110, "what is too old is forgotten");
        assert!(meter.rate(one, at(90_000)) < 50.0, "silence counts too");
    }

    #[test]
    fn luck_is_one_on_average() {
        let mut meter = Meter::new(1.0);
        meter.found(12, 2048);
        meter.found(12, 6144);
        meter.found(0, 1);
        let tallies = meter.tallies().map(|(digits, t)| (digits, t.replies, t.luck()));
        assert_eq!(tallies.collect::<Vec<_>>(), [(0, 1, 1.0), (3, 2, 1.0)]);
    }
}
