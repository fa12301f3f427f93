//! Files that are part of the program: pages, styles, scripts. They change with the program only,
//! so that their entity tags are known before it runs; nothing here is read, hashed or copied for
//! a request.

use super::request::Request;
use super::response::{Cookie, Response, bytes, empty};
use crate::wire::conditional::{Conditions, Tag, Validators, Verdict};

/// One file.
#[derive(Debug)]
pub struct Embedded {
    /// Its name, the last segment of its path.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
    hash: u64,
}

impl Embedded {
    /// A file of this name with these contents.
    pub const fn new(
        name: &'static str,
        content_type: &'static str,
        bytes: &'static [u8],
    ) -> Embedded {
        Embedded { name, content_type, bytes, hash: fnv(bytes) }
    }

    /// The answer to a GET: the file, unless the client has it. Names stay when contents change,
    /// so that a client asks each time.
    pub fn answer(&self, request: &Request<'_, '_, '_>) -> Response {
        let tag = format!("{:016x}", self.hash);
        let current = Validators { etag: Some(Tag::strong(tag.as_bytes())), modified: None };
        let head = request.head;
        let response = match Conditions::of(head.fields).evaluate(head.method, &current) {
            Verdict::Proceed if self.content_type.starts_with("text/html") => {
                let page = bytes(200, self.content_type, self.bytes);
                Response { cookie: Cookie::Allowed, ..page }
            }
            Verdict::Proceed => bytes(200, self.content_type, self.bytes),
            Verdict::NotModified => empty(304),
            Verdict::PreconditionFailed => empty(412),
        };
        response.field("ETag", format!("\"{tag}\"")).field("Cache-Control", "no-cache".to_string())
    }
}

/// FNV-1a. It tells versions of our own files apart, which nobody forges.
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
