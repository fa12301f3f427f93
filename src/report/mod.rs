//! Reports of load tests: from results as JSON to a page, a table, and a list of differences.
//!
//! Pure: documents in, text out. A document with missing values is shown with gaps, never refused:
//! reports outlive the version that wrote them.

mod change;
mod html;
mod listing;
mod markdown;
mod picture;

pub use change::changes;
pub use html::{listing, page};
pub use listing::listing_as_json;
pub use markdown::table;
pub use picture::overview;

use serde_json::Value;

/// A stored report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name: the stem of its file.
    pub id: String,
    /// The whole document.
    pub document: Value,
}

/// Histogram buckets per decade of milliseconds, in every report.
pub const BUCKETS_PER_DECADE: f64 = 10.0;

/// Maximum bytes of an id.
const ID_MAX: usize = 100;

/// Returns true for a valid name of a report: it becomes part of a path.
pub fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=ID_MAX).contains(&text.len()) && !text.starts_with('.') && text.chars().all(fits)
}

impl Report {
    /// Returns a number of the result, by its path of member names.
    pub(crate) fn number(&self, path: &[&str]) -> Option<f64> {
        let result = &self.document["result"];
        path.iter().try_fold(result, |value, name| value.get(name))?.as_f64()
    }

    /// Returns a text outside the result, by its path of member names.
    pub(crate) fn text(&self, path: &[&str]) -> &str {
        let found = path.iter().try_fold(&self.document, |value, name| value.get(name));
        found.and_then(Value::as_str).unwrap_or("–")
    }

    /// Returns its name in a comparison: the label, and the time if labels repeat.
    pub(crate) fn name(&self, among: &[Report]) -> String {
        let label = self.text(&["label"]);
        let same = among.iter().filter(|other| other.text(&["label"]) == label).count();
        match (same > 1, self.text(&["time"]).get(11..19)) {
            (true, Some(time)) => format!("{label} {time}"),
            (true, None) | (false, _) => label.to_owned(),
        }
    }

    /// Returns points of the series: the time, and the number of this name.
    pub(crate) fn series(&self, name: &str) -> Vec<(f64, f64)> {
        let points = self.document["result"]["series"].as_array();
        let point = |point: &Value| Some((point["t_s"].as_f64()?, point[name].as_f64()?));
        points.into_iter().flatten().filter_map(point).collect()
    }

    /// Returns the upper edges in milliseconds, and the share of all answers below each and above
    /// the last.
    pub(crate) fn histogram(&self) -> Vec<(f64, f64)> {
        let buckets = self.document["result"]["histogram"].as_array();
        let bucket = |b: &Value| Some((b["le_ms"].as_f64()?, b["count"].as_f64()?));
        let all = buckets.into_iter().flatten().filter_map(bucket).collect::<Vec<_>>();
        let sum = all.iter().map(|(_, count)| count).sum::<f64>().max(1.0);
        all.iter().map(|(edge, count)| (*edge, count / sum)).collect()
    }

    /// Returns the sum of all errors.
    pub(crate) fn errors(&self) -> f64 {
        let errors = self.document["result"]["errors"].as_object();
        errors.into_iter().flat_map(|errors| errors.values()).filter_map(Value::as_f64).sum()
    }
}

/// A figure that tables show.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    /// Its unit; empty for a count.
    pub(crate) unit: &'static str,
    pub(crate) path: &'static [&'static str],
    /// True if more is better, false if less is; `None` if it is neither.
    pub(crate) more_is_better: Option<bool>,
}

/// The figures of tables, in their order.
pub(crate) const FIGURES: [Figure; 11] = [
    figure("requests/s", "/s", &["rps"], Some(true)),
    figure("requests", "", &["requests"], None),
    figure("ok", "", &["ok"], None),
    figure("under way", "", &["under_way"], None),
    figure("mean", "ms", &["latency_ms", "mean"], Some(false)),
    figure("p50", "ms", &["latency_ms", "p50"], Some(false)),
    figure("p90", "ms", &["latency_ms", "p90"], Some(false)),
    figure("p99", "ms", &["latency_ms", "p99"], Some(false)),
    figure("p99.9", "ms", &["latency_ms", "p99_9"], Some(false)),
    figure("max", "ms", &["latency_ms", "max"], Some(false)),
    figure("bytes in", "", &["bytes_in"], None),
];

impl Figure {
    /// Formats the figure of this report.
    pub(crate) fn of(&self, report: &Report) -> String {
        let value = report.number(self.path);
        if self.unit.is_empty() { counted(value) } else { shown(value) }
    }
}

const fn figure(
    name: &'static str,
    unit: &'static str,
    path: &'static [&'static str],
    more_is_better: Option<bool>,
) -> Figure {
    Figure { name, unit, path, more_is_better }
}

/// Formats a number with three significant digits, or all before the point, in groups of three.
pub(crate) fn shown(value: Option<f64>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let places = match value.abs() {
        0.0 => 0,
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        value if value >= 0.9995 => 2,
        _ => 3,
    };
    grouped(&format!("{value:.places$}"))
}

/// Formats a count.
pub(crate) fn counted(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| grouped(&format!("{value:.0}")))
}

/// Groups the digits before the point by three.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && digit.is_ascii_digit() && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

#[cfg(test)]
mod tests;
