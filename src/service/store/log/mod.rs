//! The ordered log, wherever it is kept.
//!
//! ```text
//!   put ─▶ waiting ─▶ own: Append (one record, one fsync) ─┐
//!            └─▶ elsewhere: its owner appends, and tells ──┴─▶ record
//!   record ─▶ Apply by each replica that follows ─ all, and all followers ─▶ shown ─▶ reply
//! ```
//! To everybody else the log is `append(entry) → seq`, `read from seq`, and a stream of records
//! from the last one on. That it is a file is between this and `work::db::store`; that it is
//! another process's, between this and [`follower`].

pub mod follower;
pub mod followers;
pub mod protocol;
pub mod read_barrier;
pub mod replication_api;
pub mod task;

use crate::limits;
use crate::service::store::{Notice, WriteError};
use crate::service::{Effect, Id, Mail, Ticket};
use crate::work::Job;
use crate::work::db::store::{Origin, Request, Step};
use crate::work::store::order_key::OrderSecret;
use crate::work::store::{Entry, Outcome, Seq, Settled};
use follower::Follower;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct Log {
    /// Where it is kept.
    pub source: Source,
    /// Which log it is, once that is known.
    pub name: Option<u64>,
    /// What the keys of its orders are made of, once that is known.
    pub order_secret: Option<OrderSecret>,
    /// The last durable entry.
    pub tip: Seq,
    /// The last entry whose writers were told what came of it; where the log is elsewhere, the
    /// last that every live replica here has applied.
    pub answered: Seq,
    /// Why the last record could not be written.
    pub problem: Option<String>,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) open: VecDeque<Batch>,
    /// Behind which entry is being read for replicas that lack some.
    pub(super) reading: Option<Seq>,
}

/// Where a log is kept.
#[derive(Debug)]
pub enum Source {
    /// There is none.
    Absent,
    /// Here.
    Own(Own),
    /// In another process.
    Follower(Box<Follower>),
}

/// A log that is a file here.
#[derive(Debug)]
pub struct Own {
    /// Where it is, for replicas that begin anew.
    pub(super) path: PathBuf,
    pub(super) appending: Option<(Arc<[Entry]>, Vec<Writer>)>,
    /// Whether it is on disk that others follow.
    pub(super) leased: Leased,
    /// Until when nobody is answered: those who followed the process before this one may still
    /// serve what they had then.
    pub(super) quiet_until: Option<Instant>,
}

/// Whether it is on disk that other processes follow the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// No.
    No,
    /// It is being written.
    Asked,
    /// Yes.
    Yes,
}

/// Who wants to know what came of an entry: a session, its ticket, which of its entries.
pub type Writer = (Id, Ticket, u16);

/// An entry on its way to the log.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) writer: Writer,
    /// Whether its key is one that we gave it.
    pub(super) is_ours: bool,
    /// How often it was sent to the log's owner.
    pub(super) tries: u8,
}

/// Who has to apply a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    /// The replica with this file.
    File(usize),
    /// The follower with this number.
    Follower(u32),
}

/// A record that is durable and was not answered yet.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) first: Seq,
    pub(super) entries: Arc<[Entry]>,
    pub(super) writers: Vec<Writer>,
    /// Who has not applied it.
    pub(super) missing: Vec<Party>,
    pub(super) settled: Option<Vec<Settled>>,
    /// Ids and topics of books that it changed.
    changed: Vec<(u32, String)>,
}

impl Batch {
    /// A record that these parties have to apply.
    pub(super) fn new(
        first: Seq,
        entries: Arc<[Entry]>,
        writers: Vec<Writer>,
        missing: Vec<Party>,
    ) -> Batch {
        Batch { first, entries, writers, missing, settled: None, changed: Vec::new() }
    }

    pub(super) fn last(&self) -> Seq {
        self.first + self.entries.len() as u64 - 1
    }

    /// Ids and topics of books that it may have changed.
    pub(super) fn changed(&self) -> Vec<(u32, String)> {
        match &self.settled {
            Some(_) => self.changed.clone(),
            None => self.entries.iter().map(Entry::concerns).collect(),
        }
    }
}

/// The number of the log's own file.
pub const FILE: usize = 0;

impl Log {
    /// A log that is not there.
    pub fn absent() -> Log {
        Log {
            source: Source::Absent,
            name: None,
            order_secret: None,
            tip: 0,
            answered: 0,
            problem: None,
            waiting: VecDeque::new(),
            open: VecDeque::new(),
            reading: None,
        }
    }

    /// A log of which everything up to its end was answered.
    pub fn at(path: PathBuf, origin: Origin, tip: Seq, now: Instant) -> Log {
        let leased = if origin.leased { Leased::Yes } else { Leased::No };
        let quiet = limits::STORE_LEASE + limits::STORE_LEASE_SLACK;
        let quiet_until = origin.leased.then(|| now + quiet);
        let source = Source::Own(Own { path, appending: None, leased, quiet_until });
        Log { source, name: Some(origin.log), tip, answered: tip, ..Log::absent() }
    }

