//! Receiving bodies: counting, bounds, and timeouts.

use super::exchange::Exchange;
use super::response::{Response, Style};
use super::route::{Route, Router};
use super::{Session, Stage};
use crate::buf::RecvBuf;
use crate::limits::{Limits, Pace};
use crate::service::{Cx, Deadline, Progress};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::chunked::{Bad, Chunked, Piece};
use crate::wire::http::{Fields, Framing, Head, Scan, head};
use std::time::Instant;

/// A request whose body is incomplete. The head and the received part of the body are in the input
/// buffer, one after the other.
#[derive(Debug)]
pub struct Receiving {
    /// Bytes of the head.
    pub head: usize,
    /// The row of the request.
    pub route: &'static Route,
    /// The state of the transfer.
    pub transfer: Transfer,
    /// The state of the answer.
    pub exchange: Exchange<'static>,
    /// The form of errors.
    pub style: Style,
}

/// A body that arrives in pieces.
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

/// The result of processing input.
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
    /// Begins a body of at most `most` bytes with this framing.
    pub fn begin(framing: Framing, most: usize, limits: &Limits, now: Instant) -> Transfer {
        let left = match framing {
            Framing::None => Left::Length(0),
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunked(Chunked::new()),
        };
        Transfer { left, most, pace: Pace::of_input(now, limits) }
    }

    /// Takes received bytes of the body from `recv`, which keeps them if the body `is_wanted`.
    pub fn take(
        &mut self,
        recv: &mut RecvBuf,
        is_wanted: bool,
        limits: &Limits,
        now: Instant,
    ) -> Taken {
        let before = recv.len();
        let taken = match &mut self.left {
            Left::Length(left) => {
                let count = recv.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                recv.keep(if is_wanted { 0..count } else { 0..0 }, count);
                *left -= count as u64;
                if *left == 0 { Taken::All } else { Taken::Some(Progress::Starved) }
            }
            Left::Chunked(chunked) => unchunk(chunked, &mut self.most, recv, is_wanted, limits),
        };
        self.pace.moved(before - recv.len(), now);
        taken
    }

    /// Returns the deadline of the rest.
    pub fn deadline(&self, limits: &Limits) -> Deadline {
        Deadline::Busy(self.pace.deadline(limits.body_timeout, limits))
    }
}

/// Returns true if a body with this framing is known to be longer than `most` in advance. In chunks
/// that shows later; but a client that waits for `100 Continue` need not send a body of which
/// nothing is taken.
pub fn is_too_large(framing: Framing, most: usize, asks_first: bool) -> bool {
    match framing {
        Framing::None => false,
        Framing::Length(length) => length > most as u64,
        Framing::Chunked => asks_first && most == 0,
    }
}

impl<R: Router> Session<R> {
    pub(super) fn receive(&mut self, receiving: Box<Receiving>, limits: &Limits) {
        self.deadline = Some(receiving.transfer.deadline(limits));
        self.stage = Stage::Body(receiving);
    }

    pub(super) fn body(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let Stage::Body(mut receiving) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            unreachable!("called in this stage only")
        };
        let limits = cx.world.web.limits;
        match receiving.transfer.take(recv, receiving.route.body.is_wanted(), &limits, cx.now) {
            Taken::Some(progress) => {
                self.receive(receiving, &limits);
                return progress;
            }
            Taken::All => {
                let message = recv.take_kept();
                self.received(*receiving, &message, cx);
            }
            Taken::TooLarge => {
                let response = receiving.style.too_large();
                self.finish(receiving.exchange, &response, Close::TooLarge, cx);
            }
            Taken::Bad(reason) => {
                cx.stats.parse_errors.add(reason.name());
                let response = receiving.style.error(reason.status(), reason.text());
                let exchange = receiving.exchange.refused_by(reason.name());
                self.finish(exchange, &response, Close::BadInput, cx);
            }
        }
        Progress::Advanced
    }

    /// Handles a complete body. Its head is parsed again instead of being kept in a second form.
    fn received(&mut self, receiving: Receiving, message: &[u8], cx: &mut Cx<'_>) {
        let limits = cx.world.web.limits;
        let (raw, body) = message.split_at(receiving.head);
        let (mut fields, mut scan) = (Fields::new(), Scan::default());
        let Parse::Done(head, _) = head(raw, &mut scan, &limits, &mut fields) else {
            unreachable!("a head that was complete once is complete again")
        };
        self.ask(receiving.exchange, receiving.route, (&head, raw), body, cx);
    }

    /// Answers a request whose body was not read. A short one is discarded as it arrives;
    /// otherwise, and if the client may or may not send it, the connection closes.
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
            let transfer = Transfer::begin(head.framing, most, &limits, cx.now);
            self.deadline = Some(transfer.deadline(&limits));
            self.stage = Stage::Skipping(Box::new(transfer));
        }
    }

    pub(super) fn skip(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let Stage::Skipping(transfer) = &mut self.stage else {
            unreachable!("called in this stage only")
        };
        let limits = cx.world.web.limits;
        match transfer.take(recv, false, &limits, cx.now) {
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
    is_wanted: bool,
    limits: &Limits,
) -> Taken {
    loop {
        let input = recv.bytes();
        let (piece, used) = match chunked.next(input, limits) {
            Parse::Done(piece, used) => (piece, used),
            Parse::More => return Taken::Some(Progress::Starved),
            Parse::Bad(reason) => return Taken::Bad(reason),
        };
        let length = match piece {
            Piece::Nothing => 0,
            Piece::Data(data) => data.len(),
            Piece::End => {
                recv.consume(used);
                return Taken::All;
            }
        };
        // The line of its size tells the length of a chunk before any of it arrives.
        if chunked.left() + length as u64 > *most as u64 {
            return Taken::TooLarge;
        }
        *most -= length;
        recv.keep(if is_wanted { used - length..used } else { 0..0 }, used);
    }
}
