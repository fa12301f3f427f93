//! Request heads: bytes in, one decided [`Head`] out.
//!
//! `httparse` finds the parts, `scan` holds the grammar to the letter and `rules` the meaning
//! of the fields that decide where a message ends. A head is accepted only if all three agree;
//! what they refuse has a [`Bad`] and ends the connection. Never lenient: a byte that two readers
//! could understand differently is how requests are smuggled.

mod bad;
pub(super) mod framing;
pub(super) mod lines;
mod rules;
mod scan;

pub use bad::Bad;
pub use scan::Scan;

use super::Parse;
use super::target::{self, Target};
use crate::limits::{EMPTY_LINES_MAX, HEAD_FIELDS_MAX, Limits, METHOD_BYTES_MAX};
use std::mem::MaybeUninit;

/// A field of a head, as it was sent: the value without blanks around it.
pub type Field<'b> = httparse::Header<'b>;

/// A request head with every question about framing answered.
#[derive(Debug)]
pub struct Head<'h, 'b> {
    /// What to do.
    pub method: Method,
    /// To what.
    pub target: Target<'b>,
    /// The sender's version; an answer is always HTTP/1.1.
    pub version: Version,
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the connection may carry another request: what the version says, unless a
    /// `Connection` field says otherwise; `close` wins over `keep-alive`.
    pub keep_alive: bool,
    /// Whether the sender waits for `100 Continue` before it sends the body that it announced.
    /// Never set for HTTP/1.0 (RFC 9110 §10.1.1), nor when there is no body.
    pub expect_continue: bool,
    /// A valid `Host` field. `None` only in HTTP/1.0.
    host: Option<&'b [u8]>,
    /// All fields in their order. Names are tokens, values hold no control byte but the tab.
    pub fields: &'h [Field<'b>],
}

/// Room for the fields of one head. Never initialised as a whole, so making one costs nothing.
#[derive(Debug)]
pub struct Fields<'b>(pub(super) [MaybeUninit<Field<'b>>; HEAD_FIELDS_MAX]);

/// The method of a request. Tokens that are none of the known ones are [`Method::Other`]: not
/// wrong, only not implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Connect,
    Trace,
    Other,
}

/// The versions that are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// HTTP/1.0: closes unless asked to keep alive, and knows no transfer coding.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// Where the body of a request ends (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body: neither field was sent.
    None,
    /// After this many bytes, which may be 0.
    Length(u64),
    /// After the last chunk and its trailers.
    Chunked,
}

/// Parses the head of a request, and up to two empty lines before it.
///
/// `scan` belongs to this head: begin with [`Scan::default`] and pass it again with every call
/// that follows a [`Parse::More`]; the input of those calls must begin with the same bytes. After
/// `Done` it is fresh again. Work is linear in the bytes shown, however few come at a time, and
/// memory is bounded: once `limits.head_bytes` were shown the answer is no longer `More`.
pub fn head<'h, 'b>(
    input: &'b [u8],
    scan: &mut Scan,
    limits: &Limits,
    fields: &'h mut Fields<'b>,
) -> Parse<Head<'h, 'b>, Bad> {
    if scan.is_fresh() {
        let view = &input[..input.len().min(limits.head_bytes)];
        let found = find(view, limits, fields);
        if let Some((question, found)) = found.and_then(|f| Some((f.strict(view, limits)?, f))) {
            return found.understand(question);
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
            let found = find(&input[..end], limits, fields);
            match found.and_then(|f| Some((f.strict(&input[..end], limits)?, f))) {
                Some((question, found)) => found.understand(question),
                None => Parse::Bad(disagreement()),
            }
        }
        Err(bad) => Parse::Bad(bad),
    }
}

/// What `httparse` found in a complete head.
struct Found<'h, 'b> {
    method: &'b str,
    target: &'b str,
    version: Version,
    fields: &'h [Field<'b>],
    /// Where the request line begins.
    start: usize,
    /// Where the head ends.
    used: usize,
}

