//! Every transcript over real sockets, against one server for all of them.

use super::util::process::{PATIENCE, Server};
use super::util::transcript::{self, Pattern, Step, Transcript, expect};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

#[test]
fn every_transcript_plays_against_the_real_server() {
    let server = Server::start(&["--legacy-corruption=0"]);
    let mut failures = Vec::new();
    for transcript in transcript::all() {
        if let Err(failure) = play(&server, &transcript) {
            failures.push(format!("{}: {failure}", transcript.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A client that follows a transcript.
struct Player {
    stream: TcpStream,
    received: Vec<u8>,
    ended: bool,
}

fn play(server: &Server, transcript: &Transcript) -> Result<(), String> {
    let addr = server.addr(transcript.service.name(), "tcp");
    // Before the connection exists: the server's time begins later than ours.
    let began = Instant::now();
    let mut waited = Duration::ZERO;
    let stream = TcpStream::connect(addr).unwrap();
    let mut player = Player { stream, received: Vec::new(), ended: false };
    for (number, step) in transcript.steps.iter().enumerate() {
        match step {
            Step::Send(bytes) => player.stream.write_all(bytes).map_err(|e| e.to_string())?,
            Step::Expect(lines) => player.expect(lines)?,
            Step::Wait(time) => {
                waited += *time;
                // After the last of several waits the answer may come at any time; before, it must
                // not, except within the length of a turn.
                if let Some(Step::Wait(_)) = transcript.steps.get(number + 1) {
                    player.hear_nothing_until(began + waited / 2)?;
                }
            }
            Step::End => player.stream.shutdown(Shutdown::Write).unwrap(),
            Step::Closed => player.hear_the_end()?,
        }
    }
    if !player.ended {
        player.stream.shutdown(Shutdown::Write).unwrap();
    }
    player.hear_the_end()
}

impl Player {
    /// Reads until `lines` have arrived, or something else, or the time is over.
    fn expect(&mut self, lines: &[Pattern]) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut rest = self.received.clone();
            match expect(lines, &mut rest) {
                Ok(()) => {
                    self.received = rest;
                    return Ok(());
                }
                Err(failure) if self.ended => return Err(failure),
                Err(failure) => {
                    self.hear(until);
                    if Instant::now() >= until {
                        return Err(failure);
                    }
                }
            }
        }
    }

    fn hear_nothing_until(&mut self, until: Instant) -> Result<(), String> {
        while !self.ended && Instant::now() < until {
            self.hear(until);
            if !self.received.is_empty() && Instant::now() < until {
                return Err(format!("too early: {}", self.received.escape_ascii()));
            }
        }
        Ok(())
    }

    fn hear_the_end(&mut self) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        while !self.ended && Instant::now() < until {
            self.hear(until);
        }
        if self.ended && self.received.is_empty() {
            return Ok(());
        }
        Err(format!("expected the end, got {}", self.received.escape_ascii()))
    }

    /// Reads once, or waits until then.
    fn hear(&mut self, until: Instant) {
        let patience = until.saturating_duration_since(Instant::now());
        self.stream.set_read_timeout(Some(patience.max(Duration::from_millis(1)))).unwrap();
        let mut piece = [0; 16_384];
        match self.stream.read(&mut piece) {
            Ok(0) => self.ended = true,
            Ok(count) => self.received.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                self.ended = true;
                self.received.extend_from_slice(format!("({error})").as_bytes());
            }
        }
    }
}
