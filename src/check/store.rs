//! The bookstore: entries as text, and any run of entries against a naive oracle.

use crate::service::store::log::protocol::{
    COMMANDS_MAX, News, REPLICAS_MAX, Report, parse_told, print_told,
};
use crate::work::store::codec::{EXPECTED_MAX, entry, parse, print, value};
use crate::work::store::memory::Tables;
use crate::work::store::page::{Cursor, Page};
use crate::work::store::{Book, Entry, Outcome, PRICE_MAX, QUANTITY_MAX};
use std::collections::HashMap;

/// Entries: parsed ones are printed and parsed back as the same, and keep every bound.
pub fn log_entry(input: &[u8]) {
    let Some(entries) = parse(input) else { return };
    let printed = print(&entries);
    assert_eq!(parse(printed.as_bytes()).as_ref(), Some(&entries), "{printed}");
    for one in &entries {
        assert_eq!(entry(&value(one)).as_ref(), Some(one));
        match one {
            Entry::Sell { book, quantity, key, .. } => {
                assert!(*book > 0 && *quantity <= QUANTITY_MAX);
                assert!(key.as_ref().is_none_or(|key| key.len() <= 255));
            }
            Entry::Change { book, price, quantity, expected, .. } => {
                assert!(*book > 0 && price.is_none_or(|price| price <= PRICE_MAX));
                assert!(quantity.is_none_or(|quantity| quantity <= QUANTITY_MAX));
                assert!(expected.as_ref().is_none_or(|list| list.len() <= EXPECTED_MAX));
            }
            Entry::Stock { book, .. } => assert!(*book > 0),
            Entry::Add { title, price, .. } => {
                assert!(title.chars().count() <= 200 && *price <= PRICE_MAX);
            }
        }
    }
}

/// Messages between processes: parsed ones are printed and parsed back as the same, as any type,
/// and keeps every bound.
pub fn store_protocol(input: &[u8]) {
    if let Some(report) = Report::parse(input) {
        assert_eq!(Report::parse(report.print().as_bytes()).as_ref(), Some(&report));
        assert!(report.replicas.len() <= REPLICAS_MAX && report.since <= i64::MAX as u64);
    }
    if let Some(news) = News::parse(input) {
        assert_eq!(News::parse(news.print().as_bytes()).as_ref(), Some(&news));
        assert!(news.commands.len() <= COMMANDS_MAX && news.first > 0);
    }
    if let Some(told) = parse_told(input) {
        assert_eq!(parse_told(print_told(&told).as_bytes()), Some(told));
    }
    if let Some(page) = Page::parse(input) {
        assert_eq!(Page::parse(page.print().as_bytes()).as_ref(), Some(&page));
    }
    if let Some(cursor) = std::str::from_utf8(input).ok().and_then(Cursor::parse) {
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }
}

/// Tables: the bytes are entries, four bytes each. Two tables that apply them stay equal; the stock
/// is arrivals less sales, and never negative.
pub fn store_ops(input: &[u8]) {
    let (mut one, mut two) = (Tables::default(), Tables::default());
    let mut stock = one.books.values().map(|book| (book.id, i64::from(book.quantity)));
    let mut naive = stock.by_ref().collect::<HashMap<_, _>>();
    let mut keys = HashMap::new();
    let mut sold = 0;
    for op in input.chunks_exact(4) {
        let entry = entry_of(op);
        let settled = one.apply(&entry);
        assert_eq!(two.apply(&entry), settled, "the same for every replica");
        assert_eq!(one.digest(), two.digest());
        let known = entry.key().and_then(|key| keys.get(key));
        assert_eq!(settled.replayed, known == Some(&(entry.book(), amount(&entry))));
        match (&settled.outcome, &entry) {
            _ if settled.replayed => {}
            (Outcome::Sold { order, left }, Entry::Sell { book, quantity, .. }) => {
                sold += 1;
                let copies = naive.get_mut(book).expect("only books there are, are sold");
                *copies -= i64::from(*quantity);
                assert_eq!((*order, i64::from(*left)), (sold, *copies));
            }
            (Outcome::Kept(Book { id, quantity, .. }), Entry::Stock { delta, .. }) => {
                let copies = naive.get_mut(id).expect("only books there are, are counted");
                *copies += delta;
                assert_eq!(*copies, i64::from(*quantity));
            }
            (Outcome::Kept(book), _) => drop(naive.insert(book.id, book.quantity.into())),
            (
                Outcome::Sold { .. }
                | Outcome::Short { .. }
                | Outcome::NoBook
                | Outcome::Stale
                | Outcome::KeyTaken
                | Outcome::Full,
                _,
            ) => {}
        }
        if let (Some(key), None) = (entry.key(), known) {
            keys.insert(key.to_string(), (entry.book(), amount(&entry)));
        }
        let books = one.books.values().map(|book| (book.id, i64::from(book.quantity)));
        assert_eq!(books.collect::<HashMap<_, _>>(), naive);
        assert!(naive.values().all(|copies| *copies >= 0));
        assert_eq!(one.orders.len() as u64, sold, "an order for each sale");
    }
}

fn amount(entry: &Entry) -> u32 {
    match entry {
        Entry::Sell { quantity, .. } => *quantity,
        Entry::Change { .. } | Entry::Stock { .. } | Entry::Add { .. } => 0,
    }
}

fn entry_of(op: &[u8]) -> Entry {
    let (book, number) = (u32::from(op[1] % 6) + 1, op[2]);
    match op[0] % 5 {
        0 | 1 => Entry::Sell {
            book,
            quantity: u32::from(number % 16),
            key: (op[3] > 127).then(|| (op[3] % 8).to_string()),
            at: u64::from(op[3]),
        },
        2 => Entry::Change {
            book,
            price: Some(u32::from(op[3])),
            quantity: (number > 99).then_some(u32::from(number)),
            title: None,
            topic: None,
            expected: op[3].is_multiple_of(4).then(Vec::new),
        },
        3 => Entry::Stock { book, delta: i64::from(number.cast_signed()), reason: String::new() },
        _ => Entry::Add {
            title: "t".to_string(),
            quantity: u32::from(number),
            price: 1,
            topic: "t".to_string(),
        },
    }
}
