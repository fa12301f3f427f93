//! What is read from files: orders, entries of the log, the state that it begins with.

use super::format;
use super::log::{Source, replication_api};
use super::replicas::lists;
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::lockout::is_same;
use crate::service::{Answer, Cx, Effect, Event, Refusal, Ticket, Wait};
use crate::wire::http::Method;
use crate::wire::target::pair;
use crate::work::db::store::{Answer as Kept, Request as Wanted};
use crate::work::store::list::{Job as Making, Product};
use crate::work::store::page::Cursor;
use crate::work::store::{Order, Seq};
use crate::work::{Compute, Job, Outcome};
use std::time::Instant;

/// A request for orders, or for entries of the log.
#[derive(Debug)]
pub struct Rows {
    ticket: Ticket,
    until: Instant,
    what: What,
    /// Whether nobody wants to see it: the request was HEAD.
    unsent: bool,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// Orders, so many at most.
    Orders(usize),
    /// This one.
    Order(u64),
    /// Entries behind this one.
    Entries(Seq),
    /// A page of the state that the log begins with.
    Page,
}

/// `GET /api/store/log?since=`.
pub fn entries(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let since = pair(query, "since").map_or(Some(0), |since| since.parse::<Seq>().ok());
    let Some(since) = since.filter(|since| *since <= i64::MAX as u64) else {
        return Style::Problem.error(400, "since is the number of an entry.").into();
    };
    let wanted = Wanted::Read(since, ENTRIES);
    of_the_log(wanted, What::Entries(since), request, cx)
}

/// `GET /api/store/log/state?at=&seq=`.
pub fn first_state(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let at = pair(query, "at").and_then(|at| Cursor::parse(&at));
    let seq = pair(query, "seq").map_or(Some(None), |seq| seq.parse::<Seq>().ok().map(Some));
    let (Some(at), Some(seq)) = (at, seq) else {
        return Style::Problem.error(400, "This is no page of a state.").into();
    };
    of_the_log(Wanted::Page(at, seq), What::Page, request, cx)
}

fn of_the_log(
    wanted: Wanted,
    what: What,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    match cx.world.store.log.source {
        Source::Own(_) => rows(super::log::FILE, wanted, what, request, cx),
        Source::Absent | Source::Follower(_) => {
            Style::Problem.error(404, replication_api::NO_LOG).into()
        }
    }
}

/// What is said of an order that is not there, or whose key was another one.
pub const NO_ORDER: &str = "There is no such order.";

/// `GET /api/orders/{n}`, from this file.
pub fn order(file: usize, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = request.segment();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = text.parse::<u64>().ok().filter(|_| digits) else {
        let detail = "The number of an order is a number.";
        return Style::Problem.error(400, detail).into();
    };
    // A key that is given has to be right, whoever gives it: a front passes on what it was given.
    let query = request.head.target.query().unwrap_or("");
    if let Some(given) = pair(query, "key") {
        let secret = cx.world.store.log.order_secret;
        if !secret.is_some_and(|secret| is_same(given.as_bytes(), secret.key(number).as_bytes())) {
            return Style::Problem.error(404, NO_ORDER).into();
        }
    }
    let wanted = Wanted::Orders(number.saturating_add(1), 1);
    rows(file, wanted, What::Order(number), request, cx)
}

/// `GET /api/orders`, from this file.
pub fn orders(file: usize, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let limit = pair(query, "limit").map_or(Some(50), |text| text.parse::<usize>().ok());
    let before = pair(query, "cursor").map_or(Some(u64::MAX), |text| text.parse::<u64>().ok());
    let limit = limit.filter(|limit| (1..=500).contains(limit));
    let (Some(limit), Some(before)) = (limit, before) else {
        return Style::Problem.error(400, "The query has no valid limit or cursor.").into();
    };
    rows(file, Wanted::Orders(before, limit), What::Orders(limit), request, cx)
}

fn rows(
    file: usize,
    wanted: Wanted,
    what: What,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    cx.effects.push(Effect::Submit(request.ticket, Job::Store(file, wanted)));
    let (until, unsent) = (cx.now + limits::STORE_WAIT, request.head.method == Method::Head);
    Rows { ticket: request.ticket, until, what, unsent }.into()
}

/// Entries of one answer, roughly.
const ENTRIES: usize = 1000;

impl Wait for Rows {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        let unavailable = || Style::Problem.error(503, "The file cannot be read.").retry_after(1);
        let own = self.ticket;
        let refused = matches!(event, Event::Refused(Refusal::Job(ticket)) if ticket == own);
        if refused || matches!(event, Event::Tick) && self.until <= cx.now {
            return Some(unavailable());
        }
        let Event::Done(ticket, outcome) = event else { return None };
        if ticket != self.ticket {
            return None;
        }
        match (self.what, outcome) {
            (What::Entries(since), Outcome::Store(Ok(Kept::Entries(first, entries)))) => {
                debug_assert_eq!(first, since + 1, "what was asked for");
                let making = Making::entries(first, entries);
                cx.effects.push(Effect::Submit(ticket, Job::Compute(Compute::List(making))));
                None
            }
            (_, Outcome::List(Product::List(list))) => Some(lists::whole(&list, self.unsent)),
            (_, Outcome::Store(Ok(kept))) => Some(self.answer(kept)),
            (_, _) => Some(unavailable()),
        }
    }
}

impl Rows {
    fn answer(&self, kept: Kept) -> Response {
        match (self.what, kept) {
            (What::Orders(limit), Kept::Orders(found)) => {
                let all = found.iter().map(|(order, date)| format::order(order, date));
                let response = json(200, format!("[{}]", all.collect::<Vec<_>>().join(",")));
                match found.last() {
                    Some((Order { id: last @ 2.., .. }, _)) if found.len() == limit => {
                        let link =
                            format!("</api/orders?limit={limit}&cursor={last}>; rel=\"next\"");
                        response.field("Link", link)
                    }
                    Some(_) | None => response,
                }
            }
            (What::Order(number), Kept::Orders(found)) => match found.first() {
                Some((order, date)) if order.id == number => {
                    json(200, format::order(order, date)).momentary()
                }
                Some(_) | None => Style::Problem.error(404, NO_ORDER),
            },
            (What::Entries(_), Kept::Folded) => {
                Style::Problem.error(410, "The log begins later: these entries were folded.")
            }
            (What::Page, Kept::Page(page)) => json(200, page.print()),
            (What::Page, Kept::Folded) => {
                Style::Problem.error(409, "The log begins with another state by now.")
            }
            (What::Orders(_) | What::Order(_) | What::Entries(_) | What::Page, _) => {
                Style::Problem.error(500, "That is not what was asked for.")
            }
        }
    }
}
