//! A request on its way to its answer: everything that printing and counting the answer needs after
//! the head is gone.

use super::response::{Body, CacheStatus, Cookie, Response};
use super::route::{ListenerRole, Purpose, Route};
use crate::buf::SendBuf;
use crate::service::Cx;
use crate::service::web::AccessLog;
use crate::service::web::log::Record;
use crate::service::web::sessions::Visit;
use crate::stats::{Answered, Close, Handler, PATH_BYTES_MAX};
use crate::wire::http::{Head, Method, Version};
use crate::wire::reply::{self, Connection};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// Bytes of an invalid request that are logged.
const FIRST_BYTES: usize = 128;

/// The facts that the answer depends on, after the head is gone.
#[derive(Debug)]
pub struct Exchange<'b> {
    method: Method,
    version: Version,
    /// True if another request may follow.
    pub keep_alive: bool,
    began: Instant,
    area: Handler,
    /// The path to count under; a copy if the answer has to wait and is counted.
    path: Cow<'b, str>,
    record: Option<Box<Record>>,
    /// The visitor, if there is one.
    visit: Visit,
    /// True if the answer is for operators, and must not be cached.
    private: bool,
    /// Lines of the answer for pages of other sites.
    cors: Option<Arc<[u8]>>,
}

impl<'b> Exchange<'b> {
    /// Begins the exchange of a head.
    pub fn begin(head: &Head<'_, 'b>, raw: &[u8], area: Handler, cx: &Cx<'_>) -> Exchange<'b> {
        Exchange {
            method: head.method,
            version: head.version,
            keep_alive: head.keep_alive,
            began: cx.now,
            area,
            path: Cow::Borrowed(head.target.path()),
            record: is_logged(cx).then(|| record(request_line(raw), Some(head), cx)),
            visit: Visit::None,
            private: false,
            cors: cx.world.web.cors.lines(head),
        }
    }

    /// Begins the exchange for bytes that are not a request, with the rule that they violate.
    pub fn unreadable(bytes: &[u8], rule: Option<&'static str>, cx: &Cx<'_>) -> Exchange<'static> {
        let first = &bytes[..bytes.len().min(FIRST_BYTES)];
        let exchange = Exchange {
            method: Method::Other,
            version: Version::Http11,
            keep_alive: false,
            began: cx.now,
            area: Handler::None,
            path: Cow::Borrowed(""),
            record: is_logged(cx).then(|| record(first, None, cx)),
            visit: Visit::None,
            private: false,
            cors: None,
        };
        match rule {
            Some(rule) => exchange.refused_by(rule),
            None => exchange,
        }
    }

