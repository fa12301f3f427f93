//! Visitors of the site, told apart by a cookie.
//!
//! An id is 128 bits that nobody can guess: one block of AES-128 (FIPS 197), under a key that the
//! operating system's generator gave at the start. That is a generator in counter mode: it needs
//! nothing from outside while a request is answered, `--seed` has no part in it, and a server that
//! forks would have to draw a secret in each child.
//!
//! What is enciphered is a running number, so that no two ids are the same, and the place of the
//! session in the table. Whoever holds the key finds the place in the id; no index by id is
//! needed, whose memory would be touched all over by visitors who never come back.
//!
//! An id that is not in the table is never adopted, however well it looks; its bearer gets a new
//! one. The cookie gives no rights: it only lets visitors be counted.

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

/// Out of reach of scripts, not sent along by other sites' forms, and for the whole of this one.
const COOKIE_ATTRIBUTES: &[u8] = b"; HttpOnly; SameSite=Lax; Path=/\r\n";

/// The name of a session. Whoever knows it is that visitor, so it is never written anywhere but
/// into the cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u128);

impl Id {
    /// As it stands in a cookie.
    pub fn text(self) -> [u8; base64::URL_LETTERS] {
        base64::url_encode(self.0)
    }

    /// The line of a response that sends a new visitor its id. Others have theirs already.
    pub fn cookie_line(self) -> Vec<u8> {
        [b"Set-Cookie: ", COOKIE.as_bytes(), b"=", &self.text(), COOKIE_ATTRIBUTES].concat()
    }

    /// What stands for it in logs: the same for the same session, and no way back to the id.
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

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Nobody's who is told apart from others.
    None,
    /// A visitor's who was here before, or has just been given this id.
    Known(Id),
    /// A visitor's who has no id yet.
    New,
}

impl Visit {
    /// The session.
    pub fn id(self) -> Option<Id> {
        match self {
            Visit::Known(id) => Some(id),
            Visit::None | Visit::New => None,
        }
    }
}

/// All sessions there are. One whose cookie never came back goes before those that did, and the
/// least recently used of them first: whoever returns no cookies, such as a load test, pushes out
/// nobody but its like. Finding, adding and forgetting one takes the same time however many there
/// are.
pub struct Sessions {
    cipher: Aes128,
    issued: u64,
    returned: u64,
    table: Recent<Session, 2>,
}

/// The list of sessions whose cookie has not come back yet …
const FRESH: u8 = 0;
/// … and of those whose did.
const PROVEN: u8 = 1;

/// One place in so many is kept for those that are new, so that they can come back.
const FRESH_SHARE: usize = 16;

struct Session {
    number: u64,
    is_proven: bool,
    began: Instant,
    used: Instant,
}

/// Sessions that have been idle for too long are forgotten when others begin, so many at most for
/// each: as many as would let the table shrink.
const FORGOTTEN_PER_FIRST: usize = 2;

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions(issued {}, live {})", self.issued, self.live())
    }
}

impl Sessions {
    /// An empty table. The key is made of `secret` and a label, which keeps ids apart from
    /// whatever else is made of the same secret.
    pub fn new(secret: [u8; 32]) -> Sessions {
        let digest = Sha256::new().chain_update(secret).chain_update(b"session").finalize();
        Sessions {
            cipher: Aes128::new_from_slice(&digest[..16]).expect("16 bytes are a key"),
            issued: 0,
            returned: 0,
            table: Recent::default(),
        }
    }

    /// How many visitors there were: a session counts when its cookie comes back.
    pub fn counted(&self) -> u64 {
        self.returned
    }

    /// How many are remembered.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// Whose request it is that has these `Cookie` fields. A session that is not known, or is
    /// over, is not taken up again: who asks is new.
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

    /// A session for somebody new.
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

    /// The id of the session with this number at this place.
    fn id(&self, place: u32, number: u64) -> Id {
        let mut block = (u128::from(place) << 64 | u128::from(number)).to_be_bytes().into();
        self.cipher.encrypt_block(&mut block);
        Id(u128::from_be_bytes(block.into()))
    }

    /// Where the session is, if there is one with this id: each bit of the block is looked at.
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
