//! A seeded simulation: random clients against the loop on a simulated kernel, where events are
//! late and in any order, sockets hold three bytes, jobs finish in any order, upstream servers are
//! silent, peers vanish, and the server may be told to shut down at any moment.
//!
//! A client that stays always gets the answers to its requests, in order and complete; it never
//! gets anything else; and in the end nothing is left over. In debug builds the loop also asserts
//! its own invariants after each pump.

#![allow(clippy::unwrap_used)]

mod util;

use fastrand::Rng;
use pentad::limits::Limits;
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use pentad::service::site::{Rules, State};
use pentad::stats::{Close, ConnectionCounts};
use pentad::work::files::{Root, Site};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use util::fake::{Client, TestNet};

/// A client with a script.
struct Visitor {
    client: Client,
    /// The part that it has not sent yet.
    script: Vec<u8>,
    /// The expected answers.
    answers: Vec<Answer>,
    received: Vec<u8>,
    leaves: Leaves,
    gone: bool,
}

/// The properties of an answer that are known in advance.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// Over HTTP: its status, and text that is in it.
    Http { status: u16, holds: &'static str },
    /// A proof of work for this message.
    Proof(Vec<u8>),
    /// The error line instead of a proof.
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// After all of its answers.
    Content,
    /// By closing its half right after the last request.
    HalfClosed,
    /// At any moment.
    Rudely,
}

const USER: &str = r#""username":"1111","password":"1111-pw""#;

fn request(rng: &mut Rng) -> (Vec<u8>, Answer) {
    let post = |path: &str, body: String, chunked: bool| {
        let framed = if chunked {
            let (left, right) = body.split_at(body.len() / 2);
            format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{left}\r\n{:X};x=y\r\n{right}\r\n\
                 0\r\n\r\n",
                left.len(),
                right.len()
            )
        } else {
            format!("Content-Length: {}\r\n\r\n{body}", body.len())
        };
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{framed}")
    };
    let chunked = rng.bool();
    let (text, status, holds) = match rng.u8(..8) {
        0 => ("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_string(), 200, "ok\n"),
        1 => ("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_string(), 200, ""),
        2 => ("\r\nGET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n".to_string(), 404, "Not Found"),
        3 => (post("/pi", "{".repeat(2 + rng.usize(..300)), chunked), 400, "malformed JSON"),
        4 => {
            let body = format!("{{{USER},\"simulations\":{}}}", 100 + rng.u32(..100_000));
            (post("/pi", body, chunked), 200, "\"simulations\":")
        }
        5 => (post("/statistics", format!("{{{USER}}}"), chunked), 200, "\"1111\""),
        6 => (post("/elsewhere", "x".repeat(2 + rng.usize(..5000)), chunked), 404, "Not Found"),
        _ => {
            let protocol = if rng.bool() { "tcp" } else { "udp" };
            let many = rng.u8(1..=8);
            let body = format!("{{{USER},\"protocol\":\"{protocol}\",\"concurrency\":{many}}}");
            (post("/legacy_pi", body, chunked), 200, "\"num_valid_results\":")
        }
    };
    (text.into_bytes(), Answer::Http { status, holds })
}

/// Names and contents of the site's files: one that fits into the cache, one that evicts others,
/// and one that is too large.
fn files() -> &'static [(&'static str, String)] {
    static FILES: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let text = |lines: usize| (0..lines).map(|line| format!("{line:07}\n")).collect();
        vec![("small.txt", text(20)), ("middle.txt", text(700)), ("large.txt", text(2000))]
    })
}

/// Creates a site of these files, with a cache that does not hold them all.
fn site() -> State {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let place = std::env::temp_dir().join(format!("pentad-sim-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        for (name, text) in files() {
            std::fs::write(place.join(name), text).unwrap();
        }
        place
    });
    let root = Root::open(place).unwrap();
    State::new(Site::Directory(root), Rules::default(), 60_000)
}

