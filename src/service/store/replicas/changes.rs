//! Writes at an order server or a catalog: the entry that they put into the log, and the response
//! that its outcome becomes.

use super::catalog;
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::store::WriteError;
use crate::service::store::format::{self, Id};
use crate::service::store::wait::{News, Purpose, Told, Waiter, Waiting};
use crate::service::{Answer, Cx, Ticket};
use crate::work::store::order_key::OrderSecret;
use crate::work::store::{Entry, Outcome, Settled};
use std::time::UNIX_EPOCH;

/// The form of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `PUT /purchase/<id>/`.
    Purchase,
    /// `PUT /modify/<id>`.
    Modify,
    /// `POST /api/orders` for so many copies of this book.
    Order(u32, u32),
    /// `POST /api/books`.
    Add,
    /// `PATCH /api/books/{id}` and `POST /api/books/{id}/stock`.
    Book,
}

/// `PUT /purchase/<id>/`.
pub fn purchase(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let book = match format::id(request.segment()) {
        Id::NotNumeric => {
            let message = r#"{"message":"Book ID must be a numeric value"}"#;
            return json(400, message.to_string()).into();
        }
        Id::OutOfRange => return said(404, "Book not found", false).into(),
        Id::Is(id) => id,
    };
    match format::key(request.head) {
        Ok(key) => {
            let entry = Entry::Sell { book, quantity: 1, key, at: seconds(cx) };
            write(entry, Shape::Purchase, request.ticket, cx)
        }
        Err(response) => response.into(),
    }
}

/// `POST /api/orders`.
pub fn place(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match wanted(request, seconds(cx)) {
        Ok((entry, shape)) => write(entry, shape, request.ticket, cx),
        Err(response) => response.into(),
    }
}

fn wanted(request: &Request<'_, '_, '_>, at: u64) -> Result<(Entry, Shape), Response> {
    let key = format::key(request.head)?;
    let body = format::object(request)?;
    let book = format::book_id_of(&body).map_err(format::Wrong::problem)?;
    let quantity = format::quantity_of(&body).map_err(format::Wrong::problem)?;
    let quantity = quantity.filter(|quantity| *quantity > 0);
    let quantity = quantity.ok_or(format::Wrong("quantity")).map_err(format::Wrong::problem)?;
    Ok((Entry::Sell { book, quantity, key, at }, Shape::Order(book, quantity)))
}

