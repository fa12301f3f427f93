//! Orders, read from a replica's file.

use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::lockout::is_same;
use crate::service::store::format;
use crate::service::store::log::submit;
use crate::service::store::wait::{News, Purpose, Waiting};
use crate::service::{Answer, Cx, Ticket};
use crate::wire::target::pair;
use crate::work::Outcome;
use crate::work::db::store::{Answer as Kept, Request as FileRequest};
use crate::work::store::Order;

/// The orders that a client wants.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// So many at most.
    Page(usize),
    /// The one with this number.
    One(u64),
}

/// The answer for an order that does not exist, or whose key is another one.
pub const NO_ORDER: &str = "There is no such order.";

/// Orders of one answer unless the query says otherwise, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;

/// `GET /api/orders/{n}`, from this file.
pub fn order(file: usize, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = request.segment();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = text.parse::<u64>().ok().filter(|_| digits) else {
        let detail = "The number of an order is a number.";
        return Style::Problem.error(400, detail).into();
    };
    // A given key has to be right, whether or not it is needed: a front passes keys on.
    let query = request.head.target.query().unwrap_or("");
    if let Some(given) = pair(query, "key") {
        let secret = cx.world.store.log.order_secret;
        if !secret.is_some_and(|secret| is_same(given.as_bytes(), secret.key(number).as_bytes())) {
            return Style::Problem.error(404, NO_ORDER).into();
        }
    }
    read(file, (number.saturating_add(1), 1), Wanted::One(number), request.ticket, cx)
}

/// `GET /api/orders`, from this file.
pub fn orders(file: usize, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let limit = pair(query, "limit").map_or(Some(LIMIT), |text| text.parse::<usize>().ok());
    let before = pair(query, "cursor").map_or(Some(u64::MAX), |text| text.parse::<u64>().ok());
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let (Some(limit), Some(before)) = (limit, before) else {
        return Style::Problem.error(400, "The query has no valid limit or cursor.").into();
    };
    read(file, (before, limit), Wanted::Page(limit), request.ticket, cx)
}

fn read(
    file: usize,
    (before, most): (u64, usize),
    wanted: Wanted,
    ticket: Ticket,
    cx: &mut Cx<'_>,
) -> Answer {
    submit(ticket, file, FileRequest::Orders(before, most), cx.effects);
    Waiting::begin(Purpose::Orders(wanted), ticket, limits::STORE_WAIT, cx)
}

/// The answer for a file that cannot be read now.
pub fn unreadable() -> Response {
    Style::Problem.error(503, "The file cannot be read.").retry_after(1)
}

impl Wanted {
    /// The response, if the file has answered or never will.
    pub fn news(self, news: &News) -> Option<Response> {
        match news {
            News::Done(Outcome::Store(Ok(Kept::Orders(found)))) => Some(self.answer(found)),
            News::Done(_) | News::Refused | News::Overdue => Some(unreadable()),
            News::Told(_) => None,
        }
    }

    fn answer(self, found: &[(Order, String)]) -> Response {
        match (self, found) {
            (Wanted::Page(limit), found) => {
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
            (Wanted::One(number), [(order, date), ..]) if order.id == number => {
                json(200, format::order(order, date)).momentary()
            }
            (Wanted::One(_), _) => Style::Problem.error(404, NO_ORDER),
        }
    }
}
