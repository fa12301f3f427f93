//! Heads of HTTP responses: a status line, the fields of every response, and the end.
//!
//! The printer cannot fail and checks nothing: names and values come from the program, never from
//! the wire.

use std::borrow::Cow;
use std::io::Write;

/// The `Connection` field of a response (RFC 9112 §9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not sent: HTTP/1.1 keeps the connection open.
    Implied,
    /// `keep-alive`, sent to an HTTP/1.0 client that asked for it.
    KeepAlive,
    /// `close`: this is the last response.
    Close,
}

/// Name and value of a field.
pub type Field = (&'static str, Cow<'static, str>);

/// A response head.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Status code, 100 to 599.
    pub status: u16,
    /// Lines that all responses share, each with its CRLF.
    pub common: &'a [u8],
    /// Media type; none for responses without content.
    pub content_type: Option<&'a str>,
    /// Length of the content; none where RFC 9110 §8.6 forbids the field.
    pub content_length: Option<u64>,
    /// See [`Connection`].
    pub connection: Connection,
    /// Further fields.
    pub fields: &'a [Field],
    /// Further fields as they are printed, each with its CRLF.
    pub lines: [&'a [u8]; 5],
    /// Seconds since the content was read from its source (RFC 9111 §5.1).
    pub age: Option<u64>,
}

/// The interim response that asks for the body (RFC 9110 §10.1.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Prints a head, with the empty line at its end.
pub fn print(head: &Head<'_>, out: &mut Vec<u8>) {
    status_line(head.status, out);
    out.extend_from_slice(head.common);
    if let Some(content_type) = head.content_type {
        field("Content-Type", content_type.as_bytes(), out);
    }
    if let Some(length) = head.content_length {
        out.extend_from_slice(b"Content-Length: ");
        decimal(length, out);
        out.extend_from_slice(b"\r\n");
    }
    match head.connection {
        Connection::Implied => {}
        Connection::KeepAlive => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        Connection::Close => out.extend_from_slice(b"Connection: close\r\n"),
    }
    for (name, value) in head.fields {
        field(name, value.as_bytes(), out);
    }
    head.lines.iter().for_each(|lines| out.extend_from_slice(lines));
    if let Some(age) = head.age {
        out.extend_from_slice(b"Age: ");
        decimal(age, out);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Returns the phrase that RFC 9110 §15 gives for a status, or that of its class.
pub fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        other => match other / 100 {
            2 => "Success",
            3 => "Redirection",
            4 => "Client Error",
            _ => "Server Error",
        },
    }
}

fn status_line(status: u16, out: &mut Vec<u8>) {
    if status == 200 {
        return out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    write!(out, "HTTP/1.1 {status} {}\r\n", phrase(status)).expect("a Vec takes every write");
}

fn field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Maximum digits of a `u64`.
const DIGITS_MAX: usize = 20;

fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; DIGITS_MAX];
    let mut first = DIGITS_MAX;
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[first..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_printed_line_by_line() {
        let head = Head {
            status: 405,
            common: b"Server: pentad\r\n",
            content_type: Some("text/plain"),
            content_length: Some(12),
            connection: Connection::Close,
            fields: &[("Allow", "POST, OPTIONS".into())],
            lines: [b"X: y\r\n", b"", b"Z: z\r\n", b"", b""],
            age: Some(7),
        };
        let mut out = Vec::new();
        print(&head, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 405 Method Not Allowed\r\nServer: pentad\r\nContent-Type: text/plain\r\n\
             Content-Length: 12\r\nConnection: close\r\nAllow: POST, OPTIONS\r\nX: y\r\n\
             Z: z\r\nAge: 7\r\n\r\n"
        );
    }

    #[test]
    fn decimals_equal_those_of_the_standard_library() {
        let mut rng = fastrand::Rng::with_seed(3);
        let edges = [0, 9, 10, 99, 100, u64::MAX];
        for number in (0..1000).map(|shift| rng.u64(..) >> (shift % 64)).chain(edges) {
            let mut out = Vec::new();
            decimal(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }

    #[test]
    fn every_status_has_a_phrase() {
        for status in 100..600 {
            assert!(!phrase(status).is_empty());
        }
    }
}
