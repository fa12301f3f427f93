//! The π web service: estimates, requests to the legacy server, and counts per user.
//!
//! ```text
//!   request ─user known→ count (database) ────────────────┐
//!                 └────→ simulate (workers) | probe (dial) ┴─ both done → answer
//! ```
//! No answer is sent before the count is on disk, and the count is on disk even if the rest of the
//! request turns out to be invalid.

use super::database::{NoAnswer, Query};
use super::http::{Request, Response, Route, Style, json};
use super::probe::Probe;
use super::{
    Answer, Cx, Effect, Endpoint, Event, Kind, Mail, Refusal, Target, Ticket, Transport, Wait,
};
use crate::limits::PI_BODY_BYTES;
use crate::service::store::replicas::changes::OUTCOME;
use crate::stats::{Handler, Stats};
use crate::wire::decimal::milliseconds;
use crate::wire::json::{FieldError, Need, choice, integer, parse};
use crate::work::db::{self, Failure, counts, counts::Username};
use crate::work::{Compute, Job, Outcome, pi};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The state that all requests of this service share.
#[derive(Debug)]
pub struct State {
    /// The legacy server for `/legacy_pi`.
    pub upstream: SocketAddr,
    /// Time that it may take to answer.
    pub timeout: Duration,
    /// The kernel that draws points.
    pub kernel: pi::Kernel,
}

const PI: Route = Route::new(Handler::Pi).style(Style::Plain).takes(PI_BODY_BYTES);
const LEGACY: Route = Route::new(Handler::Legacy).style(Style::Plain).takes(PI_BODY_BYTES);

/// The routes of this service.
pub const ROUTES: &[Route] = &[
    PI.post("/pi", estimate, "Estimates π."),
    LEGACY.post("/legacy_pi", query_legacy, "Asks the legacy server for π."),
    PI.post("/statistics", statistics, "Lists the users and their numbers of requests."),
];

const SIMULATIONS: std::ops::RangeInclusive<u64> = 100..=100_000_000;
const CONCURRENCY: std::ops::RangeInclusive<u64> = 1..=8;

/// Answers `POST /pi`.
fn estimate(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    admit(request, cx, counts::Request::Count, |fields, ticket, cx| {
        let simulations = integer(fields, "simulations", SIMULATIONS, Need::Required)?;
        let concurrency = integer(fields, "concurrency", CONCURRENCY, Need::Default(1))?;
        let kernel = cx.world.pi.kernel;
        let job = pi::Job::new(simulations as u32, concurrency as u8, cx.rng.u64(..), kernel);
        cx.effects.push(Effect::Submit(ticket, Job::Compute(Compute::Pi(job))));
        Ok(Work::Simulating { concurrency, outcome: None })
    })
}

/// Answers `POST /legacy_pi`.
fn query_legacy(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    admit(request, cx, counts::Request::Count, |fields, ticket, cx| {
        let protocol = choice(fields, "protocol", &["tcp", "udp"], Need::Required)?;
        let transport = if protocol == "udp" { Transport::Udp } else { Transport::Tcp };
        let concurrency = integer(fields, "concurrency", CONCURRENCY, Need::Default(1))?;
        let State { upstream: addr, timeout, .. } = cx.world.pi;
        let until = cx.now + timeout;
        let probe = Probe { client: cx.id, ticket, transport, until };
        cx.stats.legacy.probes += concurrency;
        for _ in 0..concurrency {
            cx.effects
                .push(Effect::Dial(Target::Peer(Endpoint { transport, addr }), Kind::Probe(probe)));
        }
        Ok(Work::Probing { protocol, concurrency, missing: concurrency, readings: Vec::new() })
    })
}

/// Answers `POST /statistics`.
fn statistics(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    admit(request, cx, counts::Request::Statistics, |_, _, _| Ok(Work::Listing))
}

/// A request that has been counted, or is about to be.
#[derive(Debug)]
pub struct Pending {
    query: Query,
    /// The ticket of its work.
    ticket: Ticket,
    began: Instant,
    counted: Option<counts::Answer>,
    work: Work,
}

