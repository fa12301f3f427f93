//! Replicas of this process: what they hold, and whether they may be asked.
//!
//! ```text
//!        crash                 recover          read, apply …        as far as every answer
//!   Up ────────▶ Down ────────────────▶ Opening ──────▶ Behind ──▶ Joined ──────▶ Up
//!    └── its file fails ──▶ Down            └── its file is refused ──▶ Down
//! ```
//! One that has joined gets every new entry, and new entries wait for it; it is not asked before
//! it holds all that anybody was told.
//!
//! What it has applied it does not show before the writers are told: replicas apply an entry one
//! after the other, and show it all at once. So nobody who has seen an entry at one of them can
//! miss it at another.

use crate::work::db::Failure;
use crate::work::db::store::{Request, Step, View};
use crate::work::store::{Book, Seq};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What a replica is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Looks books up.
    Catalog,
    /// Sells them.
    Order,
}

impl Role {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Catalog => "catalog",
            Role::Order => "order",
        }
    }
}

/// Where a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It may not be asked, and does nothing.
    Down,
    /// Its file is being opened.
    Opening,
    /// It lacks entries that are in the log.
    Behind,
    /// It lacks none, but may not have applied all of them.
    Joined,
    /// It may be asked.
    Up,
}

impl Phase {
    /// The state that operators know.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Down => "DOWN",
            Phase::Opening | Phase::Behind | Phase::Joined => "RECOVERING",
            Phase::Up => "UP",
        }
    }

    /// Whether it gets every new entry.
    pub fn follows(self) -> bool {
        match self {
            Phase::Down | Phase::Opening | Phase::Behind => false,
            Phase::Joined | Phase::Up => true,
        }
    }
}

/// A replica.
#[derive(Debug)]
pub struct Replica {
    /// `catalog-1` and the like.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Which of its role, from 1.
    pub number: u8,
    /// The number of its file, for jobs.
    pub file: usize,
    /// Where it is.
    pub phase: Phase,
    /// The last entry that it has applied.
    pub seq: Seq,
    /// The digest of its tables then.
    pub digest: u64,
    /// How many orders there are.
    pub orders: u64,
    /// Its books, with all entries up to `shown`.
    pub books: BTreeMap<u32, Arc<Book>>,
    /// The last entry that may be seen.
    pub shown: Seq,
    /// Books that later entries have changed, by the last of these entries.
    unseen: VecDeque<(Seq, Vec<Arc<Book>>)>,
    /// Whether entries that it lacked are on their way to it.
    pub fed: bool,
    /// Requests that came to its listener.
    pub requests: u64,
    /// Those of them that it could not answer.
    pub errors: u64,
    /// Why it is down, or was until a moment ago, if it was not told to be.
    pub problem: Option<String>,
    /// Whether that may be over in a while.
    passing: bool,
    /// What its file is to do next, as the keeper gets round to it.
    pub asked: Option<Request>,
}

impl Replica {
    /// One that is down.
    pub fn new(role: Role, number: u8, file: usize) -> Replica {
        Replica {
            name: format!("{}-{number}", role.name()),
            role,
            number,
            file,
            phase: Phase::Down,
            seq: 0,
            digest: 0,
            orders: 0,
            books: BTreeMap::new(),
            shown: 0,
            unseen: VecDeque::new(),
            fed: false,
            requests: 0,
            errors: 0,
            problem: None,
            passing: false,
            asked: None,
        }
    }

    /// Whether it may be asked.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Whether it lacks entries, and none are on their way to it.
    pub fn is_hungry(&self) -> bool {
        self.phase == Phase::Behind && !self.fed
    }

    /// Whether it may yet say what came of this entry.
    pub fn may_apply(&self, seq: Seq) -> bool {
        match self.phase {
            Phase::Down => false,
            Phase::Opening => true,
            Phase::Behind | Phase::Joined | Phase::Up => self.seq < seq,
        }
    }

    /// It holds what its file holds.
    pub fn opened(&mut self, view: View) {
        let View { seq, digest, orders, books } = view;
        (self.seq, self.digest, self.orders) = (seq, digest, orders);
        self.books = books.into_iter().map(|book| (book.id, Arc::new(book))).collect();
        (self.shown, self.fed) = (seq, false);
        self.unseen.clear();
    }

    /// It has gone on.
    pub fn advanced(&mut self, step: &Step) {
        (self.seq, self.digest, self.orders) = (step.seq, step.digest, step.orders);
        let books = step.books.iter().cloned().map(Arc::new).collect();
        self.unseen.push_back((step.seq, books));
    }

    /// Shows what it has applied up to this entry.
    pub fn show(&mut self, until: Seq) {
        while let Some((seq, books)) = self.unseen.pop_front_if(|(seq, _)| *seq <= until) {
            self.books.extend(books.into_iter().map(|book| (book.id, book)));
            self.shown = seq;
        }
    }

    /// It may be asked from now on.
    pub fn rise(&mut self) {
        (self.phase, self.problem) = (Phase::Up, None);
    }

    /// Whether it is down for a reason that may be gone.
    pub fn may_recover(&self) -> bool {
        self.phase == Phase::Down && self.passing
    }

    /// It is down from now on, and holds nothing.
    pub fn fall(&mut self, failure: Option<&Failure>) {
        let problem = failure.map(Failure::to_string);
        if let Some(text) = problem.as_ref().filter(|_| problem != self.problem) {
            ::log::error!("{} is down: {text}", self.name);
        }
        self.passing = failure.is_some_and(Failure::may_pass);
        self.phase = Phase::Down;
        self.books = BTreeMap::new();
        self.unseen = VecDeque::new();
        self.problem = problem;
    }
}
