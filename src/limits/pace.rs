//! How a transfer gets on that depends on the peer's patience.

use super::Limits;
use std::time::{Duration, Instant};

/// How a transfer that depends on the peer's patience gets on: bytes moved since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    began: Instant,
    moved_at: Instant,
    moved: usize,
}

impl Pace {
    /// A transfer that begins now.
    pub fn start(now: Instant) -> Pace {
        Pace { began: now, moved_at: now, moved: 0 }
    }

    /// Progress by `bytes`.
    pub fn moved(&mut self, bytes: usize, now: Instant) {
        if bytes > 0 {
            self.moved += bytes;
            self.moved_at = now;
        }
    }

    /// When patience ends unless more bytes move: after `idle` without any, and as soon as the
    /// mean falls under `min_rate` once `min_rate_after` is over.
    pub fn deadline(&self, idle: Duration, limits: &Limits) -> Instant {
        let earned = Duration::from_secs_f64(self.moved as f64 / limits.min_rate.max(1) as f64);
        let rate = if limits.min_rate == 0 { Duration::MAX } else { earned };
        let by_rate = self.began.checked_add(rate.max(limits.min_rate_after));
        let by_idle = self.moved_at + idle;
        by_rate.map_or(by_idle, |at| at.min(by_idle))
    }
}
