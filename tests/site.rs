//! A site on the simulated kernel: the number of disk accesses, their requesters, and the cache
//! status.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::{CACHE_BYTES, Limits};
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use pentad::service::site::{Rules, State};
use pentad::work::files::{Root, Site};
use pentad::work::{Compute, Job};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use util::fake::{Client, TestNet};
use util::process::Place;

/// A loop that serves these files, and where they are.
fn site(files: &[(&str, &[u8])], cache_bytes: usize) -> (TestNet, Arc<Place>) {
    let place = Place::new();
    for (name, bytes) in files {
        fs::write(place.path(name), bytes).unwrap();
    }
    let root = Site::Directory(Root::open(&place.path("")).unwrap());
    let mut street = TestNet::new(Limits::default(), 100, 1);
    street.reactor.context.world.site = State::new(root, Rules::default(), cache_bytes);
    (street, place)
}

fn client(street: &mut TestNet) -> Client {
    street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap()
}

fn ask(client: &Client, method: &str, path: &str) {
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
}

/// Returns the received head as lines, and the body.
fn answer(client: &Client) -> (String, Vec<u8>) {
    let mut bytes = client.receive(usize::MAX);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let body = bytes.split_off(end);
    (String::from_utf8(bytes).unwrap(), body)
}

/// Sends a request, and waits for the answer: `X-Cache` and the body.
fn get(street: &mut TestNet, client: &Client, path: &str) -> (String, Vec<u8>) {
    ask(client, "GET", path);
    street.settle();
    let (head, body) = answer(client);
    assert!(!head.contains("\r\nAge: "), "a file of our own is as old as our last look: {head}");
    let verdict = head.lines().find_map(|line| line.strip_prefix("X-Cache: "));
    (verdict.unwrap_or_default().to_string(), body)
}

/// Runs turns without any job being done.
fn turns(street: &mut TestNet) -> usize {
    for _ in 0..10 {
        street.turn(|| true);
    }
    street.reactor.outside.jobs.len()
}

#[test]
fn concurrent_requests_for_a_file_share_one_read() {
    let (mut street, _place) = site(&[("a", b"text")], CACHE_BYTES);
    let clients = (0..50).map(|_| client(&mut street)).collect::<Vec<_>>();
    for (number, client) in clients.iter().enumerate() {
        ask(client, "GET", "/a");
        assert_eq!(turns(&mut street), 1, "number {number} waits for the read of the first");
    }
    street.settle();
    for client in &clients {
        let (head, body) = answer(client);
        assert!(head.contains("\r\nX-Cache: MISS\r\n") && body == b"text", "{head}");
    }
    let counted = street.reactor.context.world.site.cache.counters();
    assert_eq!((counted.misses, counted.hits, counted.entries), (50, 0, 1));
}

#[test]
fn a_file_in_use_is_checked_once_a_second_in_the_background() {
    let (mut street, place) = site(&[("a", b"old")], CACHE_BYTES);
    let client = client(&mut street);
    assert_eq!(get(&mut street, &client, "/a"), ("MISS".into(), b"old".to_vec()));
    fs::write(place.path("a"), "new and longer").unwrap();
    let mut looks = 0;
    for tenth in 1..=35 {
        street.advance(Duration::from_millis(100));
        for _ in 0..10 {
            ask(&client, "GET", "/a");
            let jobs = turns(&mut street);
            let (head, body) = answer(&client);
            assert!(head.contains("X-Cache: HIT"), "answered without a look at the file: {head}");
            assert!(body == b"old" || tenth >= 10, "{}", body.escape_ascii());
            looks += jobs;
            street.settle();
        }
    }
    assert_eq!(looks, 3, "once a second");
    assert_eq!(get(&mut street, &client, "/a").1, b"new and longer");
}

#[test]
fn a_file_not_requested_lately_is_checked_before_it_is_sent() {
    let (mut street, place) = site(&[("a", b"old")], CACHE_BYTES);
    let client = client(&mut street);
    assert_eq!(get(&mut street, &client, "/a").1, b"old");
    fs::write(place.path("a"), "new").unwrap();
    street.advance(Duration::from_millis(1100));
    ask(&client, "GET", "/a");
    assert_eq!(turns(&mut street), 1, "the answer waits for a look");
    street.settle();
    assert_eq!(answer(&client).1, b"new");
}

