//! `/metrics` for scrapers: the text format 0.0.4 of Prometheus.
//!
//! Labels are closed lists of the program: nothing that a client sends can name a series, so their
//! number is bounded.

mod store;

use super::uptime;
use crate::service::Cx;
use crate::stats::{Buckets, Close, Drop, Handler, Presence, Requests, Stats};
use crate::wire::{chunked, http};
use std::fmt::{Display, Write};
use std::time::UNIX_EPOCH;

/// The media type.
pub const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Prints all series.
pub fn print(cx: &Cx<'_>) -> String {
    let mut page = Page::default();
    http_series(&mut page, cx.stats);
    connections(&mut page, cx.stats);
    looping(&mut page, cx.stats);
    cache(&mut page, cx);
    services(&mut page, cx.stats);
    process(&mut page, cx);
    page.0
}

/// The text so far.
#[derive(Debug, Default)]
struct Page(String);

/// The type of a series.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Label names and values.
type Labels<'a> = &'a [(&'a str, &'a str)];

impl Page {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        let mut before = '{';
        for (label, text) in labels {
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
            before = ',';
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Counter, help);
        self.sample(name, &[], value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Gauge, help);
        self.sample(name, &[], value);
    }

    /// Prints the samples of one histogram, whose family was begun.
    fn histogram(&mut self, name: &str, label: Option<(&str, &str)>, buckets: &Buckets) {
        let labels = label.as_slice();
        let of = |le: &str, count: u64, page: &mut Page| {
            let all = labels.iter().copied().chain([("le", le)]).collect::<Vec<_>>();
            page.sample(&format!("{name}_bucket"), &all, count);
        };
        for (bound, count) in buckets.cumulative() {
            of(&bound.to_string(), count, self);
        }
        of("+Inf", buckets.count(), self);
        self.sample(&format!("{name}_sum"), labels, buckets.sum_s());
        self.sample(&format!("{name}_count"), labels, buckets.count());
    }
}

fn http_series(page: &mut Page, stats: &Stats) {
    let name = "pentad_http_requests_total";
    page.family(name, Kind::Counter, "Requests answered over HTTP.");
    let counts = stats.answers().into_iter().flat_map(Requests::counts);
    for (verb, code, handler, count) in counts {
        let code = if code == 0 { "other".to_string() } else { code.to_string() };
        let labels =
            [("method", crate::stats::method(verb)), ("code", &code), ("handler", handler.name())];
        page.sample(name, &labels, count);
    }
    let name = "pentad_http_request_duration_seconds";
    let help = "From a request's end until its answer was handed to the kernel.";
    page.family(name, Kind::Histogram, help);
    if let Some(answers) = stats.answers() {
        for handler in Handler::ALL {
            page.histogram(name, Some(("handler", handler.name())), answers.durations(handler));
        }
    }
    let name = "pentad_parse_errors_total";
    page.family(name, Kind::Counter, "Inputs that a parser refused.");
    let names = http::Bad::ALL.iter().map(|bad| bad.name());
    let names = names.chain(chunked::Bad::ALL.iter().map(|bad| bad.name()));
    let mut told = Vec::new();
    let others = stats.parse_errors.iter().map(|(name, _)| name);
    for reason in names.chain(others) {
        if !told.contains(&reason) {
            told.push(reason);
            page.sample(name, &[("reason", reason)], stats.parse_errors.count(reason));
        }
    }
}

fn connections(page: &mut Page, stats: &Stats) {
    let name = "pentad_connections";
    page.family(name, Kind::Gauge, "Open connections of clients, those of the panel left out.");
    for presence in Presence::ALL {
        page.sample(name, &[("state", presence.name())], stats.connections.doing(presence));
    }
    let name = "pentad_connections_closed_total";
    page.family(name, Kind::Counter, "Connections that ended.");
    for why in Close::ALL {
        page.sample(name, &[("reason", why.name())], stats.closed.count(why as usize));
    }
    let help = "Connections that were accepted.";
    page.counter("pentad_connections_accepted_total", help, stats.accepted);
    let help = "Connections that could not be accepted.";
    page.counter("pentad_accept_failures_total", help, stats.accept_failures);
}

fn looping(page: &mut Page, stats: &Stats) {
    page.counter("pentad_loop_turns_total", "Turns of the event loop.", stats.turns);
    let Some(pace) = stats.pace() else { return };
    let help = "Time from the kernel's reports to the ends of turns.";
    page.counter("pentad_loop_busy_seconds_total", help, pace.busy_s());
    page.counter("pentad_loop_events_total", "Events that the kernel reported.", pace.events);
    let help = "How long anything had to wait for the loop, by turn.";
    page.family("pentad_loop_lag_seconds", Kind::Histogram, help);
    page.histogram("pentad_loop_lag_seconds", None, pace.lag());
    let help = "Compression blocks computed on the loop instead of by workers.";
    page.counter("pentad_loop_in_place_blocks_total", help, pace.in_place_blocks);
    let jobs = &stats.jobs;
    page.gauge("pentad_workers", "Worker threads.", jobs.workers);
    page.gauge("pentad_jobs_queued", "Jobs that the workers have not finished.", jobs.queued);
    page.counter("pentad_jobs_submitted_total", "Jobs handed on by the loop.", jobs.submitted);
    page.counter("pentad_jobs_refused_total", "Jobs that found no room.", stats.jobs_refused);
    let help = "Access log lines that the log thread could not take.";
    page.counter("pentad_log_lines_dropped_total", help, stats.log_lines_dropped);
}

