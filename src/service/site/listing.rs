//! Directory listings: made by workers, shared by all requests for the same one, and bounded in the
//! memory of those that are still being sent.

use crate::limits;
use crate::service::http::{Content, Response, empty};
use crate::wire::accept;
use crate::wire::conditional::{Conditions, Tag, Validators, Verdict};
use crate::wire::http::{Head, Method};
use crate::work::files::{Document, Form};
use std::sync::{Arc, Weak};

/// Listings that are still being sent.
#[derive(Debug, Default)]
pub struct Listings(Vec<(u128, Weak<[u8]>)>);

impl Listings {
    /// Returns the document, shared with an identical one that is being sent; `None` if there is no
    /// room for another.
    pub fn take_in(&mut self, document: Document) -> Option<Document> {
        self.0.retain(|(_, bytes)| bytes.strong_count() > 0);
        let alive = self.0.iter().filter_map(|(tag, bytes)| Some((*tag, bytes.upgrade()?)));
        let mut taken = 0;
        for (tag, bytes) in alive {
            if tag == document.tag && bytes.len() == document.bytes.len() {
                return Some(Document { bytes, ..document });
            }
            taken += bytes.len();
        }
        if taken + document.bytes.len() > limits::LISTINGS_BYTES && taken > 0 {
            return None;
        }
        self.0.push((document.tag, Arc::downgrade(&document.bytes)));
        Some(document)
    }
}

/// Returns the form that a client prefers.
pub fn form(head: &Head<'_, '_>) -> Form {
    if accept::prefers_json(&head.fields("accept")) { Form::Json } else { Form::Page }
}

/// Returns the response with a listing.
pub fn response(document: &Document, head: &Head<'_, '_>) -> Response {
    let (content_type, policy) = match document.form {
        Form::Page => ("text/html; charset=utf-8", Some(POLICY)),
        Form::Json => ("application/json", None),
    };
    let tag = format!("{:032x}", document.tag);
    let current = Validators { etag: Some(Tag::strong(tag.as_bytes())), modified: None };
    let length = document.bytes.len();
    let response = match Conditions::of(head.fields).evaluate(head.method, &current) {
        Verdict::NotModified => empty(304),
        Verdict::PreconditionFailed => empty(412),
        Verdict::Proceed if head.method == Method::Head => {
            Response { content_type, body: Content::Unsent(length as u64), ..empty(200) }
        }
        Verdict::Proceed => {
            let body = Content::Shared(Arc::clone(&document.bytes), 0..length);
            Response { content_type, body, ..empty(200) }
        }
    };
    let response = response
        .field("ETag", format!("\"{tag}\""))
        .field("Vary", "Accept")
        .field("Cache-Control", "no-cache");
    match policy {
        Some(policy) => response.field("Content-Security-Policy", policy.to_string()),
        None => response,
    }
}

/// The policy of a listing: it may use its own style.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    fn document(tag: u128, length: usize) -> Document {
        Document { form: Form::Page, bytes: vec![0; length].into(), tag }
    }

    #[test]
    fn listings_that_are_sent_are_shared_and_bounded() {
        let mut listings = Listings::default();
        let half = limits::LISTINGS_BYTES / 2;
        let first = listings.take_in(document(1, half)).unwrap();
        let same = listings.take_in(document(1, half)).unwrap();
        assert!(Arc::ptr_eq(&first.bytes, &same.bytes), "the same bytes are there once");
        let second = listings.take_in(document(2, half)).unwrap();
        assert!(listings.take_in(document(3, 1)).is_none(), "there is no room for more");
        drop(second);
        assert!(listings.take_in(document(3, 1)).is_some());
        drop((first, same));
        let large = listings.take_in(document(4, 3 * half));
        assert!(large.is_some(), "one that is larger alone is sent alone");
    }
}
