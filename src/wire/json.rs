//! JSON bodies: whole documents, and their members under the rules of our APIs.
//!
//! Members are never coerced: an integer is written as an integer, a word is one of those allowed.
//! Nesting is bounded before anything is built, so recursion does not follow the wire; of two
//! members with one name the last counts, as RFC 8259 §4 permits.
//! two members with one name the last counts, as in RFC 8259 §4 it may.

use crate::limits;
use serde_json::Value;
use std::fmt;
use std::ops::RangeInclusive;

/// The reason why a body is not a JSON document. Clients get the same response for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The body ends before the document does.
    Truncated,
    /// The body violates the grammar of RFC 8259, is not UTF-8, nests too deep, or continues after
    /// the document.
    Syntax,
}

/// An error in a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldError {
    /// It is missing, or `null`.
    Missing(&'static str),
    /// It has another type or is out of range.
    Invalid(&'static str),
}

/// The meaning of a missing member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need<T> {
    /// [`FieldError::Missing`].
    Required,
    /// This value, which a client need not be able to send.
    Default(T),
}

/// Parses a body as one JSON document.
///
/// # Errors
/// [`Malformed`], without a position, which the response would not contain.
pub fn parse(body: &[u8]) -> Result<Value, Malformed> {
    if !is_modest(body) {
        return Err(Malformed::Syntax);
    }
    serde_json::from_slice(body)
        .map_err(|error| if error.is_eof() { Malformed::Truncated } else { Malformed::Syntax })
}

/// Returns true if a document nests no deeper, and has no more members and elements, than ours do:
/// its cost in time and memory depends on their number, not on its length. For an invalid document
/// the result is meaningless.
fn is_modest(body: &[u8]) -> bool {
    let (mut depth, mut commas) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => commas += 1,
            _ => {}
        }
        if depth > limits::JSON_DEPTH || commas >= limits::JSON_MEMBERS {
            return false;
        }
    }
    true
}

/// Returns a JSON integer in `range`: digits without fraction, exponent or quotes.
///
/// # Errors
/// [`FieldError`]; in a document that is not an object every member is missing.
pub fn integer(
    object: &Value,
    name: &'static str,
    range: RangeInclusive<u64>,
    need: Need<u64>,
) -> Result<u64, FieldError> {
    let Some(value) = member(object, name) else {
        return need.or_missing(name);
    };
    let number = value.as_u64().filter(|n| range.contains(n));
    number.ok_or(FieldError::Invalid(name))
}

/// Returns a string that is one of `words`, as the element of `words`.
///
/// # Errors
/// See [`integer`].
pub fn choice(
    object: &Value,
    name: &'static str,
    words: &[&'static str],
    need: Need<&'static str>,
) -> Result<&'static str, FieldError> {
    let Some(value) = member(object, name) else {
        return need.or_missing(name);
    };
    let word = value.as_str().and_then(|s| words.iter().find(|w| **w == s));
    word.copied().ok_or(FieldError::Invalid(name))
}

/// Returns a string of at most `bytes_max` bytes.
///
/// # Errors
/// See [`integer`].
pub fn text<'v>(
    object: &'v Value,
    name: &'static str,
    bytes_max: usize,
    need: Need<&'v str>,
) -> Result<&'v str, FieldError> {
    let Some(value) = member(object, name) else {
        return need.or_missing(name);
    };
    let text = value.as_str().filter(|s| s.len() <= bytes_max);
    text.ok_or(FieldError::Invalid(name))
}

/// Returns `true` or `false`.
///
/// # Errors
/// See [`integer`].
pub fn flag(object: &Value, name: &'static str, need: Need<bool>) -> Result<bool, FieldError> {
    let Some(value) = member(object, name) else {
        return need.or_missing(name);
    };
    value.as_bool().ok_or(FieldError::Invalid(name))
}

fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}

impl<T> Need<T> {
    fn or_missing(self, name: &'static str) -> Result<T, FieldError> {
        match self {
            Need::Required => Err(FieldError::Missing(name)),
            Need::Default(value) => Ok(value),
        }
    }
}

impl FieldError {
    /// Returns the name of the member with the error.
    pub fn field(self) -> &'static str {
        match self {
            FieldError::Missing(name) | FieldError::Invalid(name) => name,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Missing(name) => write!(f, "missing field {name}"),
            FieldError::Invalid(name) => write!(f, "invalid field {name}"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed JSON")
    }
}

impl std::error::Error for FieldError {}
impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(body: &str, need: Need<u64>) -> Result<u64, FieldError> {
        integer(&parse(body.as_bytes()).unwrap(), "n", 100..=100_000_000, need)
    }

