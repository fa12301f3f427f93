//! `/metrics`: the counters, as JSON for pages and scripts or as text for scrapers.
//!
//! The figures of the process are read by another thread, at most once a second; a request that
//! needs new ones waits for them, but not long: a busy disk must not hide the activity of the
//! server.

use super::{prometheus, tester};
use crate::service::http::{Request, Response, content, json};
use crate::service::{Answer, Cx, Effect, Event, Refusal, Ticket, Wait};
use crate::stats::store::{PurchaseOutcome, Replica, Store};
use crate::stats::{Close, Drop, Handler, Latest, PeerClass, Presence, Process, Requests, Stats};
use crate::wire::decimal::{rounded, seconds};
use crate::wire::metrics_accept::prefers_text;
use crate::work::{Compute, Job, Outcome, process};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Time for which figures of the process are fresh.
const FRESH: Duration = Duration::from_secs(1);

/// Time that a request waits for new ones.
const PATIENCE: Duration = Duration::from_millis(50);

/// The format of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

/// A request that waits for the figures of the process.
#[derive(Debug)]
pub struct Pending {
    ticket: Ticket,
    until: Instant,
    form: Form,
}

/// Answers `GET /metrics`.
pub fn metrics(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let form = form(request);
    let asked = &mut cx.world.panel.asked;
    if asked.is_some_and(|at| cx.now < at + FRESH) {
        return form.print(cx).into();
    }
    *asked = Some(cx.now);
    let (ticket, until) = (request.ticket, cx.now + PATIENCE);
    let job = Job::Compute(Compute::Process(process::Job::default()));
    cx.effects.push(Effect::Submit(ticket, job));
    Pending { ticket, until, form }.into()
}

/// Chooses the format by the parameter, or else by the field.
fn form(request: &Request<'_, '_, '_>) -> Form {
    let asked = request.head.target.query().unwrap_or("").split('&');
    match { asked }.find_map(|pair| pair.strip_prefix("format=")) {
        Some("prometheus") => Form::Text,
        Some(_) => Form::Json,
        None if prefers_text(request.head.fields("accept")) => Form::Text,
        None => Form::Json,
    }
}

impl Wait for Pending {
    /// Then it is answered with the figures there are.
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match event {
            Event::Done(ticket, Outcome::Process(read)) if ticket == self.ticket => {
                let process::Outcome { rss_bytes, fds, threads, cpu } = read;
                cx.stats.process = Process { rss_bytes, fds, threads, cpu };
            }
            Event::Done(ticket, _) | Event::Refused(Refusal::Job(ticket))
                if ticket == self.ticket => {}
            Event::Tick if cx.now >= self.until => {}
            Event::Done(..)
            | Event::Refused(_)
            | Event::Tick
            | Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Mail(_) => return None,
        }
        Some(self.form.print(cx))
    }
}

impl Form {
    fn print(self, cx: &mut Cx<'_>) -> Response {
        cx.stats.site.sessions = cx.world.web.sessions.counted();
        cx.world.site.report(cx.stats);
        cx.stats.store = cx.world.store.figures();
        let response = match self {
            Form::Json => json(200, document(cx).to_string()),
            Form::Text => content(200, prometheus::TYPE, prometheus::print(cx)),
        };
        response.momentary().field("Vary", "Accept")
    }
}

/// Returns all figures as one object.
fn document(cx: &Cx<'_>) -> Value {
    let stats = &*cx.stats;
    let mut all = Map::new();
    let test = json!({ "load_test": tester::brief(&cx.world.panel.tests) });
    let blocks = [classic(cx), rates(cx), services(stats), test];
    for block in blocks {
        let Value::Object(block) = block else { unreachable!("all of them are objects") };
        all.extend(block);
    }
    Value::Object(all)
}

/// Returns the members that older dashboards use.
fn classic(cx: &Cx<'_>) -> Value {
    let stats = &*cx.stats;
    let answers = stats.answers();
    let latest = answers.into_iter().flat_map(Requests::latest);
    json!({
        "active_clients": stats.connections.of(PeerClass::Visitor),
        "total_requests": answers.map_or(0, Requests::total),
        "average_response_time": answers.map_or(0.0, Requests::mean_s),
        "recent_requests": latest.map(recent).collect::<Vec<_>>(),
        "cache_enabled": stats.cache.enabled,
        "cache_hits": stats.cache.hits,
        "cache_misses": stats.cache.misses,
        "unique_sessions": stats.site.sessions,
        "thread_pool_size": stats.jobs.workers,
        "queue_size": stats.jobs.queued,
    })
}

fn recent(latest: &Latest) -> Value {
    let Latest { answered, path, .. } = latest;
    let since_epoch = answered.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "client_ip": answered.client.ip().to_string(),
        "method": crate::stats::method(answered.method),
        "path": path,
        "status": answered.status,
        "response_time": latest.took().map(ms),
        "bytes": answered.bytes,
        "cache": answered.cache,
        "handler": answered.handler.name(),
        "timestamp": since_epoch.as_millis() as f64 / 1000.0,
    })
}

