//! Request heads: bytes in, one validated [`Head`] out.
//!
//! `httparse` finds the parts, `scan` enforces the grammar, and `rules` interprets the fields that
//! decide where a message ends. A head is accepted only if all three agree; otherwise it is refused
//! with a [`Bad`], which ends the connection. Never lenient: request smuggling depends on bytes
//! that two readers understand differently.

mod bad;
pub(super) mod framing;
pub(super) mod lines;
mod rules;
mod scan;

pub use crate::names::Method;
pub use bad::Bad;
pub use scan::Scan;

use super::Parse;
use super::target::{self, Target};
use crate::limits::{EMPTY_LINES_MAX, HEAD_FIELDS_MAX, Limits, METHOD_BYTES_MAX};
use std::mem::MaybeUninit;

/// A field of a head as it was sent, its value without surrounding blanks.
pub type Field<'b> = httparse::Header<'b>;

/// A request head whose framing is decided.
#[derive(Debug)]
pub struct Head<'h, 'b> {
    /// The method.
    pub method: Method,
    /// The target.
    pub target: Target<'b>,
    /// The sender's version; a response is always HTTP/1.1.
    pub version: Version,
    /// The end of the body.
    pub framing: Framing,
    /// True if the connection may carry another request: the default of the version, unless a
    /// `Connection` field changes it; `close` wins over `keep-alive`.
    pub keep_alive: bool,
    /// True if the sender waits for `100 Continue` before it sends the body that it announced.
    /// Never set for HTTP/1.0 (RFC 9110 §10.1.1), nor without a body.
    pub expect_continue: bool,
    /// A valid `Host` field. `None` only in HTTP/1.0.
    host: Option<&'b [u8]>,
    /// All fields in their order. Names are tokens; values hold no control byte except the tab.
    pub fields: &'h [Field<'b>],
}

/// Storage for the fields of one head. It is never initialised as a whole, so creating it is free.
#[derive(Debug)]
pub struct Fields<'b>(pub(super) [MaybeUninit<Field<'b>>; HEAD_FIELDS_MAX]);

/// The versions that are implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// HTTP/1.0: closes unless keep-alive is requested, and has no transfer coding.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// The end of the body of a request (RFC 9112 §6.3).
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
/// `scan` belongs to this head: begin with [`Scan::default`] and pass it again to every call that
/// follows a [`Parse::More`]; the input of those calls must begin with the same bytes. After `Done`
/// it is reset. The work is linear in the bytes shown, even if they arrive one at a time, and
/// memory is bounded: once `limits.head_bytes` were shown, the result is no longer `More`.
///
/// ```
/// use pentad::limits::Limits;
/// use pentad::wire::Parse;
/// use pentad::wire::http::{Fields, Method, Scan, head};
///
/// let request = b"GET /a?b=1 HTTP/1.1\r\nHost: example.org\r\n\r\n";
/// let mut fields = Fields::new();
/// let read = head(request, &mut Scan::default(), &Limits::default(), &mut fields);
/// let Parse::Done(head, used) = read else { panic!("a valid head") };
/// assert_eq!((head.method, head.target.path(), used), (Method::Get, "/a", request.len()));
/// ```
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

/// The parts that `httparse` found in a complete head.
struct Found<'h, 'b> {
    method: &'b str,
    target: &'b str,
    version: Version,
    fields: &'h [Field<'b>],
    /// Offset of the request line.
    start: usize,
    /// Offset of the end of the head.
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

/// Returns the offset after the permitted empty lines; `httparse` would skip any number of any
/// kind.
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
    /// Checks the rules that `httparse` does not enforce; see [`scan`]. Returns the offset of the
    /// query in the target.
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

/// Returns true if some LF has no CR before it.
#[inline]
pub(super) fn has_bare_lf(head: &[u8]) -> bool {
    // Two views of the same bytes, one ahead of the other, and no early exit: compilers turn this
    // into vector code.
    let mut bare = head.first() == Some(&b'\n');
    for (&before, &byte) in head.iter().zip(&head[1.min(head.len())..]) {
        bare |= (byte == b'\n') & (before != b'\r');
    }
    bare
}

/// Refuses a head on which the two readers disagree, because smuggling depends on exactly that. The
/// laws in `check` assert that they agree.
#[cold]
fn disagreement() -> Bad {
    debug_assert!(false, "httparse and the byte scanner disagree");
    Bad::RequestLine
}

/// Returns the configured number of fields, limited by the storage.
pub(super) fn fields_max(limits: &Limits) -> usize {
    limits.head_fields.min(HEAD_FIELDS_MAX)
}

impl<'b> Head<'_, 'b> {
    /// Returns the requested host: from the target if it names one, else from the `Host` field.
    /// `None` only in HTTP/1.0.
    pub fn host(&self) -> Option<&'b str> {
        let field = || std::str::from_utf8(self.host?).ok();
        self.target.authority().or_else(field)
    }

    /// Returns the value of the first field called `name`, in any case.
    pub fn field(&self, name: &str) -> Option<&'b [u8]> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }

    /// Iterates over the values of all fields called `name`, in their order.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &'b [u8]> + Clone {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }
}

impl Fields<'_> {
    /// Creates uninitialised storage.
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

impl Version {
    /// Returns the version as it appears in a request line.
    pub const fn name(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

#[cfg(test)]
mod tests;
