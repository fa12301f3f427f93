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

pub mod books;
pub mod catalog;
pub mod lists;
pub mod writes;

pub use crate::work::store::Role;

use crate::service::Effect;
use crate::service::store::State;
use crate::service::store::log::protocol::Seen;
use crate::service::store::log::{Party, submit};
use crate::stats::store::ReplicaState;
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Origin, Request, Step, View};
use crate::work::store::shelves::Shelves;
use crate::work::store::{Book, Seq};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

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
    /// What that means to others.
    pub fn state(self) -> ReplicaState {
        match self {
            Phase::Down => ReplicaState::Down,
            Phase::Opening | Phase::Behind | Phase::Joined => ReplicaState::Recovering,
            Phase::Up => ReplicaState::Up,
        }
    }

    /// The state that operators know.
    pub fn name(self) -> &'static str {
        self.state().word()
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
    pub books: Shelves,
    /// The last entry that may be seen.
    pub shown: Seq,
    /// Books that later entries have changed, by the last of these entries.
    unseen: VecDeque<(Seq, Vec<Arc<Book>>)>,
    /// Whether entries that it lacked are on their way to it.
    pub catching_up: bool,
    /// The last of the entries that it lacked when it joined. They were taken at once, and are
    /// shown at once: others show them one by one, so before all of them it is not asked.
    pub joins: Seq,
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
    /// The log that its file belongs to, if that was ever said.
    pub origin: Option<Origin>,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Replica {
    /// One that is down.
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

    /// Whether it may be asked.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Whether it lacks entries, and none are on their way to it.
    pub fn is_lagging(&self) -> bool {
        self.phase == Phase::Behind && !self.catching_up
    }

    /// Whether it has joined, and shows just what is answered.
    pub fn may_be_promoted(&self, answered: Seq) -> bool {
        self.phase == Phase::Joined && self.shown == answered && self.joins <= answered
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
        let View { seq, digest, orders, books, origin } = view;
        (self.seq, self.digest, self.orders, self.origin) = (seq, digest, orders, origin);
        self.books = books.into_iter().collect();
        (self.shown, self.catching_up) = (seq, false);
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
            books.into_iter().for_each(|book| self.books.put(book));
            self.shown = seq;
        }
    }

    /// It may be asked from now on.
    pub fn promote(&mut self) {
        (self.phase, self.problem) = (Phase::Up, None);
    }

    /// Whether it is down for a reason that may be gone.
    pub fn may_recover(&self) -> bool {
        self.phase == Phase::Down && self.passing
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

    /// What other processes get to know of it.
    pub fn seen(&self) -> Seen {
        Seen {
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

/// What is wrong with a file of one log beside another.
pub const OTHER_LOG: &str = "its file belongs to another log; move it away";
/// What is wrong with a file that is ahead of the log.
pub const AHEAD: &str = "it holds entries that the log does not; move it away";

impl State {
    /// A replica's file has done something.
    pub(super) fn went_on(
        &mut self,
        file: usize,
        answer: Result<Answer, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.file == file) else {
            return;
        };
        match (answer, replica.phase) {
            (Ok(Answer::Opened(view)), Phase::Opening) => {
                replica.opened(view);
                replica.phase = Phase::Behind;
                // How far a log elsewhere is, is known when it is joined.
                let tip = self.log.own().is_some().then_some(self.log.tip);
                self.welcome(file, tip, effects);
            }
            (Ok(Answer::Applied(step)), Phase::Behind | Phase::Joined | Phase::Up) => {
                replica.advanced(&step);
                replica.catching_up = false;
                self.log.applied(file, &step);
            }
            (Ok(Answer::Staged), Phase::Opening) => self.staged(file),
            (Err(failure), phase) if phase != Phase::Down => {
                self.mark_down(file, Some(&failure));
            }
            (Ok(_) | Err(_), _) => {}
        }
    }

    /// A replica whose file is open may catch up, if it belongs to the log.
    pub(super) fn welcome(&mut self, file: usize, tip: Option<Seq>, effects: &mut Vec<Effect>) {
        let Some(log) = self.log.name else { return };
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.file == file) else {
            return;
        };
        let seq = replica.seq;
        if replica.origin.is_some_and(|origin| origin.log != log) {
            return self.mark_down(file, Some(&Failure::new(OTHER_LOG)));
        }
        if tip.is_some_and(|tip| seq > tip) {
            return self.mark_down(file, Some(&Failure::new(AHEAD)));
        }
        if replica.origin.is_none() {
            let origin = Origin { log, leased: false };
            replica.origin = Some(origin);
            submit(file, Request::Mark(origin), effects);
        }
    }

    /// Lets a replica begin its recovery. False if there is none of that name.
    pub fn recover(&mut self, name: &str, effects: &mut Vec<Effect>) -> bool {
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.name == name) else {
            return false;
        };
        if replica.phase == Phase::Down {
            replica.phase = Phase::Opening;
            replica.asked = Some(Request::Open);
            self.wake(effects);
        }
        true
    }

    /// Ends a replica as if its process had been killed. False if there is none of that name.
    pub fn crash(&mut self, name: &str, effects: &mut Vec<Effect>) -> bool {
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.name == name) else {
            return false;
        };
        replica.asked = Some(Request::Close);
        let file = replica.file;
        self.mark_down(file, None);
        self.wake(effects);
        true
    }

    /// Whether some replica is down for a reason that may be gone.
    pub(super) fn may_recover(&self) -> bool {
        self.replicas.iter().any(Replica::may_recover)
    }

    /// Lets all of these try again.
    pub(super) fn retry(&mut self) {
        for replica in self.replicas.iter_mut().filter(|replica| replica.may_recover()) {
            (replica.phase, replica.asked) = (Phase::Opening, Some(Request::Open));
        }
    }

    pub(super) fn mark_down(&mut self, file: usize, failure: Option<&Failure>) {
        if let Some(replica) = self.replicas.iter_mut().find(|replica| replica.file == file) {
            replica.mark_down(failure);
        }
        self.log.stop_waiting_for(Party::File(file), Seq::MAX);
        self.unstage(file);
    }
}
