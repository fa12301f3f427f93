//! One test for each rule about meaning, and the inputs accepted next to it.

use super::*;
use crate::wire::http::tests::{bad, with};

fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

fn old(fields: &str) -> String {
    format!("GET / HTTP/1.0\r\n{fields}\r\n")
}

fn framing(fields: &str, expected: Framing) {
    with(&get(fields), |head| {
        assert_eq!(head.framing, expected, "{fields:?}");
    });
}

fn host(host: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

#[test]
fn an_asterisk_only_with_options() {
    with("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", |head| {
        assert_eq!((head.method, head.target), (Method::Options, Target::Asterisk));
    });
    assert_eq!(bad("GET * HTTP/1.1\r\nHost: x\r\n\r\n"), Bad::TargetForm);
    assert_eq!(bad("OPTIONS *x HTTP/1.1\r\nHost: x\r\n\r\n"), Bad::TargetForm);
}

#[test]
fn an_authority_only_with_connect() {
    with("CONNECT x.example:443 HTTP/1.1\r\nHost: y\r\n\r\n", |head| {
        assert_eq!(head.target, Target::Authority("x.example:443"));
        assert_eq!(head.host(), Some("x.example:443"));
    });
    with("CONNECT / HTTP/1.1\r\nHost: y\r\n\r\n", |head| {
        assert_eq!(head.method, Method::Connect);
    });
    assert_eq!(bad("GET x.example:80 HTTP/1.1\r\nHost: x\r\n\r\n"), Bad::TargetForm);
    assert_eq!(bad("GET index.html HTTP/1.1\r\nHost: x\r\n\r\n"), Bad::TargetForm);
}

#[test]
fn the_authority_of_an_absolute_target_wins_over_host() {
    with("GET http://a.example/p?q HTTP/1.1\r\nHost: b.example\r\n\r\n", |head| {
        assert_eq!(head.host(), Some("a.example"));
        assert_eq!((head.target.path(), head.target.query()), ("/p", Some("q")));
    });
    assert_eq!(bad("GET http://a.example/ HTTP/1.1\r\n\r\n"), Bad::HostMissing);
    assert_eq!(bad("GET http://a.example/ HTTP/1.1\r\nHost: a@b\r\n\r\n"), Bad::HostInvalid);
    assert_eq!(bad("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"), Bad::TargetAuthority);
    assert_eq!(bad("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"), Bad::TargetAuthority);
}

#[test]
fn exactly_one_host_in_http_1_1() {
    assert_eq!(bad("GET / HTTP/1.1\r\n\r\n"), Bad::HostMissing);
    assert_eq!(bad("GET / HTTP/1.1\r\nX-Host: x\r\n\r\n"), Bad::HostMissing);
    assert_eq!(bad(get("hOST: x\r\n")), Bad::HostRepeated);
    assert_eq!(bad(get("Host: y\r\n")), Bad::HostRepeated);
    assert_eq!(bad(host("")), Bad::HostEmpty);
    assert_eq!(bad(host(" \t")), Bad::HostEmpty);
}

#[test]
fn at_most_one_host_in_http_1_0() {
    with(&old(""), |head| assert_eq!(head.host(), None));
    with(&old("Host:\r\n"), |head| assert_eq!(head.host(), None));
    with(&old("Host: x\r\n"), |head| assert_eq!(head.host(), Some("x")));
    assert_eq!(bad(old("Host: x\r\nHost: x\r\n")), Bad::HostRepeated);
    assert_eq!(bad(old("Host: a b\r\n")), Bad::HostInvalid);
}

#[test]
fn a_host_is_valid() {
    for good in [
        "x",
        "x:80",
        "x:",
        "127.0.0.1:65535",
        "a_b-c~d.example",
        "[::1]",
        "[::1]:8080",
        "[2001:db8::7]:",
        "xn--bcher-kva.example",
        "a,b;c=d",
        "%41.example",
    ] {
        with(&host(good), |head| assert_eq!(head.host(), Some(good)));
    }
    for wrong in [
        "a@b",
        "[::1",
        "::1",
        "[]",
        "[x]",
        "[::1]x",
        "[::1]:x",
        "[v1.x]",
        "[::1%25eth0]",
        "a b",
        "a<b>",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "x:65536",
        "x:99999",
        "x:-1",
        "x:+1",
        "x:80:80",
        ":80",
        ":",
        "a\tb",
        "%zz",
        "%00",
        "\u{e9}",
        "a]",
        "http://a",
    ] {
        assert_eq!(bad(host(wrong)), Bad::HostInvalid, "{wrong:?}");
    }
}

#[test]
fn a_length_is_a_plain_number() {
    framing("Content-Length: 5\r\n", Framing::Length(5));
    framing("content-length:0\r\n", Framing::Length(0));
    framing("Content-Length: \t007 \t\r\n", Framing::Length(7));
    framing("Content-Length: 18446744073709551615\r\n", Framing::Length(u64::MAX));
    for wrong in ["+5", "-5", "0x5", "", "5 5", "5.0", "5e0", "\u{661}", "five", "5;", "\"5\""] {
        assert_eq!(
            bad(get(&format!("Content-Length: {wrong}\r\n"))),
            Bad::LengthInvalid,
            "{wrong}"
        );
    }
}

#[test]
fn a_length_fits_into_64_bits() {
    for wrong in ["18446744073709551616", "99999999999999999999", &"1".repeat(1000)] {
        assert_eq!(bad(get(&format!("Content-Length: {wrong}\r\n"))), Bad::LengthTooLarge);
    }
    framing(&format!("Content-Length: {}1\r\n", "0".repeat(100)), Framing::Length(1));
}

#[test]
fn a_length_is_given_once() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\ncontent-length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5,6\r\n",
        "Content-Length: 5,\r\n",
    ] {
        assert_eq!(bad(get(fields)), Bad::LengthRepeated, "{fields:?}");
    }
}

