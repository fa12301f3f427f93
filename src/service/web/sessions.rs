//! Visitors of the site, distinguished by a cookie.
//!
//! An id is 128 unguessable bits: one block of AES-128 (FIPS 197), under a key from the operating
//! system's generator at the start. That is a generator in counter mode: it needs nothing from
//! outside while a request is answered, does not depend on `--seed`, and a server that forks would
//! have to draw a secret in each child.
//!
//! The plaintext is a serial number, so that no two ids are the same, and the place of the session
//! in the table. With the key the place can be read from the id; no index by id is needed, whose
//! memory visitors who never come back would touch at random.
//!
//! An id that is not in the table is never adopted, however plausible; its bearer gets a new one.
//! The cookie gives no rights: it only lets visitors be counted.

use crate::limits::Limits;
use crate::service::recent::Recent;
use crate::wire::{base64, cookie};
use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Instant;

/// The name of the cookie.
pub const COOKIE: &str = "pentad_session";

/// Not readable by scripts, not sent with other sites' forms, and valid for the whole site.
const COOKIE_ATTRIBUTES: &[u8] = b"; HttpOnly; SameSite=Lax; Path=/\r\n";

/// The id of a session. It identifies the visitor, so it is never written anywhere but into the
/// cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u128);

impl Id {
    /// Returns the text in a cookie.
    pub fn text(self) -> [u8; base64::URL_LETTERS] {
        base64::url_encode(self.0)
    }

    /// Returns the line of a response that sends a new visitor its id.
    pub fn cookie_line(self) -> Vec<u8> {
        [b"Set-Cookie: ", COOKIE.as_bytes(), b"=", &self.text(), COOKIE_ATTRIBUTES].concat()
    }

    /// Returns a digest for logs: the same for the same session, and not reversible.
    pub fn digest(self) -> impl fmt::Display {
        let digest = Sha256::digest(self.0.to_be_bytes());
        let [a, b, c, d, e, f, ..] = digest.0;
        format!("{:012x}", u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id(digest {})", self.digest())
    }
}

/// The visitor who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// None that is tracked.
    None,
    /// A visitor who was here before, or has just received this id.
    Known(Id),
    /// A visitor without an id yet.
    New,
}

impl Visit {
    /// Returns the session.
    pub fn id(self) -> Option<Id> {
        match self {
            Visit::Known(id) => Some(id),
            Visit::None | Visit::New => None,
        }
    }
}

/// All sessions. Those whose cookie never came back are evicted before those whose did, and the
/// least recently used of them first: a client that returns no cookies, such as a load test, evicts
/// only its own kind. Finding, adding and removing a session takes constant time.
pub struct Sessions {
    cipher: Aes128,
    issued: u64,
    returned: u64,
    table: Recent<Session, 2>,
}

/// The list of sessions whose cookie has not come back yet …
const FRESH: u8 = 0;
/// … and of those whose has.
const PROVEN: u8 = 1;

/// One place in so many is reserved for new sessions, so that they can come back.
const FRESH_SHARE: usize = 16;

struct Session {
    number: u64,
    is_proven: bool,
    began: Instant,
    used: Instant,
}

/// Maximum number of expired sessions that are removed when another one begins: enough for the
/// table to shrink.
const FORGOTTEN_PER_FIRST: usize = 2;

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions(issued {}, live {})", self.issued, self.live())
    }
}

impl Sessions {
    /// Creates an empty table. The key is derived from `secret` and a label, which separates ids
    /// from other uses of the same secret.
    pub fn new(secret: [u8; 32]) -> Sessions {
        let digest = Sha256::new().chain_update(secret).chain_update(b"session").finalize();
        Sessions {
            cipher: Aes128::new_from_slice(&digest[..16]).expect("16 bytes are a key"),
            issued: 0,
            returned: 0,
            table: Recent::default(),
        }
    }

    /// Returns the number of visitors: a session counts when its cookie comes back.
    pub fn counted(&self) -> u64 {
        self.returned
    }

    /// Returns the number of sessions in the table.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// Returns the visitor with these `Cookie` fields. An unknown or expired session is not
    /// resumed: the visitor is new.
    pub fn visit<'b>(
        &mut self,
        cookies: impl Iterator<Item = &'b [u8]>,
        now: Instant,
        limits: &Limits,
    ) -> Visit {
        if limits.sessions == 0 {
            return Visit::None;
        }
        let ours = cookie::pairs(cookies).filter(|(name, _)| *name == COOKIE.as_bytes());
        for id in ours.filter_map(|(_, value)| base64::url_decode(value).map(Id)) {
            if self.use_again(id, now, limits) {
                return Visit::Known(id);
            }
        }
        Visit::New
    }

    fn use_again(&mut self, id: Id, now: Instant, limits: &Limits) -> bool {
        let Some(place) = self.place(id) else {
            return false;
        };
        let session = self.table.move_to(place, PROVEN);
        if now.saturating_duration_since(session.used) >= limits.session_idle
            || now.saturating_duration_since(session.began) >= limits.session_lifetime
        {
            self.table.remove(place);
            return false;
        }
        session.used = now;
        if !std::mem::replace(&mut session.is_proven, true) {
            self.returned += 1;
            let fresh = (limits.sessions / FRESH_SHARE).max(1);
            let most = limits.sessions.saturating_sub(fresh).max(1);
            self.evict(PROVEN, self.table.len_of(PROVEN) > most);
        }
        true
    }

    fn evict(&mut self, list: u8, is_full: bool) {
        if let Some(oldest) = self.table.oldest_of(list).filter(|_| is_full) {
            self.table.remove(oldest);
        }
    }

    /// Begins a session for a new visitor.
    pub fn begin(&mut self, now: Instant, limits: &Limits) -> Id {
        for list in [FRESH, PROVEN] {
            for _ in 0..FORGOTTEN_PER_FIRST {
                let oldest = self.table.oldest_of(list).and_then(|oldest| self.table.get(oldest));
                let is_idle = oldest.is_some_and(|oldest| {
                    now.saturating_duration_since(oldest.used) >= limits.session_idle
                });
                self.evict(list, is_idle);
            }
        }
        let list = if self.table.len_of(FRESH) > 0 { FRESH } else { PROVEN };
        self.evict(list, self.live() >= limits.sessions);
        self.issued += 1;
        let (number, is_proven) = (self.issued, false);
        let place = self.table.push(Session { number, is_proven, began: now, used: now });
        self.id(place, self.issued)
    }

    /// Returns the id of the session with this number at this place.
    fn id(&self, place: u32, number: u64) -> Id {
        let mut block = (u128::from(place) << 64 | u128::from(number)).to_be_bytes().into();
        self.cipher.encrypt_block(&mut block);
        Id(u128::from_be_bytes(block.into()))
    }

    /// Returns the place of the session with this id, if it exists: every bit of the block is
    /// checked.
    fn place(&self, id: Id) -> Option<u32> {
        let mut block = id.0.to_be_bytes().into();
        self.cipher.decrypt_block(&mut block);
        let plain = u128::from_be_bytes(block.into());
        let (place, number) = (u32::try_from(plain >> 64).ok()?, plain as u64);
        (self.table.get(place)?.number == number).then_some(place)
    }
}

#[cfg(test)]
mod tests;