fn seconds(cx: &Cx<'_>) -> u64 {
    cx.wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Writes an entry to the log; it is answered when its outcome is known.
pub fn write(entry: Entry, shape: Shape, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    match crate::service::store::write(entry, (Waiter { id: cx.id, ticket }, 0), cx) {
        Ok(()) => Waiting::begin(Purpose::Write(shape), ticket, limits::STORE_WAIT, cx),
        Err(error) => shape.failed(error).into(),
    }
}

impl Shape {
    /// The response, if the outcome is known, or does not come in time.
    pub fn news(self, news: &News, cx: &Cx<'_>) -> Option<Response> {
        match news {
            News::Told(Told::Settled(_, Ok(settled))) => {
                Some(self.settled(settled, cx.world.store.log.order_secret))
            }
            News::Told(Told::Settled(_, Err(error))) => Some(self.failed(*error)),
            News::Overdue => Some(self.failed(WriteError::Unknown)),
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }

    fn settled(self, settled: &Settled, secret: Option<OrderSecret>) -> Response {
        let response = match self {
            Shape::Purchase => located(purchased(&settled.outcome), &settled.outcome, secret),
            Shape::Modify => match &settled.outcome {
                Outcome::Kept(book) => json(200, format::book(book)),
                Outcome::Sold { .. }
                | Outcome::Short { .. }
                | Outcome::NoBook
                | Outcome::Stale
                | Outcome::KeyTaken
                | Outcome::Full => catalog::error(404, catalog::NO_BOOK),
            },
            Shape::Order(book, quantity) => {
                let response = ordered(&settled.outcome, (book, quantity), secret);
                located(response, &settled.outcome, secret)
            }
            Shape::Add | Shape::Book => kept(self, &settled.outcome),
        };
        if settled.replayed { response.field("Idempotent-Replayed", "true") } else { response }
    }

    fn failed(self, error: WriteError) -> Response {
        let detail = match error {
            WriteError::Log => "The log cannot be written, nothing was: make room on the disk.",
            WriteError::Busy => {
                "No replica can be asked, or too much is waiting; nothing was written."
            }
            WriteError::Unknown => UNKNOWN,
        };
        let response = match self {
            Shape::Purchase => said(503, detail, false),
            Shape::Modify => catalog::error(503, detail),
            Shape::Order(..) | Shape::Add | Shape::Book => Style::Problem.error(503, detail),
        }
        .retry_after(1);
        match error {
            WriteError::Log | WriteError::Busy => response,
            WriteError::Unknown => response.field(OUTCOME, "unknown".to_string()),
        }
    }
}

/// The answer for a write that may have happened.
pub const UNKNOWN: &str = "It is not known yet what came of it: ask again with the same key.";

/// The field that marks this answer for programs.
pub const OUTCOME: &str = "X-Outcome";

fn said(status: u16, message: &str, success: bool) -> Response {
    json(status, format!("{{\"message\":\"{message}\",\"status\":{success}}}"))
}

fn purchased(outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Sold { .. } => said(200, "Book successfully purchased", true),
        Outcome::Short { .. } => said(400, "Book out of stock", false),
        Outcome::KeyTaken => said(422, "The key stands for another purchase", false),
        Outcome::NoBook | Outcome::Kept(_) | Outcome::Stale | Outcome::Full => {
            said(404, "Book not found", false)
        }
    }
}

/// Adds the order's address, if there is an order: clients with its key may read it.
fn located(response: Response, outcome: &Outcome, secret: Option<OrderSecret>) -> Response {
    match outcome {
        Outcome::Sold { order, .. } => {
            let key = secret.map_or(String::new(), |secret| format!("?key={}", secret.key(*order)));
            response.field("Location", format!("/api/orders/{order}{key}")).momentary()
        }
        Outcome::Short { .. }
        | Outcome::NoBook
        | Outcome::Kept(_)
        | Outcome::Stale
        | Outcome::KeyTaken
        | Outcome::Full => response,
    }
}

fn ordered(
    outcome: &Outcome,
    (book, quantity): (u32, u32),
    secret: Option<OrderSecret>,
) -> Response {
    match outcome {
        Outcome::Sold { order, left } => {
            let key = secret
                .map_or(String::new(), |secret| format!(",\"key\":\"{}\"", secret.key(*order)));
            let body = format!(
                "{{\"id\":{order},\"book_id\":{book},\"quantity\":{quantity},\
                 \"available\":{left}{key}}}"
            );
            json(201, body)
        }
        Outcome::Short { available } => {
            let body = serde_json::json!({
                "type": "about:blank",
                "title": "Conflict",
                "status": 409,
                "detail": "There are not so many copies.",
                "available": available,
            });
            let mut response = json(409, body.to_string());
            response.content_type = "application/problem+json";
            response
        }
        Outcome::KeyTaken => Style::Problem.error(422, "The key stands for another purchase."),
        Outcome::NoBook | Outcome::Kept(_) | Outcome::Stale | Outcome::Full => {
            Style::Problem.error(404, "There is no such book.")
        }
    }
}

fn kept(shape: Shape, outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Kept(book) => {
            let status = if shape == Shape::Add { 201 } else { 200 };
            let response = json(status, format::book(book)).field("ETag", format::etag(book));
            if shape == Shape::Add {
                response.field("Location", format!("/api/books/{}", book.id))
            } else {
                response
            }
        }
        Outcome::Stale => Style::Problem.error(412, "The book is no longer what it was."),
        Outcome::Short { available } => {
            let detail = format!("There are only {available} copies.");
            Style::Problem.error(409, &detail)
        }
        Outcome::Full => Style::Problem.error(409, "There is no room for that many."),
        Outcome::NoBook | Outcome::Sold { .. } | Outcome::KeyTaken => {
            Style::Problem.error(404, "There is no such book.")
        }
    }
}
