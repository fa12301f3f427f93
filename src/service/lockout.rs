//! The limit on guesses: an address that sent five wrong tokens or secrets within a minute is
//! refused until the first of them is a minute old.
//!
//! One limiter serves all listeners: the panel's tokens, those of the bookstore's processes and the
//! secrets of chat agents. It never blocks a request without credentials.

use super::http::{Response, Style};
use super::recent::Recent;
use crate::limits::{GUESS_WINDOW, GUESSERS, GUESSES};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// The limiter; see the module.
#[derive(Debug, Default)]
pub struct Lockout {
    sources: Recent<Source>,
    places: HashMap<IpAddr, u32>,
}

/// An address, and the times of its last wrong guesses, the oldest first.
#[derive(Debug)]
struct Source {
    addr: IpAddr,
    guesses: Vec<Instant>,
}

impl Lockout {
    /// Returns the time for which this address is still locked out.
    pub fn remaining(&self, addr: IpAddr, now: Instant) -> Option<Duration> {
        let place = self.places.get(&network(addr))?;
        let guesses = &self.sources.get(*place)?.guesses;
        let first = guesses.get(guesses.len().checked_sub(GUESSES)?)?;
        let until = *first + GUESS_WINDOW;
        (until > now).then(|| until.saturating_duration_since(now))
    }

    /// Records a wrong guess from this address, and logs it.
    pub fn note(&mut self, addr: IpAddr, what: &str, now: Instant) {
        let source = network(addr);
        let place = match self.places.get(&source) {
            Some(place) => *place,
            None => self.add(source),
        };
        let guesses = &mut self.sources.touch(place).guesses;
        guesses.push(now);
        let old = guesses.len().saturating_sub(GUESSES);
        guesses.drain(..old);
        let addr = addr.to_canonical();
        if self.remaining(addr, now).is_some() {
            let seconds = GUESS_WINDOW.as_secs();
            ::log::warn!(
                "wrong {what} from {addr}: {GUESSES} within {seconds} s, refused until one expires"
            );
        } else {
            ::log::warn!("wrong {what} from {addr}");
        }
    }

    fn add(&mut self, addr: IpAddr) -> u32 {
        if self.sources.len() >= GUESSERS
            && let Some(oldest) = self.sources.oldest()
        {
            self.places.remove(&self.sources.remove(oldest).addr);
        }
        let place = self.sources.push(Source { addr, guesses: Vec::with_capacity(GUESSES + 1) });
        self.places.insert(addr, place);
        place
    }
}

/// Returns the answer to an address that sent too many wrong tokens.
pub fn locked_out(style: Style, remaining: Duration) -> Response {
    let seconds = retry_after(remaining);
    style.error(429, "Too many wrong tokens came from this address.").retry_after(seconds)
}

/// Returns the seconds until the next attempt, for `Retry-After`.
pub fn retry_after(remaining: Duration) -> u32 {
    let seconds = remaining.as_secs() + u64::from(remaining.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// Returns the unit that counts as one address: of IPv6 the /64, which belongs to one customer.
fn network(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V4(addr) => IpAddr::V4(addr),
        IpAddr::V6(addr) => IpAddr::V6(Ipv6Addr::from_bits(addr.to_bits() >> 64 << 64)),
    }
}

/// Compares secrets in a time that depends neither on the place of a difference nor on their
/// lengths.
pub fn is_same(given: &[u8], secret: &[u8]) -> bool {
    let (given, secret) = (Sha256::digest(given), Sha256::digest(secret));
    let differing = given.iter().zip(secret).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_sixth_guess_within_a_minute_is_refused() {
        let (mut lockout, start) = (Lockout::default(), Instant::now());
        let guesser = addr("192.0.2.1");
        for second in 0..5 {
            let now = start + SECOND * second;
            assert_eq!(lockout.remaining(guesser, now), None);
            lockout.note(guesser, "token", now);
        }
        assert_eq!(lockout.remaining(guesser, start + SECOND * 4), Some(SECOND * 56));
        assert_eq!(lockout.remaining(addr("192.0.2.2"), start), None, "another address");
        assert_eq!(lockout.remaining(addr("::ffff:192.0.2.1"), start), Some(SECOND * 60));
        // One guess expires, one more is allowed, and the next one has to wait again.
        let later = start + GUESS_WINDOW;
        assert_eq!(lockout.remaining(guesser, later), None);
        lockout.note(guesser, "token", later);
        assert_eq!(lockout.remaining(guesser, later), Some(SECOND));
    }

    #[test]
    fn addresses_of_one_network_are_one_guesser() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for host in 1..=5 {
            lockout.note(addr(&format!("2001:db8:1:2::{host}")), "token", now);
        }
        assert!(lockout.remaining(addr("2001:db8:1:2:ffff::1"), now).is_some());
        assert_eq!(lockout.remaining(addr("2001:db8:1:3::1"), now), None);
    }

    #[test]
    fn the_table_of_guessers_is_bounded() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for number in 0..GUESSERS as u32 + 10 {
            lockout.note(IpAddr::V4((0x0a00_0000 + number).into()), "token", now);
        }
        assert_eq!(lockout.sources.len(), GUESSERS);
        assert_eq!(lockout.places.len(), GUESSERS);
        assert!(lockout.places.contains_key(&IpAddr::V4((0x0a00_0000 + 4100).into())));
        assert!(!lockout.places.contains_key(&addr("10.0.0.0")));
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        assert!(is_same(b"s3cret", b"s3cret"));
        for wrong in ["", "s3cre", "s3crets", "S3cret"] {
            assert!(!is_same(wrong.as_bytes(), b"s3cret"), "{wrong}");
        }
    }

    #[test]
    fn a_started_second_is_a_second_to_wait() {
        assert_eq!(retry_after(Duration::from_millis(1)), 1);
        assert_eq!(retry_after(Duration::from_secs(60)), 60);
    }
}
