//! The bookstore, in the real binary: the contract of its older clients byte for byte, one log for
//! all replicas, crashes, and what survives them.

#![allow(clippy::unwrap_used)]

mod util;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};
use util::http::{Client, Reply};
use util::process::{Place, Server, eventually};

const REPLICAS: [&str; 4] = ["catalog-1", "catalog-2", "order-1", "order-2"];
fn ask(addr: SocketAddr, method: &str, path: &str, fields: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    );
    Client::connect(addr).ask(&request).unwrap()
}

fn get(addr: SocketAddr, path: &str) -> Reply {
    Client::connect(addr).get(path)
}

fn field<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let prefix = format!("{name}: ");
    reply.head.lines().find_map(|line| line.strip_prefix(prefix.as_str()))
}

/// What the API says of each replica, when all of them agree.
fn agreeing(server: &Server) -> Vec<Value> {
    eventually("equal digests", || {
        let all = get(server.web(), "/api/store/replicas").json();
        let all = all.as_array().unwrap().clone();
        let same = all.windows(2).all(|pair| pair[0]["digest"] == pair[1]["digest"]);
        (same && all.iter().all(|replica| replica["state"] == "UP")).then_some(all)
    })
}

fn stock(server: &Server, book: u32) -> u64 {
    let quantities = ["catalog-1", "catalog-2"].map(|name| {
        let reply = get(server.addr(name, "tcp"), &format!("/retrieve/item/{book}"));
        reply.json()["quantity"].as_u64().unwrap()
    });
    assert_eq!(quantities[0], quantities[1]);
    quantities[0]
}

const GATSBY: &str =
    r#"{"id":1,"price":2000.0,"quantity":9,"title":"The Great Gatsby","topic":"Fiction"}"#;
const PYTHON: &str = concat!(
    r#"{"id":2,"price":500.0,"quantity":97,"title":"Introduction to Python","#,
    r#""topic":"Programming"}"#
);
const ART: &str = r#"{"id":3,"price":45.0,"quantity":0,"title":"History of Art","topic":"Art"}"#;