#[test]
fn a_length_and_a_coding_exclude_each_other() {
    let both = ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"];
    assert_eq!(bad(get(&both.concat())), Bad::LengthAndCoding);
    assert_eq!(bad(get(&[both[1], both[0]].concat())), Bad::LengthAndCoding);
    assert_eq!(bad(get("Content-Length: 0\r\nTransfer-Encoding: x\r\n")), Bad::LengthAndCoding);
}

#[test]
fn a_coding_list_ends_in_exactly_one_chunked() {
    framing("Transfer-Encoding: chunked\r\n", Framing::Chunked);
    framing("transfer-encoding:\t ChUnKeD \t\r\n", Framing::Chunked);
    for wrong in [
        "",
        ",",
        "chunked,",
        ",chunked",
        "chunked, chunked",
        "chunked, gzip",
        "gzip",
        "identity",
        "xchunked",
        "chunkedx",
        "chunked;x=1",
        "\"chunked\"",
        "chunked chunked",
        "'chunked'",
        "gzip,,chunked",
        "gzip, chunked, chunked",
    ] {
        let fields = format!("Transfer-Encoding: {wrong}\r\n");
        assert_eq!(bad(get(&fields)), Bad::CodingNotFinal, "{wrong:?}");
    }
    let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(bad(get(twice)), Bad::CodingNotFinal);
    let split = "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n";
    assert_eq!(bad(get(split)), Bad::CodingNotFinal);
}

#[test]
fn another_coding_is_not_implemented() {
    assert_eq!(bad(get("Transfer-Encoding: gzip, chunked\r\n")), Bad::CodingUnknown);
    assert_eq!(bad(get("Transfer-Encoding: identity, chunked\r\n")), Bad::CodingUnknown);
    let split = "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(bad(get(split)), Bad::CodingUnknown);
    assert_eq!(Bad::CodingUnknown.status(), 501);
}

#[test]
fn no_coding_in_http_1_0() {
    assert_eq!(bad(old("Transfer-Encoding: chunked\r\n")), Bad::CodingBeforeHttp11);
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(bad(old(both)), Bad::CodingBeforeHttp11);
}

#[test]
fn version_and_connection_options_decide_about_keep_alive() {
    for (request, expected) in [
        (get(""), true),
        (get("Connection: close\r\n"), false),
        (get("Connection: Close\r\n"), false),
        (get("Connection: keep-alive, CLOSE\r\n"), false),
        (get("Connection: close\r\nConnection: keep-alive\r\n"), false),
        (get("Connection: upgrade\r\n"), true),
        (get("Connection: closed, not-close\r\n"), true),
        (get("Connection:\r\n"), true),
        (old(""), false),
        (old("Connection: Keep-Alive\r\n"), true),
        (old("Connection: x , keep-alive\r\n"), true),
        (old("Connection: keep-alive\r\nConnection: close\r\n"), false),
    ] {
        with(&request, |head| {
            assert_eq!(head.keep_alive, expected, "{request:?}");
        });
    }
}

#[test]
fn only_100_continue_can_be_expected() {
    let expects = |request: &str, expected| {
        with(request, |head| {
            assert_eq!(head.expect_continue, expected, "{request:?}");
        });
    };
    expects(&get("Expect: 100-continue\r\nContent-Length: 5\r\n"), true);
    expects(&get("expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"), true);
    expects(&get("Expect: 100-continue\r\nContent-Length: 0\r\n"), false);
    expects(&get("Expect: 100-continue\r\n"), false);
    expects(&old("Expect: 100-continue\r\nContent-Length: 5\r\n"), false);
    assert_eq!(bad(get("Expect: 200-ok\r\n")), Bad::ExpectationFailed);
    assert_eq!(bad(get("Expect: 100-continue, x\r\n")), Bad::ExpectationFailed);
    assert_eq!(bad(get("Expect: 100-continue;x\r\n")), Bad::ExpectationFailed);
    assert_eq!(Bad::ExpectationFailed.status(), 417);
}
