//! Reads of the front: from the cache, or from whichever catalog's turn it is.
//!
//! Every answer says where it comes from (`X-Replica`), whether it was here (`X-Cache`,
//! `Cache-Status` as in RFC 9211), how old it is and how long it took.

use super::cache::{Found, Key};
use super::calls;
use super::peers::Reply;
use crate::limits;
use crate::service::http::{CacheStatus, Content, Request, Response, Style, json};
use crate::service::store::format;
use crate::service::store::wait::{News, Purpose, Told, Waiter, Waiting};
use crate::service::{Answer, Cx, Ticket};
use crate::wire::conditional::{Comparison, Tag, tags};
use crate::wire::target::decode_path;
use crate::work::store::codec::TOPIC_MAX;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The form of the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// `/product/<id>`.
    Product,
    /// `/products/<topic>`.
    Products,
    /// `/api/books/{id}`, unless the client has it: it named these.
    Book(Vec<u8>),
}

/// A read that waits for a catalog.
#[derive(Debug)]
pub struct Read {
    key: Key,
    shape: Shape,
    /// Why the cache did not do, as RFC 9211 §2.2 has it.
    why: &'static str,
    /// True if it joined a miss under way.
    joined: bool,
}

/// The key for an id out of range: a catalog answers that it has no such book, so that the response
/// is like every other one.
const NO_BOOK: Key = Key::Item(0);

