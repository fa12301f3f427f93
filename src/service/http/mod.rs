//! HTTP/1.1 on one connection: heads and bodies in, handlers called, responses out, in order. The
//! router above finds the handler; nothing here knows a path or a service.
//!
//! ```text
//!            ┌────────────────────── next request ───────────────────────┐
//!            ▼                                                           │
//!   Idle ─bytes→ Head ─complete→ Body ─complete→ (handler) ──┬─ answer ──┼─▶ Done
//!                  └─────────── no body ──────────▲          ├─ wait ─▶ Waiting
//!                                                            └─ refused ─▶ Skipping
//! ```
//!
//! A second request is never read before the first is answered, a body is never parsed as a
//! request, and after an error nothing more is parsed.

pub mod allow;
mod body;
mod embedded;
mod ends;
mod exchange;
mod flow;
pub mod host;
mod pattern;
mod request;
mod response;
mod route;

pub use embedded::{Embedded, send};
pub use pattern::Pattern;
pub use request::{Request, TICKETS};
pub use response::{
    Body as Content, CacheStatus, Cookie, Response, Style, content, empty, json, lines, page, text,
};
pub use route::{Body, Guard, HandlerFn, ListenerRole, Purpose, Route, Router};

use crate::buf::RecvBuf;
use crate::service::web::log::Record;
use crate::service::{Answer, Cx, Deadline, Event, Pending, Progress, Refusal, Ticket, Wait};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::http::{Fields, Framing, Head, Scan, head};
use crate::wire::reply::CONTINUE;
use body::{Receiving, Transfer, is_too_large};
use exchange::Exchange;
use flow::{Flow, Progressed};
use std::time::Instant;

/// A connection.
#[derive(Debug)]
pub struct Session<R> {
    router: R,
    stage: Stage,
    deadline: Option<Deadline>,
    answered: u32,
}

/// The part of the input that belongs to a request whose head is complete.
enum Used {
    /// The head; the rest is for later.
    Head,
    /// The head, and so many bytes of body.
    Body(usize),
    /// The head, which is kept until the body has arrived.
    Kept,
}

