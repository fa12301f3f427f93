//! Proof of work over HTTP: searches, their status and cancellation, verification, and statistics.

use super::meter::expected;
use super::table::{Entry, Fate, Name, Solution, Table};
use super::verify::{Claim, Verdict, Wrong, judge};
use super::{State, spend};
use crate::limits;
use crate::service::http::{Request, Response, Route, Style, json};
use crate::service::{Answer, Cx, Effect, Event, Kind, Mail, Target, Ticket, Wait};
use crate::stats::Handler;
use crate::wire::base64;
use crate::wire::http::{Head, Method};
use crate::wire::json::{FieldError, Need, flag, integer, parse, text};
use crate::wire::pow::{self as wire, MESSAGE_BYTES_MAX};
use crate::work::pow::bits_max;
use crate::work::pow::{Outcome, leading_zero_bits};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The path of searches, followed by a name.
const JOBS: &str = "/api/pow/jobs/";

const API: Route = Route::new(Handler::Pow).style(Style::Problem);

/// The routes of this service.
pub const ROUTES: &[Route] = &[
    API.post("/api/pow/solve", solve, "Searches for a proof of work.")
        .takes(limits::POW_BODY_BYTES),
    API.get("/api/pow/jobs/{id}", status, "Shows the progress of a search."),
    API.on(Method::Delete, "/api/pow/jobs/{id}", cancel, "Cancels a search."),
    API.post("/api/pow/verify", verify, "Verifies a proof, and spends it if asked to.")
        .takes(limits::POW_BODY_BYTES),
    API.get("/api/pow/stats", stats, "Reports hash rates, the queue and the luck of searches."),
];

/// A request that waits for its search.
#[derive(Debug)]
pub struct Pending {
    name: Name,
    ticket: Ticket,
    until: Instant,
}

/// The parameters of a search.
struct Wanted {
    message: Vec<u8>,
    bits: u32,
    time: Duration,
    weight: u8,
}

/// Answers `POST /api/pow/solve`.
fn solve(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    cx.world.pow.meter.sample(cx.now);
    let wanted = match document(request).and_then(|body| wanted(&body, &cx.world.pow)) {
        Ok(wanted) => wanted,
        Err(response) => return response.into(),
    };
    if cx.draining {
        return busy("The server is ending.", 1).into();
    }
    if let Some(solution) = at_once(&wanted, cx) {
        return solved(&wanted.message, &solution).into();
    }
    if let Some(seconds) = overload(&cx.world.pow) {
        return busy("More work is waiting than a minute can do.", seconds).into();
    }
    let wait = wait(request.head);
    let until = cx.now + wait;
    let Wanted { message, bits, time, weight } = wanted;
    let mut entry = Entry::new(message, bits, weight, cx.now, cx.now + time);
    entry.waiter = (!wait.is_zero()).then_some((cx.id, request.ticket, until));
    let Ok(name) = cx.world.pow.jobs.insert(entry) else {
        return busy("Too many searches are under way.", drained(&cx.world.pow)).into();
    };
    cx.effects.push(Effect::Dial(Target::Task, Kind::Search(name)));
    if wait.is_zero() {
        return later(name, cx).into();
    }
    Pending { name, ticket: request.ticket, until }.into()
}

impl Wait for Pending {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match event {
            Event::Mail(Mail::Searched(ticket)) if ticket == self.ticket => {}
            Event::Tick if self.until <= cx.now => {}
            Event::Mail(_)
            | Event::Tick
            | Event::Done(..)
            | Event::Refused(_)
            | Event::Opened { .. }
            | Event::Bytes
            | Event::Eof => return None,
        }
        let Some(entry) = cx.world.pow.jobs.find(self.name, cx.now) else {
            return Some(busy("The search had to make room for others.", 1));
        };
        entry.waiter = None;
        let response = match entry.fate {
            Fate::Solved(solution) => solved(&entry.message, &solution),
            Fate::Exhausted => {
                let detail = format!("None of all {} seeds is a proof.", entry.tried());
                Style::Problem.error(422, &detail)
            }
            Fate::Failed => Style::Problem.error(500, "The search failed."),
            Fate::Cancelled if cx.draining => busy("The server is ending.", 1),
            Fate::Open | Fate::Expired | Fate::Cancelled => return Some(later(self.name, cx)),
        };
        // The name was never sent, so no client can ask for it.
        cx.world.pow.jobs.remove(self.name);
        Some(response)
    }
}

