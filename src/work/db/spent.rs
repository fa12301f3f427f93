//! Proofs of work that were spent, each by its hash and its second.
//!
//! Rows are numbered in the order of insertion, and the oldest ones are deleted after they expire.
//! So the first and the last number give an upper bound of the number of rows.

use rusqlite::{OptionalExtension, Transaction, params};

/// A request to spend a proof, unless it was spent less than `kept_s` seconds ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// SHA-256 of the proof.
    pub hash: [u8; 32],
    /// The current time in seconds since 1970.
    pub now_s: i64,
    /// The seconds after which a spent proof is forgotten.
    pub kept_s: i64,
    /// The largest number of rows.
    pub most: i64,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The proof was spent by this request.
    Spent,
    /// The proof was spent earlier.
    Known,
    /// The table is full; the oldest row expires after this many seconds.
    Full(u32),
}

pub(super) const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS pow_spent(
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, spent_s INTEGER NOT NULL) STRICT";

/// Rows examined per insertion: the table shrinks while its oldest rows have expired.
const SWEPT: i64 = 8;

const SWEEP: &str = "DELETE FROM pow_spent WHERE spent_s <= ?1
    AND number IN (SELECT number FROM pow_spent ORDER BY number LIMIT ?2)";

const OLDEST: &str = "SELECT number, spent_s FROM pow_spent ORDER BY number LIMIT 1";

const NEWEST: &str = "SELECT number FROM pow_spent ORDER BY number DESC LIMIT 1";

pub(super) fn answer(transaction: &Transaction<'_>, request: &Request) -> rusqlite::Result<Answer> {
    let Request { hash, now_s, kept_s, most } = request;
    let expired = now_s.saturating_sub(*kept_s);
    transaction.prepare_cached(SWEEP)?.execute(params![expired, SWEPT])?;
    let mut find = transaction.prepare_cached("SELECT spent_s FROM pow_spent WHERE hash = ?1")?;
    let found = find.query_row([hash], |row| row.get::<_, i64>(0)).optional()?;
    match found {
        Some(spent_s) if spent_s > expired => return Ok(Answer::Known),
        Some(_) => {
            let mut delete = transaction.prepare_cached("DELETE FROM pow_spent WHERE hash = ?1")?;
            delete.execute([hash])?;
        }
        None => {}
    }
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let oldest = transaction.prepare_cached(OLDEST)?.query_row([], pair).optional()?;
    let newest = transaction.prepare_cached(NEWEST)?.query_row([], |row| row.get::<_, i64>(0));
    if let (Some((first, spent_s)), Some(last)) = (oldest, newest.optional()?)
        && last - first + 1 >= *most
    {
        let left = spent_s.saturating_sub(expired).clamp(1, i64::from(u32::MAX));
        return Ok(Answer::Full(left as u32));
    }
    let mut insert =
        transaction.prepare_cached("INSERT INTO pow_spent(hash, spent_s) VALUES (?1, ?2)")?;
    insert.execute(params![hash, now_s])?;
    Ok(Answer::Spent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    const KEPT: i64 = 100;
    const MOST: i64 = 20;

    struct Table(Connection);

    impl Table {
        fn new() -> Table {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(SCHEMA).unwrap();
            Table(connection)
        }

        fn spend(&mut self, number: u8, now_s: i64) -> Answer {
            let request = Request { hash: [number; 32], now_s, kept_s: KEPT, most: MOST };
            let transaction = self.0.transaction().unwrap();
            let answer = answer(&transaction, &request).unwrap();
            transaction.commit().unwrap();
            answer
        }

        fn rows(&self) -> i64 {
            self.0.query_row("SELECT COUNT(*) FROM pow_spent", [], |row| row.get(0)).unwrap()
        }
    }

    #[test]
    fn a_proof_is_spent_once_until_it_is_forgotten() {
        let mut table = Table::new();
        assert_eq!(table.spend(1, 1000), Answer::Spent);
        assert_eq!(table.spend(1, 1000), Answer::Known);
        assert_eq!(table.spend(1, 1000 + KEPT - 1), Answer::Known);
        assert_eq!(table.spend(1, 1000 + KEPT), Answer::Spent);
        assert_eq!(table.spend(1, 1001 + KEPT), Answer::Known);
        assert_eq!(table.spend(1, 900), Answer::Known, "a clock set back forgets nothing");
    }

    #[test]
    fn a_full_table_keeps_live_proofs_and_says_when_to_retry() {
        let mut table = Table::new();
        for number in 0..MOST as u8 {
            assert_eq!(table.spend(number, 1000 + i64::from(number)), Answer::Spent);
        }
        assert_eq!(table.spend(99, 1030), Answer::Full(70));
        assert_eq!(table.spend(99, 1000 + KEPT - 1), Answer::Full(1));
        assert_eq!(table.spend(0, 1030), Answer::Known, "what lives is known all the same");
        assert_eq!(table.spend(99, 1000 + KEPT), Answer::Spent);
        assert_eq!(table.rows(), MOST);
        assert_eq!(table.spend(98, 1000 + KEPT), Answer::Full(1));
    }

    #[test]
    fn a_table_whose_rows_have_expired_shrinks_with_use() {
        let mut table = Table::new();
        for number in 0..MOST as u8 {
            table.spend(number, 1000);
        }
        for number in 100..104 {
            assert_eq!(table.spend(number, 5000), Answer::Spent);
        }
        assert_eq!(table.rows(), 4);
    }

    /// A simple model: a map from hashes to seconds that is scanned each time.
    #[test]
    fn any_order_of_spending_is_that_of_a_list() {
        let mut rng = fastrand::Rng::with_seed(7);
        let (mut table, mut list, mut now) = (Table::new(), Vec::<(u8, i64)>::new(), 1000);
        let mut seen = [0; 3];
        for _ in 0..5000 {
            now += rng.i64(0..9);
            let number = rng.u8(..60);
            list.retain(|(_, spent)| spent + KEPT > now);
            let known = list.iter().any(|(other, _)| *other == number);
            match table.spend(number, now) {
                Answer::Spent => {
                    assert!(!known && list.len() < MOST as usize);
                    list.push((number, now));
                    seen[0] += 1;
                }
                Answer::Known => {
                    assert!(known);
                    seen[1] += 1;
                }
                Answer::Full(seconds) => {
                    assert!(!known && list.len() == MOST as usize);
                    assert_eq!(list[0].1 + KEPT - now, i64::from(seconds));
                    seen[2] += 1;
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 100), "every answer was given: {seen:?}");
    }
}
