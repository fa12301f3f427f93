//! Content negotiation: the weights of `Accept-Encoding` and `Accept` (RFC 9110 §12).
//!
//! Never fails: an element that does not parse is skipped, as if it had not been sent. Parameters
//! of media ranges other than the weight are ignored.

pub use crate::names::Coding;

use super::ascii;

/// One element of a list of preferences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'b> {
    /// A coding or a media range, as it was sent.
    pub name: &'b [u8],
    /// Its weight in thousandths; 0 means not acceptable.
    pub weight: u16,
}

/// The greatest weight, and that of an element without one.
pub const WEIGHT_MAX: u16 = 1000;

/// Iterates over the elements of a list, in their order.
pub fn elements(list: &[u8]) -> impl Iterator<Item = Element<'_>> {
    split(list, b',').filter_map(element)
}

fn element(raw: &[u8]) -> Option<Element<'_>> {
    let mut parts = split(raw, b';').map(ascii::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.find_map(|parameter| {
        let value = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
        Some(weight(value))
    });
    let weight = weight.unwrap_or(Some(WEIGHT_MAX))?;
    Some(Element { name, weight })
}

/// Parses `0` to `1` with up to three decimals, in thousandths.
pub(super) fn weight(value: &[u8]) -> Option<u16> {
    let (whole, decimals) = match value {
        [whole] => (whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let digit = |index: usize| match decimals.get(index) {
        None => Some(0),
        Some(b) => b.is_ascii_digit().then(|| u16::from(b - b'0')),
    };
    let thousandths = digit(0)? * 100 + digit(1)? * 10 + digit(2)?;
    match whole {
        b'0' => Some(thousandths),
        b'1' if thousandths == 0 => Some(WEIGHT_MAX),
        _ => None,
    }
}

/// Splits at `separator`, except inside a quoted string; an unclosed string reaches to the end.
pub(super) fn split(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |&byte| {
        let was_escaped = std::mem::replace(&mut escaped, false);
        match byte {
            b'"' if !was_escaped => quoted = !quoted,
            b'\\' if quoted && !was_escaped => escaped = true,
            _ => {}
        }
        byte == separator && !quoted
    })
}

/// Chooses one of the available codings from the values of all `Accept-Encoding` fields.
///
/// The greatest weight wins, then the earlier place in `available`. A client that sends no field
/// gets no coding; one that does not mention identity accepts it as a last resort, unless `*;q=0`
/// rules it out. Returns `None` if no available coding is acceptable.
///
/// ```
/// use pentad::wire::accept::{Coding, coding};
///
/// let field = [&b"gzip;q=0.5, br"[..]].into_iter();
/// assert_eq!(coding(field, &Coding::ALL), Some(Coding::Br));
/// ```
pub fn coding<'b>(values: impl Iterator<Item = &'b [u8]>, available: &[Coding]) -> Option<Coding> {
    let (mut sent, mut rest) = (false, None);
    let mut listed = [None; Coding::ALL.len()];
    for value in values {
        sent = true;
        for Element { name, weight } in elements(value) {
            let of = |coding: Coding| coding.is_called(name);
            match Coding::ALL.into_iter().position(of) {
                Some(index) => listed[index] = listed[index].or(Some(weight)),
                None if name == b"*" => rest = rest.or(Some(weight)),
                None => {}
            }
        }
    }
    // One more than the weight: the rank below the smallest weight is for a coding that is merely
    // not ruled out.
    let rank = |coding: Coding| match (listed[coding as usize].or(rest), coding) {
        (Some(0), _) => 0,
        (Some(weight), _) => weight + 1,
        (None, Coding::Identity) => 1,
        (None, Coding::Br | Coding::Zstd | Coding::Gzip) => 0,
    };
    if !sent && available.contains(&Coding::Identity) {
        return Some(Coding::Identity);
    }
    let mut best = (0, None);
    for &coding in available {
        let rank = if sent { rank(coding) } else { 1 };
        if rank > best.0 {
            best = (rank, Some(coding));
        }
    }
    best.1
}

/// A client's preference for a media type: the weight of the range that fits it best, then how well
/// it fits. A type matched by name is preferred to one that a wildcard matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// In thousandths; 0 means not acceptable.
    pub weight: u16,
    /// 3 if matched by name, 2 by `type/*`, 1 by `*/*`, 0 if not matched.
    pub closeness: u8,
}

/// Returns the preference for `media` given the values of all `Accept` fields. Without any field,
/// all types are equally acceptable.
pub fn wanted<'b>(values: impl Iterator<Item = &'b [u8]>, media: &str) -> Wanted {
    let mut best = Wanted { weight: 0, closeness: 0 };
    for Element { name, weight } in values.flat_map(elements) {
        let closeness = closeness(name, media.as_bytes());
        if closeness > best.closeness {
            best = Wanted { weight, closeness };
        }
    }
    best
}

fn closeness(range: &[u8], media: &[u8]) -> u8 {
    if range.eq_ignore_ascii_case(media) {
        return 3;
    }
    match range.strip_suffix(b"*") {
        Some(b"*/") => 1,
        Some(kind) if kind.ends_with(b"/") => {
            let same = media.get(..kind.len()).is_some_and(|own| own.eq_ignore_ascii_case(kind));
            if same { 2 } else { 0 }
        }
        Some(_) | None => 0,
    }
}

/// Returns true if a client prefers JSON to HTML. No field, or wildcards alone, mean HTML.
pub fn prefers_json<'b>(values: &(impl Iterator<Item = &'b [u8]> + Clone)) -> bool {
    let wanted = |media| wanted(values.clone(), media);
    let json = wanted("application/json").max(wanted("application/problem+json"));
    json.weight > 0 && json > wanted("text/html")
}

#[cfg(test)]
mod tests;
