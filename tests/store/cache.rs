//! What the front keeps, and what a write takes from it.

use crate::util::process::Server;
use crate::{ask, field, get};

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
