//! Answered requests are on disk: `kill -9` loses no count, and other processes may read meanwhile.

use super::util::http::{Client, by, post};
use super::util::process::{Place, Server, eventually};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The requests of a user: the number sent, and the number answered.
#[derive(Debug, Default)]
struct User {
    sent: AtomicU64,
    answered: AtomicU64,
}

impl User {
    /// Sends requests until the server is gone.
    fn ask_on(&self, name: &str, addr: SocketAddr) {
        let Ok(mut client) = Client::try_connect(addr) else { return };
        let requests =
            [post("/statistics", &by(name, "")), post("/pi", &by(name, "\"simulations\":1000"))];
        for request in requests.iter().cycle() {
            self.sent.fetch_add(1, Ordering::Relaxed);
            match client.ask(request) {
                Ok(reply) => assert_eq!(reply.status, 200, "{}", reply.body),
                Err(_) => return,
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const NAMES: [&str; 6] = ["1001", "1002", "1003", "1004", "1005", "1006"];

fn answered(users: &[User]) -> u64 {
    users.iter().map(|user| user.answered.load(Ordering::Relaxed)).sum()
}

/// Returns the count of each of [`NAMES`], as the service lists it.
fn listed(addr: SocketAddr) -> Vec<u64> {
    let reply = Client::connect(addr).post("/statistics", &by("0000", ""));
    let rows = reply.json();
    let count = |name: &&str| {
        let mut rows = rows.as_array().unwrap().iter();
        rows.find(|row| row["username"] == **name)
            .map_or(0, |row| row["request_count"].as_u64().unwrap())
    };
    NAMES.iter().map(count).collect()
}

#[test]
fn a_killed_server_has_kept_every_answered_count() {
    let place = Place::new();
    let users = NAMES.map(|_| User::default());
    for round in 1..=3 {
        let mut server = Server::start_in(&place, &[]);
        thread::scope(|scope| {
            for (user, name) in users.iter().zip(NAMES) {
                let addr = server.web();
                scope.spawn(move || user.ask_on(name, addr));
            }
            let before = answered(&users);
            eventually("a hundred answers", || (answered(&users) >= before + 100).then_some(()));
            server.signal(Signal::KILL);
        });
        assert_eq!(server.wait().signal(), Some(Signal::KILL.as_raw()));
        let server = Server::start_in(&place, &[]);
        for ((user, name), count) in users.iter().zip(NAMES).zip(listed(server.web())) {
            let known = user.answered.load(Ordering::Relaxed)..=user.sent.load(Ordering::Relaxed);
            assert!(known.contains(&count), "round {round}: {name} has {count} of {known:?}");
        }
    }
}

#[test]
fn the_table_can_be_read_by_others_while_the_server_writes_it() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    let path = place.path("data").join("pentad.db");
    let users = NAMES.map(|_| User::default());
    thread::scope(|scope| {
        for (user, name) in users.iter().zip(NAMES) {
            let addr = server.web();
            scope.spawn(move || user.ask_on(name, addr));
        }
        eventually("a first answer", || (answered(&users) > 0).then_some(()));
        let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        for _ in 0..20 {
            let known = answered(&users);
            let sum = "SELECT sum(request_count) FROM request_statistics";
            let sum: i64 = reader.query_row(sum, [], |row| row.get(0)).unwrap();
            assert!(sum as u64 >= known, "{sum} are on disk, {known} were answered");
        }
        assert_eq!(
            columns(&reader),
            [("username", "TEXT", 1), ("request_count", "INTEGER", 0)].map(|(name, kind, key)| (
                name.to_string(),
                kind.to_string(),
                key
            ))
        );
        server.signal(Signal::TERM);
    });
    assert_eq!(server.wait().code(), Some(0));
}

/// Returns name, type and place in the primary key of each column.
fn columns(reader: &Connection) -> Vec<(String, String, i64)> {
    let info = "SELECT name, type, pk FROM pragma_table_info('request_statistics')";
    let mut statement = reader.prepare(info).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(Result::unwrap).collect()
}
