//! Conditional requests: entity tags, dates, and the evaluation of preconditions (RFC 9110 §8.8,
//! §13).
//!
//! Pure: the caller passes the validators of the selected representation, which must exist. A
//! condition that does not parse is never true by accident: a list with a malformed entity tag
//! matches nothing, a malformed date is ignored (RFC 9110 §13.1.3).
//!
//! ```text
//!   If-Match ──false──▶ 412      (if it is not there: If-Unmodified-Since)
//!      │ true
//!   If-None-Match ──false──▶ 304 for GET and HEAD, else 412
//!      │ true                    (if it is not there: If-Modified-Since)
//!   Range and If-Range ──▶ a part, the whole, or nothing that could be sent
//! ```

use super::ascii;
use super::http::{Field, Method};
use super::range::{self, Selection, Span};
use super::reason::reasons;
use std::time::{SystemTime, UNIX_EPOCH};

/// The values that distinguish one state of a representation from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validators<'a> {
    /// Its entity tag.
    pub etag: Option<Tag<'a>>,
    /// The time of the last modification. Only whole seconds count, as `Last-Modified` has no
    /// others.
    pub modified: Option<SystemTime>,
}

/// An entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    /// True if the tag only promises that two states serve the same purpose.
    pub weak: bool,
    /// The bytes between the quotes.
    pub opaque: &'a [u8],
}

/// The two ways to compare tags (RFC 9110 §8.8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Both promise that every byte is the same.
    Strong,
    /// Either will do for the same purpose.
    Weak,
}

/// The result of the preconditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All hold, or there are none.
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
}

/// The part of a representation to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// 206, with these bytes.
    Span(Span),
    /// 416.
    Unsatisfiable,
}

reasons! {
    /// The reason why a list of entity tags was refused.
    pub enum Bad {
        Quote = 400, "etag-quote", "RFC 9110 §8.8.3",
            "An entity tag does not begin and end with a quotation mark.";
        Byte = 400, "etag-byte", "RFC 9110 §8.8.3",
            "An entity tag holds a byte that is not allowed in one.";
        Separator = 400, "etag-separator", "RFC 9110 §5.6.1",
            "An entity tag is followed by something other than a comma.";
    }
}

/// The conditional fields of a request, and `Range`.
///
/// One pass over the fields records which are present. Most requests have none, and pay no more.
#[derive(Debug, Clone, Copy)]
pub struct Conditions<'h, 'b> {
    fields: &'h [Field<'b>],
    seen: u8,
}

/// A bit for each of [`NAMES`], in their order.
const IF_MATCH: u8 = 1;
const IF_NONE_MATCH: u8 = 1 << 1;
const IF_MODIFIED_SINCE: u8 = 1 << 2;
const IF_UNMODIFIED_SINCE: u8 = 1 << 3;
const IF_RANGE: u8 = 1 << 4;
const RANGE: u8 = 1 << 5;

const NAMES: [&str; 6] =
    ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"];

/// Returns the bit of a name, or 0. Most fields differ from all of the names in length alone.
#[inline]
fn bit(name: &str) -> u8 {
    let known = |bit: u8| {
        let expected = NAMES[bit.trailing_zeros() as usize];
        if name.eq_ignore_ascii_case(expected) { bit } else { 0 }
    };
    match name.len() {
        5 => known(RANGE),
        8 => known(IF_MATCH) | known(IF_RANGE),
        13 => known(IF_NONE_MATCH),
        17 => known(IF_MODIFIED_SINCE),
        19 => known(IF_UNMODIFIED_SINCE),
        _ => 0,
    }
}

