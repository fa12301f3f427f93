//! A replica's tables: books, orders, keys, and their position in the log.

use super::{Failure, Step};
use crate::work::db::file;
use crate::work::store::apply::{Change, Purchase, Seen, apply};
use crate::work::store::codec::{settled, settled_value};
use crate::work::store::order_key::OrderSecret;
use crate::work::store::page::Key;
use crate::work::store::{Book, Entry, KEYS_KEPT, Order, Seq, Settled, first_books};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::BTreeMap;
use std::path::Path;

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS books(
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, quantity INTEGER NOT NULL CHECK(quantity >= 0),
    price INTEGER NOT NULL, topic TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS orders(
    id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL, order_date TEXT NOT NULL,
    quantity INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS keys(
    key TEXT PRIMARY KEY, seq INTEGER NOT NULL, book INTEGER NOT NULL, quantity INTEGER NOT NULL,
    outcome TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS keys_by_seq ON keys(seq);
CREATE TABLE IF NOT EXISTS state(
    one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL, digest INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS origin(
    one INTEGER PRIMARY KEY CHECK(one = 1), log INTEGER NOT NULL, leased INTEGER NOT NULL
) STRICT";

/// The table of the secret in the log's file.
const ORDER_SECRET: &str = "CREATE TABLE IF NOT EXISTS order_secret(
    one INTEGER PRIMARY KEY CHECK(one = 1), secret BLOB NOT NULL CHECK(length(secret) = 32)
) STRICT";

/// The log that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The unique number of the log.
    pub log: u64,
    /// For the log's file: true if other processes have ever followed it.
    pub leased: bool,
}

/// The position of the tables in the log, and values that are needed often.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    pub seq: Seq,
    pub digest: u64,
    pub books: u32,
    pub last_book: u32,
    pub orders: u64,
}

/// Fills the tables of a new file with the first books, or checks those of an existing file.
pub fn open(transaction: &Transaction<'_>) -> Result<(Place, Vec<Book>), Failure> {
    let told = transaction
        .query_row("SELECT seq, digest FROM state", [], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
        })
        .optional()?;
    if told.is_none() {
        for book in first_books() {
            put_book(transaction, "books", &book)?;
        }
    }
    let (mut place, books) = look(transaction)?;
    match told {
        None => write_place(transaction, &place)?,
        Some((_, digest)) if digest != place.digest => {
            let text = "its rows are not those that were written";
            return Err(Failure::new(text));
        }
        Some((seq, _)) => place.seq = seq,
    }
    Ok((place, books))
}

/// Reads the tables without trusting the recorded values; the rows do not contain their sequence
/// number.
pub fn look(transaction: &Transaction<'_>) -> Result<(Place, Vec<Book>), Failure> {
    let books = books(transaction)?;
    let mut place = Place {
        books: books.len() as u32,
        last_book: books.last().map_or(0, |book| book.id),
        digest: books.iter().map(Book::version).fold(0, u64::wrapping_add),
        ..Place::default()
    };
    let all = "SELECT id, book_id, CAST(strftime('%s', order_date) AS INTEGER), quantity \
               FROM orders ORDER BY id";
    for order in transaction.prepare(all)?.query_map([], order)? {
        let order = order?;
        place.orders += 1;
        place.digest = place.digest.wrapping_add(order.hash());
        if order.id != place.orders {
            return Err(Failure::new(format!("order {} is missing", place.orders)));
        }
    }
    Ok((place, books))
}

/// Returns the log that the file belongs to, if recorded.
pub fn origin(connection: &Connection) -> Result<Option<Origin>, Failure> {
    let found = connection.query_row("SELECT log, leased FROM origin", [], |row| {
        Ok(Origin { log: row.get::<_, i64>(0)? as u64, leased: row.get(1)? })
    });
    Ok(found.optional()?)
}

/// Returns the secret of the log's orders; stores `fresh` if there is none.
pub fn order_secret(connection: &mut Connection, fresh: [u8; 32]) -> Result<OrderSecret, Failure> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(ORDER_SECRET)?;
    let put = "INSERT OR IGNORE INTO order_secret VALUES (1, ?1)";
    transaction.execute(put, [OrderSecret::new(fresh).bytes()])?;
    let select = "SELECT secret FROM order_secret";
    let bytes = transaction.query_row(select, [], |row| row.get::<_, [u8; 32]>(0))?;
    transaction.commit()?;
    Ok(OrderSecret::new(bytes))
}

