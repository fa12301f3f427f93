//! Servers that are unreachable, hang, refuse, or speak invalid HTTP.

use crate::tester::{adds_up, command, load, run};
use crate::util::process::Place;
use crate::util::unruly::{Deaf, Habit, OK, TOO_LARGE, Unruly};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

fn number(result: &Value, name: &str) -> u64 {
    result[name].as_u64().unwrap_or_else(|| panic!("{name} in {result}"))
}

#[test]
fn attempts_at_a_target_that_is_away_keep_to_the_schedule() {
    let place = Place::new();
    let closed_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let args = ["-c", "20", "-r", "40", "-d", "1s"];
    let (code, result) = load(&place, &format!("http://{closed_port}/"), &args);
    assert_eq!((code, number(&result, "ok")), (1, 0), "{result}");
    let requests = number(&result, "requests");
    assert!((20..=40).contains(&requests), "as many as were due: {result}");

    let closing = Unruly::start(Habit::Closes);
    let (_, result) = load(&place, &closing.url(), &args);
    assert!(number(&result, "requests") <= 40, "{result}");
    let (opened, made) = (20, closing.connections());
    assert!(made <= opened + 40, "one for each client, and one for each request: {made}");
}

#[test]
fn arrivals_go_on_after_a_restart_of_the_target() {
    let place = Place::new();
    let first = Unruly::start(Habit::Answers(OK));
    let (addr, url) = (first.addr, first.url());
    let args = ["load", &url, "-c", "10", "-r", "50", "-d", "3s", "--format", "lines"];
    let mut child = command(&place, &args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut until = |share: f64| {
        let reached = |line: &String| {
            let said = serde_json::from_str::<Value>(line).unwrap();
            said["progress"].as_f64().is_some_and(|progress| progress >= share)
        };
        assert!(lines.any(|line| reached(&line)), "it ended early");
    };
    until(0.25);
    drop(first);
    until(0.45);
    let second = Unruly::start_at(addr, Habit::Answers(OK));
    let last = lines.last().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let result = serde_json::from_str::<Value>(&last).unwrap();
    adds_up(&result);
    let sum = ["requests", "under_way", "never_sent"].map(|name| number(&result, name));
    assert!(sum[0] <= 150 && sum.iter().sum::<u64>() >= 140, "three seconds of 50: {result}");
    let errors = &result["errors"];
    assert!(number(errors, "connect") > 0 && number(errors, "connect") < 100, "{result}");
    assert!(second.requests() > 20, "it was asked again: {result}");
}

#[test]
fn requests_hanging_at_the_end_count_and_fail_thresholds() {
    let place = Place::new();
    let hangs = Unruly::start(Habit::Hangs(20));
    let held = |condition: &str| {
        let args = ["-c", "100", "-r", "50", "-d", "1500ms", "--fail-if", condition];
        load(&place, &hangs.url(), &args)
    };
    let (code, result) = held("p99>500ms");
    assert_eq!((code, number(&result, "requests")), (99, 20), "{result}");
    let unfinished = number(&result, "under_way") + number(&result, "never_sent");
    assert!((50..=55).contains(&unfinished), "75 were due: {result}");
    assert_eq!(number(&result["errors"], "timeout"), 0, "no request waited so long: {result}");

    let hangs = Unruly::start(Habit::Hangs(20));
    let url = hangs.url();
    let args = ["load", &url, "-c", "4", "-r", "50", "-d", "1500ms", "--fail-if", "never_sent>9"];
    let few = run(&place, &args);
    assert_eq!(few.status.code(), Some(99), "{}", few.stderr);
    assert!(few.stdout.contains("  unfinished  4 under way at the end, "), "{}", few.stdout);
    let silent = Unruly::start(Habit::Hangs(0));
    let (code, result) = load(&place, &silent.url(), &["-c", "3", "-d", "300ms"]);
    assert_eq!((code, number(&result, "under_way")), (1, 3), "{result}");
}

#[test]
fn what_is_under_way_at_a_usual_end_is_no_error() {
    let (place, good) = (Place::new(), Unruly::start(Habit::Answers(OK)));
    let conditions = ["--fail-if", "errors>0", "--fail-if", "p99>60s", "--fail-if", "under_way>4"];
    let args = [&["-c", "4", "-d", "300ms"], &conditions[..]].concat();
    let (code, result) = load(&place, &good.url(), &args);
    assert_eq!(code, 0, "{result}");
    let came = good.requests() as u64;
    let (requests, under_way) = (number(&result, "requests"), number(&result, "under_way"));
    assert!(came <= requests + under_way, "{came} came: {result}");
}

#[test]
fn an_answer_that_comes_before_the_request_is_sent_counts() {
    let place = Place::new();
    let body = place.path("body");
    fs::write(&body, vec![0; 8_000_000]).unwrap();
    let half = Duration::from_millis(200);
    for (habit, clients, requests) in
        [(Habit::Slams(TOO_LARGE), "2", "20"), (Habit::Dawdles(TOO_LARGE, half), "10", "60")]
    {
        let server = Unruly::start(habit);
        let args = ["-c", clients, "-n", requests, "--body-file", body.to_str().unwrap()];
        let (code, result) = load(&place, &server.url(), &args);
        let wanted = requests.parse::<u64>().unwrap();
        assert_eq!((code, &result["status"]["413"]), (1, &wanted.into()), "{habit:?}: {result}");
        assert_eq!(number(&result, "requests"), wanted, "-n is -n: {result}");
        let all = wanted * 8_000_000;
        assert!(number(&result, "bytes_out") < all, "what was not sent is not counted: {result}");
    }
}

#[test]
fn the_time_limit_covers_the_connection() {
    let (place, deaf) = (Place::new(), Deaf::start());
    let url = format!("http://{}/", deaf.addr);
    let (code, result) = load(&place, &url, &["-c", "1", "-t", "100ms", "-d", "1900ms"]);
    assert_eq!((code, number(&result, "ok")), (1, 0));
    assert!(number(&result["errors"], "connect") > 2, "one each 100 ms: {result}");
}

#[test]
fn a_status_that_is_not_defined_is_an_error_of_the_server() {
    let place = Place::new();
    let server = Unruly::start(Habit::Answers(b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n"));
    let (code, result) = load(&place, &server.url(), &["-n", "6", "-c", "2"]);
    assert_eq!((code, &result["status"]["999"]), (1, &6.into()), "{result}");
    assert_eq!(number(&result["errors"], "status"), 6, "{result}");
}

#[test]
fn what_is_no_http_is_told_with_the_rule_that_it_breaks() {
    let place = Place::new();
    for (answer, rule) in [
        (&b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"[..], "bare-lf"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "length-repeated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", "chunk-size-digit"),
        (b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok", "obs-fold"),
        (b"HTTP/1.1 200 OK\r\nX-\xc3\xa9: 1\r\nContent-Length: 2\r\n\r\nok", "field-name"),
    ] {
        let server = Unruly::start(Habit::Answers(answer));
        let (code, result) = load(&place, &server.url(), &["-n", "4", "-c", "2"]);
        assert_eq!((code, number(&result["errors"], "parse")), (1, 4), "{result}");
        assert_eq!(result["misread"], serde_json::json!({ rule: 4 }), "{result}");
        let text = run(&place, &["load", &server.url(), "-n", "4", "-c", "2"]);
        assert!(text.stdout.contains(&format!("  not HTTP    {rule}, RFC ")), "{}", text.stdout);
        assert!(text.stderr.contains(&format!("parse: 4 ({rule}, RFC ")), "{}", text.stderr);
    }
}

#[test]
fn a_head_as_long_as_browsers_read_is_read() {
    let place = Place::new();
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(60_000));
    let server = Unruly::start(Habit::Answers(long.into_bytes().leak()));
    let (code, result) = load(&place, &server.url(), &["-n", "4", "-c", "2"]);
    assert_eq!((code, number(&result, "ok")), (0, 4), "{result}");
}

#[test]
fn as_many_are_sent_as_the_time_has_room_for() {
    let (place, server) = (Place::new(), Unruly::start(Habit::Answers(OK)));
    for (rate, time, sent) in [("1", "3s", 3), ("10", "500ms", 5)] {
        let (code, result) = load(&place, &server.url(), &["-c", "2", "-r", rate, "-d", time]);
        let all = ["requests", "under_way", "never_sent"].map(|name| number(&result, name));
        assert_eq!((code, all.iter().sum()), (0, sent), "{rate}/s for {time}: {result}");
    }
    assert!(server.requests() <= 8, "and no more: {}", server.requests());
}