/// The work that the answer waits for, besides the count.
#[derive(Debug)]
enum Work {
    Rejected(FieldError),
    Simulating { concurrency: u64, outcome: Option<pi::Outcome> },
    Probing { protocol: &'static str, concurrency: u64, missing: u64, readings: Vec<f64> },
    Listing,
}

/// Makes the checks that all three paths share, in their order; then counts, then calls `begin`.
fn admit(
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
    count: fn(Username) -> counts::Request,
    begin: impl FnOnce(&Value, Ticket, &mut Cx<'_>) -> Result<Work, FieldError>,
) -> Answer {
    if !request.is_json() {
        return Style::Plain.error(415, "the content type must be application/json").into();
    }
    let Ok(body) = parse(request.body) else {
        return Style::Plain.error(400, "malformed JSON").into();
    };
    let Some(username) = user(&body) else {
        return Style::Plain.error(401, "user info error").into();
    };
    let ticket = request.ticket;
    let query = Query::submit(db::Request::Counts(count(username)), ticket, cx);
    let work = begin(&body, ticket + 1, cx).unwrap_or_else(Work::Rejected);
    Pending { query, ticket: ticket + 1, began: cx.now, counted: None, work }.into()
}

fn user(fields: &Value) -> Option<Username> {
    let name = fields.get("username")?.as_str()?;
    let password = fields.get("password")?.as_str()?;
    let username: Username = name.as_bytes().try_into().ok()?;
    let known = username.iter().all(u8::is_ascii_digit)
        && password.strip_prefix(name).is_some_and(|rest| rest == "-pw");
    known.then_some(username)
}

impl Wait for Pending {
    /// The database, the workers and every probe answer by themselves.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match self.query.answer(event) {
            Ok(Ok(answer)) => self.counted = Some(answer),
            Ok(Err(NoAnswer::Busy)) => return Some(busy()),
            Ok(Err(NoAnswer::Failed(Some(failure)))) => return Some(uncounted(&failure)),
            Ok(Err(NoAnswer::Failed(None))) => return Some(failed()),
            Err(Event::Done(ticket, outcome)) if ticket == self.ticket => {
                if let Some(failed) = self.outcome(&outcome, cx.stats) {
                    return Some(failed);
                }
            }
            Err(Event::Refused(Refusal::Job(ticket))) if ticket == self.ticket => {
                return Some(busy());
            }
            Err(Event::Mail(Mail::Probed(ticket, reading))) if ticket == self.ticket => {
                cx.stats.legacy.readings += u64::from(reading.is_some());
                self.probed(reading);
            }
            Err(
                Event::Done(..)
                | Event::Mail(_)
                | Event::Refused(_)
                | Event::Opened { .. }
                | Event::Bytes
                | Event::Eof
                | Event::Tick,
            ) => {}
        }
        let answer = self.counted.as_ref()?;
        let elapsed = milliseconds(cx.now.saturating_duration_since(self.began));
        self.work.response(answer, &elapsed)
    }
}

impl Pending {
    /// Records the outcome of a job. A failure is answered at once.
    fn outcome(&mut self, outcome: &Outcome, stats: &mut Stats) -> Option<Response> {
        match (outcome, &mut self.work) {
            (Outcome::Pi(done), Work::Simulating { outcome, .. }) => {
                stats.pi.estimates += 1;
                stats.pi.points += u64::from(done.simulations);
                *outcome = Some(*done);
                None
            }
            (
                _,
                Work::Simulating { .. } | Work::Rejected(_) | Work::Probing { .. } | Work::Listing,
            ) => Some(failed()),
        }
    }

    fn probed(&mut self, reading: Option<f64>) {
        match &mut self.work {
            Work::Probing { missing, readings, .. } => {
                *missing -= 1;
                readings.extend(reading);
            }
            Work::Rejected(_) | Work::Simulating { .. } | Work::Listing => {}
        }
    }
}

/// Answers a request that could not be counted.
fn uncounted(failure: &Failure) -> Response {
    let text = "the database is not available";
    if failure.is_unknown() {
        let text = format!("{text}; it is not known whether this request was counted");
        let response = Style::Plain.error(503, &text).retry_after(1);
        return response.field(OUTCOME, "unknown".to_string());
    }
    Style::Plain.error(503, text).retry_after(1)
}

fn failed() -> Response {
    Style::Plain.error(500, "the job failed")
}

fn busy() -> Response {
    Style::Plain.error(503, "too much work is waiting").retry_after(1)
}

impl Work {
    /// Returns the response, if this work is done too.
    fn response(&self, counted: &counts::Answer, elapsed: &str) -> Option<Response> {
        match self {
            Work::Rejected(error) => Some(Style::Plain.error(400, &error.to_string())),
            Work::Simulating { concurrency, outcome } => outcome.map(|outcome| {
                let simulations = outcome.simulations;
                let pi = outcome.pi();
                json(
                    200,
                    format!(
                        "{{\"simulations\":{simulations},\"concurrency\":{concurrency},\
                         \"pi\":{pi:?},\"execution_time\":{elapsed}}}"
                    ),
                )
            }),
            Work::Probing { missing: 1.., .. } => None,
            Work::Probing { protocol, concurrency, readings, .. } => {
                let valid = readings.len();
                let sum = readings.iter().fold(0.0, |sum, reading| sum + reading);
                let mean = sum / valid.max(1) as f64;
                Some(json(
                    200,
                    format!(
                        "{{\"protocol\":\"{protocol}\",\"concurrency\":{concurrency},\
                         \"num_valid_results\":{valid},\"pi\":{mean:?},\
                         \"execution_time\":{elapsed}}}"
                    ),
                ))
            }
            Work::Listing => Some(listing(counted)),
        }
    }
}

fn listing(counted: &counts::Answer) -> Response {
    let rows = match counted {
        counts::Answer::Statistics(rows) => rows.as_slice(),
        counts::Answer::Counted => &[],
    };
    let rows = rows
        .iter()
        .map(|(name, count)| format!("{{\"username\":\"{name}\",\"request_count\":{count}}}"))
        .collect::<Vec<_>>();
    json(200, format!("[{}]", rows.join(",")))
}
