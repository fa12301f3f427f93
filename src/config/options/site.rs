//! The rows of the static site.

use super::Opt;
use crate::config::table::{each, put, switch, valued};
use crate::config::value::{self, count, optional, size};
use crate::limits::MIB;

pub(super) static SITE: [Opt; 4] = [
    valued(
        "cache-bytes",
        "SIZE",
        "64MiB",
        "Memory for files of the site, of which one takes an eighth at most; 0 starts without a \
         cache",
        |d, v| put(&mut d.config.site.cache_bytes, size(v, 0..=CACHE_BYTES_MAX)),
    ),
    valued(
        "max-age",
        "SECONDS",
        value::NONE,
        "How long clients may use a file without asking again. Without it they always ask",
        |d, v| put(&mut d.config.site.max_age, optional(v, |v| count(v, 0..=AGE_MAX))),
    ),
    each(
        "header",
        "FIELD",
        "Add a field such as 'Name: value' to every response with a file; may be repeated",
        |d| d.config.site.headers.clear(),
        |d, v| field(v).map(|field| d.config.site.headers.push(field)),
    ),
    switch("list", "List the names in a directory that has no index.html", |d, on| {
        d.config.site.list = on;
    }),
];

/// RFC 9111 §1.2.2: more seconds than this mean nothing.
const AGE_MAX: u64 = 1 << 31;
const CACHE_BYTES_MAX: usize = 1024 * 1024 * MIB;

/// Fields that only the server itself may set.
const OURS: [&str; 18] = [
    "accept-ranges",
    "age",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-cache",
];

/// `Name: value`, ready to be printed.
fn field(text: &str) -> Result<(String, String), String> {
    let Some((name, field)) = text.split_once(':') else {
        return Err("a field looks like Name: value".to_string());
    };
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err("the name of a field has letters, digits and hyphens".to_string());
    }
    if OURS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err(format!("{name} is for the server to say"));
    }
    let field = field.trim_matches([' ', '\t']);
    if !field.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
        return Err("the value of a field is printable ASCII".to_string());
    }
    Ok((name.to_string(), field.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_token_and_printable_text_and_not_one_of_ours() {
        let pair = |name: &str, value: &str| Ok((name.to_string(), value.to_string()));
        assert_eq!(field("X-A: b: c, d"), pair("X-A", "b: c, d"));
        assert_eq!(field("Cache-Control:public"), pair("Cache-Control", "public"));
        assert_eq!(field("X: "), pair("X", ""));
        for text in [
            "",
            "X",
            ": x",
            "X : x",
            "X Y: x",
            "X\r: x",
            "X: a\r\nY: b",
            "X: \0",
            "X: \u{e4}",
            "content-LENGTH: 5",
            "Transfer-Encoding: chunked",
        ] {
            assert!(field(text).is_err(), "{text:?}");
        }
    }
}