    /// A log that another process keeps.
    pub fn following(elsewhere: Follower) -> Log {
        Log { source: Source::Follower(Box::new(elsewhere)), ..Log::absent() }
    }

    /// Takes an entry in.
    ///
    /// # Errors
    /// There is no log, or too much is waiting.
    pub fn put(&mut self, entry: Entry, writer: Writer, is_ours: bool) -> Result<(), WriteError> {
        let full = self.waiting.len() >= limits::STORE_WRITES;
        let absent = matches!(self.source, Source::Absent);
        if absent || full || self.open.len() >= limits::STORE_RECORDS {
            return Err(WriteError::Busy);
        }
        self.waiting.push_back(Waiting { entry, writer, is_ours, tries: 0 });
        Ok(())
    }

    /// How many writes wait for their record.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        let appending = match &self.source {
            Source::Absent => false,
            Source::Own(own) => own.appending.is_some(),
            Source::Follower(elsewhere) => elsewhere.is_appending(),
        };
        self.waiting.is_empty() && !appending && self.open.is_empty()
    }

    /// When something has to happen of itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.source {
            Source::Own(own) => own.quiet_until.filter(|_| !self.open.is_empty()),
            Source::Follower(elsewhere) => elsewhere.deadline(),
            Source::Absent => None,
        }
    }

    /// The log's own file, if it is here.
    pub(super) fn own(&mut self) -> Option<&mut Own> {
        match &mut self.source {
            Source::Own(own) => Some(own),
            Source::Absent | Source::Follower(_) => None,
        }
    }
}

/// The ticket of a record on its way; that of a replica's job is the number of its file.
pub const APPEND: Ticket = Ticket::MAX - 1;
/// The ticket of what is said of the log's own file.
pub const MARK: Ticket = Ticket::MAX;
/// The ticket of entries that are read for replicas.
pub const READ: Ticket = Ticket::MAX - 2;

impl Log {
    /// A replica has gone on: that may be what records were waiting for.
    pub(super) fn applied(&mut self, file: usize, step: &Step) {
        let begin = step.seq + 1 - step.settled.len() as u64;
        for batch in self.open.iter_mut().filter(|batch| batch.last() <= step.seq) {
            batch.missing.retain(|missing| *missing != Party::File(file));
            if batch.settled.is_none() && batch.first >= begin {
                let from = (batch.first - begin) as usize;
                let settled = step.settled[from..from + batch.entries.len()].to_vec();
                // A step over several records has books as they are after the last of them; a
                // topic that one was of in between is in what came of the entry that said so.
                let between = settled.iter().filter_map(|settled| match &settled.outcome {
                    Outcome::Kept(book) => Some(book),
                    Outcome::Sold { .. }
                    | Outcome::Short { .. }
                    | Outcome::NoBook
                    | Outcome::Stale
                    | Outcome::KeyTaken
                    | Outcome::Full => None,
                });
                let changed = step.books.iter().chain(between);
                batch.changed = changed.map(|book| (book.id, book.topic.clone())).collect();
                batch.settled = Some(settled);
            }
        }
    }

    /// Records up to this one no longer wait for `party`.
    pub(super) fn stop_waiting_for(&mut self, party: Party, until: Seq) {
        for batch in self.open.iter_mut().filter(|batch| batch.last() <= until) {
            batch.missing.retain(|missing| *missing != party);
        }
    }
}

pub(super) fn tell(writers: &[Writer], error: WriteError, effects: &mut Vec<Effect>) {
    for (id, ticket, index) in writers {
        let notice = Notice::Settled(*ticket, *index, Err(error));
        effects.push(Effect::Post(*id, Mail::Store(notice)));
    }
}

pub(super) fn submit(file: usize, request: Request, effects: &mut Vec<Effect>) {
    submit_to(file as Ticket, file, request, effects);
}

pub(super) fn submit_to(ticket: Ticket, file: usize, request: Request, effects: &mut Vec<Effect>) {
    effects.push(Effect::Submit(ticket, Job::Store(file, request)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::store::Book;

    #[test]
    fn a_topic_that_a_book_was_of_between_two_records_is_not_forgotten() {
        let mut log = Log::absent();
        let of = |topic: &str| {
            let (title, topic) = ("A Book".to_owned(), topic.to_owned());
            Book { id: 4, title, quantity: 1, price: 950, topic }
        };
        for first in [1, 2] {
            let entry = Entry::Stock { book: 4, delta: 0, reason: String::new() };
            let entries = Arc::new([entry]);
            log.open.push_back(Batch::new(first, entries, Vec::new(), vec![Party::File(1)]));
        }
        let kept = |topic| Settled { outcome: Outcome::Kept(of(topic)), replayed: false };
        let settled = vec![kept("Between"), kept("Last")];
        log.applied(1, &Step { seq: 2, digest: 0, orders: 0, settled, books: vec![of("Last")] });
        let concerns =
            |place: usize, topic: &str| log.open[place].changed().contains(&(4, topic.to_owned()));
        assert!(concerns(0, "Between") && concerns(0, "Last") && concerns(1, "Last"));
        assert!(log.open.iter().all(|batch| batch.missing.is_empty()));
    }
}
