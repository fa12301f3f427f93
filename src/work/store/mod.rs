//! The bookstore as plain values: books, orders, what may be written, and what comes of it.
//!
//! A write is an [`Entry`] of one ordered log. [`apply`] says what it changes; it is the same
//! function for every replica, whatever its tables are kept in. Nothing here does I/O or knows
//! the time.

pub mod apply;
pub mod codec;
pub mod list;
pub mod memory;
pub mod order_key;
pub mod page;
pub mod shelves;

use sha2::{Digest as _, Sha256};

/// A place in the log; the first entry has 1.
pub type Seq = u64;

/// What a peer of the store is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Looks books up.
    Catalog,
    /// Sells them.
    Order,
    /// Keeps the log.
    Log,
}

impl Role {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Catalog => "catalog",
            Role::Order => "order",
            Role::Log => "log",
        }
    }
}

/// Why a write was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// The log could not be written: nothing happened.
    Log,
    /// No replica is there, or too much is waiting: nothing happened.
    Busy,
    /// The log has it, but no replica could say what came of it.
    Unknown,
}

impl WriteError {
    /// The word for it.
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
    /// 1 to 2³¹.
    pub id: u32,
    /// 1 to 200 characters.
    pub title: String,
    /// Copies in stock.
    pub quantity: u32,
    /// Cents.
    pub price: u32,
    /// 1 to 60 characters.
    pub topic: String,
}

/// A sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Counted from 1, without gaps.
    pub id: u64,
    /// Of which book.
    pub book: u32,
    /// Seconds since 1970.
    pub at: u64,
    /// Copies.
    pub quantity: u32,
}

/// Something to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Sell copies of a book.
    Sell {
        /// Of which book.
        book: u32,
        /// How many.
        quantity: u32,
        /// The client's name for this purchase: it happens once, however often it is asked for.
        key: Option<String>,
        /// When it was asked for, in seconds since 1970.
        at: u64,
    },
    /// Give a book other properties; those that are none stay.
    Change {
        /// Which book.
        book: u32,
        /// Cents.
        price: Option<u32>,
        /// Copies.
        quantity: Option<u32>,
        /// Its title.
        title: Option<String>,
        /// Its topic.
        topic: Option<String>,
        /// Versions of the book of which it must be one; anything will do if there are none.
        expected: Option<Vec<u64>>,
    },
    /// Put copies into stock, or take them out.
    Stock {
        /// Which book.
        book: u32,
        /// How many.
        delta: i64,
        /// Why: for whoever reads the log.
        reason: String,
    },
    /// A new book.
    Add {
        /// Its title.
        title: String,
        /// Copies.
        quantity: u32,
        /// Cents.
        price: u32,
        /// Its topic.
        topic: String,
    },
}

/// What came of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Copies were sold.
    Sold {
        /// The number of the order.
        order: u64,
        /// Copies that are left.
        left: u32,
    },
    /// There are not so many copies.
    Short {
        /// There are so many.
        available: u32,
    },
    /// There is no such book.
    NoBook,
    /// The book as it is now.
    Kept(Book),
    /// The book is not what the writer took it for.
    Stale,
    /// The key stands for another purchase.
    KeyTaken,
    /// There are as many books as there may be, or more copies than can be counted.
    Full,
}

/// What came of an entry, and whether that was known from before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether an earlier entry with the same key had decided it.
    pub replayed: bool,
}

/// Most copies of a book.
pub const QUANTITY_MAX: u32 = 1_000_000_000;

/// The highest price, in cents.
pub const PRICE_MAX: u32 = 100_000_000;

/// Books at most: a view of all of them is kept in memory.
pub const BOOKS_MAX: u32 = 65_536;

/// A key is forgotten after so many further entries.
pub const KEYS_KEPT: u64 = 65_536;

impl Book {
    /// Tells one state of a book from another: some bits of a hash.
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
    /// What it adds to a digest.
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

/// What a store holds at its beginning.
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
