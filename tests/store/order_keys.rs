//! Keys of orders: the buyer may read the order, and other clients may not.

use crate::shop::TestNet;
use crate::util::process::{Place, Server, eventually};
use crate::{agreeing, ask, field, get};
use std::net::SocketAddr;

const ORDER_SERVERS: [&str; 2] = ["order-1", "order-2"];

/// Buys a copy of the second book at this address. Returns where the order is.
fn buy(addr: SocketAddr) -> String {
    let reply = ask(addr, "PUT", "/purchase/2/", "", "");
    assert_eq!(reply.status, 200);
    assert!(!reply.body.contains("key"), "clients know this body: {}", reply.body);
    let place = field(&reply, "Location").unwrap().to_string();
    let key = place.split_once("?key=").unwrap().1;
    assert!(key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()), "128 bits: {key}");
    place
}

#[test]
fn an_order_is_read_with_its_key_and_by_operators() {
    let place = Place::new();
    let server = Server::start_in(&place, &["--panel-token=s3cret"]);
    let (web, first) = (server.web(), buy(server.web()));
    let second = buy(server.addr("order-2", "tcp"));
    assert_ne!(first.split_once('=').unwrap().1, second.split_once('=').unwrap().1);
    let doors = [web, server.addr("order-1", "tcp"), server.addr("order-2", "tcp")];
    for (number, place) in [(1, &first), (2, &second)] {
        for door in doors {
            let reply = get(door, place);
            assert_eq!((reply.status, &reply.json()["id"]), (200, &number.into()), "{place}");
            assert_eq!(field(&reply, "Cache-Control"), Some("no-store"));
        }
    }
    // A different order's key, a shortened key, an empty key, and no key: the order seems not to
    // exist.
    let other = first.replace("/1?", "/2?");
    for wrong in [&other, &first[..first.len() - 1], "/api/orders/1?key=", "/api/orders/9?key=0"] {
        for door in doors {
            assert_eq!(get(door, wrong).status, 404, "{wrong}");
        }
    }
    assert_eq!(get(web, "/api/orders/1").status, 404);
    assert_eq!(get(web, "/api/orders").status, 404, "the list is for operators");
    let operator = "Authorization: Bearer s3cret\r\n";
    for door in
        ORDER_SERVERS.map(|name| server.addr(name, "tcp")).into_iter().chain([server.panel()])
    {
        assert_eq!(get(door, "/api/orders/1").status, 401);
        assert_eq!(get(door, "/api/orders").status, 401);
        assert_eq!(ask(door, "GET", "/api/orders/1", operator, "").json()["id"], 1);
        assert_eq!(ask(door, "GET", "/api/orders", operator, "").json()[1]["id"], 1);
    }
    // The answer is the same after a restart with the same files.
    drop(server);
    let server = Server::start_in(&place, &[]);
    assert_eq!(get(server.web(), &first).json()["id"], 1);
    assert_eq!(get(server.web(), &other).status, 404);
}

#[test]
fn an_orders_key_is_the_same_at_every_process_of_a_store() {
    let street = TestNet::new();
    let owner = street.owner(&[]);
    let follower = street.follower(&[]);
    eventually("the follower's replicas", || {
        let all = get(owner.panel(), "/api/store/replicas").json();
        all.as_array().unwrap().iter().all(|replica| replica["state"] == "UP").then_some(())
    });
    let order_2 = follower.addr("order-2", "tcp");
    let serves = |addr| ask(addr, "PUT", "/purchase/3/", "", "").status == 400;
    for bought_at in [owner.web(), follower.web(), order_2, owner.addr("order-1", "tcp")] {
        eventually("an order server", || serves(bought_at).then_some(()));
        let place = buy(bought_at);
        for door in [owner.web(), follower.web(), order_2, owner.addr("order-1", "tcp")] {
            // A process that lost its lease on a loaded machine serves again in a moment.
            eventually("the order", || (get(door, &place).status == 200).then_some(()));
        }
    }
    agreeing(&owner);
}
