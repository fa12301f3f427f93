//! One test for each rule of the grammar.

use super::*;
use crate::limits::HEAD_FIELDS_MAX;
use crate::wire::http::tests::{Verdict, ask, bad, dripped, whole};

const REST: &str = " / HTTP/1.1\r\nHost: x\r\n\r\n";

fn field(line: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n")
}

fn target(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
}

fn line(line: &str) -> String {
    format!("{line}\r\nHost: x\r\n\r\n")
}

fn used(input: impl AsRef<[u8]>) -> usize {
    let verdict = whole(input.as_ref());
    assert_eq!(
        dripped(input.as_ref(), &Limits::default()),
        (verdict.clone(), input.as_ref().len())
    );
    match verdict {
        Verdict::Done { used, .. } => used,
        Verdict::More => panic!("incomplete"),
        Verdict::Bad(bad) => panic!("{bad}"),
    }
}

#[test]
fn two_empty_lines_are_skipped_and_counted() {
    let head = format!("GET{REST}");
    for empty in 0..=EMPTY_LINES_MAX {
        let input = format!("{}{head}", "\r\n".repeat(empty));
        assert_eq!(used(&input), input.len());
    }
    assert_eq!(bad(format!("\r\n\r\n\r\n{head}")), Bad::EmptyLines);
}

#[test]
fn bare_lf_anywhere() {
    assert_eq!(bad(format!("\nGET{REST}")), Bad::BareLf);
    assert_eq!(bad(format!("\r\n\nGET{REST}")), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\nHost: x\r\n\r\n"), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x\n\r\n"), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x \n\r\n"), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x\r\nA:\n\r\n"), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x\r\nA\n: b\r\n\r\n"), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x\r\n\n"), Bad::BareLf);
    assert_eq!(bad("GET / HTTP/1.1\n\n"), Bad::BareLf);
    assert_eq!(bad("GET /\n"), Bad::BareLf);
    assert_eq!(bad("GET\n"), Bad::BareLf);
}

#[test]
fn bare_cr_anywhere() {
    assert_eq!(bad(format!("\rGET{REST}")), Bad::BareCr);
    assert_eq!(bad("GET / HTTP/1.1\rHost: x\r\n\r\n"), Bad::BareCr);
    assert_eq!(bad("GET / HTTP/1.1\r\r\nHost: x\r\n\r\n"), Bad::BareCr);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n"), Bad::BareCr);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: x\r\n\rA: b\r\n\r\n"), Bad::BareCr);
}

#[test]
fn one_blank_between_the_parts_of_the_request_line() {
    assert_eq!(bad(line("GET  / HTTP/1.1")), Bad::RequestLine);
    assert_eq!(bad(line("GET /  HTTP/1.1")), Bad::RequestLine);
    assert_eq!(bad(line(" GET / HTTP/1.1")), Bad::RequestLine);
    assert_eq!(bad(line("GET")), Bad::RequestLine);
    assert_eq!(bad(line("GET /")), Bad::RequestLine);
    assert_eq!(bad(line("GET\t/ HTTP/1.1")), Bad::MethodByte);
    assert_eq!(bad(line("GET /\tHTTP/1.1")), Bad::TargetByte);
    assert_eq!(bad(line("GET / HTTP/1.1 ")), Bad::VersionSyntax);
    assert_eq!(bad(line("GET / HTTP/1.1\t")), Bad::VersionSyntax);
    assert_eq!(bad(line("GET / x HTTP/1.1")), Bad::VersionSyntax);
}

#[test]
fn a_method_is_a_token() {
    for method in ["G(T", "G\0T", "G\x7f", "\u{e9}", "\"GET\"", "G:T", "\x16\x03\x01"] {
        assert_eq!(bad(format!("{method}{REST}")), Bad::MethodByte, "{method:?}");
    }
    used(format!("!#$%&'*+-.^_`|~aZ09{REST}"));
}

#[test]
fn a_method_is_bounded() {
    used(format!("{}{REST}", "M".repeat(METHOD_BYTES_MAX)));
    assert_eq!(bad(format!("{}{REST}", "M".repeat(METHOD_BYTES_MAX + 1))), Bad::MethodTooLong);
    assert_eq!(bad("M".repeat(METHOD_BYTES_MAX + 1)), Bad::MethodTooLong);
}

