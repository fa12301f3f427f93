//! Output and exit codes: formats, thresholds, comparisons, signals.

use crate::tester::{OK, adds_up, command, load, request, run, scripted};
use crate::util::process::{Place, Server};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

#[test]
fn thresholds_decide_about_the_exit() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    let code = |conditions: &[&str]| {
        let conditions = conditions.iter().flat_map(|condition| ["--fail-if", condition]);
        let args = ["-n", "20", "-c", "2"].into_iter().chain(conditions).collect::<Vec<_>>();
        load(&place, &url, &args).0
    };
    assert_eq!(code(&["p99>60s", "errors>0"]), 0);
    assert_eq!(code(&["p99>60s", "requests>=20"]), 99);
    assert_eq!(code(&["errors>0", "max>0ms", "rps<0.001"]), 99, "one of several is enough");
    let held = run(&place, &["load", &url, "-n", "9", "--fail-if=ok<10", "--fail-if", "max>0us"]);
    let lines = held.stderr.lines().collect::<Vec<_>>();
    assert_eq!((lines.len(), lines[0]), (2, "pentad: load: ok<10 (measured 9)"), "{lines:?}");
    let measured = lines[1].strip_prefix("pentad: load: max>0us (measured ");
    let measured = measured.and_then(|rest| rest.strip_suffix(" us)")).unwrap();
    assert!(measured.parse::<f64>().unwrap() > 0.0, "each is named, with its value: {lines:?}");
    let unreachable = ["load", "http://127.0.0.1:1/", "-n", "1", "--fail-if", "errors>0"];
    assert_eq!(run(&place, &unreachable).status.code(), Some(1), "that nothing worked says more");
    let usage = run(&place, &["load", &url, "--fail-if", "p99"]);
    assert_eq!(usage.status.code(), Some(2), "{}", usage.stderr);
    let tls = run(&place, &["load", "https://127.0.0.1/"]);
    assert!(tls.status.code() == Some(2) && tls.stderr.contains("tls"), "{}", tls.stderr);
    assert!(!tls.stderr.contains("feature"), "there is none to build with: {}", tls.stderr);
    assert!(tls.stderr.contains("a plain http:// address"), "what to do: {}", tls.stderr);
}

#[test]
fn errors_alone_are_nothing_that_worked() {
    let (place, server) = (Place::new(), Server::start(&["--only=web"]));
    let url = format!("http://{}/missing", server.web());
    let missing = run(&place, &["load", &url, "-n", "9", "-c", "3"]);
    assert_eq!(missing.status.code(), Some(1), "{}", missing.stdout);
    assert_eq!(missing.stderr, "pentad: load: nothing worked (status: 9 (404))\n");
}

#[test]
fn formats_reports_and_comparisons() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    let first = run(&place, &["load", &url, "-n", "50", "-c", "5", "--label", "first"]);
    assert!(first.status.success(), "{}", first.stderr);
    for part in
        ["closed loop", "requests    50  ", "200: 50", "p99.9", "errors      none", "-first"]
    {
        assert!(first.stdout.contains(part), "{part} in {}", first.stdout);
    }
    let csv = run(&place, &["load", &url, "-n", "50", "-c", "5", "--format", "csv"]);
    let lines = csv.stdout.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 2, "{}", csv.stdout);
    let told = csv.stderr.lines().find_map(|line| line.split_once(" in "));
    assert!(told.is_some_and(|(_, path)| place.path(path).exists()), "where: {}", csv.stderr);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    let compared = run(&place, &["load", &url, "-n", "50", "-c", "5", "--compare", "last"]);
    assert!(compared.stdout.contains("compared with "), "{}", compared.stdout);
    let quiet = run(&place, &["load", &url, "-n", "50", "--format", "quiet"]);
    assert_eq!(quiet.stdout, "");
    let out = place.path("out.json");
    let to_file = ["load", &url, "-n", "50", "-o", out.to_str().unwrap()];
    assert_eq!(run(&place, &to_file).stdout, "");
    adds_up(&serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap());

    let listed = run(&place, &["report", "--list"]).stdout;
    let ids = listed.lines().collect::<Vec<_>>();
    assert!(ids.len() == 5 && ids[0].ends_with("-first"), "{listed}");
    let report = run(&place, &["report", ids[0], ids[1]]);
    assert!(report.stdout.starts_with("|  | first | load |\n"), "{}", report.stdout);
    let page = fs::read_to_string(place.path("pentad-report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("Difference") && !page.contains("<script"));
    assert_eq!(run(&place, &["report", "no-such-id"]).status.code(), Some(1));
}

#[test]
fn a_signal_ends_the_run_with_what_it_has() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut command = command(&place, &["load", &url, "-d", "60s", "--format", "lines"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        // After the first progress line the signal handlers are in place.
        let mut first = [0; 12];
        stdout.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"{\"progress\":");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        adds_up(&serde_json::from_str(rest.lines().last().unwrap()).unwrap());
    }
}

