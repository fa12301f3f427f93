//! The laws of targets, paths, queries and JSON members.

use super::naive;
use crate::wire::json::{self as wire_json, FieldError, Need};
use crate::wire::target::{self as wire_target, Target};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use serde_json::Value;

/// The bytes that must be escaped in a decoded path.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS.add(b'%').add(b'\\').add(b'?').add(b'#').add(b' ');

/// Targets: the parts are those that were sent, a path decodes as its oracle says and encodes back,
/// and the pairs of a query survive printing and parsing.
pub fn target(input: &[u8]) {
    let Ok(raw) = std::str::from_utf8(input) else {
        return;
    };
    assert_eq!(wire_target::is_host(input), naive::host(raw));
    if let Ok(target) = Target::parse(raw) {
        parts_are_what_was_sent(raw, target);
    }
    path(raw);
    query(raw);
}

fn parts_are_what_was_sent(raw: &str, target: Target<'_>) {
    assert!(raw.bytes().all(|b| b.is_ascii_graphic() && !b"\"#<>".contains(&b)));
    let query = target.query().map(|q| format!("?{q}")).unwrap_or_default();
    let path = target.path();
    match target {
        Target::Origin { .. } => assert_eq!(raw, format!("{path}{query}")),
        Target::Absolute { authority, .. } => {
            assert!(naive::host(authority) && path.starts_with('/'));
            let sent = [format!("://{authority}{path}{query}"), format!("://{authority}{query}")];
            assert!(sent.iter().any(|s| raw.ends_with(s)));
        }
        Target::Authority(authority) => assert!(raw == authority && naive::host(authority)),
        Target::Asterisk => assert_eq!(raw, "*"),
    }
}

fn path(raw: &str) {
    let decoded = wire_target::decode_path(raw).ok();
    assert_eq!(decoded.as_deref(), naive::decode_path(raw).as_deref());
    let Some(decoded) = decoded else { return };
    let slashes = |bytes: &[u8]| bytes.iter().filter(|&&b| b == b'/').count();
    assert_eq!(slashes(&decoded), slashes(raw.as_bytes()));
    if !decoded.contains(&0) && !decoded.contains(&b'\\') {
        let encoded = percent_encode(&decoded, NOT_IN_PATHS).to_string();
        assert_eq!(wire_target::decode_path(&encoded).ok().as_deref(), Some(&*decoded));
    }
}

fn query(raw: &str) {
    let pairs: Vec<_> = wire_target::pairs(raw).collect();
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let written: Vec<_> =
        pairs.iter().map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
    let written = written.join("&");
    assert_eq!(wire_target::pairs(&written).collect::<Vec<_>>(), pairs);
    for (name, _) in &pairs {
        let first = pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        assert_eq!(wire_target::pair(raw, name), first);
    }
}

/// JSON: any bytes get a result, and the getters agree with the document after printing and
/// parsing.
pub fn json(input: &[u8]) {
    let Ok(value) = wire_json::parse(input) else {
        return;
    };
    let range = 1..=1_000_000;
    for name in ["n", "protocol", "simulations"] {
        let text = value.get(name).unwrap_or(&Value::Null).to_string();
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|n| plain && range.contains(n));
        let expected = expect(&text, name, number);
        assert_eq!(wire_json::integer(&value, name, range.clone(), Need::Required), expected);
        let expected = if text == "null" { Ok(7) } else { expected };
        assert_eq!(wire_json::integer(&value, name, range.clone(), Need::Default(7)), expected);

        let word = ["tcp", "udp"].into_iter().find(|w| text == format!("\"{w}\""));
        let found = wire_json::choice(&value, name, &["tcp", "udp"], Need::Required);
        assert_eq!(found, expect(&text, name, word));
    }
}

fn expect<T>(text: &str, name: &'static str, value: Option<T>) -> Result<T, FieldError> {
    if text == "null" {
        return Err(FieldError::Missing(name));
    }
    value.ok_or(FieldError::Invalid(name))
}
