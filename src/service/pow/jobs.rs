//! Searches that outlive the request that asked for them: a table of them, and the session
//! without a peer that takes each to its end.
//!
//! ```text
//!   queued ─first piece→ running ─┬─ solved · exhausted (· failed: a bug)
//!      └──────────────────────────┴─ expired · cancelled
//! ```
//! What is over is kept for a while, for those who ask later.

use super::{expected, search};
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Id, Mail, Progress, Refusal, Ticket};
use crate::stats::Close;
use crate::work::pow::{Seed, hash};
use crate::work::{Compute, Job, Outcome, pow};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The name of a search: nobody who was not told it can guess it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(pub u64);

/// A search, from its beginning to when it is forgotten.
#[derive(Debug)]
pub struct Entry {
    /// What is to be proved.
    pub message: Vec<u8>,
    /// Zero bits that the hash must begin with.
    pub bits: u32,
    /// The share of the workers.
    pub weight: u8,
    /// When it was asked for.
    pub began: Instant,
    /// When it is given up.
    pub until: Instant,
    /// Seeds tried so far.
    pub tried: Arc<AtomicU64>,
    /// Where it stands.
    pub fate: Fate,
    /// Who wants to know, under which ticket, and until when.
    pub waiter: Option<(Id, Ticket, Instant)>,
    /// The session that sees to it.
    searcher: Option<Id>,
}

/// Where a search stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// Not at its end.
    Open,
    /// A seed was found.
    Solved(Solution),
    /// There is none.
    Exhausted,
    /// It took too long.
    Expired,
    /// Nobody wants it any more.
    Cancelled,
    /// A bug: the search panicked.
    Failed,
}

/// What was found, and at which price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution {
    /// The seed.
    pub seed: Seed,
    /// SHA-256 of the seed and the message.
    pub hash: [u8; 32],
    /// Seeds that were tried.
    pub tried: u64,
    /// From the request to the find.
    pub ms: f64,
}

impl Entry {
    /// A search that is about to begin.
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
        }
    }

    /// Seeds tried so far.
    pub fn tried(&self) -> u64 {
        match self.fate {
            Fate::Solved(solution) => solution.tried,
            Fate::Open | Fate::Exhausted | Fate::Expired | Fate::Cancelled | Fate::Failed => {
                self.tried.load(Ordering::Relaxed)
            }
        }
    }

    /// The state as a word.
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

/// All searches that have a name.
#[derive(Debug)]
pub struct Table {
    entries: HashMap<Name, Entry>,
    /// Those that are over, in the order of their ends.
    over: VecDeque<(Instant, Name)>,
    /// Names are hashes of a secret and a number.
    secret: [u8; 32],
    issued: u64,
}

/// There is no room for another search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Table {
    /// A table whose names depend on `secret`.
    pub fn new(secret: [u8; 32]) -> Table {
        Table { entries: HashMap::new(), over: VecDeque::new(), secret, issued: 0 }
    }

    /// Adds a search.
    ///
    /// # Errors
    /// [`Full`] when [`limits::POW_JOBS`] are kept.
    pub fn insert(&mut self, entry: Entry) -> Result<Name, Full> {
        self.sweep(entry.began);
        if self.entries.len() >= limits::POW_JOBS {
            return Err(Full);
        }
        self.issued += 1;
        let digest = hash(&self.secret, &self.issued.to_le_bytes());
        let (first, _) = digest.split_first_chunk().expect("a hash has 32 bytes");
        let name = Name(u64::from_be_bytes(*first));
        self.entries.insert(name, entry);
        Ok(name)
    }

    /// The search of that name, if it is still known.
    pub fn find(&mut self, name: Name, now: Instant) -> Option<&mut Entry> {
        self.sweep(now);
        self.entries.get_mut(&name)
    }

    /// Forgets a search that nobody can ask for.
    pub fn remove(&mut self, name: Name) -> Option<Entry> {
        self.entries.remove(&name)
    }

    /// Ends an open search. Returns what has to be told to whom.
    pub fn close(&mut self, name: Name, fate: Fate, now: Instant) -> Option<Told> {
        let entry = self.entries.get_mut(&name).filter(|entry| entry.fate == Fate::Open)?;
        entry.fate = fate;
        self.over.push_back((now, name));
        let waiter = entry.waiter.take().map(|(id, ticket, _)| (id, ticket));
        Some(Told { waiter, searcher: entry.searcher.take() })
    }

    /// How many searches are not over.
    pub fn open(&self) -> usize {
        self.open_entries().count()
    }

    /// Hashes that the open searches are expected to take, in blocks.
    pub fn backlog(&self, seed_len: u8) -> f64 {
        let blocks = |entry: &Entry| {
            // However long a search has taken, what is left of it is as much as at its beginning.
            expected(entry.bits) * pow::cost_blocks(entry.message.len(), seed_len) as f64
        };
        self.open_entries().map(blocks).sum()
    }

    fn open_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.fate == Fate::Open)
    }

    fn sweep(&mut self, now: Instant) {
        while let Some((ended, name)) = self.over.front()
            && *ended + limits::POW_JOB_KEPT <= now
        {
            self.entries.remove(name);
            self.over.pop_front();
        }
    }
}

