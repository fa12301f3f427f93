//! The API of books, on catalogs: lists, changes, stock. The front passes it on.

use super::order::{self, Shape};
use super::words::{self, Id, Wrong};
use crate::service::Cx;
use crate::service::http::{Answer, Request, Response, Style, json};
use crate::wire::conditional::tags;
use crate::wire::target::pairs;
use crate::work::store::codec::EXPECTED_MAX;
use crate::work::store::{Book, Entry};
use std::cmp::Ordering;

/// Books of one answer unless the query says otherwise, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;

/// What a query asks for.
#[derive(Debug)]
struct Query {
    text: String,
    topic: Option<String>,
    price: std::ops::RangeInclusive<u32>,
    in_stock: Option<bool>,
    sort: Sort,
    descending: bool,
    limit: usize,
    offset: usize,
}

#[derive(Debug, Clone, Copy)]
enum Sort {
    Id,
    Title,
    Price,
    Stock,
}

/// `GET /api/books`.
pub fn books<'b>(request: &Request<'_, '_, '_>, books: impl Iterator<Item = &'b Book>) -> Response {
    let query = match Query::parse(request.head.target.query().unwrap_or("")) {
        Ok(query) => query,
        Err(name) => {
            let detail = format!("The query has no valid {name}.");
            return Style::Problem.error(400, &detail);
        }
    };
    let mut found = books.filter(|book| query.has(book)).collect::<Vec<_>>();
    found.sort_by(|a, b| query.order(a, b));
    let end = (query.offset + query.limit).min(found.len());
    let more = end < found.len();
    let page = found.get(query.offset..end).unwrap_or(&[]);
    let response = json(200, words::books(page.iter().copied()));
    if !more {
        return response;
    }
    let link = format!("</api/books?{}>; rel=\"next\"", next(request, end));
    response.field("Link", link)
}

/// The query of the page that begins there.
fn next(request: &Request<'_, '_, '_>, offset: usize) -> String {
    let kept = pairs(request.head.target.query().unwrap_or(""))
        .filter(|(name, _)| name != "cursor")
        .map(|(name, value)| format!("{}={}&", words::escape(&name), words::escape(&value)));
    format!("{}cursor={offset}", kept.collect::<String>())
}

impl Query {
    fn parse(query: &str) -> Result<Query, &'static str> {
        let mut wanted = Query {
            text: String::new(),
            topic: None,
            price: 0..=u32::MAX,
            in_stock: None,
            sort: Sort::Id,
            descending: false,
            limit: LIMIT,
            offset: 0,
        };
        for (name, value) in pairs(query) {
            let number = || value.parse::<usize>().ok().filter(|_| !value.starts_with('+'));
            match &*name {
                "q" => wanted.text = value.to_lowercase(),
                "topic" => wanted.topic = Some(value.to_lowercase()),
                "min_price" => {
                    let from = words::price_in(&value).ok_or("min_price")?;
                    wanted.price = from..=*wanted.price.end();
                }
                "max_price" => {
                    let to = words::price_in(&value).ok_or("max_price")?;
                    wanted.price = *wanted.price.start()..=to;
                }
                "in_stock" => {
                    wanted.in_stock = Some(match &*value {
                        "true" | "1" => true,
                        "false" | "0" => false,
                        _ => return Err("in_stock"),
                    });
                }
                "sort" => {
                    let word = value.strip_prefix('-').unwrap_or(&value);
                    wanted.descending = value.starts_with('-');
                    wanted.sort = match word {
                        "id" => Sort::Id,
                        "title" => Sort::Title,
                        "price" => Sort::Price,
                        "stock" => Sort::Stock,
                        _ => return Err("sort"),
                    };
                }
                "limit" => {
                    let limit = number().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                    wanted.limit = limit.ok_or("limit")?;
                }
                "cursor" => {
                    let offset = number().filter(|offset| *offset <= 1 << 20);
                    wanted.offset = offset.ok_or("cursor")?;
                }
                _ => {}
            }
        }
        Ok(wanted)
    }

    fn has(&self, book: &Book) -> bool {
        let topic = book.topic.to_lowercase();
        self.price.contains(&book.price)
            && self.in_stock.is_none_or(|wanted| wanted == (book.quantity > 0))
            && self.topic.as_ref().is_none_or(|wanted| *wanted == topic)
            && (self.text.is_empty()
                || topic.contains(&self.text)
                || book.title.to_lowercase().contains(&self.text))
    }

    /// Books that are equal by what is asked for stand by their ids.
    fn order(&self, a: &Book, b: &Book) -> Ordering {
        let by = match self.sort {
            Sort::Id => a.id.cmp(&b.id),
            Sort::Title => a.title.cmp(&b.title),
            Sort::Price => a.price.cmp(&b.price),
            Sort::Stock => a.quantity.cmp(&b.quantity),
        };
        let by = if self.descending { by.reverse() } else { by };
        by.then(a.id.cmp(&b.id))
    }
}

