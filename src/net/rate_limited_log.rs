//! Trouble that comes in floods, told in drops: at most one line a second.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// What was said last, and what was left unsaid since.
#[derive(Debug, Default)]
pub struct RateLimitedLog {
    last: Option<Instant>,
    unsaid: u64,
}

const PAUSE: Duration = Duration::from_secs(1);

impl RateLimitedLog {
    /// Says that `what` happened because of `why`, unless something was said a moment ago.
    pub fn note(&mut self, what: &str, why: &dyn Display, now: Instant) {
        if self.last.is_some_and(|last| now < last + PAUSE) {
            self.unsaid += 1;
            return;
        }
        match self.unsaid {
            0 => log::warn!("{what}: {why}"),
            unsaid => log::warn!("{what}: {why}, and {unsaid} times before without a word"),
        }
        *self = RateLimitedLog { last: Some(now), unsaid: 0 };
    }
}
