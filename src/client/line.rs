//! The classic client of proof of work: sends a line, waits for its reply, and repeats.
//!
//! ```text
//!   Dialling ─opened→ Waiting ─reply→ Waiting ─reply→ … until the driver has seen enough
//!       └── refused, reset, ended ──▶ (an error)
//! ```

use crate::app::{self, App, Deadline, Id, Progress};
use crate::buf::RecvBuf;
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::line::{Scan, line};
use crate::wire::pow::{MESSAGE_BYTES_MAX, proof};
use std::io::Write;
use std::time::Instant;

/// The benchmark of proof of work.
#[derive(Debug)]
pub struct PowBench;

impl App for PowBench {
    type Kind = ();
    type Session = Session;
    type World = Seen;
    type Mail = ();
    type Record = ();
}

type Event = app::Event<()>;
type Cx<'a> = app::Cx<'a, PowBench>;

/// The counts that all clients of a run share.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The number of replies that are proofs of the sent message.
    pub replies: u64,
    /// The number of other lines.
    pub wrong: u64,
    /// The number of connections that were refused, reset or ended.
    pub lost: u64,
    /// The smallest number of zero digits in a reply.
    pub zeros_min: Option<u32>,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    message: Vec<u8>,
    sent: u64,
    scan: Scan,
    done: Option<Close>,
}

/// The longest reply: the longest message and the rest, for any length of seeds.
const REPLY_BYTES_MAX: usize = MESSAGE_BYTES_MAX + 128;

/// The possible lengths of a seed; nearly all servers use the shortest.
const SEED_LENS: std::ops::RangeInclusive<usize> = 5..=10;

impl app::Session<PowBench> for Session {
    fn open((): (), _id: Id, _now: Instant) -> Session {
        Session { message: Vec::new(), sent: 0, scan: Scan::default(), done: None }
    }

    fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        match event {
            Event::Opened { .. } => self.send(cx),
            Event::Bytes => return self.receive(recv, cx),
            Event::Eof => {
                recv.clear();
                self.lose(Close::Peer, cx);
            }
            Event::Refused(_) => self.lose(Close::Lost, cx),
            Event::Tick | Event::Done(..) | Event::Mail(_) => {}
        }
        Progress::Starved
    }

    /// There is no deadline: a search may take any time.
    fn deadline(&self) -> Option<Deadline> {
        None
    }

    fn is_done(&self) -> Option<Close> {
        self.done
    }
}

impl Session {
    /// Sends a line that differs from all other lines of the run.
    fn send(&mut self, cx: &mut Cx<'_>) {
        self.message.clear();
        let written = write!(self.message, "client {} line {}", cx.id.slot, self.sent);
        written.expect("a Vec takes every write");
        self.sent += 1;
        cx.send.push(&self.message);
        cx.send.push(b"\n");
    }

    fn receive(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let used = match line(recv.bytes(), &mut self.scan, REPLY_BYTES_MAX) {
            Parse::Done(reply, used) => {
                let seen = &mut *cx.world;
                match zeros(reply, &self.message) {
                    Some(zeros) => {
                        seen.replies += 1;
                        seen.zeros_min = Some(seen.zeros_min.map_or(zeros, |min| min.min(zeros)));
                    }
                    None => seen.wrong += 1,
                }
                used
            }
            Parse::More => return Progress::Starved,
            Parse::Bad(_) => {
                cx.world.wrong += 1;
                self.done = Some(Close::TooLarge);
                return Progress::Advanced;
            }
        };
        recv.consume(used);
        self.send(cx);
        Progress::Advanced
    }

    fn lose(&mut self, why: Close, cx: &mut Cx<'_>) {
        cx.world.lost += 1;
        self.done = Some(why);
    }
}

/// Returns the number of zero digits in a reply about `message`. The hash is not computed again,
/// because that would measure the client.
fn zeros(reply: &[u8], message: &[u8]) -> Option<u32> {
    let proofs = SEED_LENS.filter_map(|seed_len| match proof(reply, seed_len) {
        Parse::Done(proof, _) => Some(proof),
        Parse::More | Parse::Bad(_) => None,
    });
    let proof = { proofs }.find(|proof| proof.message == message)?;
    let zero_bytes = proof.hash.iter().take_while(|byte| **byte == 0).count();
    let half = proof.hash.get(zero_bytes).is_some_and(|byte| *byte < 16);
    Some(2 * zero_bytes as u32 + u32::from(half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_a_proof_of_what_was_sent() {
        let hash = "00094a28ae5eca5dfc9e6e71bb9e4eae40ba0bf2c6dfc5e7f6a1b0f96e60cafe";
        let reply = |text: &str| zeros(format!("{text},{hash}").as_bytes(), b"a,b");
        assert_eq!(reply("a,b,Abc12"), Some(3));
        assert_eq!(reply("a,b,Abc12Abc"), Some(3));
        assert_eq!(reply("a,c,Abc12"), None);
        assert_eq!(reply("a,b,Abc"), None);
        assert_eq!(zeros(b"!ERR 503 shutting-down", b"a,b"), None);
    }
}
