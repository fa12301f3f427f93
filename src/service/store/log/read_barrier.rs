//! Reads that wait a moment: a follower has applied an entry before the log's owner has answered
//! it, and whoever saw it here might miss it at another replica. So it is shown when it is known
//! to be answered.

use super::Source;
use crate::limits;
use crate::service::http::{Answer, Face, Pending as HttpPending, Request, Style};
use crate::service::store::asks::{self, Pending as StorePending, Read};
use crate::service::store::{Notice, State};
use crate::service::{Cx, Effect, Event, Id, Mail, Ticket};
use crate::wire::Parse;
use crate::wire::http::{Fields, Scan, head};
use crate::work::store::Seq;
use std::time::Instant;

/// A read that waits.
#[derive(Debug)]
pub struct BarrierRead {
    read: Read,
    face: Face,
    /// The head of the request, which is read again.
    raw: Box<[u8]>,
    ticket: Ticket,
    until: Instant,
}

/// Who waits for an entry to be answered.
pub type Reader = (Id, Ticket, Seq);

/// Lets a read wait for this entry.
pub fn wait(read: Read, seq: Seq, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Request { raw, ticket, face, .. } = *request;
    if let Source::Follower(elsewhere) = &mut cx.world.store.log.source {
        elsewhere.readers.push((cx.id, ticket, seq));
    }
    let until = cx.now + limits::STORE_WAIT;
    let later = BarrierRead { read, face, raw: raw.into(), ticket, until };
    Answer::Wait(HttpPending::Store(StorePending::BarrierRead(Box::new(later))))
}

impl BarrierRead {
    /// When the client has waited long enough.
    pub fn deadline(&self) -> Instant {
        self.until
    }

    /// Something has happened; the response if that was the entry's turn, or if it never comes.
    pub fn news(&self, event: &Event, cx: &mut Cx<'_>) -> Option<Answer> {
        let over = matches!(event, Event::Tick) && self.until <= cx.now;
        let shown = matches!(event, Event::Mail(Mail::Store(Notice::Shown(ticket)))
            if *ticket == self.ticket);
        if over {
            let late = Style::Plain.error(503, "the log does not answer").retry_after(1);
            return Some(Answer::Ready(late));
        }
        shown.then(|| self.answer(cx))
    }

    fn answer(&self, cx: &mut Cx<'_>) -> Answer {
        let limits = cx.world.web.limits;
        let (mut scan, mut fields) = (Scan::default(), Fields::new());
        let Parse::Done(head, _) = head(&self.raw, &mut scan, &limits, &mut fields) else {
            unreachable!("a head that was complete once is complete again")
        };
        let (raw, ticket, face) = (&*self.raw, self.ticket, self.face);
        let request = Request { head: &head, raw, body: b"", ticket, face };
        asks::read_now(self.read, &request, cx)
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
