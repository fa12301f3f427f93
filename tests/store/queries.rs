//! Tests of lists of books and orders: conditions, orders, and pages; and of versions of a book.

use crate::util::process::Server;
use crate::{ask, field, get};
use serde_json::{Value, json};

fn ids(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect()
}

#[test]
fn books_are_found_sorted_and_paged() {
    let server = Server::start(&[]);
    let web = server.web();
    let more = r#"{"title":"A History of Rome","price":45,"topic":"History","quantity":3}"#;
    let json = "Content-Type: application/json\r\n";
    assert_eq!(ask(server.panel(), "POST", "/api/books", json, more).status, 201);
    for (query, expected) in [
        ("", vec![1, 2, 3, 4]),
        ("sort=id", vec![1, 2, 3, 4]),
        ("sort=-id", vec![4, 3, 2, 1]),
        ("sort=title", vec![4, 3, 2, 1]),
        ("sort=-title", vec![1, 2, 3, 4]),
        ("sort=price", vec![3, 4, 2, 1]),
        ("sort=-price", vec![1, 2, 3, 4]),
        ("sort=stock", vec![3, 4, 1, 2]),
        ("sort=-stock", vec![2, 1, 4, 3]),
        ("q=history", vec![3, 4]),
        ("q=PYTHON", vec![2]),
        ("q=", vec![1, 2, 3, 4]),
        ("topic=art", vec![3]),
        ("topic=ar", vec![]),
        ("min_price=45.01", vec![1, 2]),
        ("max_price=45", vec![3, 4]),
        ("min_price=45&max_price=500", vec![2, 3, 4]),
        ("in_stock=true", vec![1, 2, 4]),
        ("in_stock=false", vec![3]),
        ("q=history&in_stock=true", vec![4]),
    ] {
        let reply = get(web, &format!("/api/books?{query}"));
        assert_eq!((reply.status, ids(&reply.json())), (200, expected), "{query}");
        assert_eq!(field(&reply, "Link"), None, "{query}");
    }
    let (mut path, mut seen) = ("/api/books?sort=-price&limit=1".to_string(), Vec::new());
    loop {
        let reply = get(web, &path);
        seen.extend(ids(&reply.json()));
        let Some(link) = field(&reply, "Link") else { break };
        let (next, relation) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
        assert_eq!(relation, "; rel=\"next\"");
        path = next.to_string();
    }
    assert_eq!(seen, [1, 2, 3, 4]);
    for query in [
        "sort=author",
        "sort=--id",
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=-1",
        "cursor=x",
        "min_price=x",
        "max_price=-1",
        "min_price=1.001",
        "in_stock=maybe",
    ] {
        let reply = get(web, &format!("/api/books?{query}"));
        let media = field(&reply, "Content-Type");
        assert_eq!((reply.status, media), (400, Some("application/problem+json")), "{query}");
    }
    let topics = get(web, "/api/topics/").json();
    assert_eq!(topics[2], json!({"topic": "History", "books": 1}));
}

#[test]
fn orders_are_listed_from_the_last_and_found_by_number() {
    let server = Server::start(&[]);
    let web = server.panel();
    for book in [2, 1, 2] {
        assert_eq!(ask(web, "PUT", &format!("/purchase/{book}/"), "", "").status, 200);
    }
    let all = get(web, "/api/orders").json();
    assert_eq!(ids(&all), [3, 2, 1]);
    let fields = all[1].as_object().unwrap().keys().collect::<Vec<_>>();
    assert_eq!(fields, ["book_id", "id", "order_date", "quantity"]);
    assert_eq!((&all[1]["book_id"], &all[1]["quantity"]), (&json!(1), &json!(1)));
    let date = all[1]["order_date"].as_str().unwrap();
    assert!(date.len() == 20 && date.ends_with('Z') && date.as_bytes()[10] == b'T', "{date}");
    let page = get(web, "/api/orders?limit=2");
    assert_eq!(ids(&page.json()), [3, 2]);
    let link = field(&page, "Link").unwrap();
    let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    assert_eq!(ids(&get(web, next).json()), [1]);
    assert_eq!(get(web, "/api/orders/2").json(), all[1]);
    for (path, status) in [("/api/orders/4", 404), ("/api/orders/0", 404), ("/api/orders/x", 400)] {
        assert_eq!(get(web, path).status, status, "{path}");
    }
    let log = get(web, "/api/store/log?since=1").json();
    let seqs = log.as_array().unwrap().iter().map(|entry| entry["seq"].clone());
    assert_eq!(seqs.collect::<Vec<_>>(), [json!(2), json!(3)]);
}

#[test]
fn a_book_is_changed_by_whoever_names_its_version() {
    let server = Server::start(&["--require-if-match"]);
    let web = server.panel();
    let json = "Content-Type: application/json\r\n";
    let patch = |fields: &str| {
        ask(web, "PATCH", "/api/books/2", &format!("{json}{fields}"), r#"{"quantity":5}"#)
    };
    assert_eq!(patch("").status, 428);
    assert_eq!(patch("If-Match: \"0000000000000000\"\r\n").status, 412);
    let tag = field(&get(web, "/api/books/2"), "ETag").unwrap().to_string();
    assert_eq!(patch(&format!("If-Match: W/{tag}\r\n")).status, 412, "a weak one is none");
    let changed = patch(&format!("If-Match: \"x\", {tag}\r\n"));
    assert_eq!((changed.status, &changed.json()["quantity"]), (200, &json!(5)));
    let next = field(&changed, "ETag").unwrap().to_string();
    assert_ne!(next, tag);
    assert_eq!(patch("If-Match: *\r\n").status, 200);
    // The answer is the same on a miss and on a hit.
    for known in [&next, &format!("W/{next}"), &format!("\"x\", {next}"), &"*".to_string()] {
        for _ in 0..2 {
            let reply = ask(web, "GET", "/api/books/2", &format!("If-None-Match: {known}\r\n"), "");
            assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{known}");
            assert_eq!(field(&reply, "ETag"), Some(next.as_str()), "{known}");
        }
    }
    let reply = ask(web, "GET", "/api/books/2", &format!("If-None-Match: {tag}\r\n"), "");
    assert_eq!(reply.status, 200);
}
