//! The access log: a line for each answer, none of it forged, none of it lost.

use super::util::http::{Client, assert_next_is_served, by, get, post};
use super::util::process::{FREE, PATIENCE, Place, Server, eventually};
use super::util::site::Site;
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Instant;

/// The lines of a file, once there are `many`.
fn lines(path: &Path, many: usize) -> Vec<String> {
    let text = eventually("all lines in the log", || {
        let text = fs::read_to_string(path).ok()?;
        (text.matches('\n').count() >= many && text.ends_with('\n')).then_some(text)
    });
    let lines = text.lines().map(str::to_string).collect::<Vec<_>>();
    assert_eq!(lines.len(), many, "{text}");
    lines
}

/// A request by an agent that would like to write a line of its own.
fn by_a_forger(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\nReferer: \"\\\r\nUser-Agent: x\t\"y\" \u{e9}\r\n\r\n"
    )
}

#[test]
fn each_answer_is_one_line_in_the_combined_format() {
    let place = Place::new();
    let path = place.path("access.log");
    let server = Server::start_in(&place, &["--log-file=access.log"]);
    let mut client = Client::connect(server.web());
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.ask(&by_a_forger("/a?b\\c")).unwrap().status, 404);
    assert_eq!(client.post("/pi", &by("1111", "\"simulations\":100")).status, 200);
    let again = client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(again.status, 200);
    for forged in ["/\x1b[31m", "/\"", "/\u{e9}"] {
        let mut client = Client::connect(server.web());
        assert_eq!(client.ask(&by_a_forger(forged)).unwrap().status, 400);
        assert!(client.is_ended());
    }
    let lines = lines(&path, 7);
    let page = Client::connect(server.web()).get("/").body.len();
    // Their first bytes, all of them.
    let refused = |target: &str| {
        let (referer, agent) = ("\\x22\\x5C", "x\\x09\\x22y\\x22 \\xC3\\xA9");
        format!(
            "GET {target} HTTP/1.1\\x0D\\x0AHost: a\\x0D\\x0AReferer: {referer}\\x0D\\x0A\
             User-Agent: {agent}\\x0D\\x0A\\x0D\\x0A"
        )
    };
    for (line, (request, status, agent)) in lines.iter().zip([
        ("GET / HTTP/1.1", format!("200 {page}"), "\"-\" \"-\""),
        (
            "GET /a?b\\x5Cc HTTP/1.1",
            "404 ".to_string(),
            "\"\\x22\\x5C\" \"x\\x09\\x22y\\x22 \\xC3\\xA9\"",
        ),
        ("POST /pi HTTP/1.1", "200 ".to_string(), "\"-\" \"-\""),
        ("HEAD / HTTP/1.1", "200 0".to_string(), "\"-\" \"-\""),
        (&refused("/\\x1B[31m"), "400 ".to_string(), "\"-\" \"-\""),
        (&refused("/\\x22"), "400 ".to_string(), "\"-\" \"-\""),
        (&refused("/\\xC3\\xA9"), "400 ".to_string(), "\"-\" \"-\""),
    ]) {
        let visits = !status.starts_with("400") && !request.starts_with("POST");
        let (before, _) = line.split_once(" [").unwrap();
        let session = before.strip_prefix("127.0.0.1 - ").unwrap();
        assert!(if visits { session.len() == 12 } else { session == "-" }, "{line}");
        assert!(line.contains(&format!("] \"{request}\" {status}")), "{line}");
        assert!(line.contains(&format!(" {agent} ")), "{line}");
        assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
    }
    assert!(lines[4..].iter().all(|line| line.ends_with(" target-byte bad-input")), "{lines:?}");
    for (line, cache) in lines.iter().zip(["MISS", "-", "-", again.field("x-cache").unwrap()]) {
        assert!(line.ends_with(&format!(" {cache} -")), "{line}");
    }
}