/// Records the log that the file belongs to.
pub fn mark(transaction: &Transaction<'_>, origin: Origin) -> Result<(), Failure> {
    let write = "INSERT OR REPLACE INTO origin VALUES (1, ?1, ?2)";
    transaction.execute(write, params![origin.log as i64, origin.leased])?;
    Ok(())
}

/// Applies the entries that are not included yet.
pub fn advance(
    transaction: &Transaction<'_>,
    place: &mut Place,
    first: Seq,
    entries: &[Entry],
) -> Result<Step, Failure> {
    if first > place.seq + 1 {
        let text = format!("entries {} to {} are missing", place.seq + 1, first - 1);
        return Err(Failure::new(text));
    }
    let known = (place.seq + 1 - first).min(entries.len() as u64) as usize;
    let (mut done, mut changed) = (Vec::new(), BTreeMap::new());
    for entry in &entries[known..] {
        done.push(advance_by(transaction, place, entry, &mut changed)?);
    }
    // A book that is sold a thousand times is written once.
    for book in changed.values() {
        put_book(transaction, "books", book)?;
    }
    if known < entries.len() {
        write_place(transaction, place)?;
        let old = place.seq.saturating_sub(KEYS_KEPT);
        transaction.prepare_cached("DELETE FROM keys WHERE seq <= ?1")?.execute([old as i64])?;
    }
    let Place { seq, digest, orders, .. } = *place;
    Ok(Step { seq, digest, orders, settled: done, books: changed.into_values().collect() })
}

fn advance_by(
    transaction: &Transaction<'_>,
    place: &mut Place,
    entry: &Entry,
    changed: &mut BTreeMap<u32, Book>,
) -> Result<Settled, Failure> {
    let seq = place.seq + 1;
    let known = entry.key().map(|key| purchase(transaction, key, seq)).transpose()?.flatten();
    let before = match entry.book() {
        None => None,
        Some(id) => match changed.get(&id) {
            Some(book) => Some(book.clone()),
            None => find_book(transaction, id)?,
        },
    };
    let Place { books, last_book, orders: last_order, .. } = *place;
    let seen = Seen { book: before.clone(), known, books, last_book, last_order };
    let change = apply(entry, seen);
    place.digest = place.digest.wrapping_add(change.digest(before.as_ref()));
    place.seq = seq;
    let Change { settled, book, order, purchase } = change;
    if let Some(book) = book {
        place.books += u32::from(before.is_none());
        place.last_book = place.last_book.max(book.id);
        changed.insert(book.id, book);
    }
    if let Some(order) = order {
        place.orders = order.id;
        put_order(transaction, "orders", order)?;
    }
    if let (Some(key), Some(purchase)) = (entry.key(), purchase) {
        let (key, settled) = (key.to_string(), settled.clone());
        let Purchase { book, quantity, .. } = purchase;
        put_key(transaction, "keys", &Key { key, seq, book, quantity, settled })?;
    }
    Ok(settled)
}

/// Replaces the tables by those of another file.
pub fn restore(connection: &mut Connection, from: &Path) -> Result<(), Failure> {
    let path = from.to_string_lossy();
    connection.execute("ATTACH DATABASE ?1 AS source", [&path])?;
    let copied = file::write_attached(connection, copy);
    connection.execute("DETACH DATABASE source", [])?;
    copied
}

fn copy(transaction: &Transaction<'_>) -> Result<(), Failure> {
    for table in ["books", "orders", "keys", "state"] {
        transaction.execute(&format!("DELETE FROM main.{table}"), [])?;
        let insert = format!("INSERT INTO main.{table} SELECT * FROM source.{table}");
        transaction.execute(&insert, [])?;
    }
    Ok(())
}

