//! Log lines that come in floods.

use log::Level;
use std::fmt::Display;
use std::time::{Duration, Instant};

/// Writes at most so many lines a second to the diagnostics, and counts the others.
#[derive(Debug)]
pub struct RateLimitedLog {
    target: &'static str,
    level: Level,
    lines_max: u32,
    /// The beginning of the current second, and the lines in it.
    second: Option<(Instant, u32)>,
    left_out: u64,
}

impl RateLimitedLog {
    /// Returns a log for the module `target`, of this level, with at most `lines_max` lines a
    /// second.
    pub fn new(target: &'static str, level: Level, lines_max: u32) -> RateLimitedLog {
        RateLimitedLog { target, level, lines_max, second: None, left_out: 0 }
    }

    /// Writes `line`, unless the second has had its lines.
    pub fn note(&mut self, line: &dyn Display, now: Instant) {
        let second = self.second.filter(|(since, _)| now < *since + Duration::from_secs(1));
        let (since, lines) = second.unwrap_or((now, 0));
        if lines >= self.lines_max {
            self.left_out += 1;
            return;
        }
        self.second = Some((since, lines + 1));
        match std::mem::take(&mut self.left_out) {
            0 => log::log!(target: self.target, self.level, "{line}"),
            count => log::log!(
                target: self.target,
                self.level,
                "{line} ({count} similar lines before it were left out)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_counted() {
        let (mut log, now) = (RateLimitedLog::new("test", Level::Info, 20), Instant::now());
        for _ in 0..25 {
            log.note(&"Using cache", now);
        }
        assert_eq!((log.second, log.left_out), (Some((now, 20)), 5));
        let later = now + Duration::from_secs(1);
        log.note(&"Using cache", later);
        assert_eq!((log.second, log.left_out), (Some((later, 1)), 0));
    }
}