#[test]
fn each_answer_is_one_object_in_the_json_format() {
    let place = Place::new();
    let path = place.path("access.log");
    let args = ["--log-file=access.log", "--log-format=json"];
    let server = Server::start_in(&place, &args);
    let mut client = Client::connect(server.web());
    assert_eq!(client.ask(&by_a_forger("/a?},{\\")).unwrap().status, 404);
    let last = "GET / HTTP/1.0\r\n\r\n";
    assert_eq!(client.ask(last).unwrap().status, 200);
    let objects = lines(&path, 2)
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(objects[0]["client"], "127.0.0.1");
    assert_eq!(objects[0]["request"], "GET /a?},{\\x5C HTTP/1.1");
    assert_eq!(objects[0]["agent"], "x\\x09\\x22y\\x22 \\xC3\\xA9");
    assert_eq!(objects[0]["status"], 404);
    assert_eq!(objects[0]["close"], serde_json::Value::Null);
    assert_eq!(objects[1]["request"], "GET / HTTP/1.0");
    assert_eq!(objects[1]["close"], "requested");
    assert!(objects[1]["duration_s"].as_f64().unwrap() >= 0.0);
}

#[test]
fn a_line_tells_how_long_it_took_and_why_the_connection_ended() {
    let place = Place::new();
    let path = place.path("access.log");
    let args =
        ["--log-file=access.log", "--log-format=json", "--legacy-delay=200ms", "--body-bytes=128"];
    let server = Server::start_in(&place, &args);
    let asks = by("1111", "\"protocol\":\"tcp\"");
    let mut client = Client::connect(server.web());
    assert_eq!(client.post("/legacy_pi", &asks).status, 200);
    let refused = [
        (get("/").replace("Host: localhost", "X: y"), 400, "bad-input"),
        (post("/pi", &"x".repeat(129)), 413, "too-large"),
        (get("/").replace("Host", "Connection: close\r\nHost"), 200, "requested"),
    ];
    for (request, status, _) in &refused {
        assert_eq!(Client::connect(server.web()).ask(request).unwrap().status, *status);
    }
    let objects = lines(&path, 4);
    let objects = objects.iter().map(|line| serde_json::from_str::<serde_json::Value>(line));
    let objects = objects.map(Result::unwrap).collect::<Vec<_>>();
    assert!(objects[0]["duration_s"].as_f64().unwrap() > 0.1, "{objects:?}");
    assert_eq!(objects[0]["close"], serde_json::Value::Null);
    for (object, (_, status, close)) in objects[1..].iter().zip(&refused) {
        assert_eq!((&object["status"], &object["close"]), (&(*status).into(), &(*close).into()));
    }
}

#[test]
fn a_large_file_is_logged_after_it_was_sent_or_failed() {
    const LARGE: usize = 40 << 20;
    let args = ["--log-file=access.log", "--log-format=json", "--cache-bytes=0"];
    let site = Site::new(&[("large", &[b'x'; LARGE])], &args);
    let begin = || {
        let client = Client::connect(site.server.web());
        client.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        (&client.stream).write_all(get("/large").as_bytes()).unwrap();
        (&client.stream).read_exact(&mut [0; 1 << 20]).unwrap();
        client
    };
    let path = site.place.path("access.log");
    let last = |many: usize| {
        let lines = lines(&path, many);
        serde_json::from_str::<serde_json::Value>(&lines[many - 1]).unwrap()
    };
    let client = begin();
    let began = Instant::now();
    assert_eq!(Client::connect(site.server.web()).get("/missing").status, 404);
    let other = last(1);
    assert_eq!(other["status"], 404, "the large file is still being sent: {other}");
    let sending = began.elapsed().as_secs_f64();
    let read = io::copy(&mut (&client.stream).take(LARGE as u64 - (1 << 20)), &mut io::sink());
    assert_eq!(read.unwrap(), LARGE as u64 - (1 << 20));
    let line = last(2);
    assert_eq!((&line["bytes"], &line["close"]), (&LARGE.into(), &serde_json::Value::Null));
    assert!(line["duration_s"].as_f64().unwrap() >= sending, "{line}");

    begin().reset();
    let line = last(3);
    assert_eq!((&line["status"], &line["close"]), (&200.into(), &"lost".into()));
    assert!(line["bytes"].as_u64().unwrap() < LARGE as u64, "{line}");

    let client = begin();
    File::options().write(true).open(site.path("large")).unwrap().set_len(9).unwrap();
    let _ = io::copy(&mut &client.stream, &mut io::sink());
    let line = last(4);
    assert_eq!((&line["status"], &line["close"]), (&200.into(), &"file-changed".into()));
    assert!(line["bytes"].as_u64().unwrap() < LARGE as u64, "{line}");
}

