//! Slow clients: they get the time that the limits allow, without delaying others.

use super::util::http::{Client, NoReply, assert_next_is_served};
use super::util::process::{PATIENCE, PROMPTLY, Server, affordable};
use super::util::site::Site;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A client that sends an endless head, byte by byte.
struct Dripper {
    stream: TcpStream,
    sent: usize,
    heard: Vec<u8>,
    ended: Option<Result<(), ErrorKind>>,
}

const BEGINNING: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ";

impl Dripper {
    fn new(addr: SocketAddr) -> Dripper {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut dripper = Dripper { stream, sent: 0, heard: Vec::new(), ended: None };
        dripper.drip();
        dripper
    }

    /// Receives, and sends one more byte unless there was input.
    fn drip(&mut self) {
        let mut piece = [0; 4096];
        while self.ended.is_none() {
            match self.stream.read(&mut piece) {
                Ok(0) => self.ended = Some(Ok(())),
                Ok(count) => self.heard.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => self.ended = Some(Err(error.kind())),
            }
        }
        if self.heard.is_empty() && self.ended.is_none() {
            let byte = BEGINNING.get(self.sent).copied().unwrap_or(b'x');
            self.sent += self.stream.write(&[byte]).unwrap_or(0);
        }
    }
}

fn drippers(addr: SocketAddr) -> Vec<Dripper> {
    (0..affordable(1000, 1)).map(|_| Dripper::new(addr)).collect()
}

#[test]
fn a_thousand_that_drip_disturb_nobody() {
    let server = Server::start(&["--head-timeout=5m"]);
    let mut drippers = drippers(server.web());
    for _ in 0..20 {
        drippers.iter_mut().for_each(Dripper::drip);
        let asked = Instant::now();
        assert_next_is_served(server.web());
        assert!(asked.elapsed() < PROMPTLY, "after {:?}", asked.elapsed());
    }
    for dripper in &drippers {
        assert!(dripper.heard.is_empty() && dripper.ended.is_none(), "it has time left");
    }
    for dripper in &mut drippers {
        dripper.stream.set_nonblocking(false).unwrap();
        dripper
            .stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[dripper.sent..].as_ref())
            .unwrap();
    }
    for dripper in &mut drippers {
        let mut head = [0; 15];
        dripper.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        dripper.stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
    }
}

#[test]
fn a_head_that_never_ends_is_answered_with_408_in_time() {
    let server = Server::start(&["--head-timeout=2s"]);
    let mut drippers = drippers(server.web());
    let until = Instant::now() + PATIENCE;
    while drippers.iter().any(|dripper| dripper.ended.is_none()) {
        assert!(Instant::now() < until, "a slow client is still served");
        drippers.iter_mut().for_each(Dripper::drip);
        thread::sleep(Duration::from_millis(20));
    }
    for dripper in &drippers {
        let text = String::from_utf8_lossy(&dripper.heard);
        assert!(text.starts_with("HTTP/1.1 408 "), "{text:?} after {} bytes", dripper.sent);
        assert!(text.ends_with("</html>\n"), "whole: {text:?}");
        assert_eq!(dripper.ended, Some(Ok(())));
    }
    assert_next_is_served(server.web());
}

#[test]
fn who_says_nothing_is_told_nothing() {
    let server = Server::start(&["--head-timeout=300ms"]);
    let began = Instant::now();
    let mut silent = (0..20).map(|_| Client::connect(server.web())).collect::<Vec<_>>();
    for client in &mut silent {
        assert_eq!(client.rest(), (Vec::new(), NoReply::Ended));
    }
    assert!(began.elapsed() >= Duration::from_millis(150), "after {:?}", began.elapsed());
    assert_next_is_served(server.web());
}

#[test]
fn a_deferred_silent_client_is_accepted_and_timed_from_then() {
    let server = Server::start(&["--head-timeout=300ms", "--defer-accept"]);
    let mut silent = Client::connect(server.web());
    assert_next_is_served(server.web());
    assert_eq!(silent.rest(), (Vec::new(), NoReply::Ended));
}

