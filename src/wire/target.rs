//! Request targets: the four forms of RFC 9112 §3.2, and the decoding of paths and queries.
//!
//! A target is split, never rewritten: the parts borrow from the request, and a path is decoded
//! exactly once, by the code that looks a file up. Nothing here resolves a dot segment; a path with
//! a parent segment is refused, raw or escaped.

use super::ascii;
use super::reason::reasons;
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// The target of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'b> {
    /// `/path?query`, what clients send to servers.
    Origin {
        /// From the first `/` up to the `?`, not decoded.
        path: &'b str,
        /// The part after the first `?`.
        query: Option<&'b str>,
    },
    /// `http://authority/path?query`, sent to proxies, but every server must accept it.
    Absolute {
        /// A valid `host` or `host:port`.
        authority: &'b str,
        /// As in the origin form; `/` where the target has none.
        path: &'b str,
        /// The part after the first `?`.
        query: Option<&'b str>,
    },
    /// `host:port`, valid only for CONNECT.
    Authority(&'b str),
    /// `*`, the server as a whole, valid only for OPTIONS.
    Asterisk,
}

reasons! {
    /// The reason why a target, or its path, was refused.
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
    /// Splits a whole target by its shape; the caller checks which method allows which shape.
    ///
    /// ```
    /// use pentad::wire::target::Target;
    ///
    /// let target = Target::parse("/shop?page=2").expect("a valid target");
    /// assert_eq!((target.path(), target.query()), ("/shop", Some("page=2")));
    /// ```
    ///
    /// # Errors
    /// [`Bad::Byte`], [`Bad::Fragment`], [`Bad::Form`] or [`Bad::Authority`].
    pub fn parse(raw: &'b str) -> Result<Target<'b>, Bad> {
        let question = bytes(raw.as_bytes())?;
        Target::split(raw, question)
    }

    /// Splits a target whose bytes are valid, at its first `?`; see [`Target::parse`].
    #[inline]
    pub(super) fn split(raw: &'b str, question: Option<usize>) -> Result<Target<'b>, Bad> {
        if raw.starts_with('/') {
            let (path, query) = cut(raw, question);
            return Ok(Target::Origin { path, query });
        }
        Target::rare(raw)
    }

    /// Splits the forms that servers seldom see.
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

    /// Returns the path, not decoded: `*` for an asterisk, empty for an authority.
    pub fn path(&self) -> &'b str {
        match *self {
            Target::Origin { path, .. } | Target::Absolute { path, .. } => path,
            Target::Authority(_) => "",
            Target::Asterisk => "*",
        }
    }

    /// Returns the part after the first `?`, not decoded.
    pub fn query(&self) -> Option<&'b str> {
        match *self {
            Target::Origin { query, .. } | Target::Absolute { query, .. } => query,
            Target::Authority(_) | Target::Asterisk => None,
        }
    }

    /// Returns the host and port that the target itself names; they outrank `Host` (RFC 9112
    /// §3.2.2).
    pub fn authority(&self) -> Option<&'b str> {
        match *self {
            Target::Absolute { authority, .. } | Target::Authority(authority) => Some(authority),
            Target::Origin { .. } | Target::Asterisk => None,
        }
    }
}

/// Checks that every byte is allowed in its place, and finds the first `?`.
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

/// Returns the reason why `byte` is not allowed in a target.
pub(super) fn refuse(byte: u8) -> Bad {
    if byte == b'#' { Bad::Fragment } else { Bad::Byte }
}

/// Returns true if `host` is `uri-host [ ":" port ]` (RFC 9110 §7.2) with a non-empty host.
///
/// User information is not part of it (RFC 9110 §4.2.4 asks to treat it as an error), brackets hold
/// an IPv6 address and nothing else, and a port fits into 16 bits.
pub fn is_host(host: &[u8]) -> bool {
    if host.first() == Some(&b'[') {
        return is_ipv6(host);
    }
    let mut is_escaped = false;
    let end = host.iter().position(|&b| {
        is_escaped |= b == b'%';
        !ascii::is(b, ascii::HOST)
    });
    let (name, port) = host.split_at(end.unwrap_or(host.len()));
    !name.is_empty() && is_port(port) && (!is_escaped || decode(name).is_ok())
}

fn is_ipv6(host: &[u8]) -> bool {
    let Some(end) = host.iter().position(|&b| b == b']') else {
        return false;
    };
    let address = std::str::from_utf8(&host[1..end]).ok();
    address.is_some_and(|a| a.parse::<Ipv6Addr>().is_ok()) && is_port(&host[end + 1..])
}

/// Returns true for an empty text, or a colon and a number up to 65535, which may be missing (RFC
/// 3986 §3.2.3).
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

/// Returns the part after `http://` or `https://`, in any case.
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

/// Percent-decodes a path once and refuses dangerous results.
///
/// Refused are malformed escapes, NUL, slashes and backslashes that come from an escape (they would
/// add segments that the raw path does not have), and parent segments, raw or escaped. The result
/// need not be UTF-8: file names are bytes.
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

/// Returns true if a decoded path has a segment `..`, which would lead out of its directory.
pub fn has_parent_segment(path: &[u8]) -> bool {
    path.split(|&b| matches!(b, b'/' | b'\\')).any(|segment| segment == b"..")
}

/// Decodes strictly: `percent-encoding` lets malformed escapes through, as queries need it.
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

/// Iterates over the names and values of a query or of a form body
/// (`application/x-www-form-urlencoded`).
///
/// Never fails, as the URL standard requires: `+` is a blank, a malformed escape stands for itself,
/// invalid UTF-8 becomes U+FFFD, a pair without `=` has an empty value, and empty pairs are
/// skipped.
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decode(name), form_decode(value))
    })
}

/// Returns the first value of `name` in a query.
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
