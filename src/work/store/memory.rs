//! Tables in memory: a model of a replica's file, and a replica without a disk.

use super::apply::{Purchase, Seen, apply};
use super::{Book, Entry, KEYS_KEPT, Order, Seq, Settled, first_books};
use std::collections::{BTreeMap, HashMap};

/// A replica whose state is lost when the process ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// The last applied entry.
    pub seq: Seq,
    /// Books by id.
    pub books: BTreeMap<u32, Book>,
    /// Orders by number.
    pub orders: Vec<Order>,
    /// Purchases by key, each with its entry.
    keys: HashMap<String, (Seq, Purchase)>,
}

impl Default for Tables {
    fn default() -> Tables {
        let books = first_books().map(|book| (book.id, book)).into();
        Tables { seq: 0, books, orders: Vec::new(), keys: HashMap::new() }
    }
}

impl Tables {
    /// Applies one entry.
    pub fn apply(&mut self, entry: &Entry) -> Settled {
        self.seq += 1;
        let seq = self.seq;
        let book = entry.book().and_then(|id| self.books.get(&id));
        let known = entry.key().and_then(|key| self.keys.get(key));
        let seen = Seen {
            book: book.cloned(),
            known: known.filter(|(at, _)| at + KEYS_KEPT > seq).map(|(_, known)| known.clone()),
            books: self.books.len() as u32,
            last_book: self.books.last_key_value().map_or(0, |(id, _)| *id),
            last_order: self.orders.len() as u64,
        };
        let change = apply(entry, seen);
        if let Some(book) = change.book {
            self.books.insert(book.id, book);
        }
        self.orders.extend(change.order);
        if let (Some(key), Some(purchase)) = (entry.key(), change.purchase) {
            self.keys.insert(key.to_string(), (seq, purchase));
        }
        change.settled
    }

    /// Returns a digest that is the same for equal tables.
    pub fn digest(&self) -> u64 {
        let books = self.books.values().map(Book::version);
        books.chain(self.orders.iter().map(Order::hash)).fold(0, u64::wrapping_add)
    }
}
