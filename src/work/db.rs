//! The database: the only code that knows SQLite.
//!
//! One thread owns the connection. It takes every request that waits, carries them out in one
//! transaction, and answers only when that is on disk: durability costs one `fsync` a batch.

use rusqlite::{Connection, Transaction, params};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// What to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Count a request of this user.
    Count(Username),
    /// Count a request of this user, then list all counts, this one included.
    Statistics(Username),
}

/// Four digits.
pub type Username = [u8; 4];

/// What was carried out and is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The count.
    Counted,
    /// Every user with at least one request, by name, and how many.
    Statistics(Vec<(String, i64)>),
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure(error.to_string())
    }
}

/// How long another process, say a shell, may hold the database before a batch fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS request_statistics(
    username TEXT PRIMARY KEY, request_count INTEGER NOT NULL) WITHOUT ROWID, STRICT";

const COUNT: &str = "INSERT INTO request_statistics VALUES (?1, 1)
    ON CONFLICT(username) DO UPDATE SET request_count = request_count + 1";

const LIST: &str = "SELECT username, request_count FROM request_statistics ORDER BY username";

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
        connection.execute(SCHEMA, [])?;
        Ok(Database { connection })
    }

    /// Carries out `batch` in one transaction. The answers are in the order of the requests; if
    /// the commit fails nothing of the batch is kept, and every answer says why.
    pub fn commit(&mut self, batch: &[Request]) -> Vec<Result<Answer, Failure>> {
        match self.try_commit(batch) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(failure) => batch.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    fn try_commit(&mut self, batch: &[Request]) -> Result<Vec<Answer>, Failure> {
        let transaction = self.connection.transaction()?;
        let answers =
            batch.iter().map(|request| answer(&transaction, request)).collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok(answers)
    }
}

fn answer(transaction: &Transaction<'_>, request: &Request) -> rusqlite::Result<Answer> {
    match request {
        Request::Count(username) => {
            count(transaction, *username)?;
            Ok(Answer::Counted)
        }
        Request::Statistics(username) => {
            count(transaction, *username)?;
            list(transaction).map(Answer::Statistics)
        }
    }
}

fn count(transaction: &Transaction<'_>, username: Username) -> rusqlite::Result<()> {
    let name = username.map(char::from).iter().collect::<String>();
    transaction.prepare_cached(COUNT)?.execute(params![name])?;
    Ok(())
}

fn list(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<(String, i64)>> {
    transaction.prepare_cached(LIST)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Database {
        Database::open(Path::new(":memory:")).unwrap()
    }

    #[test]
    fn a_batch_counts_each_request_and_lists_in_order() {
        let mut database = memory();
        let answers = database.commit(&[
            Request::Count(*b"2222"),
            Request::Count(*b"1111"),
            Request::Statistics(*b"2222"),
            Request::Statistics(*b"0001"),
        ]);
        let row = |name: &str, count| (name.to_string(), count);
        assert_eq!(
            answers,
            [
                Ok(Answer::Counted),
                Ok(Answer::Counted),
                Ok(Answer::Statistics(vec![row("1111", 1), row("2222", 2)])),
                Ok(Answer::Statistics(vec![row("0001", 1), row("1111", 1), row("2222", 2)])),
            ]
        );
    }

    #[test]
    fn a_failed_batch_keeps_nothing_and_the_next_one_is_served() {
        let mut database = memory();
        database.connection.execute("ALTER TABLE request_statistics RENAME TO away", []).unwrap();
        let answers = database.commit(&[Request::Count(*b"1111"), Request::Count(*b"1111")]);
        assert!(answers.iter().all(Result::is_err), "{answers:?}");
        database.connection.execute("ALTER TABLE away RENAME TO request_statistics", []).unwrap();
        assert_eq!(
            database.commit(&[Request::Statistics(*b"1111")]),
            [Ok(Answer::Statistics(vec![("1111".to_string(), 1)]))]
        );
    }
}
