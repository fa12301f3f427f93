//! The chat over real sockets: stories, a client that dies, a server that dies.

use super::util::process::{FREE, PATIENCE, Place, Server, eventually};
use super::util::story::{self, Step, Story, Words};
use rustix::process::Signal;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

/// A client that speaks the line protocol.
pub struct Client {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        let mut client = Client { stream, lines };
        assert!(client.line().starts_with("* HELLO "));
        client
    }

    pub fn say(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Returns the next line, or an empty one at the end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    }

    /// Returns the next line with this beginning, and skips others.
    pub fn expect(&mut self, begins: &str) -> String {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "no line begins with {begins:?}");
            if line.starts_with(begins) {
                return line;
            }
        }
    }
}

/// Returns true if the story waits for nothing but the other side.
fn is_quick(story: &Story) -> bool {
    !story.steps.iter().any(|step| matches!(step, Step::Wait(_)))
}

#[test]
fn stories_without_waits_play_against_the_real_server() {
    let stories = story::all().into_iter().filter(is_quick).collect::<Vec<_>>();
    assert!(stories.len() >= 2);
    for story in stories {
        let server = Server::start(&[]);
        play(&story, server.addr("chat", "tcp"));
    }
}

fn play(story: &Story, addr: SocketAddr) {
    let mut clients = HashMap::new();
    let mut words = Words::default();
    for step in &story.steps {
        let (Step::Send(who, _) | Step::Expect(who, _) | Step::Drop(who) | Step::Closed(who)) =
            step
        else {
            continue;
        };
        let client = clients.entry(who.clone()).or_insert_with(|| Client::connect(addr));
        match step {
            Step::Send(_, line) => client.say(&words.fill(line)),
            Step::Expect(_, pattern) => {
                let line = client.line();
                // Times differ on a slow machine.
                let pattern = pattern.trim_start_matches(" 0.0 ");
                let line = if line.starts_with(" 0.") { &line[5..] } else { &line };
                assert!(words.matches(pattern, line), "{}: {pattern:?}, {line:?}", story.name);
            }
            Step::Drop(who) => drop(clients.remove(who)),
            Step::Closed(_) => assert_eq!(client.line(), "", "{}: the end", story.name),
            Step::Wait(_) => {}
        }
    }
}

/// Runs a chat from its beginning to its rating.
fn chat(addr: SocketAddr, stars: u8) {
    let mut bo = Client::connect(addr);
    bo.say("/agent bo bo");
    bo.say("/online");
    let mut ann = Client::connect(addr);
    ann.say("/hello ann");
    ann.expect("* CONNECTED");
    bo.expect("* ASSIGNED");
    bo.say("hello");
    ann.expect("<bo> hello");
    bo.say("/close");
    bo.expect("+OK 250");
    ann.expect("* ENDED");
    ann.say(&format!("/rate {stars}"));
    ann.expect("+OK 250");
    bo.say("/quit");
    bo.expect("* BYE");
}

fn stats(addr: SocketAddr) -> String {
    let mut bo = Client::connect(addr);
    bo.say("/agent bo bo");
    bo.expect("+OK 200");
    bo.say("/stats me");
    bo.expect("+OK 215");
    (0..8).map(|_| bo.line()).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_was_answered_survives_the_death_of_the_server() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    for stars in [5, 2] {
        chat(server.addr("chat", "tcp"), stars);
    }
    server.signal(Signal::KILL);
    server.wait();
    let server = Server::start_in(&place, &[]);
    let screen = stats(server.addr("chat", "tcp"));
    for line in [
        "Clients Attended Today: 2",
        "Clients Attended Month: 2",
        "Average Rating: 3.50",
        "Total Clients Serviced: 2",
        "Total Lost Clients: 0",
        "Current Client: none",
    ] {
        assert!(screen.contains(line), "{line} in {screen}");
    }
    // The numbering of chats continues too: a number identifies one chat forever.
    let mut bo = Client::connect(server.addr("chat", "tcp"));
    bo.say("/agent bo bo");
    bo.say("/history 2");
    bo.expect("+OK 215 lines=1");
    assert!(bo.line().ends_with("<bo> hello"));
    chat(server.addr("chat", "tcp"), 1);
    bo.say("/history 3");
    bo.expect("* SUPERSEDED");
}

