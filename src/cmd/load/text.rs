//! Results for people, and for tables.

use super::document;
use super::options::{Format, Options};
use super::result::answers;
use crate::client::load::{Run, Slow, Trouble};
use crate::report::{Report, counted, shown};
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;

/// The result as `--format` wants it; `json` is the document for machines.
pub(super) fn rendered(
    options: &Options,
    run: &Run,
    elapsed: Duration,
    report: &Report,
    json: &str,
) -> String {
    match options.format {
        Format::Text => text(options, run, elapsed, report),
        Format::Json | Format::Lines => format!("{json}\n"),
        Format::Csv => csv(report),
        Format::Quiet => String::new(),
    }
}

fn text(options: &Options, run: &Run, elapsed: Duration, report: &Report) -> String {
    let tally = &run.tally;
    let seconds = elapsed.as_secs_f64().max(1e-9);
    let whole = |number: u64| counted(Some(number as f64));
    let mode = match (options.slow, options.rate) {
        (Some(Slow::Headers), _) => "heads that never end".to_owned(),
        (Some(Slow::Body), _) => "bodies that never end".to_owned(),
        (Some(Slow::Read), _) => "answers that are never read".to_owned(),
        (None, Some(rate)) => format!("open loop at {}/s", shown(Some(rate))),
        (None, None) => "closed loop".to_owned(),
    };
    let mut text = format!(
        "{} {}\n{} connections, {seconds:.2} s, {mode}\n\n",
        options.method, options.url.text, options.connections
    );
    let rate = shown(Some(answers(run) as f64 / seconds));
    let _ = writeln!(text, "  requests    {}   {rate}/s", whole(tally.requests));
    let _ = writeln!(
        text,
        "  transfer    {} in, {} out, {}/s",
        bytes(tally.bytes_in as f64),
        bytes(tally.bytes_out as f64),
        bytes(tally.bytes_in as f64 / seconds)
    );
    let statuses = tally.statuses().map(|(status, count)| format!("{status}: {}", whole(count)));
    let statuses = statuses.collect::<Vec<_>>().join(", ");
    let _ =
        writeln!(text, "  status      {}", if statuses.is_empty() { "none" } else { &statuses });
    let errors = Trouble::ALL.map(|kind| (kind.name(), tally.errors[kind as usize]));
    let errors = errors.into_iter().filter(|(_, count)| *count > 0);
    let errors = errors.map(|(name, count)| format!("{name}: {}", whole(count)));
    let errors = errors.collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "  errors      {}", if errors.is_empty() { "none" } else { &errors });
    for why in document::misread(run) {
        let _ = writeln!(text, "  not HTTP    {why}");
    }
    if let Some(waited) = &tally.waited {
        let (under_way, never_sent) = (whole(tally.under_way), whole(tally.never_sent));
        let never_sent = match tally.never_sent {
            0 => String::new(),
            _ => format!(", {never_sent} never sent"),
        };
        let longest = shown(Some(waited.max() as f64 / 1e6));
        let _ = writeln!(
            text,
            "  unfinished  {under_way} under way at the end{never_sent}; for up to {longest} ms"
        );
    }
    if options.slow.is_some() {
        let (made, ended) = (whole(tally.connected), whole(tally.requests));
        let _ = writeln!(text, "  connections {made} made, {ended} of them ended by the server");
    }
    text += &seconds_of(report);
    if !tally.latency.is_empty() {
        text += &latency(options, run, report);
    }
    text
}

fn latency(options: &Options, run: &Run, report: &Report) -> String {
    let mut text = "\n  latency, ms\n".to_owned();
    let ms = |name: &str| shown(report.number(&["latency_ms", name]));
    let _ = writeln!(
        text,
        "    min {}   mean {}   stdev {}   max {}",
        ms("min"),
        ms("mean"),
        ms("stdev"),
        ms("max")
    );
    let usual = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9];
    for percentile in options.percentiles.as_deref().unwrap_or(&usual) {
        let ns = run.tally.latency.value_at_quantile(percentile / 100.0);
        let _ = writeln!(
            text,
            "    {:<9}{:>10}",
            format!("p{percentile}"),
            shown(Some(ns as f64 / 1e6))
        );
    }
    text += "\n  how many took up to … ms\n";
    let spread = report.histogram();
    let most = spread.iter().map(|(_, share)| *share).fold(f64::MIN_POSITIVE, f64::max);
    for (edge, share) in spread {
        let bar = "█".repeat((share / most * BAR).round() as usize);
        let line = format!("    {:>9} {:>6.2} %  {bar}", shown(Some(edge)), share * 100.0);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Columns of the longest bar.
const BAR: f64 = 40.0;

/// Columns of the line of seconds.
const SECONDS: usize = 60;

/// The rate of each second as a line of bars, and the least and the most of them. What is over in
/// one second needs no line.
fn seconds_of(report: &Report) -> String {
    let rates = report.series("rps").into_iter().map(|(_, rate)| rate).collect::<Vec<_>>();
    if rates.len() < 2 {
        return String::new();
    }
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let bar = |some: &[f64]| {
        let mean = some.iter().sum::<f64>() / some.len() as f64;
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][(mean / most * 7.0).round() as usize]
    };
    let bars = rates.chunks(rates.len().div_ceil(SECONDS)).map(bar).collect::<String>();
    format!("  per second  {bars}  {} to {}\n", shown(Some(least)), shown(Some(most)))
}

/// A line of names and a line of figures.
fn csv(report: &Report) -> String {
    let result = &report.document["result"];
    let latency = ["min", "mean", "stdev", "p50", "p75", "p90", "p95", "p99", "p99_9", "max"];
    let mut cells = vec![("id".to_owned(), report.id.clone())];
    let plain = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    for name in ["mode", "requests", "ok", "elapsed_s", "rps", "bytes_in", "bytes_out"] {
        cells.push((name.to_owned(), plain(&result[name])));
    }
    for kind in Trouble::ALL {
        cells.push((format!("errors_{}", kind.name()), plain(&result["errors"][kind.name()])));
    }
    for name in latency {
        cells.push((format!("latency_ms_{name}"), plain(&result["latency_ms"][name])));
    }
    for name in ["under_way", "never_sent"] {
        cells.push((name.to_owned(), plain(&result[name])));
    }
    let line = |of: fn(&(String, String)) -> &String| {
        cells.iter().map(|cell| of(cell).as_str()).collect::<Vec<_>>().join(",")
    };
    format!("{}\n{}\n", line(|cell| &cell.0), line(|cell| &cell.1))
}

fn bytes(count: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (count.max(1.0).log2() / 10.0).floor().min(4.0);
    format!("{} {}", shown(Some(count / 1024f64.powf(power))), units[power as usize])
}
