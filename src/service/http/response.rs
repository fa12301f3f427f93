//! What endpoints answer: responses as values, and how errors look to whom.

use crate::service::http::routes::Allow;
use crate::wire::http::Head;
use crate::wire::reply::phrase;
use std::borrow::Cow;

/// A response before it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Media type of the content.
    pub content_type: &'static str,
    /// The content.
    pub body: Cow<'static, [u8]>,
    /// Fields beyond those of every response.
    pub fields: Vec<(&'static str, String)>,
}

/// A JSON document, already printed.
pub fn json(status: u16, document: String) -> Response {
    with(status, "application/json", document.into_bytes().into())
}

/// A line of text.
pub fn text(status: u16, line: &'static str) -> Response {
    with(status, "text/plain; charset=utf-8", line.as_bytes().into())
}

/// What our own pages may do: no script, no frame, nothing from anywhere else.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// One of our own pages.
pub fn page(status: u16, html: Cow<'static, str>) -> Response {
    let body = match html {
        Cow::Borrowed(html) => Cow::Borrowed(html.as_bytes()),
        Cow::Owned(html) => Cow::Owned(html.into_bytes()),
    };
    with(status, "text/html; charset=utf-8", body)
        .field("Content-Security-Policy", PAGE_POLICY.to_string())
}

/// No content.
pub fn empty(status: u16) -> Response {
    with(status, "", Cow::Borrowed(b""))
}

fn with(status: u16, content_type: &'static str, body: Cow<'static, [u8]>) -> Response {
    Response { status, content_type, body, fields: Vec::new() }
}

impl Response {
    /// With one more field.
    pub fn field(mut self, name: &'static str, value: String) -> Response {
        self.fields.push((name, value));
        self
    }

    /// With the methods that would have been allowed.
    pub fn allow(self, allow: Allow<'_>) -> Response {
        self.field("Allow", allow.to_string())
    }

    /// With a hint when to try again.
    pub fn retry_after(self, seconds: u32) -> Response {
        self.field("Retry-After", seconds.to_string())
    }
}

/// In which form a client reads errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `{"error": …}`, which the clients of the older paths know.
    Plain,
    /// Problem details (RFC 9457).
    Problem,
    /// A page.
    Page,
}

impl Style {
    /// The form for a request to no known path: by the path, else by what is accepted.
    pub fn of(head: &Head<'_, '_>) -> Style {
        let api = head.target.path().starts_with("/api/");
        if api || prefers_json(head.field("accept").unwrap_or(b"")) {
            Style::Problem
        } else {
            Style::Page
        }
    }

    /// That a body is too large, in this form.
    pub fn too_large(self) -> Response {
        self.error(413, "The body is larger than this path takes.")
    }

    /// An error in this form. `detail` is a sentence.
    pub fn error(self, status: u16, detail: &str) -> Response {
        match self {
            Style::Plain => json(status, serde_json::json!({ "error": detail }).to_string()),
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
                     <meta name=\"viewport\" content=\"width=device-width\">\n\
                     <title>{status} {title}</title>\n\
                     <style>:root{{color-scheme:light dark}}\
                     body{{font:1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;\
                     padding:0 1rem}}</style>\n\
                     <h1>{status} {title}</h1>\n<p>{detail}</p>\n</html>\n"
                );
                page(status, html.into())
            }
        }
    }
}

/// Whether `accept` gives a JSON type a higher weight than HTML (RFC 9110 §12.5.1).
fn prefers_json(accept: &[u8]) -> bool {
    let (mut json, mut html) = (0, 0);
    for range in accept.split(|byte| *byte == b',') {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let media = parts.next().unwrap_or(b"").to_ascii_lowercase();
        let weight = parts.find_map(weight).unwrap_or(1000);
        match media.as_slice() {
            b"application/json" | b"application/problem+json" | b"application/*" => {
                json = json.max(weight);
            }
            b"text/html" | b"application/xhtml+xml" | b"text/*" => html = html.max(weight),
            _ => {}
        }
    }
    json > html
}

/// `q=0.5` in thousandths; a malformed weight counts as none.
fn weight(parameter: &[u8]) -> Option<u32> {
    let value = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    let value: f32 = std::str::from_utf8(value).ok()?.parse().ok()?;
    (0.0..=1.0).contains(&value).then_some((value * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_preferred_by_weight_and_never_by_a_wildcard() {
        for (accept, preferred) in [
            ("application/json", true),
            ("application/problem+json", true),
            ("Application/JSON;q=0.9, text/html;q=0.8", true),
            ("text/html,application/json;q=0.9", false),
            ("text/html, application/json", false),
            ("*/*", false),
            ("", false),
            ("application/json;q=0", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
        ] {
            assert_eq!(prefers_json(accept.as_bytes()), preferred, "{accept}");
        }
    }

    #[test]
    fn an_error_says_the_same_in_every_form() {
        for style in [Style::Plain, Style::Problem, Style::Page] {
            let response = style.error(404, "nothing here");
            assert_eq!(response.status, 404);
            assert!(String::from_utf8_lossy(&response.body).contains("nothing here"));
        }
        assert_eq!(
            *Style::Plain.error(401, "user info error").body,
            *br#"{"error":"user info error"}"#
        );
    }
}
