//! Bounds, and the rules that depend on the request; the rest are vectors.

use super::*;

fn ask<T>(input: &[u8], asked: Method, with: impl FnOnce(Parse<Head<'_, '_>, Bad>) -> T) -> T {
    with(head(input, asked, &mut Scan::default(), &Limits::default(), &mut Fields::new()))
}

fn framing(asked: Method, status: u16, fields: &str) -> Framing {
    let input = format!("HTTP/1.1 {status} x\r\n{fields}\r\n");
    ask(input.as_bytes(), asked, |parsed| match parsed {
        Parse::Done(head, _) => head.framing,
        other @ (Parse::More | Parse::Bad(_)) => panic!("{other:?}"),
    })
}

#[test]
fn the_question_and_the_status_decide_before_the_fields_do() {
    for fields in ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        assert_eq!(framing(Method::Head, 200, fields), Framing::None);
        for status in [100, 103, 204, 304] {
            assert_eq!(framing(Method::Get, status, fields), Framing::None);
        }
        assert_eq!(framing(Method::Connect, 200, fields), Framing::Close);
    }
    assert_eq!(framing(Method::Connect, 403, "Content-Length: 5\r\n"), Framing::Length(5));
    assert_eq!(framing(Method::Get, 200, ""), Framing::Close);
    assert_eq!(framing(Method::Get, 404, "Content-Length: 0\r\n"), Framing::Length(0));
    assert_eq!(framing(Method::Put, 200, "Transfer-Encoding: chunked\r\n"), Framing::Chunked);
}

#[test]
fn another_exchange_may_follow_only_what_ends_by_itself() {
    for (input, keep_alive) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: a, Close\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
        ("HTTP/1.1 204\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true),
    ] {
        ask(input.as_bytes(), Method::Get, |parsed| match parsed {
            Parse::Done(head, _) => assert_eq!(head.keep_alive, keep_alive, "{input:?}"),
            other @ (Parse::More | Parse::Bad(_)) => panic!("{other:?}"),
        });
    }
}

#[test]
fn heads_are_bounded_in_bytes_and_in_fields() {
    let limits = Limits { head_bytes: 64, head_fields: 2, ..Limits::default() };
    let parse = |input: &[u8]| match head(
        input,
        Method::Get,
        &mut Scan::default(),
        &limits,
        &mut Fields::new(),
    ) {
        Parse::Done(..) => None,
        Parse::More => panic!("more"),
        Parse::Bad(bad) => Some(bad),
    };
    let fields = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert_eq!(parse(fields(2).as_bytes()), None);
    assert_eq!(parse(fields(3).as_bytes()), Some(Bad::TooManyFields));
    let long = |count| format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(count));
    assert_eq!(parse(long(47).as_bytes()), None);
    assert_eq!(parse(long(48).as_bytes()), Some(Bad::HeadTooLarge));
}

#[test]
fn a_field_is_found_in_any_case() {
    ask(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\n\r\n", Method::Get, |parsed| match parsed {
        Parse::Done(head, _) => assert_eq!(head.field("x-A"), Some(&b"1"[..])),
        other @ (Parse::More | Parse::Bad(_)) => panic!("{other:?}"),
    });
}
