//! Which books a list has, in which order, and where it goes on.

use crate::work::store::Book;
use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// All books of exactly this topic.
    Topic(String),
    /// All books whose topic contains this, which is in small letters.
    Search(String),
    /// A page of the books that a filter lets through.
    Page(Box<Filter>),
    /// All topics.
    Topics,
}

/// What the books of a page have in common, and which of them are on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// In small letters: in the title or in the topic.
    pub text: String,
    /// In small letters: the topic.
    pub topic: Option<String>,
    /// Cents.
    pub price: RangeInclusive<u32>,
    /// Whether there have to be copies, or none.
    pub in_stock: Option<bool>,
    /// By what they are sorted.
    pub sort: Sort,
    /// Whether the highest come first.
    pub descending: bool,
    /// How many there are at most.
    pub limit: usize,
    /// The last book of the page before.
    pub after: Option<Place>,
}

/// By what books are sorted; those that are equal by it, by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Their ids.
    Id,
    /// Their titles.
    Title,
    /// Their prices.
    Price,
    /// Their copies.
    Stock,
}

/// A place in the order of a list: that of a book, which need not be there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What the book is sorted by.
    pub key: Key,
    /// Its id.
    pub id: u32,
}

/// What a book is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Its id alone.
    Id,
    /// Its title.
    Title(String),
    /// Its price, in cents, or its copies.
    Number(u32),
}

impl Sort {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Id => "id",
            Sort::Title => "title",
            Sort::Price => "price",
            Sort::Stock => "stock",
        }
    }

    /// What is called so.
    pub fn named(word: &str) -> Option<Sort> {
        let all = [Sort::Id, Sort::Title, Sort::Price, Sort::Stock];
        all.into_iter().find(|sort| sort.name() == word)
    }

    /// The place of a book.
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

/// `id.7`, `price.7.4595`, `stock.7.9`, `title.7.Emma`: what it is sorted by, the id, the key.
impl Place {
    /// The place as a cursor.
    pub fn print(&self, sort: Sort) -> String {
        let (name, id) = (sort.name(), self.id);
        match &self.key {
            Key::Id => format!("{name}.{id}"),
            Key::Title(title) => format!("{name}.{id}.{title}"),
            Key::Number(number) => format!("{name}.{id}.{number}"),
        }
    }

    /// Reads a cursor of a list that is sorted like this.
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
    /// Whether a book is of the list, on this page or behind it.
    pub fn has(&self, book: &Book) -> bool {
        match self {
            Query::Topic(topic) => book.topic == *topic,
            Query::Search(text) => text.is_empty() || book.topic.to_lowercase().contains(text),
            Query::Page(filter) => filter.has(book),
            Query::Topics => true,
        }
    }

    /// Forgets books that cannot be on the page any more, now and then.
    pub(super) fn keep_first(&self, books: &mut Vec<Arc<Book>>) {
        if let Query::Page(filter) = self
            && books.len() > 4 * (filter.limit + 1)
        {
            books.select_nth_unstable_by(filter.limit, |a, b| filter.order(a, b));
            books.truncate(filter.limit + 1);
        }
    }

    /// Puts what was found into its order, and says whether more follows it.
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

    /// Books that are equal by what is asked for stand by their ids.
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