/// Whom the end of a search concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The session that waits for it.
    pub waiter: Option<(Id, Ticket)>,
    /// The session that sees to it.
    pub searcher: Option<Id>,
}

impl Told {
    /// Tells both, except the one who knows.
    pub fn tell(self, from: Id, effects: &mut Vec<Effect>) {
        if let Some((id, ticket)) = self.waiter {
            effects.push(Effect::Post(id, Mail::Searched(ticket)));
        }
        if let Some(id) = self.searcher.filter(|id| *id != from) {
            effects.push(Effect::Post(id, Mail::Cancelled));
        }
    }
}

/// Sees to one search. There is no peer: it lives until the search is over.
#[derive(Debug)]
pub struct Session {
    name: Name,
    until: Option<Instant>,
    /// Until when somebody waits.
    owed: Option<Instant>,
    /// When to try again, after the pool was full.
    retry: Option<Instant>,
    done: Option<Close>,
}

/// The one job of such a session.
const TICKET: Ticket = 0;

impl Session {
    /// For the search of that name, which is in the table.
    pub fn open(name: Name) -> Session {
        Session { name, until: None, owed: None, retry: None, done: None }
    }

    /// See [`crate::service::Session::handle`].
    pub fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        cx.world.pow.meter.sample(cx.now);
        match event {
            Event::Opened { .. } => self.begin(cx),
            Event::Done(TICKET, outcome) => self.searched(outcome, cx),
            Event::Refused(Refusal::Job(_)) => self.retry = Some(cx.now + limits::POW_RETRY),
            Event::Refused(Refusal::Connection) => self.end(Fate::Cancelled, cx),
            Event::Mail(Mail::Cancelled) => self.done = Some(Close::Finished),
            Event::Tick => self.overdue(cx),
            Event::Bytes | Event::Eof | Event::Done(..) | Event::Mail(Mail::Probed(..)) => {}
            Event::Refused(Refusal::Input) => {}
            Event::Mail(
                Mail::Searched(_) | Mail::Fetched(..) | Mail::Chat(_) | Mail::Store(_) | Mail::Rung,
            ) => {}
        }
        Progress::Starved
    }

    /// See [`crate::service::Session::deadline`]. While nobody waits for the search, the end of
    /// the server may be its end too.
    pub fn deadline(&self) -> Option<Deadline> {
        let at = [self.until, self.owed, self.retry].into_iter().flatten().min()?;
        let busy = self.owed.is_some() || self.retry.is_some();
        Some(if busy { Deadline::Busy(at) } else { Deadline::Idle(at) })
    }

    /// See [`crate::service::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        let entry = cx.world.pow.jobs.find(self.name, cx.now);
        let Some(entry) = entry.filter(|entry| entry.fate == Fate::Open) else {
            self.done = Some(Close::Finished);
            return;
        };
        entry.searcher = Some(cx.id);
        self.until = Some(entry.until);
        self.owed = entry.waiter.map(|(_, _, until)| until);
        self.submit(cx);
    }

    fn submit(&mut self, cx: &mut Cx<'_>) {
        let start = cx.rng.u64(..);
        let state = &mut cx.world.pow;
        let (seed_len, kernel, all) = (state.seed_len, state.kernel, state.meter.counter());
        let Some(entry) = state.jobs.find(self.name, cx.now) else {
            self.done = Some(Close::Finished);
            return;
        };
        let (message, own) = (entry.message.clone(), Arc::clone(&entry.tried));
        let mut job = search(message, entry.bits, seed_len, start, kernel, entry.weight, all);
        job.count_in(own);
        cx.effects.push(Effect::Submit(TICKET, Job::Compute(Compute::Pow(job))));
    }

    fn searched(&mut self, outcome: &Outcome, cx: &mut Cx<'_>) {
        let fate = match outcome {
            Outcome::Pow(pow::Outcome::Found { seed, hash, tried }) => {
                self.solution(*seed, *hash, *tried, cx)
            }
            Outcome::Pow(pow::Outcome::Exhausted { .. }) => {
                cx.stats.pow.exhausted += 1;
                Fate::Exhausted
            }
            Outcome::Pi(_)
            | Outcome::Files(_)
            | Outcome::Process(_)
            | Outcome::Packed(_)
            | Outcome::Reports(_)
            | Outcome::Database(_)
            | Outcome::Store(_)
            | Outcome::Panicked => Fate::Failed,
        };
        self.end(fate, cx);
    }

    fn solution(&self, seed: Seed, hash: [u8; 32], tried: u64, cx: &mut Cx<'_>) -> Fate {
        let state = &mut cx.world.pow;
        let Some(entry) = state.jobs.find(self.name, cx.now) else {
            return Fate::Cancelled;
        };
        state.meter.found(entry.bits, tried);
        cx.stats.pow.found(tried, expected(entry.bits));
        let ms = cx.now.saturating_duration_since(entry.began).as_secs_f64() * 1000.0;
        Fate::Solved(Solution { seed, hash, tried, ms })
    }

    fn overdue(&mut self, cx: &mut Cx<'_>) {
        let passed = |at: Option<Instant>| at.is_some_and(|at| at <= cx.now);
        if passed(self.until) {
            return self.end(Fate::Expired, cx);
        }
        if passed(self.owed) {
            self.owed = None;
        }
        if passed(self.retry) {
            self.retry = None;
            self.submit(cx);
        }
    }

    fn end(&mut self, fate: Fate, cx: &mut Cx<'_>) {
        if let Some(told) = cx.world.pow.jobs.close(self.name, fate, cx.now) {
            told.tell(cx.id, cx.effects);
        }
        self.done = Some(Close::Finished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn entry(now: Instant) -> Entry {
        Entry::new(b"m".to_vec(), 12, 1, now, now + Duration::from_secs(60))
    }

    #[test]
    fn what_is_over_is_kept_for_ten_minutes_and_what_is_open_for_ever() {
        let now = Instant::now();
        let mut table = Table::new([1; 32]);
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
    fn a_full_table_says_so_until_something_is_forgotten() {
        let now = Instant::now();
        let mut table = Table::new([1; 32]);
        let names = (0..limits::POW_JOBS).map(|_| table.insert(entry(now)).unwrap());
        let names = names.collect::<Vec<_>>();
        assert_eq!(table.insert(entry(now)), Err(Full));
        table.close(names[0], Fate::Expired, now);
        assert_eq!(table.insert(entry(now)), Err(Full));
        assert!(table.insert(entry(now + limits::POW_JOB_KEPT)).is_ok());
    }

    #[test]
    fn names_depend_on_the_secret() {
        let now = Instant::now();
        let name = |secret| Table::new([secret; 32]).insert(entry(now)).unwrap();
        assert_ne!(name(1), name(2));
    }
}
