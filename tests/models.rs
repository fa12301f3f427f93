//! The models, from the outside: the real binary under each of them, over real sockets.
//!
//! What clients see must not depend on who waits for them; how long it takes may. No test sleeps
//! for luck: each waits for what it wants to see, with a deadline.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::study::Model;
use pentad::study::gauge::processes;
use rustix::process::{Pid, Signal, kill_process};
use socket2::SockRef;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use util::transcript::{self, Service, Step, Transcript, expect};

const PATIENCE: Duration = Duration::from_secs(10);
const SERVICE_TIME: Duration = Duration::from_millis(50);

struct Server {
    child: Child,
    addr: SocketAddr,
    data: PathBuf,
}

/// A directory that nobody else uses.
fn place() -> PathBuf {
    static PLACES: AtomicUsize = AtomicUsize::new(0);
    let number = PLACES.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("pentad-models-{}-{number}", std::process::id()))
}

fn pentad(args: &[&str]) -> Command {
    // As a script starts a command in the background: with SIGINT ignored.
    let mut command = Command::new("/bin/sh");
    let program = env!("CARGO_BIN_EXE_pentad");
    command.args(["-c", "trap '' INT; exec \"$0\" \"$@\"", program]).env_clear().args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    command
}

impl Server {
    fn start(model: Model, service: &str, more: &[&str]) -> Server {
        let data = place();
        let mut command = pentad(&["study", "serve", "--model", model.name()]);
        command.args(["--service", service, "--listen", "127.0.0.1:0", "--seed", "7"]);
        let mut child = command.arg("--data").arg(&data).args(more).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let listening = lines.next().expect("it says where it listens");
        let addr = listening.strip_prefix(&format!("listening {service} tcp ")).unwrap();
        let addr = addr.parse().unwrap();
        assert_eq!(lines.next().as_deref(), Some("ready"));
        Server { child, addr, data }
    }

