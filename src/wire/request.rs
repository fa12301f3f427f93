//! Request heads as a client sends them.
//!
//! Nothing is escaped here: check user input with [`is_method`], [`is_target`] and [`field`] first,
//! so that it cannot contain a line ending.

use super::{ascii, target};

/// The head of a request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// A token.
    pub method: &'a str,
    /// In origin form.
    pub target: &'a str,
    /// For the `Host` field.
    pub host: &'a str,
    /// Further fields, in their order.
    pub fields: &'a [(&'a str, &'a str)],
    /// Bytes of the body that follows, if there is one.
    pub length: Option<usize>,
}

/// Appends the head to `out`.
pub fn print(request: &Request<'_>, out: &mut Vec<u8>) {
    let Request { method, target, host, fields, length } = request;
    let mut words = |parts: &[&str]| parts.iter().for_each(|part| out.extend(part.as_bytes()));
    words(&[method, " ", target, " HTTP/1.1\r\nHost: ", host, "\r\n"]);
    for (name, value) in *fields {
        words(&[name, ": ", value, "\r\n"]);
    }
    if let Some(length) = length {
        words(&["Content-Length: ", &length.to_string(), "\r\n"]);
    }
    words(&["\r\n"]);
}

/// Returns true if the text can be sent as a method.
pub fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| ascii::is(byte, ascii::TOKEN))
}

/// Returns true if the text is a target in origin form.
pub fn is_target(text: &str) -> bool {
    text.starts_with('/') && target::bytes(text.as_bytes()).is_ok()
}

/// Splits a field of the form `Name: value`; returns `None` if it cannot be sent.
pub fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let value = value.trim_matches([' ', '\t']);
    let sendable = is_method(name) && value.bytes().all(|byte| ascii::is(byte, ascii::VALUE));
    sendable.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::wire::Parse;
    use crate::wire::http::{Fields, Framing, Method, Scan, head};

    #[test]
    fn what_is_printed_is_what_our_server_reads() {
        let request = Request {
            method: "PUT",
            target: "/a?b=c",
            host: "[::1]:80",
            fields: &[("User-Agent", "me"), ("X", "")],
            length: Some(3),
        };
        let mut out = Vec::new();
        print(&request, &mut out);
        out.extend(b"abc");
        let mut fields = Fields::new();
        match head(&out, &mut Scan::default(), &Limits::default(), &mut fields) {
            Parse::Done(head, used) => {
                assert_eq!((head.method, used), (Method::Put, out.len() - 3));
                assert_eq!((head.target.path(), head.target.query()), ("/a", Some("b=c")));
                assert_eq!((head.host(), head.framing), (Some("[::1]:80"), Framing::Length(3)));
                assert_eq!(head.field("user-agent"), Some(&b"me"[..]));
            }
            other @ (Parse::More | Parse::Bad(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_slips_in_with_what_a_person_typed() {
        assert_eq!(field("A: b c "), Some(("A", "b c")));
        assert_eq!(field("A:"), Some(("A", "")));
        for line in ["A", "A : b", ": b", "A: b\r\nB: c", "A: \u{7f}", "\u{e4}: b"] {
            assert_eq!(field(line), None, "{line:?}");
        }
        assert!(is_method("PURGE") && !is_method("") && !is_method("A B"));
        assert!(is_target("/a?b") && !is_target("a") && !is_target("/a b") && !is_target("/#"));
    }
}
