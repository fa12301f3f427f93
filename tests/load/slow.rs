//! Slow clients: our server closes them and gives a reason, and the tester reports it.

use crate::tester::{load, run};
use crate::util::http::{Client, assert_next_is_served};
use crate::util::process::{Place, Server, eventually};
use serde_json::Value;

/// Runs five slow clients against a server with short timeouts; checks their results and the
/// server's reason for closing them.
fn slow(how: &str, path: &str, reason: &str) -> Value {
    let place = Place::new();
    let server =
        Server::start(&["--head-timeout=300ms", "--body-timeout=300ms", "--send-timeout=300ms"]);
    let url = format!("http://{}{path}", server.web());
    let args = ["--slow", how, "-c", "5", "-n", "5", "-d", "20s"];
    let (code, result) = load(&place, &url, &args);
    assert_eq!((code, &result["mode"]), (0, &format!("slow-{how}").into()), "{result}");
    eventually("the server counts them", || {
        let told = Client::connect(server.panel()).get("/metrics").json();
        (told["closed"][reason] == 5).then_some(())
    });
    assert_next_is_served(server.web());
    result
}

#[test]
fn a_head_that_never_ends_is_answered_with_408() {
    let result = slow("headers", "/", "head-timeout");
    assert_eq!((&result["status"]["408"], &result["errors"]["status"]), (&5.into(), &5.into()));
}

#[test]
fn a_body_that_never_ends_is_answered_with_408() {
    let result = slow("body", "/pi", "body-timeout");
    assert_eq!((&result["status"]["408"], &result["errors"]["status"]), (&5.into(), &5.into()));
}

#[test]
fn who_never_reads_the_answers_is_cut_off() {
    let result = slow("read", "/", "slow-reader");
    assert_eq!(result["errors"]["reset"], 5, "{result}");
}

#[test]
fn how_long_a_patient_server_was_held_is_said() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/", server.web());
    let text = run(&place, &["load", &url, "--slow", "headers", "-c", "3", "-d", "300ms"]).stdout;
    let line = text.lines().nth(1).unwrap();
    let seconds = line.strip_prefix("3 connections, ");
    let seconds = seconds.and_then(|rest| rest.strip_suffix(" s, heads that never end"));
    assert!(seconds.unwrap().parse::<f64>().unwrap() >= 0.3, "{line}");
    assert!(text.contains("  connections 3 made, 0 of them ended by the server\n"), "{text}");
}
