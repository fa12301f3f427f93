//! Both sides of every bound: input at the bound is served, larger input is refused with an answer
//! that arrives, and the bytes after it are never taken for a request.

use super::util::http::{Client, NoReply, Reply, assert_next_is_served, by, get};
use super::util::process::Server;

/// Sends all of `bytes`, then reads everything: exactly one complete answer, and the end.
fn refused(server: &Server, bytes: &[u8]) -> Reply {
    let mut client = Client::connect(server.web());
    client.offer(bytes);
    let reply = client.reply().unwrap();
    assert!(reply.is_last(), "{}", reply.head);
    assert_eq!(client.rest(), (Vec::new(), NoReply::Ended), "after {}", reply.head);
    assert_next_is_served(server.web());
    reply
}

/// Returns the status of a request that is answered and keeps the connection usable.
fn taken(server: &Server, request: &str) -> u16 {
    let mut client = Client::connect(server.web());
    let reply = client.ask(request).unwrap();
    assert!(!reply.is_last(), "{}", reply.head);
    assert_eq!(client.get("/healthz").status, 200, "the connection goes on");
    reply.status
}

/// Returns a head of exactly so many bytes.
fn head_of(bytes: usize) -> String {
    let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
    format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(bytes - frame))
}

/// Returns a head with so many fields.
fn head_with(fields: usize) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(fields - 1))
}

/// Returns a request whose target has so many bytes.
fn target_of(bytes: usize) -> String {
    get(&format!("/{}", "x".repeat(bytes - 1)))
}

/// Returns a JSON body of exactly so many bytes, most of them blank.
fn body_of(bytes: usize) -> String {
    let json = by("1111", "\"simulations\":100");
    format!("{json}{}", " ".repeat(bytes - json.len()))
}

