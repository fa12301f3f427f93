//! Other sites whose pages have the rights of programs here (`--cors-origin`): the answers to
//! preflight requests, and the fields that let them read answers (Fetch standard §3.2).

use crate::wire::http::{Head, Method};
use std::sync::Arc;

/// The sites.
#[derive(Debug, Default)]
pub struct Cors {
    sites: Vec<Site>,
}

#[derive(Debug)]
struct Site {
    origin: String,
    /// The lines of an answer to it.
    lines: Arc<[u8]>,
}

/// Fields of requests that a page may set beyond the usual ones.
const REQUEST: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
                       Prefer, Range";

/// Fields of answers that a page may read beyond the usual ones.
const ANSWER: &str = "ETag, Idempotent-Replayed, Link, Location, Retry-After, X-Cache, X-Replica";

/// Fields of the answer to a preflight, which a browser may remember for ten minutes.
pub const PREFLIGHT: [(&str, &str); 3] = [
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    ("Access-Control-Allow-Headers", REQUEST),
    ("Access-Control-Max-Age", "600"),
];

impl Cors {
    /// Allows these origins, each as browsers send it: `https://shop.example`.
    pub fn new(origins: &[String]) -> Cors {
        let site = |origin: &String| {
            let lines = format!(
                "Access-Control-Allow-Origin: {origin}\r\n\
                 Access-Control-Expose-Headers: {ANSWER}\r\nVary: Origin\r\n"
            );
            Site { origin: origin.clone(), lines: lines.into_bytes().into() }
        };
        Cors { sites: origins.iter().map(site).collect() }
    }

    /// Returns true if the request comes from a page of one of these sites.
    pub fn names(&self, head: &Head<'_, '_>) -> bool {
        self.site(head).is_some()
    }

    /// Returns the lines of every answer to this request; none without sites.
    pub fn lines(&self, head: &Head<'_, '_>) -> Option<Arc<[u8]>> {
        if self.sites.is_empty() {
            return None;
        }
        // Caches must know that the answer to another page would differ.
        Some(self.site(head).map_or_else(|| b"Vary: Origin\r\n"[..].into(), |s| s.lines.clone()))
    }

    /// Returns true if a page of one of these sites asks before a request.
    pub fn is_preflight(&self, head: &Head<'_, '_>) -> bool {
        head.method == Method::Options
            && head.field("access-control-request-method").is_some()
            && self.names(head)
    }

    fn site(&self, head: &Head<'_, '_>) -> Option<&Site> {
        let origin = head.field("origin").filter(|_| !self.sites.is_empty())?;
        self.sites.iter().find(|site| site.origin.as_bytes() == origin)
    }
}
