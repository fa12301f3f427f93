//! Lists of the bookstore. A worker selects and measures them in slices, from a copy that does not
//! change any more; they are printed in pieces at the pace of the reader.

mod query;

pub use query::{Filter, Key, Place, Query, Sort};

use super::shelves::Shelves;
use super::{Book, Entry, Seq, codec};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// A list as a JSON array of known length.
#[derive(Debug, Default)]
pub struct List {
    /// The items.
    pub items: Items,
    /// The printed length in bytes.
    pub bytes: u64,
    /// True if further items follow the requested ones.
    pub more: bool,
}

/// The items of a list.
#[derive(Debug)]
pub enum Items {
    /// Books.
    Books(Vec<Arc<Book>>),
    /// Topics with their number of books.
    Topics(Vec<(String, u32)>),
    /// Entries of the log; the first has this number.
    Entries(Seq, Arc<[Entry]>),
}

impl Default for Items {
    fn default() -> Items {
        Items::Books(Vec::new())
    }
}

impl Items {
    /// Returns the number of items.
    pub fn len(&self) -> usize {
        match self {
            Items::Books(books) => books.len(),
            Items::Topics(topics) => topics.len(),
            Items::Entries(_, entries) => entries.len(),
        }
    }

    /// Returns true if the list is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the printed length of an item.
    fn bytes(&self, item: usize, scratch: &mut String) -> usize {
        match self {
            Items::Books(books) => book_bytes(&books[item]),
            Items::Topics(_) | Items::Entries(..) => {
                scratch.clear();
                self.print(item, scratch);
                scratch.len()
            }
        }
    }

    fn print(&self, item: usize, out: &mut String) {
        match self {
            Items::Books(books) => print_book(&books[item], out),
            Items::Topics(topics) => {
                let (topic, books) = &topics[item];
                let topic = Value::from(topic.as_str());
                let _ = write!(out, "{{\"books\":{books},\"topic\":{topic}}}");
            }
            Items::Entries(first, entries) => {
                let mut object = codec::value(&entries[item]);
                object["seq"] = (first + item as u64).into();
                let _ = write!(out, "{object}");
            }
        }
    }
}

impl List {
    /// Prints items after the first `from` items: at least one, until there are `most` bytes or
    /// slightly more. Returns how many items are printed in total; after the last one the array is
    /// closed.
    pub fn print(&self, from: usize, most: usize, out: &mut String) -> usize {
        let count = self.items.len();
        let mut next = from;
        if next == 0 {
            out.push('[');
        }
        let begin = out.len();
        while next < count && out.len() - begin < most {
            if next > 0 {
                out.push(',');
            }
            self.items.print(next, out);
            next += 1;
        }
        if next == count {
            out.push(']');
        }
        next
    }
}

/// Prints a book in the format of the contract.
pub fn print_book(book: &Book, out: &mut String) {
    let Book { id, title, quantity, price: cents, topic } = book;
    let (price, title) = (price(*cents), Value::from(title.as_str()));
    let topic = Value::from(topic.as_str());
    let _ = write!(
        out,
        "{{\"id\":{id},\"price\":{price},\"quantity\":{quantity},\"title\":{title},\
         \"topic\":{topic}}}"
    );
}

/// Returns the length of the output of [`print_book`] without printing it.
fn book_bytes(book: &Book) -> usize {
    const NAMES: usize = "{\"id\":,\"price\":,\"quantity\":,\"title\":,\"topic\":}".len();
    let digits = |number: u32| number.checked_ilog10().unwrap_or(0) as usize + 1;
    let Book { id, title, quantity, price, topic } = book;
    let price = digits(price / 100) + if price % 10 == 0 { 2 } else { 3 };
    NAMES + digits(*id) + price + digits(*quantity) + text_bytes(title) + text_bytes(topic)
}

/// Returns the length of a text as a JSON string.
fn text_bytes(text: &str) -> usize {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0x00..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(byte).sum::<usize>()
}

/// Prints cents as a decimal: `500.0`, `45.95`.
pub fn price(cents: u32) -> String {
    let (whole, part) = (cents / 100, cents % 100);
    if part % 10 == 0 { format!("{whole}.{}", part / 10) } else { format!("{whole}.{part:02}") }
}

/// The job of making a list.
#[derive(Debug)]
pub struct Job(Option<Box<Work>>);

/// The remaining work of a job.
#[derive(Debug)]
pub struct Work {
    stage: Stage,
    /// The buffer into which items are printed to measure them.
    scratch: String,
}

#[derive(Debug)]
enum Stage {
    /// Books are examined, from this shelf on.
    Choosing { query: Query, shelves: Shelves, shelf: u32, chosen: Chosen },
    /// This many items are measured.
    Measuring(usize, List),
    /// A piece is to be printed: about this many bytes after this many items.
    Printing(Arc<List>, usize, usize),
    /// The work is complete.
    Done(Product),
}

