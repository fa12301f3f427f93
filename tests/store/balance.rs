//! Tests of the balancer: turns of the replicas, and its answers when none is available.

use crate::util::process::{Server, eventually};
use crate::{ask, field, get};

fn replica(reply: &crate::util::http::Reply) -> String {
    field(reply, "X-Replica").unwrap().to_string()
}

#[test]
fn each_role_takes_turns_by_its_own_counter() {
    let server = Server::start(&["--store-cache=0"]);
    let (mut read, mut bought) = (Vec::new(), Vec::new());
    for round in 0..6 {
        read.push(replica(&get(server.web(), "/product/2")));
        if round % 3 == 0 {
            bought.push(replica(&ask(server.panel(), "PUT", "/purchase/2/", "", "")));
        }
        read.push(replica(&get(server.panel(), "/api/books")));
    }
    assert!(read.windows(2).all(|pair| pair[0] != pair[1]), "{read:?}");
    assert!(read.iter().all(|name| name.starts_with("catalog-")), "{read:?}");
    assert!(bought[0] != bought[1] && bought.iter().all(|name| name.starts_with("order-")));
    let requests = |place: usize| {
        let all = get(server.panel(), "/api/store/replicas").json();
        all[place]["requests"].as_u64().unwrap()
    };
    assert_eq!([0, 1, 2, 3].map(requests), [6, 6, 1, 1]);
}

#[test]
fn the_least_busy_is_asked_where_that_is_wanted() {
    let server = Server::start(&["--store-cache=0", "--balance=least-inflight"]);
    let read = (0..8).map(|_| replica(&get(server.web(), "/product/2"))).collect::<Vec<_>>();
    let first = read.iter().filter(|name| *name == "catalog-1").count();
    assert_eq!(first, 4, "idle replicas take turns: {read:?}");
}

#[test]
fn stale_books_are_shown_only_if_wanted_and_no_replica_answers() {
    for (args, status) in [
        (&["--store-ttl=100ms", "--stale-if-error=1m"][..], 200),
        (&["--store-ttl=100ms"][..], 503),
    ] {
        let server = Server::start(args);
        let web = server.web();
        assert_eq!(get(web, "/product/2").status, 200);
        for name in ["catalog-1", "catalog-2"] {
            ask(server.panel(), "POST", &format!("/api/store/replicas/{name}/crash"), "", "");
        }
        let told = eventually("an answer that is not fresh", || {
            let reply = get(web, "/product/2");
            (field(&reply, "Cache-Status") != Some("pentad; hit")).then_some(reply)
        });
        assert_eq!(told.status, status, "{}", told.head);
        if status == 200 {
            assert_eq!(told.json()["quantity"], 97);
            assert!(field(&told, "Cache-Status").unwrap().contains("stale-if-error"));
        }
        assert_eq!(get(web, "/product/1").status, 503, "there is nothing to show of this one");
    }
}
