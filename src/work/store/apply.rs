//! The effect of an entry: the function with which every replica advances.
//!
//! It is deterministic and depends only on its arguments. Stock never becomes negative, an order
//! exists exactly if its copies were taken out of stock, and a purchase with a key is executed
//! once.

use super::{BOOKS_MAX, Book, Entry, Order, Outcome, QUANTITY_MAX, Settled};

/// The part of a replica's tables that an entry depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The book of the entry.
    pub book: Option<Book>,
    /// The purchase that is stored under its key.
    pub known: Option<Purchase>,
    /// The number of books.
    pub books: u32,
    /// The highest id of a book.
    pub last_book: u32,
    /// The number of the last order.
    pub last_order: u64,
}

/// A purchase that is stored under a key, with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The id of the book.
    pub book: u32,
    /// The number of copies.
    pub quantity: u32,
    /// The outcome.
    pub outcome: Outcome,
}

/// The changes to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The reply to the writer.
    pub settled: Settled,
    /// The new state of the book.
    pub book: Option<Book>,
    /// A new order.
    pub order: Option<Order>,
    /// The purchase to store under the entry's key.
    pub purchase: Option<Purchase>,
}

impl Change {
    fn none(outcome: Outcome) -> Change {
        let settled = Settled { outcome, replayed: false };
        Change { settled, book: None, order: None, purchase: None }
    }

    fn to(book: Book) -> Change {
        Change { book: Some(book.clone()), ..Change::none(Outcome::Kept(book)) }
    }

    /// Returns the change of a replica's digest, given the previous state of the book.
    pub fn digest(&self, before: Option<&Book>) -> u64 {
        let gone = self.book.as_ref().and(before).map_or(0, Book::version);
        let come = self.book.as_ref().map_or(0, Book::version);
        let sold = self.order.as_ref().map_or(0, Order::hash);
        come.wrapping_sub(gone).wrapping_add(sold)
    }
}

impl Entry {
    /// Returns the id of the entry's book.
    pub fn book(&self) -> Option<u32> {
        match self {
            Entry::Sell { book, .. } | Entry::Change { book, .. } | Entry::Stock { book, .. } => {
                Some(*book)
            }
            Entry::Add { .. } => None,
        }
    }

    /// Returns the id and the topic of the book that the entry may change, as far as the entry
    /// contains them: the topic if the entry sets it, and the id if the book exists already.
    pub fn concerns(&self) -> (u32, String) {
        let topic = match self {
            Entry::Change { topic, .. } => topic.clone().unwrap_or_default(),
            Entry::Add { topic, .. } => topic.clone(),
            Entry::Sell { .. } | Entry::Stock { .. } => String::new(),
        };
        (self.book().unwrap_or(0), topic)
    }

    /// Returns the entry's key.
    pub fn key(&self) -> Option<&str> {
        match self {
            Entry::Sell { key, .. } => key.as_deref(),
            Entry::Change { .. } | Entry::Stock { .. } | Entry::Add { .. } => None,
        }
    }
}

/// Returns the changes that `entry` makes in tables with this content.
pub fn apply(entry: &Entry, seen: Seen) -> Change {
    match entry {
        Entry::Sell { book, quantity, key, at } => sell(seen, *book, *quantity, *at, key.is_some()),
        Entry::Change { price, quantity, title, topic, expected, .. } => {
            let Some(mut book) = seen.book else {
                return Change::none(Outcome::NoBook);
            };
            if expected.as_ref().is_some_and(|versions| !versions.contains(&book.version())) {
                return Change::none(Outcome::Stale);
            }
            book.price = price.unwrap_or(book.price);
            book.quantity = quantity.unwrap_or(book.quantity);
            if let Some(title) = title {
                book.title.clone_from(title);
            }
            if let Some(topic) = topic {
                book.topic.clone_from(topic);
            }
            Change::to(book)
        }
        Entry::Stock { delta, .. } => {
            let Some(mut book) = seen.book else {
                return Change::none(Outcome::NoBook);
            };
            match i64::from(book.quantity).saturating_add(*delta) {
                ..0 => Change::none(Outcome::Short { available: book.quantity }),
                sum if sum > i64::from(QUANTITY_MAX) => Change::none(Outcome::Full),
                sum => {
                    book.quantity = sum as u32;
                    Change::to(book)
                }
            }
        }
        Entry::Add { title, quantity, price, topic } => {
            if seen.books >= BOOKS_MAX {
                return Change::none(Outcome::Full);
            }
            let (id, quantity, price) = (seen.last_book + 1, *quantity, *price);
            Change::to(Book { id, title: title.clone(), quantity, price, topic: topic.clone() })
        }
    }
}

fn sell(seen: Seen, id: u32, quantity: u32, at: u64, keyed: bool) -> Change {
    if let Some(known) = seen.known.filter(|_| keyed) {
        let same = known.book == id && known.quantity == quantity;
        let outcome = if same { known.outcome } else { Outcome::KeyTaken };
        return Change {
            settled: Settled { outcome, replayed: same },
            ..Change::none(Outcome::NoBook)
        };
    }
    let mut change = match seen.book {
        None => Change::none(Outcome::NoBook),
        Some(book) if book.quantity < quantity => {
            Change::none(Outcome::Short { available: book.quantity })
        }
        Some(mut book) => {
            book.quantity -= quantity;
            let order = Order { id: seen.last_order + 1, book: id, at, quantity };
            let sold = Outcome::Sold { order: order.id, left: book.quantity };
            Change { book: Some(book), order: Some(order), ..Change::none(sold) }
        }
    };
    let outcome = change.settled.outcome.clone();
    change.purchase = keyed.then_some(Purchase { book: id, quantity, outcome });
    change
}
