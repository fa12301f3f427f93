//! The graceful shutdown: every request is answered, idle connections do not delay it, and it ends
//! in time whatever clients do.

use super::chat::Client as Caller;
use super::util::http::{Client, NoReply, Reply, assert_next_is_served, by, get, post};
use super::util::process::{PROMPTLY, Server, eventually};
use rustix::process::Signal;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// Waits until the server refuses connections, because it is shutting down.
fn await_refusal(addr: SocketAddr) {
    eventually("a connection that is refused", || match TcpStream::connect(addr) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Some(()),
        // One that was in the backlog when the listener closed is reset instead.
        Ok(_) | Err(_) => None,
    });
}

/// Repeats a request; returns how the connection ended, and whether the last answer announced that.
fn ask_on(addr: SocketAddr, request: &str, answers: &AtomicU64) -> (NoReply, bool) {
    let mut client = Client::connect(addr);
    let mut announced = false;
    loop {
        match client.ask(request) {
            Ok(reply) => {
                assert_eq!(reply.status, 200, "{}", reply.body);
                assert!(!announced, "an answer after the last one");
                announced = reply.is_last();
                answers.fetch_add(1, Ordering::Relaxed);
            }
            Err(no) => return (no, announced),
        }
    }
}

#[test]
fn whatever_was_asked_before_the_end_is_answered() {
    let mut server = Server::start(&["--legacy-delay=100ms"]);
    let (web, panel) = (server.web(), server.panel());
    let legacy = |protocol: &str| {
        let fields = format!("\"protocol\":\"{protocol}\",\"concurrency\":4");
        post("/legacy_pi", &by("1111", &fields))
    };
    let estimate = post("/pi", &by("1111", "\"simulations\":10000000,\"concurrency\":2"));
    let requests =
        [get("/"), get("/healthz"), estimate.clone(), estimate, legacy("tcp"), legacy("udp")];
    let answers = requests.each_ref().map(|_| AtomicU64::new(0));
    thread::scope(|scope| {
        let mut clients = Vec::new();
        for (request, answers) in requests.iter().zip(&answers) {
            for addr in [web, panel] {
                clients.push(scope.spawn(move || ask_on(addr, request, answers)));
            }
        }
        let all_served = || answers.iter().all(|answers| answers.load(Ordering::Relaxed) >= 4);
        eventually("four answers to each", || all_served().then_some(()));
        server.signal(Signal::TERM);
        for client in clients {
            let (how, announced) = client.join().unwrap();
            // A request may cross the announcement, but must not be answered partially.
            let crossed = announced && matches!(how, NoReply::Broken(_));
            assert!(how == NoReply::Ended || crossed, "{how:?}, announced: {announced}");
        }
    });
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    assert_eq!(TcpStream::connect(web).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn pending_requests_finish_while_new_clients_are_refused() {
    let mut server = Server::start(&["--legacy-delay=1s", "--legacy-timeout=60s", "--grace=60s"]);
    let web = server.web();
    let mut waiting = Client::connect(web);
    waiting.send(post("/legacy_pi", &by("1111", "\"protocol\":\"tcp\"")));
    let mut halfway = Client::connect(web);
    halfway.send("GET /readyz HTTP/1.1\r\n");
    let mut direct = TcpStream::connect(server.legacy()).unwrap();
    let datagram = UdpSocket::bind("127.0.0.1:0").unwrap();
    datagram.send_to(b"", server.legacy()).unwrap();
    assert_eq!(Client::connect(web).get("/readyz").status, 200, "all of them have been let in");

    server.signal(Signal::TERM);
    await_refusal(web);
    halfway.send("Host: a\r\n\r\n");
    let reply = halfway.reply().unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (503, "draining\n"));
    assert!(reply.is_last() && halfway.is_ended());
    let reply = waiting.reply().unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.is_last() && waiting.is_ended());
    let mut text = String::new();
    direct.read_to_string(&mut text).unwrap();
    assert!(!text.is_empty(), "the direct client is answered");
    assert!(datagram.recv(&mut [0; 99]).unwrap() > 0, "so is the one that sent a datagram");
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}

#[test]
fn clients_in_the_backlog_before_the_signal_are_served() {
    let mut server = Server::start(&["--legacy-corruption=0", "--legacy-timeout=60s"]);
    let mut probing = ["tcp", "udp"].map(|protocol| {
        let mut client = Client::connect(server.web());
        let fields = format!("\"protocol\":\"{protocol}\",\"concurrency\":8");
        (client.get("/healthz"), post("/legacy_pi", &by("1111", &fields)), client)
    });
    // Nothing is processed until the signal is pending as well.
    server.signal(Signal::STOP);
    for (_, request, client) in &mut probing {
        client.send(&request);
    }
    let mut knocking = Vec::new();
    for _ in 0..300 {
        let mut client = Client::connect(server.web());
        client.send(get("/healthz"));
        knocking.push(client);
    }
    server.signal(Signal::TERM);
    server.signal(Signal::CONT);
    for (number, client) in knocking.iter_mut().enumerate() {
        let reply = client.reply().unwrap_or_else(|no| panic!("client {number}: {no:?}"));
        assert_eq!(reply.status, 200, "client {number}: {reply:?}");
    }
    for (_, request, client) in &mut probing {
        let reply = client.reply().unwrap();
        assert_eq!(reply.json()["num_valid_results"], 8, "{request}: {}", reply.body);
    }
    drop((knocking, probing));
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}