#[derive(Debug)]
enum Stage {
    /// Between requests.
    Idle,
    /// Part of a head is in the input.
    Head(Scan),
    /// Part of a body has been taken from the input.
    Body(Box<Receiving>),
    /// Answered before the body was read: the rest of it is discarded.
    Skipping(Box<Transfer>),
    /// A handler waits for jobs or mail.
    Waiting(Box<(Exchange<'static>, Pending)>),
    /// A file or a long list is sent; its log line is written at the end.
    Sending(Box<(Flow, Option<Box<Record>>)>),
    Done(Close),
}

impl<R: Router> Session<R> {
    /// Creates a session for a connection to the listener of this router.
    pub fn open(router: R, _now: Instant) -> Session<R> {
        Session { router, stage: Stage::Idle, deadline: None, answered: 0 }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match event {
            Event::Opened { .. } => {
                self.deadline = Some(Deadline::Fresh(cx.now + cx.world.web.limits.head_timeout));
                Progress::Starved
            }
            Event::Bytes => self.input(recv, cx),
            Event::Eof => {
                self.end_of_input(recv, cx);
                Progress::Starved
            }
            Event::Tick => {
                self.overdue(recv, cx);
                Progress::Starved
            }
            Event::Refused(Refusal::Input) => {
                self.give_way(recv, cx);
                Progress::Starved
            }
            Event::Refused(Refusal::Connection(why)) => {
                let lines = cx.log.len();
                self.news(event, cx);
                // The last log line of the connection has the reason.
                cx.log[lines..].iter_mut().for_each(|line| line.close = Some(why));
                Progress::Starved
            }
            Event::Done(..) | Event::Mail(_) | Event::Refused(Refusal::Job(_)) => {
                self.news(event, cx);
                Progress::Advanced
            }
        }
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// See [`crate::app::Session::wants_read`].
    pub fn wants_read(&self) -> bool {
        match &self.stage {
            Stage::Idle | Stage::Head(_) | Stage::Body(_) | Stage::Skipping(_) => true,
            Stage::Waiting(waiting) => waiting.1.wants_eof(),
            Stage::Sending(_) | Stage::Done(_) => false,
        }
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        match self.stage {
            Stage::Done(why) => Some(why),
            Stage::Idle
            | Stage::Head(_)
            | Stage::Body(_)
            | Stage::Skipping(_)
            | Stage::Waiting(_)
            | Stage::Sending(_) => None,
        }
    }

    fn input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match &mut self.stage {
            Stage::Idle if recv.is_empty() => {
                self.rest(cx);
                Progress::Starved
            }
            Stage::Idle => self.head(Scan::default(), recv, cx),
            Stage::Head(scan) => {
                let scan = *scan;
                self.head(scan, recv, cx)
            }
            Stage::Body(_) => self.body(recv, cx),
            Stage::Skipping(_) => self.skip(recv, cx),
            Stage::Sending(_) => {
                self.sending(Event::Bytes, cx);
                Progress::Advanced
            }
            Stage::Waiting(waiting) => {
                waiting.1.interrupted();
                Progress::Starved
            }
            Stage::Done(_) => Progress::Starved,
        }
    }

    /// Begins the keep-alive time between two requests.
    fn rest(&mut self, cx: &Cx<'_>) {
        self.stage = Stage::Idle;
        if self.answered > 0 {
            let limit = cx.world.web.limits.keepalive_timeout;
            self.deadline = Some(Deadline::Idle(cx.now + limit));
        }
    }

    fn head(&mut self, mut scan: Scan, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let mut fields = Fields::new();
        let input = recv.bytes();
        match head(input, &mut scan, &cx.world.web.limits, &mut fields) {
            Parse::Done(head, used) => {
                match self.request(&head, &input[..used], &input[used..], cx) {
                    Used::Head => recv.consume(used),
                    Used::Body(length) => recv.consume(used + length),
                    Used::Kept => recv.keep(0..used, used),
                }
                Progress::Advanced
            }
            Parse::More => {
                let until = cx.now + cx.world.web.limits.head_timeout;
                let until = self.deadline.and_then(Deadline::owed).unwrap_or(until);
                self.deadline = Some(Deadline::Busy(until));
                self.stage = Stage::Head(scan);
                Progress::Starved
            }
            Parse::Bad(reason) => {
                let style = ends::style(self.router, input, scan.seen());
                let exchange = Exchange::unreadable(input, Some(reason.name()), cx);
                recv.clear();
                self.refuse(reason, exchange, style, cx);
                Progress::Advanced
            }
        }
    }

    /// Handles a complete head; `rest` follows it. Returns the part of the input that belongs to
    /// the request.
    fn request(&mut self, head: &Head<'_, '_>, raw: &[u8], rest: &[u8], cx: &mut Cx<'_>) -> Used {
        let found = self.router.route(head, cx);
        let area = found.as_ref().map_or_else(|_| self.router.area(), |route| route.area);
        let exchange = Exchange::begin(head, raw, area, cx);
        let route = match found {
            Ok(route) => route,
            Err(response) => {
                self.answer_unread(exchange, &response, head, cx);
                return Used::Head;
            }
        };
        let limits = cx.world.web.limits;
        let most = route.body.most(&limits);
        match head.framing {
            Framing::None => {
                self.ask(exchange, route, (head, raw), b"", cx);
                Used::Head
            }
            framing if is_too_large(framing, most, head.expect_continue) => {
                self.finish(exchange, &route.style_for(head).too_large(), Close::TooLarge, cx);
                Used::Head
            }
            Framing::Length(length) if length <= rest.len() as u64 => {
                let length = length as usize;
                let body = if route.body.is_wanted() { &rest[..length] } else { b"" };
                self.ask(exchange, route, (head, raw), body, cx);
                Used::Body(length)
            }
            Framing::Length(_) | Framing::Chunked => {
                if head.expect_continue && rest.is_empty() {
                    cx.send.push(CONTINUE);
                }
                self.receive(
                    Box::new(Receiving {
                        head: raw.len(),
                        route,
                        transfer: Transfer::begin(head.framing, most, &limits, cx.now),
                        exchange: exchange.kept(cx),
                        style: route.style_for(head),
                    }),
                    &limits,
                );
                Used::Kept
            }
        }
    }

    /// Calls the handler of a complete request.
    fn ask(
        &mut self,
        mut exchange: Exchange<'_>,
        route: &'static Route,
        (head, raw): (&Head<'_, '_>, &[u8]),
        body: &[u8],
        cx: &mut Cx<'_>,
    ) {
        let face = self.router.face();
        exchange.routed(route, face, head, cx);
        cx.stats.at_work(route.area);
        let request = Request { head, raw, body, ticket: self.ticket(), face, route };
        match (route.handler)(&request, cx) {
            Answer::Ready(response) => self.answer(exchange, &response, cx),
            Answer::Wait(pending) => {
                self.deadline = pending.deadline().map(Deadline::Busy);
                self.stage = Stage::Waiting(Box::new((exchange.kept(cx), pending)));
            }
        }
    }

    /// Returns the first ticket of the request that is not answered yet.
    fn ticket(&self) -> Ticket {
        self.answered.wrapping_mul(TICKETS)
    }

    /// Passes an event to a handler that waits.
    fn news(&mut self, event: Event, cx: &mut Cx<'_>) {
        let Stage::Waiting(waiting) = &mut self.stage else {
            return self.sending(event, cx);
        };
        if let Some(response) = waiting.1.news(event, cx) {
            let Stage::Waiting(waiting) = std::mem::replace(&mut self.stage, Stage::Idle) else {
                unreachable!("it was waiting a moment ago")
            };
            self.answer(waiting.0, &response, cx);
        } else {
            self.deadline = waiting.1.deadline().map(Deadline::Busy);
        }
    }

    /// Answers a request that was read completely.
    fn answer(&mut self, exchange: Exchange<'_>, response: &Response, cx: &mut Cx<'_>) {
        let limit = cx.world.web.limits.keepalive_requests;
        let last = limit > 0 && self.answered + 1 >= limit;
        if !exchange.keep_alive {
            return self.finish(exchange, response, Close::Requested, cx);
        }
        if cx.draining || last {
            return self.finish(exchange, response, Close::Finished, cx);
        }
        let record = exchange.print(response, None, cx);
        self.answered = self.answered.saturating_add(1);
        if !self.send(response, None, record, cx) {
            self.rest(cx);
        }
    }

    /// Sends the connection's last answer.
    fn finish(&mut self, exchange: Exchange<'_>, response: &Response, why: Close, cx: &mut Cx<'_>) {
        let record = exchange.print(response, Some(why), cx);
        if !self.send(response, Some(why), record, cx) {
            self.stage = Stage::Done(why);
        }
    }

    /// Begins to send the content, if it is sent in pieces. `then` closes the connection
    /// afterwards.
    fn send(
        &mut self,
        response: &Response,
        then: Option<Close>,
        record: Option<Box<Record>>,
        cx: &mut Cx<'_>,
    ) -> bool {
        let Some(sending) = Flow::begin(&response.body, then, self.ticket(), cx) else {
            return false;
        };
        if sending.left() == 0 {
            self.sent(then, record, cx);
        } else {
            self.deadline = None;
            self.stage = Stage::Sending(Box::new((sending, record)));
        }
        true
    }

    /// Passes an event to the content in transit, or offers it more room.
    fn sending(&mut self, event: Event, cx: &mut Cx<'_>) {
        let Stage::Sending(stage) = &mut self.stage else {
            return;
        };
        let (sending, record) = &mut **stage;
        let mut unsent = 0;
        let over = if matches!(event, Event::Refused(Refusal::Connection(_))) {
            unsent = cx.send.len() as u64;
            Some(Close::Lost)
        } else {
            match sending.handle(event, cx) {
                Progressed::Some => return self.deadline = sending.deadline(),
                Progressed::All => sending.then(),
                Progressed::Changed => Some(Close::Changed),
            }
        };
        let (mut record, unsent) = (record.take(), sending.left() + unsent);
        if let Some(record) = &mut record {
            record.bytes = record.bytes.saturating_sub(unsent);
        }
        self.sent(over, record, cx);
    }

    /// Handles the end of content, sent or given up. `over` ends the connection, too.
    fn sent(&mut self, over: Option<Close>, record: Option<Box<Record>>, cx: &mut Cx<'_>) {
        if let Some(record) = record {
            cx.log.push(Record { close: over, ..*record });
        }
        match over {
            None => self.rest(cx),
            Some(why) => self.stage = Stage::Done(why),
        }
    }
}