impl<'h, 'b> Conditions<'h, 'b> {
    /// Collects the conditional fields of a request.
    pub fn of(fields: &'h [Field<'b>]) -> Conditions<'h, 'b> {
        let seen = fields.iter().fold(0, |seen, field| seen | bit(field.name));
        Conditions { fields, seen }
    }

    /// Returns true if there are none, so that every result is to proceed with the whole.
    pub fn is_empty(&self) -> bool {
        self.seen == 0
    }

    /// Evaluates steps 1 to 4 of RFC 9110 §13.2.2, for a representation that exists.
    pub fn evaluate(&self, method: Method, current: &Validators<'_>) -> Verdict {
        let reads = matches!(method, Method::Get | Method::Head);
        if self.has(IF_MATCH) {
            if !self.names(IF_MATCH, current.etag, Comparison::Strong) {
                return Verdict::PreconditionFailed;
            }
        } else if self.since(IF_UNMODIFIED_SINCE, current) == Some(true) {
            return Verdict::PreconditionFailed;
        }
        if self.has(IF_NONE_MATCH) {
            match self.names(IF_NONE_MATCH, current.etag, Comparison::Weak) {
                true if reads => Verdict::NotModified,
                true => Verdict::PreconditionFailed,
                false => Verdict::Proceed,
            }
        } else if reads && self.since(IF_MODIFIED_SINCE, current) == Some(false) {
            Verdict::NotModified
        } else {
            Verdict::Proceed
        }
    }

    /// Evaluates step 5: the part of a representation of `length` bytes that `Range` and `If-Range`
    /// select. Only GET defines ranges (RFC 9110 §14.2); a request for several gets the whole.
    pub fn part(&self, method: Method, current: &Validators<'_>, length: u64) -> Part {
        if method != Method::Get || self.has(IF_RANGE) && !self.range_counts(current) {
            return Part::Whole;
        }
        match self.only(RANGE).and_then(|value| range::set(value).ok()).map(|set| set.of(length)) {
            Some(Selection::One(span)) => Part::Span(span),
            Some(Selection::Unsatisfiable) => Part::Unsatisfiable,
            Some(Selection::Several | Selection::Nothing) | None => Part::Whole,
        }
    }

    /// Returns true if `If-Range` names the current state: by a strong tag, or by its exact date.
    fn range_counts(&self, current: &Validators<'_>) -> bool {
        let Some(value) = self.only(IF_RANGE) else {
            return false;
        };
        let mut tags = Tags(value);
        match (tags.next(), tags.next()) {
            (Some(Ok(tag)), None) => {
                current.etag.is_some_and(|own| own.is_same(tag, Comparison::Strong))
            }
            (Some(_) | None, _) => match (date(value), current.modified) {
                (Some(date), Some(modified)) => second(date) == second(modified),
                (Some(_) | None, _) => false,
            },
        }
    }

    #[inline]
    fn has(&self, bit: u8) -> bool {
        self.seen & bit != 0
    }

    fn values(&self, wanted: u8) -> impl Iterator<Item = &'b [u8]> {
        let fields = if self.has(wanted) { self.fields } else { &[] };
        fields.iter().filter(move |field| bit(field.name) == wanted).map(|field| field.value)
    }

    /// Returns the value of a field that may appear once; `None` if it is missing or repeated.
    fn only(&self, wanted: u8) -> Option<&'b [u8]> {
        let mut values = self.values(wanted);
        let first = values.next();
        if values.next().is_some() { None } else { first }
    }

    /// Returns true if the list of this field is `*` or contains a tag that matches ours.
    fn names(&self, list: u8, own: Option<Tag<'_>>, by: Comparison) -> bool {
        if self.only(list).is_some_and(|value| ascii::trim(value) == b"*") {
            return true;
        }
        let mut found = false;
        for tag in self.values(list).flat_map(Tags) {
            let Ok(tag) = tag else { return false };
            found |= own.is_some_and(|own| own.is_same(tag, by));
        }
        found
    }

    /// Returns true if the representation was modified after the date in this field, `None` if
    /// either is unknown.
    fn since(&self, field: u8, current: &Validators<'_>) -> Option<bool> {
        let date = date(self.only(field)?)?;
        Some(second(current.modified?) > second(date))
    }
}

impl<'a> Tag<'a> {
    /// Creates a strong tag.
    pub fn strong(opaque: &'a [u8]) -> Tag<'a> {
        Tag { weak: false, opaque }
    }

    /// Returns true if both name the same state, or equivalent states for a weak comparison.
    pub fn is_same(self, other: Tag<'_>, by: Comparison) -> bool {
        let promised = match by {
            Comparison::Strong => !self.weak && !other.weak,
            Comparison::Weak => true,
        };
        promised && self.opaque == other.opaque
    }
}

/// Iterates over the tags of a list; a malformed tag is the last item.
pub fn tags(list: &[u8]) -> impl Iterator<Item = Result<Tag<'_>, Bad>> {
    Tags(list)
}

struct Tags<'b>(&'b [u8]);

impl<'b> Iterator for Tags<'b> {
    type Item = Result<Tag<'b>, Bad>;

    fn next(&mut self) -> Option<Result<Tag<'b>, Bad>> {
        let separator = |b: &u8| matches!(b, b' ' | b'\t' | b',');
        let start = self.0.iter().position(|b| !separator(b))?;
        let read = tag(&self.0[start..]);
        self.0 = read.map_or(&[], |(_, rest)| rest);
        Some(read.map(|(tag, _)| tag))
    }
}

/// Parses a tag at the beginning of `input`; returns it and the rest, which is empty or begins with
/// a comma.
fn tag(input: &[u8]) -> Result<(Tag<'_>, &[u8]), Bad> {
    let (weak, quoted) = match input.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, input),
    };
    let inside = quoted.strip_prefix(b"\"").ok_or(Bad::Quote)?;
    let end = inside.iter().position(|&b| b == b'"').ok_or(Bad::Quote)?;
    let (opaque, rest) = (&inside[..end], ascii::trim(&inside[end + 1..]));
    if !opaque.iter().all(|&b| b > b' ' && b != 0x7f) {
        return Err(Bad::Byte);
    }
    if !matches!(rest.first(), None | Some(b',')) {
        return Err(Bad::Separator);
    }
    Ok((Tag { weak, opaque }, rest))
}

/// Parses an HTTP date in any of its three forms (RFC 9110 §5.6.7). A two-digit year is one between
/// 1970 and 2069.
pub fn date(value: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(value).ok()?).ok()
}

/// Returns the seconds since 1970; earlier times count as 0.
fn second(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
