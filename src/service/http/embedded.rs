//! Files that are part of the program: pages, styles, scripts. They change only with the program:
//! their entity tags are known at compile time, and each is compressed once, at the first request
//! that accepts it.

use super::request::Request;
use super::response::{Cookie, Response, Style, bytes, empty};
use crate::wire::accept::{self, Coding};
use crate::wire::conditional::{Conditions, Tag, Validators, Verdict};
use std::sync::OnceLock;

/// One file.
#[derive(Debug)]
pub struct Embedded {
    /// The last segment of its path.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    hash: u64,
    gzip: OnceLock<Option<Box<[u8]>>>,
}

impl Embedded {
    /// Creates a file of this name with these contents.
    pub const fn new(
        name: &'static str,
        content_type: &'static str,
        bytes: &'static [u8],
    ) -> Embedded {
        Embedded { name, content_type, bytes, hash: fnv(bytes), gzip: OnceLock::new() }
    }

    /// Answers a GET with the file, unless the client has it. Names stay the same when contents
    /// change, so clients always revalidate.
    pub fn answer(&'static self, request: &Request<'_, '_, '_>) -> Response {
        let head = request.head;
        let gzip = self.gzip.get_or_init(|| gzip(self.bytes)).as_deref();
        let packed = gzip.filter(|_| accepts_gzip(head.fields("accept-encoding")));
        let suffix = if packed.is_some() { "-gzip" } else { "" };
        let tag = format!("{:016x}{suffix}", self.hash);
        let current = Validators { etag: Some(Tag::strong(tag.as_bytes())), modified: None };
        let mut response = match Conditions::of(head.fields).evaluate(head.method, &current) {
            Verdict::Proceed => self.content(packed),
            Verdict::NotModified => empty(304),
            Verdict::PreconditionFailed => empty(412),
        };
        if gzip.is_some() {
            response = response.field("Vary", "Accept-Encoding");
        }
        response.field("ETag", format!("\"{tag}\"")).field("Cache-Control", "no-cache")
    }

    /// Returns the response with the content, compressed or not.
    fn content(&self, packed: Option<&'static [u8]>) -> Response {
        let mut response = bytes(200, self.content_type, packed.unwrap_or(self.bytes));
        if self.content_type.starts_with("text/html") {
            response.cookie = Cookie::Allowed;
        }
        match packed {
            Some(_) => response.field("Content-Encoding", Coding::Gzip.token().to_string()),
            None => response,
        }
    }
}

fn accepts_gzip<'b>(accepted: impl Iterator<Item = &'b [u8]>) -> bool {
    accept::coding(accepted, &[Coding::Gzip, Coding::Identity]) == Some(Coding::Gzip)
}

/// Returns the compressed content, if that saves at least one packet.
#[cfg(feature = "gzip")]
fn gzip(bytes: &[u8]) -> Option<Box<[u8]>> {
    const PACKET_BYTES: usize = 1460;
    let packed = crate::work::pack::gzip(bytes);
    (packed.len().div_ceil(PACKET_BYTES) < bytes.len().div_ceil(PACKET_BYTES))
        .then(|| packed.into_boxed_slice())
}

#[cfg(not(feature = "gzip"))]
fn gzip(_: &[u8]) -> Option<Box<[u8]>> {
    None
}

/// Returns the answer to a GET of the file that the named segment of the path names.
pub fn send(files: &'static [Embedded], request: &Request<'_, '_, '_>) -> Response {
    let name = request.segment();
    match files.iter().find(|file| file.name == name) {
        Some(file) => file.answer(request),
        None => Style::of(request.head).error(404, "There is nothing at this path."),
    }
}

/// FNV-1a: it distinguishes versions of our own files, which need no protection against forgery.
const fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash ^= bytes[at] as u64;
        hash = hash.wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