    fn legacy(model: Model, service_time: Duration, more: &[&str]) -> Server {
        let time = format!("{}ms", service_time.as_millis());
        Server::start(model, "legacy", &[&["--service-time", &time], more].concat())
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The answer to `say`, up to the end of the connection.
    fn ask(&self, say: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(say).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    fn processes(&self) -> Vec<u32> {
        processes(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Runs `body` for every model, all at once.
fn each<T: Send>(body: impl Fn(Model) -> T + Sync) -> Vec<(Model, T)> {
    thread::scope(|scope| {
        let body = &body;
        let threads = Model::ALL.map(|model| (model, scope.spawn(move || body(model))));
        threads.map(|(model, thread)| (model, thread.join().unwrap())).into_iter().collect()
    })
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Gone, or a zombie whose new parent has not looked yet.
fn is_gone(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(_) => true,
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")),
    }
}

fn signal(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid as i32).unwrap(), signal);
}

const ALIVE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Everything that the server said. A line that is long in coming fails the expectation.
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
            // A server that has said its last word need not hear the rest.
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
            // The service time is what this run's flags say; to wait for bytes is enough.
            Step::Wait(_) => {}
            Step::End => stream.shutdown(Shutdown::Write).map_err(|error| error.to_string())?,
            Step::Closed => while read(&mut stream, &mut unread)? > 0 {},
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    while read(&mut stream, &mut unread)? > 0 {}
    Ok(masked(&all))
}

/// Without what the clock says: the date, and how long an answer took.
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
            // A server for each: the same seed then stands at the same place.
            let server = match transcript.service {
                Service::Web => Server::start(model, "web", &["--workers", "2"]),
                Service::Legacy => Server::legacy(model, SERVICE_TIME, &["--workers", "2"]),
                Service::Pow => Server::start(model, "pow", &["--workers", "1"]),
                // The panel is no service of the study, and only the loop serves the chat.
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
        // One worker: with several, the luckiest of them decides which seed is found.
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

/// What a blocking model cannot do is an answer, too: no reading came, and the next is served.
#[test]
fn a_request_that_needs_another_connection_is_answered_without_it() {
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

/// With two places, five clients come in three rounds (one by one where there is one place), and
/// nobody is turned away.
#[test]
fn whoever_finds_the_table_full_waits_and_is_served() {
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

#[test]
fn nothing_runs_beside_a_process_that_forks() {
    for model in [Model::Forked, Model::Preforked] {
        for service in ["legacy", "pow", "web"] {
            let server = Server::start(model, service, &["--workers", "2"]);
            for process in server.processes() {
                let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().count();
                assert_eq!(threads, 1, "{model:?} {service}");
            }
        }
    }
}

#[test]
fn a_child_that_has_served_is_reaped() {
    let server = Server::legacy(Model::Forked, SERVICE_TIME, &[]);
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| assert!(!server.ask(b"").is_empty()));
        }
        until("each client has a process", || server.processes().len() == 6);
    });
    until("nobody is left, not even as a zombie", || server.processes().len() == 1);
}

#[test]
fn a_worker_that_is_killed_is_replaced() {
    let server = Server::legacy(Model::Preforked, SERVICE_TIME, &["--workers", "3"]);
    until("the workers are there", || server.processes().len() == 4);
    let killed = server.processes()[2];
    signal(killed, Signal::KILL);
    until("another has taken its place", || {
        let now = server.processes();
        now.len() == 4 && !now.contains(&killed)
    });
    assert!(!server.ask(b"").is_empty());
}

#[test]
fn ctrl_c_leaves_no_process_even_with_clients_being_served() {
    each(|model| {
        let mut server = Server::legacy(model, Duration::from_secs(20), &["--workers", "3"]);
        let _clients = [server.connect(), server.connect()];
        let expected = match model {
            Model::Forked => 3,
            Model::Preforked => 4,
            Model::Iterative
            | Model::Threaded
            | Model::Prethreaded
            | Model::Acceptor
            | Model::Loop => 1,
        };
        until("all are at work", || server.processes().len() == expected);
        let all = server.processes();
        let mut code = None;
        until("it ends", || {
            // The loop ends gracefully at the first, and at once at the second.
            signal(server.child.id(), Signal::INT);
            code = server.child.try_wait().unwrap().map(|status| status.code());
            code.is_some()
        });
        // Only the loop knows that it left somebody waiting.
        assert_eq!(code, Some(Some((model == Model::Loop).into())), "{model:?}");
        until("its children end with it", || all.iter().all(|pid| is_gone(*pid)));
    });
}

#[test]
fn a_study_reports_what_it_measured() {
    let out = place();
    let mut command = pentad(&["study", "run", "--models", "iterative,preforked,loop"]);
    command.args(["--clients", "2,6", "--service-time", "30ms", "--workers", "3", "--out"]);
    let output = command.arg(&out).output().unwrap();
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let study: serde_json::Value = serde_json::from_str(&read("study.json")).unwrap();
    assert_eq!(
        (&study["service"], study["service_time_s"].as_f64()),
        (&"legacy".into(), Some(0.03))
    );
    let runs = study["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6);
    for (run, (model, clients, rounds)) in runs.iter().zip([
        ("iterative", 2, 2.0),
        ("iterative", 6, 6.0),
        ("preforked", 2, 1.0),
        ("preforked", 6, 2.0),
        ("loop", 2, 1.0),
        ("loop", 6, 1.0),
    ]) {
        assert_eq!((&run["model"], &run["clients"]), (&model.into(), &clients.into()));
        assert_eq!(run["errors"], 0, "{run}");
        let figure = |name: &str| run[name].as_f64().unwrap();
        assert!(figure("elapsed_s") >= 0.03 * rounds, "{run}");
        assert!(figure("p50_s") <= figure("p99_s") && figure("p99_s") <= figure("elapsed_s"));
        assert!((figure("throughput") - f64::from(clients) / figure("elapsed_s")).abs() < 0.1);
        assert!(figure("peak_rss_bytes") > 1e6 && figure("context_switches") > 0.0, "{run}");
        let processes = if model == "preforked" { 4.0 } else { 1.0 };
        assert_eq!(figure("processes").to_bits(), f64::to_bits(processes), "{run}");
    }
    assert_eq!(table.lines().filter(|line| line.starts_with("preforked ")).count(), 2, "{table}");
    assert_eq!(read("study.md").matches("| loop |").count(), 2);
    assert!(read("study.svg").starts_with("<svg ") && read("study.svg").contains(">preforked<"));
    fs::remove_dir_all(out).unwrap();
}

#[test]
fn an_interrupted_study_says_so_and_leaves_no_process() {
    let out = place();
    let mut command = pentad(&["study", "run", "--models", "iterative,forked", "--clients", "3"]);
    let mut child = command.args(["--service-time", "20s", "--out"]).arg(&out).spawn().unwrap();
    until("its server is there", || processes(child.id()).len() == 2);
    let server = processes(child.id())[1];
    until("it says that it can be interrupted", || {
        fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap().lines().any(|line| {
            let caught = line.strip_prefix("SigCgt:").map(str::trim);
            caught.is_some_and(|mask| u64::from_str_radix(mask, 16).unwrap() & 2 != 0)
        })
    });
    signal(child.id(), Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until("the server has ended, too", || is_gone(server));
    let _ = fs::remove_dir_all(out);
}

#[test]
fn a_server_ends_with_the_study_that_was_killed() {
    let out = place();
    let mut command = pentad(&["study", "run", "--models", "preforked", "--clients", "3"]);
    command.args(["--workers", "2", "--service-time", "20s", "--out"]);
    let mut child = command.arg(&out).spawn().unwrap();
    let mut all = Vec::new();
    until("its server and the workers are there", || {
        all = processes(child.id());
        all = all.get(1).map_or(Vec::new(), |server| processes(*server));
        all.len() == 3
    });
    child.kill().unwrap();
    child.wait().unwrap();
    until("all have ended", || all.iter().all(|pid| is_gone(*pid)));
    let _ = fs::remove_dir_all(out);
}
