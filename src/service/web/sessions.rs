//! Visitors of the site, told apart by a cookie.
//!
//! An id is 128 bits that nobody can guess: the first half of SHA-256 over a secret, which the
//! operating system's generator gave at the start, and a counter. Such a generator in counter mode
//! needs nothing from outside while a request is answered, and `--seed` has no part in it. A
//! server that forks would have to draw a secret in each child.
//!
//! An id that is not in the table is never adopted, however well it looks; its bearer gets a new
//! one. The cookie gives no rights: it only lets visitors be counted.

use crate::limits::Limits;
use crate::wire::{base64, cookie};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
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
    fn half(self) -> u64 {
        self.0 as u64
    }

    /// As it stands in a cookie.
    pub fn text(self) -> [u8; base64::URL_LETTERS] {
        base64::url_encode(self.0)
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
    /// Somebody who was here before.
    Again(Id),
    /// Somebody who is to be sent this id.
    First(Id),
}

impl Visit {
    /// The session.
    pub fn id(self) -> Id {
        match self {
            Visit::Again(id) | Visit::First(id) => id,
        }
    }

    /// The line of a response that sends a new visitor its id. Others have theirs already.
    pub fn cookie_line(self) -> Option<Vec<u8>> {
        match self {
            Visit::Again(_) => None,
            Visit::First(id) => Some(
                [b"Set-Cookie: ", COOKIE.as_bytes(), b"=", &id.text(), COOKIE_ATTRIBUTES].concat(),
            ),
        }
    }
}

/// All sessions there are. The least recently used goes first, and finding, adding and forgetting
/// one takes the same time however many there are.
pub struct Sessions {
    secret: [u8; 32],
    issued: u64,
    /// By half of the id, which makes for a table of half the size; the slot has all of it.
    places: HashMap<u64, u32, BuildHasherDefault<Even>>,
    /// A list in both directions through the places of a table; free places are in `free`.
    slots: Vec<Slot>,
    free: Vec<u32>,
    newest: Option<u32>,
    oldest: Option<u32>,
}

/// Keys are halves of ids that we drew: as evenly spread as any function of them would be.
#[derive(Default)]
struct Even(u64);

impl Hasher for Even {
    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Clone, Copy)]
struct Slot {
    id: Id,
    began: Instant,
    used: Instant,
    newer: Option<u32>,
    older: Option<u32>,
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
    /// An empty table; `secret` is what ids are made from.
    pub fn new(secret: [u8; 32]) -> Sessions {
        Sessions {
            secret,
            issued: 0,
            places: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: None,
            oldest: None,
        }
    }

    /// How many sessions have begun.
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// How many are remembered.
    pub fn live(&self) -> usize {
        self.places.len()
    }

    /// Whose request it is that has these `Cookie` fields. A session that is not known, or is
    /// over, is not taken up again: a new one begins.
    pub fn visit<'b>(
        &mut self,
        cookies: impl Iterator<Item = &'b [u8]>,
        now: Instant,
        limits: &Limits,
    ) -> Option<Visit> {
        if limits.sessions == 0 {
            return None;
        }
        let ours = cookie::pairs(cookies).filter(|(name, _)| *name == COOKIE.as_bytes());
        for id in ours.filter_map(|(_, value)| base64::url_decode(value).map(Id)) {
            if self.use_again(id, now, limits) {
                return Some(Visit::Again(id));
            }
        }
        Some(Visit::First(self.begin(now, limits)))
    }

    fn use_again(&mut self, id: Id, now: Instant, limits: &Limits) -> bool {
        let Some(&place) = self.places.get(&id.half()) else {
            return false;
        };
        let slot = &mut self.slots[place as usize];
        if slot.id != id {
            return false;
        }
        if now.saturating_duration_since(slot.used) >= limits.session_idle
            || now.saturating_duration_since(slot.began) >= limits.session_lifetime
        {
            self.forget(place);
            return false;
        }
        slot.used = now;
        if self.newest != Some(place) {
            self.unlink(place);
            self.link(place);
        }
        true
    }

    fn begin(&mut self, now: Instant, limits: &Limits) -> Id {
        for _ in 0..FORGOTTEN_PER_FIRST {
            let idle = |at: &Slot| now.saturating_duration_since(at.used) >= limits.session_idle;
            match self.oldest {
                Some(oldest) if idle(&self.slots[oldest as usize]) => self.forget(oldest),
                Some(_) | None => break,
            }
        }
        if let Some(oldest) = self.oldest
            && self.places.len() >= limits.sessions
        {
            self.forget(oldest);
        }
        let id = self.draw();
        let slot = Slot { id, began: now, used: now, newer: None, older: None };
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place as usize] = slot;
                place
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).expect("the bound on sessions is below it")
            }
        };
        self.places.insert(id.half(), place);
        self.link(place);
        id
    }

    /// An id that shares no half with another's. The label keeps ids apart from whatever else is
    /// made of the same secret.
    fn draw(&mut self) -> Id {
        loop {
            self.issued += 1;
            let digest = Sha256::new()
                .chain_update(self.secret)
                .chain_update(b"session")
                .chain_update(self.issued.to_be_bytes())
                .finalize();
            let (half, _) = digest.0.split_at(16);
            let id = Id(u128::from_be_bytes(half.try_into().expect("16 of 32 bytes")));
            if !self.places.contains_key(&id.half()) {
                return id;
            }
        }
    }

    fn forget(&mut self, place: u32) {
        self.unlink(place);
        self.places.remove(&self.slots[place as usize].id.half());
        self.free.push(place);
    }

    fn link(&mut self, place: u32) {
        let older = self.newest.replace(place);
        match older {
            Some(older) => self.slots[older as usize].newer = Some(place),
            None => self.oldest = Some(place),
        }
        let slot = &mut self.slots[place as usize];
        (slot.newer, slot.older) = (None, older);
    }

    fn unlink(&mut self, place: u32) {
        let Slot { newer, older, .. } = self.slots[place as usize];
        match newer {
            Some(newer) => self.slots[newer as usize].older = older,
            None => self.newest = older,
        }
        match older {
            Some(older) => self.slots[older as usize].newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests;