/// Returns a request for a file, and its exact answer.
fn file_request(rng: &mut Rng) -> (Vec<u8>, Answer) {
    let (name, text) = rng.choice(files()).unwrap();
    let (fields, status, holds) = match rng.u8(..3) {
        0 => (String::new(), 200, text.as_str()),
        1 => {
            let first = rng.usize(..text.len());
            (format!("Range: bytes={first}-\r\n"), 206, &text[first..])
        }
        _ => ("If-Match: \"another\"\r\n".to_string(), 412, "Precondition Failed"),
    };
    let head = rng.u8(..8) == 0 && status == 200;
    let (method, holds) = if head { ("HEAD", "") } else { ("GET", holds) };
    let text = format!("{method} /{name} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    (text.into_bytes(), Answer::Http { status, holds })
}

/// Returns a line for the proof-of-work server. Only some are too long, so never three in a row.
fn line(number: usize, rng: &mut Rng) -> (Vec<u8>, Answer) {
    if number % 3 == 2 && rng.bool() {
        return ([vec![b'x'; 8193 + rng.usize(..9000)], b"\n".to_vec()].concat(), Answer::TooLong);
    }
    let message = (0..rng.usize(..100)).map(|_| *rng.choice(b",a\0\xff\xc3!").unwrap());
    let message = message.collect::<Vec<_>>();
    let ending: &[u8] = if rng.bool() { b"\n" } else { b"\r\n" };
    ([&message, ending].concat(), Answer::Proof(message))
}

impl Visitor {
    fn arrive(street: &mut TestNet, rng: &mut Rng) -> Option<Visitor> {
        let room = if rng.bool() { usize::MAX } else { rng.usize(1..2000) };
        let kind = match rng.u8(..3) {
            0 => Kind::Http(ListenerRole::Web),
            1 => Kind::Http(ListenerRole::Panel),
            _ => Kind::Pow,
        };
        let count = rng.usize(..12);
        let is_site = kind == Kind::Http(ListenerRole::Web);
        let ask = |number| match kind == Kind::Pow {
            true => line(number, rng),
            false if is_site && rng.bool() => file_request(rng),
            false => request(rng),
        };
        let requests = (0..count).map(ask).collect::<Vec<_>>();
        let leaves = match rng.u8(..4) {
            0 => Leaves::Rudely,
            1 => Leaves::HalfClosed,
            _ => Leaves::Content,
        };
        let mut script = requests.iter().flat_map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>();
        let early = if rng.bool() { rng.usize(..=script.len()) } else { 0 };
        let client = street.connect_saying(kind, room, &script[..early])?;
        script.drain(..early);
        if script.is_empty() && early > 0 && leaves == Leaves::HalfClosed {
            client.half_close();
        }
        Some(Visitor {
            client,
            script,
            answers: requests.into_iter().map(|(_, answer)| answer).collect(),
            received: Vec::new(),
            leaves,
            gone: false,
        })
    }

    fn act(&mut self, rng: &mut Rng) {
        if self.gone {
            return;
        }
        let most = if rng.bool() { usize::MAX } else { 1 + rng.usize(..40) };
        match rng.u8(..10) {
            0..5 if !self.script.is_empty() => {
                let count = most.min(self.script.len());
                self.client.send(&self.script[..count]);
                self.script.drain(..count);
                if self.script.is_empty() && self.leaves == Leaves::HalfClosed {
                    self.client.half_close();
                }
            }
            9 if self.leaves == Leaves::Rudely && rng.u8(..8) == 0 => {
                self.client.reset();
                self.gone = true;
            }
            _ => self.received.extend(self.client.receive(most)),
        }
    }

    /// Counts the complete answers, and asserts that the received bytes are the beginning of the
    /// expected ones.
    fn check(&self) -> usize {
        let mut rest = self.received.as_slice();
        for (number, answer) in self.answers.iter().enumerate() {
            let used = match answer {
                Answer::Http { status, holds } => check_http(rest, *status, holds),
                Answer::Proof(message) => check_line(rest, Some(message)),
                Answer::TooLong => check_line(rest, None),
            };
            let Some(used) = used else {
                return number;
            };
            rest = &rest[used..];
        }
        assert!(rest.is_empty(), "more than was asked for: {}", rest.escape_ascii());
        self.answers.len()
    }
}

/// Returns the length of the response at the beginning of `rest`, if it is complete.
fn check_http(rest: &[u8], status: u16, holds: &str) -> Option<usize> {
    let end = rest.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&rest[..end]).unwrap();
    assert_eq!(head[9..12].parse::<u16>().unwrap(), status, "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let length = length.unwrap().parse::<usize>().unwrap();
    let length = if holds.is_empty() { 0 } else { length };
    let body = std::str::from_utf8(rest.get(end + 4..end + 4 + length)?).unwrap();
    assert!(body.contains(holds), "{body}");
    Some(end + 4 + length)
}

/// Returns the length of the reply at the beginning of `rest`, if it is complete: a proof, a
/// refusal of a line that is too long, or the line of a server that shuts down.
fn check_line(rest: &[u8], message: Option<&Vec<u8>>) -> Option<usize> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let reply = &rest[..end];
    let Some(message) = message else {
        assert_eq!(reply, b"!ERR 413 too-long max=8192");
        return Some(end + 1);
    };
    if reply != b"!ERR 503 shutting-down" {
        let proof = reply.strip_prefix(&message[..]).expect("the message comes back");
        let (seed, hash) = (&proof[1..6], &proof[7..]);
        let digest = Sha256::new().chain_update(seed).chain_update(message).finalize();
        let digits = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(digits.as_bytes(), hash);
        assert!(digits.starts_with('0'));
    }
    Some(end + 1)
}

