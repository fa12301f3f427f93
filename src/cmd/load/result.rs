//! From what was seen to the result as JSON: the names that `/test_status` has too.
//!
//! Written by hand, because maps of `serde_json` sort their members.

use crate::client::load::{Run, Trouble};
use crate::report::BUCKETS_PER_DECADE;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::time::Duration;

/// Members in their order, each with its value as JSON.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The result of a run that was counted for `elapsed`.
pub(super) fn result(run: &Run, elapsed: Duration, mode: &str) -> String {
    let tally = &run.tally;
    let seconds = elapsed.as_secs_f64().max(1e-9);
    let errors = Trouble::ALL.map(|kind| (kind.name(), tally.errors[kind as usize].to_string()));
    let statuses = tally.statuses().map(|(status, count)| format!("\"{status}\":{count}"));
    object([
        ("requests", tally.requests.to_string()),
        ("ok", tally.ok.to_string()),
        ("errors", object(errors)),
        (
            "misread",
            object(tally.misread.iter().map(|(why, count)| (why.name(), count.to_string()))),
        ),
        ("under_way", tally.under_way.to_string()),
        ("never_sent", tally.never_sent.to_string()),
        ("elapsed_s", number(elapsed.as_secs_f64())),
        ("rps", number(answers(run) as f64 / seconds)),
        ("bytes_in", tally.bytes_in.to_string()),
        ("bytes_out", tally.bytes_out.to_string()),
        ("status", format!("{{{}}}", statuses.collect::<Vec<_>>().join(","))),
        ("latency_ms", latency(run)),
        ("histogram", histogram(run)),
        ("series", series(run, elapsed)),
        ("mode", json!(mode).to_string()),
    ])
}

/// Complete answers, whatever they said.
pub(super) fn answers(run: &Run) -> u64 {
    run.tally.ok + run.tally.errors[Trouble::Status as usize]
}

fn latency(run: &Run) -> String {
    latencies(&run.tally.latency)
}

/// The members of `latency_ms` as they are at least: requests that have no answer at the end will
/// have taken longer than until then, if they get one.
pub(super) fn at_least(run: &Run) -> Value {
    serde_json::from_str(&latencies(&run.tally.at_least())).expect("it was written as JSON")
}

fn latencies(latency: &Histogram<u64>) -> String {
    let ms = |ns: f64| if latency.is_empty() { "null".into() } else { number(ns / 1e6) };
    let at = |quantile| ms(latency.value_at_quantile(quantile) as f64);
    object([
        ("min", ms(latency.min() as f64)),
        ("mean", ms(latency.mean())),
        ("stdev", ms(latency.stdev())),
        ("p50", at(0.5)),
        ("p75", at(0.75)),
        ("p90", at(0.9)),
        ("p95", at(0.95)),
        ("p99", at(0.99)),
        ("p99_9", at(0.999)),
        ("max", ms(latency.max() as f64)),
    ])
}

/// Buckets whose upper edges are ten to a decade, the same in every run; the first and the last
/// are not empty.
fn histogram(run: &Run) -> String {
    let place = |ns: u64| (BUCKETS_PER_DECADE * (ns as f64 / 1e6).log10()).ceil() as i32;
    let edge = |place: i32| 10f64.powf(f64::from(place) / BUCKETS_PER_DECADE);
    let mut buckets: Vec<(i32, u64)> = Vec::new();
    for step in run.tally.latency.iter_recorded() {
        let (place, count) = (place(step.value_iterated_to()), step.count_at_value());
        loop {
            match buckets.last_mut() {
                Some((last, sum)) if *last == place => break *sum += count,
                Some((last, _)) => {
                    let next = *last + 1;
                    buckets.push((next, 0));
                }
                None => buckets.push((place, 0)),
            }
        }
    }
    let bucket = |(place, count): &(i32, u64)| {
        format!("{{\"le_ms\":{},\"count\":{count}}}", number(edge(*place)))
    };
    format!("[{}]", buckets.iter().map(bucket).collect::<Vec<_>>().join(","))
}

/// The whole intervals of the run.
fn series(run: &Run, elapsed: Duration) -> String {
    let series = &run.tally.series;
    let interval = series.interval.as_secs_f64();
    let whole = (elapsed.as_secs_f64() / interval + 1e-6) as usize;
    let points = series.points.iter().take(whole).enumerate().map(|(place, point)| {
        let ms = |ns: u64| if ns == 0 { "null".to_owned() } else { number(ns as f64 / 1e6) };
        object([
            ("t_s", number((place + 1) as f64 * interval)),
            ("requests", point.requests.to_string()),
            ("errors", point.errors.to_string()),
            ("rps", number(point.requests as f64 / interval)),
            ("p50_ms", ms(point.p50_ns)),
            ("p99_ms", ms(point.p99_ns)),
        ])
    });
    format!("[{}]", points.collect::<Vec<_>>().join(","))
}

/// Six digits that count.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0.0".to_owned();
    }
    let places = (5 - value.abs().log10().floor() as i32).clamp(0, 9);
    let text = format!("{value:.0$}", places as usize);
    let text = if text.contains('.') { text.trim_end_matches('0') } else { &text };
    if text.ends_with('.') { format!("{text}0") } else { text.to_owned() }
}

/// The `X-Cache` fields of the answers, and the cache state that follows from them.
pub(super) fn cache(run: &Run) -> Value {
    let [hit, miss, bypass] = run.tally.cache;
    let state = match (hit + miss, bypass) {
        (0, 0) => "unknown",
        (0, _) => "off",
        (_, 0) => "on",
        (_, _) => "mixed",
    };
    json!({ "state": state, "hit": hit, "miss": miss, "bypass": bypass })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_digits_that_count() {
        for (value, text) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (123_456.789, "123457"),
            (0.012_345_678, "0.0123457"),
            (99.999_999_9, "100.0"),
            (1_234_567.0, "1234567"),
            (f64::NAN, "0.0"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