/// The result of a job.
#[derive(Debug)]
pub enum Product {
    /// A list.
    List(Arc<List>),
    /// A piece of a list, and the number of items that are printed with it.
    Piece(usize, String),
}

/// The items that were selected so far.
#[derive(Debug)]
enum Chosen {
    Books(Vec<Arc<Book>>),
    Topics(BTreeMap<String, u32>),
}

/// The number of items that one slice examines or measures: about a millisecond.
const SLICE_ITEMS: usize = 2048;

/// The expected cost of a slice in nanoseconds.
pub const SLICE_COST: i64 = 1_000_000;

impl Job {
    /// Creates a job for the list of a query.
    pub fn books(query: Query, shelves: Shelves) -> Job {
        let chosen = match &query {
            Query::Topic(_) | Query::Search(_) | Query::Page(_) => Chosen::Books(Vec::new()),
            Query::Topics => Chosen::Topics(BTreeMap::new()),
        };
        Job::at(Stage::Choosing { query, shelves, shelf: 0, chosen })
    }

    /// Creates a job for a list of these entries.
    pub fn entries(first: Seq, entries: Arc<[Entry]>) -> Job {
        let items = Items::Entries(first, entries);
        Job::at(Stage::Measuring(0, List { items, bytes: 0, more: false }))
    }

    /// Creates a job for a piece of a list: about `most` bytes after the first `from` items.
    pub fn piece(list: Arc<List>, from: usize, most: usize) -> Job {
        Job::at(Stage::Printing(list, from, most))
    }

    fn at(stage: Stage) -> Job {
        Job(Some(Box::new(Work { stage, scratch: String::new() })))
    }

    /// Returns the next slice, after the previous one was merged.
    pub fn cut(&mut self) -> Option<Box<Work>> {
        self.0.take()
    }

    /// Takes a finished slice back; returns the product after the last one.
    pub fn merge(&mut self, work: Box<Work>) -> Option<Product> {
        match work.stage {
            Stage::Done(product) => Some(product),
            Stage::Choosing { .. } | Stage::Measuring(..) | Stage::Printing(..) => {
                self.0 = Some(work);
                None
            }
        }
    }

    /// Executes the whole job at once, for short lists.
    pub fn at_once(mut self) -> Product {
        loop {
            let work = self.cut().expect("what was merged can be cut");
            if let Some(product) = self.merge(work.run()) {
                return product;
            }
        }
    }
}

impl Work {
    /// Executes a slice.
    pub fn run(mut self: Box<Self>) -> Box<Work> {
        self.stage = match self.stage {
            Stage::Choosing { query, shelves, shelf, chosen } => {
                choose(query, shelves, shelf, chosen)
            }
            Stage::Measuring(from, mut list) => {
                let count = list.items.len();
                let until = count.min(from + SLICE_ITEMS);
                let bytes = (from..until).map(|item| list.items.bytes(item, &mut self.scratch));
                list.bytes += bytes.sum::<usize>() as u64;
                if until < count {
                    Stage::Measuring(until, list)
                } else {
                    // Brackets, and commas between the items.
                    list.bytes += 2 + count.saturating_sub(1) as u64;
                    Stage::Done(Product::List(Arc::new(list)))
                }
            }
            Stage::Printing(list, from, most) => {
                let room = most.saturating_add(most / 8).min(list.bytes as usize);
                let mut text = String::with_capacity(room);
                let next = list.print(from, most, &mut text);
                Stage::Done(Product::Piece(next, text))
            }
            Stage::Done(product) => Stage::Done(product),
        };
        self
    }
}

fn choose(query: Query, shelves: Shelves, mut shelf: u32, mut chosen: Chosen) -> Stage {
    let mut seen = 0;
    while let Some((number, books)) = shelves.shelf(shelf) {
        if seen >= SLICE_ITEMS {
            return Stage::Choosing { query, shelves, shelf, chosen };
        }
        match &mut chosen {
            Chosen::Books(chosen) => {
                chosen.extend(books.iter().filter(|book| query.has(book)).cloned());
                query.keep_first(chosen);
            }
            Chosen::Topics(topics) => {
                for book in books {
                    // Most books share their topic with another book.
                    match topics.get_mut(&book.topic) {
                        Some(count) => *count += 1,
                        None => drop(topics.insert(book.topic.clone(), 1)),
                    }
                }
            }
        }
        (shelf, seen) = (number + 1, seen + books.len());
    }
    let (items, more) = match chosen {
        Chosen::Books(mut books) => {
            let more = query.finish(&mut books);
            (Items::Books(books), more)
        }
        Chosen::Topics(topics) => (Items::Topics(topics.into_iter().collect()), false),
    };
    Stage::Measuring(0, List { items, bytes: 0, more })
}

#[cfg(test)]
mod tests;
