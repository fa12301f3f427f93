//! Tests of damaged files.

use crate::util::process::{FREE, Place, Server};
use crate::{agreeing, ask, get, stock};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn a_damaged_file_is_not_served_from_and_its_neighbours_are() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    assert_eq!(ask(server.web(), "PUT", "/purchase/2/", "", "").status, 200);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.path(&format!("data/catalog-1.db{suffix}")));
    }
    std::fs::write(place.path("data/catalog-1.db"), "no database at all".repeat(100)).unwrap();
    let server = Server::start_in(&place, &[]);
    let all = get(server.panel(), "/api/store/replicas").json();
    assert_eq!((&all[0]["state"], &all[1]["state"]), (&json!("DOWN"), &json!("UP")));
    assert!(all[0]["problem"].as_str().unwrap().contains("Move the file away"), "{all}");
    assert_eq!(get(server.addr("catalog-1", "tcp"), "/retrieve/item/2").status, 503);
    assert_eq!(get(server.web(), "/product/2").json()["quantity"], 96);
    // The documented repair: the file is moved away, and the replica is written again from the log.
    std::fs::remove_file(place.path("data/catalog-1.db")).unwrap();
    ask(server.panel(), "POST", "/api/store/replicas/catalog-1/recover", "", "");
    agreeing(&server);
    assert_eq!(stock(&server, 2), 96);
}

#[test]
fn a_damaged_log_is_not_gone_on_with() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    for _ in 0..3 {
        assert_eq!(ask(server.web(), "PUT", "/purchase/2/", "", "").status, 200);
    }
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    let log = place.path("data/store-log.db");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, "no database at all".repeat(100)).unwrap();
    let refused = place.run(place.command(FREE));
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("store-log.db"), "{}", refused.stderr);
    assert!(refused.stderr.contains("from a copy"), "it says what to do: {}", refused.stderr);
    // A record that was damaged into a different one is not applied: a replica that needs it stays
    // down.
    let mut other = whole;
    let one = b"\"quantity\":1";
    let at = other.windows(one.len()).position(|bytes| bytes == one).unwrap();
    other[at + one.len() - 1] = b'2';
    std::fs::write(&log, &other).unwrap();
    std::fs::remove_file(place.path("data/catalog-1.db")).unwrap();
    let server = Server::start_in(&place, &[]);
    let all = get(server.panel(), "/api/store/replicas").json();
    assert_eq!((&all[0]["state"], &all[1]["state"]), (&json!("DOWN"), &json!("UP")), "{all}");
    assert!(all[0]["problem"].as_str().unwrap().contains("of the log is damaged"));
    assert_eq!(get(server.web(), "/product/2").json()["quantity"], 94);
}
