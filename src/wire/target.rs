//! Request targets: the four forms of RFC 9112 §3.2, and what paths and queries decode to.
//!
//! A target is split, never rewritten: the parts borrow from the request and a path is decoded
//! exactly once, by whoever looks a file up. Nothing here resolves a dot segment; a path that
//! has a parent segment is refused, raw or escaped.

use super::ascii;
use super::reason::reasons;
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'b> {
    /// `/path?query`, what clients send to servers.
    Origin {
        /// From the first `/` up to the `?`, not decoded.
        path: &'b str,
        /// What follows the first `?`.
        query: Option<&'b str>,
    },
    /// `http://authority/path?query`, what clients send to proxies, and any server must take.
    Absolute {
        /// A valid `host` or `host:port`.
        authority: &'b str,
        /// As in the origin form; `/` where the target has none.
        path: &'b str,
        /// What follows the first `?`.
        query: Option<&'b str>,
    },
    /// `host:port`, which only CONNECT may send.
    Authority(&'b str),
    /// `*`, the server as a whole, which only OPTIONS may ask about.
    Asterisk,
}

reasons! {
    /// Why a target, or the path in it, was refused.
    pub enum Bad {
        Byte = 400, "target-byte", "RFC 3986 §3.3",
            "The request target holds a byte that must be percent-encoded.";
        Fragment = 400, "target-fragment", "RFC 9112 §3.2",
            "The request target has a fragment, which is never sent.";
        Form = 400, "target-form", "RFC 9112 §3.2",
            "The request target has none of the forms that its method allows.";
        Authority = 400, "target-authority", "RFC 9112 §3.2.2",
            "The authority of the request target is not a valid host and port.";
        Escape = 400, "path-escape", "RFC 3986 §2.1",
            "A percent sign in the path is not followed by two hexadecimal digits.";
        Nul = 400, "path-nul", "RFC 3986 §7.3",
            "The path holds an encoded NUL byte.";
        EncodedSlash = 400, "path-encoded-slash", "RFC 3986 §7.3",
            "The path holds an encoded slash or backslash.";
        ParentSegment = 400, "path-parent-segment", "RFC 3986 §5.2.4",
            "The path holds a segment that names the parent directory.";
    }
}

impl<'b> Target<'b> {
    /// Splits a whole target by its shape; which method may send which shape is not known here.
    ///
    /// # Errors
    /// [`Bad::Byte`], [`Bad::Fragment`], [`Bad::Form`] or [`Bad::Authority`].
    pub fn parse(raw: &'b str) -> Result<Target<'b>, Bad> {
        let question = bytes(raw.as_bytes())?;
        Target::split(raw, question)
    }

    /// [`Target::parse`] for a target whose bytes were found good, with its first `?`.
    #[inline]
    pub(super) fn split(raw: &'b str, question: Option<usize>) -> Result<Target<'b>, Bad> {
        if raw.starts_with('/') {
            let (path, query) = cut(raw, question);
            return Ok(Target::Origin { path, query });
        }
        Target::rare(raw)
    }

    /// The forms that servers seldom see.
    fn rare(raw: &'b str) -> Result<Target<'b>, Bad> {
        if raw == "*" {
            return Ok(Target::Asterisk);
        }
        if let Some(rest) = after_scheme(raw) {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at(end);
            if !is_host(authority.as_bytes()) {
                return Err(Bad::Authority);
            }
            let (path, query) = cut(rest, rest.find('?'));
            let path = if path.is_empty() { "/" } else { path };
            return Ok(Target::Absolute { authority, path, query });
        }
        // RFC 9112 §3.2.3: the port is not optional here.
        let has_port = raw.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty());
        if has_port && !raw.ends_with(']') && is_host(raw.as_bytes()) {
            return Ok(Target::Authority(raw));
        }
        Err(Bad::Form)
    }

    /// The path, not decoded: `*` of an asterisk, nothing of an authority.
    pub fn path(&self) -> &'b str {
        match *self {
            Target::Origin { path, .. } | Target::Absolute { path, .. } => path,
            Target::Authority(_) => "",
            Target::Asterisk => "*",
        }
    }

    /// What follows the first `?`, not decoded.
    pub fn query(&self) -> Option<&'b str> {
        match *self {
            Target::Origin { query, .. } | Target::Absolute { query, .. } => query,
            Target::Authority(_) | Target::Asterisk => None,
        }
    }

    /// The host and port that the target itself names; it outranks `Host` (RFC 9112 §3.2.2).
    pub fn authority(&self) -> Option<&'b str> {
        match *self {
            Target::Absolute { authority, .. } | Target::Authority(authority) => Some(authority),
            Target::Origin { .. } | Target::Asterisk => None,
        }
    }
}

