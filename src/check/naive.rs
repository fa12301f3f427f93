//! Naive oracles: the whole input at hand, one rule after the other, no state.
//!
//! They share no table and no helper with `wire`, and only say what is accepted, not why something
//! is refused. They are slow on purpose, and never called while serving.

pub(super) mod response;

use crate::limits::Limits;

/// A complete, valid head as the oracle parses it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) used: usize,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    /// `None`, `Some(Some(length))`, or `Some(None)` for chunked.
    pub(super) body: Option<Option<u64>>,
    pub(super) keep_alive: bool,
    pub(super) expect_continue: bool,
    pub(super) host: Option<String>,
    pub(super) fields: Vec<(String, Vec<u8>)>,
}

const TCHAR: &str = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const UNRESERVED_AND_SUB_DELIMS: &str = "-._~!$&'()*+,;=";

/// Parses the head at the beginning of `input`; `None` if it is not complete and valid.
pub(super) fn head(input: &[u8], limits: &Limits) -> Option<Head> {
    let mut rest = input;
    for _ in 0..2 {
        rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
    let end = rest.windows(4).position(|w| w == b"\r\n\r\n")?;
    let used = input.len() - rest.len() + end + 4;
    if used > limits.head_bytes {
        return None;
    }
    let mut lines = split(&rest[..end], b"\r\n").into_iter();
    let request_line = String::from_utf8(lines.next()?.to_vec()).ok()?;
    let words: Vec<&str> = request_line.split(' ').collect();
    let [method, target, version] = words[..] else {
        return None;
    };
    if !token(method) || method.len() > 32 {
        return None;
    }
    if target.is_empty() || target.len() > limits.target_bytes || !target_bytes(target) {
        return None;
    }
    let is_new = match version {
        "HTTP/1.1" => true,
        "HTTP/1.0" => false,
        _ => return None,
    };
    let fields = lines.map(field).collect::<Option<Vec<_>>>()?;
    if fields.len() > limits.head_fields {
        return None;
    }
    let body = body(&fields, is_new)?;
    let expects = expects(&fields)?;
    let authority = authority(method, target)?;
    let host = host_field(&fields, is_new)?;
    let (path, query) = path_and_query(target, authority.as_deref());
    Some(Head {
        used,
        method: method.to_owned(),
        path,
        query,
        body,
        keep_alive: keeps_alive(&fields, is_new),
        expect_continue: expects && is_new && !matches!(body, None | Some(Some(0))),
        host: authority.or(host),
        fields,
    })
}

fn split<'i>(input: &'i [u8], separator: &[u8]) -> Vec<&'i [u8]> {
    let mut parts = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(separator.len()).position(|w| w == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

fn token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| TCHAR.contains(c))
}

fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|&b| b == b':')?;
    let name = String::from_utf8(line[..colon].to_vec()).ok()?;
    let mut value = line[colon + 1..].to_vec();
    if value.iter().any(|&b| (b < 32 && b != b'\t') || b == 127) {
        return None;
    }
    while value.last().is_some_and(|b| b" \t".contains(b)) {
        value.pop();
    }
    while value.first().is_some_and(|b| b" \t".contains(b)) {
        value.remove(0);
    }
    token(&name).then_some((name, value))
}

fn target_bytes(target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    path.chars().all(|c| ('!'..='~').contains(&c) && !"\"#<>\\`{}?".contains(c))
        && query.chars().all(|c| ('!'..='~').contains(&c) && !"\"#<>".contains(c))
}

/// Returns the values of all fields of a name, as if they had been one list.
fn list(fields: &[(String, Vec<u8>)], name: &str) -> Option<Vec<String>> {
    let values = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let values: Vec<_> =
        values.map(|(_, v)| String::from_utf8_lossy(v).to_ascii_lowercase()).collect();
    if values.is_empty() {
        return None;
    }
    let joined = values.join(",");
    Some(joined.split(',').map(|e| e.trim_matches([' ', '\t']).to_owned()).collect())
}