fn declared(path: &str, length: usize, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Returns the same request with a body in chunks of 4 KiB.
fn chunked(path: &str, body: &str) -> String {
    let mut text = format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.as_bytes().chunks(4096) {
        let chunk = std::str::from_utf8(chunk).unwrap();
        text.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    text + "0\r\n\r\n"
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

#[test]
fn the_default_bounds_hold_to_the_byte() {
    let server = Server::start(&[]);
    assert_eq!(taken(&server, &head_of(16 * KIB)), 200);
    assert_eq!(refused(&server, head_of(16 * KIB + 1).as_bytes()).status, 431);
    assert_eq!(taken(&server, &head_with(100)), 200);
    assert_eq!(refused(&server, head_with(101).as_bytes()).status, 431);
    assert_eq!(taken(&server, &target_of(8 * KIB)), 404);
    assert_eq!(refused(&server, target_of(8 * KIB + 1).as_bytes()).status, 414);
    assert_eq!(taken(&server, &declared("/pi", KIB, &body_of(KIB))), 200);
    assert_eq!(taken(&server, &chunked("/pi", &body_of(KIB))), 200);
    let over = body_of(KIB + 1);
    assert_eq!(refused(&server, declared("/pi", KIB + 1, &over).as_bytes()).status, 413);
    assert_eq!(refused(&server, chunked("/pi", &over).as_bytes()).status, 413);
    let long = body_of(64 * KIB);
    assert_eq!(taken(&server, &declared("/api/pow/verify", 64 * KIB, &long)), 422);
    let over = body_of(64 * KIB + 1);
    assert_eq!(
        refused(&server, declared("/api/pow/verify", over.len(), &over).as_bytes()).status,
        413
    );
    let unrouted = body_of(MIB);
    assert_eq!(taken(&server, &declared("/nothing", MIB, &unrouted)), 404);
    let over = body_of(MIB + 1);
    assert_eq!(refused(&server, declared("/nothing", MIB + 1, &over).as_bytes()).status, 413);
    let page = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(refused(&server, page.as_bytes()).status, 413);
    let page = "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    assert_eq!(refused(&server, page.as_bytes()).status, 413);
}

#[test]
fn a_head_without_end_is_refused_before_its_end() {
    let server = Server::start(&[]);
    for beginning in ["GET / HTTP/1.1\r\nHost: a\r\nX: ", "GET /", "G"] {
        let mut client = Client::connect(server.web());
        client.offer(format!("{beginning}{}", "x".repeat(17 * KIB)));
        let reply = client.reply().unwrap();
        assert!([414, 431, 501].contains(&reply.status), "{beginning:?}: {}", reply.head);
        assert!(client.is_ended());
        assert_next_is_served(server.web());
    }
}

#[test]
fn every_bound_has_a_flag() {
    let server = Server::start(&[
        "--head-bytes=1KiB",
        "--head-fields=5",
        "--target-bytes=64B",
        "--body-bytes=1KiB",
        "--chunk-ext-bytes=4B",
        "--chunk-ext-total-bytes=6B",
        "--trailer-bytes=16B",
    ]);
    assert_eq!(taken(&server, &head_of(KIB)), 200);
    assert_eq!(refused(&server, head_of(KIB + 1).as_bytes()).status, 431);
    assert_eq!(taken(&server, &head_with(5)), 200);
    assert_eq!(refused(&server, head_with(6).as_bytes()).status, 431);
    assert_eq!(taken(&server, &target_of(64)), 404);
    assert_eq!(refused(&server, target_of(65).as_bytes()).status, 414);
    assert_eq!(taken(&server, &declared("/pi", KIB, &body_of(KIB))), 200);
    assert_eq!(
        refused(&server, declared("/pi", KIB + 1, &body_of(KIB + 1)).as_bytes()).status,
        413
    );
    assert_eq!(taken(&server, &chunked("/pi", &body_of(KIB))), 200);
    assert_eq!(refused(&server, chunked("/pi", &body_of(KIB + 1)).as_bytes()).status, 413);
    let body = by("1111", "\"simulations\":100");
    let framed = |first: &str, last: &str, trailer: &str| {
        let (left, right) = body.split_at(2);
        let rest = right.len();
        format!(
            "POST /pi HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             2{first}\r\n{left}\r\n{rest:x}{last}\r\n{right}\r\n0\r\n{trailer}\r\n"
        )
    };
    assert_eq!(taken(&server, &framed(";a=b", ";c", "")), 200);
    assert_eq!(refused(&server, framed(";a=bc", "", "").as_bytes()).status, 400);
    assert_eq!(refused(&server, framed(";a=b", ";cd", "").as_bytes()).status, 400);
    assert_eq!(taken(&server, &framed("", "", "Sum: 123456789\r\n")), 200);
    assert_eq!(refused(&server, framed("", "", "Sum: 1234567890\r\n").as_bytes()).status, 431);
}

#[test]
fn a_body_that_was_refused_is_never_taken_for_requests() {
    let server = Server::start(&["--body-bytes=1KiB"]);
    let hidden = get("/healthz").repeat(200);
    for request in [
        declared("/pi", hidden.len(), &hidden),
        chunked("/pi", &hidden),
        declared("/", 10, &hidden).replacen("POST", "GET", 1),
        declared("/nowhere", hidden.len(), &hidden),
        format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n{hidden}"),
        format!("BREW HTCPCP\r\n\r\n{hidden}"),
        format!("{}{hidden}", head_of(20 * KIB)),
    ] {
        let reply = refused(&server, request.as_bytes());
        assert!(reply.status >= 400, "{} to {}", reply.status, &request[..60]);
    }
    // A short unwanted body is read to its end and discarded; the next request is served.
    let short = declared("/nowhere", 30, &hidden[..30]);
    assert_eq!(taken(&server, &short), 404);
}

#[test]
fn a_refusal_survives_what_is_sent_against_it() {
    let server = Server::start(&[]);
    let sent = "x".repeat(MIB);
    for request in [
        declared("/pi", 2 * MIB, &sent),
        declared("/", MIB, &sent).replacen("POST", "GET", 1),
        format!("GET / HTTP/1.1\r\nbad header\r\n\r\n{sent}"),
    ] {
        for _ in 0..10 {
            let mut client = Client::connect(server.web());
            client.send(&request);
            let reply = client.reply().unwrap();
            assert!([400, 413].contains(&reply.status), "{}", reply.head);
            assert_eq!(client.rest(), (Vec::new(), NoReply::Ended));
        }
    }
    assert_next_is_served(server.web());
}
