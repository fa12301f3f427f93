//! The read barrier of a follower: it has applied an entry before the leader has answered it, and
//! a client that saw the entry here might miss it at another replica. So reads wait until the
//! entry is known to be answered.

use super::{Engine, Log};
use crate::limits;
use crate::service::http::{HandlerFn, ListenerRole, Request, Route, Style};
use crate::service::store::wait::{News, Purpose, Told, Waiter, Waiting};
use crate::service::{Answer, Cx, Effect, Ticket};
use crate::wire::Parse;
use crate::wire::http::{Fields, Scan, head};
use crate::work::store::Seq;

/// A read that waits.
#[derive(Debug)]
pub struct Barrier {
    handler: HandlerFn,
    route: &'static Route,
    face: ListenerRole,
    /// The head of the request, which is parsed again.
    raw: Box<[u8]>,
}

/// A read and the entry whose answer it waits for.
pub type Reader = (Waiter, Seq);

/// Lets a read wait for this entry.
pub fn wait(
    handler: HandlerFn,
    seq: Seq,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    let Request { raw, ticket, face, route, .. } = *request;
    if let Some(follower) = cx.world.store.log.follower() {
        follower.readers.push((Waiter { id: cx.id, ticket }, seq));
    }
    let barrier = Purpose::Barrier(Box::new(Barrier { handler, route, face, raw: raw.into() }));
    Waiting::begin(barrier, ticket, limits::STORE_WAIT, cx)
}

impl Barrier {
    /// The answer, if the entry is answered, or never will be.
    pub fn news(&self, news: &News, ticket: Ticket, cx: &mut Cx<'_>) -> Option<Answer> {
        match news {
            News::Overdue => {
                let late = Style::Plain.error(503, "the log does not answer").retry_after(1);
                Some(late.into())
            }
            News::Told(Told::Shown) => Some(self.answer(ticket, cx)),
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }

    fn answer(&self, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
        let limits = cx.world.web.limits;
        let (mut scan, mut fields) = (Scan::default(), Fields::new());
        let Parse::Done(head, _) = head(&self.raw, &mut scan, &limits, &mut fields) else {
            unreachable!("a head that was complete once is complete again")
        };
        let Barrier { handler, route, face, .. } = *self;
        let request = Request { head: &head, raw: &self.raw, body: b"", ticket, face, route };
        handler(&request, cx)
    }
}

impl Log {
    /// The entry whose answer reads of this process have to wait for, if there is one.
    pub fn unanswered(&self) -> Option<Seq> {
        let Engine::Follower(follower) = &self.engine else { return None };
        (follower.answered() < self.answered).then_some(self.answered)
    }
}

/// Tells the reads whose entry is answered by now.
pub fn tell(readers: &mut Vec<Reader>, answered: Seq, effects: &mut Vec<Effect>) {
    for (waiter, _) in readers.extract_if(.., |(_, seq)| *seq <= answered) {
        waiter.tell(Told::Shown, effects);
    }
}