/// `GET /api/topics`.
pub fn topics<'b>(books: impl Iterator<Item = &'b Book>) -> Response {
    let mut counts = std::collections::BTreeMap::new();
    for book in books {
        *counts.entry(book.topic.as_str()).or_insert(0_u32) += 1;
    }
    let topics = counts
        .into_iter()
        .map(|(topic, books)| serde_json::json!({"topic": topic, "books": books}))
        .collect::<Vec<_>>();
    json(200, serde_json::Value::Array(topics).to_string())
}

/// `POST /api/books`.
pub fn add(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let entry = words::object(request).and_then(|body| {
        let need = |name| Wrong(name).problem();
        let title = words::title_of(&body).map_err(Wrong::problem)?;
        let topic = words::topic_of(&body).map_err(Wrong::problem)?;
        let price = words::price_of(&body).map_err(Wrong::problem)?;
        let quantity = words::quantity_of(&body).map_err(Wrong::problem)?;
        Ok(Entry::Add {
            title: title.ok_or_else(|| need("title"))?,
            quantity: quantity.unwrap_or(0),
            price: price.ok_or_else(|| need("price"))?,
            topic: topic.ok_or_else(|| need("topic"))?,
        })
    });
    write(entry, Shape::Add, request, cx)
}

/// `PATCH /api/books/{id}`.
pub fn patch(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let expected = expected(request);
    if expected.is_none() && cx.world.store.require_if_match {
        let detail = "Say which version is to be changed, in If-Match.";
        return Answer::Ready(Style::Problem.error(428, detail));
    }
    let expected = expected.flatten();
    let entry = book_in(request).and_then(|book| {
        let body = words::object(request)?;
        let title = words::title_of(&body).map_err(Wrong::problem)?;
        let topic = words::topic_of(&body).map_err(Wrong::problem)?;
        let price = words::price_of(&body).map_err(Wrong::problem)?;
        let quantity = words::quantity_of(&body).map_err(Wrong::problem)?;
        let nothing = title.is_none() && topic.is_none() && price.is_none() && quantity.is_none();
        if nothing {
            let detail = "There is nothing to change: title, topic, price, quantity.";
            return Err(Style::Problem.error(422, detail));
        }
        Ok(Entry::Change { book, price, quantity, title, topic, expected })
    });
    write(entry, Shape::Book, request, cx)
}

/// `POST /api/books/{id}/stock`.
pub fn stock(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let entry = book_in(request).and_then(|book| {
        let body = words::object(request)?;
        let delta = words::delta_of(&body).map_err(Wrong::problem)?;
        let reason = words::reason_of(&body).map_err(Wrong::problem)?;
        Ok(Entry::Stock { book, delta, reason: reason.unwrap_or_default() })
    });
    write(entry, Shape::Book, request, cx)
}

fn write(
    entry: Result<Entry, Response>,
    shape: Shape,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    match entry {
        Ok(entry) => order::write(entry, shape, request.ticket, cx),
        Err(response) => Answer::Ready(response),
    }
}

fn book_in(request: &Request<'_, '_, '_>) -> Result<u32, Response> {
    let text = words::segment(request.head.target.path(), "/api/books/");
    match words::id(text.split('/').next().unwrap_or("")) {
        Id::NotNumeric => Err(Style::Problem.error(400, "The id of a book is a number.")),
        Id::OutOfRange => Err(Style::Problem.error(404, "There is no such book.")),
        Id::Is(id) => Ok(id),
    }
}

/// Versions of which the book must be one: none if that was not said, `Some(None)` if any will
/// do. A tag that is not one of ours is met by no version.
fn expected(request: &Request<'_, '_, '_>) -> Option<Option<Vec<u64>>> {
    let said = request.head.fields("if-match").collect::<Vec<_>>();
    if said.is_empty() {
        return None;
    }
    let list = said.join(&b", "[..]);
    if list.trim_ascii() == b"*" {
        return Some(None);
    }
    let version = |opaque: &[u8]| {
        let digits = std::str::from_utf8(opaque).ok().filter(|text| text.len() == 16)?;
        u64::from_str_radix(digits, 16).ok()
    };
    let whole = tags(&list).all(|tag| tag.is_ok());
    let strong = tags(&list).flatten().filter(|tag| whole && !tag.weak);
    Some(Some(strong.filter_map(|tag| version(tag.opaque)).take(EXPECTED_MAX).collect()))
}
