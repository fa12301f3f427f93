//! Proofs over HTTP: valid, invalid for each reason, and spent.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits;
use pentad::work::Outcome;
use pentad::work::db::Failure;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use util::api::Place;

#[test]
fn a_claim_is_right_or_wrong_for_a_reason() {
    let mut place = Place::new();
    let solved = place.ask("POST /api/pow/solve", r#"{"message":"spend me","bits":1}"#);
    let solved = solved.json();
    let proof = solved["proof"].as_str().unwrap();
    let (seed, digits) = (solved["seed"].as_str().unwrap(), solved["hash"].as_str().unwrap());
    let mut verify = |body: Value| {
        let answer = place.ask("POST /api/pow/verify", &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        let verdict = answer.json();
        let reason = verdict["reason"].as_str().map(str::to_string);
        assert_eq!(verdict["valid"].as_bool(), Some(reason.is_none()));
        reason
    };
    let reason = |text: &str| Some(text.to_string());
    assert_eq!(verify(json!({ "proof": proof, "bits": 1 })), None);
    assert_eq!(verify(json!({ "message": "spend me", "seed": seed, "bits": 1 })), None);
    let parts = json!({ "message": "spend me", "seed": seed, "hash": digits, "difficulty": 0 });
    assert_eq!(verify(parts), None);
    assert_eq!(verify(json!({ "message_b64": "c3BlbmQgbWU=", "seed": seed, "bits": 1 })), None);
    assert_eq!(verify(json!({ "proof": proof, "difficulty": 64 })), reason("low-difficulty"));
    let other = proof.replace("spend me", "spend you");
    assert_eq!(verify(json!({ "proof": other, "bits": 1 })), reason("hash-mismatch"));
    assert_eq!(verify(json!({ "proof": "spend me", "bits": 1 })), reason("bad-format"));
    let no_seed = json!({ "message": "spend me", "seed": "abc", "bits": 1 });
    assert_eq!(verify(no_seed), reason("bad-seed"));
    let no_hash = json!({ "message": "m", "seed": seed, "hash": "00", "bits": 1 });
    assert_eq!(verify(no_hash), reason("bad-format"));

    place.ask("POST /api/pow/verify", r#"{"proof":"p","spend":1}"#).problem(422);
    place.ask("POST /api/pow/verify", r#"{"proof":"p","seed":"s"}"#).problem(422);
    place.ask("POST /api/pow/verify", r#"{"message":"m"}"#).problem(422);
}

/// Returns a proof with at least the bits that the server of these tests requires.
fn proof(place: &mut Place, message: &str) -> String {
    let solved = place.ask("POST /api/pow/solve", &json!({ "message": message }).to_string());
    solved.json()["proof"].as_str().unwrap().to_string()
}

fn verdict(place: &mut Place, body: &Value) -> Option<String> {
    let answer = place.ask("POST /api/pow/verify", &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let reason = answer.json()["reason"].as_str().map(str::to_string);
    assert_eq!(answer.json()["valid"].as_bool(), Some(reason.is_none()));
    reason
}

#[test]
fn a_proof_is_spent_once_and_only_looked_at_as_often_as_wanted() {
    let mut place = Place::new();
    let proof = proof(&mut place, "spend me");
    let spend = json!({ "proof": proof, "spend": true });
    assert_eq!(verdict(&mut place, &spend), None);
    assert_eq!(verdict(&mut place, &spend), Some("already-spent".to_string()));
    let low = json!({ "proof": proof, "bits": 1, "spend": true });
    assert_eq!(verdict(&mut place, &low), Some("already-spent".to_string()));
    assert_eq!(verdict(&mut place, &json!({ "proof": proof, "spend": false })), None);
    assert_eq!(place.street.reactor.context.stats.pow.spent, 1);
}

#[test]
fn what_the_server_would_not_have_proved_cannot_be_spent() {
    let mut place = Place::new();
    let seed = (0..1000).map(|n| format!("a{n:04}"));
    let zeros = |seed: &String| {
        let digest = Sha256::new().chain_update(seed).chain_update("m").finalize();
        u32::from_be_bytes(*digest.first_chunk().unwrap()).leading_zeros()
    };
    let seed = { seed }.find(|seed| (1..12).contains(&zeros(seed))).unwrap();
    for bits in [0, 1] {
        let body = json!({ "message": "m", "seed": seed, "bits": bits });
        assert_eq!(verdict(&mut place, &body), None);
        let body = json!({ "message": "m", "seed": seed, "bits": bits, "spend": true });
        assert_eq!(verdict(&mut place, &body), Some("low-difficulty".to_string()));
    }
    assert_eq!(place.street.reactor.context.stats.pow.spent, 0);
}

#[test]
fn a_spent_proof_is_forgotten_when_its_time_is_over() {
    let mut place = Place::new();
    let proof = proof(&mut place, "spend me");
    let spend = json!({ "proof": proof, "spend": true });
    assert_eq!(verdict(&mut place, &spend), None);
    let wall = &mut place.street.reactor.context.wall;
    *wall += limits::POW_SPENT_KEPT - Duration::from_secs(1);
    assert_eq!(verdict(&mut place, &spend), Some("already-spent".to_string()));
    place.street.reactor.context.wall += Duration::from_secs(1);
    assert_eq!(verdict(&mut place, &spend), None);
}

#[test]
fn a_proof_counts_as_spent_once_that_is_on_disk() {
    let mut place = Place::new();
    let proof = proof(&mut place, "spend me");
    let spend = json!({ "proof": proof, "spend": true }).to_string();
    place.send("POST /api/pow/verify", "", &spend);
    assert!(place.receive().is_none(), "the database has not said a word");
    assert_eq!(place.street.reactor.context.stats.pow.spent, 0);
    let (id, ticket, _) = place.street.reactor.outside.jobs.pop_front().unwrap();
    let failed = Outcome::Database(Err(Failure::new("disk I/O error")));
    place.street.reactor.done(id, ticket, failed);
    place.turns();
    let answer = place.receive().unwrap();
    assert!(answer.problem(503).contains("not known"), "{}", answer.body);
    assert_eq!(place.ask("POST /api/pow/verify", &spend).json()["valid"], json!(true));
}
