//! Disks that fail for a while, and damaged databases: confirmed writes are on disk, and problems
//! with a file are reported.

use super::chat::Client as Talker;
use super::util::faults::Faults;
use super::util::http::{Client, Reply, by};
use super::util::process::{FREE, Place, Server, eventually};
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::sync::Arc;

fn failing(place: &Arc<Place>) -> Option<(Server, Faults)> {
    let mut command = place.command(FREE.iter().chain(&["--chat-rating-time=60s"]));
    let faults = Faults::of(place, &mut command)?;
    Some((Server::launch(place, command), faults))
}

/// Starts a chat; returns visitor, agent and the session's name.
fn in_a_chat(server: &Server) -> (Talker, Talker, String) {
    let chat = server.addr("chat", "tcp");
    let mut agent = Talker::connect(chat);
    agent.say("/agent bo bo");
    agent.expect("+OK 200 agent=bo");
    agent.say("/online");
    agent.expect("+OK 200 agent=bo");
    let mut visitor = Talker::connect(chat);
    visitor.say("/hello Ann");
    let hello = visitor.expect("+OK 200 session=");
    let session = hello["+OK 200 session=".len()..].split(' ').next().unwrap().to_string();
    visitor.expect("* CONNECTED");
    agent.expect("* ASSIGNED");
    visitor.say("my order is late");
    agent.expect("<");
    (visitor, agent, session)
}

/// Returns the row of a session, if there is one.
fn session(place: &Place, id: &str) -> Option<(i64, Option<i64>)> {
    let database = Connection::open(place.path("data/pentad.db")).unwrap();
    let select = "SELECT (SELECT COUNT(*) FROM chat_lines WHERE session = id), rating
        FROM chat_sessions WHERE id = ?1";
    database.query_row(select, [id], |row| Ok((row.get(0)?, row.get(1)?))).ok()
}

#[test]
fn a_chat_that_could_not_be_written_is_when_the_disk_is_well() {
    for operation in ["write", "sync"] {
        let place = Place::new();
        let Some((server, faults)) = failing(&place) else { return };
        let (mut visitor, mut agent, id) = in_a_chat(&server);
        faults.fail(operation, "pentad.db-wal", 0);
        agent.say("/close");
        agent.expect("-ERR 500 internal");
        visitor.expect("* ENDED");
        visitor.say("/rate 5 thank you");
        // Data that is not on disk is not confirmed.
        visitor.expect("-ERR 500 internal");
        assert_eq!(session(&place, &id).filter(|_| operation == "write"), None);
        faults.pass();
        let row = eventually("the session, and its rating", || {
            session(&place, &id).filter(|(_, rating)| rating.is_some())
        });
        assert_eq!(row, (1, Some(5)), "what was said, and how it was rated");
        // The next chat is written at once.
        let (mut visitor, mut agent, id) = in_a_chat(&server);
        agent.say("/close");
        agent.expect("+OK 250 closed");
        visitor.expect("* ENDED");
        visitor.say("/rate 4");
        visitor.expect("+OK 250 rating=4");
        assert_eq!(session(&place, &id), Some((1, Some(4))));
    }
}

