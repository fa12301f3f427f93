//! A log for errors that come in floods: at most one line a second.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// The time of the last line, and the number of suppressed ones since.
#[derive(Debug, Default)]
pub struct RateLimitedLog {
    last: Option<Instant>,
    unsaid: u64,
}

const PAUSE: Duration = Duration::from_secs(1);

impl RateLimitedLog {
    /// Logs that `what` happened because of `why`, unless a line was written a moment ago.
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