fn body(fields: &[(String, Vec<u8>)], is_new: bool) -> Option<Option<Option<u64>>> {
    let length = list(fields, "content-length");
    let coding = list(fields, "transfer-encoding");
    match (length, coding) {
        (None, None) => Some(None),
        (Some(length), None) => {
            let [number] = &length[..] else { return None };
            let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
            plain.then(|| number.parse().ok().map(|n| Some(Some(n)))).flatten()
        }
        (None, Some(coding)) => (is_new && coding == ["chunked"]).then_some(Some(None)),
        (Some(_), Some(_)) => None,
    }
}

fn expects(fields: &[(String, Vec<u8>)]) -> Option<bool> {
    let expectations = list(fields, "expect").unwrap_or_default();
    let expectations: Vec<_> = expectations.into_iter().filter(|e| !e.is_empty()).collect();
    expectations.iter().all(|e| e == "100-continue").then_some(!expectations.is_empty())
}

fn keeps_alive(fields: &[(String, Vec<u8>)], is_new: bool) -> bool {
    let options = list(fields, "connection").unwrap_or_default();
    let has = |option: &str| options.iter().any(|o| o == option);
    !has("close") && (is_new || has("keep-alive"))
}

/// Returns the host of a `Host` field if there is one; the outer `None` refuses.
fn host_field(fields: &[(String, Vec<u8>)], is_new: bool) -> Option<Option<String>> {
    let hosts: Vec<_> = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case("host")).collect();
    match hosts[..] {
        [] => (!is_new).then_some(None),
        [(_, value)] if value.is_empty() => (!is_new).then_some(None),
        [(_, value)] => {
            let value = String::from_utf8(value.clone()).ok()?;
            host(&value).then_some(Some(value))
        }
        _ => None,
    }
}

/// Returns the authority of the target if it has one; the outer `None` refuses.
fn authority(method: &str, target: &str) -> Option<Option<String>> {
    if target.starts_with('/') {
        return Some(None);
    }
    if target == "*" {
        return (method == "OPTIONS").then_some(None);
    }
    let lower = target.to_ascii_lowercase();
    for scheme in ["http://", "https://"] {
        if lower.starts_with(scheme) {
            let rest = &target[scheme.len()..];
            let authority = rest.split(['/', '?']).next()?;
            return host(authority).then(|| Some(authority.to_owned()));
        }
    }
    let port_given = target.contains(':') && !target.ends_with(':') && !target.ends_with(']');
    (method == "CONNECT" && port_given && host(target)).then(|| Some(target.to_owned()))
}

fn path_and_query(target: &str, authority: Option<&str>) -> (String, Option<String>) {
    if authority == Some(target) {
        return (String::new(), None);
    }
    let local = match authority {
        Some(authority) => {
            let from_authority = target.split_once("://").map_or("", |(_, rest)| rest);
            from_authority.strip_prefix(authority).unwrap_or("")
        }
        None => target,
    };
    let (path, query) = match local.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (local, None),
    };
    (if path.is_empty() { "/" } else { path }.to_owned(), query)
}

pub(super) fn host(value: &str) -> bool {
    let (name, port) = match value.rfind(':') {
        Some(at) if !value[at..].contains(']') => (&value[..at], &value[at + 1..]),
        _ => (value, ""),
    };
    let port_fits = port.is_empty()
        || port.chars().all(|c| c.is_ascii_digit())
            && port.parse::<u128>().is_ok_and(|p| p < 65536);
    if !port_fits {
        return false;
    }
    if let Some(inner) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !name.is_empty() && reg_name(name)
}

fn reg_name(name: &str) -> bool {
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if c == '%' {
            let Some(escape) = rest.get(1..3) else {
                return false;
            };
            let hex = escape.chars().all(|c| c.is_ascii_hexdigit());
            if !hex || ["00", "2f", "5c"].contains(&&*escape.to_lowercase()) {
                return false;
            }
            rest = &rest[3..];
        } else if c.is_ascii_alphanumeric() || UNRESERVED_AND_SUB_DELIMS.contains(c) {
            rest = &rest[1..];
        } else {
            return false;
        }
    }
    true
}