#[test]
fn reads_are_answered_byte_for_byte() {
    let server = Server::start(&[]);
    let rows: [(&[&str], &str, u16, String); 11] = [
        (&REPLICAS[..2], "/retrieve/item/1", 200, GATSBY.into()),
        (&REPLICAS[..2], "/retrieve/item/x", 400, r#"{"error":"Book ID must be numeric"}"#.into()),
        (&REPLICAS[..2], "/retrieve/item/4", 404, r#"{"error":"Book not found"}"#.into()),
        (&REPLICAS[..2], "/retrieve/topic/Art", 200, format!("[{ART}]")),
        (
            &REPLICAS[..2],
            "/retrieve/topic/Ar",
            404,
            r#"{"error":"No books found for this topic"}"#.into(),
        ),
        (&["web", "panel"], "/product/2", 200, PYTHON.into()),
        (
            &["web", "panel"],
            "/product/a",
            400,
            r#"{"message":"Product ID must be numeric"}"#.into(),
        ),
        (&["web", "panel"], "/product/9", 404, r#"{"message":"Product not found"}"#.into()),
        (&["web", "panel"], "/products/all", 200, format!("[{GATSBY},{PYTHON},{ART}]")),
        (&["web", "panel"], "/products/gram", 200, format!("[{PYTHON}]")),
        (&["web", "panel"], "/products/none", 404, r#"{"message":"No products found"}"#.into()),
    ];
    for (services, path, status, body) in rows {
        for service in services {
            for path in [path.to_string(), format!("{path}/")] {
                // Twice: a miss and a hit look the same.
                for _ in 0..2 {
                    let reply = get(server.addr(service, "tcp"), &path);
                    assert_eq!((reply.status, &reply.body), (status, &body), "{service} {path}");
                }
            }
        }
    }
    for name in REPLICAS {
        let addr = server.addr(name, "tcp");
        assert_eq!((get(addr, "/").status, get(addr, "/health").status), (200, 200), "{name}");
        assert_eq!(get(addr, "/nothing").status, 404);
    }
}

#[test]
fn writes_are_answered_byte_for_byte() {
    let server = Server::start(&[]);
    let (catalog, order) = (server.addr("catalog-1", "tcp"), server.addr("order-2", "tcp"));
    let web = server.web();
    let rows = [
        (
            order,
            "/purchase/2",
            "",
            200,
            r#"{"message":"Book successfully purchased","status":true}"#,
        ),
        (order, "/purchase/3", "", 400, r#"{"message":"Book out of stock","status":false}"#),
        (order, "/purchase/8", "", 404, r#"{"message":"Book not found","status":false}"#),
        (order, "/purchase/x", "", 400, r#"{"message":"Book ID must be a numeric value"}"#),
        (
            web,
            "/purchase/2",
            "",
            200,
            r#"{"message":"Product purchased successfully","success":true}"#,
        ),
        (web, "/purchase/3", "", 400, r#"{"message":"Product out of stock","success":false}"#),
        (web, "/purchase/8", "", 404, r#"{"message":"Product not found","success":false}"#),
        (catalog, "/modify/2", "{}", 400, r#"{"error":"No update data provided"}"#),
        (catalog, "/modify/2", "", 400, r#"{"error":"No update data provided"}"#),
        (catalog, "/modify/7", r#"{"price":1}"#, 404, r#"{"error":"Book not found"}"#),
        (catalog, "/modify/2", r#"{"price":-1}"#, 400, r#"{"error":"invalid field price"}"#),
        (catalog, "/modify/2", r#"{"price":true}"#, 400, r#"{"error":"invalid field price"}"#),
        (catalog, "/modify/2", r#"{"quantity":1.5}"#, 400, r#"{"error":"invalid field quantity"}"#),
        (catalog, "/modify/2", r#"{"quantity":"4"}"#, 400, r#"{"error":"invalid field quantity"}"#),
        (
            catalog,
            "/modify/3",
            r#"{"price":12.25,"quantity":4}"#,
            200,
            r#"{"id":3,"price":12.25,"quantity":4,"title":"History of Art","topic":"Art"}"#,
        ),
    ];
    let bought = rows.iter().filter(|row| row.1 == "/purchase/2").count() as u64 * 4;
    for (addr, path, body, status, expected) in rows {
        for method in ["PUT", "POST"] {
            for path in [path.to_string(), format!("{path}/")] {
                let reply = ask(addr, method, &path, "Content-Type: text/plain\r\n", body);
                let told = (reply.status, reply.body.as_str());
                assert_eq!(told, (status, expected), "{method} {path} {body}");
            }
        }
    }
    assert_eq!(stock(&server, 2), 97 - bought, "nothing was written but what was said");
    agreeing(&server);
}

#[test]
fn the_last_copy_is_sold_once_however_many_want_it() {
    let server = Server::start(&[]);
    let catalog = server.addr("catalog-1", "tcp");
    for (copies, expected) in [(1, 1), (100, 100)] {
        ask(catalog, "PUT", "/modify/1", "", &format!("{{\"quantity\":{copies}}}"));
        let doors = [server.web(), server.addr("order-1", "tcp"), server.addr("order-2", "tcp")];
        let buyers = (0..200).map(|buyer| {
            let door = doors[buyer % doors.len()];
            thread::spawn(move || ask(door, "PUT", "/purchase/1/", "", "").status)
        });
        let told = buyers.collect::<Vec<_>>().into_iter().map(|buyer| buyer.join().unwrap());
        let told = told.collect::<Vec<_>>();
        assert_eq!(told.iter().filter(|status| **status == 200).count(), expected);
        assert_eq!(told.iter().filter(|status| **status == 400).count(), 200 - expected);
        assert_eq!(stock(&server, 1), 0);
    }
    agreeing(&server);
    assert_eq!(get(server.web(), "/api/orders?limit=500").json().as_array().unwrap().len(), 101);
}

#[test]
fn every_read_says_where_it_comes_from_and_a_write_takes_just_its_own_from_the_cache() {
    let server = Server::start(&[]);
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
    assert_eq!(ask(server.addr("order-1", "tcp"), "PUT", "/purchase/2", "", "").status, 200);
    assert_eq!(paths.map(cached), ["HIT", "MISS", "HIT", "MISS", "MISS"]);
    assert_eq!(get(web, "/product/2").json()["quantity"], 96);
    let topic = r#"{"topic":"Non-fiction"}"#;
    let changed = ask(web, "PATCH", "/api/books/2", "Content-Type: application/json\r\n", topic);
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(paths.map(cached), ["HIT", "MISS", "MISS", "MISS", "MISS"]);
}

#[test]
fn a_purchase_with_a_key_happens_once() {
    let server = Server::start(&[]);
    let (web, key) = (server.web(), "Idempotency-Key: one\r\n");
    for (turn, replayed) in [None, Some("true"), Some("true")].into_iter().enumerate() {
        let reply = ask(web, "PUT", "/purchase/2/", key, "");
        assert_eq!((reply.status, field(&reply, "Idempotent-Replayed")), (200, replayed), "{turn}");
    }
    assert_eq!(ask(web, "PUT", "/purchase/1/", key, "").status, 422);
    assert_eq!(stock(&server, 2), 96);
    let body = r#"{"book_id":2,"quantity":6}"#;
    let fields = "Idempotency-Key: two\r\nContent-Type: application/json\r\n";
    let first = ask(web, "POST", "/api/orders", fields, body);
    assert_eq!((first.status, field(&first, "Location")), (201, Some("/api/orders/2")));
    let again = ask(web, "POST", "/api/orders", fields, body);
    let replayed = field(&again, "Idempotent-Replayed");
    assert_eq!((again.status, &again.body, replayed), (201, &first.body, Some("true")));
    assert_eq!(
        ask(web, "POST", "/api/orders", fields, r#"{"book_id":2,"quantity":7}"#).status,
        422
    );
    let order = get(web, "/api/orders/2").json();
    assert_eq!((&order["book_id"], &order["quantity"]), (&json!(2), &json!(6)));
    assert_eq!(stock(&server, 2), 90);
    let long = format!("Idempotency-Key: {}\r\n", "k".repeat(256));
    assert_eq!(ask(web, "PUT", "/purchase/2/", &long, "").status, 400);
}

#[test]
fn the_api_validates_and_writes_nothing_that_is_wrong() {
    let server = Server::start(&[]);
    let web = server.web();
    let send = |method: &str, path: &str, fields: &str, body: &str| {
        let fields = format!("Content-Type: application/json\r\n{fields}");
        ask(web, method, path, &fields, body)
    };
    for body in [
        r#"{"title":"","price":1,"topic":"t"}"#,
        r#"{"title":"t","price":1.001,"topic":"t"}"#,
        r#"{"title":"t","price":"1","topic":"t"}"#,
        r#"{"title":"t","price":1,"topic":"t","quantity":-1}"#,
        r#"{"title":"t","price":1,"topic":"t","quantity":true}"#,
        r#"{"title":"t","price":1}"#,
    ] {
        let reply = send("POST", "/api/books", "", body);
        let media = field(&reply, "Content-Type");
        assert_eq!((reply.status, media), (422, Some("application/problem+json")), "{body}");
    }
    let added = send("POST", "/api/books", "", r#"{"title":"New","price":9.5,"topic":"Art"}"#);
    assert_eq!((added.status, field(&added, "Location")), (201, Some("/api/books/4")));
    let book = get(web, "/api/books/4");
    let etag = field(&book, "ETag").unwrap().to_string();
    assert_eq!(
        ask(web, "GET", "/api/books/4", &format!("If-None-Match: {etag}\r\n"), "").status,
        304
    );
    let matching = format!("If-Match: {etag}\r\n");
    assert_eq!(send("PATCH", "/api/books/4", &matching, r#"{"price":10}"#).status, 200);
    assert_eq!(send("PATCH", "/api/books/4", &matching, r#"{"price":11}"#).status, 412);
    assert_eq!(send("PATCH", "/api/books/4", "If-Match: \"x\"\r\n", r#"{"price":11}"#).status, 412);
    assert_eq!(send("POST", "/api/books/4/stock", "", r#"{"delta":3,"reason":"in"}"#).status, 200);
    assert_eq!(
        send("POST", "/api/books/4/stock", "", r#"{"delta":-4,"reason":"out"}"#).status,
        409
    );
    let short = send("POST", "/api/orders", "", r#"{"book_id":4,"quantity":4}"#);
    assert_eq!((short.status, &short.json()["available"]), (409, &json!(3)));
    assert_eq!(send("POST", "/api/orders", "", r#"{"book_id":4,"quantity":0}"#).status, 422);
    assert_eq!(send("PATCH", "/api/books/4", "Origin: http://evil.example\r\n", "{}").status, 403);
    let cheap = get(web, "/api/books?max_price=50&sort=-price&limit=1");
    assert_eq!(cheap.json()[0]["id"], 3);
    let link = field(&cheap, "Link").unwrap();
    let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    assert_eq!(get(web, next).json()[0]["id"], 4);
    for query in ["sort=x", "limit=0", "min_price=-1", "in_stock=maybe", "cursor=-1"] {
        assert_eq!(get(web, &format!("/api/books?{query}")).status, 400, "{query}");
    }
    let crash = "/api/store/replicas/catalog-1/crash";
    assert_eq!(send("POST", crash, "", "").status, 404, "control is on the panel only");
    agreeing(&server);
}

#[test]
fn no_read_fails_while_a_catalog_is_down_and_it_comes_back_with_all_it_missed() {
    let server = Server::start(&["--store-cache", "0"]);
    let (web, panel) = (server.web(), server.panel());
    let control = |name: &str, what: &str| {
        let reply = ask(panel, "POST", &format!("/api/store/replicas/{name}/{what}"), "", "");
        assert_eq!(reply.status, 200, "{}", reply.body);
    };
    control("catalog-2", "crash");
    assert_eq!(get(server.addr("catalog-2", "tcp"), "/retrieve/item/1").status, 503);
    for _ in 0..40 {
        assert_eq!(get(web, "/product/1").status, 200);
    }
    for _ in 0..20 {
        assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 200);
    }
    control("catalog-1", "crash");
    let none = get(web, "/product/1");
    assert!(none.status == 503 && field(&none, "Retry-After").is_some(), "{}", none.head);
    control("catalog-2", "recover");
    control("catalog-1", "recover");
    agreeing(&server);
    assert_eq!(stock(&server, 2), 77);
    control("order-1", "crash");
    assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 200, "the other one sells");
    control("order-2", "crash");
    assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 503);
    assert_eq!(get(web, "/product/2").json()["quantity"], 76, "and nothing was sold");
    control("order-1", "recover");
    control("order-2", "recover");
    agreeing(&server);
}

const KILLS: u64 = 100;

#[test]
fn what_was_answered_survives_kill_9_whenever_it_comes() {
    let place = Place::new();
    let answered = Mutex::new(HashSet::new());
    let mut rng = fastrand::Rng::with_seed(3);
    for round in 0..KILLS {
        let server = Server::start_in(&place, &["--only=order-1,order-2,catalog-1,web"]);
        let doors = ["order-1", "order-2"].map(|name| server.addr(name, "tcp"));
        let (catalog, pid) = (server.addr("catalog-1", "tcp"), server.pid());
        let until = Instant::now() + Duration::from_millis(rng.u64(5..60));
        thread::scope(|scope| {
            for buyer in 0..4_usize {
                let (answered, door) = (&answered, doors[buyer % 2]);
                scope.spawn(move || {
                    let Ok(mut client) = Client::try_connect(door) else { return };
                    for number in 0.. {
                        let key = format!("{round}-{buyer}-{number}");
                        let request = format!(
                            "PUT /purchase/2/ HTTP/1.1\r\nHost: a\r\nIdempotency-Key: {key}\r\n\r\n"
                        );
                        match client.ask(&request) {
                            Ok(reply) if reply.status == 200 => {
                                answered.lock().unwrap().insert(key);
                            }
                            Ok(_) => {}
                            Err(_) => return,
                        }
                    }
                });
            }
            scope.spawn(move || {
                ask(catalog, "PUT", "/modify/2", "", r#"{"quantity":1000000}"#);
                thread::sleep(until.saturating_duration_since(Instant::now()));
                kill_process(pid, Signal::KILL).unwrap();
            });
        });
    }
    let server = Server::start_in(&place, &[]);
    agreeing(&server);
    let (mut sold, mut since) = (HashSet::new(), 0);
    loop {
        let entries = get(server.web(), &format!("/api/store/log?since={since}")).json();
        let Some(last) = entries.as_array().unwrap().last() else { break };
        since = last["seq"].as_u64().unwrap();
        for entry in entries.as_array().unwrap() {
            if let Some(key) = entry["key"].as_str() {
                assert!(sold.insert(key.to_string()), "{key} is there twice");
            }
        }
    }
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() as u64 > KILLS, "it sold hardly anything");
    let lost = answered.difference(&sold).collect::<Vec<_>>();
    assert!(lost.is_empty(), "answered, and lost: {lost:?}");
}

#[test]
fn a_damaged_file_is_not_served_from_and_its_neighbours_are() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    assert_eq!(ask(server.web(), "PUT", "/purchase/2/", "", "").status, 200);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.path(&format!("data/catalog-1.db{suffix}")));
    }
    std::fs::write(place.path("data/catalog-1.db"), "no database at all".repeat(100)).unwrap();
    let server = Server::start_in(&place, &[]);
    let all = get(server.web(), "/api/store/replicas").json();
    assert_eq!((&all[0]["state"], &all[1]["state"]), (&json!("DOWN"), &json!("UP")));
    assert!(all[0]["problem"].as_str().unwrap().contains("Move the file away"), "{all}");
    assert_eq!(get(server.addr("catalog-1", "tcp"), "/retrieve/item/2").status, 503);
    assert_eq!(get(server.web(), "/product/2").json()["quantity"], 96);
    // As it was told: the file moved away, the replica is written anew from the log.
    std::fs::remove_file(place.path("data/catalog-1.db")).unwrap();
    ask(server.panel(), "POST", "/api/store/replicas/catalog-1/recover", "", "");
    agreeing(&server);
    assert_eq!(stock(&server, 2), 96);
}
