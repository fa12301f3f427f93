//! Bodies that are incomplete, unwanted or too long: their cost, their timeouts, and the delivery
//! of the answer.

use super::util::http::{Client, NoReply, assert_next_is_served};
use super::util::process::{PATIENCE, Place, Server, eventually};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn declared(method: &str, path: &str, length: usize) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

fn chunked(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
}

/// Returns the resident memory of the server in bytes.
fn resident(server: &Server) -> usize {
    let status = fs::read_to_string(server.proc("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * KIB
}

#[test]
fn bodies_that_nobody_wants_take_no_memory() {
    let server = Server::start(&["--body-timeout=5m", "--min-rate=0B"]);
    assert_next_is_served(server.web());
    let before = resident(&server);
    let targets =
        [("POST", "/index.html"), ("PUT", "/nothing"), ("DELETE", "/pi"), ("POST", "/pi")];
    let body = vec![b'x'; MIB - 1];
    let mut clients = Vec::new();
    for (method, path) in targets.iter().cycle().take(64) {
        let mut client = Client::connect(server.web());
        client.send(declared(method, path, MIB));
        client.send(&body);
        clients.push(client);
    }
    assert_next_is_served(server.web());
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < 16 * MIB, "{grown} bytes for 64 bodies of a mebibyte");
    for ((_, path), client) in targets.iter().cycle().zip(&mut clients) {
        client.send("x");
        let status = client.reply().unwrap().status;
        assert!([404, 405, 413].contains(&status), "{path}: {status}");
    }
}

#[test]
fn a_chunk_longer_than_the_limit_is_refused_before_it_comes() {
    let server = Server::start(&[]);
    for (path, size) in [("/pi", 1025), ("/api/pow/solve", 64 * KIB + 1)] {
        let mut client = Client::connect(server.web());
        client.send(format!("{}{size:x}\r\n", chunked(path)));
        let reply = client.reply().unwrap();
        assert!(reply.status == 413 && reply.is_last(), "{path}: {reply:?}");
        let mut client = Client::connect(server.web());
        let half = size / 2 + 1;
        client.send(format!("{}{half:x}\r\n{}\r\n{half:x}\r\n", chunked(path), "x".repeat(half)));
        assert_eq!(client.reply().unwrap().status, 413, "{path}, in two chunks");
    }
    assert_next_is_served(server.web());
}

#[test]
fn a_body_that_begins_fast_and_then_drips_is_given_up() {
    let server = Server::start(&["--body-timeout=5m", "--min-rate-after=1s"]);
    let mut client = Client::connect(server.web());
    client.send(declared("POST", "/api/pow/solve", 60_000));
    // At the minimum rate these bytes alone would be worth 100 seconds.
    client.send("x".repeat(50_000));
    let began = Instant::now();
    while client.is_silent() {
        assert!(began.elapsed() < PATIENCE, "it is still let drip");
        client.offer("x");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(began.elapsed() >= Duration::from_millis(500), "after {:?}", began.elapsed());
    assert_eq!(client.reply().unwrap().status, 408);
    assert_next_is_served(server.web());
}

#[test]
fn the_largest_unfinished_requests_make_room_for_others() {
    let args = ["--input-max=64KiB", "--body-timeout=5m", "--min-rate=0B", "--head-timeout=5m"];
    let server = Server::start(&args);
    let begin = |bytes: usize| {
        let mut client = Client::connect(server.web());
        client.send(declared("POST", "/api/pow/solve", bytes + 1));
        client.send("x".repeat(bytes));
        client
    };
    let mut largest = begin(40_000);
    let mut smaller = begin(10_000);
    // Both are idle by then, but the third is not.
    thread::sleep(Duration::from_millis(1200));
    let mut third = begin(20_000);
    let reply = largest.reply().unwrap();
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")), "{}", reply.head);
    assert!(reply.is_last() && largest.is_ended());
    for client in [&mut smaller, &mut third] {
        client.send("x");
        assert_eq!(client.reply().unwrap().status, 400, "served: it is no JSON");
    }
    // Heads count too.
    let mut heads = (0..8).map(|_| Client::connect(server.web())).collect::<Vec<_>>();
    for client in &mut heads {
        client.send(format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(15_000)));
    }
    let refused = |clients: &mut [Client]| {
        clients.iter_mut().map(|client| usize::from(!client.is_silent())).sum::<usize>()
    };
    let first = eventually("a refusal", || Some(refused(&mut heads)).filter(|count| *count > 0));
    assert!(first < 8);
    for client in &mut heads {
        client.offer("\r\n\r\n");
        let status = client.reply().unwrap().status;
        assert!([200, 503].contains(&status), "{status}");
    }
    assert_next_is_served(server.web());
}

#[test]
fn a_refused_upload_gets_its_answer_however_long_it_is() {
    let server = Server::start(&[]);
    let body = vec![b'x'; 24 * MIB];
    for number in 0..20 {
        let path = ["/pi", "/api/pow/solve"][number % 2];
        let mut client = Client::connect(server.web());
        client.send(declared("POST", path, body.len()));
        client.send(&body);
        let reply = client.reply().unwrap_or_else(|no| panic!("number {number}: {no:?}"));
        assert!(reply.status == 413 && reply.is_last(), "{reply:?}");
        assert_eq!(client.rest(), (Vec::new(), NoReply::Ended));
    }
    assert_next_is_served(server.web());
}

#[test]
fn refused_bytes_are_logged_with_the_rule_that_they_break() {
    let place = Place::new();
    let server = Server::start_in(&place, &["--log-file=access.log"]);
    let empty_extension = format!("{}5;\r\n", chunked("/pi"));
    for (request, logged) in [
        ("\x16\x03\x01\x02\0\x01", "\"\\x16\\x03\\x01\\x02\\x00\\x01\" 400 "),
        (empty_extension.as_str(), "\"POST /pi HTTP/1.1\" 400 "),
        ("GET / HTTP/1.1\r\nX y: z\r\n\r\n", "\"GET / HTTP/1.1\\x0D\\x0AX y: z"),
    ] {
        let mut client = Client::connect(server.web());
        client.send(request);
        assert_eq!(client.reply().unwrap().status, 400);
        let line = eventually("its line", || {
            let text = fs::read_to_string(place.path("access.log")).ok()?;
            text.lines().find(|line| line.contains(logged)).map(str::to_string)
        });
        let rule = line.rsplit(' ').nth(1).unwrap();
        assert!(rule.len() > 1 && line.ends_with(" bad-input"), "{line}");
        assert!(!request.contains("5;") || rule == "chunk-extension-syntax", "{line}");
    }
}