/// `GET /product/<id>`.
pub fn product(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = request.segment();
    match format::id(text) {
        format::Id::NotNumeric => {
            json(400, r#"{"message":"Product ID must be numeric"}"#.to_string()).into()
        }
        format::Id::OutOfRange => read(NO_BOOK, Shape::Product, request.ticket, cx),
        format::Id::Is(id) => read(Key::Item(id), Shape::Product, request.ticket, cx),
    }
}

/// `GET /products/<topic>`.
pub fn products(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = request.segment();
    // What cannot be decoded, or is too long, is in no topic: nor is this, and catalogs say so.
    let none = || Cow::Borrowed(&b"\0"[..]);
    let topic = decode_path(text).unwrap_or_else(|_| none());
    let topic = if topic.len() > 4 * TOPIC_MAX { none() } else { topic };
    let topic = String::from_utf8_lossy(&topic).to_lowercase();
    read(Key::Topic(topic), Shape::Products, request.ticket, cx)
}

/// `GET /api/books/{id}`.
pub fn book(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = request.segment();
    let known = request.head.fields("if-none-match").collect::<Vec<_>>().join(&b", "[..]);
    match format::id(text) {
        format::Id::NotNumeric => Style::Problem.error(400, "The id of a book is a number.").into(),
        format::Id::OutOfRange => read(NO_BOOK, Shape::Book(known), request.ticket, cx),
        format::Id::Is(id) => read(Key::Item(id), Shape::Book(known), request.ticket, cx),
    }
}

fn read(key: Key, shape: Shape, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    let current = cx.world.store.log.is_current(cx.now, cx.draining);
    let cache = &mut cx.world.store.front.cache;
    if let Some(found) = current.then(|| cache.find(&key, cx.now)).flatten() {
        let line = format_args!("Using cache for {key}");
        cx.world.store.front.log.note(&line, cx.now);
        return hit(&shape, found).into();
    }
    let target = match &key {
        Key::Item(id) => format!("/retrieve/item/{id}"),
        Key::Topic(topic) => format!("/retrieve/search/{}", format::escape(topic)),
    };
    let why = if cx.world.store.front.cache.holds(&key) { "stale" } else { "uri-miss" };
    let waiter = Waiter { id: cx.id, ticket };
    let joined = calls::fetch(key.clone(), target, waiter, cx);
    let read = Purpose::Read(Read { key, shape, why, joined });
    Waiting::begin(read, ticket, limits::STORE_WAIT, cx)
}

impl Read {
    /// The response, if a catalog has replied, or does not in time.
    pub fn news(&self, news: &News, waited: Duration, cx: &mut Cx<'_>) -> Option<Response> {
        match news {
            News::Told(Told::Reply(reply)) => Some(self.answer(reply.as_deref().ok(), waited, cx)),
            News::Overdue => Some(self.answer(None, waited, cx)),
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }

    fn answer(&self, reply: Option<&Reply>, waited: Duration, cx: &mut Cx<'_>) -> Response {
        let ms = waited.as_secs_f64() * 1000.0;
        let Some(reply) = reply.filter(|reply| matches!(reply.status, 200 | 404)) else {
            return self.unreachable(cx);
        };
        let (replica, key) = (&reply.replica, &self.key);
        let line = format_args!("Using database of {replica} for {key}. The time: {ms:.3} ms");
        cx.world.store.front.log.note(&line, cx.now);
        let mut response = match reply.status {
            200 => content(&self.shape, reply),
            _ => missing(&self.shape),
        };
        let stored = if reply.stored { "; stored" } else { "" };
        let collapsed = if self.joined { "; collapsed" } else { "" };
        let (why, status) = (self.why, reply.status);
        (response.cache, response.age) = (Some(CacheStatus::Miss), Some(0));
        response
            .field(
                "Cache-Status",
                format!("pentad; fwd={why}; fwd-status={status}{stored}{collapsed}"),
            )
            .field("X-Replica", reply.replica.clone())
            .field("Server-Timing", format!("db;dur={ms:.3}"))
    }

    /// No catalog has an answer.
    fn unreachable(&self, cx: &Cx<'_>) -> Response {
        if let Some(found) = cx.world.store.front.cache.find_stale(&self.key, cx.now) {
            let mut response = content(&self.shape, &found.reply);
            (response.cache, response.age) = (Some(CacheStatus::Hit), Some(found.age.as_secs()));
            return response
                .field("Cache-Status", "pentad; hit; detail=stale-if-error")
                .field("X-Replica", found.reply.replica.clone())
                .field("Server-Timing", "cache;desc=\"stale\"");
        }
        unavailable(&self.shape)
            .field("Cache-Status", format!("pentad; fwd={}; detail=unavailable", self.why))
    }
}

/// The fields of every later hit.
pub fn hit_lines(reply: &Reply) -> Arc<[u8]> {
    let etag = reply.fields.iter().find(|(name, _)| *name == "ETag");
    let etag = etag.map_or(String::new(), |(_, value)| format!("ETag: {value}\r\n"));
    let lines = format!(
        "Content-Type: application/json\r\n{etag}Cache-Status: pentad; hit\r\n\
         X-Replica: {}\r\nServer-Timing: cache;desc=\"hit\";dur=0\r\n",
        reply.replica
    );
    lines.into_bytes().into()
}

fn hit(shape: &Shape, found: Found) -> Response {
    let not_modified = is_known(shape, &found.reply);
    let mut response = json(if not_modified { 304 } else { 200 }, String::new());
    if !not_modified {
        let length = found.reply.body.len();
        response.body = Content::Shared(Arc::clone(&found.reply.body), 0..length);
    }
    response.lines = Some(found.lines);
    (response.cache, response.age) = (Some(CacheStatus::Hit), Some(found.age.as_secs()));
    response
}

fn content(shape: &Shape, reply: &Reply) -> Response {
    let not_modified = is_known(shape, reply);
    let mut response = json(if not_modified { 304 } else { 200 }, String::new());
    if !not_modified {
        response.body = Content::Shared(Arc::clone(&reply.body), 0..reply.body.len());
    }
    let etag = reply.fields.iter().find(|(name, _)| *name == "ETag");
    response.fields.extend(etag.cloned());
    response
}

/// Returns true if the client has this version.
fn is_known(shape: &Shape, reply: &Reply) -> bool {
    let Shape::Book(known) = shape else { return false };
    if known.is_empty() {
        return false;
    }
    let Some((_, etag)) = reply.fields.iter().find(|(name, _)| *name == "ETag") else {
        return false;
    };
    let opaque = etag.trim_matches('"').as_bytes();
    known.trim_ascii() == b"*"
        || tags(known).all(|tag| tag.is_ok())
            && tags(known).flatten().any(|tag| tag.is_same(Tag::strong(opaque), Comparison::Weak))
}

fn missing(shape: &Shape) -> Response {
    match shape {
        Shape::Product => json(404, r#"{"message":"Product not found"}"#.to_string()),
        Shape::Products => json(404, r#"{"message":"No products found"}"#.to_string()),
        Shape::Book(_) => Style::Problem.error(404, "There is no such book."),
    }
}

fn unavailable(shape: &Shape) -> Response {
    let detail = "No catalog can be asked.";
    match shape {
        Shape::Product | Shape::Products => {
            json(503, serde_json::json!({ "message": detail }).to_string())
        }
        Shape::Book(_) => Style::Problem.error(503, detail),
    }
    .retry_after(1)
}
