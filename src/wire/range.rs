//! The `Range` field: which bytes of a representation were asked for (RFC 9110 §14).
//!
//! It decides nothing about preconditions; that is `conditional`'s part. A field that is not
//! valid, or is about another unit, is as good as none: the whole representation is the answer.

use super::ascii;
use super::reason::reasons;

/// A valid set of byte ranges, not yet held against a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set<'b>(&'b [u8]);

/// One range of a set. A number of more than 64 bits counts as the greatest that has 64: no
/// representation reaches either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spec {
    /// `first-last`, both included.
    FromTo(u64, u64),
    /// `first-`, up to the end.
    From(u64),
    /// `-count`, the last so many bytes.
    Last(u64),
}

/// A part of a representation: two positions, both included, the first not beyond the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte.
    pub last: u64,
}

/// What a set asks of a representation of a known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// One part.
    One(Span),
    /// More than one range, of which some can be satisfied.
    Several,
    /// The end of a representation that has no bytes. RFC 9110 §14.1.2 calls it satisfiable, but
    /// no `Content-Range` could say what was sent.
    Nothing,
    /// Only bytes that the representation does not have.
    Unsatisfiable,
}

reasons! {
    /// Why a `Range` field is not valid, and so has no effect. The status is for those who would
    /// rather refuse it, which RFC 9110 §14.2 leaves open.
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

/// Reads the whole value of a field.
///
/// # Errors
/// A [`Bad`] for a value that asks for nothing.
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
    /// The ranges in their order.
    pub fn specs(&self) -> impl Iterator<Item = Spec> {
        elements(self.0).filter_map(|element| spec(element).ok())
    }

    /// What the set asks of a representation of `length` bytes.
    pub fn of(&self, length: u64) -> Asked {
        let mut asked = self.specs().map(|spec| spec.of(length));
        let first = asked.next().unwrap_or(Asked::Unsatisfiable);
        let (mut several, mut satisfiable) = (false, first != Asked::Unsatisfiable);
        for one in asked {
            several = true;
            satisfiable |= one != Asked::Unsatisfiable;
        }
        match (several, satisfiable) {
            (false, _) => first,
            (true, true) => Asked::Several,
            (true, false) => Asked::Unsatisfiable,
        }
    }
}

impl Spec {
    fn of(self, length: u64) -> Asked {
        let (first, last) = match self {
            Spec::FromTo(first, last) => (first, last),
            Spec::From(first) => (first, u64::MAX),
            Spec::Last(0) => return Asked::Unsatisfiable,
            Spec::Last(_) if length == 0 => return Asked::Nothing,
            Spec::Last(count) => (length.saturating_sub(count), u64::MAX),
        };
        if first >= length {
            return Asked::Unsatisfiable;
        }
        Asked::One(Span { first, last: last.min(length - 1) })
    }
}

impl Span {
    /// How many bytes it has: at least one.
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }

    /// The value of a `Content-Range` field with this part of `length` bytes.
    pub fn content_range(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.first, self.last)
    }
}

/// The value of a `Content-Range` field that says how many bytes there would have been.
pub fn unsatisfied(length: u64) -> String {
    format!("bytes */{length}")
}

/// The elements of a list; empty ones do not count (RFC 9110 §5.6.1.2).
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

/// Digits as a number, or nothing for nothing.
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

    fn one(first: u64, last: u64) -> Result<Asked, Bad> {
        Ok(Asked::One(Span { first, last }))
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
            ("bytes=0-1,4-5", Ok(Asked::Several)),
            ("bytes=0-1 , 99-", Ok(Asked::Several)),
            ("bytes=99-,-0", Ok(Asked::Unsatisfiable)),
            ("bytes=10-", Ok(Asked::Unsatisfiable)),
            ("bytes=10-20", Ok(Asked::Unsatisfiable)),
            ("bytes=-0", Ok(Asked::Unsatisfiable)),
            ("bytes=99999999999999999999-", Ok(Asked::Unsatisfiable)),
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
        assert_eq!(of_nothing(b"bytes=0-"), Asked::Unsatisfiable);
        assert_eq!(of_nothing(b"bytes=-5"), Asked::Nothing);
    }

    #[test]
    fn what_was_sent_is_said() {
        let span = Span { first: 2, last: 4 };
        assert_eq!((span.bytes(), span.content_range(10)), (3, "bytes 2-4/10".to_string()));
        assert_eq!(unsatisfied(10), "bytes */10");
    }
}