#[test]
fn connections_on_which_nothing_happens_do_not_hold_the_end_up() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&["--grace=60s", "--head-timeout=60s"]);
        let mut idle = Client::connect(server.web());
        assert_eq!(idle.get("/").status, 200);
        let mut fresh = Client::connect(server.web());
        assert_next_is_served(server.web());
        let asked = Instant::now();
        server.signal(signal);
        assert!(idle.is_ended() && fresh.is_ended());
        drop((idle, fresh));
        assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
        assert!(asked.elapsed() < PROMPTLY, "it took {:?}", asked.elapsed());
    }
}

#[test]
fn idle_peers_of_every_service_are_told_and_closed_at_once() {
    let mut server = Server::start(&["--grace=60s", "--legacy-delay=1ms"]);
    let chat = server.addr("chat", "tcp");
    let mut callers = ["unnamed", "idle agent", "busy agent", "talking", "waiting", "rating"]
        .map(|who| (who, Caller::connect(chat)));
    let mut say = |who: &str, line: &str, answer: &str| {
        let (_, caller) = callers.iter_mut().find(|(name, _)| *name == who).unwrap();
        caller.say(line);
        caller.expect(answer);
    };
    say("busy agent", "/agent bo bo", "+OK 200");
    say("busy agent", "/online", "+OK 200");
    say("rating", "/hello ann", "* CONNECTED");
    say("rating", "/leave", "* ENDED");
    say("talking", "/hello abe", "* CONNECTED");
    say("waiting", "/hello amy", "* QUEUED");
    say("idle agent", "/agent cy cy", "+OK 200");
    let mut idle = Vec::new();
    for (service, talk) in [
        ("web", get("/healthz")),
        ("panel", get("/healthz")),
        ("catalog-1", get("/healthz")),
        ("order-2", get("/healthz")),
        ("pow", "hello\n".to_string()),
    ] {
        let addr = server.addr(service, "tcp");
        let (fresh, mut used) = (TcpStream::connect(addr).unwrap(), TcpStream::connect(addr));
        let used = used.as_mut().unwrap();
        used.write_all(talk.as_bytes()).unwrap();
        assert!(used.read(&mut [0; 4096]).unwrap() > 0, "{service}");
        idle.push((service, fresh));
        idle.push((service, used.try_clone().unwrap()));
    }
    idle.push(("legacy", TcpStream::connect(server.legacy()).unwrap()));
    let asked = Instant::now();
    server.signal(Signal::TERM);
    for (who, caller) in &mut callers {
        assert_eq!(caller.expect("* BYE"), "* BYE reason=shutdown", "{who}");
        assert_eq!(caller.line(), "", "{who}: the end");
    }
    for (service, stream) in &mut idle {
        stream.read_to_end(&mut Vec::new()).unwrap_or_else(|error| panic!("{service}: {error}"));
    }
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    assert!(asked.elapsed() < PROMPTLY, "it took {:?}", asked.elapsed());
}

#[test]
fn a_hangup_ends_nothing() {
    let mut server = Server::start(&[]);
    server.signal(Signal::HUP);
    assert_next_is_served(server.web());
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = Server::start(&["--grace=60s", "--legacy-delay=60s"]);
    let mut direct = Client::connect(server.legacy());
    assert_next_is_served(server.web());
    server.signal(Signal::TERM);
    await_refusal(server.web());
    let asked = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(1));
    assert!(asked.elapsed() < PROMPTLY, "it took {:?}", asked.elapsed());
    assert_eq!(server.stderr(), "pentad: ended with 1 connections in flight\n");
    assert_eq!(direct.rest().0, b"", "not even half an answer");
}

#[test]
fn the_grace_is_an_end_to_waiting_too() {
    for (what, port) in [("the legacy server", "legacy"), ("/legacy_pi", "web")] {
        let args = ["--grace=200ms", "--legacy-delay=60s", "--legacy-timeout=60s"];
        let mut server = Server::start(&args);
        let mut client = Client::connect(server.addr(port, "tcp"));
        if port == "web" {
            client.send(post("/legacy_pi", &by("1111", "\"protocol\":\"udp\"")));
        }
        assert_next_is_served(server.web());
        let asked = Instant::now();
        server.signal(Signal::TERM);
        assert_eq!(server.wait().code(), Some(1), "{what}");
        assert!(asked.elapsed().as_millis() >= 200, "{what} had its grace");
        assert!(asked.elapsed() < PROMPTLY, "{what}: {:?}", asked.elapsed());
        assert!(server.stderr().contains("connections in flight"), "{what}: {}", server.stderr());
    }
}

#[test]
fn a_grace_that_nobody_needs_is_a_clean_end() {
    let mut server = Server::start(&["--grace=0s"]);
    let mut idle = Client::connect(server.web());
    let Reply { status, .. } = idle.get("/");
    assert_eq!(status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}
