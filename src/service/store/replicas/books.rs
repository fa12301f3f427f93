//! The API of books, on catalogs: changes and stock. The front passes it on.

use super::changes::{self, Shape};
use crate::service::http::{Request, Response, Style};
use crate::service::store::format::{self, Id, Wrong};
use crate::service::{Answer, Cx};
use crate::wire::conditional::tags;
use crate::work::store::Entry;
use crate::work::store::codec::EXPECTED_MAX;

/// `POST /api/books`.
pub fn add(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let entry = format::object(request).and_then(|body| {
        let need = |name| Wrong(name).problem();
        let title = format::title_of(&body).map_err(Wrong::problem)?;
        let topic = format::topic_of(&body).map_err(Wrong::problem)?;
        let price = format::price_of(&body).map_err(Wrong::problem)?;
        let quantity = format::quantity_of(&body).map_err(Wrong::problem)?;
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
        return Style::Problem.error(428, detail).into();
    }
    let expected = expected.flatten();
    let entry = book_in(request).and_then(|book| {
        let body = format::object(request)?;
        let title = format::title_of(&body).map_err(Wrong::problem)?;
        let topic = format::topic_of(&body).map_err(Wrong::problem)?;
        let price = format::price_of(&body).map_err(Wrong::problem)?;
        let quantity = format::quantity_of(&body).map_err(Wrong::problem)?;
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
        let body = format::object(request)?;
        let delta = format::delta_of(&body).map_err(Wrong::problem)?;
        let reason = format::reason_of(&body).map_err(Wrong::problem)?;
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
        Ok(entry) => changes::write(entry, shape, request.ticket, cx),
        Err(response) => response.into(),
    }
}

fn book_in(request: &Request<'_, '_, '_>) -> Result<u32, Response> {
    match format::id(request.segment()) {
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
