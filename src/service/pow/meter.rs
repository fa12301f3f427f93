//! Hash rates, and the luck of searches.
//!
//! Workers count seeds as their pieces are merged; the count is sampled at other events, without a
//! timer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The meter; see the module.
#[derive(Debug)]
pub struct Meter {
    tried: Arc<AtomicU64>,
    /// Samples of the count with their times, over a few seconds.
    samples: VecDeque<(Instant, u64)>,
    tallies: [Tally; DIGITS],
    /// Hashes per second that all workers together can compute.
    capacity: f64,
    /// Lines being searched.
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

/// Difficulties that are distinguished: as many as ten letters allow, and none.
const DIGITS: usize = 16;

/// Minimum time between two samples.
const APART: Duration = Duration::from_millis(100);

/// Maximum time of a rate.
const KEPT: Duration = Duration::from_secs(10);

impl Tally {
    /// Returns the ratio of tries to expected tries: 1 on average, less with luck.
    pub fn luck(&self) -> f64 {
        self.tried as f64 / self.expected.max(1.0)
    }
}

impl Meter {
    /// Creates a meter for workers that compute `capacity` hashes per second.
    pub fn new(capacity: f64) -> Meter {
        Meter {
            tried: Arc::default(),
            samples: VecDeque::new(),
            tallies: [Tally::default(); DIGITS],
            capacity: capacity.max(1.0),
            lines: 0,
        }
    }

    /// Returns the counter for searches.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.tried)
    }

    /// Returns the hashes per second that all workers together can compute.
    pub fn capacity(&self) -> f64 {
        self.capacity
    }

    /// Samples the count, if enough time has passed.
    pub fn sample(&mut self, now: Instant) {
        if self.samples.back().is_some_and(|(last, _)| now < *last + APART) {
            return;
        }
        while self.samples.get(1).is_some_and(|(second, _)| *second + KEPT <= now) {
            self.samples.pop_front();
        }
        self.samples.push_back((now, self.tried.load(Ordering::Relaxed)));
    }

    /// Returns the hashes per second over the last `time`, as far as samples exist.
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

    /// Counts a found proof.
    pub fn found(&mut self, bits: u32, tried: u64) {
        let tally = &mut self.tallies[(bits as usize / 4).min(DIGITS - 1)];
        tally.replies += 1;
        tally.tried += tried;
        tally.expected += expected(bits);
    }

    /// Iterates over the difficulties with replies.
    pub fn tallies(&self) -> impl Iterator<Item = (usize, &Tally)> {
        self.tallies.iter().enumerate().filter(|(_, tally)| tally.replies > 0)
    }
}

/// Returns the seeds that a proof takes on average.
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
