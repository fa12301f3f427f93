//! Clients receive the same bytes under every model.

use crate::server::{PATIENCE, SERVICE_TIME, Server, each};
use crate::util::transcript::{self, Service, Step, Transcript, expect};
use pentad::study::Model;
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const ALIVE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Returns everything that the server sent. A line that does not arrive in time fails the
/// expectation.
fn play(addr: SocketAddr, transcript: &Transcript) -> Result<Vec<u8>, String> {
    let mut stream = TcpStream::connect(addr).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    let mut read = |stream: &mut TcpStream, unread: &mut Vec<u8>| {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).map_err(|error| error.to_string())?;
        all.extend_from_slice(&piece[..count]);
        unread.extend_from_slice(&piece[..count]);
        Ok::<_, String>(count)
    };
    for step in &transcript.steps {
        match step {
            // A server that has sent its last byte need not read the rest.
            Step::Send(bytes) => drop(stream.write_all(bytes)),
            Step::Expect(lines) => loop {
                let mut rest = unread.clone();
                match expect(lines, &mut rest) {
                    Ok(()) => {
                        unread = rest;
                        break;
                    }
                    Err(why) if read(&mut stream, &mut unread)? == 0 => return Err(why),
                    Err(_) => {}
                }
            },
            // The service time is set by the flags of this run; waiting for the bytes is enough.
            Step::Wait(_) => {}
            Step::End => stream.shutdown(Shutdown::Write).map_err(|error| error.to_string())?,
            Step::Closed => while read(&mut stream, &mut unread)? > 0 {},
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    while read(&mut stream, &mut unread)? > 0 {}
    Ok(masked(&all))
}

/// Removes values of the clock: the date, and the duration of an answer.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for (begin, end) in
        [("Date: ", "\r\n"), ("\"execution_time\":", "}"), ("Content-Length: ", "\r")]
    {
        let mut from = 0;
        while let Some(at) = text[from..].find(begin) {
            let start = from + at + begin.len();
            let length = text[start..].find(end).unwrap_or(0);
            // The length of a body depends on the digits of its time.
            if begin != "Content-Length: " || text.contains("execution_time") {
                text.replace_range(start..start + length, "*");
            }
            from = start;
        }
    }
    text.into_bytes()
}

#[test]
fn every_transcript_is_byte_identical_under_every_model() {
    let played = each(|model| {
        let mut all = Vec::new();
        for transcript in transcript::all() {
            // A server for each transcript, so that the sequence of seeds is the same.
            let server = match transcript.service {
                Service::Web => Server::start(model, "web", &["--workers", "2"]),
                Service::Legacy => Server::legacy(model, SERVICE_TIME, &["--workers", "2"]),
                Service::Pow => Server::start(model, "pow", &["--workers", "1"]),
                // The panel is not part of the study, and only the loop serves the chat.
                Service::Panel | Service::Chat => continue,
            };
            let played = play(server.addr, &transcript);
            let text = played.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            all.push((transcript.name.clone(), text));
        }
        all
    });
    let (_, first) = &played[0];
    assert!(first.len() > 20, "most transcripts are of these services");
    for (model, all) in &played {
        for ((name, text), (_, expected)) in all.iter().zip(first) {
            assert!(text.is_ok(), "{name} under {}: {text:?}", model.name());
            assert_eq!(text, expected, "{name} under {}", model.name());
        }
    }
}

#[test]
fn proofs_are_byte_identical_under_every_model() {
    let lines = b"one\ntwo\nthree\n\nfive\nsix";
    let answers = each(|model| {
        // One worker: with several, the first to find a seed decides which one it is.
        let server = Server::start(model, "pow", &["--workers", "1"]);
        let mut stream = server.connect();
        stream.write_all(lines).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let (_, first) = &answers[0];
    assert_eq!(first.lines().count(), 6, "{first}");
    assert!(first.lines().zip(["one", "two", "three"]).all(|(line, word)| line.starts_with(word)));
    for (model, answer) in &answers {
        assert_eq!(answer, first, "{}", model.name());
    }
}

#[test]
fn a_reset_client_ends_its_own_connection_and_no_other() {
    each(|model| {
        let server = Server::start(model, "web", &["--workers", "2"]);
        for part in
            [&b""[..], b"GET /hea", b"POST /pi HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"]
        {
            let mut stream = server.connect();
            stream.write_all(part).unwrap();
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            drop(stream);
            let answer = server.ask(ALIVE);
            assert!(answer.starts_with(b"HTTP/1.1 200 "), "{model:?} after {part:?}");
        }
        let server = Server::legacy(model, SERVICE_TIME, &["--workers", "2"]);
        let stream = server.connect();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
        assert!(!server.ask(b"").is_empty(), "{model:?}");
    });
}

#[test]
fn a_slow_client_gets_what_a_fast_one_gets() {
    let answers = each(|model| {
        let server = Server::start(model, "web", &["--workers", "2"]);
        let mut stream = server.connect();
        for byte in ALIVE {
            stream.write_all(&[*byte]).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        let (mut slow, mut byte) = (Vec::new(), [0]);
        while stream.read(&mut byte).unwrap() > 0 {
            slow.push(byte[0]);
        }
        drop(stream);
        (masked(&slow), masked(&server.ask(ALIVE)))
    });
    let (_, (first, _)) = &answers[0];
    assert!(first.starts_with(b"HTTP/1.1 200 "));
    for (model, (slow, fast)) in &answers {
        assert_eq!((slow, fast), (first, first), "{}", model.name());
    }
}

/// An answer is sent even if a blocking model cannot provide it: no readings, and the next request
/// is served.
#[test]
fn a_request_that_needs_another_connection_is_answered() {
    each(|model| {
        if model == Model::Loop {
            return;
        }
        let server = Server::start(model, "web", &["--workers", "2"]);
        let body = r#"{"username":"1111","password":"1111-pw","protocol":"tcp","concurrency":3}"#;
        let head = "POST /legacy_pi HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length:";
        let answer = server.ask(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes());
        let text = String::from_utf8(answer).unwrap();
        assert!(text.contains("\"num_valid_results\":0"), "{model:?}: {text}");
        assert!(server.ask(ALIVE).starts_with(b"HTTP/1.1 200 "), "{model:?}");
    });
}

/// With two places, five clients are served in three rounds (one by one where there is one place),
/// and none is refused.
#[test]
fn clients_wait_for_a_full_table_and_are_served() {
    each(|model| {
        let places = ["--workers", "2", "--max-connections", "2"];
        let server = Server::legacy(model, SERVICE_TIME, &places);
        let begin = Instant::now();
        let answers = thread::scope(|scope| {
            let clients = [(); 5].map(|()| scope.spawn(|| server.ask(b"x")));
            clients.map(|client| client.join().unwrap())
        });
        assert!(answers.iter().all(|answer| !answer.is_empty()), "{model:?}: {answers:?}");
        let rounds = 5_u32.div_ceil(model.at_once(2).min(2) as u32);
        let elapsed = begin.elapsed();
        assert!(elapsed >= SERVICE_TIME * rounds, "{model:?}: {elapsed:?}, {rounds} rounds");
    });
}