/// Decodes the body at the beginning of `input`; `None` if it is not complete and valid.
pub(super) fn chunked(input: &[u8], limits: &Limits) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut rest, mut extensions) = (Vec::new(), input, 0);
    loop {
        let line;
        (line, rest) = take_line(rest)?;
        let is_end = |b: &u8| b";\t ".contains(b);
        let digits = line.iter().position(is_end).unwrap_or(line.len());
        let extension = &line[digits..];
        extensions += extension.len();
        if extension.len() > limits.chunk_ext_bytes || extensions > limits.chunk_ext_total_bytes {
            return None;
        }
        if !is_extension(extension) {
            return None;
        }
        let digits = std::str::from_utf8(&line[..digits]).ok()?;
        if !(1..=16).contains(&digits.len()) || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let size = u64::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).ok()?;
        body.extend(rest.get(..size)?);
        rest = rest[size..].strip_prefix(b"\r\n")?;
    }
    let trailers = rest.len();
    loop {
        let line;
        let before = rest.len();
        (line, rest) = take_line(rest)?;
        if line.is_empty() {
            return (trailers - before <= limits.trailer_bytes)
                .then_some((body, input.len() - rest.len()));
        }
        field(line)?;
    }
}

/// Returns true for nothing, and for extensions of a chunk, one after the other.
fn is_extension(text: &[u8]) -> bool {
    let text = text.iter().map(|&b| char::from(b)).collect::<String>();
    if text.chars().any(|c| (c < ' ' && c != '\t') || c == '\x7f') {
        return false;
    }
    let blank = |c: char| c == ' ' || c == '\t';
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let Some(after) = rest.trim_start_matches(blank).strip_prefix(';') else { return false };
        let after = after.trim_start_matches(blank);
        rest = after.trim_start_matches(token);
        if rest.len() == after.len() {
            return false;
        }
        let Some(value) = rest.trim_start_matches(blank).strip_prefix('=') else { continue };
        let value = value.trim_start_matches(blank);
        rest = value.trim_start_matches(token);
        if let Some(quoted) = value.strip_prefix('"') {
            let mut escaped = false;
            let end = quoted.find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            let Some(end) = end else { return false };
            rest = &quoted[end + 1..];
        } else if rest.len() == value.len() {
            return false;
        }
    }
    true
}

/// Splits off a line at the first CR LF; no CR or LF may stand before it.
fn take_line(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.windows(2).position(|w| w == b"\r\n")?;
    let line = &input[..end];
    (!line.contains(&b'\r') && !line.contains(&b'\n')).then_some((line, &input[end + 2..]))
}

/// Decodes a path by converting each escape to a number.
pub(super) fn decode_path(path: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut bytes = path.bytes().collect::<std::collections::VecDeque<_>>();
    while let Some(byte) = bytes.pop_front() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = [bytes.pop_front()?, bytes.pop_front()?];
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let number = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
        if [0, b'/', b'\\'].contains(&number) {
            return None;
        }
        decoded.push(number);
    }
    let text: String = decoded.iter().map(|&b| char::from(b)).collect();
    (!text.replace('\\', "/").split('/').any(|segment| segment == "..")).then_some(decoded)
}

/// Splits a stream that has ended at each LF. `None` stands for a line of more than `most` bytes.
pub(super) fn lines(input: &[u8], most: usize) -> Vec<Option<Vec<u8>>> {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let bare = lines.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    bare.map(|line| (line.len() <= most).then(|| line.to_vec())).collect()
}

/// Returns message, seed and hash: the parts before, between and after the last two commas.
pub(super) fn proof(line: &[u8], seed_len: usize) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = line.rsplitn(3, |byte| *byte == b',');
    let (hash, seed, message) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = hash.len() == 64 && hash.iter().all(|byte| b"0123456789abcdef".contains(byte));
    let letters = seed.len() == seed_len && seed.iter().all(u8::is_ascii_alphanumeric);
    (digits && letters).then_some((message, seed, hash))
}
