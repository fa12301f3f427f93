//! Bodies on their way in: counted, bounded, and watched for progress.

use super::request::Exchange;
use super::response::Style;
use crate::buf::RecvBuf;
use crate::limits::{Limits, Pace};
use crate::service::{Deadline, Progress};
use crate::wire::Parse;
use crate::wire::chunked::{Bad, Chunked, Piece};
use crate::wire::http::Framing;
use std::time::Instant;

/// A request whose body is not complete.
#[derive(Debug)]
pub struct Receiving {
    /// The head as it came.
    pub head: Box<[u8]>,
    /// What has come of the body, without its framing.
    pub body: Vec<u8>,
    /// How the rest comes.
    pub transfer: Transfer,
    /// The answer's side of it.
    pub exchange: Exchange,
    /// How errors look.
    pub style: Style,
}

/// A body that comes in pieces.
#[derive(Debug)]
pub struct Transfer {
    left: Left,
    most: usize,
    pace: Pace,
}

#[derive(Debug)]
enum Left {
    Length(u64),
    Chunked(Chunked),
}

/// What became of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Part of the body, or nothing.
    Some(Progress),
    /// The rest of the body.
    All,
    /// The body exceeds its bound.
    TooLarge,
    /// The framing is broken.
    Bad(Bad),
}

impl Transfer {
    /// A body of at most `most` bytes in this framing.
    pub fn begin(framing: Framing, most: usize, now: Instant) -> Transfer {
        let left = match framing {
            Framing::None => Left::Length(0),
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunked(Chunked::new()),
        };
        Transfer { left, most, pace: Pace::start(now) }
    }

    /// Moves what has come of the body from `recv` to `sink`.
    pub fn take(
        &mut self,
        recv: &mut RecvBuf,
        limits: &Limits,
        now: Instant,
        mut sink: impl FnMut(&[u8]),
    ) -> Taken {
        let before = recv.len();
        let taken = match &mut self.left {
            Left::Length(left) => {
                let count = recv.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                sink(&recv.bytes()[..count]);
                recv.consume(count);
                *left -= count as u64;
                if *left == 0 { Taken::All } else { Taken::Some(Progress::Starved) }
            }
            Left::Chunked(chunked) => unchunk(chunked, &mut self.most, recv, limits, &mut sink),
        };
        self.pace.moved(before - recv.len(), now);
        taken
    }

    /// When the rest is overdue.
    pub fn deadline(&self, limits: &Limits) -> Deadline {
        Deadline::Busy(self.pace.deadline(limits.body_timeout, limits))
    }
}

fn unchunk(
    chunked: &mut Chunked,
    most: &mut usize,
    recv: &mut RecvBuf,
    limits: &Limits,
    sink: &mut impl FnMut(&[u8]),
) -> Taken {
    loop {
        let (piece, used) = match chunked.next(recv.bytes(), limits) {
            Parse::Done(piece, used) => (piece, used),
            Parse::More => return Taken::Some(Progress::Starved),
            Parse::Bad(reason) => return Taken::Bad(reason),
        };
        match piece {
            Piece::Nothing => {}
            Piece::Data(data) if data.len() > *most => return Taken::TooLarge,
            Piece::Data(data) => {
                *most -= data.len();
                sink(data);
            }
            Piece::End => {
                recv.consume(used);
                return Taken::All;
            }
        }
        recv.consume(used);
    }
}
