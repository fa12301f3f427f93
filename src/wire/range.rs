//! The `Range` field: a selection of bytes of a representation (RFC 9110 §14).
//!
//! Preconditions are the business of `conditional`. An invalid field, or one with another unit, is
//! ignored, and the response is the whole representation.

use super::ascii;
use super::reason::reasons;

/// A valid set of byte ranges, not yet applied to a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set<'b>(&'b [u8]);

/// One range of a set. A number of more than 64 bits counts as the greatest 64-bit number: no
/// representation reaches either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spec {
    /// `first-last`, both included.
    FromTo(u64, u64),
    /// `first-`, up to the end.
    From(u64),
    /// `-count`, the last `count` bytes.
    Last(u64),
}

/// A part of a representation: two inclusive positions, the first not after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte.
    pub last: u64,
}

/// The part that a set selects from a representation of a known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// A single part.
    One(Span),
    /// More than one range, at least one of which can be satisfied.
    Several,
    /// The end of a representation without bytes. RFC 9110 §14.1.2 calls it satisfiable, but no
    /// `Content-Range` could describe the response.
    Nothing,
    /// Only bytes beyond the end.
    Unsatisfiable,
}

reasons! {
    /// The reason why a `Range` field is invalid and so has no effect. The status is for callers
    /// that prefer to refuse it, which RFC 9110 §14.2 permits.
    pub enum Bad {
        Syntax = 416, "range-syntax", "RFC 9110 §14.1.1",
            "The field is not a unit, an equals sign and a list of ranges.";
        Unit = 416, "range-unit", "RFC 9110 §14.1",
            "The unit of the ranges is not bytes.";
        Number = 416, "range-number", "RFC 9110 §14.1.1",
            "A range is not a number, a hyphen and a number, one of which may be missing.";
        Backwards = 416, "range-backwards", "RFC 9110 §14.1.1",
            "A range ends before it begins.";
    }
}

/// Parses the whole value of a field.
///
/// ```
/// use pentad::wire::range::{Selection, Span, set};
///
/// let set = set(b"bytes=-4").expect("a valid field");
/// assert_eq!(set.of(10), Selection::One(Span { first: 6, last: 9 }));
/// ```
///
/// # Errors
/// A [`Bad`] for a field that is to be ignored.
pub fn set(value: &[u8]) -> Result<Set<'_>, Bad> {
    let equals = value.iter().position(|&b| b == b'=').ok_or(Bad::Syntax)?;
    let (unit, list) = (&value[..equals], &value[equals + 1..]);
    if unit.is_empty() || !unit.iter().all(|&b| ascii::is(b, ascii::TOKEN)) {
        return Err(Bad::Syntax);
    }
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return Err(Bad::Unit);
    }
    let mut count = 0;
    for element in elements(list) {
        spec(element)?;
        count += 1;
    }
    if count == 0 { Err(Bad::Syntax) } else { Ok(Set(list)) }
}

impl Set<'_> {
    /// Iterates over the ranges in their order.
    pub fn specs(&self) -> impl Iterator<Item = Spec> {
        elements(self.0).filter_map(|element| spec(element).ok())
    }

    /// Returns the part that the set selects from a representation of `length` bytes.
    pub fn of(&self, length: u64) -> Selection {
        let mut asked = self.specs().map(|spec| spec.of(length));
        let first = asked.next().unwrap_or(Selection::Unsatisfiable);
        let (mut several, mut satisfiable) = (false, first != Selection::Unsatisfiable);
        for one in asked {
            several = true;
            satisfiable |= one != Selection::Unsatisfiable;
        }
        match (several, satisfiable) {
            (false, _) => first,
            (true, true) => Selection::Several,
            (true, false) => Selection::Unsatisfiable,
        }
    }
}

impl Spec {
    fn of(self, length: u64) -> Selection {
        let (first, last) = match self {
            Spec::FromTo(first, last) => (first, last),
            Spec::From(first) => (first, u64::MAX),
            Spec::Last(0) => return Selection::Unsatisfiable,
            Spec::Last(_) if length == 0 => return Selection::Nothing,
            Spec::Last(count) => (length.saturating_sub(count), u64::MAX),
        };
        if first >= length {
            return Selection::Unsatisfiable;
        }
        Selection::One(Span { first, last: last.min(length - 1) })
    }
}