#[test]
fn a_lock_held_for_longer_than_it_waits_loses_no_chat() {
    let place = Place::new();
    let server = Server::start_in(&place, &[]);
    let (mut visitor, mut agent, id) = in_a_chat(&server);
    let held = Connection::open(place.path("data/pentad.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    agent.say("/close");
    agent.expect("-ERR 500 internal");
    visitor.expect("* ENDED");
    visitor.say("/rate 3");
    visitor.expect("-ERR 500 internal");
    drop(held);
    let row = eventually("the session, and its rating", || {
        session(&place, &id).filter(|(_, rating)| rating.is_some())
    });
    assert_eq!(row, (1, Some(3)));
}

fn statistics(server: &Server, name: &str) -> Reply {
    Client::connect(server.web()).post("/statistics", &by(name, ""))
}

fn count(rows: &Value, name: &str) -> u64 {
    let mut rows = rows.as_array().unwrap().iter();
    rows.find(|row| row["username"] == name).map_or(0, |row| row["request_count"].as_u64().unwrap())
}

#[test]
fn a_count_whose_commit_failed_is_settled_or_said_to_be_unknown() {
    let place = Place::new();
    let Some((mut server, faults)) = failing(&place) else { return };
    assert_eq!(statistics(&server, "1111").status, 200);
    faults.fail("sync", "pentad.db-wal", 1);
    let refused = statistics(&server, "1111");
    assert_eq!(refused.status, 503);
    assert!(!refused.head.contains("X-Outcome"), "{}", refused.head);
    faults.fail("sync", "pentad.db-wal", 0);
    let unknown = statistics(&server, "2222");
    assert_eq!(unknown.status, 503);
    assert!(unknown.head.contains("X-Outcome: unknown"), "{}", unknown.head);
    assert!(unknown.body.contains("not known"), "{}", unknown.body);
    server.signal(Signal::KILL);
    server.wait();
    let server = Server::start_in(&place, &[]);
    let rows = statistics(&server, "3333").json();
    assert_eq!(count(&rows, "1111"), 1, "the second was said not to be counted: {rows}");
    assert!(count(&rows, "2222") <= 1, "{rows}");
}

/// Returns a place where a server has counted one request, and ended.
fn used() -> Arc<Place> {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    assert_eq!(statistics(&server, "1111").status, 200);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    place
}

#[test]
fn a_flipped_bit_of_the_database_is_found_at_the_start() {
    let place = used();
    let path = place.path("data/pentad.db");
    let whole = fs::read(&path).unwrap();
    let at = whole.windows(5).position(|bytes| bytes == b"1111\x01");
    // The user's name; its count, if that follows it; and the inside of a page.
    let name = whole.windows(4).position(|bytes| bytes == b"1111").unwrap();
    for (place_of_bit, bit) in [(name, 1), (at.map_or(name + 3, |at| at + 4), 2), (4096, 0x80)] {
        let mut damaged = whole.clone();
        damaged[place_of_bit] ^= bit;
        fs::write(&path, &damaged).unwrap();
        let refused = place.run(place.command(FREE));
        assert!(!refused.status.success(), "byte {place_of_bit}");
        assert!(refused.stderr.contains("pentad.db: "), "{}", refused.stderr);
        assert!(refused.stderr.contains("move it away"), "{}", refused.stderr);
        assert_eq!(fs::read(&path).unwrap(), damaged, "it is left as it was");
    }
    fs::write(&path, &whole).unwrap();
    let server = Server::start_in(&place, &[]);
    assert_eq!(count(&statistics(&server, "2222").json(), "1111"), 1);
}

#[test]
fn a_database_of_another_schema_or_version_is_refused() {
    for (change, said) in [
        ("PRAGMA user_version = 77", "version 77"),
        ("PRAGMA application_id = 77", "another kind"),
        ("ALTER TABLE request_statistics ADD COLUMN more TEXT", "other columns"),
        ("DROP TABLE chat_lines; CREATE TABLE chat_lines(a)", "chat_lines has other columns"),
    ] {
        let place = used();
        let path = place.path("data/pentad.db");
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let refused = place.run(place.command(FREE));
        assert!(!refused.status.success(), "{change}");
        assert!(refused.stderr.contains(said), "{change}: {}", refused.stderr);
        assert!(refused.stderr.contains("pentad.db: "), "{change}: {}", refused.stderr);
    }
}

#[test]
fn a_store_file_of_another_schema_or_version_is_refused() {
    let place = used();
    let path = place.path("data/catalog-1.db");
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 77").unwrap();
    let path = place.path("data/catalog-2.db");
    fs::copy(place.path("data/pentad.db"), path).unwrap();
    let server = Server::start_in(&place, &[]);
    let all = Client::connect(server.panel()).get("/api/store/replicas").json();
    let of = |name: &str| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|replica| replica["name"] == name).unwrap()["problem"].as_str().unwrap()
    };
    assert!(of("catalog-1").contains("version 77"), "{all}");
    assert!(of("catalog-2").contains("another kind"), "{all}");
}

#[test]
fn a_database_that_was_there_and_is_not_is_told() {
    let place = used();
    let said = |name: &str| {
        let mut server = Server::start_in(&place, &[]);
        server.signal(Signal::TERM);
        server.wait();
        let said = server.stderr();
        fs::write(place.path("stderr"), "").unwrap();
        said.lines().any(|line| line.contains(name) && line.contains("begins anew"))
    };
    assert!(!said("pentad.db"), "nothing is missing");
    fs::remove_file(place.path("data/pentad.db")).unwrap();
    assert!(said("pentad.db"), "it is missing");
    assert!(!said("pentad.db"), "it is there again");
    fs::write(place.path("data/pentad.db"), "").unwrap();
    assert!(said("pentad.db"), "it is empty");
    fs::remove_file(place.path("data/catalog-1.db")).unwrap();
    assert!(said("catalog-1.db"), "that of a replica is missing");
}
