//! Proofs over HTTP: right, wrong for a reason, and spent.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits;
use serde_json::{Value, json};
use util::api::Place;

#[test]
fn proofs_are_verified_and_spent_once() {
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

    let spend = || json!({ "proof": proof, "bits": 1, "spend": true });
    assert_eq!(verify(spend()), None);
    assert_eq!(verify(spend()), reason("already-spent"));
    assert_eq!(verify(json!({ "proof": proof, "bits": 1, "spend": false })), None);
    place.ask("POST /api/pow/verify", r#"{"proof":"p","spend":1}"#).problem(422);
    place.ask("POST /api/pow/verify", r#"{"proof":"p","seed":"s"}"#).problem(422);
    place.ask("POST /api/pow/verify", r#"{"message":"m"}"#).problem(422);
}

#[test]
fn when_no_more_can_be_remembered_nothing_is_forgotten() {
    let mut place = Place::new();
    let spent = &mut place.street.reactor.desk.world.pow.spent;
    for number in 0..limits::POW_SPENT as u64 {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        spent.insert(hash);
    }
    let body = r#"{"message":"m","seed":"Abc12","difficulty":0,"spend":true}"#;
    let answer = place.ask("POST /api/pow/verify", body);
    answer.problem(503);
    assert!(answer.field("Retry-After").is_some());
    let body = r#"{"message":"m","seed":"Abc12","difficulty":0}"#;
    assert_eq!(place.ask("POST /api/pow/verify", body).json()["valid"], json!(true));
}
