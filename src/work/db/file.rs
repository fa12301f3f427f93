//! One SQLite file with any tables: opening, checking and committing.
//!
//! A file has a [`Layout`], which its header records (`application_id`, `user_version`). A file
//! with another layout, a damaged file, or one with other columns is refused with the reason. A
//! commit has one of three results: it is done, nothing was written, or the result is unknown.

use super::Failure;
use crate::work::files::{Draft, refusal};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// The layout of a file.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The number in SQLite's header that identifies this kind of file.
    pub application_id: i32,
    /// The version of the tables; files of other versions are refused.
    pub version: i32,
    /// The statements that create missing tables.
    pub schema: &'static [&'static str],
    /// The durability of commits.
    pub commit: Commit,
    /// The time for which another process, for example a shell, may hold the file before a batch
    /// fails.
    pub patience: Duration,
}

/// The time at which a commit is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// Some time later, but before any later commit.
    InOrder,
    /// When it is answered.
    AtOnce,
}

/// Opens the file, creates its missing tables, and lets `check` examine their rows in the same
/// transaction. Readers, for example the `sqlite3` shell, never wait for the writer, because the
/// journal is a write-ahead log.
///
/// # Errors
/// Fails with SQLite's error; if the file is damaged, of another kind or version, or has other
/// columns; and if `check` fails.
pub fn open<T>(
    path: &Path,
    layout: &Layout,
    check: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<(Connection, T), Failure> {
    try_open(path, layout, check).map_err(|failure| reasoned(path, failure))
}

fn try_open<T>(
    path: &Path,
    layout: &Layout,
    check: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<(Connection, T), Failure> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(layout.patience)?;
    // This check precedes all changes: a file of another kind stays as it is.
    integrity(&connection)?;
    identity(&connection, layout)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match layout.commit {
        Commit::InOrder => "NORMAL",
        Commit::AtOnce => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    let checked = write(&mut connection, |transaction| {
        complete(transaction, layout)?;
        check(transaction)
    })?;
    Ok((connection, checked))
}

/// Tests if [`open`] would succeed now: it performs the same steps and rolls them back.
///
/// # Errors
/// The same as for [`open`].
pub fn probe<T>(
    path: &Path,
    layout: &Layout,
    check: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<(), Failure> {
    if !path.exists() {
        let draft = Draft::beside(path);
        return open(draft.path(), layout, check).map(drop);
    }
    try_probe(path, layout, check).map_err(|failure| reasoned(path, failure))
}

fn try_probe<T>(
    path: &Path,
    layout: &Layout,
    check: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<(), Failure> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(layout.patience)?;
    integrity(&connection)?;
    identity(&connection, layout)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    complete(&transaction, layout)?;
    check(&transaction)?;
    Ok(transaction.rollback()?)
}

/// Adds the reason why a file, or one beside it, cannot be opened, which SQLite does not report.
fn reasoned(path: &Path, failure: Failure) -> Failure {
    let is_silent = failure.to_string().starts_with("unable to open database file");
    match is_silent.then(|| refusal(path)).flatten() {
        Some(why) => failure.explained(|reason| format!("{reason}: {why}")),
        None => failure,
    }
}

/// Creates missing tables, and records the layout in the header.
fn complete(transaction: &Transaction<'_>, layout: &Layout) -> Result<(), Failure> {
    layout.schema.iter().try_for_each(|schema| transaction.execute_batch(schema))?;
    columns_agree(transaction, layout)?;
    if pragma(transaction, "user_version")? != layout.version {
        transaction.pragma_update(None, "application_id", layout.application_id)?;
        transaction.pragma_update(None, "user_version", layout.version)?;
    }
    Ok(())
}

/// Executes `work` in one transaction, and commits it. It locks the file first, because a
/// transaction that reads before it writes is refused if another process wrote in between.
///
/// # Errors
/// Fails if `work` or SQLite fails. Unless the failure [is unknown](Failure::is_unknown), nothing
/// was written, and nothing of it will appear in the file later.
pub fn write<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    write_as(TransactionBehavior::Immediate, connection, work)
}

/// Executes work that begins with a write. Attached files, which it only reads, are not locked.
///
/// # Errors
/// As for [`write()`].
pub fn write_attached<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    write_as(TransactionBehavior::Deferred, connection, work)
}

fn write_as<T>(
    behavior: TransactionBehavior,
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = connection.transaction_with_behavior(behavior)?;
    let done = work(&transaction)?;
    let Err(error) = transaction.commit() else { return Ok(done) };
    let code = error.sqlite_error_code();
    // When the disk is full or the lock is missing, the last page of the transaction was not
    // written completely.
    let is_settled = matches!(code, Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy));
    let failure = Failure::from(error);
    if is_settled || settle(connection).is_ok() { Err(failure) } else { Err(failure.unknown()) }
}

/// Executes `work` without changes; it takes no lock.
///
/// # Errors
/// Fails if `work` or SQLite fails.
pub fn read<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    work(&connection.transaction()?)
}

/// Overwrites the pages of a failed commit, which may be in the journal and would count as written
/// when the file is opened next. Another commit takes their place; the pages behind it become
/// invalid, because each checksum depends on those before.
fn settle(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = pragma(&transaction, "user_version")?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

fn integrity(connection: &Connection) -> Result<(), Failure> {
    let health: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match &*health {
        "ok" => Ok(()),
        // SQLite's message begins with a heading.
        _ => Err(Failure::new(format!("the file is damaged ({})", health.replace('\n', " ")))),
    }
}

/// Checks the header. A file older than the versions has none; its columns are checked later.
fn identity(connection: &Connection, layout: &Layout) -> Result<(), Failure> {
    let id = pragma(connection, "application_id")?;
    let version = pragma(connection, "user_version")?;
    if id != 0 && id != layout.application_id {
        return Err(Failure::new("the file is a database of another kind"));
    }
    if version != 0 && version != layout.version {
        return Err(Failure::new(format!(
            "the file has version {version} of its tables, and this program knows version {}",
            layout.version
        )));
    }
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Checks that the tables have the columns that the statements expect.
fn columns_agree(connection: &Connection, layout: &Layout) -> Result<(), Failure> {
    let expected = Connection::open_in_memory()?;
    layout.schema.iter().try_for_each(|schema| expected.execute_batch(schema))?;
    let (expected, found) = (columns(&expected)?, columns(connection)?);
    match expected.iter().find(|column| !found.contains(column)) {
        None => Ok(()),
        Some((table, ..)) => {
            Err(Failure::new(format!("the table {table} has other columns than it should have")))
        }
    }
}

/// The table and its number of columns; the position, name and type of a column, whether it is not
/// null, and its position in the key.
type Column = (String, i64, i64, String, String, bool, i64);

fn columns(connection: &Connection) -> rusqlite::Result<Vec<Column>> {
    let select = "SELECT t.name, t.ncol, c.cid, c.name, c.type, c.\"notnull\", c.pk
        FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
        WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut select = connection.prepare(select)?;
    let rows = select.query_map([], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
            row.get(6)?,
        ))
    })?;
    rows.collect()
}
