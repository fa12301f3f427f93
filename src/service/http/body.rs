//! Bodies on their way in: counted, bounded, and watched for progress.

use super::request::Exchange;
use super::response::{Response, Style};
use super::{Session, Stage};
use crate::buf::RecvBuf;
use crate::limits::{Limits, Pace};
use crate::service::{Cx, Deadline, Progress};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::chunked::{Bad, Chunked, Piece};
use crate::wire::http::{Framing, Head};
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
    pub exchange: Exchange<'static>,
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

/// Whether a body in this framing is known to be longer than `most` before any of it has come. In
/// chunks that shows later; but nobody has to be told to go on with one that nothing is taken of.
pub fn is_too_large(framing: Framing, most: usize, asks_first: bool) -> bool {
    match framing {
        Framing::None => false,
        Framing::Length(length) => length > most as u64,
        Framing::Chunked => asks_first && most == 0,
    }
}

impl Session {
    /// Answers a request whose body has not been read. A short one is thrown away as it comes;
    /// otherwise, and when the client may or may not send it, the connection closes.
    pub(super) fn answer_unread(
        &mut self,
        exchange: Exchange<'_>,
        response: &Response,
        head: &Head<'_, '_>,
        cx: &mut Cx<'_>,
    ) {
        let limits = cx.world.web.limits;
        let most = limits.body_bytes;
        let skippable = match head.framing {
            Framing::None => return self.answer(exchange, response, cx),
            Framing::Length(length) => length <= most as u64,
            Framing::Chunked => true,
        };
        if head.expect_continue || !skippable {
            return self.finish(exchange, response, Close::Finished, cx);
        }
        self.answer(exchange, response, cx);
        if self.is_done().is_none() {
            let transfer = Transfer::begin(head.framing, most, cx.now);
            self.deadline = Some(transfer.deadline(&limits));
            self.stage = Stage::Skipping(Box::new(transfer));
        }
    }

    pub(super) fn skip(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let Stage::Skipping(transfer) = &mut self.stage else {
            unreachable!("called in this stage only")
        };
        let limits = cx.world.web.limits;
        match transfer.take(recv, &limits, cx.now, |_| {}) {
            Taken::Some(progress) => {
                self.deadline = Some(transfer.deadline(&limits));
                return progress;
            }
            Taken::All => self.rest(cx),
            Taken::TooLarge => self.stage = Stage::Done(Close::TooLarge),
            Taken::Bad(_) => self.stage = Stage::Done(Close::BadInput),
        }
        Progress::Advanced
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