/// Checks that every byte may stand where it stands, and finds the first `?`.
#[inline]
pub(super) fn bytes(raw: &[u8]) -> Result<Option<usize>, Bad> {
    let Some(stop) = raw.iter().position(|&b| !ascii::is(b, ascii::PATH)) else {
        return Ok(None);
    };
    if raw[stop] != b'?' {
        return Err(refuse(raw[stop]));
    }
    match raw[stop..].iter().find(|&&b| !ascii::is(b, ascii::QUERY)) {
        None => Ok(Some(stop)),
        Some(&byte) => Err(refuse(byte)),
    }
}

/// Why `byte` may not stand in a target.
pub(super) fn refuse(byte: u8) -> Bad {
    if byte == b'#' { Bad::Fragment } else { Bad::Byte }
}

/// Whether `host` is `uri-host [ ":" port ]` (RFC 9110 §7.2) with a host that is not empty.
///
/// User information is no part of it (RFC 9110 §4.2.4 asks to treat it as an error), a bracket
/// holds an IPv6 address and nothing else, and a port fits into 16 bits.
pub fn is_host(host: &[u8]) -> bool {
    if host.first() == Some(&b'[') {
        return is_ipv6(host);
    }
    let end = host.iter().position(|&b| !ascii::is(b, ascii::HOST)).unwrap_or(host.len());
    let (name, port) = host.split_at(end);
    !name.is_empty() && is_port(port) && decode(name).is_ok()
}

fn is_ipv6(host: &[u8]) -> bool {
    let Some(end) = host.iter().position(|&b| b == b']') else {
        return false;
    };
    let address = std::str::from_utf8(&host[1..end]).ok();
    address.is_some_and(|a| a.parse::<Ipv6Addr>().is_ok()) && is_port(&host[end + 1..])
}

/// Nothing, or a colon and a number up to 65535, which may be missing (RFC 3986 §3.2.3).
fn is_port(port: &[u8]) -> bool {
    let Some((colon, digits)) = port.split_first() else {
        return true;
    };
    let number = digits.iter().try_fold(0u16, |n, &b| {
        let digit = b.is_ascii_digit().then(|| u16::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    });
    *colon == b':' && number.is_some()
}

/// What follows `http://` or `https://`, in any case.
fn after_scheme(raw: &str) -> Option<&str> {
    let (scheme, rest) = raw.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    known.then_some(rest)
}

fn cut(raw: &str, question: Option<usize>) -> (&str, Option<&str>) {
    match question {
        Some(at) => (&raw[..at], Some(&raw[at + 1..])),
        None => (raw, None),
    }
}

/// Percent-decodes a path once and refuses what no honest path holds.
///
/// Refused are broken escapes, NUL, slashes and backslashes that come out of an escape (they
/// would make segments that the raw path has not), and parent segments, raw or escaped. What is
/// left need not be UTF-8: file names are bytes.
///
/// # Errors
/// [`Bad::Escape`], [`Bad::Nul`], [`Bad::EncodedSlash`] or [`Bad::ParentSegment`].
pub fn decode_path(path: &str) -> Result<Cow<'_, [u8]>, Bad> {
    let decoded = decode(path.as_bytes())?;
    if has_parent_segment(&decoded) {
        return Err(Bad::ParentSegment);
    }
    Ok(decoded)
}

/// Whether a decoded path has a segment `..`, which would lead out of its directory.
pub fn has_parent_segment(path: &[u8]) -> bool {
    path.split(|&b| matches!(b, b'/' | b'\\')).any(|segment| segment == b"..")
}

/// `percent-encoding` lets broken escapes through, as queries want it; a path does not.
fn decode(raw: &[u8]) -> Result<Cow<'_, [u8]>, Bad> {
    let Some(first) = raw.iter().position(|&b| b == b'%') else {
        return Ok(Cow::Borrowed(raw));
    };
    let mut decoded = raw[..first].to_vec();
    let mut rest = raw[first..].iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = rest.next().and_then(|&b| ascii::hex(b)).ok_or(Bad::Escape)?;
        let low = rest.next().and_then(|&b| ascii::hex(b)).ok_or(Bad::Escape)?;
        match high << 4 | low {
            0 => return Err(Bad::Nul),
            b'/' | b'\\' => return Err(Bad::EncodedSlash),
            byte => decoded.push(byte),
        }
    }
    Ok(Cow::Owned(decoded))
}

/// The names and values of a query or of a form body (`application/x-www-form-urlencoded`).
///
/// Never fails, as the URL standard has it: `+` is a blank, a broken escape stands for itself,
/// bytes that are no UTF-8 become U+FFFD, a pair without `=` has an empty value, and empty pairs
/// are skipped.
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decode(name), form_decode(value))
    })
}

/// The first value of `name` in a query.
pub fn pair<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    pairs(query).find(|(n, _)| n == name).map(|(_, value)| value)
}

fn form_decode(raw: &str) -> Cow<'_, str> {
    if !raw.contains('+') {
        return percent_encoding::percent_decode_str(raw).decode_utf8_lossy();
    }
    let blanks = raw.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&blanks).decode_utf8_lossy().into_owned();
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests;
