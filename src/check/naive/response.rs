//! The oracle of the client's reader: the whole stream, split as the standard says.

use super::{body, field, keeps_alive, split};
use crate::limits::Limits;

/// A complete response at the beginning of a stream that ends where the input ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) used: usize,
    pub(crate) keep_alive: bool,
}

/// Parses the first response that is not interim; `None` if it is not complete and valid.
pub(crate) fn response(input: &[u8], to_head: bool, limits: &Limits) -> Option<Response> {
    let end = input.windows(4).position(|w| w == b"\r\n\r\n")?;
    if end + 4 > limits.head_bytes {
        return None;
    }
    let (head, rest) = (&input[..end], &input[end + 4..]);
    let mut lines = split(head, b"\r\n").into_iter();
    let (status, is_new) = status_line(lines.next()?)?;
    let fields = lines.map(field).collect::<Option<Vec<_>>>()?;
    let framing = body(&fields, is_new)?;
    if fields.len() > limits.head_fields || status == 101 {
        return None;
    }
    if status < 200 {
        let next = response(rest, to_head, limits)?;
        return Some(Response { used: next.used + end + 4, ..next });
    }
    let keeps_alive = keeps_alive(&fields, is_new);
    let (body, used, keep_alive) = match framing {
        _ if to_head || status == 204 || status == 304 => (Vec::new(), 0, keeps_alive),
        Some(Some(length)) => {
            let length = usize::try_from(length).ok()?;
            (rest.get(..length)?.to_vec(), length, keeps_alive)
        }
        Some(None) => {
            let (body, used) = super::chunked(rest, limits)?;
            (body, used, keeps_alive)
        }
        None => (rest.to_vec(), rest.len(), false),
    };
    Some(Response { status, body, used: end + 4 + used, keep_alive })
}

/// Returns the status, and true for version 1.1.
fn status_line(line: &[u8]) -> Option<(u16, bool)> {
    let text: String = line.iter().map(|&byte| char::from(byte)).collect();
    let (version, rest) = text.split_once(' ')?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_new = match version {
        "HTTP/1.1" => true,
        "HTTP/1.0" => false,
        _ => return None,
    };
    if code.len() != 3 || !code.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    if reason.chars().any(|c| (c.is_ascii_control() && c != '\t') || c == '\u{7f}') {
        return None;
    }
    let status = code.parse().ok()?;
    (100..=999).contains(&status).then_some((status, is_new))
}
