//! The log's records: appended, read, and folded into the log's first state.

use super::tables::{self, Place};
use super::{Answer, Ends, Failure};
use crate::limits;
use crate::work::store::{Entry, Seq, codec};
use rusqlite::{Transaction, params};
use sha2::{Digest as _, Sha256};

/// Appends a record.
pub fn append(
    transaction: &Transaction<'_>,
    entries: &[Entry],
    ends: &mut Ends,
) -> Result<Answer, Failure> {
    let first = ends.tip + 1;
    let text = codec::print(entries);
    let insert = "INSERT INTO log VALUES (?1, ?2, ?3, ?4)";
    transaction.prepare_cached(insert)?.execute(params![
        first as i64,
        entries.len() as i64,
        text,
        sum(first, &text)
    ])?;
    ends.tip += entries.len() as u64;
    let length = ends.tip - ends.place.seq;
    // Folding waits for a follower that reads the first state, but not forever.
    let is_read = ends.tip < ends.read_until && length < 2 * limits::STORE_LOG_ENTRIES;
    if length > limits::STORE_LOG_ENTRIES + limits::STORE_FOLD && !is_read {
        fold(transaction, &mut ends.place)?;
    }
    Ok(Answer::Appended(first))
}

/// Folds the oldest records into the log's first state.
fn fold(transaction: &Transaction<'_>, place: &mut Place) -> Result<(), Failure> {
    let until = place.seq + limits::STORE_FOLD;
    while place.seq < until {
        let Answer::Entries(first, entries) = read(transaction, place.seq, 1, place.seq)? else {
            break;
        };
        tables::advance(transaction, place, first, &entries)?;
    }
    let delete = "DELETE FROM log WHERE seq <= ?1";
    transaction.prepare_cached(delete)?.execute([place.seq as i64])?;
    Ok(())
}

/// Reads whole records with entries after `since`, until there are `most` entries or more.
pub fn read(
    transaction: &Transaction<'_>,
    since: Seq,
    most: usize,
    base: Seq,
) -> Result<Answer, Failure> {
    if since < base {
        return Ok(Answer::Folded);
    }
    let select = "SELECT seq, count, entries, sum FROM log WHERE seq + count > ?1 AND seq > ?2 \
                  ORDER BY seq";
    let mut select = transaction.prepare_cached(select)?;
    // A record has at most this many entries, so the one with `since` begins close by.
    let from = (since as i64).saturating_sub(limits::STORE_BATCH as i64);
    let mut rows = select.query(params![since as i64 + 1, from])?;
    let mut all = Vec::new();
    let mut next = since + 1;
    while let Some(row) = rows.next()? {
        let (seq, count, text) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)?, row.get(2)?);
        let text: String = text;
        let stored: Vec<u8> = row.get(3)?;
        let entries = codec::parse(text.as_bytes()).filter(|entries| {
            stored == sum(seq, &text) && entries.len() as i64 == count && seq <= next
        });
        let Some(entries) = entries else {
            return Err(Failure::new(format!("record {seq} of the log is damaged")));
        };
        let known = (next - seq) as usize;
        next = seq + entries.len() as u64;
        all.extend(entries.into_iter().skip(known));
        if all.len() >= most {
            break;
        }
    }
    Ok(Answer::Entries(since + 1, all.into()))
}

/// Returns bits of a hash: a record that was damaged on disk is not read as a different one.
fn sum(first: Seq, text: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(first.to_le_bytes());
    hash.update(text.as_bytes());
    hash.finalize()[..8].to_vec()
}
