//! Situations that HTTP/1.1 servers are known to handle wrongly, each over a socket of its own;
//! after each of them the next client is served.
//!
//! `cargo test --test situations -- --nocapture` ends in a line that counts them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod util;

use util::http::{Client, NoReply, assert_next_is_served};
use util::process::Server;

/// The state of the connection afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It serves another request.
    Open,
    /// It ends in order, with nothing after the last answer.
    Closed,
}

use Then::{Closed, Open};

/// A name, the segments that the client sends, the statuses of the answers.
type Situation = (&'static str, &'static [&'static str], &'static [u16], Then);

/// A request for π with these fields and this body.
macro_rules! post {
    ($fields:literal, $body:literal) => {
        concat!("POST /pi HTTP/1.1\r\nHost: a\r\n", $fields, "\r\n\r\n", $body)
    };
}

/// The same request with a body in chunks.
macro_rules! chunks {
    ($body:literal) => {
        post!("Transfer-Encoding: chunked", $body)
    };
}

/// RFC 9112 §2 and §3: messages and request lines.
const LINES: &[Situation] = &[
    ("a request", &["GET / HTTP/1.1\r\nHost: a\r\n\r\n"], &[200], Open),
    ("a head in pieces", &["GET", " / HTT", "P/1.1\r", "\nHos", "t: a\r\n\r", "\n"], &[200], Open),
    ("two empty lines first", &["\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"], &[200], Open),
    ("empty lines without end", &["\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("lines of LF", &["GET / HTTP/1.1\nHost: a\n\n"], &[400], Closed),
    ("one line of LF", &["GET / HTTP/1.1\r\nHost: a\n\r\n"], &[400], Closed),
    ("a CR alone", &["GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"], &[400], Closed),
    ("no version", &["GET /\r\n\r\n"], &[400], Closed),
    ("a version in small letters", &["GET / http/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("HTTP/1.10", &["GET / HTTP/1.10\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("HTTP/2.0", &["GET / HTTP/2.0\r\nHost: a\r\n\r\n"], &[505], Closed),
    ("the preface of HTTP/2", &["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], &[505], Closed),
    ("a TLS greeting", &["\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{3}"], &[400], Closed),
    ("two blanks", &["GET  / HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("a tab", &["GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("a blank in the target", &["GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("a fragment", &["GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("a target without slash", &["GET index.html HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("an absolute target", &["GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"], &[200], Open),
    ("a method in small letters", &["get / HTTP/1.1\r\nHost: a\r\n\r\n"], &[501], Open),
    ("an unknown method", &["BREW / HTTP/1.1\r\nHost: a\r\n\r\n"], &[501], Open),
    ("a method that is no token", &["G@T / HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("a method that is not for it", &["DELETE /pi HTTP/1.1\r\nHost: a\r\n\r\n"], &[405], Open),
    ("TRACE", &["TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"], &[405], Open),
    ("CONNECT", &["CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"], &[405], Open),
    ("OPTIONS *", &["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"], &[204], Open),
    ("GET *", &["GET * HTTP/1.1\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("HEAD", &["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"], &[200], Open),
    ("HEAD of nothing", &["HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n"], &[404], Open),
];

/// RFC 9112 §5 and RFC 9110 §7.2: fields, and `Host`.
const FIELDS: &[Situation] = &[
    ("no Host", &["GET / HTTP/1.1\r\n\r\n"], &[400], Closed),
    ("an empty Host", &["GET / HTTP/1.1\r\nHost: \r\n\r\n"], &[400], Closed),
    ("two Hosts", &["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"], &[400], Closed),
    ("a user in Host", &["GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"], &[400], Closed),
    ("a path in Host", &["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"], &[400], Closed),
    ("an open bracket in Host", &["GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"], &[400], Closed),
    ("a bad Host, a good target", &["GET http://a/ HTTP/1.1\r\nHost: <a>\r\n\r\n"], &[400], Closed),
    ("a blank before the colon", &["GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n"], &[400], Closed),
    ("an empty name", &["GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"], &[400], Closed),
    ("a name that is no token", &["GET / HTTP/1.1\r\nHost: a\r\nX@: b\r\n\r\n"], &[400], Closed),
    ("a folded value", &["GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"], &[400], Closed),
    ("a blank before the fields", &["GET / HTTP/1.1\r\n Host: a\r\n\r\n"], &[400], Closed),
    ("NUL in a value", &["GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"], &[400], Closed),
    ("a tab around a value", &["GET / HTTP/1.1\r\nHost:\ta\t\r\n\r\n"], &[200], Open),
    ("a value of no letters", &["GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n"], &[200], Open),
    ("a value of the upper half", &["GET / HTTP/1.1\r\nHost: a\r\nX: é\r\n\r\n"], &[200], Open),
    ("no colon", &["GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"], &[400], Closed),
    (
        "an offer to upgrade",
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"],
        &[200],
        Open,
    ),
    (
        "a wish for a socket of the web",
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"],
        &[200],
        Open,
    ),
];

/// RFC 9112 §6 and §7: the end of a body.
const BODIES: &[Situation] = &[
    ("a length", &[post!("Content-Length: 2", "{}")], &[401], Open),
    ("a body in pieces", &[post!("Content-Length: 2", ""), "{", "}"], &[401], Open),
    ("a length of zero", &["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"], &[200], Open),
    (
        "a body for a page",
        &["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"],
        &[413],
        Closed,
    ),
    ("a length with a sign", &[post!("Content-Length: +2", "{}")], &[400], Closed),
    ("a negative length", &[post!("Content-Length: -2", "{}")], &[400], Closed),
    ("a hexadecimal length", &[post!("Content-Length: 0x2", "{}")], &[400], Closed),
    ("an empty length", &[post!("Content-Length:", "{}")], &[400], Closed),
    ("a length of 65 bits", &[post!("Content-Length: 18446744073709551618", "{}")], &[400], Closed),
    ("two lengths", &[post!("Content-Length: 2\r\nContent-Length: 3", "{}")], &[400], Closed),
    ("one length twice", &[post!("Content-Length: 2, 2", "{}")], &[400], Closed),
    (
        "a length and a coding",
        &[post!("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
        &[400],
        Closed,
    ),
    (
        "a coding and a length",
        &[post!("Transfer-Encoding: chunked\r\nContent-Length: 2", "0\r\n\r\n")],
        &[400],
        Closed,
    ),
    (
        "a coding in HTTP/1.0",
        &["POST /pi HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
        &[400],
        Closed,
    ),
    ("another coding", &[post!("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")], &[501], Closed),
    ("chunked not last", &[post!("Transfer-Encoding: chunked, gzip", "0\r\n\r\n")], &[400], Closed),
    (
        "chunked twice",
        &[post!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
        &[400],
        Closed,
    ),
    ("a coding like chunked", &[post!("Transfer-Encoding: xchunked", "0\r\n\r\n")], &[400], Closed),
    ("chunks", &[chunks!("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")], &[401], Open),
    ("chunks in pieces", &[chunks!(""), "2\r", "\n{", "}\r\n0", "\r\n\r", "\n"], &[401], Open),
    ("an extension and trailers", &[chunks!("2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n")], &[401], Open),
    ("a chunk without size", &[chunks!("\r\n{}\r\n0\r\n\r\n")], &[400], Closed),
    ("a chunk with a sign", &[chunks!("+2\r\n{}\r\n0\r\n\r\n")], &[400], Closed),
    ("a blank in a chunk size", &[chunks!("2 \r\n{}\r\n0\r\n\r\n")], &[400], Closed),
    (
        "a chunk size of 17 digits",
        &[chunks!("00000000000000002\r\n{}\r\n0\r\n\r\n")],
        &[400],
        Closed,
    ),
    ("a chunk longer than it says", &[chunks!("1\r\n{}\r\n0\r\n\r\n")], &[400], Closed),
    ("a chunk line of LF", &[chunks!("2\n{}\n0\n\n")], &[400], Closed),
    ("a request for a trailer", &[chunks!("0\r\nGET / HTTP/1.1\r\n\r\n")], &[400], Closed),
    (
        "a body that is a request",
        &["POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.0\r\n\r\n"],
        &[404],
        Open,
    ),
    (
        "the body that was awaited",
        &[post!("Content-Length: 2\r\nExpect: 100-continue", "")],
        &[100],
        Open,
    ),
    (
        "too large to be awaited",
        &[post!("Content-Length: 9999999\r\nExpect: 100-continue", "")],
        &[413],
        Closed,
    ),
    (
        "chunks for a page, to be awaited",
        &["GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
         Expect: 100-continue\r\n\r\n"],
        &[413],
        Closed,
    ),
    (
        "a page that cannot be written, to be awaited",
        &["PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"],
        &[405],
        Closed,
    ),
    (
        "awaited in HTTP/1.0",
        &["POST /pi HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"],
        &[401],
        Closed,
    ),
    (
        "awaited and there already",
        &[post!("Content-Length: 2\r\nExpect: 100-continue", "{}")],
        &[401],
        Open,
    ),
    ("another expectation", &[post!("Content-Length: 2\r\nExpect: cake", "")], &[417], Closed),
];

/// RFC 9112 §9: the lifetime of a connection.
const CONNECTIONS: &[Situation] = &[
    (
        "three at once",
        &["GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[200, 404, 200],
        Open,
    ),
    (
        "one and a half, and the rest",
        &["GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /noth", "ing HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[200, 404],
        Open,
    ),
    (
        "a body, then a request",
        &[post!("Content-Length: 2", "{}GET / HTTP/1.1\r\nHost: a\r\n\r\n")],
        &[401, 200],
        Open,
    ),
    (
        "after close nothing counts",
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\
             GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[200],
        Closed,
    ),
    (
        "close among others",
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n"],
        &[200],
        Closed,
    ),
    (
        "after an error nothing counts",
        &["GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[400],
        Closed,
    ),
    ("HTTP/1.0", &["GET / HTTP/1.0\r\n\r\n"], &[200], Closed),
    (
        "HTTP/1.0 that stays",
        &["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"],
        &[200, 200],
        Closed,
    ),
];

fn play(server: &Server, (name, segments, statuses, then): &Situation) -> Result<(), String> {
    let mut client = Client::connect(server.web());
    let mut first = None;
    match segments {
        [head] if head.starts_with("HEAD ") => first = Some(client.ask(head)),
        _ => segments.iter().for_each(|segment| client.offer(segment)),
    }
    for (index, status) in statuses.iter().enumerate() {
        let reply = first.take().unwrap_or_else(|| client.reply());
        let reply = reply.map_err(|no| format!("{name}: answer {index} did not come: {no:?}"))?;
        if reply.status != *status {
            return Err(format!("{name}: {} instead of {status}", reply.status));
        }
        let last = *then == Closed && index + 1 == statuses.len();
        if reply.is_last() != last {
            return Err(format!("{name}: what it says of the connection: {}", reply.head));
        }
    }
    let (body, expected) = if statuses.contains(&100) { ("{}", 401) } else { ("", 200) };
    let ended = match then {
        Closed => client.rest() == (Vec::new(), NoReply::Ended),
        Open if body.is_empty() => client.get("/healthz").status == expected,
        Open => client.ask(body).is_ok_and(|reply| reply.status == expected),
    };
    assert_next_is_served(server.web());
    ended.then_some(()).ok_or_else(|| format!("{name}: not {then:?} afterwards"))
}

#[test]
fn each_situation_is_answered_and_the_next_client_is_served() {
    let server = Server::start(&[]);
    let all = [LINES, FIELDS, BODIES, CONNECTIONS].concat();
    let failures = all.iter().filter_map(|situation| play(&server, situation).err());
    let failures = failures.collect::<Vec<_>>();
    for failure in &failures {
        println!("{failure}");
    }
    println!("\n{} passed, {} failed", all.len() - failures.len(), failures.len());
    assert_eq!(failures, [""; 0]);
}