/// Returns orders before this number, the newest first, with their printed dates.
pub fn orders(
    transaction: &Transaction<'_>,
    before: u64,
    most: usize,
) -> Result<Vec<(Order, String)>, Failure> {
    let select = "SELECT id, book_id, CAST(strftime('%s', order_date) AS INTEGER), quantity, \
                  order_date FROM orders WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    let mut select = transaction.prepare_cached(select)?;
    let before = before.min(i64::MAX as u64) as i64;
    let rows = select.query_map(params![before, most as i64], |row| {
        Ok((order(row)?, row.get::<_, String>(4)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn write_place(transaction: &Transaction<'_>, place: &Place) -> Result<(), Failure> {
    let write = "INSERT OR REPLACE INTO state VALUES (1, ?1, ?2)";
    let row = params![place.seq as i64, place.digest as i64];
    transaction.prepare_cached(write)?.execute(row)?;
    Ok(())
}

/// Writes a book to `table`.
pub fn put_book(transaction: &Transaction<'_>, table: &str, book: &Book) -> Result<(), Failure> {
    let write = format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2, ?3, ?4, ?5)");
    let Book { id, title, quantity, price, topic } = book;
    let row = params![id, title, quantity, price, topic];
    transaction.prepare_cached(&write)?.execute(row)?;
    Ok(())
}

/// Writes an order with its date to `table`.
pub fn put_order(transaction: &Transaction<'_>, table: &str, order: Order) -> Result<(), Failure> {
    let insert = format!(
        "INSERT INTO {table} VALUES \
         (?1, ?2, strftime('%Y-%m-%dT%H:%M:%SZ', ?3, 'unixepoch'), ?4)"
    );
    let Order { id, book, at, quantity } = order;
    let row = params![id as i64, book, at as i64, quantity];
    transaction.prepare_cached(&insert)?.execute(row)?;
    Ok(())
}

/// Writes a key with its outcome to `table`.
pub fn put_key(transaction: &Transaction<'_>, table: &str, key: &Key) -> Result<(), Failure> {
    let insert = format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2, ?3, ?4, ?5)");
    let Key { key, seq, book, quantity, settled } = key;
    let outcome = settled_value(settled).to_string();
    let row = params![key, *seq as i64, book, quantity, outcome];
    transaction.prepare_cached(&insert)?.execute(row)?;
    Ok(())
}

fn find_book(transaction: &Transaction<'_>, id: u32) -> Result<Option<Book>, Failure> {
    let select = "SELECT id, title, quantity, price, topic FROM books WHERE id = ?1";
    Ok(transaction.prepare_cached(select)?.query_row([id], book).optional()?)
}

fn books(transaction: &Transaction<'_>) -> Result<Vec<Book>, Failure> {
    let select = "SELECT id, title, quantity, price, topic FROM books ORDER BY id";
    let mut select = transaction.prepare(select)?;
    let rows = select.query_map([], book)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn purchase(
    transaction: &Transaction<'_>,
    key: &str,
    seq: Seq,
) -> Result<Option<Purchase>, Failure> {
    let select = "SELECT book, quantity, outcome FROM keys WHERE key = ?1 AND seq > ?2";
    let since = seq.saturating_sub(KEYS_KEPT) as i64;
    // The keys of the first entries have not expired: no lower number exists.
    let since = if seq <= KEYS_KEPT { 0 } else { since };
    let found = transaction
        .prepare_cached(select)?
        .query_row(params![key, since], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((book, quantity, outcome)) = found else {
        return Ok(None);
    };
    let value = serde_json::from_str(&outcome).ok();
    let Some(known) = value.as_ref().and_then(settled) else {
        return Err(Failure::new(format!("the outcome of key {key} is damaged")));
    };
    Ok(Some(Purchase { book, quantity, outcome: known.outcome }))
}

/// Reads a book from a row.
pub fn book(row: &Row<'_>) -> rusqlite::Result<Book> {
    Ok(Book {
        id: row.get(0)?,
        title: row.get(1)?,
        quantity: row.get(2)?,
        price: row.get(3)?,
        topic: row.get(4)?,
    })
}

/// Reads an order from a row.
pub fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
    Ok(Order { id: number(0)?, book: row.get(1)?, at: number(2)?, quantity: row.get(3)? })
}
