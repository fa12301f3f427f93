//! Operators who signed in with the panel's token: sessions with a cookie.
//!
//! A session's id is 128 bits derived from the server's secret and a serial number; its bearer is
//! an operator, so it is written nowhere but into the cookie.

use crate::limits::{OPERATOR_IDLE, OPERATOR_LIFETIME, OPERATORS};
use crate::wire::{base64, cookie};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Instant;

/// The name of the cookie.
pub const COOKIE: &str = "pentad_operator";

/// Not readable by scripts, never sent with a request that another site caused.
const ATTRIBUTES: &str = "HttpOnly; SameSite=Strict; Path=/";

/// All sessions of operators.
#[derive(Default)]
pub struct Operators {
    secret: [u8; 32],
    issued: u64,
    /// At most [`OPERATORS`].
    sessions: Vec<Session>,
}

struct Session {
    id: u128,
    began: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= OPERATOR_IDLE
            || now.saturating_duration_since(self.began) >= OPERATOR_LIFETIME
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operators({} signed in)", self.sessions.len())
    }
}

impl Operators {
    /// Creates an empty list. `secret` must be unguessable.
    pub fn new(secret: [u8; 32]) -> Operators {
        Operators { secret, ..Operators::default() }
    }

    /// Begins a session. Returns the value of `Set-Cookie`.
    pub fn sign_in(&mut self, now: Instant) -> String {
        self.sessions.retain(|session| !session.is_over(now));
        if self.sessions.len() >= OPERATORS {
            let oldest = (0..self.sessions.len()).min_by_key(|at| self.sessions[*at].used);
            oldest.map(|at| self.sessions.swap_remove(at));
        }
        self.issued += 1;
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(b"operator");
        hash.update(self.issued.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let (first, _) = digest.split_first_chunk().expect("a hash has 32 bytes");
        let id = u128::from_be_bytes(*first);
        self.sessions.push(Session { id, began: now, used: now });
        let text = base64::url_encode(id);
        format!("{COOKIE}={}; {ATTRIBUTES}", String::from_utf8_lossy(&text))
    }

    /// Returns true if these `Cookie` fields belong to an operator, whose session is prolonged.
    pub fn knows<'b>(&mut self, cookies: impl Iterator<Item = &'b [u8]>, now: Instant) -> bool {
        if self.sessions.is_empty() {
            return false;
        }
        let mut known = false;
        for id in ids(cookies) {
            for session in &mut self.sessions {
                if session.id == id && !session.is_over(now) {
                    session.used = now;
                    known = true;
                }
            }
        }
        known
    }

    /// Ends the sessions of these `Cookie` fields. Returns the `Set-Cookie` that deletes the
    /// cookie.
    pub fn sign_out<'b>(&mut self, cookies: impl Iterator<Item = &'b [u8]>) -> String {
        for id in ids(cookies) {
            self.sessions.retain(|session| session.id != id);
        }
        format!("{COOKIE}=; {ATTRIBUTES}; Max-Age=0")
    }
}

fn ids<'b>(cookies: impl Iterator<Item = &'b [u8]>) -> impl Iterator<Item = u128> {
    let ours = cookie::pairs(cookies).filter(|(name, _)| *name == COOKIE.as_bytes());
    ours.filter_map(|(_, value)| base64::url_decode(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sent(set: &str) -> Vec<u8> {
        set.split(';').next().unwrap().as_bytes().to_vec()
    }

    fn knows(operators: &mut Operators, cookie: &[u8], now: Instant) -> bool {
        operators.knows([cookie].into_iter(), now)
    }

    #[test]
    fn a_session_ends_idle_in_the_end_and_by_signing_out() {
        let (mut operators, start) = (Operators::new([7; 32]), Instant::now());
        assert!(!knows(&mut operators, b"pentad_operator=", start));
        let set = operators.sign_in(start);
        assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
        let cookie = sent(&set);
        assert_eq!(cookie.len(), COOKIE.len() + 1 + base64::URL_LETTERS);
        assert!(knows(&mut operators, &cookie, start));
        assert!(!knows(&mut operators, &cookie[..cookie.len() - 1], start));
        assert!(!knows(&mut operators, &cookie, start + OPERATOR_IDLE), "idle for too long");
        // A request every half hour keeps it, but not forever.
        let cookie = sent(&operators.sign_in(start));
        let half_hour = Duration::from_mins(30);
        for halves in 1..24 {
            assert!(knows(&mut operators, &cookie, start + half_hour * halves), "{halves}");
        }
        assert!(!knows(&mut operators, &cookie, start + OPERATOR_LIFETIME));
        let cookie = sent(&operators.sign_in(start));
        let gone = operators.sign_out([&cookie[..]].into_iter());
        assert!(gone.ends_with("; Max-Age=0"), "{gone}");
        assert!(!knows(&mut operators, &cookie, start));
    }

    #[test]
    fn the_session_used_longest_ago_makes_room() {
        let (mut operators, start) = (Operators::new([7; 32]), Instant::now());
        let at = |second: usize| start + Duration::from_secs(second as u64);
        let all = (0..=OPERATORS).map(|n| sent(&operators.sign_in(at(n)))).collect::<Vec<_>>();
        assert!(!knows(&mut operators, &all[0], at(OPERATORS)));
        assert!(all[1..].iter().all(|one| knows(&mut operators, one, at(OPERATORS))));
        assert!(all.iter().collect::<std::collections::HashSet<_>>().len() == all.len());
    }
}
