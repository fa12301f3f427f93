//! The database: the only code that knows SQLite.
//!
//! One thread owns the connection. It takes every request that waits, carries them out in one
//! transaction, and answers only when that is on disk: durability costs one `fsync` a batch. Each
//! group of tables is a file below, with its schema, its requests and its answers.

pub mod chat;
pub mod counts;
pub mod spent;
pub mod store;

use super::Outcome;
use rusqlite::{Connection, ErrorCode, Transaction};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// What to carry out: one variant per group of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// How often each user of π asked.
    Counts(counts::Request),
    /// The live chat.
    Chat(chat::Request),
    /// Spent proofs of work.
    Spent(spent::Request),
}

/// What was carried out and is on disk, in the same groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// How often each user of π asked.
    Counts(counts::Answer),
    /// The live chat.
    Chat(chat::Answer),
    /// Spent proofs of work.
    Spent(spent::Answer),
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    reason: String,
    passing: bool,
}

impl Failure {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), passing: false }
    }

    /// For this reason, which may be gone in a while.
    pub fn passing(reason: impl Into<String>) -> Failure {
        Failure { passing: true, ..Failure::new(reason) }
    }

    /// Whether the same may succeed in a while: the disk was full, say.
    pub fn may_pass(&self) -> bool {
        self.passing
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        let passing = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => true,
            Some(_) | None => false,
        };
        Failure { passing, ..Failure::new(error.to_string()) }
    }
}

/// A file that one thread owns: it carries out all that waits at a time, and says what is on disk.
pub trait Ledger: Send + 'static {
    /// What to carry out.
    type Request: Clone + Send;
    /// What was carried out.
    type Answer: Send;

    /// Carries out `batch`. The answers are in the order of the requests.
    fn commit(&mut self, batch: &[Self::Request]) -> Vec<Result<Self::Answer, Failure>>;

    /// An answer, as the outcome of a job.
    fn outcome(answer: Result<Self::Answer, Failure>) -> Outcome;
}

/// How long another process, say a shell, may hold the database before a batch fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The tables of every group.
const SCHEMAS: [&str; 3] = [counts::SCHEMA, chat::SCHEMA, spent::SCHEMA];

/// The open database.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens the file, creating it and its tables as needed. Readers (the `sqlite3` shell, say)
    /// never wait for the writer: the journal is a write-ahead log.
    ///
    /// # Errors
    /// SQLite's, when the file cannot be opened or is no database.
    pub fn open(path: &Path) -> Result<Database, Failure> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        for schema in SCHEMAS {
            connection.execute_batch(schema)?;
        }
        Ok(Database { connection })
    }

    fn try_commit(&mut self, batch: &[Request]) -> Result<Vec<Answer>, Failure> {
        let transaction = self.connection.transaction()?;
        let answers =
            batch.iter().map(|request| answer(&transaction, request)).collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok(answers)
    }
}

impl Ledger for Database {
    type Request = Request;
    type Answer = Answer;

    /// All of it in one transaction: if the commit fails nothing of the batch is kept, and every
    /// answer says why.
    fn commit(&mut self, batch: &[Request]) -> Vec<Result<Answer, Failure>> {
        match self.try_commit(batch) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(failure) => batch.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    fn outcome(answer: Result<Answer, Failure>) -> Outcome {
        Outcome::Database(answer)
    }
}

fn answer(transaction: &Transaction<'_>, request: &Request) -> rusqlite::Result<Answer> {
    match request {
        Request::Counts(request) => counts::answer(transaction, request).map(Answer::Counts),
        Request::Chat(request) => chat::answer(transaction, request).map(Answer::Chat),
        Request::Spent(request) => spent::answer(transaction, request).map(Answer::Spent),
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
}
