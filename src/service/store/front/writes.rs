//! What the front passes on: purchases, and everything of the API that it does not cache.
//!
//! A purchase always has a key: the client's, or one of ours. So it may be asked for elsewhere
//! when a replica has no answer, and still happens once.

use super::calls;
use super::peers::Reply;
use super::{Call, Wanted};
use crate::limits;
use crate::service::http::{
    Answer, Content, Pending as HttpPending, Request, Response, Style, json,
};
use crate::service::store::asks::Pending as StorePending;
use crate::service::store::replicas::Role;
use crate::service::store::{Notice, words};
use crate::service::web::cache::Verdict;
use crate::service::{Cx, Event, Mail, Ticket};
use crate::wire::http::Method;
use std::sync::Arc;
use std::time::Instant;

/// What the answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `/purchase/<id>/`.
    Purchase,
    /// As the replica says it; a read has the fields of reads.
    Api { read: bool },
}

/// A request that waits for a replica.
#[derive(Debug)]
pub struct Pending {
    ticket: Ticket,
    shape: Shape,
    began: Instant,
    until: Instant,
    /// The book that it may have changed.
    book: Option<u32>,
}

/// `PUT /purchase/<id>/`.
pub fn purchase(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = words::segment(request.head.target.path(), "/purchase/");
    let id = match words::id(text) {
        words::Id::NotNumeric => {
            let message = r#"{"message":"Product ID must be numeric","success":false}"#;
            return Answer::Ready(json(400, message.to_string()));
        }
        words::Id::OutOfRange => return Answer::Ready(said(404, "Product not found", false)),
        words::Id::Is(id) => id,
    };
    let key = match words::key(request.head) {
        Ok(key) => key,
        Err(response) => return Answer::Ready(response),
    };
    let key = key.unwrap_or_else(|| own_key(cx));
    let call = Call {
        method: "PUT",
        fields: vec![("Idempotency-Key", key)],
        ..Call::get(Role::Order, format!("/purchase/{id}/"), Wanted::One(cx.id, request.ticket))
    };
    ask(call, Shape::Purchase, Some(id), request.ticket, cx)
}

/// Whatever of the API goes to a catalog as it came.
pub fn to_catalog(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    pass(Role::Catalog, request, cx)
}

/// Whatever of the API goes to an order server as it came.
pub fn to_orders(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    pass(Role::Order, request, cx)
}

fn pass(role: Role, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let head = request.head;
    let (method, read) = match head.method {
        Method::Get | Method::Head => ("GET", true),
        Method::Put => ("PUT", false),
        Method::Patch => ("PATCH", false),
        Method::Post
        | Method::Delete
        | Method::Options
        | Method::Connect
        | Method::Trace
        | Method::Other => ("POST", false),
    };
    let query = head.target.query().map_or(String::new(), |query| format!("?{query}"));
    let target = format!("{}{query}", head.target.path());
    let mut fields = Vec::new();
    for name in ["If-Match", "Content-Type"] {
        let values = head.fields(name).map(String::from_utf8_lossy).collect::<Vec<_>>();
        if !values.is_empty() {
            fields.push((name, values.join(", ")));
        }
    }
    let mut safe = read;
    if role == Role::Order && !read {
        let key = match words::key(head) {
            Ok(key) => key,
            Err(response) => return Answer::Ready(response),
        };
        fields.push(("Idempotency-Key", key.unwrap_or_else(|| own_key(cx))));
        safe = true;
    }
    let text = words::segment(head.target.path(), "/api/books/");
    let text = text.split('/').next().unwrap_or("");
    let book = match words::id(text) {
        words::Id::Is(id) if !read => Some(id),
        words::Id::Is(_) | words::Id::NotNumeric | words::Id::OutOfRange => None,
    };
    let wanted = Wanted::One(cx.id, request.ticket);
    let call = Call { method, fields, safe, ..Call::get(role, target, wanted) };
    let call = Call { body: request.body.to_vec(), ..call };
    ask(call, Shape::Api { read }, book, request.ticket, cx)
}

