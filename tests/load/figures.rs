//! What is sent, what is counted, and how long it took.

use crate::tester::{OK, load, request, run, scripted};
use crate::util::process::{Place, Server};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn our_own_server_is_loaded_and_every_request_is_counted() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    for args in [
        &["-n", "500", "-c", "10"][..],
        &["-n", "500", "-c", "10", "--pipeline", "8"],
        &["-n", "50", "-c", "5", "--no-keepalive"],
    ] {
        let (code, result) = load(&place, &url, args);
        let wanted = args[1].parse::<u64>().unwrap();
        assert_eq!((code, &result["ok"]), (0, &wanted.into()), "{args:?} {result}");
        assert_eq!(result["mode"], "closed");
    }
    let (code, result) = load(&place, &url, &["-d", "1s", "--warmup", "200ms", "-r", "200"]);
    assert_eq!((code, &result["mode"]), (0, &"open".into()));
    let (requests, elapsed) = (result["requests"].as_u64().unwrap(), &result["elapsed_s"]);
    assert!((180..=202).contains(&requests), "{result}");
    assert!((0.9..1.3).contains(&elapsed.as_f64().unwrap()), "{result}");
    assert_eq!(result["series"].as_array().unwrap().len(), 1, "{result}");
}

#[test]
fn methods_bodies_and_fields_are_sent_as_they_were_given() {
    let place = Place::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let addr = scripted(move |mut stream, _| {
        let (mut seen, mut piece) = (Vec::new(), [0; 1024]);
        while !seen.ends_with(b"hello") {
            let count = stream.read(&mut piece).unwrap();
            seen.extend_from_slice(&piece[..count]);
        }
        stream.write_all(OK).unwrap();
        sender.lock().unwrap().send(String::from_utf8(seen).unwrap()).unwrap();
    });
    let url = format!("http://{addr}/a?b=c");
    let args = ["-n", "1", "-c", "1", "-m", "PATCH", "-b", "hello", "-H", "X-A: 1"];
    assert_eq!(load(&place, &url, &args).0, 0);
    let sent = receiver.recv().unwrap();
    assert!(sent.starts_with("PATCH /a?b=c HTTP/1.1\r\nHost: "), "{sent}");
    assert!(sent.contains(&format!("Host: {addr}\r\n")) && sent.contains("X-A: 1\r\n"), "{sent}");
    assert!(sent.contains("User-Agent: pentad-load/"), "{sent}");
    assert!(sent.contains("Content-Length: 5\r\n"), "{sent}");
    let debug = run(&place, &["load", "--debug", "-b", "hello", &url]);
    assert!(debug.stdout.contains("> POST /a?b=c HTTP/1.1\n"), "{}", debug.stdout);
    assert!(debug.stdout.contains("< HTTP/1.1 200 OK\n"), "{}", debug.stdout);
}

#[test]
fn each_kind_of_error_is_counted_as_what_it_is() {
    let place = Place::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answering = |answer: &'static [u8]| {
        scripted(move |mut stream, _| {
            if request(&mut stream) {
                let _ = stream.write_all(answer);
            }
        })
    };
    let silent = scripted(|mut stream, _| while request(&mut stream) {});
    for (addr, kind) in [
        (nobody, "connect"),
        (silent, "timeout"),
        (answering(b""), "reset"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "reset"),
        (answering(b"SSH-2.0-OpenSSH\r\n"), "parse"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "parse"),
    ] {
        let args = ["-n", "6", "-c", "3", "-t", "200ms"];
        let (code, result) = load(&place, &format!("http://{addr}/"), &args);
        assert_eq!(code, 1, "nothing worked: {result}");
        assert_eq!(
            (&result["errors"][kind], &result["requests"]),
            (&6.into(), &6.into()),
            "{kind}"
        );
    }
    let broken = answering(b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let (code, result) = load(&place, &format!("http://{broken}/"), &["-n", "6", "-c", "3"]);
    assert_eq!((code, &result["errors"]["status"]), (1, &6.into()), "not one was of use");
    assert_eq!(result["status"]["500"], 6);
}

#[test]
fn an_unreliable_server_is_loaded_to_the_end() {
    let place = Place::new();
    let addr = scripted(|mut stream, number| {
        let answers: [&[u8]; 5] =
            [b"", b"nonsense\r\n", b"HTTP/1.1 2", OK, b"HTTP/1.1 503\r\n\r\n"];
        while request(&mut stream) {
            let answer = answers[number % 5];
            if stream.write_all(answer).is_err() || answer != OK || number % 2 == 0 {
                return;
            }
        }
    });
    let args = ["-n", "400", "-c", "8", "-t", "5s"];
    let (code, result) = load(&place, &format!("http://{addr}/"), &args);
    assert_eq!((code, &result["requests"]), (0, &400.into()), "{result}");
    for kind in ["reset", "parse", "status"] {
        assert!(result["errors"][kind].as_u64().unwrap() > 0, "{kind}: {result}");
    }
}

/// One connection, a request each ten milliseconds, and a server that once stands still.
#[test]
fn a_stall_is_charged_to_all_who_were_due_meanwhile() {
    let place = Place::new();
    let stall = Duration::from_millis(600);
    let addr = scripted(move |mut stream, _| {
        let began = Instant::now();
        let mut stalled = false;
        while request(&mut stream) {
            if !stalled && began.elapsed() > Duration::from_millis(300) {
                stalled = true;
                thread::sleep(stall);
            }
            stream.write_all(OK).unwrap();
        }
    });
    let url = format!("http://{addr}/");
    let (_, open) = load(&place, &url, &["-c", "1", "-d", "1500ms", "-r", "100"]);
    let (_, closed) = load(&place, &url, &["-c", "1", "-d", "1500ms"]);
    let ms = |result: &Value, name: &str| result["latency_ms"][name].as_f64().unwrap();
    // Of 150 requests some 60 were due while nobody answered, and waited for the rest of that.
    assert!(ms(&open, "p75") > 100.0 && ms(&open, "p90") > 300.0, "{open}");
    assert!(ms(&open, "max") > 500.0 && ms(&closed, "max") > 500.0, "{open} {closed}");
    assert!(ms(&closed, "p90") < 100.0, "the closed loop waits, and so sees one: {closed}");
}

/// Sleep that is counted in milliseconds would make half of the requests half of one late. The
/// best of some tries: a machine that is busy elsewhere makes them late, too.
#[test]
fn requests_are_sent_when_they_are_due() {
    let (place, server) = (Place::new(), Server::start(&[]));
    let url = format!("http://{}/healthz", server.web());
    let median = |args: &[&str]| {
        let (code, result) = load(&place, &url, &[&["-c", "1"], args].concat());
        assert_eq!(code, 0, "{result}");
        result["latency_ms"]["p50"].as_f64().unwrap()
    };
    let late = || median(&["-d", "300ms", "-r", "300"]) - median(&["-n", "100"]);
    assert!((0..10).any(|_| late() < 0.25), "a quarter of a millisecond and more");
}
