//! The values of the bookstore: books, orders, writes and their outcomes.
//!
//! A write is an [`Entry`] of one ordered log. [`apply`] computes its changes; it is the same
//! function for every replica, independent of the storage of its tables. This module does no I/O
//! and does not read the time.

pub mod apply;
pub mod codec;
pub mod list;
pub mod memory;
pub mod order_key;
pub mod page;
pub mod shelves;

use sha2::{Digest as _, Sha256};

/// A position in the log; the first entry has 1.
pub type Seq = u64;

/// The role of a peer of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It answers queries for books.
    Catalog,
    /// It sells books.
    Order,
    /// It stores the log.
    Log,
}

impl Role {
    /// Returns the name of the role.
    pub fn name(self) -> &'static str {
        match self {
            Role::Catalog => "catalog",
            Role::Order => "order",
            Role::Log => "log",
        }
    }
}

/// The reason why a write was not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// The log could not be written: nothing changed.
    Log,
    /// No replica is available, or too many writes wait: nothing changed.
    Busy,
    /// The write is in the log, but no replica reported its outcome.
    Unknown,
}

impl WriteError {
    /// Returns the name of the error.
    pub fn name(self) -> &'static str {
        match self {
            WriteError::Log => "log",
            WriteError::Busy => "busy",
            WriteError::Unknown => "unknown",
        }
    }
}

/// A book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The id, 1 to 2³¹.
    pub id: u32,
    /// The title, 1 to 200 characters.
    pub title: String,
    /// Copies in stock.
    pub quantity: u32,
    /// The price in cents.
    pub price: u32,
    /// The topic, 1 to 60 characters.
    pub topic: String,
}

/// A sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The number of the order: counted from 1 without gaps.
    pub id: u64,
    /// The id of the book.
    pub book: u32,
    /// The time in seconds since 1970.
    pub at: u64,
    /// The number of copies.
    pub quantity: u32,
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Sells copies of a book.
    Sell {
        /// The id of the book.
        book: u32,
        /// The number of copies.
        quantity: u32,
        /// The client's key for this purchase: repeated requests with it are executed once.
        key: Option<String>,
        /// The time of the request in seconds since 1970.
        at: u64,
    },
    /// Changes properties of a book; those that are `None` stay.
    Change {
        /// The id of the book.
        book: u32,
        /// The new price in cents.
        price: Option<u32>,
        /// The new number of copies.
        quantity: Option<u32>,
        /// The new title.
        title: Option<String>,
        /// The new topic.
        topic: Option<String>,
        /// The versions that the book may have; `None` allows all.
        expected: Option<Vec<u64>>,
    },
    /// Adds copies to the stock, or removes them.
    Stock {
        /// The id of the book.
        book: u32,
        /// The number of copies to add.
        delta: i64,
        /// The reason, for readers of the log.
        reason: String,
    },
    /// Adds a book.
    Add {
        /// The title.
        title: String,
        /// The number of copies.
        quantity: u32,
        /// The price in cents.
        price: u32,
        /// The topic.
        topic: String,
    },
}

/// The outcome of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Copies were sold.
    Sold {
        /// The number of the order.
        order: u64,
        /// The remaining copies.
        left: u32,
    },
    /// There are too few copies.
    Short {
        /// The number of copies.
        available: u32,
    },
    /// The book does not exist.
    NoBook,
    /// The new state of the book.
    Kept(Book),
    /// The book does not have an expected version.
    Stale,
    /// The key belongs to a different purchase.
    KeyTaken,
    /// The store has the largest number of books, or the number of copies would become too large.
    Full,
}

/// The outcome of an entry, and whether an earlier entry decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The outcome.
    pub outcome: Outcome,
    /// True if an earlier entry with the same key had decided it.
    pub replayed: bool,
}

/// The largest number of copies of a book.
pub const QUANTITY_MAX: u32 = 1_000_000_000;

/// The highest price, in cents.
pub const PRICE_MAX: u32 = 100_000_000;

/// The largest number of books: a view of all of them is kept in memory.
pub const BOOKS_MAX: u32 = 65_536;

/// The number of further entries after which a key is forgotten.
pub const KEYS_KEPT: u64 = 65_536;

impl Book {
    /// Returns the version of this state of the book: some bits of a hash.
    pub fn version(&self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.id.to_le_bytes());
        hash.update(self.quantity.to_le_bytes());
        hash.update(self.price.to_le_bytes());
        hash.update((self.title.len() as u64).to_le_bytes());
        hash.update(self.title.as_bytes());
        hash.update(self.topic.as_bytes());
        first_bits(hash)
    }
}

impl Order {
    /// Returns the contribution to a digest.
    pub fn hash(&self) -> u64 {
        let mut hash = Sha256::new();
        for number in [self.id, u64::from(self.book), self.at, u64::from(self.quantity)] {
            hash.update(number.to_le_bytes());
        }
        first_bits(hash)
    }
}

fn first_bits(hash: Sha256) -> u64 {
    let hash = hash.finalize();
    let (first, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
    u64::from_le_bytes(*first)
}

/// Returns the initial books of a store.
pub fn first_books() -> [Book; 3] {
    let book = |id, title: &str, quantity, price, topic: &str| Book {
        id,
        title: title.to_string(),
        quantity,
        price,
        topic: topic.to_string(),
    };
    [
        book(1, "The Great Gatsby", 9, 200_000, "Fiction"),
        book(2, "Introduction to Python", 97, 50_000, "Programming"),
        book(3, "History of Art", 0, 4_500, "Art"),
    ]
}
