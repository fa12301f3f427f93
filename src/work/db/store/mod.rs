//! The bookstore's files: one for the log, and one for each replica.
//!
//! One thread owns a file and executes all waiting requests in one transaction. A commit of the
//! log's file is one `fsync` (`synchronous=FULL`): only there an answered write survives a power
//! failure. A replica's file does not wait (`synchronous=NORMAL`): its commits reach the disk
//! later, whole and in order. In the same transaction as its tables it stores the number of the
//! last included entry and a digest of the rows. A replica that lost its end reads the missing
//! entries from the log, and a file whose rows do not match the digest is not used. The log's file
//! has a replica's tables too: the state before its first record, into which old records are
//! folded.
//! record, into which old records are folded.

mod pages;
mod records;
mod tables;

pub use tables::Origin;

use super::Failure;
use super::file::{self, Commit, Layout};
use crate::limits;
use crate::work::files::room;
use crate::work::store::order_key::OrderSecret;
use crate::work::store::page::{Cursor, Page};
use crate::work::store::{Book, Entry, Order, Seq, Settled};
use rusqlite::{Connection, Transaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tables::Place;

/// A request.
#[derive(Debug, Clone)]
pub enum Request {
    /// Opens and checks the file, and returns its content.
    Open,
    /// Closes the file, as if the process had ended.
    Close,
    /// Appends a record to the log.
    Append(Arc<[Entry]>),
    /// Returns entries of the log after this one, about this many at most.
    Read(Seq, usize),
    /// Applies these entries, of which the first has this number. Entries that are already included
    /// are skipped.
    Apply(Seq, Arc<[Entry]>),
    /// Replaces the state by the first state of this log.
    Restore(PathBuf),
    /// Returns orders before this number, the newest first, at most this many.
    Orders(u64, usize),
    /// Records the log that the file belongs to.
    Mark(Origin),
    /// Returns the page of the log's first state at this cursor, if that state still has this
    /// number.
    Page(Cursor, Option<Seq>),
    /// Stages the page at this cursor; the last one makes its state the state of the file.
    Stage(Cursor, Arc<Page>),
}

/// An answer after its commit.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The content of the file.
    Opened(View),
    /// The file is closed.
    Closed,
    /// The number of the first entry of the record.
    Appended(Seq),
    /// The number of the first entry, and the entries.
    Entries(Seq, Arc<[Entry]>),
    /// The entries were folded: a replica that is so far behind has to start from the first state.
    Folded,
    /// The result of applying entries.
    Applied(Step),
    /// Orders with their dates.
    Orders(Vec<(Order, String)>),
    /// The log that the file belongs to is recorded.
    Marked,
    /// A page.
    Page(Page),
    /// The page is staged, and further pages follow.
    Staged,
}

/// The books of a file, and its position in the log.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The last included entry.
    pub seq: Seq,
    /// See [`crate::work::store::memory::Tables::digest`].
    pub digest: u64,
    /// The number of orders.
    pub orders: u64,
    /// All books, by id.
    pub books: Vec<Book>,
    /// The log that the file belongs to, if recorded.
    pub origin: Option<Origin>,
}

/// The result of applying entries to a replica.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The last entry that is included now.
    pub seq: Seq,
    /// The digest of the new state.
    pub digest: u64,
    /// The number of orders.
    pub orders: u64,
    /// The outcomes of the entries that were not included before.
    pub settled: Vec<Settled>,
    /// The changed books in their current state.
    pub books: Vec<Book>,
}

/// One file.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    layout: &'static Layout,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    place: Place,
    /// The last entry of the log; 0 in a replica.
    tip: Seq,
    /// Nothing is folded before the log has this length, because a follower reads its first state.
    read_until: Seq,
}

const LOG: &str = "CREATE TABLE IF NOT EXISTS log(
    seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, entries TEXT NOT NULL, sum BLOB NOT NULL
) STRICT";

const REPLICA_LAYOUT: Layout = Layout {
    application_id: i32::from_be_bytes(*b"prep"),
    version: 1,
    schema: &[tables::SCHEMA, LOG],
    commit: Commit::InOrder,
    // Writes wait for all replicas that are up. A replica whose file is locked is marked down, and
    // returns when the lock is released.
    patience: Duration::from_secs(1),
};

