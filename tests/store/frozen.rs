//! Tests of a stopped follower: writes wait until its lease expires, and after it continues it
//! shows no outdated book.

use crate::shop::TestNet;
use crate::util::http::Client;
use crate::util::process::eventually;
use crate::{ask, get};
use rustix::process::Signal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The number of stops.
const ROUNDS: u64 = 6;

/// A lease lasts 1.25 seconds; the rest is for a loaded machine.
const LEASE_MOST: Duration = Duration::from_secs(4);

#[test]
fn a_frozen_follower_delays_writes_for_its_lease_only() {
    let street = TestNet::new();
    let owner = street.owner(&["--store-cache=0"]);
    let follower = street.follower(&[]);
    let (catalog, front) = (follower.addr("catalog-2", "tcp"), follower.web());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // The follower is busy, so that it stops in the middle of an operation.
        for _ in 0..2 {
            scope.spawn(|| {
                let mut client = Client::connect(catalog);
                while !over.load(Ordering::Relaxed) {
                    let status = client.get("/retrieve/item/2").status;
                    assert!(matches!(status, 200 | 503), "{status}");
                }
            });
        }
        for quantity in 1..=ROUNDS {
            eventually("a follower that serves", || {
                (get(catalog, "/retrieve/item/2").status == 200).then_some(())
            });
            assert_eq!(get(front, "/product/2").status, 200);
            follower.signal(Signal::STOP);
            let began = Instant::now();
            let body = format!("{{\"quantity\":{quantity}}}");
            let reply = ask(owner.addr("catalog-1", "tcp"), "PUT", "/modify/2", "", &body);
            assert_eq!(reply.status, 200, "{}", reply.body);
            assert!(began.elapsed() < LEASE_MOST, "held up for {:?}", began.elapsed());
            // Meanwhile, other replicas answer all requests.
            for _ in 0..4 {
                let began = Instant::now();
                assert_eq!(get(owner.web(), "/product/2").json()["quantity"], quantity);
                let sold = ask(owner.web(), "PUT", "/purchase/1", "", "").status;
                assert!(matches!(sold, 200 | 400), "{sold}");
                assert!(began.elapsed() < LEASE_MOST);
            }
            // The request is sent while the follower is stopped, and answered when it continues.
            let mut asked = [catalog, catalog, front].map(Client::connect);
            let paths = ["/retrieve/item/2", "/retrieve/item/2", "/product/2"];
            for (client, path) in asked.iter_mut().zip(paths) {
                client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            }
            follower.signal(Signal::CONT);
            for (client, path) in asked.iter_mut().zip(paths) {
                let reply = client.reply().unwrap();
                match reply.status {
                    200 => assert_eq!(reply.json()["quantity"], quantity, "{path} shows the past"),
                    status => assert_eq!(status, 503),
                }
            }
        }
        over.store(true, Ordering::Relaxed);
    });
}
