//! Every transcript through every driver without a real kernel: whole, byte by byte, and with a
//! client that reads in small pieces. `tests/server` runs them against the real binary.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::Limits;
use util::fake::{Client, TestNet};
use util::transcript::{self, Step, Transcript, expect};

/// The behaviour of a client that follows a transcript.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Bytes it sends at a time.
    sends: usize,
    /// Bytes that fit into its connection.
    room: usize,
}

const MANNERS: [Manner; 5] = [
    Manner { sends: usize::MAX, room: usize::MAX },
    Manner { sends: 1, room: usize::MAX },
    Manner { sends: usize::MAX, room: 1 },
    Manner { sends: 1, room: 1 },
    Manner { sends: 7, room: 13 },
];

fn play(transcript: &Transcript, manner: Manner) -> Result<(), String> {
    let mut street = TestNet::new(Limits::default(), 16, 1);
    let kind = transcript.service.kind();
    let client = street.connect(kind, manner.room).expect("there is room");
    let mut received = Vec::new();
    for step in &transcript.steps {
        match step {
            Step::Send(bytes) => {
                for piece in bytes.chunks(manner.sends) {
                    client.send(piece);
                    exchange(&mut street, &client, &mut received);
                }
            }
            Step::Expect(lines) => {
                exchange(&mut street, &client, &mut received);
                expect(lines, &mut received)?;
            }
            Step::Wait(time) => {
                if !received.is_empty() {
                    return Err(format!("nothing was expected before the wait: {received:?}"));
                }
                street.advance(*time);
            }
            Step::End => client.half_close(),
            Step::Closed => {
                exchange(&mut street, &client, &mut received);
                if !received.is_empty() || !client.at_end() {
                    let rest = received.escape_ascii();
                    return Err(format!("expected the end, got {rest}"));
                }
            }
        }
    }
    exchange(&mut street, &client, &mut received);
    if !received.is_empty() {
        return Err(format!("nothing more was expected: {}", received.escape_ascii()));
    }
    client.half_close();
    street.advance(Limits::default().head_timeout);
    street.settle();
    if street.reactor.is_empty() { Ok(()) } else { Err("the connection was leaked".to_string()) }
}

fn exchange(street: &mut TestNet, client: &Client, received: &mut Vec<u8>) {
    loop {
        street.settle();
        let bytes = client.receive(usize::MAX);
        if bytes.is_empty() {
            return;
        }
        received.extend(bytes);
    }
}

#[test]
fn every_transcript_is_the_same_in_every_manner() {
    let mut failures = Vec::new();
    for transcript in transcript::all() {
        for manner in MANNERS {
            if let Err(failure) = play(&transcript, manner) {
                failures.push(format!("{} with {manner:?}: {failure}", transcript.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
