//! One request and its answer: what an endpoint reads, and what is remembered until the answer
//! is printed.

use super::response::Response;
use crate::service::web::AccessLog;
use crate::service::web::log::Record;
use crate::service::{Cx, Ticket};
use crate::stats::{Answered, Close, Handler, Verb};
use crate::wire::http::{Head, Method, Version};
use crate::wire::reply::{self, Connection};
use std::time::Instant;

/// What an endpoint sees.
#[derive(Debug)]
pub struct Request<'a, 'h, 'b> {
    /// The head.
    pub head: &'a Head<'h, 'b>,
    /// The whole body, without its framing.
    pub body: &'a [u8],
    /// The first of the tickets that are this request's own.
    pub ticket: Ticket,
}

impl Request<'_, '_, '_> {
    /// Whether the body says that it is JSON. Silence counts as yes; parameters such as a
    /// character set are ignored.
    pub fn is_json(&self) -> bool {
        self.head.field("content-type").is_none_or(|value| {
            let media = value.split(|byte| *byte == b';').next().unwrap_or(b"").trim_ascii();
            media.eq_ignore_ascii_case(b"application/json")
                || media.len() > 5 && media[media.len() - 5..].eq_ignore_ascii_case(b"+json")
        })
    }
}

/// What the answer depends on, when the head is gone.
#[derive(Debug)]
pub struct Exchange {
    method: Method,
    version: Version,
    /// Whether another request may follow.
    pub keep_alive: bool,
    began: Instant,
    area: Handler,
    /// The path, where the answer has to wait: others come in between.
    path: Option<Box<str>>,
    record: Option<Box<Record>>,
}

impl Exchange {
    /// The exchange that a head begins.
    pub fn begin(head: &Head<'_, '_>, raw: &[u8], area: Handler, cx: &mut Cx<'_>) -> Exchange {
        cx.stats.begin(head.target.path());
        Exchange {
            method: head.method,
            version: head.version,
            keep_alive: head.keep_alive,
            began: cx.now,
            area,
            path: None,
            record: is_logged(cx).then(|| record(request_line(raw), Some(head), cx)),
        }
    }

    /// The exchange for bytes that were no request.
    pub fn unreadable(cx: &mut Cx<'_>) -> Exchange {
        cx.stats.begin("");
        Exchange {
            method: Method::Other,
            version: Version::Http11,
            keep_alive: false,
            began: cx.now,
            area: Handler::None,
            path: None,
            record: is_logged(cx).then(|| record(b"", None, cx)),
        }
    }

    /// The answer has to wait.
    pub fn kept(mut self, cx: &Cx<'_>) -> Exchange {
        self.path = self.path.or_else(|| Some(cx.stats.answers()?.path().into()));
        self
    }

    /// The request only asked whether the server lives.
    pub fn quietly(&mut self, cx: &Cx<'_>) {
        if cx.world.web.access_log == AccessLog::Visitors {
            self.record = None;
        }
    }

    /// Prints the response, and the line about it. `close` says that, and why, it is the last.
    pub fn print(self, response: &Response, close: Option<Close>, cx: &mut Cx<'_>) {
        let connection = match (close, self.version) {
            (Some(_), _) => Connection::Close,
            (None, Version::Http10) => Connection::KeepAlive,
            (None, Version::Http11) => Connection::Implied,
        };
        let length = response.body.len() as u64;
        let content = !matches!(response.status, 100..200 | 204 | 304);
        reply::print(
            &reply::Head {
                status: response.status,
                common: cx.world.web.common(cx.wall),
                content_type: content.then_some(response.content_type),
                content_length: content.then_some(length),
                connection,
                fields: &response.fields,
            },
            cx.send.tail(),
        );
        let body: &[u8] = if self.method == Method::Head { b"" } else { &response.body };
        cx.send.push(body);
        self.count(response.status, body.len(), cx);
        if let Some(record) = self.record {
            let bytes = body.len() as u64;
            cx.log.push(Record { status: response.status, bytes, close, ..*record });
        }
    }

    fn count(&self, status: u16, bytes: usize, cx: &mut Cx<'_>) {
        if let Some(path) = &self.path {
            cx.stats.begin(path);
        }
        cx.stats.at_work(self.area);
        cx.stats.answered(Answered {
            began: self.began,
            wall: cx.wall,
            client: cx.peer,
            verb: verb(self.method),
            handler: self.area,
            status,
            bytes: bytes as u64,
            cache: self.record.as_ref().and_then(|record| record.cache),
        });
    }
}

/// The method as counters know it.
fn verb(method: Method) -> Verb {
    match method {
        Method::Get => Verb::Get,
        Method::Head => Verb::Head,
        Method::Post => Verb::Post,
        Method::Put => Verb::Put,
        Method::Patch => Verb::Patch,
        Method::Delete => Verb::Delete,
        Method::Options => Verb::Options,
        Method::Connect => Verb::Connect,
        Method::Trace => Verb::Trace,
        Method::Other => Verb::Other,
    }
}

fn is_logged(cx: &Cx<'_>) -> bool {
    cx.world.web.access_log != AccessLog::Off
}

/// The first line of a head, without the empty ones that may stand before it.
fn request_line(raw: &[u8]) -> &[u8] {
    raw.trim_ascii_start().split(|byte| *byte == b'\r').next().unwrap_or(b"")
}

fn record(request: &[u8], head: Option<&Head<'_, '_>>, cx: &Cx<'_>) -> Box<Record> {
    let field = |name| head.and_then(|head| head.field(name)).unwrap_or(b"").into();
    Box::new(Record {
        client: cx.peer,
        session: None,
        wall: cx.wall,
        began: cx.now,
        request: request.into(),
        referer: field("referer"),
        agent: field("user-agent"),
        status: 0,
        bytes: 0,
        cache: None,
        close: None,
    })
}
