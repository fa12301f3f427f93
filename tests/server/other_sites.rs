//! Pages of other sites change nothing, on any listener, unless they are allowed.

use super::util::http::{Client, Reply, text};
use super::util::process::Server;
use std::net::SocketAddr;

fn ask(addr: SocketAddr, method: &str, path: &str, fields: &str, body: &str) -> Reply {
    Client::connect(addr).ask(&text(method, path, fields, body)).unwrap()
}

/// The fields that a browser sends for a form, or a fetch without a preflight, on a page of another
/// site.
const ELSEWHERE: [&str; 5] = [
    "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.example\r\n",
    "Sec-Fetch-Site: same-site\r\nOrigin: http://127.0.0.1:1\r\n",
    "Sec-Fetch-Site: cross-site\r\n",
    "Origin: https://evil.example\r\n",
    "Origin: null\r\n",
];

#[test]
fn pages_of_other_sites_change_nothing_on_any_listener() {
    let server = Server::start(&[]);
    let at = |name: &str| server.addr(name, "tcp");
    let order = r#"{"book_id":1,"quantity":1}"#;
    let requests = [
        ("web", "PUT", "/purchase/1/", ""),
        ("web", "POST", "/purchase/1/", ""),
        ("web", "POST", "/api/orders", order),
        ("web", "POST", "/pi", "{}"),
        ("web", "POST", "/api/pow/solve", r#"{"message":"m"}"#),
        ("web", "DELETE", "/api/pow/jobs/0", ""),
        ("web", "POST", "/about.html", ""),
        ("panel", "POST", "/toggle_cache", ""),
        ("panel", "POST", "/login", ""),
        ("panel", "POST", "/purchase/1/", ""),
        ("panel", "PATCH", "/api/books/1", r#"{"price":1}"#),
        ("panel", "POST", "/api/store/replicas/order-1/crash", ""),
        ("catalog-1", "PUT", "/modify/1", r#"{"price":1}"#),
        ("catalog-2", "POST", "/modify/1", r#"{"price":1}"#),
        ("catalog-2", "POST", "/api/books", r#"{"title":"t","price":1,"topic":"t"}"#),
        ("order-1", "POST", "/purchase/1/", ""),
        ("order-2", "PUT", "/purchase/1/", ""),
        ("order-2", "POST", "/api/orders", order),
    ];
    for (name, method, path, body) in requests {
        for fields in ELSEWHERE {
            let reply = ask(at(name), method, path, fields, body);
            assert_eq!(reply.status, 403, "{name} {method} {path} {fields}");
            let kind = reply.field("content-type");
            assert_eq!(kind, Some("application/problem+json"), "{name} {path}");
            assert_eq!(reply.field("access-control-allow-origin"), None);
        }
    }
    assert_eq!(ask(at("panel"), "GET", "/api/orders", "", "").body, "[]");
    let book = ask(at("catalog-1"), "GET", "/retrieve/item/1", "", "").json();
    assert_eq!((&book["price"], &book["quantity"]), (&2000.0.into(), &9.into()));
    assert_eq!(ask(at("panel"), "GET", "/api/books", "", "").json().as_array().unwrap().len(), 3);
    // Programs, our own pages, and reads from anywhere.
    let own = format!("Sec-Fetch-Site: same-origin\r\nOrigin: http://{}\r\n", at("order-1"));
    for fields in ["", &own, "Origin: http://127.0.0.1\r\n"] {
        assert_eq!(ask(at("order-1"), "PUT", "/purchase/1/", fields, "").status, 200, "{fields}");
    }
    for fields in ELSEWHERE {
        assert_eq!(ask(at("web"), "GET", "/product/1", fields, "").status, 200);
    }
}

#[test]
fn a_site_that_was_named_may_do_what_programs_may() {
    let origin = "https://shop.example";
    let server = Server::start(&["--cors-origin", origin, "--cors-origin=http://b.example:80"]);
    let web = server.web();
    let from = |origin: &str| format!("Sec-Fetch-Site: cross-site\r\nOrigin: {origin}\r\n");
    let bought = ask(web, "PUT", "/purchase/1/", &from(origin), "");
    assert_eq!(bought.status, 200);
    assert_eq!(bought.field("access-control-allow-origin"), Some(origin));
    assert!(bought.field("access-control-expose-headers").unwrap().contains("Location"));
    let read = ask(web, "GET", "/product/1", &from("http://b.example"), "");
    assert_eq!(read.field("access-control-allow-origin"), Some("http://b.example"));
    for other in ["https://evil.example", "http://shop.example", "https://shop.example:444", "null"]
    {
        assert_eq!(ask(web, "PUT", "/purchase/1/", &from(other), "").status, 403, "{other}");
        let read = ask(web, "GET", "/product/1", &from(other), "");
        assert_eq!(read.field("access-control-allow-origin"), None, "{other}");
        assert!(read.head.contains("\r\nVary: Origin\r\n"), "caches have to know");
    }
    let wish = "Access-Control-Request-Method: PUT\r\n";
    let promise = ask(web, "OPTIONS", "/purchase/1/", &format!("{}{wish}", from(origin)), "");
    assert_eq!(promise.status, 204);
    assert_eq!(promise.field("access-control-allow-origin"), Some(origin));
    assert!(promise.field("access-control-allow-methods").unwrap().contains("PUT"));
    assert!(promise.field("access-control-allow-headers").unwrap().contains("Idempotency-Key"));
    let refused = format!("{}{wish}", from("https://evil.example"));
    let refused = ask(web, "OPTIONS", "/purchase/1/", &refused, "");
    assert_eq!(refused.field("access-control-allow-origin"), None);
    assert_eq!(refused.field("access-control-allow-methods"), None);
}