    /// Records that the request was refused, by the rule of this name.
    pub fn refused_by(mut self, rule: &'static str) -> Exchange<'b> {
        if let Some(record) = &mut self.record {
            record.rule = Some(rule);
        }
        self
    }

    /// Copies what is needed for an answer that has to wait: the head will be gone.
    pub fn kept(self, cx: &Cx<'_>) -> Exchange<'static> {
        let path =
            if cx.stats.is_measuring() { shown(&self.path).to_owned() } else { String::new() };
        Exchange { path: Cow::Owned(path), ..self }
    }

    /// Records the row of the request: probes may be left out of the log, and clients that look at
    /// pages are visitors.
    pub fn routed(
        &mut self,
        route: &'static Route,
        face: ListenerRole,
        head: &Head<'_, '_>,
        cx: &mut Cx<'_>,
    ) {
        if face == ListenerRole::Panel && is_by_our_page(route, head) {
            self.area = Handler::Panel;
        }
        self.private = route.is_private(face);
        let web = &mut cx.world.web;
        match route.purpose {
            Purpose::Probe if web.access_log == AccessLog::Visitors => self.record = None,
            Purpose::Page if is_visit(head) => {
                self.visit = web.sessions.visit(head.fields("cookie"), cx.now, &web.limits);
            }
            Purpose::Call | Purpose::Page | Purpose::View | Purpose::Probe => {}
        }
    }

    /// Returns the lines that send a new visitor its id, if the response may carry them.
    fn cookie(&mut self, response: &Response, cx: &mut Cx<'_>) -> Option<Vec<u8>> {
        if self.visit != Visit::New || response.cookie == Cookie::Never {
            return None;
        }
        let web = &mut cx.world.web;
        let id = web.sessions.begin(cx.now, &web.limits);
        self.visit = Visit::Known(id);
        let mut lines = id.cookie_line();
        if response.cookie == Cookie::Private {
            lines.extend_from_slice(b"Cache-Control: private\r\n");
        }
        Some(lines)
    }

    /// Prints the response, and the log line. `close` is the reason if it is the last response. If
    /// content is still to be sent, the line is returned.
    pub fn print(
        mut self,
        response: &Response,
        close: Option<Close>,
        cx: &mut Cx<'_>,
    ) -> Option<Box<Record>> {
        let connection = match (close, self.version) {
            (Some(_), _) => Connection::Close,
            (None, Version::Http10) => Connection::KeepAlive,
            (None, Version::Http11) => Connection::Implied,
        };
        let content = !matches!(response.status, 100..200 | 204 | 304);
        let named = content && response.lines.is_none();
        let x_cache: &[u8] = match response.cache {
            None => b"",
            Some(CacheStatus::Hit) => b"X-Cache: HIT\r\n",
            Some(CacheStatus::Miss) => b"X-Cache: MISS\r\n",
            Some(CacheStatus::Bypass) => b"X-Cache: BYPASS\r\n",
        };
        let cookie = self.cookie(response, cx);
        let is_said = || response.fields.iter().any(|(name, _)| *name == "Cache-Control");
        let no_store: &[u8] =
            if self.private && !is_said() { b"Cache-Control: no-store\r\n" } else { b"" };
        reply::print(
            &reply::Head {
                status: response.status,
                common: cx.world.web.common(cx.wall),
                content_type: named.then_some(response.content_type),
                content_length: content.then(|| response.body.length()),
                connection,
                fields: &response.fields,
                lines: [
                    response.lines.as_deref().unwrap_or(b""),
                    x_cache,
                    cookie.as_deref().unwrap_or(b""),
                    no_store,
                    self.cors.as_deref().unwrap_or(b""),
                ],
                age: response.age,
            },
            cx.send.tail(),
        );
        let bytes = if self.method == Method::Head { 0 } else { send(&response.body, cx.send) };
        self.count(response, bytes, cx);
        let mut record = self.record?;
        let cache = response.cache.map(CacheStatus::name);
        let session = self.visit.id();
        *record = Record { session, status: response.status, bytes, close, cache, ..*record };
        if matches!(response.body, Body::File(..) | Body::List(_)) {
            return Some(record);
        }
        cx.log.push(*record);
        None
    }

    fn count(&self, response: &Response, bytes: u64, cx: &mut Cx<'_>) {
        cx.stats.at_work(self.area);
        let answered = Answered {
            began: self.began,
            wall: cx.wall,
            client: cx.peer,
            method: self.method,
            handler: self.area,
            status: response.status,
            bytes,
            cache: response.cache.map(CacheStatus::name),
        };
        cx.stats.answered(answered, shown(&self.path));
    }
}

/// Returns true if the panel's own pages send a request, or another client in their place: these
/// are not counted among the requests that the pages show.
fn is_by_our_page(route: &Route, head: &Head<'_, '_>) -> bool {
    head.field("sec-fetch-site") == Some(b"same-origin")
        || matches!(route.purpose, Purpose::Page | Purpose::View)
}

/// Returns true if the sender looks at a page. A client that requests a missing service, or wants
/// to change something, is not a visitor.
fn is_visit(head: &Head<'_, '_>) -> bool {
    matches!(head.method, Method::Get | Method::Head) && !head.target.path().starts_with("/api/")
}

/// Returns the part of a path that is kept for display.
fn shown(path: &str) -> &str {
    &path[..path.floor_char_boundary(PATH_BYTES_MAX)]
}

/// Puts the content into the output, and returns its length. Files and lists are sent piece by
/// piece by the caller.
fn send(body: &Body, send: &mut SendBuf) -> u64 {
    match body {
        Body::Bytes(Cow::Borrowed(bytes)) => send.push_static(bytes),
        Body::Bytes(Cow::Owned(bytes)) => send.push(bytes),
        Body::Shared(bytes, range) => send.push_shared(bytes, range.clone()),
        Body::Sealed(file, range) => send.push_file(file, range.clone()),
        Body::File(..) | Body::List(_) | Body::Unsent(_) => {}
    }
    body.length()
}

fn is_logged(cx: &Cx<'_>) -> bool {
    cx.world.web.access_log != AccessLog::Off
}

/// Returns the first line of a head, without empty lines before it.
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
        rule: None,
        close: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_are_cut_between_characters() {
        let long = "ü".repeat(PATH_BYTES_MAX);
        assert_eq!(shown(&long).len(), PATH_BYTES_MAX);
        assert_eq!(shown(&format!("/{long}")).len(), PATH_BYTES_MAX - 1);
        assert_eq!(shown("/short"), "/short");
    }
}
