//! `/reports/`: the reports of load tests, read from the disk by a worker.

use crate::report::is_id;
use crate::service::http::{Request, Response, Style, content, json, page};
use crate::service::{Answer, Cx, Effect, Event, Refusal, Ticket, Wait};
use crate::wire::accept;
use crate::work::reports::{Job as Reading, Outcome as Found, Reports, View};
use crate::work::{Compute, Job, Outcome};
use std::path::Path;
use std::time::Instant;

/// The policy of a self-contained picture: it may be drawn, in its own style.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A request that waits for the disk.
#[derive(Debug)]
pub struct Pending {
    ticket: Ticket,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    Picture,
}

/// Answers `GET /reports/` and the paths below it.
pub fn show(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let name = request.segment();
    let wants_json = || accept::prefers_json(&request.head.fields("accept"));
    let (view, form) = match name.rsplit_once('.') {
        None if name.is_empty() && wants_json() => (View::ListingAsJson, Form::Json),
        None if name.is_empty() => (View::Listing, Form::Page),
        Some((id, "html")) if is_id(id) => (View::Page(id.to_owned()), Form::Page),
        Some((id, "json")) if is_id(id) => (View::Document(id.to_owned()), Form::Json),
        Some((id, "svg")) if is_id(id) => (View::Picture(id.to_owned()), Form::Picture),
        Some(_) | None => return missing().into(),
    };
    let ticket = request.ticket;
    let reports = Reports::of(Path::new(&cx.world.panel.tests.data));
    let job = Compute::Reports(Box::new(Reading::new(reports, view)));
    cx.effects.push(Effect::Submit(ticket, Job::Compute(job)));
    Pending { ticket, form }.into()
}

fn missing() -> Response {
    Style::Problem.error(404, "There is no such report.")
}

impl Wait for Pending {
    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn news(&mut self, event: Event, _: &mut Cx<'_>) -> Option<Response> {
        let busy = || Style::Problem.error(503, "Too much is waiting for a worker.").retry_after(1);
        let failed = || Style::Problem.error(500, "The reports could not be read.");
        Some(match event {
            Event::Done(ticket, outcome) if ticket == self.ticket => match outcome {
                Outcome::Reports(Found::Text(text)) => self.response(text),
                Outcome::Reports(Found::Missing) => missing(),
                Outcome::Reports(Found::Failed) => failed(),
                Outcome::Pi(_)
                | Outcome::Pow(_)
                | Outcome::Files(_)
                | Outcome::Packed(_)
                | Outcome::Process(_)
                | Outcome::List(_)
                | Outcome::Store(_)
                | Outcome::Database(_)
                | Outcome::Panicked => failed(),
            },
            Event::Refused(Refusal::Job(ticket)) if ticket == self.ticket => busy(),
            Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Tick
            | Event::Done(..)
            | Event::Mail(_)
            | Event::Refused(_) => return None,
        })
    }
}

impl Pending {
    fn response(&self, text: String) -> Response {
        let response = match self.form {
            Form::Page => page(200, text.into()),
            Form::Json => json(200, text),
            Form::Picture => {
                content(200, "image/svg+xml", text).field("Content-Security-Policy", PICTURE_POLICY)
            }
        };
        response.momentary().field("Vary", "Accept")
    }
}
