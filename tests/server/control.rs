//! Paths that control the server: open to scripts and to our own page, closed to other pages in a
//! browser on this machine.

use super::util::http::{Client, Reply, assert_next_is_served};
use super::util::process::Server;
use std::net::SocketAddr;

fn toggle(panel: SocketAddr, method: &str, host: &str, fields: &str) -> Reply {
    let ask = format!("{method} /toggle_cache HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
    Client::connect(panel).ask(&ask).unwrap()
}

fn is_on(panel: SocketAddr) -> bool {
    Client::connect(panel).get("/metrics").json()["cache_enabled"].as_bool().unwrap()
}

#[test]
fn scripts_toggle_the_cache_and_head_does_not() {
    let server = Server::start(&[]);
    let panel = server.panel();
    let host = panel.to_string();
    for (method, on) in [("POST", false), ("GET", true), ("POST", false)] {
        let reply = toggle(panel, method, &host, "User-Agent: curl/8.14.1\r\n");
        assert_eq!((reply.status, &reply.json()["cache_enabled"]), (200, &on.into()));
        assert_eq!(is_on(panel), on);
    }
    let ask = "HEAD /toggle_cache HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(Client::connect(panel).ask(ask).unwrap().status, 405);
    let reply = toggle(panel, "OPTIONS", &host, "");
    assert_eq!(reply.field("allow"), Some("POST, GET, OPTIONS"));
    assert!(!is_on(panel));
    let reply = Client::connect(server.web()).post("/toggle_cache", "");
    assert_eq!(reply.status, 404, "it is no path of the public listener");
}

#[test]
fn other_sites_change_nothing_and_the_page_itself_may() {
    let server = Server::start(&[]);
    let panel = server.panel();
    let host = panel.to_string();
    for (method, host, fields) in [
        ("POST", &*host, "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.example\r\n"),
        ("POST", &*host, "Sec-Fetch-Site: same-site\r\nOrigin: http://localhost:1\r\n"),
        ("POST", &*host, "Origin: null\r\n"),
        ("GET", &*host, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: image\r\n"),
        ("GET", &*host, "User-Agent: Mozilla/5.0\r\n"),
        ("POST", "rebound.example:5000", ""),
    ] {
        let reply = toggle(panel, method, host, fields);
        assert_eq!(reply.status, 403, "{method} {host} {fields}");
        let kind = reply.field("content-type").unwrap();
        assert_eq!(kind, "application/problem+json");
        assert!(is_on(panel), "{method} {host} {fields}");
        assert_next_is_served(panel);
    }
    let own = format!("Sec-Fetch-Site: same-origin\r\nOrigin: http://{host}\r\n");
    assert_eq!(toggle(panel, "POST", &host, &own).status, 200);
    assert!(!is_on(panel));
    // A URL that an operator types comes from no page.
    let typed = "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n";
    assert_eq!(toggle(panel, "GET", &host, typed).status, 200);
    assert!(is_on(panel));
}

#[test]
fn names_that_the_operator_gave_are_ours_too() {
    let server = Server::start(&["--panel-host=panel.example.org", "--panel-host", "b.example:81"]);
    let panel = server.panel();
    for (host, status) in [
        ("Panel.Example.org:5000", 200),
        ("b.example:81", 200),
        ("b.example", 403),
        ("c.example", 403),
    ] {
        assert_eq!(toggle(panel, "POST", host, "").status, status, "{host}");
    }
}