    #[test]
    fn an_integer_is_written_as_one() {
        assert_eq!(number(r#"{"n":100}"#, Need::Required), Ok(100));
        assert_eq!(number(r#"{"n": 100000000 ,"m":1.5}"#, Need::Required), Ok(100_000_000));
        for wrong in [
            "100000.0",
            "1e5",
            "1E5",
            "true",
            "\"100\"",
            "[100]",
            "{}",
            "99",
            "100000001",
            "-100",
            "-0",
            "0",
            "18446744073709551616",
            "1e300",
            "\"\"",
        ] {
            let body = format!("{{\"n\":{wrong}}}");
            assert_eq!(number(&body, Need::Default(1)), Err(FieldError::Invalid("n")), "{wrong}");
        }
    }

    #[test]
    fn null_counts_as_missing() {
        for body in ["{}", r#"{"n":null}"#, r#"{"N":100}"#, "[]", "100", "null", "\"n\""] {
            assert_eq!(number(body, Need::Required), Err(FieldError::Missing("n")), "{body}");
            assert_eq!(number(body, Need::Default(1)), Ok(1), "{body}");
        }
    }

    #[test]
    fn a_choice_is_one_of_the_words() {
        let ask = |body: &str| {
            let body = parse(body.as_bytes()).unwrap();
            choice(&body, "protocol", &["tcp", "udp"], Need::Required)
        };
        assert_eq!(ask(r#"{"protocol":"udp"}"#), Ok("udp"));
        assert_eq!(ask("{}"), Err(FieldError::Missing("protocol")));
        for wrong in ["\"TCP\"", "\"\"", "\"tcp \"", "1", "[\"tcp\"]", "false"] {
            let body = format!("{{\"protocol\":{wrong}}}");
            assert_eq!(ask(&body), Err(FieldError::Invalid("protocol")), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_bounded() {
        let body = parse(br#"{"t":"four","u":4}"#).unwrap();
        assert_eq!(text(&body, "t", 4, Need::Required), Ok("four"));
        assert_eq!(text(&body, "t", 3, Need::Required), Err(FieldError::Invalid("t")));
        assert_eq!(text(&body, "u", 4, Need::Required), Err(FieldError::Invalid("u")));
        assert_eq!(text(&body, "v", 4, Need::Default("")), Ok(""));
    }

    #[test]
    fn what_is_no_document() {
        for body in [&b""[..], b"{", b"{\"a\":", b"\"a", b"[1,"] {
            assert_eq!(parse(body), Err(Malformed::Truncated));
        }
        for body in [&b"{}x"[..], b"{a:1}", b"\xff", b"\"\xff\"", b"nul!", b"01", b"+1", b"{,}"] {
            assert_eq!(parse(body), Err(Malformed::Syntax));
        }
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(Malformed::Syntax));
    }

    #[test]
    fn nesting_is_bounded_and_brackets_in_strings_are_none() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let most = limits::JSON_DEPTH;
        assert!(parse(nested(most).as_bytes()).is_ok());
        assert_eq!(parse(nested(most + 1).as_bytes()), Err(Malformed::Syntax));
        let beside = format!("[{}]", [nested(most - 1), nested(most - 1)].join(","));
        assert!(parse(beside.as_bytes()).is_ok());
        let text = format!("[\"\\\"\\\\\\\"{}\"]", "[{".repeat(most));
        assert!(parse(text.as_bytes()).is_ok(), "{text}");
        assert!(parse(format!("{{\"\\\\\":{}}}", nested(most)).as_bytes()).is_err());
    }

    #[test]
    fn a_document_has_few_members_and_commas_in_strings_are_none() {
        let zeros = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert!(parse(zeros(limits::JSON_MEMBERS).as_bytes()).is_ok());
        assert_eq!(parse(zeros(limits::JSON_MEMBERS + 1).as_bytes()), Err(Malformed::Syntax));
        let text = format!("[\"{}\"]", ",".repeat(2 * limits::JSON_MEMBERS));
        assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn errors_as_clients_know_them() {
        assert_eq!(FieldError::Missing("simulations").to_string(), "missing field simulations");
        assert_eq!(FieldError::Invalid("protocol").to_string(), "invalid field protocol");
        assert_eq!(Malformed::Syntax.to_string(), "malformed JSON");
        assert_eq!(FieldError::Invalid("x").field(), "x");
    }
}
