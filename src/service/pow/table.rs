//! Named searches, from their start until they are forgotten.
//!
//! A finished search is kept for a while, for later requests, as long as there is room: a new one
//! evicts the one that finished first. Every operation takes constant time.

use crate::limits;
use crate::service::recent::Recent;
use crate::service::{Effect, Id, Mail, Ticket};
use crate::work::pow::{self, Seed, hash};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The unguessable name of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(pub u64);

/// A search, from its start until it is forgotten.
#[derive(Debug)]
pub struct Entry {
    /// The message to prove.
    pub message: Vec<u8>,
    /// Zero bits that the hash must begin with.
    pub bits: u32,
    /// The share of the workers.
    pub weight: u8,
    /// Time of the request.
    pub began: Instant,
    /// Time at which it is given up.
    pub until: Instant,
    /// Seeds tried so far.
    pub tried: Arc<AtomicU64>,
    /// Its state.
    pub fate: Fate,
    /// The session that waits for it, its ticket, and its deadline.
    pub waiter: Option<(Id, Ticket, Instant)>,
    /// The task of the search.
    pub(super) searcher: Option<Id>,
    /// Its place in the list of finished searches.
    over: Option<u32>,
}

/// The state of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// Running.
    Open,
    /// A seed was found.
    Solved(Solution),
    /// There is no solution.
    Exhausted,
    /// It took too long.
    Expired,
    /// It was cancelled.
    Cancelled,
    /// A bug: the search panicked.
    Failed,
}

/// A solution, and its cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution {
    /// The seed.
    pub seed: Seed,
    /// SHA-256 of the seed and the message.
    pub hash: [u8; 32],
    /// Seeds that were tried.
    pub tried: u64,
    /// Milliseconds from the request to the find.
    pub ms: f64,
}

impl Entry {
    /// Creates a search that is about to start.
    pub fn new(message: Vec<u8>, bits: u32, weight: u8, began: Instant, until: Instant) -> Entry {
        Entry {
            message,
            bits,
            weight,
            began,
            until,
            tried: Arc::default(),
            fate: Fate::Open,
            waiter: None,
            searcher: None,
            over: None,
        }
    }

    /// Returns the seeds tried so far.
    pub fn tried(&self) -> u64 {
        match self.fate {
            Fate::Solved(solution) => solution.tried,
            Fate::Open | Fate::Exhausted | Fate::Expired | Fate::Cancelled | Fate::Failed => {
                self.tried.load(Ordering::Relaxed)
            }
        }
    }

    /// Returns the state as a word.
    pub fn state(&self) -> &'static str {
        match self.fate {
            Fate::Open if self.tried() == 0 => "queued",
            Fate::Open => "running",
            Fate::Solved(_) => "solved",
            Fate::Exhausted => "exhausted",
            Fate::Expired => "expired",
            Fate::Cancelled => "cancelled",
            Fate::Failed => "failed",
        }
    }
}

/// All named searches.
#[derive(Debug)]
pub struct Table {
    entries: HashMap<Name, Entry>,
    /// Finished searches, in the order of their ends.
    over: Recent<(Instant, Name)>,
    /// Expected hashes of the running searches, in blocks.
    backlog: u128,
    seed_len: u8,
    /// Names are hashes of this secret and a number.
    secret: [u8; 32],
    issued: u64,
}

/// The error if there is no room for another search: all of them are running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Table {
    /// Creates a table of searches for seeds of `seed_len` letters. Names depend on `secret`.
    pub fn new(secret: [u8; 32], seed_len: u8) -> Table {
        let (entries, over) = (HashMap::new(), Recent::default());
        Table { entries, over, backlog: 0, seed_len, secret, issued: 0 }
    }

    /// Adds a search, and evicts the one that finished first if there are [`limits::POW_JOBS`].
    ///
    /// # Errors
    /// Returns [`Full`] if all of those are running.
    pub fn insert(&mut self, entry: Entry) -> Result<Name, Full> {
        self.sweep(entry.began);
        if self.entries.len() >= limits::POW_JOBS {
            let oldest = self.over.oldest().ok_or(Full)?;
            self.forget_over(oldest);
        }
        self.issued += 1;
        let digest = hash(&self.secret, &self.issued.to_le_bytes());
        let (first, _) = digest.split_first_chunk().expect("a hash has 32 bytes");
        let name = Name(u64::from_be_bytes(*first));
        self.backlog += self.blocks(&entry);
        self.entries.insert(name, entry);
        Ok(name)
    }

    /// Returns the search of that name, if it exists.
    pub fn find(&mut self, name: Name, now: Instant) -> Option<&mut Entry> {
        self.sweep(now);
        self.entries.get_mut(&name)
    }

    /// Removes a search that no client knows.
    pub fn remove(&mut self, name: Name) -> Option<Entry> {
        let entry = self.entries.remove(&name)?;
        match entry.over {
            Some(place) => drop(self.over.remove(place)),
            None => self.backlog -= self.blocks(&entry),
        }
        Some(entry)
    }

    /// Ends a running search. Returns the sessions to tell.
    pub fn close(&mut self, name: Name, fate: Fate, now: Instant) -> Option<Told> {
        let entry = self.entries.get_mut(&name).filter(|entry| entry.fate == Fate::Open)?;
        entry.fate = fate;
        entry.over = Some(self.over.push((now, name)));
        let waiter = entry.waiter.take().map(|(id, ticket, _)| (id, ticket));
        let told = Told { waiter, searcher: entry.searcher.take() };
        self.backlog -= self.blocks(&self.entries[&name]);
        Some(told)
    }

    /// Returns the number of running searches.
    pub fn open(&self) -> usize {
        self.entries.len() - self.over.len()
    }

    /// Returns the expected hashes of the running searches, in blocks.
    pub fn backlog(&self) -> f64 {
        self.backlog as f64
    }

    /// Returns the expected hashes of a search, in blocks. The remaining work does not depend on
    /// the work done.
    fn blocks(&self, entry: &Entry) -> u128 {
        let cost = pow::cost_blocks(entry.message.len(), self.seed_len);
        u128::from(cost) << entry.bits.min(64)
    }

    fn sweep(&mut self, now: Instant) {
        while let Some(oldest) = self.over.oldest()
            && let Some((ended, _)) = self.over.get(oldest)
            && *ended + limits::POW_JOB_KEPT <= now
        {
            self.forget_over(oldest);
        }
    }

    fn forget_over(&mut self, place: u32) {
        let (_, name) = self.over.remove(place);
        self.entries.remove(&name);
    }
}

