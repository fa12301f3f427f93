//! Tests of transient faults: answered outcomes stay valid, and the store recovers without help.

use crate::util::faults::Faults;
use crate::util::http::Reply;
use crate::util::process::{FREE, Place, Server, eventually};
use crate::{agreeing, ask, get, stock};
use rusqlite::Connection;
use rustix::process::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn buy(server: &Server, key: &str) -> Reply {
    let field = format!("Idempotency-Key: {key}\r\n");
    ask(server.addr("order-1", "tcp"), "PUT", "/purchase/2/", &field, "")
}

/// A server whose disk fails on request.
fn failing(place: &Arc<Place>) -> Option<(Server, Faults)> {
    let mut command = place.command(FREE);
    let faults = Faults::of(place, &mut command)?;
    Some((Server::launch(place, command), faults))
}

/// Returns true if the log has a purchase with this key.
fn has(server: &Server, key: &str) -> bool {
    let entries = get(server.panel(), "/api/store/log?since=0").json();
    entries.as_array().unwrap().iter().any(|entry| entry["key"] == key)
}

#[test]
fn a_purchase_said_not_to_be_written_is_never_found_written() {
    let place = Place::new();
    let Some((mut server, faults)) = failing(&place) else { return };
    assert_eq!(buy(&server, "first").status, 200);
    // One fsync fails: the outcome of its batch is decided before it is answered.
    faults.fail("sync", "store-log.db-wal", 1);
    let refused = buy(&server, "once");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("nothing was"), "{}", refused.body);
    assert!(!refused.head.contains("X-Outcome"), "{}", refused.head);
    // All of them fail: the outcome is unknown.
    faults.fail("sync", "store-log.db-wal", 0);
    let unknown = buy(&server, "always");
    assert_eq!(unknown.status, 503);
    assert!(unknown.head.contains("X-Outcome: unknown"), "{} {}", unknown.head, unknown.body);
    assert!(!unknown.body.contains("nothing was"), "{}", unknown.body);
    server.signal(Signal::KILL);
    server.wait();
    let server = Server::start_in(&place, &[]);
    agreeing(&server);
    assert!(has(&server, "first") && !has(&server, "once"), "it was said not to be written");
    let sold = u64::from(has(&server, "always"));
    assert_eq!(stock(&server, 2), 96 - sold);
    assert_eq!(buy(&server, "always").status, 200);
    assert_eq!(stock(&server, 2), 95, "the same key buys once");
}

#[test]
fn a_log_whose_disk_fails_takes_writes_when_it_is_well_again() {
    let place = Place::new();
    let Some((server, faults)) = failing(&place) else { return };
    for operation in ["sync", "write"] {
        faults.fail(operation, "store-log.db-wal", 0);
        assert_eq!(buy(&server, operation).status, 503);
        faults.pass();
        eventually("a purchase", || (buy(&server, operation).status == 200).then_some(()));
    }
    agreeing(&server);
    assert_eq!(stock(&server, 2), 95);
}

#[test]
fn a_replica_whose_disk_fails_is_back_when_that_has_passed() {
    let place = Place::new();
    let Some((server, faults)) = failing(&place) else { return };
    for file in ["catalog-1.db-wal", "order-2.db-wal"] {
        faults.fail("write", file, 0);
        assert_eq!(buy(&server, file).status, 200, "the others go on");
        let name = file.split('.').next().unwrap();
        eventually("a replica that is not up", || {
            let health = get(server.addr(name, "tcp"), "/health");
            (health.status == 503).then_some(())
        });
        faults.pass();
        agreeing(&server);
    }
    assert_eq!(stock(&server, 2), 95);
}

#[test]
fn replicas_that_fail_while_opening_are_tried_again() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    assert_eq!(buy(&server, "before").status, 200);
    server.signal(Signal::TERM);
    server.wait();
    let files = ["catalog-1", "catalog-2", "order-1", "order-2"];
    let held = files.map(|name| {
        let held = Connection::open(place.path(&format!("data/{name}.db"))).unwrap();
        held.execute_batch("BEGIN IMMEDIATE").unwrap();
        held
    });
    let server = Server::start_in(&place, &[]);
    assert_eq!(buy(&server, "meanwhile").status, 503);
    drop(held);
    agreeing(&server);
    assert_eq!(buy(&server, "meanwhile").status, 200);
    assert_eq!(stock(&server, 2), 95);
}

#[test]
fn checkpoints_by_another_process_take_no_replica_down() {
    let place = Place::new();
    let server = Server::start_in(&place, &[]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for name in ["catalog-1", "catalog-2", "order-1", "order-2", "store-log"] {
            let (path, is_over) = (place.path(&format!("data/{name}.db")), &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let file = Connection::open(&path).unwrap();
                    let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
                    let _ = file.query_row(truncate, [], |row| row.get::<_, i64>(0));
                }
            });
        }
        let until = Instant::now() + Duration::from_secs(2);
        let mut number = 0;
        while Instant::now() < until {
            number += 1;
            let bought = buy(&server, &format!("key-{number}"));
            assert!(matches!(bought.status, 200 | 400), "{} {}", bought.status, bought.body);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    agreeing(&server);
    assert!(!server.stderr().contains("is down"), "{}", server.stderr());
}

#[test]
fn a_lock_that_is_held_long_takes_a_replica_down_for_seconds() {
    let place = Place::new();
    let server = Server::start_in(&place, &[]);
    let held = Connection::open(place.path("data/catalog-1.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(buy(&server, "meanwhile").status, 200, "the others go on");
    assert_eq!(get(server.addr("catalog-1", "tcp"), "/health").status, 503);
    drop(held);
    agreeing(&server);
    assert_eq!(stock(&server, 2), 96);
}
