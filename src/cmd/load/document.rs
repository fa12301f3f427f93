//! The report of a run: its result, with the arguments and the environment.

use super::options::Options;
use super::result::{cache, object, result};
use crate::client::load::{Run, Trouble};
use crate::report::Report;
use serde_json::{Value, json};
use std::num::NonZero;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A run as a document.
#[derive(Debug)]
pub(super) struct Document {
    id: String,
    about: Vec<(&'static str, String)>,
    result: String,
    value: Value,
}

impl Document {
    pub(super) fn new(
        options: &Options,
        run: &Run,
        elapsed: Duration,
        began: SystemTime,
    ) -> Document {
        let time = timestamp(began);
        let compact = time.replace(['-', ':', '.'], "");
        let id = options.id.clone().unwrap_or_else(|| format!("{compact}-{}", options.label));
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let version = concat!("pentad ", env!("CARGO_PKG_VERSION"));
        let environment = [
            ("version", json!(version).to_string()),
            ("os", json!(std::env::consts::OS).to_string()),
            ("arch", json!(std::env::consts::ARCH).to_string()),
            ("cores", cores.to_string()),
        ];
        let about = vec![
            ("id", json!(id).to_string()),
            ("label", json!(options.label).to_string()),
            ("time", json!(time).to_string()),
            ("arguments", arguments(options)),
            ("environment", object(environment)),
            ("cache", cache(run).to_string()),
        ];
        let result = result(run, elapsed, options.mode());
        let value = serde_json::from_str(&result).expect("it was written as JSON");
        Document { id, about, result, value }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The result alone, taken apart.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The result, with what it is about behind it.
    pub(super) fn result(&self) -> String {
        let about = self.about.iter().map(|(name, value)| format!(",\"{name}\":{value}"));
        format!("{}{}}}", &self.result[..self.result.len() - 1], about.collect::<String>())
    }

    /// The whole of it, as it is kept.
    pub(super) fn file(&self) -> String {
        let about = self.about.iter().map(|(name, value)| (*name, value.clone()));
        object(about.chain([("result", self.result.clone())])) + "\n"
    }

    pub(super) fn report(&self) -> Report {
        let document = serde_json::from_str(&self.file()).expect("it was written as JSON");
        Report { id: self.id.clone(), document }
    }
}

fn arguments(options: &Options) -> String {
    object([
        ("url", json!(options.url.text).to_string()),
        ("target", json!(options.url.target).to_string()),
        ("method", json!(options.method).to_string()),
        ("connections", options.connections.to_string()),
        ("pipeline", options.pipeline.to_string()),
        ("keep_alive", options.keep_alive.to_string()),
        ("requests", json!(options.requests).to_string()),
        ("duration_s", json!(options.duration.as_secs_f64()).to_string()),
        ("warmup_s", json!(options.warmup.as_secs_f64()).to_string()),
        ("timeout_s", json!(options.timeout.as_secs_f64()).to_string()),
        ("rate", json!(options.rate).to_string()),
        ("cookies", options.cookies.to_string()),
        ("body_bytes", options.body.as_ref().map_or(0, Vec::len).to_string()),
    ])
}

/// The errors that there were, by name.
pub(super) fn counts(run: &Run) -> String {
    let errors = Trouble::ALL.map(|kind| (kind.name(), run.tally.errors[kind as usize]));
    let errors = errors.into_iter().filter(|(_, count)| *count > 0);
    errors.map(|(name, count)| format!("{name}: {count}")).collect::<Vec<_>>().join(", ")
}

/// The same with their reasons: those of status by their code, and those that were no HTTP
/// with the rule that they broke.
pub(super) fn errors(run: &Run) -> String {
    let tally = &run.tally;
    let mut all = Vec::new();
    for kind in Trouble::ALL {
        let count = tally.errors[kind as usize];
        let why = match kind {
            _ if count == 0 => continue,
            Trouble::Connect | Trouble::Timeout | Trouble::Reset => String::new(),
            Trouble::Parse => misread(run).join(", "),
            Trouble::Status => {
                let bad = tally.statuses().filter(|(status, _)| *status >= 400);
                bad.map(|(status, _)| status.to_string()).collect::<Vec<_>>().join(", ")
            }
        };
        let why = if why.is_empty() { why } else { format!(" ({why})") };
        all.push(format!("{}: {count}{why}", kind.name()));
    }
    if tally.under_way > 0 {
        all.push(format!("under way: {}", tally.under_way));
    }
    if all.is_empty() { "no requests".to_owned() } else { all.join(", ") }
}

/// Why answers could not be read: the name of the rule, where it stands, and what it says.
pub(super) fn misread(run: &Run) -> Vec<String> {
    let all = run.tally.misread.iter();
    all.map(|(why, _)| format!("{}, {}: {}", why.name(), why.source(), why.text())).collect()
}

/// `2026-11-24T13:00:00.123Z`, put together from `Tue, 24 Nov 2026 13:00:00 GMT`.
pub(super) fn timestamp(at: SystemTime) -> String {
    let date = httpdate::fmt_http_date(at);
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(&date[8..11]).unwrap_or(0) / 3 + 1;
    let ms = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_millis());
    let (day, year, time) = (&date[5..7], &date[12..16], &date[17..25]);
    format!("{year}-{month:02}-{day}T{time}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_as_text() {
        let at = UNIX_EPOCH + Duration::from_millis(784_111_777_045);
        assert_eq!(timestamp(at), "1994-11-06T08:49:37.045Z");
    }
}
