//! The database: the only module that uses SQLite.
//!
//! One thread owns the connection. It takes all waiting requests, executes them in one transaction,
//! and answers after the commit: durability costs one `fsync` per batch. Each group of tables has a
//! module with its schema, its requests and its answers.

pub mod chat;
pub mod counts;
pub mod file;
pub mod spent;
pub mod store;
mod sums;

use super::Outcome;
use file::{Commit, Layout};
use rusqlite::{Connection, ErrorCode, Transaction};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use sums::Sums;

/// A request: one variant per group of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The request counts of the users of π.
    Counts(counts::Request),
    /// The live chat.
    Chat(chat::Request),
    /// Spent proofs of work.
    Spent(spent::Request),
}

/// An answer after its commit: one variant per group of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The request counts of the users of π.
    Counts(counts::Answer),
    /// The live chat.
    Chat(chat::Answer),
    /// Spent proofs of work.
    Spent(spent::Answer),
}

/// The reason why a request was not executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    reason: String,
    cause: Cause,
}

/// The expected result of the same request at a later time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The same failure. Nothing was written.
    Lasting,
    /// Possibly success: for example, the disk was full. Nothing was written.
    Passing,
    /// Possibly success. It is unknown whether the failed request was written.
    Unknown,
}

impl Failure {
    /// Creates a lasting failure.
    pub fn new(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), cause: Cause::Lasting }
    }

    /// Creates a failure that may pass.
    pub fn passing(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), cause: Cause::Passing }
    }

    /// Returns the failure with an unknown result: the request may have been written.
    #[must_use]
    pub fn unknown(self) -> Failure {
        Failure { cause: Cause::Unknown, ..self }
    }

    /// Returns the failure with its reason reworded.
    #[must_use]
    pub fn explained(self, words: impl FnOnce(&str) -> String) -> Failure {
        Failure { reason: words(&self.reason), ..self }
    }

    /// Returns true if the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        match self.cause {
            Cause::Lasting => false,
            Cause::Passing | Cause::Unknown => true,
        }
    }

    /// Returns true if the request may have been written in spite of the failure.
    pub fn is_unknown(&self) -> bool {
        self.cause == Cause::Unknown
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<rusqlite::Error> for Failure {
    /// Classifies SQLite's error: errors of the machine may pass, errors of the file or of the
    /// request do not.
    fn from(error: rusqlite::Error) -> Failure {
        let cause = match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OperationInterrupted
                | ErrorCode::OutOfMemory
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly,
            ) => Cause::Passing,
            Some(_) | None => Cause::Lasting,
        };
        Failure { reason: error.to_string(), cause }
    }
}

/// A file that one thread owns. It commits all waiting requests at once, and answers after the
/// commit.
#[derive(Debug)]
pub enum BatchCommitter {
    /// The database.
    Database(Database),
    /// A file of the bookstore.
    Store(store::File),
}

/// A request to a [`BatchCommitter`].
#[derive(Debug, Clone)]
pub enum BatchRequest {
    /// To the database.
    Database(Request),
    /// To a file of the bookstore.
    Store(store::Request),
}

impl BatchRequest {
    /// Returns the outcome of a request whose file failed.
    pub fn failed(self, failure: Failure) -> Outcome {
        match self {
            BatchRequest::Database(_) => Outcome::Database(Err(failure)),
            BatchRequest::Store(_) => Outcome::Store(Err(failure)),
        }
    }
}

impl BatchCommitter {
    /// Opens the database.
    ///
    /// # Errors
    /// Returns the error of [`Database::open`].
    pub fn open(path: &Path) -> Result<BatchCommitter, Failure> {
        Database::open(path).map(BatchCommitter::Database)
    }

    /// Executes `batch`. The outcomes are in the order of the requests.
    ///
    /// # Panics
    /// Panics if a request is for a file of the other kind.
    pub fn commit(&mut self, batch: impl Iterator<Item = BatchRequest>) -> Vec<Outcome> {
        const OWN: &str = "a job names the file that its request is for";
        match self {
            BatchCommitter::Database(database) => {
                let own = batch.map(|request| match request {
                    BatchRequest::Database(request) => request,
                    BatchRequest::Store(_) => unreachable!("{OWN}"),
                });
                let answers = database.commit(&own.collect::<Vec<_>>());
                answers.into_iter().map(Outcome::Database).collect()
            }
            BatchCommitter::Store(file) => {
                let own = batch.map(|request| match request {
                    BatchRequest::Store(request) => request,
                    BatchRequest::Database(_) => unreachable!("{OWN}"),
                });
                let answers = file.commit(&own.collect::<Vec<_>>());
                answers.into_iter().map(Outcome::Store).collect()
            }
        }
    }
}

/// The layout with the tables of all groups.
const LAYOUT: Layout = Layout {
    application_id: i32::from_be_bytes(*b"pent"),
    version: 1,
    schema: &[sums::SCHEMA, counts::SCHEMA, chat::SCHEMA, spent::SCHEMA],
    commit: Commit::AtOnce,
    patience: Duration::from_secs(5),
};

/// The tables with a digest.
const SUMMED: [&str; 4] = [counts::TABLE, chat::SESSIONS, chat::LINES, chat::SHIFTS];

