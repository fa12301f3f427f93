//! Processes that follow a log: alone, late, far behind, and with the wrong token.

use crate::shop::TestNet;
use crate::util::process::{PROMPTLY, Server, eventually};
use crate::{ask, field, get};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;

/// Returns the replicas of a process as its API lists them.
fn states(panel: SocketAddr) -> Vec<Value> {
    let all = get(panel, "/api/store/replicas").json();
    all.as_array().unwrap().iter().map(|replica| replica["state"].clone()).collect()
}

fn up(server: &Server) {
    eventually("replicas that are up", || {
        states(server.panel()).iter().all(|state| state == "UP").then_some(())
    });
}

#[test]
fn a_follower_without_a_log_serves_nothing_and_says_so_once() {
    let street = TestNet::new();
    let follower = street.follower(&[]);
    let catalog = follower.addr("catalog-2", "tcp");
    let reply = get(catalog, "/retrieve/item/2");
    assert_eq!((reply.status, field(&reply, "Retry-After")), (503, Some("1")));
    assert!(reply.body.contains("RECOVERING"), "{}", reply.body);
    assert_eq!(ask(follower.addr("order-2", "tcp"), "PUT", "/purchase/2", "", "").status, 503);
    assert_eq!(states(follower.panel())[..2], [json!("RECOVERING"), json!("RECOVERING")]);
    eventually("a word about it", || follower.stderr().contains("cannot be reached").then_some(()));
    let owner = street.owner(&[]);
    up(&follower);
    assert_eq!(get(catalog, "/retrieve/item/2").status, 200);
    assert_eq!(ask(owner.web(), "PUT", "/purchase/2", "", "").status, 200);
    assert_eq!(get(catalog, "/retrieve/item/2").json()["quantity"], 96);
    assert_eq!(follower.stderr().matches("cannot be reached").count(), 1);
}

/// Returns true if a wrong token was refused: as wrong, or as one guess too many.
fn is_refused(status: u16) -> bool {
    matches!(status, 401 | 429)
}

#[test]
fn only_who_knows_the_token_may_follow_if_one_is_shown() {
    let street = TestNet::new();
    let owner = street.owner(&["--store-log-token=right"]);
    let mut stranger = street.follower(&["--store-log-token=wrong"]);
    eventually("a refusal", || stranger.stderr().contains("it refuses us").then_some(()));
    assert_eq!(get(stranger.addr("catalog-2", "tcp"), "/retrieve/item/2").status, 503);
    stranger.signal(Signal::TERM);
    assert!(stranger.wait().success());
    let friend = street.follower(&["--store-log-token=right"]);
    up(&friend);
    assert_eq!(get(friend.addr("catalog-2", "tcp"), "/retrieve/item/2").status, 200);
    let book = r#"{"title":"t","price":1,"topic":"t"}"#;
    let fields = "Content-Type: application/json\r\n";
    for front in [owner.panel(), friend.panel()] {
        for _ in 0..2 {
            assert_eq!(ask(front, "POST", "/api/books", fields, book).status, 201);
        }
    }
    for (path, method) in [("follow", "POST"), ("entries", "POST"), ("state?at=books-0", "GET")] {
        let path = format!("/api/store/log/{path}");
        let wrong = "Authorization: Bearer wrong\r\n";
        assert!(is_refused(ask(owner.panel(), method, &path, wrong, "[]").status), "{path}");
        let elsewhere = "Origin: http://evil.example\r\n";
        assert_eq!(ask(owner.panel(), method, &path, elsewhere, "[]").status, 403, "{path}");
        assert!(ask(owner.web(), method, &path, "", "[]").status >= 400, "{path} is not for all");
        assert!(ask(friend.panel(), method, &path, "", "[]").status >= 400, "{path}: no log");
    }
    let wrong = format!("{fields}Authorization: Bearer wrong\r\n");
    for catalog in [owner.addr("catalog-1", "tcp"), friend.addr("catalog-2", "tcp")] {
        assert!(is_refused(ask(catalog, "POST", "/api/books", &wrong, book).status));
        let evil = format!("{fields}Origin: http://evil.example\r\n");
        assert_eq!(ask(catalog, "POST", "/api/books", &evil, book).status, 403);
    }
    for mut server in [owner, friend] {
        let began = Instant::now();
        server.signal(Signal::TERM);
        assert!(server.wait().success());
        assert!(began.elapsed() < PROMPTLY, "no replica is waited for");
    }
}

/// The entries of one request, and the number of requests until the log folds its records.
const ENTRIES: usize = 600;
const REQUESTS: usize = 120;

#[test]
fn a_follower_behind_the_fold_begins_with_the_folded_state() {
    let street = TestNet::new();
    let owner = street.start(0, ["--only=web,panel,catalog-1,order-1", "--seed=1"], &[]);
    let stock = r#"{"quantity":1000000}"#;
    assert_eq!(ask(owner.addr("catalog-1", "tcp"), "PUT", "/modify/2", "", stock).status, 200);
    for request in 0..REQUESTS {
        let entry = |number: usize| {
            let key = format!("{request}-{number}");
            json!({"type": "sell", "book": 2, "quantity": 1, "key": key, "at": 9})
        };
        let entries = (0..ENTRIES).map(entry).collect::<Vec<_>>();
        let body = Value::Array(entries).to_string();
        let told = ask(owner.panel(), "POST", "/api/store/log/entries", "", &body);
        assert_eq!((told.status, told.json()[ENTRIES - 1]["is"].clone()), (200, json!("sold")));
    }
    assert_eq!(get(owner.panel(), "/api/store/log?since=0").status, 410, "it was folded");
    let log = format!("--store-log=http://{}", street.at(0, 5000));
    let flags = ["--only=web,catalog-1,catalog-2,order-2", "--seed=2", log.as_str()];
    let follower = street.start(1, flags, &[]);
    let digests = eventually("five replicas that are up", || {
        let all = get(owner.panel(), "/api/store/replicas").json();
        let all = all.as_array().unwrap().iter().filter(|replica| replica["state"] == "UP");
        let digests = all.map(|replica| replica["digest"].clone()).collect::<Vec<_>>();
        (digests.len() == 5).then_some(digests)
    });
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
    // Keys from before and after the fold.
    for key in ["100-0", "119-7"] {
        let fields = format!("Idempotency-Key: {key}\r\n");
        let again = ask(follower.addr("order-2", "tcp"), "PUT", "/purchase/2", &fields, "");
        assert_eq!((again.status, field(&again, "Idempotent-Replayed")), (200, Some("true")));
    }
}
