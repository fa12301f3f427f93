//! Verdicts about the values of fields: all of the input is the value, so there is never more.

use super::Verdict;
use crate::limits::Limits;
use crate::wire::range::Spec;
use crate::wire::{accept as wire_accept, conditional, cookie as wire_cookie, range as wire_range};
use serde_json::{Value, json};

pub(super) fn range(input: &[u8], _limits: &Limits) -> Verdict {
    match wire_range::set(input) {
        Ok(set) => Verdict::Done(set.specs().map(spec).collect(), input.len()),
        Err(bad) => bad.into(),
    }
}

fn spec(spec: Spec) -> Value {
    match spec {
        Spec::FromTo(first, last) => json!({ "first": first, "last": last }),
        Spec::From(first) => json!({ "first": first }),
        Spec::Last(count) => json!({ "count": count }),
    }
}

pub(super) fn etags(input: &[u8], _limits: &Limits) -> Verdict {
    let mut tags = Vec::new();
    for tag in conditional::tags(input) {
        match tag {
            Ok(tag) => tags.push(json!({ "weak": tag.weak, "opaque": text(tag.opaque) })),
            Err(bad) => return bad.into(),
        }
    }
    Verdict::Done(tags.into(), input.len())
}

pub(super) fn accept(input: &[u8], _limits: &Limits) -> Verdict {
    let weight = |weight| f64::from(weight) / f64::from(wire_accept::WEIGHT_MAX);
    let elements = wire_accept::elements(input).map(|e| json!([text(e.name), weight(e.weight)]));
    Verdict::Done(elements.collect(), input.len())
}

pub(super) fn cookie(input: &[u8], _limits: &Limits) -> Verdict {
    let pairs = wire_cookie::pairs(std::iter::once(input));
    Verdict::Done(
        pairs.map(|(name, value)| json!([text(name), text(value)])).collect(),
        input.len(),
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
