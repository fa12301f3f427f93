//! A replica: its books, and whether it may be asked.
//!
//! ```text
//!        crash                 recover          read, apply …       as far as every answer
//!   Up ────────▶ Down ────────────────▶ Opening ──────▶ Behind ──▶ Joined ──────▶ Up
//!    └── its file fails ──▶ Down            └── its file is refused ──▶ Down
//! ```
//! A replica that has joined gets every new entry, and new entries wait for it. It is not asked
//! before it has everything that any client was told.
//!
//! A replica does not show an entry that it has applied before the writers are told: replicas
//! apply an entry one after the other, and show it all at once. So a client that has seen an entry
//! at one of them cannot miss it at another.

use crate::service::store::log::protocol::ReplicaReport;
use crate::stats::store::ReplicaState;
use crate::work::db::Failure;
use crate::work::db::store::{Origin, Request, Step, View};
use crate::work::store::shelves::Shelves;
use crate::work::store::{Book, Role, Seq};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where a replica is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It may not be asked, and does nothing.
    Down,
    /// Its file is being opened.
    Opening,
    /// It lacks entries that are in the log.
    Behind,
    /// It gets all entries, but may not have applied all of them.
    Joined,
    /// It may be asked.
    Up,
}

impl Phase {
    /// The state that operators know.
    pub fn state(self) -> ReplicaState {
        match self {
            Phase::Down => ReplicaState::Down,
            Phase::Opening | Phase::Behind | Phase::Joined => ReplicaState::Recovering,
            Phase::Up => ReplicaState::Up,
        }
    }

    /// The word for that state.
    pub fn name(self) -> &'static str {
        self.state().word()
    }

    /// Returns true if the replica gets every new entry.
    pub fn follows(self) -> bool {
        match self {
            Phase::Down | Phase::Opening | Phase::Behind => false,
            Phase::Joined | Phase::Up => true,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Replica {
    /// `catalog-1` and the like.
    pub name: String,
    /// Catalog or order server.
    pub role: Role,
    /// Its number among those of its role, from 1.
    pub number: u8,
    /// The number of its file, for jobs.
    pub file: usize,
    /// Where it is on its way.
    pub phase: Phase,
    /// The last entry that it has applied.
    pub seq: Seq,
    /// The digest of its tables then.
    pub digest: u64,
    /// The number of its orders.
    pub orders: u64,
    /// Its books, with all entries up to `shown`.
    pub books: Shelves,
    /// The last entry that it shows.
    pub shown: Seq,
    /// Books that later entries have changed, by the last of these entries.
    unseen: VecDeque<(Seq, Vec<Arc<Book>>)>,
    /// True if entries that it lacks are on their way to it.
    pub catching_up: bool,
    /// The last of the entries that it lacked when it joined. It applied them as one step and
    /// shows them as one; others show them one by one, so it is not asked before all of them.
    pub joins: Seq,
    /// Requests that came to its listener.
    pub requests: u64,
    /// Those of them that it could not answer.
    pub errors: u64,
    /// The failure that took it down, if any, until it is up again.
    pub problem: Option<String>,
    /// True if that failure may pass.
    passing: bool,
    /// The next request to its file.
    pub asked: Option<Request>,
    /// The log that its file belongs to, if the file says so.
    pub origin: Option<Origin>,
    /// The address of its listener.
    pub addr: SocketAddr,
}

impl Replica {
    /// A replica that is down.
    pub fn new(role: Role, number: u8, file: usize, addr: SocketAddr) -> Replica {
        Replica {
            name: format!("{}-{number}", role.name()),
            role,
            number,
            file,
            phase: Phase::Down,
            seq: 0,
            digest: 0,
            orders: 0,
            books: Shelves::default(),
            shown: 0,
            unseen: VecDeque::new(),
            catching_up: false,
            joins: 0,
            requests: 0,
            errors: 0,
            problem: None,
            passing: false,
            asked: None,
            origin: None,
            addr,
        }
    }

    /// Returns true if it may receive requests.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Returns true if it lacks entries that are not on their way to it.
    pub fn is_lagging(&self) -> bool {
        self.phase == Phase::Behind && !self.catching_up
    }

    /// Returns true if it may yet report the outcome of this entry.
    pub fn may_apply(&self, seq: Seq) -> bool {
        match self.phase {
            Phase::Down => false,
            Phase::Opening => true,
            Phase::Behind | Phase::Joined | Phase::Up => self.seq < seq,
        }
    }

    /// Takes over the state of its file, which has been opened.
    pub fn opened(&mut self, view: View) {
        let View { seq, digest, orders, books, origin } = view;
        (self.seq, self.digest, self.orders, self.origin) = (seq, digest, orders, origin);
        self.books = books.into_iter().collect();
        (self.shown, self.catching_up) = (seq, false);
        self.unseen.clear();
    }

    /// Its file has applied entries.
    pub fn applied(&mut self, step: &Step) {
        (self.seq, self.digest, self.orders) = (step.seq, step.digest, step.orders);
        let books = step.books.iter().cloned().map(Arc::new).collect();
        self.unseen.push_back((step.seq, books));
        self.catching_up = false;
    }

    /// Shows what it has applied up to the last answered entry, and is up from then on if that is
    /// all that any client was told.
    pub fn show(&mut self, answered: Seq) {
        while let Some((seq, books)) = self.unseen.pop_front_if(|(seq, _)| *seq <= answered) {
            books.into_iter().for_each(|book| self.books.put(book));
            self.shown = seq;
        }
        if self.phase == Phase::Joined && self.shown == answered && self.joins <= answered {
            self.promote();
            ::log::info!("{} is up again, at entry {answered}", self.name);
        }
    }

    /// It may be asked from now on.
    pub fn promote(&mut self) {
        (self.phase, self.problem) = (Phase::Up, None);
    }

    /// Returns true if it is down because of a failure that may pass.
    pub fn may_recover(&self) -> bool {
        self.phase == Phase::Down && self.passing
    }

    /// Begins its recovery, if it is down: its file is opened.
    pub fn recover(&mut self) {
        if self.phase == Phase::Down {
            (self.phase, self.asked) = (Phase::Opening, Some(Request::Open));
        }
    }

    /// Lets go of its file, as if its process had been killed. Returns the file's number.
    pub fn crash(&mut self) -> usize {
        self.asked = Some(Request::Close);
        self.file
    }

    /// It is down from now on, and holds nothing.
    pub fn mark_down(&mut self, failure: Option<&Failure>) {
        let problem = failure.map(Failure::to_string);
        if let Some(text) = problem.as_ref().filter(|_| problem != self.problem) {
            ::log::error!("{} is down: {text}", self.name);
        }
        self.passing = failure.is_some_and(Failure::may_pass);
        self.phase = Phase::Down;
        self.books = Shelves::default();
        self.unseen = VecDeque::new();
        self.problem = problem;
    }

    /// Its report to the leader.
    pub fn report(&self) -> ReplicaReport {
        ReplicaReport {
            role: self.role,
            number: self.number,
            state: self.phase.state(),
            seq: self.seq,
            digest: self.digest,
            addr: self.addr,
            requests: self.requests,
            errors: self.errors,
        }
    }
}
