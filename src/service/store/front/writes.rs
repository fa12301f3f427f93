//! Requests that the front forwards: purchases, and everything of the API that it does not cache.
//!
//! A purchase always has a key: the client's, or one of the front. So it may be sent to another
//! replica when one has no answer, and still happens once.

use super::calls;
use super::peers::Reply;
use super::{Call, Wanted};
use crate::limits;
use crate::service::http::{CacheStatus, Content, Request, Response, Style, json};
use crate::service::store::replicas::Role;
use crate::service::store::replicas::changes::{OUTCOME, UNKNOWN};
use crate::service::store::wait::{News, Purpose, Told, Waiter, Waiting};
use crate::service::store::{NoReply, format};
use crate::service::{Answer, Cx, Ticket};
use crate::wire::http::Method;
use crate::wire::target::pair;
use std::sync::Arc;
use std::time::Duration;

/// The form of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `/purchase/<id>/`.
    Purchase,
    /// As the replica says it; a read has the fields of reads.
    Api { read: bool },
}

/// A request that waits for a replica's reply.
#[derive(Debug, Clone, Copy)]
pub struct Forward {
    shape: Shape,
    /// The book that it may change.
    book: Option<u32>,
    /// True if the client gave it a key. A repetition under the front's own key is none to the
    /// client.
    keyed: bool,
}

/// `PUT /purchase/<id>/`.
pub fn purchase(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let id = match format::id(request.segment()) {
        format::Id::NotNumeric => {
            let message = r#"{"message":"Product ID must be numeric","success":false}"#;
            return json(400, message.to_string()).into();
        }
        format::Id::OutOfRange => return said(404, "Product not found", false).into(),
        format::Id::Is(id) => id,
    };
    let key = match format::key(request.head) {
        Ok(key) => key,
        Err(response) => return response.into(),
    };
    let keyed = key.is_some();
    let key = key.unwrap_or_else(|| format::own_key(cx));
    let call = Call {
        method: "PUT",
        fields: vec![("Idempotency-Key", key)],
        ..Call::get(
            Role::Order,
            format!("/purchase/{id}/"),
            Wanted::One(Waiter { id: cx.id, ticket: request.ticket }),
        )
    };
    forward(call, Forward { shape: Shape::Purchase, book: Some(id), keyed }, request.ticket, cx)
}

/// Forwards a request of the API to a catalog as it came.
pub fn to_catalog(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    pass(Role::Catalog, request, cx)
}

/// Forwards a request of the API to an order server as it came.
pub fn to_orders(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    pass(Role::Order, request, cx)
}

/// `GET /api/orders/{n}`: for every client with its key, and for operators without it.
pub fn order(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let number = request.segment();
    let query = request.head.target.query().unwrap_or("");
    let key =
        pair(query, "key").map_or(String::new(), |key| format!("?key={}", format::escape(&key)));
    let wanted = Wanted::One(Waiter { id: cx.id, ticket: request.ticket });
    let call = Call::get(Role::Order, format!("/api/orders/{number}{key}"), wanted);
    let wanted = Forward { shape: Shape::Api { read: true }, book: None, keyed: false };
    forward(call, wanted, request.ticket, cx)
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
    let (mut safe, mut keyed) = (read, false);
    if role == Role::Order && !read {
        let key = match format::key(head) {
            Ok(key) => key,
            Err(response) => return response.into(),
        };
        keyed = key.is_some();
        fields.push(("Idempotency-Key", key.unwrap_or_else(|| format::own_key(cx))));
        safe = true;
    }
    let book = match format::id(request.segment()) {
        format::Id::Is(id) if !read => Some(id),
        format::Id::Is(_) | format::Id::NotNumeric | format::Id::OutOfRange => None,
    };
    let wanted = Wanted::One(Waiter { id: cx.id, ticket: request.ticket });
    let call = Call { method, fields, safe, ..Call::get(role, target, wanted) };
    let call = Call { body: request.body.to_vec(), ..call };
    forward(call, Forward { shape: Shape::Api { read }, book, keyed }, request.ticket, cx)
}

fn forward(call: Call, wanted: Forward, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    if call.method != "GET" && cx.draining {
        return unavailable(wanted.shape, "The server is ending.").into();
    }
    let store = &cx.world.store;
    if call.role == Role::Order
        && call.method != "GET"
        && !store.front.has(Role::Catalog, &store.replicas, cx.now)
    {
        let detail = "No catalog can be asked; nothing was written.";
        return unavailable(wanted.shape, detail).into();
    }
    calls::begin(call, cx);
    Waiting::begin(Purpose::Forward(wanted), ticket, limits::STORE_WAIT, cx)
}

impl Forward {
    /// The response, if a replica has replied, or does not in time.
    pub fn news(self, news: &News, waited: Duration, cx: &mut Cx<'_>) -> Option<Response> {
        match news {
            News::Told(Told::Reply(reply)) => {
                Some(self.answer(reply.as_deref().map_err(|none| *none), waited, cx))
            }
            News::Overdue => Some(self.answer(Err(NoReply::Unknown), waited, cx)),
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }

    fn answer(self, reply: Result<&Reply, NoReply>, waited: Duration, cx: &mut Cx<'_>) -> Response {
        let Forward { shape, book, keyed } = self;
        let reply = match (reply, shape) {
            (Ok(reply), _) => reply,
            (Err(NoReply::NotSent), _) | (Err(NoReply::Unknown), Shape::Api { read: true }) => {
                return unavailable(shape, "No replica can be asked; nothing was written.");
            }
            (Err(NoReply::Unknown), Shape::Purchase | Shape::Api { read: false }) => {
                return unavailable(shape, UNKNOWN).field(OUTCOME, "unknown".to_string());
            }
        };
        if let (Some(id), 200..300) = (book, reply.status) {
            // If the log is this process's, that has been done.
            let body = serde_json::from_slice::<serde_json::Value>(&reply.body).ok();
            let topic = body.as_ref().and_then(|body| body["topic"].as_str()).unwrap_or("");
            cx.world.store.front.cache.invalidate(id, topic);
        }
        let mut response = match shape {
            Shape::Purchase => bought(reply),
            Shape::Api { read } => passed(reply, read, waited),
        };
        response.fields.retain(|(name, _)| keyed || *name != "Idempotent-Replayed");
        response
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
        _ => {
            let body = serde_json::from_slice::<serde_json::Value>(&reply.body).ok();
            let said = body.as_ref().and_then(|body| body["message"].as_str());
            unavailable(Shape::Purchase, said.unwrap_or(UNKNOWN))
        }
    };
    let location = reply.fields.iter().find(|(name, _)| *name == "Location");
    response.fields.extend(replayed.into_iter().chain(location).cloned());
    response.field("X-Replica", reply.replica.clone())
}

fn passed(reply: &Reply, read: bool, waited: Duration) -> Response {
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
        let ms = waited.as_secs_f64() * 1000.0;
        response.cache = Some(CacheStatus::Miss);
        response = response
            .field("Cache-Status", format!("pentad; fwd=bypass; fwd-status={}", reply.status))
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
