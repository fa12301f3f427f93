//! The readiness of the site: a worker checks it, as only workers access disks.

use crate::limits;
use crate::service::http::{Request, Response, text};
use crate::service::{Answer, Cx, Effect, Event, Refusal, Ticket, Wait};
use crate::work::Outcome;
use crate::work::files;
use std::time::Instant;

/// A readiness request in progress.
#[derive(Debug)]
pub struct Readiness {
    ticket: Ticket,
    until: Instant,
}

/// Answers `/readyz`.
pub fn ready(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(job) = cx.world.site.probe() else {
        return text(200, "ready\n").momentary().into();
    };
    cx.effects.push(Effect::Submit(request.ticket, job));
    let until = cx.now + limits::READY_WAIT;
    Readiness { ticket: request.ticket, until }.into()
}

impl Wait for Readiness {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        let (status, line) = match event {
            Event::Done(ticket, _) if ticket != self.ticket => return None,
            _ if cx.draining => (503, "draining\n"),
            Event::Done(_, Outcome::Files(files::Outcome::Rooted)) => (200, "ready\n"),
            Event::Done(..) => (503, "the directory of the site (--root) is not there\n"),
            Event::Refused(Refusal::Job(_)) => (503, "no worker has time\n"),
            Event::Tick if cx.now >= self.until => {
                (503, "the directory of the site (--root) does not answer\n")
            }
            Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Tick
            | Event::Mail(_)
            | Event::Refused(Refusal::Input | Refusal::Connection(_)) => return None,
        };
        Some(text(status, line).momentary())
    }
}