/// Answers `GET /api/pow/jobs/{id}`.
fn status(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    cx.world.pow.meter.sample(cx.now);
    match named(request.segment(), &mut cx.world.pow.jobs, cx.now) {
        Some(name) => json(200, report(name, cx)).momentary().into(),
        None => nowhere(),
    }
}

/// Answers `DELETE /api/pow/jobs/{id}`. A finished search is not changed.
fn cancel(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(name) = named(request.segment(), &mut cx.world.pow.jobs, cx.now) else {
        return nowhere();
    };
    if let Some(told) = cx.world.pow.jobs.close(name, Fate::Cancelled, cx.now) {
        told.tell(cx.id, cx.effects);
    }
    json(200, report(name, cx)).into()
}

/// Answers `POST /api/pow/verify`. For any requested difficulty, only a proof of the server's own
/// difficulty can be spent: others would fill the store in vain.
fn verify(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let judged = document(request).and_then(|body| {
        let spends = flag(&body, "spend", Need::Default(false)).map_err(|e| wrong(&e));
        Ok((claim(&body, &cx.world.pow)?, spends?))
    });
    match judged {
        Ok((verdict, true)) => spend::ask(verdict.at_least(cx.world.pow.bits), request.ticket, cx),
        Ok((verdict, false)) => judgement(&verdict).into(),
        Err(response) => response.into(),
    }
}

/// Returns the response about a claim.
pub(super) fn judgement(verdict: &Verdict) -> Response {
    let reason = verdict.wrong.map_or("null".to_string(), |wrong| format!("\"{}\"", wrong.name()));
    let valid = verdict.wrong.is_none();
    let (zeros, bits) = (verdict.zeros(), verdict.bits());
    json(
        200,
        format!("{{\"valid\":{valid},\"reason\":{reason},\"zeros\":{zeros},\"bits\":{bits}}}"),
    )
}

/// Answers `GET /api/pow/stats`.
fn stats(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let State { meter, jobs, kernel, .. } = &mut cx.world.pow;
    meter.sample(cx.now);
    let one = meter.rate(Duration::from_secs(1), cx.now);
    let ten = meter.rate(Duration::from_secs(10), cx.now);
    let queue = jobs.open() as u64 + meter.lines;
    let rows = meter.tallies().map(|(difficulty, tally)| {
        let (replies, luck) = (tally.replies, tally.luck());
        format!("{{\"difficulty\":{difficulty},\"replies\":{replies},\"luck\":{luck:.4}}}")
    });
    let rows = rows.collect::<Vec<_>>().join(",");
    json(
        200,
        format!(
            "{{\"hash_rate_1s\":{one:.0},\"hash_rate_10s\":{ten:.0},\"kernel\":\"{}\",\
             \"queue\":{queue},\"difficulties\":[{rows}]}}",
            kernel.name()
        ),
    )
    .momentary()
    .into()
}

/// Parses the body as a JSON object.
fn document(request: &Request<'_, '_, '_>) -> Result<Value, Response> {
    if !request.is_json() {
        let detail = "The content type must be application/json.";
        return Err(Style::Problem.error(415, detail));
    }
    let body = parse(request.body).ok().filter(Value::is_object);
    body.ok_or_else(|| Style::Problem.error(400, "The body is no JSON object."))
}

fn wanted(body: &Value, state: &State) -> Result<Wanted, Response> {
    let message = message(body)?;
    let bits = zero_bits(body, bits_max(state.seed_len), state.bits)?;
    let most = limits::POW_TTL_MAX.as_millis() as u64;
    let ttl_ms = integer(body, "ttl_ms", 1..=most, Need::Default(most)).map_err(|e| wrong(&e))?;
    let weight = integer(body, "weight", 1..=16, Need::Default(1)).map_err(|e| wrong(&e))?;
    Ok(Wanted { message, bits, time: Duration::from_millis(ttl_ms), weight: weight as u8 })
}

