//! The first state of a log, page by page, for a follower that lacks entries that were folded.
//!
//! All pages of one state have its sequence number and its digest; a different number means a
//! different state. A page has rows of one table in order, and the cursor of the next page. Neither
//! side ever has more than one page in memory.

use super::codec::{self, ID_MAX, KEY_MAX, TITLE_MAX, TOPIC_MAX, number, settled, settled_value};
use super::{Book, Order, PRICE_MAX, QUANTITY_MAX, Seq, Settled};
use serde_json::{Map, Value, json};
use std::fmt;

/// The position of a page: after the row of that table with this number. The number of a key is
/// that of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// Among the books.
    Books(u64),
    /// Among the orders.
    Orders(u64),
    /// Among the keys.
    Keys(u64),
}

impl Cursor {
    /// The cursor of the first page.
    pub const FIRST: Cursor = Cursor::Books(0);

    /// Parses a printed cursor.
    pub fn parse(text: &str) -> Option<Cursor> {
        let (table, number) = text.split_once('-')?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|n| digits && *n <= i64::MAX as u64)?;
        match table {
            "books" => Some(Cursor::Books(number)),
            "orders" => Some(Cursor::Orders(number)),
            "keys" => Some(Cursor::Keys(number)),
            _ => None,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cursor::Books(number) => write!(f, "books-{number}"),
            Cursor::Orders(number) => write!(f, "orders-{number}"),
            Cursor::Keys(number) => write!(f, "keys-{number}"),
        }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The last included entry.
    pub seq: Seq,
    /// The digest of the whole state.
    pub digest: u64,
    /// The rows.
    pub rows: Rows,
    /// The cursor of the next page; none after the last page.
    pub next: Option<Cursor>,
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Books.
    Books(Vec<Book>),
    /// Orders.
    Orders(Vec<Order>),
    /// Keys with their purchases.
    Keys(Vec<Key>),
}

/// A key with its purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub key: String,
    /// The number of its entry.
    pub seq: Seq,
    /// The id of the book.
    pub book: u32,
    /// The number of copies.
    pub quantity: u32,
    /// The outcome.
    pub settled: Settled,
}

impl Page {
    /// Prints the page.
    pub fn print(&self) -> String {
        let (name, rows) = match &self.rows {
            Rows::Books(books) => ("books", books.iter().map(book_value).collect()),
            Rows::Orders(orders) => ("orders", orders.iter().map(order_value).collect()),
            Rows::Keys(keys) => ("keys", keys.iter().map(key_value).collect()),
        };
        let next = self.next.map(|cursor| cursor.to_string());
        let mut page = json!({"seq": self.seq, "digest": self.digest, "next": next});
        page[name] = Value::Array(rows);
        page.to_string()
    }

    /// Parses the output of [`Page::print`].
    pub fn parse(body: &[u8]) -> Option<Page> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let object = value.as_object()?;
        let list = |name: &str| object.get(name).and_then(Value::as_array);
        let rows = match (list("books"), list("orders"), list("keys")) {
            (Some(books), None, None) => Rows::Books(all(books, book)?),
            (None, Some(orders), None) => Rows::Orders(all(orders, order)?),
            (None, None, Some(keys)) => Rows::Keys(all(keys, key)?),
            _ => return None,
        };
        let next = object.get("next")?;
        let is_last = next.is_null();
        let next = if is_last { None } else { Some(Cursor::parse(next.as_str()?)?) };
        let seq = number(object, "seq", i64::MAX as u64)?;
        Some(Page { seq, digest: number(object, "digest", u64::MAX)?, rows, next })
    }
}

fn all<T>(list: &[Value], read: fn(&Map<String, Value>) -> Option<T>) -> Option<Vec<T>> {
    list.iter().map(|value| read(value.as_object()?)).collect()
}

fn book_value(book: &Book) -> Value {
    let Book { id, title, quantity, price, topic } = book;
    json!({"id": id, "title": title, "quantity": quantity, "price": price, "topic": topic})
}

fn book(object: &Map<String, Value>) -> Option<Book> {
    let text = |name, most| codec::text(object, name, most, 4 * most);
    Some(Book {
        id: number(object, "id", ID_MAX).filter(|id| *id > 0)? as u32,
        title: text("title", TITLE_MAX)?,
        quantity: number(object, "quantity", QUANTITY_MAX.into())? as u32,
        price: number(object, "price", PRICE_MAX.into())? as u32,
        topic: text("topic", TOPIC_MAX)?,
    })
}

fn order_value(order: &Order) -> Value {
    let Order { id, book, at, quantity } = order;
    json!({"id": id, "book": book, "at": at, "quantity": quantity})
}

fn order(object: &Map<String, Value>) -> Option<Order> {
    Some(Order {
        id: number(object, "id", i64::MAX as u64)?,
        book: number(object, "book", ID_MAX)? as u32,
        at: number(object, "at", i64::MAX as u64)?,
        quantity: number(object, "quantity", QUANTITY_MAX.into())? as u32,
    })
}

fn key_value(key: &Key) -> Value {
    let Key { key, seq, book, quantity, settled } = key;
    let settled = settled_value(settled);
    json!({"key": key, "seq": seq, "book": book, "quantity": quantity, "settled": settled})
}

fn key(object: &Map<String, Value>) -> Option<Key> {
    Some(Key {
        key: codec::text(object, "key", KEY_MAX, KEY_MAX)?,
        seq: number(object, "seq", i64::MAX as u64)?,
        book: number(object, "book", ID_MAX)? as u32,
        quantity: number(object, "quantity", QUANTITY_MAX.into())? as u32,
        settled: settled(object.get("settled")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::store::{Outcome, first_books};

    #[test]
    fn a_page_of_each_table_is_read_as_it_was_printed() {
        let order = Order { id: 1, book: 2, at: 3, quantity: 4 };
        let settled = Settled { outcome: Outcome::NoBook, replayed: false };
        let key = Key { key: "k".to_string(), seq: 9, book: 2, quantity: 1, settled };
        for (rows, next) in [
            (Rows::Books(first_books().to_vec()), Some(Cursor::Orders(0))),
            (Rows::Orders(vec![order]), Some(Cursor::Keys(0))),
            (Rows::Keys(vec![key]), None),
            (Rows::Keys(Vec::new()), None),
        ] {
            let page = Page { seq: 9, digest: u64::MAX, rows, next };
            assert_eq!(Page::parse(page.print().as_bytes()), Some(page));
        }
    }

    #[test]
    fn a_cursor_is_a_table_and_a_number() {
        for cursor in [Cursor::FIRST, Cursor::Orders(7), Cursor::Keys(i64::MAX as u64)] {
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        for text in ["", "books", "books-", "books-x", "books-+1", "state-1", "keys--1"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
        assert_eq!(Cursor::parse("keys-9223372036854775808"), None);
    }
}
