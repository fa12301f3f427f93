//! The `Cookie` field: pairs of names and values (RFC 6265 §4.2.1), and `Set-Cookie` as a client
//! reads it (§5.2).
//!
//! A malformed pair is skipped, and the number of pairs examined is bounded: a client that sends
//! thousands costs no more than one that sends as many as a browser may hold.

use super::ascii;
use crate::limits::COOKIE_PAIRS_MAX;

/// Iterates over the pairs of all `Cookie` fields, in their order.
pub fn pairs<'b>(
    values: impl Iterator<Item = &'b [u8]>,
) -> impl Iterator<Item = (&'b [u8], &'b [u8])> {
    let raw = values.flat_map(|value| value.split(|&b| b == b';'));
    raw.take(COOKIE_PAIRS_MAX).filter_map(pair)
}

/// Returns the value of the first cookie called `name`. Names are case-sensitive.
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

/// Removes the quotes around a value, if both are there.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

/// Returns true for a `cookie-octet`: visible ASCII except quotation mark, comma, semicolon and
/// backslash.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// The content of a `Set-Cookie` field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetCookie<'b> {
    /// Never empty.
    pub name: &'b [u8],
    /// To be sent back as it is, quotes included.
    pub value: &'b [u8],
    /// Lifetime in seconds; zero or less deletes the cookie.
    pub max_age: Option<i64>,
    /// The expiry date as it was written.
    pub expires: Option<&'b [u8]>,
    /// The domain of hosts that receive it, without a leading dot.
    pub domain: Option<&'b [u8]>,
    /// The prefix of paths that receive it.
    pub path: Option<&'b [u8]>,
    /// Restricted to encrypted connections.
    pub secure: bool,
}

/// Parses a `Set-Cookie` field as browsers do (RFC 6265 §5.2). Returns `None` if it is to be
/// ignored.
pub fn set_cookie(field: &[u8]) -> Option<SetCookie<'_>> {
    let mut parts = field.split(|&b| b == b';');
    let pair = parts.next()?;
    let equals = pair.iter().position(|&b| b == b'=')?;
    let (name, value) = (ascii::trim(&pair[..equals]), ascii::trim(&pair[equals + 1..]));
    if name.is_empty() || field.iter().any(|&b| b.is_ascii_control() && b != b'\t') {
        return None;
    }
    let mut cookie = SetCookie { name, value, ..SetCookie::default() };
    for part in parts {
        let equals = part.iter().position(|&b| b == b'=').unwrap_or(part.len());
        let key = ascii::trim(&part[..equals]);
        let value = ascii::trim(part.get(equals + 1..).unwrap_or_default());
        if key.eq_ignore_ascii_case(b"max-age") {
            cookie.max_age = seconds(value).or(cookie.max_age);
        } else if key.eq_ignore_ascii_case(b"expires") {
            cookie.expires = Some(value);
        } else if key.eq_ignore_ascii_case(b"domain") {
            let bare = value.strip_prefix(b".").unwrap_or(value);
            cookie.domain = Some(bare).filter(|domain| !domain.is_empty());
        } else if key.eq_ignore_ascii_case(b"path") {
            cookie.path = Some(value).filter(|path| path.starts_with(b"/"));
        } else if key.eq_ignore_ascii_case(b"secure") {
            cookie.secure = true;
        }
    }
    Some(cookie)
}

/// Parses a number of seconds; one with too many digits saturates.
fn seconds(text: &[u8]) -> Option<i64> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = std::str::from_utf8(digits).ok()?.parse::<i64>().unwrap_or(i64::MAX);
    Some(if negative { -number } else { number })
}

/// Returns true if a cookie for `domain` belongs to this host: the same name, or a subdomain of it,
/// which an address never is (RFC 6265 §5.1.3).
pub fn domain_matches(host: &str, domain: &[u8]) -> bool {
    let host = host.as_bytes();
    if host.eq_ignore_ascii_case(domain) {
        return true;
    }
    let is_address = host.starts_with(b"[") || host.last().is_some_and(u8::is_ascii_digit);
    let Some(dot) = host.len().checked_sub(domain.len() + 1) else { return false };
    !is_address && host[dot] == b'.' && host[dot + 1..].eq_ignore_ascii_case(domain)
}

/// Returns true if a cookie for `prefix` belongs to this path (RFC 6265 §5.1.4).
pub fn path_matches(path: &str, prefix: &[u8]) -> bool {
    let Some(rest) = path.as_bytes().strip_prefix(prefix) else { return false };
    rest.is_empty() || rest.starts_with(b"/") || prefix.ends_with(b"/")
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
    fn a_set_cookie_is_a_pair_and_what_is_to_be_done_with_it() {
        let field =
            b" a = \"1\" ; Path=/x; DOMAIN=.Example.org; max-age=60;Secure; HttpOnly; max-age=x";
        let cookie = set_cookie(field).unwrap();
        assert_eq!((cookie.name, cookie.value), (&b"a"[..], &b"\"1\""[..]));
        assert_eq!((cookie.path, cookie.domain), (Some(&b"/x"[..]), Some(&b"Example.org"[..])));
        assert_eq!((cookie.max_age, cookie.secure), (Some(60), true));
        let plain = set_cookie(b"a=; Path=x; Domain=; Max-Age=-1; Expires=now").unwrap();
        assert_eq!((plain.value, plain.path, plain.domain), (&b""[..], None, None));
        assert_eq!(
            (plain.max_age, plain.expires, plain.secure),
            (Some(-1), Some(&b"now"[..]), false)
        );
        let long = set_cookie(b"a=1; max-age=99999999999999999999").unwrap();
        assert_eq!(long.max_age, Some(i64::MAX));
        for none in [&b""[..], b"a", b"=1", b" =1; Path=/", b"a=\x01", b"; a=1"] {
            assert_eq!(set_cookie(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_its_hosts_and_paths_alone() {
        for (host, domain, is) in [
            ("a.org", "a.org", true),
            ("www.A.org", "a.ORG", true),
            ("wwa.org", "a.org", false),
            ("org", "a.org", false),
            ("127.0.0.1", "0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(domain_matches(host, domain.as_bytes()), is, "{host} {domain}");
        }
        for (path, prefix, is) in [
            ("/", "/", true),
            ("/a/b", "/a", true),
            ("/a/b", "/a/", true),
            ("/ab", "/a", false),
            ("/a", "/a", true),
            ("/", "/a", false),
        ] {
            assert_eq!(path_matches(path, prefix.as_bytes()), is, "{path} {prefix}");
        }
    }

    #[test]
    fn no_more_pairs_are_looked_at_than_a_browser_holds() {
        let many = "a=1;".repeat(COOKIE_PAIRS_MAX);
        assert_eq!(all(&many).len(), COOKIE_PAIRS_MAX);
        assert_eq!(all(&format!("{many}b=2")).len(), COOKIE_PAIRS_MAX);
        assert_eq!(all(&format!("{}b=2", ";".repeat(COOKIE_PAIRS_MAX))), []);
    }
}
