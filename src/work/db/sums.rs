//! Digests of tables, which detect rows that were damaged on disk.
//!
//! A digest is the sum of the hashes of all rows, so it can be updated with every row that is added
//! or removed, in the same transaction. SQLite checks the structure of a file, but not its content.

use super::Failure;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Params, Row, Transaction, params};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

pub(super) const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS sums(
    name TEXT PRIMARY KEY, digest INTEGER NOT NULL) WITHOUT ROWID, STRICT";

/// The changes of one transaction to the digests of its tables.
#[derive(Debug, Default)]
pub struct Sums(BTreeMap<&'static str, u64>);

impl Sums {
    /// Executes a statement that ends with `RETURNING *` and adds its rows to the digest of
    /// `table`. Returns their number.
    pub fn put(
        &mut self,
        table: &'static str,
        transaction: &Transaction<'_>,
        (sql, params): (&str, impl Params),
    ) -> rusqlite::Result<usize> {
        let (rows, hash) = summed(transaction, sql, params)?;
        self.add(table, hash);
        Ok(rows)
    }

    /// Subtracts the selected rows of `table`, which the next statement changes or deletes.
    pub fn take(
        &mut self,
        table: &'static str,
        transaction: &Transaction<'_>,
        (sql, params): (&str, impl Params),
    ) -> rusqlite::Result<()> {
        let (_, hash) = summed(transaction, sql, params)?;
        self.add(table, hash.wrapping_neg());
        Ok(())
    }

    fn add(&mut self, table: &'static str, hash: u64) {
        let sum = self.0.entry(table).or_default();
        *sum = sum.wrapping_add(hash);
    }

    /// Writes the digests, as the last step of a transaction.
    pub fn write(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for (table, change) in self.0.into_iter().filter(|(_, change)| *change != 0) {
            let known = known(transaction, table)?.unwrap_or(0);
            set(transaction, table, known.wrapping_add(change))?;
        }
        Ok(())
    }
}

/// Compares the rows of `tables` with their digests. A table without a digest receives one.
pub(super) fn verify(transaction: &Transaction<'_>, tables: &[&str]) -> Result<(), Failure> {
    for table in tables {
        let (_, found) = summed(transaction, &format!("SELECT * FROM {table}"), [])?;
        match known(transaction, table)? {
            None => set(transaction, table, found)?,
            Some(known) if known == found => {}
            Some(_) => {
                return Err(Failure::new(format!(
                    "the rows of {table} are not those that were written (if they were changed \
                     by hand, DELETE FROM sums accepts them as they are)"
                )));
            }
        }
    }
    Ok(())
}

fn known(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<Option<u64>> {
    let mut select = transaction.prepare_cached("SELECT digest FROM sums WHERE name = ?1")?;
    let digest = select.query_row([table], |row| row.get::<_, i64>(0)).optional()?;
    Ok(digest.map(|digest| digest as u64))
}

fn set(transaction: &Transaction<'_>, table: &str, digest: u64) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO sums VALUES (?1, ?2)")?;
    insert.execute(params![table, digest as i64]).map(drop)
}

/// Returns the number of rows of a statement, and the sum of their hashes.
fn summed(
    transaction: &Transaction<'_>,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<(usize, u64)> {
    let mut statement = transaction.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params)?;
    let (mut count, mut sum) = (0, 0_u64);
    while let Some(row) = rows.next()? {
        count += 1;
        sum = sum.wrapping_add(hash(row, columns)?);
    }
    Ok((count, sum))
}

/// Returns the first bits of a hash of all columns, with their types and lengths.
fn hash(row: &Row<'_>, columns: usize) -> rusqlite::Result<u64> {
    let mut hash = Sha256::new();
    let mut text = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for column in 0..columns {
        match row.get_ref(column)? {
            ValueRef::Null => text(0, &[]),
            ValueRef::Integer(number) => text(1, &number.to_le_bytes()),
            ValueRef::Real(number) => text(2, &number.to_le_bytes()),
            ValueRef::Text(bytes) => text(3, bytes),
            ValueRef::Blob(bytes) => text(4, bytes),
        }
    }
    let hash = hash.finalize();
    let (first, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
    Ok(u64::from_le_bytes(*first))
}
