//! Responses as values, and the forms of errors.

use super::allow::Allow;
use crate::wire::accept;
use crate::wire::http::Head;
use crate::wire::reply::{Field, phrase};
use crate::work::files::Opened;
use crate::work::store::list::List;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A response before it is printed.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Media type of the content; nothing if `lines` name it.
    pub content_type: &'static str,
    /// The content.
    pub body: Body,
    /// Fields beyond those of every response.
    pub fields: Vec<Field>,
    /// Further fields as they are printed, each with its CRLF.
    pub lines: Option<Arc<[u8]>>,
    /// The cache status.
    pub cache: Option<CacheStatus>,
    /// Seconds since the content was read from its source (RFC 9111 §5.1), unless it is our own.
    pub age: Option<u64>,
    /// The policy for a cookie.
    pub cookie: Cookie,
}

/// The cache status of a request, as in `X-Cache` and the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheStatus {
    /// Answered from memory.
    Hit,
    /// Read for this request, or for a concurrent one.
    Miss,
    /// Not cached: the cache is off, or the file is too large for it.
    Bypass,
}

impl CacheStatus {
    /// Returns the word in `X-Cache`.
    pub fn name(self) -> &'static str {
        match self {
            CacheStatus::Hit => "HIT",
            CacheStatus::Miss => "MISS",
            CacheStatus::Bypass => "BYPASS",
        }
    }
}

/// The policy for a visitor's cookie in a response: only with a page, and only if it is marked
/// private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// No cookie: it is not a page, or shared caches may keep it.
    Never,
    /// A cookie: its caching is restricted already.
    Allowed,
    /// A cookie, and then marked private.
    Private,
}

/// The content of a response.
#[derive(Debug, Clone)]
pub enum Body {
    /// Printed for this response, or static.
    Bytes(Cow<'static, [u8]>),
    /// A range of bytes that other responses share.
    Shared(Arc<[u8]>, Range<usize>),
    /// A part of a file, which is sent as the socket takes it.
    File(Arc<Opened>, Range<u64>),
    /// A part of a file in memory, which can be sent at once.
    Sealed(Arc<Opened>, Range<u64>),
    /// A list, which is printed as the socket takes it.
    List(Arc<List>),
    /// The length of content that is not sent: the request was HEAD.
    Unsent(u64),
}

impl Body {
    /// Returns its length.
    pub fn length(&self) -> u64 {
        match self {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Shared(_, range) => range.len() as u64,
            Body::File(_, range) | Body::Sealed(_, range) => range.end - range.start,
            Body::List(list) => list.bytes,
            Body::Unsent(bytes) => *bytes,
        }
    }

    /// Returns the bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Body::Bytes(bytes) => Some(bytes),
            Body::Shared(bytes, range) => Some(&bytes[range.clone()]),
            Body::File(..) | Body::Sealed(..) | Body::List(_) | Body::Unsent(_) => None,
        }
    }
}

/// A JSON document, already printed.
pub fn json(status: u16, document: String) -> Response {
    with(status, "application/json", document.into_bytes().into())
}

/// A line of text.
pub fn text(status: u16, line: &'static str) -> Response {
    with(status, "text/plain; charset=utf-8", line.as_bytes().into())
}

/// Lines of text, already printed.
pub fn lines(status: u16, text: String) -> Response {
    with(status, "text/plain; charset=utf-8", text.into_bytes().into())
}

/// The policy of our own pages: no script, no frame, nothing from other origins.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// Returns one of our own pages.
pub fn page(status: u16, html: Cow<'static, str>) -> Response {
    let body = match html {
        Cow::Borrowed(html) => Cow::Borrowed(html.as_bytes()),
        Cow::Owned(html) => Cow::Owned(html.into_bytes()),
    };
    with(status, "text/html; charset=utf-8", body)
        .field("Content-Security-Policy", PAGE_POLICY)
        .personal()
}

/// Returns a file that is part of the program.
pub fn bytes(status: u16, content_type: &'static str, bytes: &'static [u8]) -> Response {
    with(status, content_type, bytes.into())
}

/// No content.
pub fn empty(status: u16) -> Response {
    with(status, "", Cow::Borrowed(b""))
}

/// A document of any other type.
pub fn content(status: u16, content_type: &'static str, document: String) -> Response {
    with(status, content_type, document.into_bytes().into())
}

fn with(status: u16, content_type: &'static str, body: Cow<'static, [u8]>) -> Response {
    let body = Body::Bytes(body);
    Response {
        status,
        content_type,
        body,
        fields: Vec::new(),
        lines: None,
        cache: None,
        age: None,
        cookie: Cookie::Never,
    }
}

