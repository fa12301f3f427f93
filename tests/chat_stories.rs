//! Every story of the chat on the simulated kernel: whole lines, byte by byte, and with clients
//! that read in small pieces. `tests/server` runs them against the real binary.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::Limits;
use pentad::service::Kind;
use std::collections::HashMap;
use std::time::Duration;
use util::fake::{Client, TestNet};
use util::story::{self, Step, Story, Words};

/// Bytes that a client sends at a time, and bytes that fit into its connection.
const MANNERS: [(usize, usize); 4] =
    [(usize::MAX, usize::MAX), (1, usize::MAX), (usize::MAX, 1), (7, 13)];

struct Stage {
    street: TestNet,
    clients: HashMap<String, (Client, Vec<u8>)>,
    words: Words,
    room: usize,
}

impl Stage {
    fn client(&mut self, name: &str) -> Client {
        if !self.clients.contains_key(name) {
            let client = self.street.connect(Kind::Chat, self.room).expect("there is room");
            self.clients.insert(name.to_string(), (client, Vec::new()));
            self.exchange();
            assert!(self.line(name).unwrap().starts_with("* HELLO "), "the banner comes first");
        }
        self.clients[name].0.clone()
    }

    fn exchange(&mut self) {
        loop {
            self.street.settle();
            let mut moved = false;
            for (client, heard) in self.clients.values_mut() {
                let bytes = client.receive(usize::MAX);
                moved |= !bytes.is_empty();
                heard.extend(bytes);
            }
            if !moved {
                return;
            }
        }
    }

    fn line(&mut self, name: &str) -> Option<String> {
        let (_, heard) = self.clients.get_mut(name)?;
        let end = heard.iter().position(|byte| *byte == b'\n')?;
        let line = heard.drain(..=end).collect::<Vec<_>>();
        Some(String::from_utf8(line).unwrap().trim_end_matches('\n').to_string())
    }

    fn step(&mut self, step: &Step, sends: usize) -> Result<(), String> {
        match step {
            Step::Send(who, line) => {
                let client = self.client(who);
                let line = self.words.fill(line) + "\n";
                for piece in line.as_bytes().chunks(sends) {
                    client.send(piece);
                    self.exchange();
                }
            }
            Step::Expect(who, pattern) => {
                self.client(who);
                self.exchange();
                let line = self.line(who).unwrap_or_default();
                if !self.words.matches(pattern, &line) {
                    return Err(format!("{who} expected {pattern:?}, got {line:?}"));
                }
            }
            Step::Drop(who) => {
                let client = self.client(who);
                client.reset();
                self.exchange();
            }
            Step::Closed(who) => {
                self.exchange();
                let (client, heard) = &self.clients[who];
                if !heard.is_empty() || !client.at_end() {
                    return Err(format!("{who} expected the end, got {}", heard.escape_ascii()));
                }
            }
            Step::Wait(time) => {
                self.exchange();
                self.street.advance(*time);
                self.exchange();
            }
        }
        Ok(())
    }
}

fn play(story: &Story, (sends, room): (usize, usize)) -> Result<(), String> {
    let street = TestNet::new(Limits::default(), 64, 1);
    let (clients, words) = (HashMap::new(), Words::default());
    let mut stage = Stage { street, clients, words, room };
    for (number, step) in story.steps.iter().enumerate() {
        stage.step(step, sends).map_err(|failure| format!("step {number}: {failure}"))?;
    }
    stage.exchange();
    for (name, (_, heard)) in &stage.clients {
        if !heard.is_empty() {
            return Err(format!("{name} did not expect {}", heard.escape_ascii()));
        }
    }
    for (client, _) in stage.clients.values() {
        client.half_close();
    }
    for _ in 0..12 {
        stage.exchange();
        stage.street.advance(Duration::from_secs(60));
    }
    stage.exchange();
    let reactor = &stage.street.reactor;
    if !reactor.is_empty() || reactor.wait_until().is_some() {
        return Err(format!("something is left over: {reactor:?}"));
    }
    Ok(())
}

#[test]
fn every_story_is_the_same_in_every_manner() {
    let mut failures = Vec::new();
    for story in story::all() {
        for manner in MANNERS {
            if let Err(failure) = play(&story, manner) {
                failures.push(format!("{} with {manner:?}: {failure}", story.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
