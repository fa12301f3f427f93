//! The stored reports as JSON: one object with the main figures for each.

use super::Report;
use serde_json::json;

/// Returns an array, the oldest report first.
pub fn listing_as_json(reports: &[Report]) -> String {
    let entries = reports.iter().map(|report| {
        let text = |path: &[&str]| json!(report.text(path));
        let number = |path: &[&str]| json!(report.number(path));
        let members = [
            ("id", json!(report.id)),
            ("label", text(&["label"])),
            ("time", text(&["time"])),
            ("url", text(&["arguments", "url"])),
            ("cache", text(&["cache", "state"])),
            ("mode", report.document["result"]["mode"].clone()),
            ("requests", number(&["requests"])),
            ("ok", number(&["ok"])),
            ("errors", json!(report.errors())),
            ("elapsed_s", number(&["elapsed_s"])),
            ("rps", number(&["rps"])),
            ("p50_ms", number(&["latency_ms", "p50"])),
            ("p99_ms", number(&["latency_ms", "p99"])),
        ];
        let members = members.map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", members.join(","))
    });
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}