fn cache(page: &mut Page, cx: &Cx<'_>) {
    let cache = &cx.stats.cache;
    let enabled = u8::from(cx.stats.cache.enabled);
    page.gauge("pentad_cache_enabled", "Whether the site's cache is in use.", enabled);
    page.counter("pentad_cache_hits_total", "Requests answered from memory.", cache.hits);
    let help = "Requests that a file was read for.";
    page.counter("pentad_cache_misses_total", help, cache.misses);
    let help = "Requests that the cache had no part in.";
    page.counter("pentad_cache_bypasses_total", help, cache.bypasses);
    let help = "Entries that had to make room for others.";
    page.counter("pentad_cache_evictions_total", help, cache.evictions);
    page.gauge("pentad_cache_entries", "Entries of the cache.", cache.entries);
    page.gauge("pentad_cache_bytes", "Memory that the entries take.", cache.bytes);
    page.gauge("pentad_cache_max_bytes", "Memory that they may take.", cache.max_bytes);
    let help = "Sessions of visitors that have begun.";
    page.counter("pentad_sessions_total", help, cx.stats.site.sessions);
}

fn services(page: &mut Page, stats: &Stats) {
    let (pi, legacy, pow) = (&stats.pi, &stats.legacy, &stats.pow);
    page.counter("pentad_pi_estimates_total", "Estimates of pi that were made.", pi.estimates);
    page.counter("pentad_pi_points_total", "Points drawn for them.", pi.points);
    let name = "pentad_legacy_answers_total";
    page.family(name, Kind::Counter, "Texts that the legacy server sent.");
    page.sample(name, &[("transport", "tcp")], legacy.tcp_answers);
    page.sample(name, &[("transport", "udp")], legacy.udp_answers);
    page.counter("pentad_legacy_datagrams_total", "Datagrams received.", stats.datagrams);
    let name = "pentad_legacy_dropped_total";
    page.family(name, Kind::Counter, "Datagrams that got no answer.");
    for why in Drop::ALL {
        page.sample(name, &[("reason", why.name())], stats.dropped.count(why as usize));
    }
    let help = "Questions asked of a legacy server.";
    page.counter("pentad_legacy_probes_total", help, legacy.probes);
    let help = "Questions that got a number back.";
    page.counter("pentad_legacy_readings_total", help, legacy.readings);
    page.counter("pentad_pow_proofs_total", "Proofs of work found.", pow.proofs);
    page.counter("pentad_pow_seeds_tried_total", "Seeds tried for them.", pow.tried);
    let help = "Seeds that they take on average.";
    page.counter("pentad_pow_seeds_expected_total", help, pow.expected);
    let help = "Searches that went through all seeds.";
    page.counter("pentad_pow_exhausted_total", help, pow.exhausted);
    page.counter("pentad_pow_spent_total", "Proofs that were spent.", pow.spent);
    chat(page, stats);
    store::families(page, &stats.store);
}

fn chat(page: &mut Page, stats: &Stats) {
    let chat = &stats.chat;
    let name = "pentad_chat_agents";
    page.family(name, Kind::Gauge, "Agents who are signed in.");
    page.sample(name, &[("status", "online")], chat.agents_online);
    page.sample(name, &[("status", "away")], chat.agents_away);
    page.gauge("pentad_chat_queue", "Visitors who wait.", chat.queue);
    page.gauge("pentad_chat_chats", "Chats that go on.", chat.chats);
    let name = "pentad_chat_today";
    page.family(name, Kind::Gauge, "What became of the visitors of today.");
    for (outcome, count) in [
        ("handled", chat.handled_today),
        ("lost", chat.lost_today),
        ("abandoned", chat.abandoned_today),
        ("short-abandoned", chat.short_abandoned_today),
        ("blocked", chat.blocked_today),
    ] {
        page.sample(name, &[("outcome", outcome)], count);
    }
}

fn process(page: &mut Page, cx: &Cx<'_>) {
    let process = &cx.stats.process;
    let help = "Resident memory.";
    page.gauge("process_resident_memory_bytes", help, process.rss_bytes);
    page.gauge("process_open_fds", "Open descriptors.", process.fds);
    page.gauge("process_threads", "Threads.", process.threads);
    let help = "Time on any core.";
    page.counter("process_cpu_seconds_total", help, process.cpu.as_secs_f64());
    if let Some((_, wall)) = cx.stats.since {
        let since_epoch = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        page.gauge("process_start_time_seconds", "When the process began.", since_epoch);
    }
    page.gauge("process_uptime_seconds", "Time since then.", uptime(cx).as_secs_f64());
    page.family("pentad_build_info", Kind::Gauge, "What is running here; always 1.");
    page.sample("pentad_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
}