impl Response {
    /// With one more field.
    pub fn field(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        self.fields.push((name, value.into()));
        self
    }

    /// Marks a page without cache instructions as personal.
    pub fn personal(self) -> Response {
        Response { cookie: Cookie::Private, ..self }
    }

    /// Forbids caching: the content is valid only for a moment.
    pub fn momentary(self) -> Response {
        self.field("Cache-Control", "no-store")
    }

    /// Declares that the form depends on the `Accept` field.
    pub fn varying(self) -> Response {
        self.field("Vary", "Accept")
    }

    /// Adds the allowed methods.
    pub fn allow(self, allow: Allow<'_>) -> Response {
        self.field("Allow", allow.to_string())
    }

    /// Adds the time of a retry.
    pub fn retry_after(self, seconds: u32) -> Response {
        self.field("Retry-After", seconds.to_string())
    }
}

/// The style of error pages …
const ERROR_STYLE: &str = "\
    :root{color-scheme:light dark}body{font:106.25%/1.6 system-ui,sans-serif;\
    margin:15vh auto;max-width:34rem;padding:0 1.25rem;\
    background:light-dark(#fbfaf8,#14181a);color:light-dark(#1d2528,#e4e9e8)}h1{\
    font-size:1.5rem;letter-spacing:-.01em}a{color:light-dark(#0f766e,#5eead4)}";

/// … and the policy that allows only that style.
const ERROR_POLICY: &str = "default-src 'none'; \
    style-src 'sha256-yOEE0oU78Gq/LFheukv1ovJHXVO421ShvgfUuACUY0Q='; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The form of errors for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `{"error": …}`, for the clients of older paths.
    Plain,
    /// Problem details (RFC 9457).
    Problem,
    /// Problem details, where the client would otherwise get a page.
    ProblemAsked,
    /// A page.
    Page,
}

impl Style {
    /// Returns the form for a request to an unknown path.
    pub fn of(head: &Head<'_, '_>) -> Style {
        Style::wanted(head.target.path(), &head.fields("accept"))
    }

    /// Returns the form by the path, or else by the accepted types.
    pub fn wanted<'b>(path: &str, accepted: &(impl Iterator<Item = &'b [u8]> + Clone)) -> Style {
        if path.starts_with("/api/") {
            Style::Problem
        } else if accept::prefers_json(accepted) {
            Style::ProblemAsked
        } else {
            Style::Page
        }
    }

    /// Returns the error for a body that is too large, in this form.
    pub fn too_large(self) -> Response {
        self.error(413, "The body is larger than this path takes.")
    }

    /// Returns an error in this form. `detail` is a sentence.
    pub fn error(self, status: u16, detail: &str) -> Response {
        match self {
            Style::Plain => json(status, serde_json::json!({ "error": detail }).to_string()),
            Style::ProblemAsked => Style::Problem.error(status, detail).varying(),
            Style::Problem => {
                let problem = serde_json::json!({
                    "type": "about:blank",
                    "title": phrase(status),
                    "status": status,
                    "detail": detail,
                });
                let body = problem.to_string().into_bytes();
                with(status, "application/problem+json", body.into())
            }
            Style::Page => {
                let title = phrase(status);
                let html = format!(
                    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
                     <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                     <title>{status} {title}</title>\n<style>{ERROR_STYLE}</style>\n\
                     <h1>{status} {title}</h1>\n<p>{detail}</p>\n\
                     <p><a href=\"/\">To the start page</a></p>\n</html>\n"
                );
                with(status, "text/html; charset=utf-8", html.into_bytes().into())
                    .field("Content-Security-Policy", ERROR_POLICY)
                    .varying()
                    .personal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::base64;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policy_of_error_pages_knows_their_style() {
        let hash = base64::encode(&Sha256::digest(ERROR_STYLE));
        assert!(ERROR_POLICY.contains(&format!("style-src 'sha256-{hash}';")), "{hash}");
        let response = Style::Page.error(404, "nothing here");
        let page = String::from_utf8_lossy(response.body.bytes().unwrap()).into_owned();
        assert!(page.contains(&format!("<style>{ERROR_STYLE}</style>")));
    }

    #[test]
    fn an_error_says_the_same_in_every_form() {
        for style in [Style::Plain, Style::Problem, Style::ProblemAsked, Style::Page] {
            let response = style.error(404, "nothing here");
            assert_eq!(response.status, 404);
            let text = String::from_utf8_lossy(response.body.bytes().unwrap());
            assert!(text.contains("nothing here"));
        }
        assert_eq!(
            Style::Plain.error(401, "user info error").body.bytes(),
            Some(&br#"{"error":"user info error"}"#[..])
        );
    }
}
