//! Reads that wait a moment: a follower has applied an entry before the log's owner has answered
//! it, and whoever saw it here might miss it at another replica. So it is shown when it is known
//! to be answered.

use super::Source;
use crate::limits;
use crate::service::http::{HandlerFn, ListenerRole, Request, Response, Route, Style};
use crate::service::store::{Notice, State};
use crate::service::{Answer, Cx, Effect, Event, Id, Mail, Pending, Ticket, Wait};
use crate::wire::Parse;
use crate::wire::http::{Fields, Scan, head};
use crate::work::store::Seq;
use std::time::Instant;

/// A read that waits.
#[derive(Debug)]
pub struct BarrierRead {
    handler: HandlerFn,
    route: &'static Route,
    face: ListenerRole,
    /// The head of the request, which is read again.
    raw: Box<[u8]>,
    ticket: Ticket,
    until: Instant,
    /// The wait for the list that is shown, once it is made.
    list: Option<Box<Pending>>,
}

/// Who waits for an entry to be answered.
pub type Reader = (Id, Ticket, Seq);

/// Lets a read wait for this entry.
pub fn wait(
    handler: HandlerFn,
    seq: Seq,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    let Request { raw, ticket, face, route, .. } = *request;
    if let Source::Follower(elsewhere) = &mut cx.world.store.log.source {
        elsewhere.readers.push((cx.id, ticket, seq));
    }
    let until = cx.now + limits::STORE_WAIT;
    BarrierRead { handler, route, face, raw: raw.into(), ticket, until, list: None }.into()
}

impl Wait for BarrierRead {
    fn deadline(&self) -> Option<Instant> {
        self.list.as_ref().map_or(Some(self.until), |list| list.deadline())
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        if let Some(list) = &mut self.list {
            return list.news(event, cx);
        }
        let over = matches!(event, Event::Tick) && self.until <= cx.now;
        let shown = matches!(event, Event::Mail(Mail::Store(Notice::Shown(ticket)))
            if ticket == self.ticket);
        if over {
            return Some(Style::Plain.error(503, "the log does not answer").retry_after(1));
        }
        match shown.then(|| self.answer(cx))? {
            Answer::Ready(response) => Some(response),
            Answer::Wait(list) => {
                self.list = Some(Box::new(list));
                None
            }
        }
    }
}

impl BarrierRead {
    fn answer(&self, cx: &mut Cx<'_>) -> Answer {
        let limits = cx.world.web.limits;
        let (mut scan, mut fields) = (Scan::default(), Fields::new());
        let Parse::Done(head, _) = head(&self.raw, &mut scan, &limits, &mut fields) else {
            unreachable!("a head that was complete once is complete again")
        };
        let BarrierRead { handler, route, face, ticket, .. } = *self;
        let request = Request { head: &head, raw: &self.raw, body: b"", ticket, face, route };
        handler(&request, cx)
    }
}

impl State {
    /// The entry that reads here have to wait for, if there is one.
    pub fn unanswered(&self) -> Option<Seq> {
        let Source::Follower(elsewhere) = &self.log.source else { return None };
        (elsewhere.answered() < self.log.answered).then_some(self.log.answered)
    }
}

/// Tells those whose entry is answered by now.
pub fn tell(readers: &mut Vec<Reader>, answered: Seq, effects: &mut Vec<Effect>) {
    for (id, ticket, _) in readers.extract_if(.., |(_, _, seq)| *seq <= answered) {
        effects.push(Effect::Post(id, Mail::Store(Notice::Shown(ticket))));
    }
}
