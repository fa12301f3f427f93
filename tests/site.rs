//! A site on a made-up kernel: how often its disk is touched, for whom, and what the cache says.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::{CACHE_BYTES, Limits};
use pentad::service::Kind;
use pentad::service::http::Face;
use pentad::service::web::site::{Rules, State};
use pentad::work::files::{Root, Site};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use util::fake::{Client, Street};
use util::process::Place;

/// A loop that serves these files, and where they are.
fn site(files: &[(&str, &[u8])], cache_bytes: usize) -> (Street, Arc<Place>) {
    let place = Place::new();
    for (name, bytes) in files {
        fs::write(place.path(name), bytes).unwrap();
    }
    let root = Site::Directory(Root::open(&place.path("")).unwrap());
    let mut street = Street::new(Limits::default(), 100, 1);
    street.reactor.desk.world.web.site = State::new(root, Rules::default(), cache_bytes);
    (street, place)
}

fn client(street: &mut Street) -> Client {
    street.connect(Kind::Http(Face::Web), usize::MAX).unwrap()
}

fn ask(client: &Client, method: &str, path: &str) {
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
}

/// What has come: the lines of a head, and a body.
fn answer(client: &Client) -> (String, Vec<u8>) {
    let mut bytes = client.receive(usize::MAX);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let body = bytes.split_off(end);
    (String::from_utf8(bytes).unwrap(), body)
}

/// Asks, and waits for the answer: `X-Cache`, `Age` and the body.
fn get(street: &mut Street, client: &Client, path: &str) -> (String, Option<u64>, Vec<u8>) {
    ask(client, "GET", path);
    street.settle();
    let (head, body) = answer(client);
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let verdict = field("X-Cache: ").unwrap_or_default().to_string();
    (verdict, field("Age: ").map(|age| age.parse().unwrap()), body)
}

/// Turns without a single job being done.
fn turns(street: &mut Street) -> usize {
    for _ in 0..10 {
        street.turn(|| true);
    }
    street.reactor.outside.jobs.len()
}

#[test]
fn whoever_asks_at_the_same_time_is_served_by_one_read() {
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
    let counted = street.reactor.desk.world.web.site.cache.counters();
    assert_eq!((counted.misses, counted.hits, counted.entries), (50, 0, 1));
}

#[test]
fn what_is_in_steady_use_is_looked_at_once_a_second_behind_the_back_of_who_asks() {
    let (mut street, place) = site(&[("a", b"old")], CACHE_BYTES);
    let client = client(&mut street);
    assert_eq!(get(&mut street, &client, "/a"), ("MISS".into(), Some(0), b"old".to_vec()));
    fs::write(place.path("a"), "new and longer").unwrap();
    let mut looks = 0;
    for tenth in 1..=35 {
        street.advance(Duration::from_millis(100));
        for _ in 0..10 {
            ask(&client, "GET", "/a");
            let jobs = turns(&mut street);
            let (head, body) = answer(&client);
            assert!(head.contains("X-Cache: HIT"), "answered before anybody looked: {head}");
            assert!(body == b"old" || tenth >= 10, "{}", body.escape_ascii());
            looks += jobs;
            street.settle();
        }
    }
    assert_eq!(looks, 3, "once a second");
    assert_eq!(get(&mut street, &client, "/a").2, b"new and longer");
}

#[test]
fn the_age_is_counted_from_the_read() {
    let (mut street, _place) = site(&[("a", b"text")], CACHE_BYTES);
    let client = client(&mut street);
    assert_eq!(get(&mut street, &client, "/a").1, Some(0));
    for age in 1..=20 {
        street.advance(Duration::from_secs(1));
        let (verdict, told, _) = get(&mut street, &client, "/a");
        assert_eq!((verdict.as_str(), told), ("HIT", Some(age)));
    }
}

#[test]
fn what_has_no_place_in_the_cache_passes_by_it() {
    let large = vec![b'x'; 8193];
    let files: [(&str, &[u8]); 2] = [("large", &large), ("small", &large[..4096])];
    let (mut street, _place) = site(&files, 64 * 1024);
    let client = client(&mut street);
    for _ in 0..2 {
        let (verdict, age, body) = get(&mut street, &client, "/large");
        assert_eq!((verdict.as_str(), age), ("BYPASS", None), "more than an eighth");
        assert_eq!(body, large);
    }
    for verdict in ["MISS", "HIT"] {
        assert_eq!(get(&mut street, &client, "/small").0, verdict);
    }
    for (on, verdicts) in [(false, ["BYPASS", "BYPASS"]), (true, ["MISS", "HIT"])] {
        let before = street.reactor.desk.world.web.site.cache.counters();
        assert_eq!(street.reactor.desk.world.web.toggle_cache(), on);
        for verdict in verdicts {
            assert_eq!(get(&mut street, &client, "/small").0, verdict);
        }
        let after = street.reactor.desk.world.web.site.cache.counters();
        let all = |counted: pentad::service::web::cache::Counters| {
            (counted.hits, counted.misses, counted.bypasses)
        };
        let (hits, misses, bypasses) = all(before);
        let more = if on { (hits + 1, misses + 1, bypasses) } else { (hits, misses, bypasses + 2) };
        assert_eq!(all(after), more, "what was counted before is still counted");
    }
}

#[test]
fn who_asks_for_the_head_only_has_nothing_read() {
    let (mut street, _place) = site(&[("a", &[b'x'; 5000])], CACHE_BYTES);
    let client = client(&mut street);
    ask(&client, "HEAD", "/a");
    street.settle();
    let (head, body) = answer(&client);
    assert!(head.contains("\r\nContent-Length: 5000\r\n") && body.is_empty(), "{head}");
    assert_eq!(
        street.reactor.desk.world.web.site.cache.counters().bytes,
        0,
        "it was only looked at"
    );
    assert_eq!(get(&mut street, &client, "/a").0, "MISS");
}

#[test]
fn what_is_written_to_all_the_time_is_promised_for_later_on_the_page_of_the_site() {
    let (mut street, place) = site(&[("a", b"text"), ("50x.html", b"sorry")], CACHE_BYTES);
    let client = client(&mut street);
    ask(&client, "GET", "/a");
    let file = fs::File::options().write(true).open(place.path("a")).unwrap();
    for _ in 0..100 {
        file.set_modified(street.now().1).unwrap();
        street.settle();
        street.advance(Duration::from_millis(20));
    }
    street.settle();
    let (head, body) = answer(&client);
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nRetry-After: 1\r\n"), "{head}");
    assert_eq!(body, b"sorry");
    street.advance(Duration::from_secs(1));
    assert_eq!(get(&mut street, &client, "/a").2, b"text", "once it is left alone");
}
