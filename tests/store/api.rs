//! The API of books and orders: rules, versions, pages.

use crate::{Shop, agreeing, ask, field, get};
use serde_json::json;

pub fn the_api_validates_and_writes_nothing_that_is_wrong(server: &Shop) {
    let web = server.web();
    let send = |method: &str, path: &str, fields: &str, body: &str| {
        let fields = format!("Content-Type: application/json\r\n{fields}");
        ask(server.panel(), method, path, &fields, body)
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
    assert_eq!(ask(web, "POST", crash, "", "").status, 404, "control is on the panel only");
    agreeing(server);
}
