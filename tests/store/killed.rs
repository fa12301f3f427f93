//! Tests of processes that are killed during purchases and start again.

use crate::shop::TestNet;
use crate::util::http::Client;
use crate::util::process::{PROMPTLY, Server, eventually};
use crate::{ask, get};
use rustix::process::Signal;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// The number of kills.
const ROUNDS: usize = 5;

/// Buyers and readers, and their observations.
#[derive(Debug, Default)]
struct Crowd {
    over: AtomicBool,
    bought: Mutex<HashSet<String>>,
    refused: AtomicUsize,
    read: AtomicUsize,
}

impl Crowd {
    /// Buys one copy after the other; a purchase without an answer is repeated with its key.
    fn buy(&self, web: SocketAddr, name: &str) {
        for number in 0.. {
            let fields = format!("Idempotency-Key: {name}-{number}\r\n");
            loop {
                if self.over.load(Ordering::Relaxed) {
                    return;
                }
                match asked(web, "PUT", "/purchase/2/", &fields) {
                    Some(200) => break,
                    Some(503) | None => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
                    Some(status) => panic!("{status}"),
                }
            }
            self.bought.lock().unwrap().insert(format!("{name}-{number}"));
        }
    }

    /// Reads from the front. No read may fail.
    fn read(&self, web: SocketAddr) {
        while !self.over.load(Ordering::Relaxed) {
            assert_eq!(asked(web, "GET", "/product/1", ""), Some(200));
            self.read.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn bought(&self) -> usize {
        self.bought.lock().unwrap().len()
    }

    /// Waits until this many further copies were bought.
    fn go_on(&self, more: usize) {
        let before = self.bought();
        eventually("purchases", || (self.bought() >= before + more).then_some(()));
    }
}

/// Returns the status of an answer, if there is one.
fn asked(addr: SocketAddr, method: &str, path: &str, fields: &str) -> Option<u16> {
    let mut client = Client::try_connect(addr).ok()?;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\n{fields}\r\n");
    client.ask(&request).ok().map(|reply| reply.status)
}

/// Checks that all four replicas are up with equal digests, and that each purchase was executed
/// once.
fn agree(owner: &Server, crowd: &Crowd) {
    let all = eventually("equal digests", || {
        let all = get(owner.panel(), "/api/store/replicas").json();
        let all = all.as_array().unwrap().clone();
        let same = all.windows(2).all(|pair| pair[0]["digest"] == pair[1]["digest"]);
        let up = all.iter().all(|replica| replica["state"] == "UP");
        (all.len() == 4 && same && up).then_some(all)
    });
    // A follower may still pass on a purchase whose client is gone.
    let sold = eventually("one order for each key", || {
        let sold = keys_of_log(owner);
        let newest = get(owner.panel(), "/api/orders?limit=1").json()[0]["id"].clone();
        (newest == sold.len()).then_some(sold)
    });
    let bought = crowd.bought.lock().unwrap();
    let lost = bought.difference(&sold).collect::<Vec<_>>();
    assert!(lost.is_empty(), "answered, and lost: {lost:?} of {all:?}");
}

/// Returns the keys of all entries of the log.
fn keys_of_log(owner: &Server) -> HashSet<String> {
    let (mut keys, mut since) = (HashSet::new(), 0);
    loop {
        let entries = get(owner.panel(), &format!("/api/store/log?since={since}")).json();
        let entries = entries.as_array().unwrap();
        let Some(last) = entries.last() else { return keys };
        since = last["seq"].as_u64().unwrap();
        keys.extend(entries.iter().filter_map(|entry| entry["key"].as_str().map(str::to_owned)));
    }
}

fn fill(owner: &Server) {
    let body = r#"{"quantity":1000000}"#;
    assert_eq!(ask(owner.addr("catalog-1", "tcp"), "PUT", "/modify/2", "", body).status, 200);
}

#[test]
fn a_killed_follower_delays_no_write_and_catches_up() {
    let street = TestNet::new();
    let owner = street.owner(&["--store-cache=0"]);
    let (crowd, web) = (Crowd::default(), owner.web());
    fill(&owner);
    thread::scope(|scope| {
        for name in ["ann", "bob", "cy"] {
            let crowd = &crowd;
            scope.spawn(move || crowd.buy(web, name));
        }
        scope.spawn(|| crowd.read(web));
        for _ in 0..ROUNDS {
            let mut follower = street.follower(&[]);
            let catalog = follower.addr("catalog-2", "tcp");
            eventually("a catalog that has caught up", || {
                (asked(catalog, "GET", "/retrieve/item/2", "") == Some(200)).then_some(())
            });
            crowd.go_on(50);
            follower.signal(Signal::KILL);
            follower.wait();
            let began = Instant::now();
            crowd.go_on(50);
            assert!(began.elapsed() < PROMPTLY, "no request waits for a dead process");
        }
        let _follower = street.follower(&[]);
        crowd.go_on(50);
        crowd.over.store(true, Ordering::Relaxed);
        agree(&owner, &crowd);
    });
    assert!(crowd.read.into_inner() > ROUNDS);
}

#[test]
fn a_killed_owner_loses_nothing_and_its_follower_waits() {
    let street = TestNet::new();
    let mut owner = street.owner(&[]);
    let follower = street.follower(&[]);
    let (crowd, web) = (Crowd::default(), owner.web());
    fill(&owner);
    thread::scope(|scope| {
        for name in ["ann", "bob", "cy"] {
            let crowd = &crowd;
            scope.spawn(move || crowd.buy(web, name));
        }
        for _ in 0..ROUNDS {
            crowd.go_on(50);
            owner.signal(Signal::KILL);
            owner.wait();
            let catalog = follower.addr("catalog-2", "tcp");
            eventually("a follower that serves nothing", || {
                (asked(catalog, "GET", "/retrieve/item/2", "") == Some(503)).then_some(())
            });
            owner = street.owner(&[]);
        }
        crowd.go_on(50);
        crowd.over.store(true, Ordering::Relaxed);
        agree(&owner, &crowd);
    });
}