const LOG_LAYOUT: Layout = Layout {
    application_id: i32::from_be_bytes(*b"plog"),
    commit: Commit::AtOnce,
    // This is shorter than the time for which the front waits for a reply.
    patience: Duration::from_secs(3),
    ..REPLICA_LAYOUT
};

impl File {
    /// Creates a replica's file at `path` without opening it.
    pub fn new(path: PathBuf) -> File {
        File { path, layout: &REPLICA_LAYOUT, open: None }
    }

    /// Creates the log's file at `path` without opening it.
    pub fn log(path: PathBuf) -> File {
        File { path, layout: &LOG_LAYOUT, open: None }
    }

    /// Executes one request alone.
    ///
    /// # Errors
    /// Fails with SQLite's error or with the fault of the file.
    pub fn carry_out(&mut self, request: Request) -> Result<Answer, Failure> {
        self.commit(&[request]).pop().expect("there is an answer for each request")
    }

    /// Returns the secret for keys of orders, which the log's file stores. If it has none, `fresh`
    /// is stored.
    ///
    /// # Errors
    /// Fails with SQLite's error.
    pub fn order_secret(&mut self, fresh: [u8; 32]) -> Result<OrderSecret, Failure> {
        let Some(open) = &mut self.open else {
            return Err(Failure::new("the file is closed"));
        };
        tables::order_secret(&mut open.connection, fresh)
    }

    /// Tests if the file can be opened now. It leaves no traces.
    ///
    /// # Errors
    /// Fails with SQLite's error or with the fault of the file.
    pub fn probe(&self) -> Result<(), Failure> {
        file::probe(&self.path, self.layout, tables::open).map_err(|failure| self.explain(failure))
    }

    fn open(&mut self) -> Result<Answer, Failure> {
        self.try_open().map_err(|failure| self.explain(failure))
    }

    fn try_open(&mut self) -> Result<Answer, Failure> {
        self.open = None;
        let (connection, (place, books, tip, origin)) =
            file::open(&self.path, self.layout, |transaction| {
                let (place, books) = tables::open(transaction)?;
                let last = "SELECT COALESCE(MAX(seq + count - 1), ?1) FROM log";
                let tip: i64 = transaction.query_row(last, [place.seq as i64], |row| row.get(0))?;
                Ok((place, books, tip, tables::origin(transaction)?))
            })?;
        let Place { seq, digest, orders, .. } = place;
        let view = View { seq: seq.max(tip as u64), digest, orders, books, origin };
        self.open = Some(Open { connection, place, tip: tip as u64, read_until: 0 });
        Ok(Answer::Opened(view))
    }

    fn explain(&self, failure: Failure) -> Failure {
        let path = self.path.display();
        if failure.may_pass() {
            return failure.explained(|reason| format!("{path}: {reason}"));
        }
        failure.explained(|reason| {
            format!(
                "{path}: {reason}; nothing is served from it. Move the file away: a replica is \
                 written anew from the log, and the log itself from a copy of its own"
            )
        })
    }

    /// Executes several requests in one transaction.
    fn run(&mut self, batch: &[Request]) -> Result<Vec<Answer>, Failure> {
        if batch.iter().any(|request| matches!(request, Request::Append(_))) {
            self.room()?;
        }
        let Some(open) = &mut self.open else {
            return Err(Failure::new("the file is closed"));
        };
        let mut ends = Ends { place: open.place, tip: open.tip, read_until: open.read_until };
        let work = |transaction: &Transaction<'_>| {
            let answers = batch.iter().map(|request| answer(transaction, request, &mut ends));
            answers.collect::<Result<Vec<_>, Failure>>()
        };
        let answers = match batch.iter().any(Request::writes) {
            true => file::write(&mut open.connection, work)?,
            false => file::read(&mut open.connection, work)?,
        };
        (open.place, open.tip, open.read_until) = (ends.place, ends.tip, ends.read_until);
        Ok(answers)
    }

    fn stage(&mut self, at: Cursor, page: &Page) -> Result<Answer, Failure> {
        let Some(open) = &mut self.open else {
            return Err(Failure::new("the file is closed"));
        };
        file::write(&mut open.connection, |transaction| pages::stage(transaction, at, page))?;
        if page.next.is_none() { self.open() } else { Ok(Answer::Staged) }
    }

    /// Answers a request of a failed transaction if that is possible without it: a full disk can be
    /// read.
    fn by_itself(&mut self, request: &Request, failure: &Failure) -> Result<Answer, Failure> {
        if request.writes() {
            return Err(failure.clone());
        }
        let mut answers = self.run(std::slice::from_ref(request))?;
        Ok(answers.pop().expect("one for one"))
    }

    /// Checks that the disk has room for a record and for its effects in each replica.
    fn room(&self) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        match room(folder) {
            Some(left) if left < limits::STORE_ROOM => Err(Failure::passing(format!(
                "{left} bytes are left on the disk of {}, and the last {} are for replicas",
                folder.display(),
                limits::STORE_ROOM
            ))),
            Some(_) | None => Ok(()),
        }
    }

    fn restore(&mut self, from: &Path) -> Result<Answer, Failure> {
        let Some(open) = &mut self.open else {
            return Err(Failure::new("the file is closed"));
        };
        tables::restore(&mut open.connection, from)?;
        self.open()
    }
}