#[test]
fn a_log_that_was_moved_away_is_begun_anew_and_no_line_is_lost() {
    let place = Place::new();
    let (path, moved) = (place.path("access.log"), place.path("access.log.1"));
    let mut server = Server::start_in(&place, &["--log-file=access.log"]);
    let mut client = Client::connect(server.web());
    let mut asked = 0;
    let mut ask = |times: usize| {
        for _ in 0..times {
            asked += 1;
            assert_eq!(client.get(&format!("/{asked}")).status, 404);
        }
        asked
    };
    let before = ask(20);
    lines(&path, before);
    fs::rename(&path, &moved).unwrap();
    let unaware = ask(5);
    lines(&moved, unaware);
    assert!(!path.exists(), "nothing is opened unasked");
    server.signal(Signal::USR1);
    eventually("the new file", || {
        ask(1);
        path.exists().then_some(())
    });
    let all = ask(20);
    drop(client);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let text = fs::read_to_string(moved).unwrap() + &fs::read_to_string(path).unwrap();
    let requests = text.lines().map(|line| line.split('"').nth(1).unwrap());
    let expected = (1..=all).map(|number| format!("GET /{number} HTTP/1.1"));
    assert!(requests.eq(expected), "not each of {all} once and in order:\n{text}");
}

#[test]
fn signals_reopen_the_log_at_once_and_not_with_the_next_line() {
    for signal in [Signal::USR1, Signal::HUP] {
        let place = Place::new();
        let (path, moved) = (place.path("access.log"), place.path("access.log.1"));
        let server = Server::start_in(&place, &["--log-file=access.log"]);
        fs::rename(&path, &moved).unwrap();
        server.signal(signal);
        eventually("the new file", || path.exists().then_some(()));
        assert_eq!(Client::connect(server.web()).get("/1").status, 404);
        assert_eq!(lines(&path, 1).len(), 1);
        assert_eq!(fs::read_to_string(&moved).unwrap(), "");
    }
}

#[test]
fn a_fifo_that_nobody_reads_is_refused_at_the_start() {
    let place = Place::new();
    mknodat(CWD, place.path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let run = place.run(place.command(FREE.iter().chain(&["--log-file=pipe"])));
    let told = "pentad: access log pipe: this FIFO has no reader\n";
    assert_eq!((run.status.code(), run.stderr.as_str()), (Some(1), told));
}

#[test]
fn a_log_that_cannot_be_begun_anew_is_written_on() {
    let place = Place::new();
    fs::create_dir(place.path("logs")).unwrap();
    let path = place.path("logs").join("access.log");
    let server = Server::start_in(&place, &["--log-file=logs/access.log"]);
    let mut client = Client::connect(server.web());
    assert_eq!(client.get("/1").status, 404);
    lines(&path, 1);
    let moved = place.path("old");
    fs::rename(place.path("logs"), &moved).unwrap();
    server.signal(Signal::USR1);
    let mut asked = 1;
    eventually("a complaint", || {
        asked += 1;
        assert_eq!(client.get(&format!("/{asked}")).status, 404);
        server.stderr().contains("still writing to the file as it was").then_some(())
    });
    lines(&moved.join("access.log"), asked);
}

#[test]
fn on_standard_output_lines_follow_ready() {
    let mut server = Server::start(&["--log-file=-"]);
    let mut client = Client::connect(server.panel());
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.get("/nothing").status, 404);
    for request in ["GET / HTTP/1.1", "GET /nothing HTTP/1.1"] {
        let line = server.line().unwrap();
        assert!(line.contains(&format!("\"{request}\"")), "{line}");
    }
    drop(client);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(server.line(), None);
}

