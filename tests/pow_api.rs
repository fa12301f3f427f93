//! Proof of work over HTTP, on the simulated kernel: the test decides when searches are done and
//! time passes.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits;
use pentad::service::Kind;
use pentad::work::Outcome;
use pentad::work::pow::Outcome as Search;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use util::api::Place;

/// A search that is too long for the loop.
const HARD: &str = r#"{"message":"hard","bits":16}"#;

fn hash(message: &[u8], seed: &str) -> String {
    let digest = Sha256::new().chain_update(seed).chain_update(message).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks the members of a solution for `message`.
fn verify_solution(answer: &Value, message: &[u8], bits: u64) {
    let (seed, digits) = (answer["seed"].as_str().unwrap(), answer["hash"].as_str().unwrap());
    assert_eq!(hash(message, seed), digits);
    let zeros = digits.bytes().take_while(|digit| *digit == b'0').count() as u64;
    assert_eq!(answer["zeros"].as_u64(), Some(zeros));
    assert!(answer["bits"].as_u64().unwrap() >= bits);
    assert!(answer["tried"].as_u64().unwrap() >= 1);
    assert!(answer["ms"].as_f64().unwrap() >= 0.0);
    if let Ok(message) = std::str::from_utf8(message) {
        assert_eq!(answer["proof"], json!(format!("{message},{seed},{digits}")));
        assert!(answer.get("message_b64").is_none());
    } else {
        assert!(answer.get("proof").is_none() && answer["message_b64"].is_string());
    }
}

#[test]
fn an_easy_search_is_answered_whatever_the_message() {
    let mut place = Place::new();
    for (body, message, bits) in [
        (r#"{"message":"hello","difficulty":0}"#, &b"hello"[..], 0),
        (r#"{"message":"a,b,\"c\"\n","bits":1}"#, b"a,b,\"c\"\n", 1),
        (r#"{"message":"","difficulty":0,"weight":16,"ttl_ms":1}"#, b"", 0),
        (r#"{"message_b64":"//4=","difficulty":0}"#, b"\xff\xfe", 0),
        (r#"{"message_b64":"aGk=","difficulty":0}"#, b"hi", 0),
    ] {
        let answer = place.ask("POST /api/pow/solve", body);
        assert_eq!((answer.status, answer.field("Content-Type")), (200, Some("application/json")));
        verify_solution(&answer.json(), message, bits);
    }
    let answer = place.ask("POST /api/pow/solve", r#"{"message":"order","difficulty":0}"#);
    let names = ["proof", "seed", "hash", "zeros", "bits", "tried", "ms"];
    let places = names.map(|name| answer.body.find(&format!("\"{name}\":")).unwrap());
    assert!(places.is_sorted(), "{}", answer.body);
}

#[test]
fn a_hard_search_is_waited_for() {
    let mut place = Place::new();
    place.send("POST /api/pow/solve", "", HARD);
    assert!(place.receive().is_none() && place.jobs() == 1);
    place.work();
    let answer = place.receive().unwrap();
    assert_eq!(answer.status, 200);
    verify_solution(&answer.json(), b"hard", 16);
    assert_eq!(place.street.reactor.len(), 1, "the search has left no session behind");
    assert_eq!(place.ask("GET /healthz", "").status, 200, "the connection goes on");
}

#[test]
fn who_cannot_wait_any_longer_is_told_where_to_ask() {
    for (prefer, seconds) in [
        ("", 10),
        ("wait=3", 3),
        ("respond-async, WAIT = 5;x=y", 5),
        ("wait=99", 30),
        ("wait=x", 10),
    ] {
        let mut place = Place::new();
        place.send("POST /api/pow/solve", prefer, HARD);
        place.street.advance(Duration::from_millis(seconds * 1000 - 1));
        place.turns();
        assert!(place.receive().is_none(), "{prefer}");
        place.street.advance(Duration::from_millis(1));
        place.turns();
        let answer = place.receive().unwrap();
        assert_eq!(answer.status, 202);
        let path = answer.field("Location").unwrap().to_string();
        assert_eq!(place.state(&path), "queued");
        place.work();
        let solved = place.ask(&format!("GET {path}"), "").json();
        assert_eq!((&solved["state"], &solved["p_done"]), (&json!("solved"), &json!(1.0)));
        verify_solution(&solved, b"hard", 16);
        assert_eq!(solved["expected"], json!(65_536));
        place.street.advance(limits::POW_JOB_KEPT);
        let gone = place.ask(&format!("GET {path}"), "");
        assert!(gone.status == 404 || place.client.at_end());
    }
}

#[test]
fn a_search_runs_is_given_up_or_is_overtaken_by_time() {
    let mut place = Place::new();
    let path = place.begin(r#"{"message":"m","difficulty":7}"#);
    assert_eq!((place.state(&path), place.jobs()), ("queued".to_string(), 1));
    let (_, _, job) = &mut place.street.reactor.outside.jobs[0];
    let pentad::work::Job::Compute(job) = job else { panic!("a search") };
    let piece = job.cut().unwrap().run();
    assert!(job.merge(piece).is_none(), "one slice is not enough, but for one in 65,536");
    let running = place.ask(&format!("GET {path}"), "").json();
    assert_eq!(running["state"], json!("running"));
    assert!(running["tried"].as_u64().unwrap() > 0 && running["eta"].as_f64().unwrap() > 0.0);
    let p_done = running["p_done"].as_f64().unwrap();
    assert!(p_done > 0.0 && p_done < 0.01);

    let cancelled = place.ask(&format!("DELETE {path}"), "");
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    place.turns();
    assert_eq!(place.street.reactor.outside.cancelled.len(), 1, "the pool forgets it");
    assert_eq!(place.state(&path), "cancelled");
    assert_eq!(place.ask(&format!("DELETE {path}"), "").status, 200, "once more does no harm");

    let path = place.begin(r#"{"message":"m","difficulty":7,"ttl_ms":500}"#);
    place.street.advance(Duration::from_millis(499));
    place.turns();
    assert_eq!(place.state(&path), "queued");
    place.street.advance(Duration::from_millis(1));
    place.turns();
    assert_eq!(place.state(&path), "expired");
    assert_eq!(place.street.reactor.outside.cancelled.len(), 2);
    assert_eq!(place.street.reactor.len(), 1);
}

#[test]
fn a_search_that_ends_badly_says_how() {
    let mut place = Place::new();
    for (outcome, status) in
        [(Outcome::Pow(Search::Exhausted { tried: 916_132_832 }), 422), (Outcome::Panicked, 500)]
    {
        place.send("POST /api/pow/solve", "", HARD);
        let (id, ticket, _) = place.street.reactor.outside.jobs.pop_front().unwrap();
        place.street.reactor.done(id, ticket, outcome);
        place.turns();
        place.receive().unwrap().problem(status);
    }
    let path = place.begin(HARD);
    let (id, ticket, _) = place.street.reactor.outside.jobs.pop_front().unwrap();
    let exhausted = Outcome::Pow(Search::Exhausted { tried: 916_132_832 });
    place.street.reactor.done(id, ticket, exhausted);
    assert_eq!(place.state(&path), "exhausted");
}

#[test]
fn a_cancelled_search_ends_the_wait_for_it() {
    let mut place = Place::new();
    place.send("POST /api/pow/solve", "", r#"{"message":"m","bits":20,"ttl_ms":1000}"#);
    place.street.advance(Duration::from_secs(1));
    place.turns();
    let answer = place.receive().unwrap();
    assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("expired")));
}

#[test]
fn a_full_pool_only_delays() {
    let mut place = Place::new();
    place.street.reactor.outside.jobs_max = 0;
    let path = place.begin(HARD);
    for _ in 0..3 {
        place.street.advance(limits::POW_RETRY);
        place.turns();
        assert_eq!(place.state(&path), "queued");
    }
    place.street.reactor.outside.jobs_max = 1;
    place.street.advance(limits::POW_RETRY);
    place.work();
    assert_eq!(place.state(&path), "solved");
}

#[test]
fn more_than_a_minute_of_work_is_refused() {
    let mut place = Place::new();
    // The simulated workers compute ten million hashes a second: three searches take 80 s.
    for _ in 0..3 {
        place.begin(r#"{"message":"m","difficulty":7}"#);
    }
    let answer = place.ask("POST /api/pow/solve", r#"{"message":"m","difficulty":7}"#);
    answer.problem(503);
    let seconds = answer.field("Retry-After").unwrap().parse::<u64>().unwrap();
    assert!((15..30).contains(&seconds), "{seconds}");
    let easy = place.ask("POST /api/pow/solve", r#"{"message":"m","difficulty":0}"#);
    assert_eq!(easy.status, 200, "what needs no worker is done");
}

#[test]
fn values_out_of_range_are_422_and_the_next_request_is_served() {
    let mut place = Place::new();
    let long = "x".repeat(8193);
    for body in [
        "{}",
        r#"{"message":1}"#,
        r#"{"message":"m","message_b64":"bQ=="}"#,
        r#"{"message_b64":"bQ"}"#,
        r#"{"message_b64":7}"#,
        r#"{"message":"m","difficulty":8}"#,
        r#"{"message":"m","difficulty":-1}"#,
        r#"{"message":"m","difficulty":1.5}"#,
        r#"{"message":"m","difficulty":"3"}"#,
        r#"{"message":"m","bits":32}"#,
        r#"{"message":"m","bits":4,"difficulty":1}"#,
        r#"{"message":"m","difficulty":0,"weight":0}"#,
        r#"{"message":"m","difficulty":0,"weight":17}"#,
        r#"{"message":"m","difficulty":0,"ttl_ms":0}"#,
        &format!(r#"{{"message":"{long}","difficulty":0}}"#),
    ] {
        place.ask("POST /api/pow/solve", body).problem(422);
        let next = place.ask("POST /api/pow/solve", r#"{"message":"m","difficulty":0}"#);
        assert_eq!(next.status, 200);
    }
    for body in ["", "{", "[]", "nonsense"] {
        place.ask("POST /api/pow/solve", body).problem(400);
        place.ask("POST /api/pow/verify", body).problem(400);
    }
    let text = "POST /api/pow/solve HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n\
                Content-Length: 2\r\n\r\n{}";
    place.client.send(text.as_bytes());
    place.turns();
    place.receive().unwrap().problem(415);
}

#[test]
fn paths_and_methods_follow_the_table() {
    let mut place = Place::new();
    for path in ["0123456789abcdef", "0123456789ABCDEF", "x", "+123456789abcdef", "a/b", ""] {
        place.ask(&format!("GET /api/pow/jobs/{path}"), "").problem(404);
        if !path.contains('/') && !path.is_empty() {
            place.ask(&format!("DELETE /api/pow/jobs/{path}"), "").problem(404);
        }
    }
    let answer = place.ask("PUT /api/pow/jobs/x", "");
    answer.problem(405);
    assert_eq!(answer.field("Allow"), Some("GET, HEAD, DELETE, OPTIONS"));
    let answer = place.ask("GET /api/pow/solve", "");
    answer.problem(405);
    assert_eq!(answer.field("Allow"), Some("POST, OPTIONS"));
}

#[test]
fn statistics_count_lines_and_requests_alike() {
    let mut place = Place::new();
    place.street.reactor.context.world.pow.bits = 4;
    let lines = place.street.connect(Kind::Pow, usize::MAX).unwrap();
    lines.send(&b"line\n".repeat(50));
    place.work();
    place.ask("POST /api/pow/solve", r#"{"message":"m","difficulty":0}"#);
    place.begin(r#"{"message":"m","difficulty":7}"#);
    place.street.advance(Duration::from_secs(1));
    let stats = place.ask("GET /api/pow/stats", "").json();
    assert_eq!((&stats["kernel"], &stats["queue"]), (&json!("sha2"), &json!(1)));
    assert!(stats["hash_rate_1s"].as_f64().unwrap() > 100.0, "{stats}");
    let rows = stats["difficulties"].as_array().unwrap();
    let replies = rows.iter().map(|row| (row["difficulty"].as_u64(), row["replies"].as_u64()));
    assert_eq!(replies.collect::<Vec<_>>(), [(Some(0), Some(1)), (Some(1), Some(50))]);
    let luck = rows[1]["luck"].as_f64().unwrap();
    assert!((0.4..2.5).contains(&luck), "{luck}");
}

#[test]
fn a_shutdown_cancels_detached_searches_and_finishes_others() {
    let mut place = Place::new();
    place.begin(r#"{"message":"m","difficulty":7}"#);
    place.send("POST /api/pow/solve", "", HARD);
    assert_eq!(place.jobs(), 2);
    place.street.reactor.drain();
    place.street.advance(limits::DRAIN_IDLE);
    place.turns();
    assert_eq!(place.street.reactor.len(), 2, "a client and its search");
    place.street.reactor.outside.jobs.pop_front();
    place.work();
    verify_solution(&place.receive().unwrap().json(), b"hard", 16);
    place.street.advance(limits::LINGER);
    place.turns();
    assert!(place.street.reactor.is_empty());
}

#[test]
fn a_client_that_leaves_loses_its_answer_and_not_its_search() {
    let mut place = Place::new();
    place.send("POST /api/pow/solve", "", HARD);
    place.client.reset();
    place.turns();
    assert_eq!(place.street.reactor.len(), 1);
    place.work();
    assert!(place.street.reactor.is_empty());
}
