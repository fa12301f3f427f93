//! The query of a list: its books, their order, and the position of a page.

use crate::work::store::Book;
use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// All books with exactly this topic.
    Topic(String),
    /// All books whose topic contains this lower-case text.
    Search(String),
    /// A page of the books that match a filter.
    Page(Box<Filter>),
    /// All topics.
    Topics,
}

/// The condition on the books of a page, and the bounds of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// A lower-case text in the title or in the topic.
    pub text: String,
    /// The topic in lower case.
    pub topic: Option<String>,
    /// The price in cents.
    pub price: RangeInclusive<u32>,
    /// True for books with copies, false for books without.
    pub in_stock: Option<bool>,
    /// The sort key.
    pub sort: Sort,
    /// True if the highest come first.
    pub descending: bool,
    /// The largest number of books.
    pub limit: usize,
    /// The last book of the previous page.
    pub after: Option<Place>,
}

/// The sort keys; equal books are sorted by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The id.
    Id,
    /// The title.
    Title,
    /// The price.
    Price,
    /// The number of copies.
    Stock,
}

/// A position in the order of a list: that of a book, which may no longer exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The value of the sort key.
    pub key: Key,
    /// The id of the book.
    pub id: u32,
}

/// A value of a sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The id alone.
    Id,
    /// The title.
    Title(String),
    /// The price in cents, or the number of copies.
    Number(u32),
}

impl Sort {
    /// Returns the name of the sort key.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Id => "id",
            Sort::Title => "title",
            Sort::Price => "price",
            Sort::Stock => "stock",
        }
    }

    /// Returns the sort key with this name.
    pub fn named(word: &str) -> Option<Sort> {
        let all = [Sort::Id, Sort::Title, Sort::Price, Sort::Stock];
        all.into_iter().find(|sort| sort.name() == word)
    }

    /// Returns the position of a book.
    pub fn place(self, book: &Book) -> Place {
        let key = match self {
            Sort::Id => Key::Id,
            Sort::Title => Key::Title(book.title.clone()),
            Sort::Price => Key::Number(book.price),
            Sort::Stock => Key::Number(book.quantity),
        };
        Place { key, id: book.id }
    }

    fn compare(self, a: &Book, b: &Book) -> Ordering {
        match self {
            Sort::Id => Ordering::Equal,
            Sort::Title => a.title.cmp(&b.title),
            Sort::Price => a.price.cmp(&b.price),
            Sort::Stock => a.quantity.cmp(&b.quantity),
        }
    }

    fn compare_to(self, book: &Book, key: &Key) -> Ordering {
        match (self, key) {
            (Sort::Title, Key::Title(title)) => book.title.as_str().cmp(title),
            (Sort::Price, Key::Number(price)) => book.price.cmp(price),
            (Sort::Stock, Key::Number(copies)) => book.quantity.cmp(copies),
            (Sort::Id, _) | (_, Key::Id | Key::Title(_) | Key::Number(_)) => Ordering::Equal,
        }
    }
}

/// A cursor is printed as sort key, id and value: `id.7`, `price.7.4595`, `stock.7.9`,
/// `title.7.Emma`.
impl Place {
    /// Prints the position as a cursor.
    pub fn print(&self, sort: Sort) -> String {
        let (name, id) = (sort.name(), self.id);
        match &self.key {
            Key::Id => format!("{name}.{id}"),
            Key::Title(title) => format!("{name}.{id}.{title}"),
            Key::Number(number) => format!("{name}.{id}.{number}"),
        }
    }

    /// Parses a cursor of a list with this sort key.
    pub fn parse(text: &str, sort: Sort) -> Option<Place> {
        let rest = text.strip_prefix(sort.name())?.strip_prefix('.')?;
        let (id, key) = match sort {
            Sort::Id => (rest, Key::Id),
            Sort::Title => {
                let (id, title) = rest.split_once('.')?;
                let fits = title.chars().count() <= crate::work::store::codec::TITLE_MAX;
                (id, Key::Title(fits.then(|| title.to_string())?))
            }
            Sort::Price | Sort::Stock => {
                let (id, number) = rest.split_once('.')?;
                (id, Key::Number(digits(number)?))
            }
        };
        Some(Place { key, id: digits(id)? })
    }
}

fn digits(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

impl Query {
    /// Returns true if a book is on this page or on a later one.
    pub fn has(&self, book: &Book) -> bool {
        match self {
            Query::Topic(topic) => book.topic == *topic,
            Query::Search(text) => text.is_empty() || book.topic.to_lowercase().contains(text),
            Query::Page(filter) => filter.has(book),
            Query::Topics => true,
        }
    }

    /// Removes books that cannot be on the page any more, from time to time.
    pub(super) fn keep_first(&self, books: &mut Vec<Arc<Book>>) {
        if let Query::Page(filter) = self
            && books.len() > 4 * (filter.limit + 1)
        {
            books.select_nth_unstable_by(filter.limit, |a, b| filter.order(a, b));
            books.truncate(filter.limit + 1);
        }
    }

    /// Sorts the selected books, and returns true if more follow the page.
    pub(super) fn finish(&self, books: &mut Vec<Arc<Book>>) -> bool {
        let Query::Page(filter) = self else { return false };
        books.sort_unstable_by(|a, b| filter.order(a, b));
        let more = books.len() > filter.limit;
        books.truncate(filter.limit);
        more
    }
}

impl Filter {
    fn has(&self, book: &Book) -> bool {
        self.price.contains(&book.price)
            && self.in_stock.is_none_or(|wanted| wanted == (book.quantity > 0))
            && self.after.as_ref().is_none_or(|place| self.is_behind(book, place))
            && self.has_words(book)
    }

    fn has_words(&self, book: &Book) -> bool {
        if self.topic.is_none() && self.text.is_empty() {
            return true;
        }
        let topic = book.topic.to_lowercase();
        self.topic.as_ref().is_none_or(|wanted| *wanted == topic)
            && (topic.contains(&self.text) || book.title.to_lowercase().contains(&self.text))
    }

    fn is_behind(&self, book: &Book, place: &Place) -> bool {
        let by = self.directed(self.sort.compare_to(book, &place.key));
        let by_id = match self.sort {
            Sort::Id => self.directed(book.id.cmp(&place.id)),
            Sort::Title | Sort::Price | Sort::Stock => book.id.cmp(&place.id),
        };
        by.then(by_id) == Ordering::Greater
    }

    /// Compares by the sort key, then by id.
    fn order(&self, a: &Book, b: &Book) -> Ordering {
        let by_id = match self.sort {
            Sort::Id => self.directed(a.id.cmp(&b.id)),
            Sort::Title | Sort::Price | Sort::Stock => a.id.cmp(&b.id),
        };
        self.directed(self.sort.compare(a, b)).then(by_id)
    }

    fn directed(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }
}
