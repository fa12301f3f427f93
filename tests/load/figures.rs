//! Tests of the figures: requests, counts and latencies.

use crate::tester::{OK, load, request, run, scripted};
use crate::util::fake::{Client, TestNet};
use crate::util::process::{Place, Server};
use pentad::app::{Endpoint, Transport};
use pentad::client::load::{Ask, LoadTest, Plan, Run, Seat, Tally};
use pentad::limits::Limits;
use pentad::wire::http::Method;
use std::io::{Read, Write};
use std::net::TcpListener;
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
    let closed_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answering = |answer: &'static [u8]| {
        scripted(move |mut stream, _| {
            if request(&mut stream) {
                let _ = stream.write_all(answer);
            }
        })
    };
    let silent = scripted(|mut stream, _| while request(&mut stream) {});
    for (addr, kind) in [
        (closed_port, "connect"),
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

/// A run of one client on a made-up clock, whose server the test plays.
struct Play {
    net: TestNet<LoadTest>,
    server: Client,
    start: Instant,
}

impl Play {
    /// With a warm-up, which is not in the figures.
    fn start(rate: Option<f64>, warmup: Duration, time: Duration) -> Play {
        let start = Instant::now();
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let ask = Ask {
            method: Method::Get,
            bytes: request.as_slice().into(),
            body_at: request.len(),
            number: None,
        };
        let plan = Plan {
            to: Endpoint { transport: Transport::Tcp, addr: "127.0.0.1:1".parse().unwrap() },
            asks: [ask].into(),
            connections: 1,
            depth: 1,
            keep_alive: true,
            timeout: Duration::from_secs(10),
            rate,
            requests: None,
            slow: None,
            start,
            count_from: start + warmup,
            until: start + warmup + time,
            cookies: None,
        };
        let seat = Seat::first(&plan);
        let mut net =
            TestNet::of(Run::new(plan, Limits::default(), None), Limits::default(), 10, 1);
        net.advance_to(start);
        let server = net.connect(seat, usize::MAX).unwrap();
        net.settle();
        Play { net, server, start }
    }

    /// Whether a request has come since the last call.
    fn is_asked(&self) -> bool {
        !self.server.receive(usize::MAX).is_empty()
    }

    fn answer(&mut self) {
        self.server.send(OK);
        self.net.settle();
    }

    fn advance(&mut self, by: Duration) {
        self.net.advance(by);
        self.net.settle();
    }

    /// The figures at the end.
    fn end(mut self) -> Tally {
        let (now, _) = self.net.now();
        let run = &mut self.net.reactor.context.world;
        run.end(now);
        std::mem::replace(&mut run.tally, Tally::new(now))
    }
}

fn ms(tally: &Tally, quantile: f64) -> f64 {
    tally.latency.value_at_quantile(quantile) as f64 / 1e6
}

/// One connection, a request each ten milliseconds, and a server that once stands still.
#[test]
fn a_stall_is_charged_to_all_requests_that_were_due() {
    const MS: Duration = Duration::from_millis(1);
    let play = |rate: Option<f64>| {
        let mut play = Play::start(rate, Duration::ZERO, 1500 * MS);
        let mut asked = false;
        for time in 0..1500 {
            asked |= play.is_asked();
            if asked && !(300..900).contains(&time) {
                asked = false;
                play.answer();
            }
            play.advance(MS);
        }
        play.end()
    };
    let (open, closed) = (play(Some(100.0)), play(None));
    // Of 150 requests 60 were due while the server stood still, and waited for the rest of that.
    assert_eq!(open.requests, 150);
    assert!(ms(&open, 0.5) <= 2.0 && ms(&open, 0.75) > 100.0 && ms(&open, 0.9) > 300.0);
    assert!((599.0..603.0).contains(&ms(&open, 1.0)), "{}", ms(&open, 1.0));
    assert!((599.0..603.0).contains(&ms(&closed, 1.0)), "{}", ms(&closed, 1.0));
    assert!(ms(&closed, 0.99) <= 2.0, "the closed loop waits, and so sees one");
}

#[test]
fn requests_are_sent_when_due_and_counted_after_warm_up() {
    let (warmup, time) = (Duration::from_millis(200), Duration::from_secs(1));
    let mut play = Play::start(Some(300.0), warmup, time);
    let mut sent = 0;
    loop {
        let (now, _) = play.net.now();
        if play.is_asked() {
            let due = Duration::from_secs_f64(f64::from(sent) / 300.0);
            let late = (now - play.start).abs_diff(due);
            assert!(late < Duration::from_micros(1), "request {sent} is {late:?} off");
            sent += 1;
            play.answer();
        }
        match play.net.reactor.wait_until() {
            Some(next) if next < play.start + warmup + time => play.advance(next - now),
            Some(_) | None => break,
        }
    }
    assert_eq!(sent, 360);
    assert_eq!(play.end().requests, 300, "those of the warm-up are in no figure");
}
