//! From a file and a request to a response: preconditions and ranges (RFC 9110 §13, §14).

use super::resource::Variant;
use crate::service::http::{CacheStatus, Content as Body, Cookie, Response, Style, empty};
use crate::wire::conditional::{Conditions, Part, Verdict};
use crate::wire::http::{Head, Method};
use crate::wire::range;
use crate::work::files::Content;
use std::ops::Range;
use std::sync::Arc;

/// Answers a GET or HEAD of a file.
pub fn of(variant: &Variant, head: &Head<'_, '_>, status: CacheStatus) -> Response {
    let conditions = Conditions::of(head.fields);
    let mut response = if conditions.is_empty() {
        whole(variant, head.method)
    } else {
        conditional(variant, head, &conditions)
    };
    response.cache = Some(status);
    response
}

/// Returns the content of a file as that of another response, such as an error.
pub fn page(status: u16, variant: &Variant, head: &Head<'_, '_>) -> Response {
    let lines = Some(variant.lines_of_content());
    let response = Response { status, lines, ..whole(variant, head.method) }.varying();
    if status == 503 { response.retry_after(1) } else { response }
}

fn whole(variant: &Variant, method: Method) -> Response {
    let body = body(variant, method, 0..variant.bytes);
    let lines = Some(Arc::clone(&variant.lines));
    let cookie = if variant.is_personal { Cookie::Allowed } else { Cookie::Never };
    Response { body, lines, cookie, ..empty(200) }
}

fn conditional(
    variant: &Variant,
    head: &Head<'_, '_>,
    conditions: &Conditions<'_, '_>,
) -> Response {
    let (method, current) = (head.method, variant.validators());
    match conditions.evaluate(method, &current) {
        Verdict::NotModified => {
            return Response { lines: Some(variant.lines_with(false, "")), ..empty(304) };
        }
        Verdict::PreconditionFailed => {
            let why = "The file is not in the state that was asked for.";
            return Style::of(head).error(412, why);
        }
        Verdict::Proceed => {}
    }
    let bytes = variant.bytes;
    match conditions.part(method, &current, bytes) {
        Part::Whole => whole(variant, method),
        Part::Span(span) => {
            let line = format!("Content-Range: {}\r\n", span.content_range(bytes));
            let lines = Some(variant.lines_with(true, &line));
            let body = body(variant, method, span.first..span.last + 1);
            Response { body, lines, ..empty(206) }
        }
        Part::Unsatisfiable => Style::of(head)
            .error(416, "The file has none of the bytes that were asked for.")
            .field("Content-Range", range::unsatisfied(bytes)),
    }
}

fn body(variant: &Variant, method: Method, range: Range<u64>) -> Body {
    match &variant.content {
        _ if method == Method::Head => Body::Unsent(range.end - range.start),
        Content::Bytes(bytes) => {
            Body::Shared(Arc::clone(bytes), range.start as usize..range.end as usize)
        }
        Content::Sealed(file) => Body::Sealed(Arc::clone(file), range),
        Content::File(file) => Body::File(Arc::clone(file), range),
        Content::None => Body::Unsent(range.end - range.start),
    }
}