/// Returns the message, from the one of its two members that is present.
fn message(body: &Value) -> Result<Vec<u8>, Response> {
    let message = match (body.get("message"), body.get("message_b64")) {
        (Some(_), Some(_)) => {
            return Err(unprocessable("message and message_b64 exclude each other"));
        }
        (None, Some(Value::String(encoded))) => base64::decode(encoded)
            .ok_or_else(|| unprocessable("message_b64 is not Base64 as in RFC 4648, section 4"))?,
        (None, Some(_)) => return Err(wrong(&FieldError::Invalid("message_b64"))),
        (_, None) => {
            let message = text(body, "message", MESSAGE_BYTES_MAX, Need::Required);
            message.map_err(|e| wrong(&e))?.as_bytes().to_vec()
        }
    };
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(wrong(&FieldError::Invalid("message_b64")));
    }
    Ok(message)
}

/// Returns the difficulty in bits, from the one of its two members that is present, or the default
/// of the line protocol.
fn zero_bits(body: &Value, most: u32, default: u32) -> Result<u32, Response> {
    let (digits, bits) = (body.get("difficulty"), body.get("bits"));
    let most = u64::from(most);
    let bits = match (digits, bits) {
        (Some(_), Some(_)) => return Err(unprocessable("difficulty and bits exclude each other")),
        (Some(_), None) => {
            integer(body, "difficulty", 0..=most / 4, Need::Required).map(|digits| digits * 4)
        }
        (None, _) => integer(body, "bits", 0..=most, Need::Default(default.into())),
    };
    bits.map(|bits| bits as u32).map_err(|e| wrong(&e))
}

/// Verifies a claim.
fn claim(body: &Value, state: &State) -> Result<Verdict, Response> {
    let bits = zero_bits(body, 256, state.bits)?;
    let any = limits::MIB;
    if body.get("proof").is_some() {
        let parts = ["message", "message_b64", "seed", "hash"];
        if parts.iter().any(|name| body.get(name).is_some()) {
            return Err(unprocessable("a proof is given whole or in parts"));
        }
        let proof = text(body, "proof", any, Need::Required).map_err(|e| wrong(&e))?;
        return Ok(judge(Claim::Line(proof.as_bytes()), bits, state.seed_len));
    }
    let message = message(body)?;
    let seed = text(body, "seed", any, Need::Required).map_err(|e| wrong(&e))?;
    let hash = match body.get("hash") {
        None | Some(Value::Null) => None,
        Some(_) => {
            let digits = text(body, "hash", any, Need::Required).map_err(|e| wrong(&e))?;
            match wire::unhex(digits.as_bytes()) {
                Some(hash) => Some(hash),
                None => return Ok(Verdict { hash: None, wrong: Some(Wrong::BadFormat) }),
            }
        }
    };
    let claim = Claim::Parts(&message, seed.as_bytes(), hash.as_ref());
    Ok(judge(claim, bits, state.seed_len))
}

/// Searches without workers, as far as that is possible.
fn at_once(wanted: &Wanted, cx: &mut Cx<'_>) -> Option<Solution> {
    let state = &mut cx.world.pow;
    let (seed_len, kernel) = (state.seed_len, state.kernel);
    let (message, start) = (wanted.message.clone(), cx.rng.u64(..));
    let counter = state.meter.counter();
    let mut job = super::search(message, wanted.bits, seed_len, start, kernel, 1, counter);
    match state.try_in_place(&mut job, cx.in_place)? {
        Outcome::Found { seed, hash, tried } => {
            state.meter.found(wanted.bits, tried);
            cx.stats.pow.found(tried, expected(wanted.bits));
            Some(Solution { seed, hash, tried, ms: 0.0 })
        }
        Outcome::Exhausted { .. } => None,
    }
}

/// Returns the seconds until the backlog is below a minute, if it is not.
fn overload(state: &State) -> Option<u32> {
    let lines = state.meter.lines as f64 * expected(state.bits);
    let seconds = (state.jobs.backlog() + lines) / state.meter.capacity();
    let too_long = seconds - limits::POW_BACKLOG.as_secs_f64();
    (too_long > 0.0).then(|| too_long.ceil().max(1.0) as u32)
}

/// Returns the expected seconds of the running searches.
fn drained(state: &State) -> u32 {
    (state.jobs.backlog() / state.meter.capacity()).ceil().max(1.0) as u32
}

