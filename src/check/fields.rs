//! The laws of field values: ranges, preconditions, preferences, cookies.

use super::{INPUT_MAX, oracles};
use crate::wire::accept::{self, Coding};
use crate::wire::conditional::{Conditions, Part, Tag, Validators, Verdict};
use crate::wire::http::{Field, Method};
use crate::wire::metrics_accept::prefers_text;
use crate::wire::range::{self as wire_range, Selection, Span, Spec};
use crate::wire::{conditional as wire_conditional, cookie as wire_cookie};

/// Lengths of representations that ranges are applied to.
const LENGTHS: [u64; 7] = [0, 1, 2, 10, 1000, u64::MAX - 1, u64::MAX];

/// Ranges: valid as the oracle says, resolved as it says, within the representation, and the same
/// after being printed and parsed again.
pub fn range(input: &[u8]) {
    let set = wire_range::set(input);
    for length in LENGTHS {
        let oracle = std::str::from_utf8(input).ok().and_then(|text| oracles::range(text, length));
        assert_eq!(set.is_ok(), oracle.is_some());
        let (Ok(set), Some(spans)) = (set, oracle) else { continue };
        let satisfied = spans.iter().flatten().count();
        match set.of(length) {
            Selection::One(Span { first, last }) => {
                assert!(first <= last && last < length);
                assert_eq!(spans, [Some((first, last))]);
            }
            Selection::Several => assert!(spans.len() > 1 && (satisfied > 0 || length == 0)),
            Selection::Nothing => assert!(spans.len() == 1 && length == 0),
            Selection::Unsatisfiable => assert_eq!(satisfied, 0),
        }
    }
    let Ok(set) = set else { return };
    let write = |spec| match spec {
        Spec::FromTo(first, last) => format!("{first}-{last}"),
        Spec::From(first) => format!("{first}-"),
        Spec::Last(count) => format!("-{count}"),
    };
    let written = set.specs().map(write).collect::<Vec<_>>().join(" ,, ");
    let written = format!("Bytes={written}");
    let again = wire_range::set(written.as_bytes()).expect("it was valid before");
    assert!(again.specs().eq(set.specs()));
}

/// Preconditions: the input is a method, a tag, a date and fields, each on a line. The result is
/// the oracle's, for any order of the fields and any case of their names.
pub fn conditional(input: &[u8]) {
    let mut lines = input[..input.len().min(INPUT_MAX)].split(|b| *b == b'\n');
    let method = match lines.next() {
        Some(b"HEAD") => Method::Head,
        Some(b"PUT") => Method::Put,
        Some(_) | None => Method::Get,
    };
    let etag = lines.next().filter(|tag| !tag.is_empty());
    let modified = lines.next().and_then(wire_conditional::date);
    let mut fields = Vec::new();
    for line in lines {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let Ok(name) = std::str::from_utf8(&line[..colon]) else { continue };
        fields.push((name, line[colon + 1..].trim_ascii()));
    }
    let current = Validators { etag: etag.map(Tag::strong), modified };
    let case = oracles::Case {
        method: method.name(),
        etag,
        modified: modified.map(Into::into),
        fields: fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), *value)).collect(),
    };
    let shouted: Vec<_> = fields.iter().map(|(name, _)| name.to_ascii_uppercase()).collect();
    let as_sent = fields.iter().map(|&(name, value)| Field { name, value }).collect::<Vec<_>>();
    let backwards = shouted.iter().zip(&fields).rev();
    let backwards = backwards.map(|(name, &(_, value))| Field { name, value }).collect::<Vec<_>>();
    for fields in [as_sent, backwards] {
        let conditions = Conditions::of(&fields);
        let status = match conditions.evaluate(method, &current) {
            Verdict::Proceed => None,
            Verdict::NotModified => Some(304),
            Verdict::PreconditionFailed => Some(412),
        };
        assert_eq!(status, case.status());
        assert!(!conditions.is_empty() || status.is_none());
        for length in LENGTHS {
            part(&conditions, method, &current, &case, length);
        }
    }
}