impl Request {
    /// Returns true if the request changes the file.
    fn writes(&self) -> bool {
        match self {
            Request::Read(..) | Request::Orders(..) | Request::Page(..) => false,
            Request::Append(_)
            | Request::Apply(..)
            | Request::Mark(_)
            | Request::Stage(..)
            | Request::Open
            | Request::Close
            | Request::Restore(_) => true,
        }
    }
}

impl File {
    /// Executes `batch`; the answers are in the order of the requests. A request for the whole file
    /// is executed alone, and all requests between two of them form one transaction. If that fails,
    /// it is rolled back, and each of its answers has the reason.
    pub fn commit(&mut self, batch: &[Request]) -> Vec<Result<Answer, Failure>> {
        let alone = |request: &Request| {
            matches!(
                request,
                Request::Open | Request::Close | Request::Restore(_) | Request::Stage(..)
            )
        };
        let mut answers = Vec::with_capacity(batch.len());
        for run in batch.chunk_by(|a, b| !alone(a) && !alone(b)) {
            match &run[0] {
                Request::Open => answers.push(self.open()),
                Request::Close => {
                    self.open = None;
                    answers.push(Ok(Answer::Closed));
                }
                Request::Restore(from) => answers.push(self.restore(from)),
                Request::Stage(at, page) => answers.push(self.stage(*at, page)),
                Request::Mark(_)
                | Request::Page(..)
                | Request::Append(_)
                | Request::Read(..)
                | Request::Apply(..)
                | Request::Orders(..) => match self.run(run) {
                    Ok(done) => answers.extend(done.into_iter().map(Ok)),
                    Err(failure) => {
                        answers.extend(run.iter().map(|request| self.by_itself(request, &failure)));
                    }
                },
            }
        }
        answers
    }
}

/// The positions of the first and last entries of a file during a transaction.
struct Ends {
    place: Place,
    tip: Seq,
    read_until: Seq,
}

fn answer(
    transaction: &Transaction<'_>,
    request: &Request,
    ends: &mut Ends,
) -> Result<Answer, Failure> {
    match request {
        Request::Append(entries) => records::append(transaction, entries, ends),
        Request::Read(since, most) => records::read(transaction, *since, *most, ends.place.seq),
        Request::Apply(first, entries) => {
            tables::advance(transaction, &mut ends.place, *first, entries).map(Answer::Applied)
        }
        Request::Mark(origin) => tables::mark(transaction, *origin).map(|()| Answer::Marked),
        Request::Page(_, Some(seq)) if *seq != ends.place.seq => Ok(Answer::Folded),
        Request::Page(at, _) => {
            ends.read_until = ends.tip + limits::STORE_LOG_ENTRIES / 2;
            pages::page(transaction, &ends.place, *at)
        }
        Request::Orders(before, most) => {
            Ok(Answer::Orders(tables::orders(transaction, *before, *most)?))
        }
        Request::Open | Request::Close | Request::Restore(_) | Request::Stage(..) => {
            unreachable!("these stand alone")
        }
    }
}

#[cfg(test)]
mod tests;
