//! The replication API: what other processes of the same bookstore may ask of this log on the
//! panel's listener: to follow it, to have entries appended, to read its snapshot.

use super::entries::NO_LOG;
use super::followers::{Question, Refused};
use super::protocol::{Report, print_told};
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::store::format;
use crate::service::store::wait::{News, Purpose, Told, Waiter, Waiting};
use crate::service::{Answer, Cx};
use crate::work::store::{Settled, WriteError, codec};

/// A follower's report that waits for news.
#[derive(Debug)]
pub struct Follow {
    /// True if the end of its connection would be noticed.
    wants_eof: bool,
}

/// Entries of another process, and the outcomes that are known.
#[derive(Debug)]
pub struct Append(Vec<Option<Result<Settled, WriteError>>>);

/// `POST /api/store/log/follow`.
pub fn follow(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(mut report) = Report::parse(request.body) else {
        return Style::Problem.error(400, "This is no report of a follower.").into();
    };
    for seen in &mut report.replicas {
        if seen.addr.ip().is_unspecified() {
            seen.addr.set_ip(cx.peer.ip());
        }
    }
    let from = Waiter { id: cx.id, ticket: request.ticket };
    let question = Question { report, from, at: cx.now };
    let name = format::own_key(cx);
    match cx.world.store.reported(question, name, cx.effects) {
        Ok(()) => {
            // Without news until then, the follower's state is of no use to it any more.
            let follow = Purpose::Follow(Follow { wants_eof: true });
            Waiting::begin(follow, request.ticket, limits::STORE_LEASE, cx)
        }
        Err(refused) => refused.response().into(),
    }
}

impl Refused {
    fn response(self) -> Response {
        match self {
            Refused::NoLog => Style::Problem.error(404, NO_LOG),
            Refused::Full => {
                Style::Problem.error(503, "Too many processes follow the log.").retry_after(1)
            }
            Refused::GivenUp => Style::Problem.error(410, "The follower was given up."),
            Refused::Ahead => {
                Style::Problem.error(409, "The follower says what cannot be so of the log.")
            }
        }
    }
}

impl Follow {
    /// The follower sends more: its end would come behind that, and is not noticed any more.
    pub fn interrupted(&mut self) {
        self.wants_eof = false;
    }

    /// Returns true if the end of its connection would be noticed.
    pub fn wants_eof(&self) -> bool {
        self.wants_eof
    }

    /// The response, if there is news.
    pub fn news(news: &News) -> Option<Response> {
        match news {
            News::Told(Told::News(Some(news))) => Some(json(200, news.to_string())),
            News::Told(Told::News(None)) | News::Overdue => Some(Refused::GivenUp.response()),
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }
}

/// `POST /api/store/log/entries`.
pub fn append(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    if !cx.world.store.log.is_own() {
        return Style::Problem.error(404, NO_LOG).into();
    }
    let entries = codec::parse(request.body);
    let Some(entries) = entries.filter(|all| (1..=limits::STORE_BATCH).contains(&all.len())) else {
        return Style::Problem.error(400, "These are no entries of a log.").into();
    };
    let waiter = Waiter { id: cx.id, ticket: request.ticket };
    let write = |(index, entry)| crate::service::store::write(entry, (waiter, index), cx).err();
    let append = Append((0..).zip(entries).map(write).map(|error| error.map(Err)).collect());
    match append.response() {
        Some(response) => response.into(),
        None => Waiting::begin(Purpose::Append(append), request.ticket, limits::STORE_WAIT, cx),
    }
}

impl Append {
    /// The response, if the last outcome is known.
    pub fn news(&mut self, news: News) -> Option<Response> {
        match news {
            News::Told(Told::Settled(index, settled)) => {
                if let Some(told) = self.0.get_mut(usize::from(index)) {
                    *told = Some(settled);
                }
                self.response()
            }
            News::Overdue => {
                for told in self.0.iter_mut().filter(|told| told.is_none()) {
                    *told = Some(Err(WriteError::Unknown));
                }
                self.response()
            }
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }

    /// All outcomes, if they are known.
    fn response(&self) -> Option<Response> {
        let told = self.0.iter().cloned().collect::<Option<Vec<_>>>()?;
        Some(json(200, print_told(&told)))
    }
}
