//! One SQLite file, whatever its tables: how it is opened and checked, and how it commits.
//!
//! A file is of a [`Layout`]: it says so itself (`application_id`, `user_version`), and one that
//! says otherwise, is damaged or has other columns is refused with the reason. A commit has one
//! of three results: it is done, nothing was written, or that is not known.

use super::Failure;
use crate::work::files::{Draft, refusal};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// What kind of file it is.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Tells files of one kind from those of another, in SQLite's header.
    pub application_id: i32,
    /// Of the tables; a file of another version is refused.
    pub version: i32,
    /// Statements that create what is missing.
    pub schema: &'static [&'static str],
    /// When a commit is on the disk.
    pub commit: Commit,
    /// How long another process, say a shell, may hold the file before a batch fails.
    pub patience: Duration,
}

/// When a commit is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// Some time, before any later one.
    InOrder,
    /// When it is answered.
    AtOnce,
}

/// Opens the file, creates what is missing of its tables, and has `check` look at their rows in
/// the same transaction. Readers (the `sqlite3` shell, say) never wait for the writer: the
/// journal is a write-ahead log.
///
/// # Errors
/// SQLite's; that the file is damaged, of another kind, of another version, or has other columns;
/// and those of `check`.
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
    // Asked before anything is changed: a file that is none of ours stays as it is.
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

/// Whether [`open`] would succeed here and now: the same is tried, and all of it taken back.
///
/// # Errors
/// As of [`open`].
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

/// SQLite does not say why it could not open a file, or those that it has beside it.
fn reasoned(path: &Path, failure: Failure) -> Failure {
    let is_silent = failure.to_string().starts_with("unable to open database file");
    match is_silent.then(|| refusal(path)).flatten() {
        Some(why) => failure.explained(|reason| format!("{reason}: {why}")),
        None => failure,
    }
}

/// Creates what is missing of the tables, and has the file say what it is.
fn complete(transaction: &Transaction<'_>, layout: &Layout) -> Result<(), Failure> {
    layout.schema.iter().try_for_each(|schema| transaction.execute_batch(schema))?;
    columns_agree(transaction, layout)?;
    if pragma(transaction, "user_version")? != layout.version {
        transaction.pragma_update(None, "application_id", layout.application_id)?;
        transaction.pragma_update(None, "user_version", layout.version)?;
    }
    Ok(())
}

/// Carries out `work` in one transaction, and commits it. The file's lock is taken first: a
/// transaction that reads before it writes is refused when another process came between.
///
/// # Errors
/// Those of `work` and of SQLite. Unless the failure [is unknown](Failure::is_unknown), nothing
/// was written, and nothing of it will ever be found in the file.
pub fn write<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    write_as(TransactionBehavior::Immediate, connection, work)
}

/// The same for work that begins with a write, where other files are attached that it only reads:
/// theirs are not locked.
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
    // Without room, or without the lock, the last page of the transaction was not written whole.
    let is_settled = matches!(code, Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy));
    let failure = Failure::from(error);
    if is_settled || settle(connection).is_ok() { Err(failure) } else { Err(failure.unknown()) }
}

/// Carries out `work` without changing anything: nobody has to wait for it.
///
/// # Errors
/// Those of `work` and of SQLite.
pub fn read<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    work(&connection.transaction()?)
}

/// After a commit that failed, its pages may be in the journal all the same, and whoever opens
/// the file next would take them for written. Another commit takes their place there: the pages
/// behind it are worth nothing, since each checksum depends on those before.
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
        // SQLite's own words begin with a headline.
        _ => Err(Failure::new(format!("the file is damaged ({})", health.replace('\n', " ")))),
    }
}

/// A file of before there were versions says nothing of itself; its columns will tell.
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

/// Whether the tables have the columns that the statements about them count on.
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

/// Table, how many columns it has; place, name, type, whether it may be null, place in the key.
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