fn part(
    conditions: &Conditions<'_, '_>,
    method: Method,
    current: &Validators<'_>,
    case: &oracles::Case<'_>,
    length: u64,
) {
    let value = case.fields.iter().find(|(name, _)| name == "range").map(|(_, value)| *value);
    let asked = value.and_then(|value| wire_range::set(value).ok()).map(|set| set.of(length));
    let expected = match asked.filter(|_| case.range_counts()) {
        Some(Selection::One(span)) => Part::Span(span),
        Some(Selection::Unsatisfiable) => Part::Unsatisfiable,
        Some(Selection::Several | Selection::Nothing) | None => Part::Whole,
    };
    assert_eq!(conditions.part(method, current, length), expected);
}

/// Preferences: each line is a field. Elements, the choice among any of the codings, and that
/// between JSON and HTML are the oracle's; the winner was acceptable, and loses once it is refused.
pub fn accept_encoding(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(&input[..input.len().min(INPUT_MAX)]) else {
        return;
    };
    let sent: Vec<_> = text.split('\n').collect();
    for values in [&sent[..], &[]] {
        let bytes = values.iter().map(|value| value.as_bytes());
        let oracle = oracles::preferences(values);
        let elements = bytes.clone().flat_map(accept::elements);
        let elements = elements.map(|e| {
            let name = String::from_utf8_lossy(e.name).to_ascii_lowercase();
            (name, f64::from(e.weight) / 1000.0)
        });
        assert_eq!(elements.collect::<Vec<_>>(), oracle);
        assert_eq!(accept::prefers_json(&bytes), oracles::prefers_json(values));
        for subset in 0..1 << Coding::ALL.len() {
            let is_in = |coding: &Coding| subset >> *coding as usize & 1 == 1;
            let available: Vec<_> = Coding::ALL.into_iter().filter(is_in).collect();
            let names: Vec<_> = available.iter().map(|coding| coding.token()).collect();
            let chosen = accept::coding(bytes.clone(), &available);
            assert_eq!(chosen.map(Coding::token), oracles::coding(values, &names));
            let Some(chosen) = chosen else { continue };
            let refusal = format!("{};q=0", chosen.token());
            let refused = [refusal.as_str()].into_iter().chain(values.iter().copied());
            assert_ne!(accept::coding(refused.map(str::as_bytes), &available), Some(chosen));
        }
    }
}

/// Cookies: each line is a field. The pairs are the oracle's, the first of a name is found, and
/// nothing is lost when they are printed and parsed again.
pub fn cookie(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(&input[..input.len().min(INPUT_MAX)]) else {
        return;
    };
    let lines: Vec<_> = text.split('\n').collect();
    let values = || lines.iter().map(|line| line.as_bytes());
    let pairs: Vec<_> = wire_cookie::pairs(values()).collect();
    let oracle = oracles::cookies(&lines);
    assert!(pairs.iter().copied().eq(oracle.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()))));
    for (name, _) in &oracle {
        let first = oracle.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_bytes());
        assert_eq!(wire_cookie::find(values(), name), first);
    }
    let written: Vec<_> = oracle.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let written = written.join("; ");
    assert!(wire_cookie::pairs(std::iter::once(written.as_bytes())).eq(pairs));
}

/// Formats of metrics: each line is a field. The format is the oracle's, in any case and with any
/// other accepted types; JSON by name never selects text.
pub fn metrics_accept(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(&input[..input.len().min(INPUT_MAX)]) else {
        return;
    };
    let lines: Vec<_> = text.split('\n').collect();
    let values = || lines.iter().map(|line| line.as_bytes());
    let prefers = prefers_text(values());
    assert_eq!(prefers, oracles::prefers_metrics_text(&lines));
    let shouted: Vec<_> = lines.iter().map(|line| line.to_ascii_uppercase()).collect();
    assert_eq!(prefers, prefers_text(shouted.iter().map(String::as_bytes)));
    let others = [&b"text/html"[..], b"*/*;q=0.1", b"text/plain"];
    assert_eq!(prefers, prefers_text(values().chain(others)));
    assert!(prefers || !prefers_text(values().chain([&b"application/json"[..]])));
}
