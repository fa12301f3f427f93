//! Tests of the front's cache, and of its invalidation by writes.

use crate::util::process::{Server, eventually};
use crate::{Doors, Shop, ask, field, get};

pub fn reads_name_their_source_and_a_write_invalidates_its_own(server: &Shop) {
    let web = server.web();
    let cached = |path: &str| {
        let reply = get(web, path);
        for name in ["X-Cache", "Age", "Cache-Status", "X-Replica", "Server-Timing"] {
            assert!(field(&reply, name).is_some(), "{path} {name}: {}", reply.head);
        }
        field(&reply, "X-Cache").unwrap().to_string()
    };
    let paths = ["/product/1", "/product/2", "/products/fic", "/products/prog", "/products/all"];
    assert!(paths.iter().all(|path| cached(path) == "MISS"));
    assert!(paths.iter().all(|path| cached(path) == "HIT"));
    for path in [
        "/product/9",
        "/product/0",
        "/product/2147483649",
        "/api/books/0",
        "/products/none",
        "/products/%00",
    ] {
        assert_eq!((get(web, path).status, cached(path).as_str()), (404, "MISS"), "{path}");
    }
    assert_eq!(ask(server.addr("order-1", "tcp"), "PUT", "/purchase/2", "", "").status, 200);
    assert_eq!(paths.map(cached), ["HIT", "MISS", "HIT", "MISS", "MISS"]);
    assert_eq!(get(web, "/product/2").json()["quantity"], 96);
    let topic = r#"{"topic":"Non-fiction"}"#;
    let changed =
        ask(server.panel(), "PATCH", "/api/books/2", "Content-Type: application/json\r\n", topic);
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(paths.map(cached), ["HIT", "MISS", "MISS", "MISS", "MISS"]);
}

#[test]
fn the_cache_says_what_it_did_as_rfc_9211_has_it() {
    let server = Server::start(&["--store-ttl=200ms"]);
    let status = |path: &str| {
        let reply = get(server.web(), path);
        field(&reply, "Cache-Status").unwrap().to_string()
    };
    assert_eq!(status("/product/2"), "pentad; fwd=uri-miss; fwd-status=200; stored");
    assert_eq!(status("/product/2"), "pentad; hit");
    eventually("an entry that is too old", || {
        let told = status("/product/2");
        (told != "pentad; hit").then(|| {
            assert_eq!(told, "pentad; fwd=stale; fwd-status=200; stored");
        })
    });
    assert_eq!(status("/product/9"), "pentad; fwd=uri-miss; fwd-status=404");
    assert_eq!(status("/api/books"), "pentad; fwd=bypass; fwd-status=200");
    let server = Server::start(&["--store-cache=0"]);
    let reply = get(server.web(), "/product/2");
    let told = field(&reply, "Cache-Status").unwrap();
    assert_eq!(told, "pentad; fwd=uri-miss; fwd-status=200", "nothing is stored here");
}

#[test]
fn the_log_has_a_line_for_each_read() {
    let server = Server::start(&[]);
    for path in ["/product/2", "/product/2", "/products/art"] {
        assert_eq!(get(server.web(), path).status, 200);
    }
    let told = eventually("three lines", || {
        let told = server.stderr();
        let lines = told.lines().filter(|line| line.contains(": Using "));
        let lines = lines.map(|line| line.split_once(": ").unwrap().1.to_string());
        let lines = lines.collect::<Vec<_>>();
        (lines.len() == 3).then_some(lines)
    });
    assert!(told[0].starts_with("Using database of catalog-"), "{told:?}");
    assert!(told[0].contains(" for item 2. The time: ") && told[0].ends_with(" ms"), "{told:?}");
    assert_eq!(told[1], "Using cache for item 2");
    assert!(told[2].contains(" for topic \"art\". The time: "), "{told:?}");
}
