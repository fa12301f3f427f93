//! Response heads, as a client reads them: bytes in, one validated [`Head`] out.
//!
//! Built like the reader of request heads: `httparse` finds the parts, `scan` enforces the grammar,
//! and the framing is decided by the same code as for requests. Never lenient: a client that
//! guesses the end of a response may take the next one for part of it.

mod scan;

pub use super::http::Bad;
pub use scan::Scan;

use super::Parse;
use super::http::{Field, Fields, Method, Version, fields_max, framing, has_bare_lf};
use crate::limits::Limits;

/// A response head whose framing is decided.
#[derive(Debug)]
pub struct Head<'h, 'b> {
    /// 100 to 999, but never 101, as no request asks for another protocol. From 600 on it counts as
    /// an error of the server.
    pub status: u16,
    /// The sender's version.
    pub version: Version,
    /// The end of the body.
    pub framing: Framing,
    /// True if the connection may carry another exchange afterwards.
    pub keep_alive: bool,
    /// All fields in their order. Names are tokens; values hold no control byte except the tab.
    pub fields: &'h [Field<'b>],
}

/// The end of the body of a response (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body, whatever the fields say: it answers HEAD, or its status has no content.
    None,
    /// After this many bytes, which may be 0.
    Length(u64),
    /// After the last chunk and its trailers.
    Chunked,
    /// At the end of the connection.
    Close,
}

/// Parses the head of a response to a request with the method `asked`.
///
/// `scan` belongs to this head, with the contract of [`http::head`](super::http::head).
pub fn head<'h, 'b>(
    input: &'b [u8],
    asked: Method,
    scan: &mut Scan,
    limits: &Limits,
    fields: &'h mut Fields<'b>,
) -> Parse<Head<'h, 'b>, Bad> {
    if scan.is_fresh() {
        let view = &input[..input.len().min(limits.head_bytes)];
        if let Some(found) = find(view, limits, fields) {
            return found.understand(asked);
        }
        return match scan.advance(input, limits) {
            Ok(None) => Parse::More,
            Ok(Some(_)) => Parse::Bad(disagreement()),
            Err(bad) => Parse::Bad(bad),
        };
    }
    match scan.advance(input, limits) {
        Ok(None) => Parse::More,
        Ok(Some(end)) => {
            *scan = Scan::default();
            match find(&input[..end], limits, fields) {
                Some(found) => found.understand(asked),
                None => Parse::Bad(disagreement()),
            }
        }
        Err(bad) => Parse::Bad(bad),
    }
}

/// The parts that `httparse` found in a complete head that also satisfies our rules.
struct Found<'h, 'b> {
    version: Version,
    status: u16,
    fields: &'h [Field<'b>],
    used: usize,
}

fn find<'h, 'b>(
    view: &'b [u8],
    limits: &Limits,
    fields: &'h mut Fields<'b>,
) -> Option<Found<'h, 'b>> {
    let mut response = httparse::Response::new(&mut []);
    let room = &mut fields.0[..fields_max(limits)];
    let parser = httparse::ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut response, view, room);
    let Ok(httparse::Status::Complete(used)) = parsed else {
        return None;
    };
    let status = response.code?;
    // `httparse` would accept empty lines before the first, and lines that end in LF alone.
    let strict = view.starts_with(b"H") && !has_bare_lf(&view[..used]);
    (strict && scan::is_status(status)).then_some(Found {
        version: if response.version? == 0 { Version::Http10 } else { Version::Http11 },
        status,
        fields: response.headers,
        used,
    })
}

impl<'h, 'b> Found<'h, 'b> {
    fn understand(self, asked: Method) -> Parse<Head<'h, 'b>, Bad> {
        let used = self.used;
        match self.decide(asked) {
            Ok(head) => Parse::Done(head, used),
            Err(bad) => Parse::Bad(bad),
        }
    }

    fn decide(self, asked: Method) -> Result<Head<'h, 'b>, Bad> {
        let Found { version, status, fields, .. } = self;
        let mut seen = framing::FramingFields::default();
        for field in fields {
            seen.field(field)?;
        }
        if status == 101 {
            return Err(Bad::Upgraded);
        }
        let said = seen.decide(version)?;
        let framing = match (asked, status) {
            (Method::Head, _) | (_, 100..200 | 204 | 304) => Framing::None,
            // A tunnel: the bytes that follow are not a message.
            (Method::Connect, 200..300) => Framing::Close,
            _ => match said {
                super::http::Framing::None => Framing::Close,
                super::http::Framing::Length(length) => Framing::Length(length),
                super::http::Framing::Chunked => Framing::Chunked,
            },
        };
        let keep_alive = seen.keeps_alive(version) && framing != Framing::Close;
        Ok(Head { status, version, framing, keep_alive, fields })
    }
}

/// Refuses a head on which the two readers disagree. The laws in `check` assert that they agree.
#[cold]
fn disagreement() -> Bad {
    debug_assert!(false, "httparse and the byte scanner disagree");
    Bad::StatusLine
}

impl<'b> Head<'_, 'b> {
    /// Returns true if another head follows, the final one (RFC 9110 §15.2).
    pub fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// Returns the value of the first field called `name`, in any case.
    pub fn field(&self, name: &str) -> Option<&'b [u8]> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }
}

#[cfg(test)]
mod tests;