/// The open database.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens the file, and creates it and its tables if needed.
    ///
    /// # Errors
    /// Fails with SQLite's error or with the fault of the file. The message has its name and a
    /// remedy.
    pub fn open(path: &Path) -> Result<Database, Failure> {
        let opened = file::open(path, &LAYOUT, |transaction| sums::verify(transaction, &SUMMED));
        let (connection, ()) = opened.map_err(|failure| explained(path, failure))?;
        Ok(Database { connection })
    }

    /// Tests if [`Database::open`] would succeed now. It leaves no traces.
    ///
    /// # Errors
    /// The same as for [`Database::open`].
    pub fn probe(path: &Path) -> Result<(), Failure> {
        file::probe(path, &LAYOUT, |transaction| sums::verify(transaction, &SUMMED))
            .map_err(|failure| explained(path, failure))
    }

    /// Executes the batch in one transaction.
    fn try_commit(&mut self, batch: &[Request]) -> Result<Vec<Answer>, Failure> {
        let work = |transaction: &Transaction<'_>| {
            let mut sums = Sums::default();
            let answers = batch.iter().map(|request| answer(transaction, &mut sums, request));
            let answers = answers.collect::<Result<_, Failure>>()?;
            sums.write(transaction)?;
            Ok(answers)
        };
        match batch.iter().any(Request::writes) {
            true => file::write(&mut self.connection, work),
            false => file::read(&mut self.connection, work),
        }
    }

    /// Executes `batch`, in one transaction unless that fails. The answers are in the order of the
    /// requests. A request that fails does not prevent the others, because a failed batch is tried
    /// again in halves. If nothing can be written, reads are answered.
    pub fn commit(&mut self, batch: &[Request]) -> Vec<Result<Answer, Failure>> {
        let failure = match self.try_commit(batch) {
            Ok(answers) => return answers.into_iter().map(Ok).collect(),
            Err(failure) => failure,
        };
        match batch {
            [] | [_] => batch.iter().map(|_| Err(failure.clone())).collect(),
            _ if failure.may_pass() => {
                let alone = |request: &Request| match request.writes() {
                    true => Err(failure.clone()),
                    false => self.try_commit(std::slice::from_ref(request)).map(|mut answers| {
                        answers.pop().expect("there is an answer for each request")
                    }),
                };
                batch.iter().map(alone).collect()
            }
            _ => {
                let (first, second) = batch.split_at(batch.len() / 2);
                let mut answers = self.commit(first);
                answers.extend(self.commit(second));
                answers
            }
        }
    }
}

fn explained(path: &Path, failure: Failure) -> Failure {
    let remedy = match failure.may_pass() {
        true => "",
        false => "; move it away, and counts and chats begin anew, or put back a copy",
    };
    failure.explained(|reason| format!("{}: {reason}{remedy}", path.display()))
}

impl Request {
    /// Returns true if the request changes a table.
    fn writes(&self) -> bool {
        match self {
            Request::Counts(counts::Request::Count(_) | counts::Request::Statistics(_)) => true,
            Request::Chat(request) => request.writes(),
            Request::Spent(_) => true,
        }
    }
}

fn answer(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    request: &Request,
) -> Result<Answer, Failure> {
    match request {
        Request::Counts(request) => {
            Ok(counts::answer(transaction, sums, request).map(Answer::Counts)?)
        }
        Request::Chat(request) => chat::answer(transaction, sums, request).map(Answer::Chat),
        Request::Spent(request) => Ok(spent::answer(transaction, request).map(Answer::Spent)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::counts::{Answer as Counted, Request as Count};

    fn count(request: Count) -> Request {
        Request::Counts(request)
    }

    #[test]
    fn a_failed_batch_keeps_nothing_and_the_next_one_is_served() {
        let mut database = Database::open(Path::new(":memory:")).unwrap();
        database.connection.execute("ALTER TABLE request_statistics RENAME TO away", []).unwrap();
        let batch = [count(Count::Count(*b"1111")), count(Count::Count(*b"1111"))];
        let answers = database.commit(&batch);
        assert!(answers.iter().all(Result::is_err), "{answers:?}");
        database.connection.execute("ALTER TABLE away RENAME TO request_statistics", []).unwrap();
        let listed = Counted::Statistics(vec![("1111".to_string(), 1)]);
        assert_eq!(
            database.commit(&[count(Count::Statistics(*b"1111"))]),
            [Ok(Answer::Counts(listed))]
        );
    }

    #[test]
    fn a_request_that_fails_by_itself_fails_alone() {
        let mut database = Database::open(Path::new(":memory:")).unwrap();
        let rating = chat::Request::Rate("unknown".to_string(), 5, String::new());
        let batch = [
            count(Count::Count(*b"1111")),
            Request::Chat(rating),
            count(Count::Statistics(*b"2222")),
        ];
        let answers = database.commit(&batch);
        let listed = [("1111".to_string(), 1), ("2222".to_string(), 1)];
        assert_eq!(answers[0], Ok(Answer::Counts(Counted::Counted)));
        assert!(answers[1].as_ref().is_err_and(|failure| !failure.may_pass()), "{answers:?}");
        assert_eq!(answers[2], Ok(Answer::Counts(Counted::Statistics(listed.to_vec()))));
    }
}
