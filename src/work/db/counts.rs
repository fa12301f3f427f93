//! The number of requests of each user of the π service.

use super::Sums;
use rusqlite::Transaction;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Counts a request of this user.
    Count(Username),
    /// Counts a request of this user, then lists all counts, including this one.
    Statistics(Username),
}

/// A user name: four digits.
pub type Username = [u8; 4];

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The request is counted.
    Counted,
    /// All users with at least one request, by name, with their counts.
    Statistics(Vec<(String, i64)>),
}

/// The table of counts.
pub(super) const TABLE: &str = "request_statistics";

pub(super) const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS request_statistics(
    username TEXT PRIMARY KEY, request_count INTEGER NOT NULL) WITHOUT ROWID, STRICT";

const COUNT: &str = "INSERT INTO request_statistics VALUES (?1, 1)
    ON CONFLICT(username) DO UPDATE SET request_count = request_count + 1 RETURNING *";

const ONE: &str = "SELECT * FROM request_statistics WHERE username = ?1";

const LIST: &str = "SELECT username, request_count FROM request_statistics ORDER BY username";

pub(super) fn answer(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    request: &Request,
) -> rusqlite::Result<Answer> {
    match request {
        Request::Count(username) => {
            count(transaction, sums, *username)?;
            Ok(Answer::Counted)
        }
        Request::Statistics(username) => {
            count(transaction, sums, *username)?;
            list(transaction).map(Answer::Statistics)
        }
    }
}

fn count(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    username: Username,
) -> rusqlite::Result<()> {
    let name = username.map(char::from).iter().collect::<String>();
    sums.take(TABLE, transaction, (ONE, [&name]))?;
    sums.put(TABLE, transaction, (COUNT, [&name])).map(drop)
}

fn list(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<(String, i64)>> {
    transaction.prepare_cached(LIST)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn each_request_is_counted_and_users_are_listed_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let transaction = connection.transaction().unwrap();
        let requests = [
            Request::Count(*b"2222"),
            Request::Count(*b"1111"),
            Request::Statistics(*b"2222"),
            Request::Statistics(*b"0001"),
        ];
        let answers =
            requests.map(|request| answer(&transaction, &mut Sums::default(), &request).unwrap());
        let row = |name: &str, count| (name.to_string(), count);
        assert_eq!(
            answers,
            [
                Answer::Counted,
                Answer::Counted,
                Answer::Statistics(vec![row("1111", 1), row("2222", 2)]),
                Answer::Statistics(vec![row("0001", 1), row("1111", 1), row("2222", 2)]),
            ]
        );
    }
}