#[test]
fn a_target_holds_visible_ascii_that_clients_send_unescaped() {
    for byte in ["\"", "<", ">", "\\", "`", "{", "}", "\x01", "\x7f", "\u{e9}", "\0"] {
        assert_eq!(bad(target(&format!("/a{byte}b"))), Bad::TargetByte, "{byte:?}");
    }
    for byte in ["\"", "<", ">", "\x01", "\x7f", "\u{e9}", "\0"] {
        assert_eq!(bad(target(&format!("/a?{byte}b"))), Bad::TargetByte, "{byte:?}");
    }
    assert_eq!(bad(b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"), Bad::TargetByte);
    used(target("/a-._~!$&'()*+,;=:@/[1]^|%20"));
    used(target("/?a[]=1&b={\"x\"}`\\^|?/%zz".replace('"', "'").as_str()));
}

#[test]
fn a_target_has_no_fragment() {
    assert_eq!(bad(target("/a#b")), Bad::TargetFragment);
    assert_eq!(bad(target("/a?b#c")), Bad::TargetFragment);
    assert_eq!(bad(target("#")), Bad::TargetFragment);
}

#[test]
fn a_target_is_bounded_also_while_it_is_incomplete() {
    let limits = Limits::default();
    let longest = format!("/{}", "a".repeat(limits.target_bytes - 1));
    used(target(&longest));
    assert_eq!(bad(target(&format!("{longest}a"))), Bad::TargetTooLong);
    let open = format!("GET {longest}");
    assert_eq!(whole(open.as_bytes()), Verdict::More);
    assert_eq!(whole(format!("{open}a").as_bytes()), Verdict::Bad(Bad::TargetTooLong));
    let (verdict, shown) = dripped(format!("{open}aaaaaaaa").as_bytes(), &limits);
    assert_eq!((verdict, shown), (Verdict::Bad(Bad::TargetTooLong), open.len() + 1));
}

#[test]
fn a_version_of_another_shape() {
    for version in
        ["http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.10", "HTTP/11", "HTTP/1.x", "HTTPS/1.1"]
    {
        assert_eq!(bad(line(&format!("GET / {version}"))), Bad::VersionSyntax, "{version}");
    }
    assert_eq!(bad(line("GET / ")), Bad::VersionSyntax);
}

#[test]
fn a_version_of_another_number() {
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0", "HTTP/9.1"] {
        assert_eq!(bad(line(&format!("GET / {version}"))), Bad::VersionUnsupported, "{version}");
    }
    assert_eq!(bad("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Bad::VersionUnsupported);
}

#[test]
fn the_first_field_is_not_indented() {
    assert_eq!(bad("GET / HTTP/1.1\r\n Host: x\r\n\r\n"), Bad::LeadingBlank);
    assert_eq!(bad("GET / HTTP/1.1\r\n\tHost: x\r\n\r\n"), Bad::LeadingBlank);
}

#[test]
fn no_value_goes_on_in_the_next_line() {
    assert_eq!(bad(field("A: b\r\n c")), Bad::ObsFold);
    assert_eq!(bad(field("A: b\r\n\tc")), Bad::ObsFold);
    assert_eq!(bad(field("A: b\r\n ")), Bad::ObsFold);
}

#[test]
fn a_field_name_is_a_token_before_a_colon() {
    for name in ["", "A(", "A\0", "A\x7f", "\u{e9}", "A/B", "A\"", "A;"] {
        assert_eq!(bad(field(&format!("{name}: b"))), Bad::FieldName, "{name:?}");
    }
    assert_eq!(bad(field("no colon here")), Bad::SpaceBeforeColon);
    assert_eq!(bad(field("nocolon")), Bad::FieldName);
}

#[test]
fn no_blank_before_the_colon() {
    assert_eq!(bad(field("A : b")), Bad::SpaceBeforeColon);
    assert_eq!(bad(field("A\t: b")), Bad::SpaceBeforeColon);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), Bad::SpaceBeforeColon);
}

#[test]
fn no_control_bytes_in_a_value() {
    for byte in (0..32u8).chain([127]).filter(|b| !b"\t\r\n".contains(b)) {
        for value in ["", "a", "a long value that is read in vectors of 32 bytes at once"] {
            let input = field(&format!("A: {value}{}b", char::from(byte)));
            assert_eq!(bad(input), Bad::ValueByte, "{byte}");
        }
    }
    used(b"GET / HTTP/1.1\r\nHost: x\r\nA: \t\xff\x80\ta b\t \r\n\r\n");
}

#[test]
fn blanks_around_a_value_are_legal() {
    used(field("A:b"));
    used(field("A: \t b \t "));
    used(field("A:"));
    used(field("A: \t"));
}

#[test]
fn a_head_is_bounded_also_while_it_is_incomplete() {
    let limits = Limits::default();
    let head = |length: usize| {
        let mut head = b"GET / HTTP/1.1\r\nHost: x\r\nA: ".to_vec();
        head.resize(length - 4, b'a');
        head.extend(b"\r\n\r\n");
        head
    };
    used(head(limits.head_bytes));
    assert_eq!(bad(head(limits.head_bytes + 1)), Bad::HeadTooLarge);
    let open = &head(limits.head_bytes + 1)[..limits.head_bytes];
    assert_eq!(whole(open), Verdict::Bad(Bad::HeadTooLarge));
    assert_eq!(whole(&open[..limits.head_bytes - 1]), Verdict::More);
    let (verdict, shown) = dripped(&head(limits.head_bytes * 2), &limits);
    assert_eq!((verdict, shown), (Verdict::Bad(Bad::HeadTooLarge), limits.head_bytes));
}

#[test]
fn fields_are_bounded() {
    let head = |fields: usize| {
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(fields - 1))
    };
    let limits = Limits::default();
    used(head(limits.head_fields));
    assert_eq!(bad(head(limits.head_fields + 1)), Bad::TooManyFields);
    let wide = Limits { head_fields: usize::MAX, ..limits };
    let most = head(HEAD_FIELDS_MAX);
    let verdict = ask(most.as_bytes(), &mut Scan::default(), &wide);
    assert!(matches!(verdict, Verdict::Done { .. }));
    let verdict = ask(head(HEAD_FIELDS_MAX + 1).as_bytes(), &mut Scan::default(), &wide);
    assert_eq!(verdict, Verdict::Bad(Bad::TooManyFields));
}

#[test]
fn the_first_wrong_byte_decides() {
    assert_eq!(bad("GET /# HTTP/2.0\nA\0"), Bad::TargetFragment);
    assert_eq!(bad("GET / HTTP/2.0\r\n bad\n"), Bad::VersionUnsupported);
    assert_eq!(bad("GET / HTTP/1.1\r\nHost: a@b\r\nA: \0\r\n\r\n"), Bad::ValueByte);
}
