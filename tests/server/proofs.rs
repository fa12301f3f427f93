//! Proof of work over HTTP with real sockets: finished searches make room, and spent proofs stay
//! spent.

use super::util::http::{Client, Reply, post};
use super::util::process::{Place, Server};
use pentad::limits;
use rusqlite::Connection;
use rustix::process::Signal;
use std::time::{SystemTime, UNIX_EPOCH};

/// Begins a search that takes a while, without waiting for it.
fn begin(client: &mut Client) -> Reply {
    let body = r#"{"message":"m","difficulty":7}"#;
    let request = post("/api/pow/solve", body).replacen("\r\n", "\r\nPrefer: wait=0\r\n", 1);
    client.ask(&request).unwrap()
}

#[test]
fn finished_searches_lock_nobody_out() {
    let server = Server::start(&["--workers=1", "--keepalive-requests=0"]);
    let mut client = Client::connect(server.web());
    let mut first = None;
    for _ in 0..limits::POW_JOBS {
        let begun = begin(&mut client);
        assert_eq!(begun.status, 202, "{}", begun.body);
        let path = format!("/api/pow/jobs/{}", begun.json()["id"].as_str().unwrap());
        let ended = client.ask(&format!("DELETE {path} HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
        assert_eq!(ended.status, 200);
        first.get_or_insert(path);
    }
    let first = first.unwrap();
    assert_eq!(client.get(&first).status, 200, "what is over is kept while there is room");
    assert_eq!(begin(&mut client).status, 202, "the table is full of searches that are over");
    assert_eq!(client.get(&first).status, 404, "the one that was over first had to go");
}

/// Returns a proof that the server itself finds.
fn proof(client: &mut Client, message: &str) -> String {
    let solved = client.post("/api/pow/solve", &format!(r#"{{"message":"{message}"}}"#));
    solved.json()["proof"].as_str().unwrap().to_string()
}

fn spend(client: &mut Client, proof: &str) -> Reply {
    client.post("/api/pow/verify", &format!(r#"{{"proof":"{proof}","spend":true}}"#))
}

#[test]
fn a_proof_that_was_spent_stays_spent_after_kill_9() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    let mut client = Client::connect(server.web());
    let proof = proof(&mut client, "once");
    assert_eq!(spend(&mut client, &proof).json()["valid"], true);
    server.signal(Signal::KILL);
    server.wait();
    let server = Server::start_in(&place, &[]);
    let again = spend(&mut Client::connect(server.web()), &proof);
    assert_eq!(again.json()["reason"], "already-spent");
}

#[test]
fn a_full_store_of_spent_proofs_says_truly_when_there_is_room() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    let proofs = ["one", "two"].map(|m| proof(&mut Client::connect(server.web()), m));
    server.signal(Signal::TERM);
    server.wait();
    // The oldest one has an hour left, all others have a day.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let database = Connection::open(place.path("data").join("pentad.db")).unwrap();
    let fill = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO pow_spent SELECT n, randomblob(32), ?2 - 82800 * (n = 1) FROM n";
    database.execute(fill, (limits::POW_SPENT as i64, now)).unwrap();
    drop(database);

    let server = Server::start_in(&place, &[]);
    let mut client = Client::connect(server.web());
    let full = spend(&mut client, &proofs[0]);
    assert_eq!(full.status, 503);
    let seconds = full.field("Retry-After").unwrap().parse::<i64>().unwrap();
    assert!((3000..=3600).contains(&seconds), "{seconds}");
    drop(server);

    // That hour is over for a server that remembers proofs for an hour less.
    let server = Server::start_in(&place, &["--pow-spent-time=23h"]);
    let mut client = Client::connect(server.web());
    assert_eq!(spend(&mut client, &proofs[0]).json()["valid"], true);
    assert_eq!(spend(&mut client, &proofs[0]).json()["reason"], "already-spent");
    assert_eq!(spend(&mut client, &proofs[1]).status, 503, "there was room for one");
}
