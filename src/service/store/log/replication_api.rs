//! What the log's owner offers to other processes of the same bookstore, on its panel listener:
//! to follow the log, to have entries appended, to read the state that it begins with.

use super::Source;
use super::followers::{Question, Refused};
use super::protocol::{Report, print_told};
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::store::{Notice, format};
use crate::service::{Answer, Cx, Event, Mail, Ticket, Wait};
use crate::work::store::{Settled, WriteError, codec};
use std::time::Instant;

/// A follower's question.
#[derive(Debug)]
pub struct Asked {
    ticket: Ticket,
    until: Instant,
    /// Whether the end of its connection would be heard.
    listens: bool,
}

/// Entries that another process wants appended.
#[derive(Debug)]
pub struct Appended {
    ticket: Ticket,
    until: Instant,
    told: Vec<Option<Result<Settled, WriteError>>>,
}

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
    let question = Question { report, from: (cx.id, request.ticket, cx.now) };
    let name = format::own_key(cx);
    match cx.world.store.asked(question, name, cx.effects) {
        Ok(()) => {
            // Without news until then, what it holds is of no use to it any more.
            let until = cx.now + limits::STORE_LEASE;
            Asked { ticket: request.ticket, until, listens: true }.into()
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

/// What is said where no log is kept.
pub const NO_LOG: &str = "This process does not keep the log.";

impl Wait for Asked {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn wants_eof(&self) -> bool {
        self.listens
    }

    fn interrupted(&mut self) {
        self.listens = false;
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        if matches!(event, Event::Tick) && self.until <= cx.now {
            return Some(Refused::GivenUp.response());
        }
        let Event::Mail(Mail::Store(Notice::News(ticket, news))) = event else { return None };
        let answer = || match news {
            Some(news) => json(200, news.to_string()),
            None => Refused::GivenUp.response(),
        };
        (ticket == self.ticket).then(answer)
    }
}

/// `POST /api/store/log/entries`.
pub fn append(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    if !matches!(cx.world.store.log.source, Source::Own(_)) {
        return Style::Problem.error(404, NO_LOG).into();
    }
    let entries = codec::parse(request.body);
    let Some(entries) = entries.filter(|all| (1..=limits::STORE_BATCH).contains(&all.len())) else {
        return Style::Problem.error(400, "These are no entries of a log.").into();
    };
    let mut told = Vec::with_capacity(entries.len());
    for (index, entry) in (0..).zip(entries) {
        told.push(crate::service::store::write(entry, request.ticket, index, cx).err().map(Err));
    }
    let until = cx.now + limits::STORE_WAIT;
    let appended = Appended { ticket: request.ticket, until, told };
    match appended.response() {
        Some(response) => response.into(),
        None => appended.into(),
    }
}

impl Wait for Appended {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        if matches!(event, Event::Tick) && self.until <= cx.now {
            for told in self.told.iter_mut().filter(|told| told.is_none()) {
                *told = Some(Err(WriteError::Unknown));
            }
            return self.response();
        }
        let Event::Mail(Mail::Store(Notice::Settled(ticket, index, settled))) = event else {
            return None;
        };
        if ticket != self.ticket {
            return None;
        }
        if let Some(told) = self.told.get_mut(usize::from(index)) {
            *told = Some(settled);
        }
        self.response()
    }
}

impl Appended {
    /// What came of all of them.
    fn response(&self) -> Option<Response> {
        let told = self.told.iter().cloned().collect::<Option<Vec<_>>>()?;
        Some(json(200, print_told(&told)))
    }
}
