//! Tests of lists against sorting and filtering of all books.

use super::*;
use crate::work::store::codec;

fn filter(sort: Sort, descending: bool, limit: usize) -> Filter {
    let (text, topic, in_stock, after) = (String::new(), None, None, None);
    Filter { text, topic, price: 0..=u32::MAX, in_stock, sort, descending, limit, after }
}

fn book(id: u32, rng: &mut fastrand::Rng) -> Book {
    let title = format!("Title.{} \"\\\u{1}\n\u{7f}é𝄞", rng.u8(..9));
    let (quantity, price) = (rng.u32(..5) * rng.u32(..500), rng.u32(..5) * rng.u32(..50_000));
    Book { id, title, quantity, price, topic: "Any".to_string() }
}

fn made(job: Job) -> Arc<List> {
    let Product::List(list) = job.at_once() else { panic!("a list was asked for") };
    list
}

fn list(query: Query, shelves: &Shelves) -> Arc<List> {
    made(Job::books(query, shelves.clone()))
}

fn ids(list: &List) -> Vec<u32> {
    let Items::Books(books) = &list.items else { panic!() };
    books.iter().map(|book| book.id).collect()
}

/// Prints a whole list in pieces of about `most` bytes.
fn printed(list: &Arc<List>, most: usize) -> String {
    let (mut text, mut from) = (String::new(), 0);
    loop {
        let Product::Piece(next, piece) = Job::piece(Arc::clone(list), from, most).at_once() else {
            panic!("a piece was asked for")
        };
        text += &piece;
        from = next;
        if from == list.items.len() {
            return text;
        }
    }
}

#[test]
fn pages_have_every_book_once_whatever_comes_in_between() {
    let mut rng = fastrand::Rng::with_seed(5);
    for sort in [Sort::Id, Sort::Title, Sort::Price, Sort::Stock] {
        for descending in [false, true] {
            let mut shelves = (1..=300).map(|id| book(id, &mut rng)).collect::<Shelves>();
            let (mut seen, mut new) = (Vec::new(), 300);
            let mut page = filter(sort, descending, 7);
            loop {
                let list = list(Query::Page(Box::new(page.clone())), &shelves);
                seen.extend(ids(&list));
                let Items::Books(books) = &list.items else { panic!() };
                let Some(last) = books.last().filter(|_| list.more) else { break };
                let cursor = sort.place(last).print(sort);
                page.after = Some(Place::parse(&cursor, sort).unwrap());
                if rng.bool() && new < 320 {
                    new += 1;
                    shelves.put(Arc::new(book(new, &mut rng)));
                }
            }
            let mut old = seen.iter().copied().filter(|id| *id <= 300).collect::<Vec<_>>();
            old.sort_unstable();
            assert_eq!(old, (1..=300).collect::<Vec<_>>(), "{sort:?} {descending}");
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() >= 300 && seen.len() <= new as usize);
        }
    }
}

#[test]
fn a_cursor_is_one_of_its_own_list() {
    let place = Place { key: Key::Title("a.b.c".to_string()), id: 7 };
    assert_eq!(Place::parse("title.7.a.b.c", Sort::Title), Some(place));
    for (sort, text) in [
        (Sort::Id, ""),
        (Sort::Id, "7"),
        (Sort::Id, "id.+7"),
        (Sort::Id, "id."),
        (Sort::Id, "id.4294967296"),
        (Sort::Id, "id.7.1"),
        (Sort::Price, "id.7"),
        (Sort::Price, "price.7"),
        (Sort::Price, "price.7.x"),
        (Sort::Price, "stock.7.1"),
        (Sort::Title, "title.7"),
        (Sort::Title, "title.x.y"),
    ] {
        assert_eq!(Place::parse(text, sort), None, "{text}");
    }
    let long = format!("title.7.{}", "x".repeat(codec::TITLE_MAX + 1));
    assert_eq!(Place::parse(&long, Sort::Title), None);
}

#[test]
fn a_list_is_as_long_as_it_was_said_to_be() {
    let mut rng = fastrand::Rng::with_seed(6);
    let shelves = (1..=5000).map(|id| book(id, &mut rng)).collect::<Shelves>();
    let entry = Entry::Stock { book: 1, delta: 1, reason: "a \"quoted\" reason".to_string() };
    for list in [
        list(Query::Search(String::new()), &shelves),
        list(Query::Search("nothing".to_string()), &shelves),
        list(Query::Topic("Any".to_string()), &shelves),
        list(Query::Topics, &shelves),
        made(Job::entries(9, vec![entry; 3].into())),
    ] {
        for most in [1, 100, 1 << 20] {
            let text = printed(&list, most);
            assert_eq!(text.len() as u64, list.bytes);
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value.as_array().unwrap().len(), list.items.len());
        }
    }
    let topics = printed(&list(Query::Topics, &shelves), 1);
    assert_eq!(topics, "[{\"books\":5000,\"topic\":\"Any\"}]");
}