/// Returns the time that the client would wait (RFC 7240 §4.3), within our limit.
fn wait(head: &Head<'_, '_>) -> Duration {
    let preferences = head.fields("prefer").flat_map(|value| value.split(|byte| *byte == b','));
    let seconds = preferences.filter_map(|preference| {
        let preference = preference.split(|byte| *byte == b';').next()?;
        let (name, value) = std::str::from_utf8(preference).ok()?.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let wanted = name.trim().eq_ignore_ascii_case("wait");
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        (wanted && digits).then(|| value.parse().unwrap_or(u64::MAX))
    });
    let asked = { seconds }.next().map_or(limits::POW_WAIT, Duration::from_secs);
    asked.min(limits::POW_WAIT_MAX)
}

/// Returns the name at the end of the path, if it is that of a search.
fn named(digits: &str, jobs: &mut Table, now: Instant) -> Option<Name> {
    let known =
        digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let name = Name(u64::from_str_radix(digits, 16).ok().filter(|_| known)?);
    jobs.find(name, now).map(|_| name)
}

/// Returns a `200` with the proof.
fn solved(message: &[u8], solution: &Solution) -> Response {
    json(200, format!("{{{}}}", members(message, solution, true)))
}

/// Prints the members of a proof; `tried` is omitted for clients that have it already.
fn members(message: &[u8], solution: &Solution, tried: bool) -> String {
    let Solution { seed, hash, ms, .. } = solution;
    let mut digits = Vec::new();
    wire::hex(hash, &mut digits);
    let digits = String::from_utf8_lossy(&digits);
    let proof = match std::str::from_utf8(message) {
        Ok(message) => format!("\"proof\":{}", Value::from(format!("{message},{seed},{digits}"))),
        Err(_) => format!("\"message_b64\":\"{}\"", base64::encode(message)),
    };
    let bits = leading_zero_bits(hash);
    let zeros = bits / 4;
    let tried = if tried { format!("\"tried\":{},", solution.tried) } else { String::new() };
    format!(
        "{proof},\"seed\":\"{seed}\",\"hash\":\"{digits}\",\"zeros\":{zeros},\"bits\":{bits},\
         {tried}\"ms\":{ms:.3}"
    )
}

/// Returns a `202` with the path of the search.
fn later(name: Name, cx: &mut Cx<'_>) -> Response {
    json(202, report(name, cx)).field("Location", format!("{JOBS}{:016x}", name.0))
}

/// Prints the status of a search.
fn report(name: Name, cx: &mut Cx<'_>) -> String {
    let State { jobs, meter, seed_len, .. } = &mut cx.world.pow;
    // All open searches share the workers.
    let rate = meter.capacity() / jobs.open().max(1) as f64;
    let Some(entry) = jobs.find(name, cx.now) else {
        return "{}".to_string();
    };
    let (state, tried, expected) = (entry.state(), entry.tried(), expected(entry.bits));
    let blocks = crate::work::pow::cost_blocks(entry.message.len(), *seed_len) as f64;
    let (p_done, eta) = match entry.fate {
        // Tries are independent: failed ones do not bring the end closer.
        Fate::Open => {
            (-(-(tried as f64) / expected).exp_m1(), format!("{:.3}", expected * blocks / rate))
        }
        Fate::Solved(_) | Fate::Exhausted => (1.0, "0".to_string()),
        Fate::Expired | Fate::Cancelled | Fate::Failed => {
            (-(-(tried as f64) / expected).exp_m1(), "null".to_string())
        }
    };
    let mut line = format!(
        "{{\"id\":\"{:016x}\",\"state\":\"{state}\",\"tried\":{tried},\"expected\":{expected:.0},\
         \"p_done\":{p_done:.6},\"eta\":{eta}",
        name.0
    );
    if let Fate::Solved(solution) = entry.fate {
        line.push(',');
        line.push_str(&members(&entry.message, &solution, false));
    }
    line + "}"
}

fn nowhere() -> Answer {
    Style::Problem.error(404, "No search has this name, or it was forgotten.").into()
}

pub(super) fn busy(detail: &str, seconds: u32) -> Response {
    Style::Problem.error(503, detail).retry_after(seconds)
}

fn wrong(error: &FieldError) -> Response {
    unprocessable(&error.to_string())
}

fn unprocessable(detail: &str) -> Response {
    Style::Problem.error(422, detail)
}