#[test]
fn a_file_in_memory_has_no_age_however_long_ago_it_was_read() {
    let (mut street, _place) = site(&[("a", b"text")], CACHE_BYTES);
    let client = client(&mut street);
    assert_eq!(get(&mut street, &client, "/a").0, "MISS");
    for _ in 1..=20 {
        street.advance(Duration::from_secs(1));
        assert_eq!(get(&mut street, &client, "/a").0, "HIT");
    }
}

#[test]
fn what_has_no_place_in_the_cache_passes_by_it() {
    let large = vec![b'x'; 8193];
    let files: [(&str, &[u8]); 2] = [("large", &large), ("small", &large[..4096])];
    let (mut street, _place) = site(&files, 64 * 1024);
    let client = client(&mut street);
    for _ in 0..2 {
        let (verdict, body) = get(&mut street, &client, "/large");
        assert_eq!(verdict, "BYPASS", "more than an eighth");
        assert_eq!(body, large);
    }
    for verdict in ["MISS", "HIT"] {
        assert_eq!(get(&mut street, &client, "/small").0, verdict);
    }
    for (on, verdicts) in [(false, ["BYPASS", "BYPASS"]), (true, ["MISS", "HIT"])] {
        let before = street.reactor.context.world.site.cache.counters();
        assert_eq!(street.reactor.context.world.site.toggle_cache(), on);
        for verdict in verdicts {
            assert_eq!(get(&mut street, &client, "/small").0, verdict);
        }
        let after = street.reactor.context.world.site.cache.counters();
        let all = |counted: pentad::service::site::Counters| {
            (counted.hits, counted.misses, counted.bypasses)
        };
        let (hits, misses, bypasses) = all(before);
        let more = if on { (hits + 1, misses + 1, bypasses) } else { (hits, misses, bypasses + 2) };
        assert_eq!(all(after), more, "what was counted before is still counted");
    }
}

#[test]
fn a_head_is_read_for_its_tag_and_found_in_memory_later() {
    let (mut street, _place) = site(&[("a", &[b'x'; 5000])], CACHE_BYTES);
    let client = client(&mut street);
    ask(&client, "HEAD", "/a");
    street.settle();
    let (head, body) = answer(&client);
    assert!(head.contains("\r\nContent-Length: 5000\r\n") && body.is_empty(), "{head}");
    let tag =
        |head: &str| head.lines().find_map(|line| line.strip_prefix("ETag: ")).map(str::to_owned);
    let first = tag(&head);
    ask(&client, "GET", "/a");
    assert_eq!(turns(&mut street), 0, "what the tag was made of is in memory");
    let (head, _) = answer(&client);
    assert!(first.is_some() && tag(&head) == first && head.contains("X-Cache: HIT"), "{head}");
    ask(&client, "POST", "/b");
    street.settle();
    assert!(answer(&client).0.starts_with("HTTP/1.1 404 "));
}

/// Returns the number of compression jobs until all clients are answered.
#[cfg(feature = "gzip")]
fn packings(street: &mut TestNet) -> usize {
    let mut count = 0;
    loop {
        turns(street);
        let jobs = &street.reactor.outside.jobs;
        let is_pack = |job: &Job| matches!(job, Job::Compute(Compute::Pack(_)));
        count += jobs.iter().filter(|(_, _, job)| is_pack(job)).count();
        if jobs.is_empty() {
            return count;
        }
        while !street.reactor.outside.jobs.is_empty() {
            street.finish_job(0);
        }
    }
}

#[test]
#[cfg(feature = "gzip")]
fn what_does_not_fit_the_cache_in_both_forms_is_not_compressed() {
    let long = b"text to be compressed, ".repeat(1000);
    let files: [(&str, &[u8]); 2] = [("long.txt", &long), ("short.txt", &long[..12_000])];
    let (mut street, _place) = site(&files, 8 * 40_000);
    let client = client(&mut street);
    let mut packed = 0;
    for round in 0..6 {
        for path in ["/long.txt", "/short.txt"] {
            for accepted in ["gzip", "identity"] {
                client.send(
                    format!(
                        "GET {path} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\
                         Accept-Encoding: {accepted}\r\n\r\n"
                    )
                    .as_bytes(),
                );
                packed += packings(&mut street);
                let (head, _) = answer(&client);
                assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
                let is_packed = head.contains("Content-Encoding: gzip");
                assert_eq!(is_packed, path == "/short.txt" && accepted == "gzip", "{head}");
            }
        }
        assert!(packed <= 1, "round {round}: {packed} times");
    }
    assert_eq!(packed, 1, "what has room in both forms, and once");
}
