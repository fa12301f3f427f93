//! The choice of a format for `/metrics`: the text that scrapers read, or JSON.
//!
//! A scraper names its format with a version: `text/plain;version=0.0.4`, or OpenMetrics, whose
//! parsers read the older text too. `text/plain` alone, and wildcards, are in the lists of all
//! kinds of clients and mean nothing. Never fails: an element that does not parse is ignored.

use super::accept::{WEIGHT_MAX, split, weight};
use super::ascii;

/// Returns true if the text is preferred, given the values of all `Accept` fields: its format is
/// named, with a weight not less than that of JSON by name.
pub fn prefers_text<'b>(values: impl Iterator<Item = &'b [u8]>) -> bool {
    let (mut text, mut json) = (0, 0);
    for (format, weight) in values.flat_map(|value| split(value, b',')).filter_map(element) {
        match format {
            Format::Text => text = weight.max(text),
            Format::Json => json = weight.max(json),
        }
    }
    text > 0 && text >= json
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

/// Parses a format that matters here, and its weight in thousandths.
fn element(raw: &[u8]) -> Option<(Format, u16)> {
    let mut parts = split(raw, b';').map(ascii::trim);
    let name = parts.next()?;
    let (mut version, mut wanted) = (false, None);
    for parameter in parts {
        let Some(equals) = parameter.iter().position(|b| *b == b'=') else { continue };
        let (name, value) = (&parameter[..equals], &parameter[equals + 1..]);
        version |= name.eq_ignore_ascii_case(b"version");
        if name.eq_ignore_ascii_case(b"q") && wanted.is_none() {
            wanted = Some(weight(value)?);
        }
    }
    let wanted = wanted.unwrap_or(WEIGHT_MAX);
    let is = |media: &[u8]| name.eq_ignore_ascii_case(media);
    if is(b"application/json") {
        Some((Format::Json, wanted))
    } else if is(b"application/openmetrics-text") || is(b"text/plain") && version {
        Some((Format::Text, wanted))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::prefers_text;

    #[test]
    fn scrapers_get_text_and_all_others_json() {
        for (accept, text) in [
            // Prometheus 2 and 3, and its old text parser.
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.1",
                true,
            ),
            ("text/plain; version=0.0.4", true),
            ("Text/Plain; Charset=utf-8; Version=\"0.0.4\"", true),
            ("application/openmetrics-text", true),
            ("application/json;q=0.5, text/plain;version=0.0.4", true),
            ("application/json, text/plain;version=0.0.4", true),
            // curl, browsers, fetch, client libraries.
            ("*/*", false),
            ("", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("application/json, text/plain, */*", false),
            ("text/plain", false),
            ("text/*;version=0.0.4", false),
            ("application/json, text/plain;version=0.0.4;q=0.9", false),
            ("text/plain;version=0.0.4;q=0", false),
            ("text/plain;version=0.0.4;q=2", false),
            ("text/plain;x=\",\";y=\"text/plain;version=1\"", false),
            ("text/plain;version", false),
        ] {
            assert_eq!(prefers_text([accept.as_bytes()].into_iter()), text, "{accept}");
        }
        let two = [&b"application/json;q=0.1"[..], b"text/plain;version=1"];
        assert!(prefers_text(two.into_iter()), "several fields are one list");
    }
}