#[test]
fn the_visitor_of_a_killed_agent_is_the_head_of_the_queue() {
    let server = Server::start(&["--chat-agent-grace=200ms"]);
    let addr = server.addr("chat", "tcp");
    let script = "exec 3<>\"/dev/tcp/$0/$1\"; printf '/agent bo bo\\n/online\\n' >&3; exec cat <&3";
    let mut agent = Command::new("bash")
        .args(["-c", script, &addr.ip().to_string(), &addr.port().to_string()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut ann, mut eve) = (Client::connect(addr), Client::connect(addr));
    ann.say("/hello ann");
    ann.expect("* CONNECTED chat=1 agent=bo");
    eve.say("/hello eve");
    eve.expect("* QUEUED pos=1");
    agent.kill().unwrap();
    agent.wait().unwrap();
    ann.expect("* QUEUED pos=1");
    let mut cy = Client::connect(addr);
    cy.say("/agent cy cy");
    cy.say("/online");
    cy.expect("* ASSIGNED chat=1 visitor=ann");
    ann.expect("* CONNECTED chat=1 agent=cy");
    eve.say("/queue");
    eve.expect("+OK 200 pos=1");
}

#[test]
fn a_shutdown_ends_all_chats_and_counts_them() {
    let place = Place::new();
    let mut server = Server::start_in(&place, &[]);
    let addr = server.addr("chat", "tcp");
    let mut bo = Client::connect(addr);
    bo.say("/agent bo bo");
    bo.say("/online");
    let (mut ann, mut eve) = (Client::connect(addr), Client::connect(addr));
    ann.say("/hello ann");
    ann.expect("* CONNECTED");
    eve.say("/hello eve");
    eve.expect("* QUEUED pos=1");
    server.signal(Signal::TERM);
    ann.expect("* ENDED chat=1 reason=shutdown");
    for client in [&mut ann, &mut eve, &mut bo] {
        client.expect("* BYE reason=shutdown");
        assert_eq!(client.line(), "");
    }
    assert!(server.wait().success());
    let server = Server::start_in(&place, &[]);
    let screen = stats(server.addr("chat", "tcp"));
    assert!(screen.contains("Total Clients Serviced: 1"), "{screen}");
}

#[test]
fn demonstration_agents_are_told_on_standard_error_only() {
    let place = Place::new();
    let command = place.command(["--only=chat", "--chat=127.0.0.1:0"]);
    let server = Server::launch(&place, command);
    let mut ada = Client::connect(server.addr("chat", "tcp"));
    let told = eventually("the secret of ada", || {
        let said = server.stderr();
        let line = said.lines().find_map(|line| line.split_once(": /agent ada "))?.1.to_string();
        Some(line)
    });
    ada.say(&format!("/agent ada {told}"));
    ada.expect("+OK 200 agent=ada");
}

/// Returns the time in `/stats me`, which is in the zone of the server.
fn moment(addr: SocketAddr) -> String {
    let screen = stats(addr);
    let line = screen.lines().find_map(|line| line.trim().strip_prefix("Date and Time: "));
    line.unwrap().to_string()
}

/// Returns the time so many seconds ahead of UTC, in SQLite's format.
fn ahead(seconds: i64) -> String {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    let sql = "SELECT datetime('now', ?1 || ' seconds')";
    database.query_row(sql, [seconds], |row| row.get(0)).unwrap()
}

#[test]
fn days_turn_by_the_variable_tz_and_what_is_none_is_told() {
    let folder = Place::new();
    let rule = "\n<+11:37>-11:37\n".replace("<+11:37>", "<+1137>");
    let header = |version: &[u8]| {
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        [b"TZif", version, &[0; 15][..], &counts, &[0; 6], b"UTC\0"].concat()
    };
    let file = [header(b"2"), header(b"2"), rule.into_bytes()].concat();
    std::fs::write(folder.path("Zone"), file).unwrap();
    let path = folder.path("Zone").to_str().unwrap().to_string();
    let directory = folder.path("").to_str().unwrap().to_string();
    for (tz, seconds) in [
        ("", 0),
        ("Zone", 41_820),
        (":Zone", 41_820),
        (&path, 41_820),
        (&format!(":{path}"), 41_820),
        ("<-1123>11:23", -40_980),
        ("No/Where", 0),
    ] {
        let place = Place::new();
        let mut command = place.command(FREE);
        command.env("TZ", tz).env("TZDIR", &directory);
        let server = Server::launch(&place, command);
        let addr = server.addr("chat", "tcp");
        eventually("a moment between two others", || {
            let (before, told, after) = (ahead(seconds), moment(addr), ahead(seconds));
            (before <= told && told <= after).then_some(())
        });
        let told = server.stderr().contains("`No/Where` is no time zone");
        assert_eq!(told, tz == "No/Where", "{}", server.stderr());
    }
}

#[test]
fn a_wait_that_nobody_can_foresee_is_null() {
    let server = Server::start(&["--chat-wait=5s"]);
    let status = || super::util::http::Client::connect(server.web()).get("/api/chat/status").json();
    assert_eq!(status()["ewt"], serde_json::Value::Null);
    let mut bo = Client::connect(server.addr("chat", "tcp"));
    bo.say("/agent bo bo");
    bo.say("/online");
    bo.expect("+OK 200 agent=bo status=online");
    assert_eq!(status()["ewt"], 0);
}