/// Returns rates, latencies and current counts.
fn rates(cx: &Cx<'_>) -> Value {
    let stats = &*cx.stats;
    let (answers, pace) = (stats.answers(), stats.pace());
    let latency = |q| answers.map_or(0.0, |answers| ms(answers.recent().quantile(q)));
    let lag = |q| pace.map_or(0.0, |pace| ms(pace.recent_lag().quantile(q)));
    let now = Presence::ALL.into_iter().map(|what| (what.name(), stats.connections.doing(what)));
    let closed = Close::ALL.into_iter().map(|why| (why.name(), stats.closed.count(why as usize)));
    let process = stats.process;
    json!({
        "requests_per_second": answers.map_or(0.0, |answers| answers.rate(cx.now)),
        "latency_ms": {
            "p50": latency(0.5),
            "p90": latency(0.9),
            "p99": latency(0.99),
            "p99_9": latency(0.999),
            "max": answers.map_or(0.0, |answers| ms(answers.recent().max())),
        },
        "error_share": answers.map_or(0.0, Requests::error_share),
        "connections": object(now),
        "closed": object(closed),
        "loop": {
            "turns": stats.turns,
            "busy_share": pace.map_or(0.0, |pace| pace.busy_share(cx.now)),
            "lag_ms": { "p50": lag(0.5), "p99": lag(0.99), "max": lag(1.0) },
        },
        "process": {
            "rss_bytes": process.rss_bytes,
            "fds": process.fds,
            "threads": process.threads,
            "cpu_s": seconds(process.cpu),
            "uptime_s": seconds(super::uptime(cx)),
        },
    })
}

/// Returns the figures of each service that runs.
fn services(stats: &Stats) -> Value {
    let dropped = Drop::ALL.into_iter().map(|why| (why.name(), stats.dropped.count(why as usize)));
    let (cache, pi, legacy, pow) = (&stats.cache, &stats.pi, &stats.legacy, &stats.pow);
    json!({
        "cache": {
            "entries": cache.entries,
            "bytes": cache.bytes,
            "max_bytes": cache.max_bytes,
            "evictions": cache.evictions,
            "bypasses": cache.bypasses,
        },
        "pi": {
            "requests": requests(stats, Handler::Pi),
            "estimates": pi.estimates,
            "points": pi.points,
        },
        "legacy": {
            "requests": requests(stats, Handler::Legacy),
            "tcp_answers": legacy.tcp_answers,
            "udp_answers": legacy.udp_answers,
            "datagrams": stats.datagrams,
            "dropped": object(dropped),
            "probes": legacy.probes,
            "readings": legacy.readings,
        },
        "pow": {
            "requests": requests(stats, Handler::Pow),
            "proofs": pow.proofs,
            "tried": pow.tried,
            "luck": rounded(pow.tried as f64 / pow.expected.max(1.0)),
            "exhausted": pow.exhausted,
            "spent": pow.spent,
        },
        "chat": {
            "requests": requests(stats, Handler::Chat),
            "agents_online": stats.chat.agents_online,
            "agents_away": stats.chat.agents_away,
            "queue": stats.chat.queue,
            "chats": stats.chat.chats,
            "handled_today": stats.chat.handled_today,
            "lost_today": stats.chat.lost_today,
            "abandoned_today": stats.chat.abandoned_today,
            "short_abandoned_today": stats.chat.short_abandoned_today,
            "blocked_today": stats.chat.blocked_today,
        },
        "store": store(stats),
    })
}

/// Returns the figures of the bookstore, empty if it does not run.
fn store(stats: &Stats) -> Value {
    let Store { is_there, replicas, log, cache } = &stats.store;
    let replicas = replicas.iter().map(|replica| {
        let Replica { name, role, state, seq, lag, requests, errors } = replica;
        json!({
            "name": name,
            "role": role,
            "state": state.word(),
            "seq": seq,
            "lag": lag,
            "requests": requests,
            "errors": errors,
        })
    });
    let replicas = replicas.collect::<Vec<_>>();
    if !is_there {
        return json!({});
    }
    let purchases = |outcome: PurchaseOutcome| log.purchases.count(outcome as usize);
    let refused = PurchaseOutcome::ALL.into_iter().skip(1);
    let refused = refused.map(|outcome| (outcome.name(), purchases(outcome)));
    json!({
        "requests": requests(stats, Handler::Store),
        "replicas": replicas,
        "log": {
            "seq": log.seq,
            "entries": log.entries,
            "records": log.records,
            "failures": log.failures,
            "waiting": log.waiting,
        },
        "purchases": purchases(PurchaseOutcome::Sold),
        "refused": object(refused),
        "changes": log.changes,
        "changes_refused": log.vain,
        "cache": {
            "entries": cache.entries,
            "max_entries": cache.max_entries,
            "hits": cache.hits,
            "misses": cache.misses,
            "collapsed": cache.collapsed,
            "hit_share": cache.hit_share(),
            "invalidations": cache.invalidations,
            "evictions": cache.evictions,
            "refused_fills": cache.refused_fills,
        },
    })
}

/// Returns the number of HTTP requests that a service has answered.
fn requests(stats: &Stats, handler: Handler) -> u64 {
    stats.answers().map_or(0, |answers| answers.durations(handler).count())
}

fn object(pairs: impl Iterator<Item = (&'static str, u64)>) -> Value {
    pairs.map(|(name, count)| (name.to_string(), Value::from(count))).collect::<Map<_, _>>().into()
}

/// Converts to milliseconds, rounded to the microsecond.
pub fn ms(took: Duration) -> f64 {
    took.as_micros() as f64 / 1000.0
}