#[test]
fn nobody_asked_and_nothing_is_logged() {
    let mut server = Server::start(&[]);
    assert_next_is_served(server.web());
    assert_eq!(Client::connect(server.web()).ask(&by_a_forger("/")).unwrap().status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(server.line(), None, "standard output is no terminal");
    assert_eq!(server.stderr(), "");
}

#[test]
fn what_was_answered_last_is_logged_before_the_end() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &["--log-file=access.log"]);
    let mut client = Client::connect(server.web());
    let requests = get("/1").repeat(500) + &post("/pi", &by("1111", "\"simulations\":1000000"));
    client.send(requests);
    server.signal(Signal::TERM);
    let mut answers = 0;
    while client.reply().is_ok() {
        answers += 1;
    }
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
    let text = fs::read_to_string(place.path("access.log")).unwrap();
    assert_eq!(text.lines().count(), answers);
}

#[test]
fn who_only_asks_whether_the_server_lives_is_worth_no_line() {
    for (level, probes) in [("info", 0), ("debug", 2)] {
        let place = Place::new();
        let level = format!("--log-level={level}");
        let server = Server::start_in(&place, &["--log-file=access.log", &level]);
        let mut client = Client::connect(server.web());
        for path in ["/healthz", "/readyz", "/"] {
            assert_eq!(client.get(path).status, 200);
        }
        let lines = lines(&place.path("access.log"), 1 + probes);
        assert!(lines[probes].contains("\"GET / HTTP/1.1\""), "{lines:?}");
    }
}

/// Everything that comes out of a pipe up to its end.
fn drain(mut pipe: File) -> String {
    let (mut text, mut piece) = (Vec::new(), [0; 65_536]);
    eventually("the end of the log", || match pipe.read(&mut piece) {
        Ok(0) => Some(()),
        Ok(count) => {
            text.extend_from_slice(&piece[..count]);
            None
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            None
        }
    });
    String::from_utf8(text).unwrap()
}

#[test]
fn an_unread_log_delays_no_client_and_counts_missing_lines() {
    const ASKED: usize = 40_000;
    let place = Place::new();
    let path = place.path("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let flags = OFlags::NONBLOCK.bits() as i32;
    let pipe = File::options().read(true).custom_flags(flags).open(&path).unwrap();
    let args = ["--log-file=pipe", "--log-format=json"];
    let mut server = Server::start_in(&place, &args);
    let mut client = Client::connect(server.web());
    for _ in 0..ASKED / 400 {
        client.send(get("/api/nothing").repeat(400));
        for _ in 0..400 {
            assert_eq!(client.reply().unwrap().status, 404, "no request waits for the log");
        }
    }
    drop(client);
    let text = thread::scope(|scope| {
        let text = scope.spawn(|| drain(pipe));
        server.signal(Signal::TERM);
        assert_eq!(server.wait().code(), Some(0));
        text.join().unwrap()
    });
    let (mut there, mut missing) = (0, 0);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        match line["lines_dropped"].as_u64() {
            Some(lines) => missing += lines as usize,
            None => there += usize::from(line["status"] == 404),
        }
    }
    assert_eq!(there + missing, ASKED);
    assert!(missing > 0 && there > 16_384, "{there} there, {missing} missing");
}
