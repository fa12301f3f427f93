//! A catalog: looks books up in its own tables, and changes them through the log.

use super::{Replica, changes};
use crate::service::http::{Request, Response, Style, json};
use crate::service::store::format::{self, Id};
use crate::service::{Answer, Cx};
use crate::wire::json::parse;
use crate::wire::target::decode_path;
use crate::work::store::Entry;
use crate::work::store::list::Query;

/// `GET /retrieve/item/<id>`.
pub fn item(request: &Request<'_, '_, '_>, replica: &Replica) -> Response {
    match format::id(request.segment()) {
        Id::NotNumeric => error(400, "Book ID must be numeric"),
        Id::OutOfRange => error(404, NO_BOOK),
        Id::Is(id) => match replica.books.get(id) {
            Some(book) => json(200, format::book(book)).field("ETag", format::etag(book)),
            None => error(404, NO_BOOK),
        },
    }
}

/// `/retrieve/topic/<topic>`: the books of exactly this topic; none if it is no text.
pub fn topic(segment: &str) -> Option<Query> {
    let topic = decode_path(segment).ok()?;
    Some(Query::Topic(String::from_utf8_lossy(&topic).into_owned()))
}

/// `/retrieve/search/<text>`: books whose topic contains it, in letters of either size. The front
/// asks for its lists here.
pub fn search(segment: &str) -> Option<Query> {
    let text = decode_path(segment).ok()?;
    let text = String::from_utf8_lossy(&text).to_lowercase();
    Some(Query::Search(if text == crate::service::store::front::cache::ALL {
        String::new()
    } else {
        text
    }))
}

/// `PUT /modify/<id>`.
pub fn modify(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match change(request) {
        Ok(entry) => changes::write(entry, changes::Shape::Modify, request.ticket, cx),
        Err(response) => response.into(),
    }
}

fn change(request: &Request<'_, '_, '_>) -> Result<Entry, Response> {
    let book = match format::id(request.segment()) {
        Id::NotNumeric => return Err(error(400, "Book ID must be numeric")),
        Id::OutOfRange => return Err(error(404, NO_BOOK)),
        Id::Is(id) => id,
    };
    // Clients of this path say anything, or nothing, about the type of what they send.
    let Ok(body) = parse(request.body) else {
        return Err(error(400, "No update data provided"));
    };
    let wrong = |format::Wrong(name)| error(400, &format!("invalid field {name}"));
    let price = format::price_of(&body).map_err(wrong)?;
    let quantity = format::quantity_of(&body).map_err(wrong)?;
    if price.is_none() && quantity.is_none() {
        return Err(error(400, "No update data provided"));
    }
    Ok(Entry::Change { book, price, quantity, title: None, topic: None, expected: None })
}

/// The answer for a book that is not there.
pub const NO_BOOK: &str = "Book not found";
/// The answer for a list without books.
pub const NO_BOOKS: &str = "No books found for this topic";

/// An error, as clients of catalogs know it.
pub fn error(status: u16, text: &str) -> Response {
    Style::Plain.error(status, text)
}