#[test]
fn percentiles_are_those_that_were_asked_for() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    let told = |args: &[&str]| {
        let text = run(&place, &[&["load", "-n", "50", "-c", "5"], args].concat()).stdout;
        let lines = text.lines().filter_map(|line| line.strip_prefix("    p"));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(&[&url]), ["50", "75", "90", "95", "99", "99.9"]);
    assert_eq!(told(&["--percentiles", "50,p99.99%", &url]), ["50", "99.99"]);
    assert_eq!(told(&["--percentiles=12.5", &url]), ["12.5"]);
    assert_eq!(told(&["--percentiles", &url]).len(), 12, "the whole spectrum");
    let wrong = run(&place, &["load", &url, "--percentiles", "50,101"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", wrong.stderr);
}

#[test]
fn text_says_what_kind_of_loop_it_was_and_how_it_went_over_time() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    let open = run(&place, &["load", &url, "-d", "2100ms", "-q", "50", "-c", "2"]).stdout;
    assert!(open.starts_with(&format!("GET {url}\n2 connections, 2.")), "{open}");
    assert!(open.contains(" s, open loop at 50.0/s\n"), "{open}");
    let seconds = open.lines().find_map(|line| line.strip_prefix("  per second  ")).unwrap();
    let bars = seconds.chars().take_while(|c| ('▁'..='█').contains(c));
    assert_eq!(bars.count(), 2, "a bar for each whole second: {open}");
    let closed = run(&place, &["load", &url, "-z", "100ms"]).stdout;
    assert!(closed.contains(", closed loop\n") && !closed.contains("per second"), "{closed}");
}

/// Requests before the end of the warm-up are in no figure; the file equals the printed output.
#[test]
fn a_warm_up_is_left_out() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    let args = ["-c", "1", "-r", "100", "-d", "400ms", "--warmup", "1s"];
    let (_, result) = load(&place, &url, &args);
    let (requests, elapsed) = (result["requests"].as_u64().unwrap(), &result["elapsed_s"]);
    assert!((30..=41).contains(&requests) && elapsed.as_f64() < Some(1.0), "{result}");
    assert_eq!(result["arguments"]["warmup_s"], 1.0);
    let (_, cold) = load(&place, &url, &["-n", "20", "-c", "1"]);
    for bytes in ["bytes_in", "bytes_out"] {
        let each = cold[bytes].as_u64().unwrap() / 20;
        let all = result[bytes].as_u64().unwrap();
        assert!(all.abs_diff(requests * each) <= each, "{bytes}, {each} each: {result}");
    }
}

#[test]
fn one_exchange_is_shown_from_both_sides_and_not_stored() {
    let place = Place::new();
    let answering = |answer: &'static str| {
        let addr = scripted(move |mut stream, _| {
            while request(&mut stream) {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        format!("http://{addr}/pot?size=1")
    };
    let tea = answering(
        "HTTP/1.1 418 Short\r\nContent-Length: 11\r\nX-A: \u{e4}\r\n\r\ntea\x07\r\n\x1b[31m",
    );
    let shown = run(&place, &["load", "--debug", "-H", "X-B: 2", &tea]);
    assert_eq!(shown.status.code(), Some(0), "an answer is an answer: {}", shown.stderr);
    let (sent, heard) = shown.stdout.split_once("\n\n").unwrap();
    assert!(sent.starts_with("> GET /pot?size=1 HTTP/1.1\n> Host: "), "{sent}");
    assert!(sent.ends_with("> X-B: 2\n> "), "{sent}");
    let head = "< HTTP/1.1 418 Short\n< Content-Length: 11\n< X-A: \u{e4}\n< \n";
    let body = "< tea\u{fffd}\n< \u{fffd}[31m\n";
    assert_eq!(heard, [head, body].concat(), "nothing that a terminal would obey");

    let other = run(&place, &["load", "--debug", &answering("SSH-2.0-OpenSSH\r\n")]);
    let why = "version-syntax, RFC 9112 §2.3: The first line has no version";
    let said = &other.stderr;
    assert!(said.starts_with(&format!("pentad: load: no answer (parse: 1 ({why}")), "{said}");
    assert!(other.stdout.ends_with("\n\n< SSH-2.0-OpenSSH\n"), "{}", other.stdout);
    let unreachable = run(&place, &["load", "--debug", "http://127.0.0.1:1/"]);
    assert_eq!(unreachable.status.code(), Some(1));
    assert_eq!(unreachable.stderr, "pentad: load: no answer (connect: 1)\n");
    assert_eq!(run(&place, &["report", "--list"]).stdout, "");
}

#[test]
fn a_body_comes_from_a_file_and_a_comparison_needs_a_report() {
    let place = Place::new();
    let addr = scripted(|mut stream, _| {
        let (mut seen, mut piece) = (Vec::new(), [0; 1024]);
        while !seen.ends_with(b"\r\n\r\nfrom a file") {
            let count = stream.read(&mut piece).unwrap();
            seen.extend_from_slice(&piece[..count]);
        }
        stream.write_all(OK).unwrap();
    });
    let (file, url) = (place.path("body"), format!("http://{addr}/"));
    fs::write(&file, "from a file").unwrap();
    let args = ["-n", "1", "-c", "1", "--body-file", file.to_str().unwrap()];
    let (code, result) = load(&place, &url, &args);
    assert_eq!((code, &result["arguments"]["method"]), (0, &"POST".into()));
    assert_eq!(result["arguments"]["body_bytes"], 11);
    let missing = run(&place, &["load", &url, "--body-file", "no-such-file"]);
    assert_eq!(missing.status.code(), Some(2), "{}", missing.stderr);

    let id = run(&place, &["report", "--list"]).stdout.trim_end().to_owned();
    let by_id = run(&place, &[&["load", &url, "--compare", &id], &args[..]].concat());
    assert!(by_id.stdout.contains(&format!("compared with {id}")), "{}", by_id.stdout);
    let unknown = run(&place, &["load", &url, "-n", "1", "--compare", "no-such-id"]);
    assert_eq!((unknown.status.code(), &*unknown.stdout), (Some(1), ""), "{}", unknown.stderr);
    let none_yet = run(&Place::new(), &["load", &url, "-n", "1", "--compare", "last"]);
    assert_eq!((none_yet.status.code(), &*none_yet.stdout), (Some(1), ""), "{}", none_yet.stderr);
}