fn find<'h, 'b>(
    view: &'b [u8],
    limits: &Limits,
    fields: &'h mut Fields<'b>,
) -> Option<Found<'h, 'b>> {
    let mut request = httparse::Request::new(&mut []);
    let room = &mut fields.0[..fields_max(limits)];
    let start = after_empty_lines(view);
    let parsed = request.parse_with_uninit_headers(&view[start..], room);
    let Ok(httparse::Status::Complete(used)) = parsed else {
        return None;
    };
    Some(Found {
        method: request.method?,
        target: request.path?,
        version: if request.version? == 0 { Version::Http10 } else { Version::Http11 },
        fields: request.headers,
        start,
        used: start + used,
    })
}

/// Past the empty lines that are allowed; `httparse` would take any number of any kind.
#[inline]
fn after_empty_lines(view: &[u8]) -> usize {
    let mut start = 0;
    for _ in 0..EMPTY_LINES_MAX {
        start += if view[start..].starts_with(b"\r\n") {
            2
        } else {
            break;
        };
    }
    start
}

impl<'h, 'b> Found<'h, 'b> {
    /// Whether the head keeps the rules that `httparse` does not know; see [`scan`] for them.
    /// Answers where the query of the target begins.
    #[inline]
    fn strict(&self, view: &[u8], limits: &Limits) -> Option<Option<usize>> {
        let head = &view[self.start..self.used];
        if matches!(head.first(), Some(b'\r' | b'\n'))
            || has_bare_lf(head)
            || self.method.len() > METHOD_BYTES_MAX
            || self.target.len() > limits.target_bytes
        {
            return None;
        }
        target::bytes(self.target.as_bytes()).ok()
    }

    fn understand(self, question: Option<usize>) -> Parse<Head<'h, 'b>, Bad> {
        let used = self.used;
        match rules::understand(&self, question) {
            Ok(head) => Parse::Done(head, used),
            Err(bad) => Parse::Bad(bad),
        }
    }
}

/// Whether some LF has no CR before it.
#[inline]
pub(super) fn has_bare_lf(head: &[u8]) -> bool {
    // Two views of the same bytes, one ahead of the other, and no way out of the loop: that is
    // what compilers turn into vector code.
    let mut bare = head.first() == Some(&b'\n');
    for (&before, &byte) in head.iter().zip(&head[1.min(head.len())..]) {
        bare |= (byte == b'\n') & (before != b'\r');
    }
    bare
}

/// Two readers of one head that do not agree on it: the very thing that smuggling needs, so the
/// head is refused. The laws in `check` hold them to agreement.
#[cold]
fn disagreement() -> Bad {
    debug_assert!(false, "httparse and the byte scanner disagree");
    Bad::RequestLine
}

/// The configured number of fields, as far as there is room for them.
pub(super) fn fields_max(limits: &Limits) -> usize {
    limits.head_fields.min(HEAD_FIELDS_MAX)
}

impl<'b> Head<'_, 'b> {
    /// The host that was asked for: of the target if it names one, else of the `Host` field.
    /// `None` only in HTTP/1.0.
    pub fn host(&self) -> Option<&'b str> {
        let field = || std::str::from_utf8(self.host?).ok();
        self.target.authority().or_else(field)
    }

    /// The value of the first field called `name`, in any case.
    pub fn field(&self, name: &str) -> Option<&'b [u8]> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }

    /// The values of all fields called `name`, in their order.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &'b [u8]> + Clone {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }
}

impl Fields<'_> {
    /// Room that nothing was written to.
    #[inline]
    pub fn new() -> Self {
        Fields([const { MaybeUninit::uninit() }; HEAD_FIELDS_MAX])
    }
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Fields::new()
    }
}

impl Method {
    /// The method that a token names; methods are case-sensitive (RFC 9110 §9.1).
    pub fn of(token: &str) -> Method {
        match token {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "CONNECT" => Method::Connect,
            "TRACE" => Method::Trace,
            _ => Method::Other,
        }
    }

    /// The token, as it stands in `Allow` and in logs; `-` for one that is not known.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Connect => "CONNECT",
            Method::Trace => "TRACE",
            Method::Other => "-",
        }
    }
}

impl Version {
    /// As it stands in a request line.
    pub const fn name(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

#[cfg(test)]
mod tests;