/// Plays the upstream servers that were dialled: an answer, a vanished peer, or silence.
fn play_far_ends(street: &mut TestNet, rng: &mut Rng) {
    let dialled = &mut street.reactor.outside.dialled;
    while !dialled.is_empty() && rng.u8(..4) > 0 {
        let (_, far_end) = dialled.swap_remove(rng.usize(..dialled.len()));
        match rng.u8(..5) {
            0 => far_end.reset(),
            1 => {}
            2 => {
                far_end.send(b"3.x4");
                far_end.half_close();
            }
            _ => {
                far_end.send(b"3.1");
                far_end.send(b"4\n");
                far_end.half_close();
            }
        }
    }
}

fn simulate(seed: u64) {
    let rng = &mut Rng::with_seed(seed);
    let limits = Limits {
        turn_bytes: *rng.choice(&[16, 1000, 65_536]).unwrap(),
        output_high: *rng.choice(&[100, 3000, 262_144]).unwrap(),
        output_low: 50,
        keepalive_timeout: Duration::from_secs(60),
        ..Limits::default()
    };
    let mut street = TestNet::new(limits, 40, seed);
    street.reactor.context.world.pow.bits = 4;
    street.reactor.context.world.site = site();
    let mut visitors = Vec::new();
    let ends = rng.u8(..4) == 0;
    for step in 0..400 {
        match rng.u8(..12) {
            0 if visitors.len() < 8 => visitors.extend(Visitor::arrive(&mut street, rng)),
            // Files are checked again after a second, and slow readers closed after ten.
            1 if rng.u8(..8) == 0 => street.advance(Duration::from_millis(400)),
            1 => street.advance(Duration::from_millis(rng.u64(..10))),
            2 => play_far_ends(&mut street, rng),
            3 if !street.reactor.outside.jobs.is_empty() => {
                street.finish_job(rng.usize(..street.reactor.outside.jobs.len()));
            }
            4 if ends && step > 200 && street.reactor.context.draining.is_none() => {
                street.reactor.drain();
            }
            5 => street.reactor.outside.refuses = rng.u8(..4) == 0,
            _ if !visitors.is_empty() => {
                let pick = rng.usize(..visitors.len());
                visitors[pick].act(rng);
            }
            _ => {}
        }
        let reports = rng.u8(..4);
        street.turn(|| rng.u8(..4) <= reports);
    }
    finish(&mut street, &mut visitors, rng);
}

/// Gives all clients the time to finish, then to time out.
fn finish(street: &mut TestNet, visitors: &mut [Visitor], rng: &mut Rng) {
    for _ in 0..120 {
        for visitor in visitors.iter_mut().filter(|visitor| !visitor.gone) {
            visitor.client.send(&std::mem::take(&mut visitor.script));
            street.settle();
            while !street.reactor.outside.dialled.is_empty() {
                play_far_ends(street, rng);
            }
            street.settle();
            loop {
                let bytes = visitor.client.receive(usize::MAX);
                if bytes.is_empty() {
                    break;
                }
                visitor.received.extend(bytes);
                street.settle();
            }
        }
        street.advance(Duration::from_millis(250));
    }
    let drained = street.reactor.context.draining.is_some();
    for visitor in visitors.iter() {
        let whole = visitor.check();
        let complete = whole == visitor.answers.len();
        let count = visitor.answers.len();
        assert!(complete || visitor.gone || drained, "{whole} of {count} answers");
    }
    for visitor in visitors.iter().filter(|visitor| !visitor.gone) {
        visitor.client.half_close();
    }
    for _ in 0..10 {
        street.settle();
        street.advance(Duration::from_secs(10));
    }
    street.settle();
    assert!(street.reactor.is_empty(), "connections are left: {:?}", street.reactor);
    assert_eq!(street.reactor.wait_until(), None, "nothing is waited for without connections");
    let stats = &street.reactor.context.stats;
    assert_eq!(
        stats.closed.total(),
        stats.accepted + stats.dialled + stats.opened,
        "each ends exactly once"
    );
    assert_eq!(stats.closed.count(Close::Panicked as usize), 0);
    assert_eq!(
        stats.connections,
        ConnectionCounts::default(),
        "closed connections are not counted"
    );
    assert!(street.reactor.context.world.legacy.probes.is_empty(), "probes are forgotten");
    assert!(street.reactor.context.world.site.fetches.is_empty(), "fetches are forgotten");
}

#[test]
fn clients_get_their_answers_and_nothing_is_left_over() {
    for seed in 0..1500 {
        let result = std::panic::catch_unwind(|| simulate(seed));
        assert!(result.is_ok(), "seed {seed}");
    }
}
