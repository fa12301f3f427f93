//! Entries of the log and pages of its snapshot, read from the log's own file.

use super::{FILE, submit};
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::store::replicas::lists;
use crate::service::store::replicas::orders::unreadable;
use crate::service::store::wait::{News, Purpose, Waiting};
use crate::service::{Answer, Cx, Effect, Ticket};
use crate::wire::http::Method;
use crate::wire::target::pair;
use crate::work::db::store::{Answer as Kept, Request as FileRequest};
use crate::work::store::Seq;
use crate::work::store::list::{Job as Making, Product};
use crate::work::store::page::Cursor;
use crate::work::{Compute, Job, Outcome};

/// The part of the log that a client wants.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// The entries behind one.
    Entries {
        /// True if the content is not sent: the request was HEAD.
        unsent: bool,
    },
    /// A page of the snapshot.
    Page,
}

/// Entries of one answer, roughly.
const ENTRIES: usize = 1000;

/// The answer of a process that keeps no log.
pub const NO_LOG: &str = "This process does not keep the log.";

/// `GET /api/store/log?since=`.
pub fn entries(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let since = pair(query, "since").map_or(Some(0), |since| since.parse::<Seq>().ok());
    let Some(since) = since.filter(|since| *since <= i64::MAX as u64) else {
        return Style::Problem.error(400, "since is the number of an entry.").into();
    };
    let wanted = Wanted::Entries { unsent: request.head.method == Method::Head };
    read(FileRequest::Read(since, ENTRIES), wanted, request.ticket, cx)
}

/// `GET /api/store/log/state?at=&seq=`.
pub fn first_state(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let at = pair(query, "at").and_then(|at| Cursor::parse(&at));
    let seq = pair(query, "seq").map_or(Some(None), |seq| seq.parse::<Seq>().ok().map(Some));
    let (Some(at), Some(seq)) = (at, seq) else {
        return Style::Problem.error(400, "This is no page of a state.").into();
    };
    read(FileRequest::Page(at, seq), Wanted::Page, request.ticket, cx)
}

fn read(wanted: FileRequest, purpose: Wanted, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    if !cx.world.store.log.is_own() {
        return Style::Problem.error(404, NO_LOG).into();
    }
    submit(ticket, FILE, wanted, cx.effects);
    Waiting::begin(Purpose::Entries(purpose), ticket, limits::STORE_WAIT, cx)
}

impl Wanted {
    /// The response, if the file or the worker that prints its entries has answered.
    pub fn news(self, news: News, ticket: Ticket, cx: &mut Cx<'_>) -> Option<Response> {
        let outcome = match news {
            News::Done(outcome) => outcome,
            News::Refused | News::Overdue => return Some(unreadable()),
            News::Told(_) => return None,
        };
        let kept = match (outcome, self) {
            (Outcome::List(Product::List(list)), Wanted::Entries { unsent }) => {
                return Some(lists::whole(&list, unsent));
            }
            (Outcome::Store(Ok(Kept::Entries(first, entries))), Wanted::Entries { .. }) => {
                let making = Job::Compute(Compute::List(Making::entries(first, entries)));
                cx.effects.push(Effect::Submit(ticket, making));
                return None;
            }
            (Outcome::Store(Ok(kept)), _) => kept,
            (_, _) => return Some(unreadable()),
        };
        Some(match (self, kept) {
            (Wanted::Entries { .. }, Kept::Folded) => {
                Style::Problem.error(410, "The log begins later: these entries were folded.")
            }
            (Wanted::Page, Kept::Page(page)) => json(200, page.print()),
            (Wanted::Page, Kept::Folded) => {
                Style::Problem.error(409, "The log begins with another state by now.")
            }
            (Wanted::Entries { .. } | Wanted::Page, _) => unreadable(),
        })
    }
}