/// A key that nobody else uses.
fn own_key(cx: &mut Cx<'_>) -> String {
    let since = cx.wall.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("front-{:x}-{:016x}", since.as_nanos(), cx.rng.u64(..))
}

fn ask(call: Call, shape: Shape, book: Option<u32>, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    if call.method != "GET" && cx.draining {
        return Answer::Ready(unavailable(shape, "The server is ending."));
    }
    calls::begin(call, cx);
    let until = cx.now + limits::STORE_WAIT;
    let pending = Pending { ticket, shape, began: cx.now, until, book };
    Answer::Wait(HttpPending::Store(StorePending::Passed(pending)))
}

impl Pending {
    /// When the client has waited long enough.
    pub fn deadline(&self) -> Instant {
        self.until
    }

    /// Something has happened; the response if that was the reply.
    pub fn news(&self, event: &Event, cx: &mut Cx<'_>) -> Option<Response> {
        if matches!(event, Event::Tick) && self.until <= cx.now {
            return Some(self.answer(None, cx));
        }
        let Event::Mail(Mail::Store(Notice::Reply(ticket, reply))) = event else { return None };
        (*ticket == self.ticket).then(|| self.answer(reply.as_deref(), cx))
    }

    fn answer(&self, reply: Option<&Reply>, cx: &mut Cx<'_>) -> Response {
        let Some(reply) = reply else {
            return unavailable(self.shape, "No replica can be asked.");
        };
        if let (Some(id), 200..300) = (self.book, reply.status) {
            // The keeper of the log has done so, if it is ours.
            let body = serde_json::from_slice::<serde_json::Value>(&reply.body).ok();
            let topic = body.as_ref().and_then(|body| body["topic"].as_str()).unwrap_or("");
            cx.world.store.front.cache.invalidate(id, topic);
        }
        match self.shape {
            Shape::Purchase => bought(reply),
            Shape::Api { read } => passed(reply, read, cx, self.began),
        }
    }
}

fn said(status: u16, message: &str, success: bool) -> Response {
    json(status, format!("{{\"message\":\"{message}\",\"success\":{success}}}"))
}

fn bought(reply: &Reply) -> Response {
    let replayed = reply.fields.iter().find(|(name, _)| *name == "Idempotent-Replayed");
    let mut response = match reply.status {
        200 => said(200, "Product purchased successfully", true),
        400 => said(400, "Product out of stock", false),
        404 => said(404, "Product not found", false),
        422 => Style::Problem.error(422, "The key stands for another purchase."),
        _ => unavailable(Shape::Purchase, "No order server can be asked."),
    };
    response.fields.extend(replayed.cloned());
    response.field("X-Replica", reply.replica.clone())
}

fn passed(reply: &Reply, read: bool, cx: &Cx<'_>, began: Instant) -> Response {
    let mut response = json(reply.status, String::new());
    let body = Arc::clone(&reply.body);
    response.body = Content::Shared(body, 0..reply.body.len());
    for (name, value) in &reply.fields {
        if *name != "Content-Type" {
            response.fields.push((name, value.clone()));
        } else if value.starts_with("application/problem+json") {
            response.content_type = "application/problem+json";
        }
    }
    response = response.field("X-Replica", reply.replica.clone());
    if read {
        let ms = cx.now.saturating_duration_since(began).as_secs_f64() * 1000.0;
        response.cache = Some(Verdict::Miss);
        response = response
            .field("Cache-Status", format!("pentad; fwd=request; fwd-status={}", reply.status))
            .field("Server-Timing", format!("db;dur={ms:.3}"));
    }
    response
}

fn unavailable(shape: Shape, detail: &str) -> Response {
    match shape {
        Shape::Purchase => said(503, detail, false),
        Shape::Api { .. } => Style::Problem.error(503, detail),
    }
    .retry_after(1)
}