impl Span {
    /// Returns the number of bytes, at least one.
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }

    /// Returns the value of a `Content-Range` field for this part of `length` bytes.
    pub fn content_range(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.first, self.last)
    }
}

/// Returns the value of the `Content-Range` field of a 416, which states the length.
pub fn unsatisfied(length: u64) -> String {
    format!("bytes */{length}")
}

/// Iterates over the elements of a list, without empty ones (RFC 9110 §5.6.1.2).
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    ascii::list(list).filter(|element| !element.is_empty())
}

fn spec(element: &[u8]) -> Result<Spec, Bad> {
    let hyphen = element.iter().position(|&b| b == b'-').ok_or(Bad::Number)?;
    match (number(&element[..hyphen])?, number(&element[hyphen + 1..])?) {
        (Some(first), Some(last)) if last < first => Err(Bad::Backwards),
        (Some(first), Some(last)) => Ok(Spec::FromTo(first, last)),
        (Some(first), None) => Ok(Spec::From(first)),
        (None, Some(count)) => Ok(Spec::Last(count)),
        (None, None) => Err(Bad::Number),
    }
}

/// Parses digits; `None` for an empty text.
fn number(digits: &[u8]) -> Result<Option<u64>, Bad> {
    if digits.is_empty() {
        return Ok(None);
    }
    let mut number = 0u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Bad::Number);
        }
        number = number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(first: u64, last: u64) -> Result<Selection, Bad> {
        Ok(Selection::One(Span { first, last }))
    }

    /// Ten bytes; the examples of RFC 9110 §14.1.2 among others.
    #[test]
    fn what_a_field_asks_of_ten_bytes() {
        for (value, asked) in [
            ("bytes=0-4", one(0, 4)),
            ("bytes=0-0", one(0, 0)),
            ("BYTES=0-4", one(0, 4)),
            ("bytes=9-", one(9, 9)),
            ("bytes=0-", one(0, 9)),
            ("bytes=5-99", one(5, 9)),
            ("bytes=-3", one(7, 9)),
            ("bytes=-99", one(0, 9)),
            ("bytes=00-004", one(0, 4)),
            ("bytes= 0-4\t", one(0, 4)),
            ("bytes=,0-4,,", one(0, 4)),
            ("bytes=4-18446744073709551616", one(4, 9)),
            ("bytes=0-1,4-5", Ok(Selection::Several)),
            ("bytes=0-1 , 99-", Ok(Selection::Several)),
            ("bytes=99-,-0", Ok(Selection::Unsatisfiable)),
            ("bytes=10-", Ok(Selection::Unsatisfiable)),
            ("bytes=10-20", Ok(Selection::Unsatisfiable)),
            ("bytes=-0", Ok(Selection::Unsatisfiable)),
            ("bytes=99999999999999999999-", Ok(Selection::Unsatisfiable)),
            ("bytes=5-4", Err(Bad::Backwards)),
            ("bytes=0-1,5-4", Err(Bad::Backwards)),
            ("bytes", Err(Bad::Syntax)),
            ("", Err(Bad::Syntax)),
            ("=0-4", Err(Bad::Syntax)),
            ("bytes =0-4", Err(Bad::Syntax)),
            ("bytes=", Err(Bad::Syntax)),
            ("bytes=,", Err(Bad::Syntax)),
            ("items=0-4", Err(Bad::Unit)),
            ("bytes=-", Err(Bad::Number)),
            ("bytes=4", Err(Bad::Number)),
            ("bytes=a-4", Err(Bad::Number)),
            ("bytes=0--4", Err(Bad::Number)),
            ("bytes=+0-4", Err(Bad::Number)),
            ("bytes=0 -4", Err(Bad::Number)),
            ("bytes=0-4;x", Err(Bad::Number)),
        ] {
            assert_eq!(set(value.as_bytes()).map(|set| set.of(10)), asked, "{value}");
        }
    }

    #[test]
    fn of_no_bytes_there_is_no_part() {
        let of_nothing = |value: &[u8]| set(value).unwrap().of(0);
        assert_eq!(of_nothing(b"bytes=0-"), Selection::Unsatisfiable);
        assert_eq!(of_nothing(b"bytes=-5"), Selection::Nothing);
    }

    #[test]
    fn what_was_sent_is_said() {
        let span = Span { first: 2, last: 4 };
        assert_eq!((span.bytes(), span.content_range(10)), (3, "bytes 2-4/10".to_string()));
        assert_eq!(unsatisfied(10), "bytes */10");
    }
}
