//! A catalog: looks books up in its own tables, and has them changed through the log.

use super::replicas::Replica;
use super::words::{self, Id};
use super::{api, order};
use crate::service::Cx;
use crate::service::http::{Answer, Request, Response, Style, json};
use crate::wire::json::parse;
use crate::wire::target::decode_path;
use crate::work::store::{Book, Entry};

/// `GET /retrieve/item/<id>`.
pub fn item(request: &Request<'_, '_, '_>, replica: &Replica) -> Response {
    match words::id(words::segment(request.head.target.path(), "/retrieve/item/")) {
        Id::NotNumeric => error(400, "Book ID must be numeric"),
        Id::OutOfRange => error(404, NO_BOOK),
        Id::Is(id) => match replica.books.get(&id) {
            Some(book) => json(200, words::book(book)).field("ETag", words::etag(book)),
            None => error(404, NO_BOOK),
        },
    }
}

/// `GET /retrieve/topic/<topic>`.
pub fn topic(request: &Request<'_, '_, '_>, replica: &Replica) -> Response {
    let text = words::segment(request.head.target.path(), "/retrieve/topic/");
    list(text, replica, |book, topic| book.topic == topic)
}

/// `GET /retrieve/search/<text>`: books whose topic contains it, in letters of either size. The
/// front asks for its lists here.
pub fn search(request: &Request<'_, '_, '_>, replica: &Replica) -> Response {
    let text = words::segment(request.head.target.path(), "/retrieve/search/");
    list(text, replica, |book, topic| {
        let topic = topic.to_lowercase();
        topic == super::front::cache::ALL || book.topic.to_lowercase().contains(&topic)
    })
}

fn list(text: &str, replica: &Replica, has: impl Fn(&Book, &str) -> bool) -> Response {
    let Ok(topic) = decode_path(text) else {
        return error(404, NO_BOOKS);
    };
    let topic = String::from_utf8_lossy(&topic);
    let books = replica.books.values().map(|book| &**book);
    let books = books.filter(|book| has(book, &topic)).collect::<Vec<_>>();
    if books.is_empty() { error(404, NO_BOOKS) } else { json(200, words::books(books)) }
}

/// `PUT /modify/<id>`.
pub fn modify(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match change(request) {
        Ok(entry) => order::write(entry, order::Shape::Modify, request.ticket, cx),
        Err(response) => Answer::Ready(response),
    }
}

fn change(request: &Request<'_, '_, '_>) -> Result<Entry, Response> {
    let book = match words::id(words::segment(request.head.target.path(), "/modify/")) {
        Id::NotNumeric => return Err(error(400, "Book ID must be numeric")),
        Id::OutOfRange => return Err(error(404, NO_BOOK)),
        Id::Is(id) => id,
    };
    // Clients of this path say anything, or nothing, about the type of what they send.
    let Ok(body) = parse(request.body) else {
        return Err(error(400, "No update data provided"));
    };
    let wrong = |words::Wrong(name)| error(400, &format!("invalid field {name}"));
    let price = words::price_of(&body).map_err(wrong)?;
    let quantity = words::quantity_of(&body).map_err(wrong)?;
    if price.is_none() && quantity.is_none() {
        return Err(error(400, "No update data provided"));
    }
    Ok(Entry::Change { book, price, quantity, title: None, topic: None, expected: None })
}

/// Books of the API, as the query would have them.
pub fn books(request: &Request<'_, '_, '_>, replica: &Replica) -> Response {
    api::books(request, replica.books.values().map(|book| &**book))
}

/// The answer for a book that is not there.
pub const NO_BOOK: &str = "Book not found";
const NO_BOOKS: &str = "No books found for this topic";

/// An error, as clients of catalogs know it.
pub fn error(status: u16, text: &str) -> Response {
    Style::Plain.error(status, text)
}
