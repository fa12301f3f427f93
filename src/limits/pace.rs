//! Timeouts and minimum rates for peers that send, receive, or are expected to close.

use super::{LINGER_BYTES, LINGER_MAX, Limits};
use std::time::{Duration, Instant};

/// The pace of a transfer whose speed depends on the peer.
///
/// The minimum rate applies to a moving window: earlier bytes do not count. So a peer that begins
/// fast and then drips is detected like one that drips from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    began: Instant,
    moved_at: Instant,
    /// Length of a part of the window.
    step: Duration,
    /// Steps since the beginning.
    steps: u32,
    /// Bytes of the last steps, each at its number modulo [`STEPS`].
    bytes: [u32; STEPS as usize],
}

/// Steps of a window: it advances in tenths.
const STEPS: u32 = 10;

impl Pace {
    /// Starts with a body: its rate is that of the last [`Limits::min_rate_after`].
    pub fn of_input(now: Instant, limits: &Limits) -> Pace {
        Pace::start(now, limits.min_rate_after)
    }

    /// Starts with an answer that begins to wait. The system reports room in large steps, so its
    /// rate is measured over the time that the first report may take.
    pub fn of_output(now: Instant, limits: &Limits) -> Pace {
        Pace::start(now, limits.min_rate_after.max(limits.send_timeout))
    }

    fn start(now: Instant, window: Duration) -> Pace {
        let step = (window / STEPS).max(Duration::from_millis(1));
        Pace { began: now, moved_at: now, step, steps: 0, bytes: [0; STEPS as usize] }
    }

    /// Records progress by `bytes`.
    pub fn moved(&mut self, bytes: usize, now: Instant) {
        if bytes == 0 {
            return;
        }
        self.moved_at = now;
        let passed = now.saturating_duration_since(self.began).as_nanos() / self.step.as_nanos();
        let steps = u32::try_from(passed).unwrap_or(u32::MAX).max(self.steps);
        for step in (self.steps + 1..=steps).rev().take(STEPS as usize) {
            self.bytes[(step % STEPS) as usize] = 0;
        }
        self.steps = steps;
        let place = &mut self.bytes[(steps % STEPS) as usize];
        *place = place.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Returns the time to give up unless more bytes move: after `idle` without any, and as soon as
    /// the rate falls below `min_rate`, but not before `min_rate_after`.
    pub fn deadline(&self, idle: Duration, limits: &Limits) -> Instant {
        let by_idle = self.moved_at + idle;
        if limits.min_rate == 0 {
            return by_idle;
        }
        let rate = limits.min_rate as f64;
        let mut sum = self.bytes.iter().map(|bytes| u64::from(*bytes)).sum::<u64>();
        if self.steps < STEPS {
            // The beginning is part of the first window.
            let earned = Duration::try_from_secs_f64(sum as f64 / rate).unwrap_or(Duration::MAX);
            let mean = earned.max(limits.min_rate_after);
            if mean < self.step * STEPS {
                return by_idle.min(self.began + mean);
            }
        }
        let least = rate * (self.step * STEPS).as_secs_f64();
        let mut end = self.steps.saturating_add(1).max(STEPS);
        while sum as f64 >= least {
            sum -= u64::from(self.bytes[(end % STEPS) as usize]);
            end += 1;
        }
        by_idle.min(self.began + self.step.saturating_mul(end))
    }
}

/// A connection whose last answer is sent: further input is read and discarded, so that the answer
/// is not lost to a reset. Bounded by silence, time and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linger {
    silence: Duration,
    until: Instant,
    ends: Instant,
    left: usize,
}

impl Linger {
    /// Begins now, and ends after this much `silence`.
    pub fn start(now: Instant, silence: Duration) -> Linger {
        Linger { silence, until: now + silence, ends: now + LINGER_MAX, left: LINGER_BYTES }
    }

    /// Records discarded bytes.
    pub fn discarded(&mut self, bytes: usize, now: Instant) {
        self.left = self.left.saturating_sub(bytes);
        self.until = (now + self.silence).min(self.ends);
    }

    /// Returns the time at which it ends unless more bytes arrive.
    pub fn deadline(&self) -> Instant {
        self.until
    }

    /// Returns the number of bytes that are still accepted.
    pub fn left(&self) -> usize {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LINGER;

    /// Returns the second in which a transfer is given up that moves `bytes(second)` in each.
    fn given_up(mut pace: Pace, bytes: impl Fn(u64) -> usize) -> Option<u64> {
        let (limits, start) = (Limits::default(), pace.began);
        (0..10_000).find(|second| {
            let now = start + Duration::from_secs(*second);
            let over = pace.deadline(limits.body_timeout, &limits) <= now;
            pace.moved(bytes(*second), now);
            over
        })
    }

    #[test]
    fn the_least_rate_is_one_of_the_last_seconds() {
        let body = Pace::of_input(Instant::now(), &Limits::default());
        assert_eq!(given_up(body, |_| 500), None, "just fast enough");
        assert_eq!(given_up(body, |_| 499), Some(10));
        assert_eq!(given_up(body, |_| 0), Some(10));
        let burst_then_drip = |second| if second == 0 { 1 << 20 } else { 1 };
        assert_eq!(given_up(body, burst_then_drip), Some(11), "no credit of half an hour");
        let rests = |second: u64| if second.is_multiple_of(9) { 5000 } else { 0 };
        assert_eq!(given_up(body, rests), None);
        let slows_down = |second| if second < 100 { 600 } else { 300 };
        assert_eq!(given_up(body, slows_down), Some(104));
    }

    #[test]
    fn an_answer_may_go_in_large_steps() {
        let answer = Pace::of_output(Instant::now(), &Limits::default());
        assert_eq!(given_up(answer, |_| 450), Some(10), "from the start");
        let in_steps = |second: u64| if second.is_multiple_of(25) { 1 << 20 } else { 0 };
        assert_eq!(given_up(answer, in_steps), None);
        let burst_then_drip = |second| if second == 0 { 1 << 20 } else { 1 };
        assert_eq!(given_up(answer, burst_then_drip), Some(33));
    }

    #[test]
    fn without_a_least_rate_only_silence_counts() {
        let limits = Limits { min_rate: 0, ..Limits::default() };
        let start = Instant::now();
        let mut pace = Pace::of_input(start, &limits);
        pace.moved(1, start + Duration::from_secs(100));
        let until = pace.deadline(limits.body_timeout, &limits);
        assert_eq!(until, start + Duration::from_secs(100) + limits.body_timeout);
    }

    #[test]
    fn lingering_ends_with_silence_with_time_and_with_bytes() {
        let start = Instant::now();
        let mut linger = Linger::start(start, LINGER);
        assert_eq!(linger.deadline(), start + LINGER);
        let mut now = start;
        while linger.deadline() > now {
            linger.discarded(1, now);
            now += LINGER / 2;
        }
        assert_eq!(linger.deadline(), start + LINGER_MAX);
        linger.discarded(LINGER_BYTES, now);
        assert_eq!(linger.left(), 0);
    }
}
