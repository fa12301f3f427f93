//! The state of a file, page by page: read from the log's file, and assembled in a replica's file.
//!
//! Rows are staged beside a replica's tables. When all of them have arrived and match the digest,
//! they replace the tables in one transaction.

use super::tables::{self, Place, put_book, put_key, put_order, write_place};
use super::{Answer, Failure};
use crate::limits;
use crate::work::store::codec::settled;
use crate::work::store::page::{Cursor, Key, Page, Rows};
use crate::work::store::{Book, Order};
use rusqlite::{Row, Transaction, params};

/// Returns the page at this cursor.
pub fn page(transaction: &Transaction<'_>, place: &Place, at: Cursor) -> Result<Answer, Failure> {
    let most = limits::STORE_PAGE as i64;
    let (rows, next) = match at {
        Cursor::Books(after) => {
            let select = "SELECT id, title, quantity, price, topic FROM books WHERE id > ?1 \
                          ORDER BY id LIMIT ?2";
            let books = some(transaction, select, after, most, tables::book)?;
            let last = books.last().map(|book: &Book| Cursor::Books(book.id.into()));
            let next = last.filter(|_| books.len() == limits::STORE_PAGE);
            (Rows::Books(books), Some(next.unwrap_or(Cursor::Orders(0))))
        }
        Cursor::Orders(after) => {
            let select = "SELECT id, book_id, CAST(strftime('%s', order_date) AS INTEGER), \
                          quantity FROM orders WHERE id > ?1 ORDER BY id LIMIT ?2";
            let orders = some(transaction, select, after, most, tables::order)?;
            let last = orders.last().map(|order: &Order| Cursor::Orders(order.id));
            let next = last.filter(|_| orders.len() == limits::STORE_PAGE);
            (Rows::Orders(orders), Some(next.unwrap_or(Cursor::Keys(0))))
        }
        Cursor::Keys(after) => {
            let select = "SELECT key, seq, book, quantity, outcome FROM keys WHERE seq > ?1 \
                          ORDER BY seq LIMIT ?2";
            let found = some(transaction, select, after, most, key)?;
            let keys = found.into_iter().collect::<Option<Vec<_>>>();
            let keys = keys.ok_or_else(|| Failure::new("the outcome of a key is damaged"))?;
            let next = keys.last().map(|key| Cursor::Keys(key.seq));
            let next = next.filter(|_| keys.len() == limits::STORE_PAGE);
            (Rows::Keys(keys), next)
        }
    };
    let Place { seq, digest, .. } = *place;
    Ok(Answer::Page(Page { seq, digest, rows, next }))
}

fn some<T>(
    transaction: &Transaction<'_>,
    select: &str,
    after: u64,
    most: i64,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Failure> {
    let mut select = transaction.prepare_cached(select)?;
    let rows = select.query_map(params![after as i64, most], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn key(row: &Row<'_>) -> rusqlite::Result<Option<Key>> {
    let outcome: String = row.get(4)?;
    let outcome = serde_json::from_str(&outcome).ok().as_ref().and_then(settled);
    let Some(settled) = outcome else { return Ok(None) };
    let (key, seq) = (row.get(0)?, row.get::<_, i64>(1)? as u64);
    Ok(Some(Key { key, seq, book: row.get(2)?, quantity: row.get(3)?, settled }))
}

/// The tables of a state whose staged rows are not complete yet.
const STAGED: [&str; 3] = ["books", "orders", "keys"];

/// Stages rows of a state `at` this cursor; the last page makes it the state of the file.
pub fn stage(transaction: &Transaction<'_>, at: Cursor, page: &Page) -> Result<(), Failure> {
    if at == Cursor::FIRST {
        for table in STAGED {
            let staged = format!(
                "DROP TABLE IF EXISTS staged_{table};
                 CREATE TABLE staged_{table} AS SELECT * FROM {table} WHERE 0"
            );
            transaction.execute_batch(&staged)?;
        }
    }
    match &page.rows {
        Rows::Books(books) => {
            books.iter().try_for_each(|book| put_book(transaction, "staged_books", book))?;
        }
        Rows::Orders(orders) => {
            orders.iter().try_for_each(|order| put_order(transaction, "staged_orders", *order))?;
        }
        Rows::Keys(keys) => {
            keys.iter().try_for_each(|key| put_key(transaction, "staged_keys", key))?;
        }
    }
    if page.next.is_none() {
        take_over(transaction, page)?;
    }
    Ok(())
}

fn take_over(transaction: &Transaction<'_>, page: &Page) -> Result<(), Failure> {
    for table in STAGED {
        let replace = format!(
            "DELETE FROM {table};
             INSERT INTO {table} SELECT * FROM staged_{table};
             DROP TABLE staged_{table}"
        );
        transaction.execute_batch(&replace)?;
    }
    let (mut place, _) = tables::look(transaction)?;
    place.seq = page.seq;
    if place.digest != page.digest {
        return Err(Failure::new("the rows that came are not those that were promised"));
    }
    write_place(transaction, &place)
}
