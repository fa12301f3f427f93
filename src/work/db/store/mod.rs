//! The bookstore's files: one for the log, one for each replica.
//!
//! A file is owned by one thread. All that waits for it is carried out in one transaction. Of the
//! log's file a commit is one `fsync` (`synchronous=FULL`): what was answered survives power loss
//! there, and nowhere else. A replica's file waits for none (`synchronous=NORMAL`): its commits
//! reach the disk whole and in their order, some time. It holds, beside its tables, the number of
//! the last entry that they include, in the same transaction, and a digest of them: one that lost
//! its end takes that from the log again, and one whose rows do not have the digest that it says
//! is not served from. The log's file holds a replica's tables too: the state before its first
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

/// What to carry out.
#[derive(Debug, Clone)]
pub enum Request {
    /// Open the file, check it, and say what is in it.
    Open,
    /// Let go of the file, as if the process had ended.
    Close,
    /// Add a record to the log.
    Append(Arc<[Entry]>),
    /// Entries of the log behind this one, at most about so many.
    Read(Seq, usize),
    /// Go on by these entries, of which the first has this number. Those that are included
    /// already are left out.
    Apply(Seq, Arc<[Entry]>),
    /// Begin anew with the state that this log begins with.
    Restore(PathBuf),
    /// Orders before this number, the newest first, at most so many.
    Orders(u64, usize),
    /// Say which log the file belongs to.
    Mark(Origin),
    /// The page of the log's first state that begins there, if that state still has this number.
    Page(Cursor, Option<Seq>),
    /// Take in the page that begins there; the last one makes its state the file's own.
    Stage(Cursor, Arc<Page>),
}

/// What was carried out, and is on disk.
#[derive(Debug, Clone)]
pub enum Answer {
    /// What is in the file.
    Opened(View),
    /// The file is closed.
    Closed,
    /// The number of the first entry of the record.
    Appended(Seq),
    /// The number of the first of these entries, and all of them.
    Entries(Seq, Arc<[Entry]>),
    /// The log begins later: a replica that is so far behind begins with its first state.
    Folded,
    /// How the replica has gone on.
    Applied(Step),
    /// Some orders.
    Orders(Vec<(Order, String)>),
    /// It was said which log the file belongs to.
    Marked,
    /// A page.
    Page(Page),
    /// A page was taken in that is not the last.
    Staged,
}

/// The books of a file, and how far it is.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The last entry that is included.
    pub seq: Seq,
    /// See [`crate::work::store::memory::Tables::digest`].
    pub digest: u64,
    /// How many orders there are.
    pub orders: u64,
    /// All books, by id.
    pub books: Vec<Book>,
    /// Which log the file belongs to, if that was ever said.
    pub origin: Option<Origin>,
}

/// How a replica has gone on.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The last entry that is included now.
    pub seq: Seq,
    /// The digest that belongs to it.
    pub digest: u64,
    /// How many orders there are.
    pub orders: u64,
    /// What came of each entry that was not included before.
    pub settled: Vec<Settled>,
    /// Books as they are now, of those that changed.
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
    /// The last entry of the log; nothing in a replica.
    tip: Seq,
    /// Nothing is folded before the log is so long: somebody reads the state that it begins with.
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
    // Writes wait for every replica that is up. One whose file is held goes down, and is back
    // when that is over.
    patience: Duration::from_secs(1),
};

const LOG_LAYOUT: Layout = Layout {
    application_id: i32::from_be_bytes(*b"plog"),
    commit: Commit::AtOnce,
    // Less than the front waits for a reply.
    patience: Duration::from_secs(3),
    ..REPLICA_LAYOUT
};

impl File {
    /// A replica's file at `path`, not opened yet.
    pub fn new(path: PathBuf) -> File {
        File { path, layout: &REPLICA_LAYOUT, open: None }
    }

    /// The log's file at `path`, not opened yet.
    pub fn log(path: PathBuf) -> File {
        File { path, layout: &LOG_LAYOUT, open: None }
    }

    /// Carries out one request by itself.
    ///
    /// # Errors
    /// SQLite's, and what is wrong with the file.
    pub fn carry_out(&mut self, request: Request) -> Result<Answer, Failure> {
        self.commit(&[request]).pop().expect("there is an answer for each request")
    }

    /// The secret that keys of orders are made of, kept in the log's own file: `fresh`, unless
    /// there is one.
    ///
    /// # Errors
    /// SQLite's.
    pub fn order_secret(&mut self, fresh: [u8; 32]) -> Result<OrderSecret, Failure> {
        let Some(open) = &mut self.open else {
            return Err(Failure::new("the file is closed"));
        };
        tables::order_secret(&mut open.connection, fresh)
    }

    /// Whether the file could be opened here and now. Nothing is left of the try.
    ///
    /// # Errors
    /// SQLite's, and what is wrong with the file.
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

    /// A run of requests in one transaction.
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

    /// What can be answered although the run that the request was part of failed: a disk that is
    /// full can be read.
    fn by_itself(&mut self, request: &Request, failure: &Failure) -> Result<Answer, Failure> {
        if request.writes() {
            return Err(failure.clone());
        }
        let mut answers = self.run(std::slice::from_ref(request))?;
        Ok(answers.pop().expect("one for one"))
    }

    /// Whether the disk has room for what comes of a record: each replica has to write it, too.
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
    /// Whether it changes anything.
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
    /// Carries out `batch`; the answers are in the order of the requests. A request for the file as
    /// a whole stands alone, and all between two of them are one transaction. If that fails,
    /// nothing of it is kept, and every answer has the reason.
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

/// Where a file begins and ends, while a transaction is under way.
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