/// The sessions that the end of a search concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The session that waits for it.
    pub waiter: Option<(Id, Ticket)>,
    /// The task of the search.
    pub searcher: Option<Id>,
}

impl Told {
    /// Tells both, except the sender.
    pub fn tell(self, from: Id, effects: &mut Vec<Effect>) {
        if let Some((id, ticket)) = self.waiter {
            effects.push(Effect::Post(id, Mail::Searched(ticket)));
        }
        if let Some(id) = self.searcher.filter(|id| *id != from) {
            effects.push(Effect::Post(id, Mail::Cancelled));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::pow::expected;
    use std::time::Duration;

    fn entry(now: Instant) -> Entry {
        Entry::new(b"m".to_vec(), 12, 1, now, now + Duration::from_secs(60))
    }

    fn table() -> Table {
        Table::new([1; 32], 5)
    }

    #[test]
    fn finished_searches_are_kept_for_ten_minutes_open_ones_forever() {
        let now = Instant::now();
        let mut table = table();
        let open = table.insert(entry(now)).unwrap();
        let over = table.insert(entry(now)).unwrap();
        assert_ne!(open, over);
        assert!(table.close(over, Fate::Exhausted, now).is_some());
        assert_eq!(table.close(over, Fate::Cancelled, now), None, "an end is final");
        let later = now + limits::POW_JOB_KEPT;
        assert!(table.find(over, later - Duration::from_millis(1)).is_some());
        assert!(table.find(over, later).is_none() && table.find(open, later).is_some());
        assert_eq!(table.open(), 1);
    }

    #[test]
    fn a_full_table_drops_the_search_that_was_over_first() {
        let now = Instant::now();
        let mut table = table();
        let names = (0..limits::POW_JOBS).map(|_| table.insert(entry(now)).unwrap());
        let names = names.collect::<Vec<_>>();
        assert_eq!(table.insert(entry(now)).unwrap_err(), Full, "what is open is never dropped");
        for over in [7, 3, 5] {
            table.close(names[over], Fate::Expired, now);
        }
        for dropped in [7, 3, 5] {
            assert!(table.find(names[dropped], now).is_some());
            table.insert(entry(now)).unwrap();
            assert!(table.find(names[dropped], now).is_none());
        }
        assert_eq!(table.insert(entry(now)).unwrap_err(), Full);
        assert_eq!((table.entries.len(), table.open()), (limits::POW_JOBS, limits::POW_JOBS));
    }

    #[test]
    fn the_backlog_is_the_sum_over_the_open_searches() {
        let now = Instant::now();
        let mut rng = fastrand::Rng::with_seed(3);
        let (mut table, mut open) = (table(), Vec::new());
        for _ in 0..2000 {
            match rng.u8(..4) {
                0 | 1 => {
                    let (length, bits) = (rng.usize(..8192), rng.u32(..30));
                    let entry = Entry::new(vec![0; length], bits, 1, now, now);
                    let cost = pow::cost_blocks(length, 5) as f64 * expected(bits);
                    open.push((table.insert(entry).unwrap(), cost));
                }
                2 if !open.is_empty() => {
                    let (name, _) = open.swap_remove(rng.usize(..open.len()));
                    table.close(name, Fate::Exhausted, now);
                    table.remove(name).filter(|_| rng.bool());
                }
                3 if !open.is_empty() => {
                    let (name, _) = open.swap_remove(rng.usize(..open.len()));
                    assert!(table.remove(name).is_some());
                }
                _ => {}
            }
            let sum = open.iter().map(|(_, cost)| cost).sum::<f64>();
            assert_eq!((table.open(), table.backlog()), (open.len(), sum));
        }
    }

    #[test]
    fn what_was_taken_out_leaves_nothing_behind() {
        let now = Instant::now();
        let mut table = table();
        for _ in 0..1000 {
            let name = table.insert(entry(now)).unwrap();
            table.close(name, Fate::Exhausted, now);
            table.remove(name);
        }
        assert_eq!((table.entries.len(), table.over.len()), (0, 0));
    }

    #[test]
    fn names_depend_on_the_secret() {
        let now = Instant::now();
        let name = |secret| Table::new([secret; 32], 5).insert(entry(now)).unwrap();
        assert_ne!(name(1), name(2));
    }
}