#[test]
fn a_body_that_stops_is_answered_with_408() {
    let server = Server::start(&["--body-timeout=300ms"]);
    let began = Instant::now();
    for body in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{"] {
        let mut client = Client::connect(server.web());
        client.send(format!("POST /pi HTTP/1.1\r\nHost: a\r\n{body}"));
        let reply = client.reply().unwrap();
        assert!(reply.status == 408 && reply.is_last(), "{reply:?}");
        assert_eq!(reply.json()["error"], "The request body took too long.");
        assert!(client.is_ended());
        assert_next_is_served(server.web());
    }
    assert!(began.elapsed() >= Duration::from_millis(300), "after {:?}", began.elapsed());
}

#[test]
fn a_body_that_only_drips_falls_short_of_the_rate() {
    let args = ["--body-timeout=5m", "--min-rate=500B", "--min-rate-after=1s"];
    let server = Server::start(&args);
    let mut client = Client::connect(server.web());
    client.send("POST /api/pow/solve HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    let began = Instant::now();
    while client.is_silent() {
        assert!(began.elapsed() < PATIENCE, "it is still let drip");
        client.offer(" ");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(began.elapsed() >= Duration::from_millis(500), "after {:?}", began.elapsed());
    let reply = client.reply().unwrap();
    assert!(reply.status == 408 && client.is_ended(), "{reply:?}");
    assert_next_is_served(server.web());
}

#[test]
fn a_connection_idle_for_too_long_is_closed_silently() {
    let server = Server::start(&["--keepalive-timeout=300ms", "--head-timeout=5m"]);
    let mut client = Client::connect(server.web());
    let mut asked = Instant::now();
    for _ in 0..3 {
        asked = Instant::now();
        assert_eq!(client.get("/").status, 200);
    }
    assert!(client.is_ended());
    assert!(asked.elapsed() >= Duration::from_millis(150), "after {:?}", asked.elapsed());
    assert_next_is_served(server.web());
}

#[test]
fn a_client_that_does_not_take_its_answers_is_given_up() {
    let server =
        Server::start(&["--send-timeout=300ms", "--output-high=16KiB", "--output-low=4KiB"]);
    let mut client = Client::connect(server.web());
    // Far more than the buffers of both ends hold.
    let request = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    client.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "it is still borne with");
        match client.stream.write(request.as_bytes()) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                let gone = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                assert!(gone.contains(&error.kind()), "{error}");
                break;
            }
        }
        assert_next_is_served(server.web());
    }
}

/// Files in sealed copies are sent in one step if they fit, else in steps of any length.
#[test]
fn long_cached_files_reach_slow_readers_completely() {
    const LONG: [(&str, usize); 3] = [("a", 70_001), ("b", 200_000), ("c", 1_000_000)];
    let bytes = |(name, length): (&str, usize)| {
        let first = usize::from(name.as_bytes()[0]);
        (0..length).map(|at| ((at + at / 251) * first % 256) as u8).collect::<Vec<_>>()
    };
    let contents = LONG.map(bytes);
    let files = [0, 1, 2].map(|file| (LONG[file].0, contents[file].as_slice()));
    let site = Site::new(&files, &[]);
    for (name, _) in LONG {
        assert!(site.get(&format!("/{name}")).is_whole());
    }
    let addr = site.server.web();
    thread::scope(|scope| {
        for reader in 0..24_u64 {
            let contents = &contents;
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(reader);
                let mut stream = TcpStream::connect(addr).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                for _ in 0..20 {
                    let file = rng.usize(..LONG.len());
                    let whole = &contents[file];
                    let from = if rng.bool() { 0 } else { rng.usize(..whole.len()) };
                    let upto =
                        if rng.bool() { whole.len() } else { rng.usize(from..whole.len()) + 1 };
                    let (name, last) = (LONG[file].0, upto - 1);
                    let asked = format!(
                        "GET /{name} HTTP/1.1\r\nHost: a\r\nRange: bytes={from}-{last}\r\n\r\n"
                    );
                    stream.write_all(asked.as_bytes()).unwrap();
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        stream.read_exact(&mut byte).unwrap();
                        head.push(byte[0]);
                    }
                    assert!(head.starts_with(b"HTTP/1.1 206 "));
                    let mut body = vec![0; upto - from];
                    for piece in body.chunks_mut(1 + rng.usize(..300_000)) {
                        if rng.u8(..4) == 0 {
                            thread::sleep(Duration::from_millis(rng.u64(..20)));
                        }
                        stream.read_exact(piece).unwrap();
                    }
                    assert!(body == whole[from..upto], "{name} from {from} up to {upto}");
                }
            });
        }
    });
}
