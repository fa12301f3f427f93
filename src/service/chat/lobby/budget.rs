//! Message rates: a bucket that fills with time, and the duration of a flood.

use crate::limits;
use std::time::Instant;

/// The remaining budget of a client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    left: f32,
    at: Instant,
    /// Start of a flood that was not interrupted by a full bucket.
    flooding: Option<Instant>,
}

/// The message rate of a kind of client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Messages per second, in the long run.
    pub per_second: f32,
    /// Messages at once.
    pub burst: f32,
}

/// The result of a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// There was enough left.
    Fine,
    /// There was not enough left.
    TooFast,
    /// There was not enough left for [`limits::CHAT_FLOOD`].
    TooLong,
}

impl Budget {
    /// Creates a full bucket.
    pub fn full(rate: Rate, now: Instant) -> Budget {
        Budget { left: rate.burst, at: now, flooding: None }
    }

    /// Takes one message out.
    pub fn spend(&mut self, rate: Rate, now: Instant) -> Spent {
        let seconds = now.saturating_duration_since(self.at).as_secs_f32();
        self.left = (self.left + seconds * rate.per_second).min(rate.burst);
        self.at = now;
        if self.left >= rate.burst {
            self.flooding = None;
        }
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Spent::Fine;
        }
        let since = *self.flooding.get_or_insert(now);
        let long = now.saturating_duration_since(since) >= limits::CHAT_FLOOD;
        if long { Spent::TooLong } else { Spent::TooFast }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: Rate = Rate { per_second: 5.0, burst: 10.0 };

    #[test]
    fn a_burst_and_thirty_seconds_above_the_rate_are_too_much() {
        let start = Instant::now();
        let mut budget = Budget::full(RATE, start);
        let mut fine = 0;
        let mut ended = None;
        for tenth in 0..400_u32 {
            let now = start + Duration::from_millis(100) * tenth;
            match budget.spend(RATE, now) {
                Spent::Fine => fine += 1,
                Spent::TooFast => {}
                Spent::TooLong => {
                    ended = Some(now - start);
                    break;
                }
            }
        }
        let ended = ended.expect("thirty seconds are enough");
        assert!((30..35).contains(&ended.as_secs()), "{ended:?}");
        assert!((155..180).contains(&fine), "{fine}");
    }

    #[test]
    fn a_pause_is_forgiven() {
        let mut now = Instant::now();
        let mut budget = Budget::full(RATE, now);
        for _ in 0..20 {
            for _ in 0..15 {
                assert_ne!(budget.spend(RATE, now), Spent::TooLong);
            }
            now += Duration::from_secs(3);
        }
    }
}
