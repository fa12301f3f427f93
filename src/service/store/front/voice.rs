//! What the log gets to know of reads: each of them while they are few, and how many there were
//! when they are many.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug, Default)]
pub struct Voice {
    /// When the second began, and how many lines there were in it.
    second: Option<(Instant, u32)>,
    unsaid: u64,
}

/// Lines in a second, at most.
const LINES: u32 = 20;

impl Voice {
    /// A read was answered; the line that says so.
    pub fn note(&mut self, line: &dyn Display, now: Instant) {
        let began = self.second.filter(|(since, _)| now < *since + Duration::from_secs(1));
        let (since, said) = began.unwrap_or((now, 0));
        if said >= LINES {
            self.unsaid += 1;
            return;
        }
        self.second = Some((since, said + 1));
        match std::mem::take(&mut self.unsaid) {
            0 => ::log::info!("{line}"),
            unsaid => ::log::info!("{line} ({unsaid} reads before without a word)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_in_drops() {
        let (mut voice, now) = (Voice::default(), Instant::now());
        for _ in 0..LINES + 5 {
            voice.note(&"Using cache", now);
        }
        assert_eq!((voice.second, voice.unsaid), (Some((now, LINES)), 5));
        let later = now + Duration::from_secs(1);
        voice.note(&"Using cache", later);
        assert_eq!((voice.second, voice.unsaid), (Some((later, 1)), 0));
    }
}
