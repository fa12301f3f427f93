//! Long answers about chats over HTTP, on the simulated kernel: no turn prints more than a piece of
//! one.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::Limits;
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use pentad::work::Outcome;
use pentad::work::db::chat::{Answer, Line, Session};
use pentad::work::db::{self};
use serde_json::Value;
use std::time::Duration;
use util::fake::{Client, TestNet};

fn session(number: usize) -> Session {
    Session {
        id: format!("{number:016x}"),
        visitor: "Ann".to_string(),
        outcome: "handled".to_string(),
        comment: "quick, \"nice\" and <b>bold</b>".to_string(),
        ..Session::default()
    }
}

/// Sends a request, lets the database answer it, and returns the number of turns and the body.
fn ask(path: &str, answer: Answer) -> (usize, String) {
    let mut street = TestNet::new(Limits::default(), 16, 1);
    let client: Client = street.connect(Kind::Http(ListenerRole::Panel), usize::MAX).unwrap();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes());
    street.turn(|| true);
    let (id, ticket, _) = street.reactor.outside.jobs.pop_front().unwrap();
    street.reactor.done(id, ticket, Outcome::Database(Ok(db::Answer::Chat(answer))));
    let mut turns = 0;
    while client.0.borrow().outbound.is_empty() {
        street.turn(|| true);
        street.advance(Duration::from_millis(1));
        turns += 1;
        assert!(turns < 10_000, "it is never answered");
    }
    street.settle();
    let text = String::from_utf8(client.receive(usize::MAX)).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    (turns, body.to_string())
}

#[test]
fn ten_thousand_sessions_are_listed_in_pieces() {
    let rows = (0..10_000).map(session).collect::<Vec<_>>();
    let (turns, body) = ask("/api/chat/sessions?day=2026-01-31", Answer::Sessions(rows));
    let listed = serde_json::from_str::<Value>(&body).unwrap();
    assert_eq!(listed["day"], "2026-01-31");
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 10_000);
    let in_order = |(number, row): (usize, &Value)| row["id"] == format!("{number:016x}");
    assert!(sessions.iter().enumerate().all(in_order));
    assert!(turns >= body.len() / (128 * 1024), "{} bytes in {turns} turns", body.len());
    let (_, body) = ask("/api/chat/sessions?day=2026-01-31", Answer::Sessions(Vec::new()));
    assert_eq!(body, r#"{"day":"2026-01-31","sessions":[]}"#);
}

#[test]
fn a_long_transcript_is_made_in_pieces() {
    let line = |number| Line { at_ms: number, who: "Ann".to_string(), text: "x".repeat(100) };
    let lines = (0..20_000).map(line).collect::<Vec<_>>();
    let whole = || Answer::Transcript(Some((Box::new(session(7)), lines.clone())));
    let (turns, body) = ask("/api/chat/sessions/0000000000000007/transcript", whole());
    let said = serde_json::from_str::<Value>(&body).unwrap();
    assert_eq!(said["session"]["id"], "0000000000000007");
    assert_eq!(said["lines"].as_array().unwrap().len(), 20_000);
    assert_eq!(said["lines"][19_999]["at_ms"], 19_999);
    assert!(turns >= body.len() / (128 * 1024), "{} bytes in {turns} turns", body.len());
    let (turns, body) = ask("/api/chat/sessions/0000000000000007/transcript.txt", whole());
    assert_eq!(body.lines().count(), 20_000);
    assert!(turns >= body.len() / (128 * 1024), "{} bytes in {turns} turns", body.len());
}
