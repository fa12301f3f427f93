//! The site that is built in: every page, and everything that a page asks for.

use super::util::http::Client;
use super::util::process::{Place, Server, eventually};
use std::fs;

/// What a page refers to on this server.
fn references(page: &str) -> impl Iterator<Item = &str> {
    let values = ["href=\"", "src=\""].into_iter().flat_map(|name| page.split(name).skip(1));
    values.filter_map(|rest| rest.split('"').next()).filter(|value| value.starts_with('/'))
}

#[test]
fn every_page_is_there_with_all_that_it_asks_for() {
    let server = Server::start(&[]);
    let mut client = Client::connect(server.web());
    for page in ["/", "/index.html", "/about.html"] {
        let reply = client.get(page);
        assert_eq!(reply.status, 200, "{page}");
        assert!(reply.head.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
        let policy = "\r\nContent-Security-Policy: default-src 'none'; style-src 'self'; ";
        assert!(reply.head.contains(policy), "{}", reply.head);
        assert!(!reply.body.contains("<script") && !reply.body.contains("style="));
        assert!(references(&reply.body).count() > 4, "{page}");
        for reference in references(&reply.body) {
            assert_eq!(client.get(reference).status, 200, "{reference} of {page}");
        }
    }
    let size =
        ["/", "/about.html", "/site.css", "/logo.svg"].map(|path| client.get(path).body.len());
    assert!(size.iter().sum::<usize>() < 16 * 1024, "a few KiB: {size:?}");
}

#[test]
fn a_policy_of_the_operator_takes_the_place_of_ours() {
    let server = Server::start(&["--header=content-security-policy: default-src 'self'"]);
    let reply = Client::connect(server.web()).get("/");
    let policies = reply.head.to_lowercase().matches("content-security-policy:").count();
    assert_eq!(policies, 1, "{}", reply.head);
}

#[test]
fn the_log_says_what_the_cache_had_to_say() {
    let place = Place::new();
    let args = ["--log-file=access.log", "--log-format=json"];
    let server = Server::start_in(&place, &args);
    let mut client = Client::connect(server.web());
    for path in ["/about.html", "/about.html", "/api/pow/stats"] {
        assert_eq!(client.get(path).status, 200);
    }
    let text = eventually("three lines", || {
        let text = fs::read_to_string(place.path("access.log")).ok()?;
        (text.matches('\n').count() == 3).then_some(text)
    });
    let verdicts = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["cache"].as_str().map(str::to_string)
    });
    let expected = [Some("MISS"), Some("HIT"), None].map(|word| word.map(str::to_string));
    assert_eq!(verdicts.collect::<Vec<_>>(), expected, "{text}");
}
