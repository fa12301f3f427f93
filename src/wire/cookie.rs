//! The `Cookie` field: pairs of names and values (RFC 6265 §4.2.1).
//!
//! A pair that is none is skipped, and only so many are looked at: a client that sends thousands
//! costs no more than one that sends what browsers may hold.

use super::ascii;
use crate::limits::COOKIE_PAIRS_MAX;

/// The pairs of all `Cookie` fields, in their order.
pub fn pairs<'b>(
    values: impl Iterator<Item = &'b [u8]>,
) -> impl Iterator<Item = (&'b [u8], &'b [u8])> {
    let raw = values.flat_map(|value| value.split(|&b| b == b';'));
    raw.take(COOKIE_PAIRS_MAX).filter_map(pair)
}

/// The value of the first cookie called `name`. Names are case-sensitive.
pub fn find<'b>(values: impl Iterator<Item = &'b [u8]>, name: &str) -> Option<&'b [u8]> {
    pairs(values).find(|(own, _)| *own == name.as_bytes()).map(|(_, value)| value)
}

fn pair(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let raw = ascii::trim(raw);
    let equals = raw.iter().position(|&b| b == b'=')?;
    let (name, value) = (&raw[..equals], unquoted(&raw[equals + 1..]));
    let is_name = !name.is_empty() && name.iter().all(|&b| ascii::is(b, ascii::TOKEN));
    (is_name && value.iter().all(|&b| is_octet(b))).then_some((name, value))
}

/// Quotes may stand around a value, both or none.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

/// `cookie-octet`: visible ASCII but quotation mark, comma, semicolon and backslash.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let values = std::iter::once(value.as_bytes());
        pairs(values).map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn pairs_are_what_stands_between_semicolons() {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(all("a=1; b=2"), [pair("a", "1"), pair("b", "2")]);
        assert_eq!(all("a=1;b=2 ;\t c="), [pair("a", "1"), pair("b", "2"), pair("c", "")]);
        assert_eq!(all("a=b=c"), [pair("a", "b=c")]);
        assert_eq!(all("a=\"1\"; b=\"\""), [pair("a", "1"), pair("b", "")]);
    }

    #[test]
    fn what_is_no_pair_is_skipped() {
        for none in [
            "",
            ";",
            "a",
            "=1",
            "a b=1",
            "a =1",
            "a= 1 2",
            "a=1,2",
            "a=\"",
            "a=\"1",
            "a=1\"",
            "a=\\",
            "a=\u{e9}",
            "a=\"b\"c\"",
            "(=1",
        ] {
            assert_eq!(all(none), [], "{none:?}");
            assert_eq!(all(&format!("{none}; x=y")).last().unwrap().0, "x", "{none:?}");
        }
    }

    #[test]
    fn the_first_of_a_name_counts_and_case_matters() {
        let find = |value: &str, name| {
            find([b"z=0".as_slice(), value.as_bytes()].into_iter(), name).map(<[u8]>::to_vec)
        };
        assert_eq!(find("A=0; a=1; a=2", "a"), Some(b"1".to_vec()));
        assert_eq!(find("ab=0; a", "a"), None);
        assert_eq!(find("a=0", "z"), Some(b"0".to_vec()), "in any of the fields");
    }

    #[test]
    fn no_more_pairs_are_looked_at_than_a_browser_holds() {
        let many = "a=1;".repeat(COOKIE_PAIRS_MAX);
        assert_eq!(all(&many).len(), COOKIE_PAIRS_MAX);
        assert_eq!(all(&format!("{many}b=2")).len(), COOKIE_PAIRS_MAX);
        assert_eq!(all(&format!("{}b=2", ";".repeat(COOKIE_PAIRS_MAX))), []);
    }
}
