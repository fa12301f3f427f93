//! Sends content piece by piece: a file or a long list. A worker prepares each piece before it is
//! offered to the socket, so that the loop never waits for a disk, and no connection holds more of
//! a list than of other output.
//!
//! ```text
//!   Asked ─ready→ Ready ─room→ offered, and the next one Asked ─▶ … ─▶ sent
//!     │ pool full
//!   Full ─a little later→ Asked
//! ```
//! The beginning of a file is in memory since it was opened, and is sent with the head. No byte of
//! a file is held here. A file that has changed ends the connection: missing bytes are never made
//! up.

use super::response::Body;
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Refusal, Ticket};
use crate::stats::Close;
use crate::work::files::{self, Opened};
use crate::work::store::list::{Job as Print, List, Product};
use crate::work::{Compute, Job, Outcome};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// The content in transit; see the module.
#[derive(Debug)]
pub struct Flow {
    source: Source,
    /// Bytes that were not offered yet.
    left: u64,
    piece: Piece,
    ticket: Ticket,
    /// The reason to close the connection afterwards, if there is one.
    then: Option<Close>,
}

#[derive(Debug)]
enum Source {
    /// A file, from this offset on.
    File(Arc<Opened>, u64),
    /// A list, from this item on.
    List(Arc<List>, usize),
}

/// The state of the next piece.
#[derive(Debug)]
enum Piece {
    /// A worker prepares it.
    Asked,
    /// The range of a file up to this offset is in memory, and waits for room.
    Stretch(u64),
    /// The items of a list up to this one are printed, and wait for room.
    Text(usize, String),
    /// The pool was full: the time of the next attempt.
    Full(Instant),
}

/// The progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progressed {
    /// There is more to come.
    Some,
    /// All of it has been offered.
    All,
    /// The file has changed.
    Changed,
}

impl Flow {
    /// Begins to send the content, unless it went out with its head. `then` closes the connection
    /// after it.
    pub fn begin(
        body: &Body,
        then: Option<Close>,
        ticket: Ticket,
        cx: &mut Cx<'_>,
    ) -> Option<Flow> {
        let (source, left) = match body {
            Body::File(file, Range { start, end }) => {
                let warm = (*start).max(file.warm().min(*end));
                cx.send.push_file(file, *start..warm);
                (Source::File(Arc::clone(file), warm), end - warm)
            }
            Body::List(list) => (Source::List(Arc::clone(list), 0), list.bytes),
            Body::Bytes(_) | Body::Shared(..) | Body::Sealed(..) | Body::Unsent(_) => return None,
        };
        let mut flow = Flow { source, left, piece: Piece::Asked, ticket, then };
        if flow.left > 0 {
            flow.ask(cx);
        }
        Some(flow)
    }

    /// Returns the time of the next [`Event::Tick`], if one is wanted.
    pub fn deadline(&self) -> Option<Deadline> {
        match self.piece {
            Piece::Full(until) => Some(Deadline::Busy(until)),
            Piece::Asked | Piece::Stretch(_) | Piece::Text(..) => None,
        }
    }

    /// Returns the bytes that have not been offered yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Returns the reason to close the connection afterwards, if there is one.
    pub fn then(&self) -> Option<Close> {
        self.then
    }

    /// Handles an event, or more room for output.
    pub fn handle(&mut self, event: Event, cx: &mut Cx<'_>) -> Progressed {
        match event {
            Event::Done(ticket, outcome) if ticket == self.ticket => {
                match (&self.source, outcome) {
                    (Source::File(_, at), Outcome::Files(files::Outcome::Warm)) => {
                        self.piece = Piece::Stretch(at + self.stretch(cx));
                    }
                    (Source::List(..), Outcome::List(Product::Piece(next, text))) => {
                        self.piece = Piece::Text(next, text);
                    }
                    // The file has changed, or the job panicked.
                    (Source::File(..) | Source::List(..), _) => return Progressed::Changed,
                }
            }
            Event::Done(..) => return Progressed::Changed,
            Event::Refused(Refusal::Job(_)) => {
                self.piece = Piece::Full(cx.now + limits::FILE_RETRY);
            }
            Event::Tick => {
                if self.deadline().is_some_and(|until| until.at() <= cx.now) {
                    self.ask(cx);
                }
            }
            Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Mail(_)
            | Event::Refused(Refusal::Connection(_) | Refusal::Input) => {}
        }
        self.offer(cx)
    }

    /// Offers the next piece to the socket, if there is room for it, and requests the one after it.
    fn offer(&mut self, cx: &mut Cx<'_>) -> Progressed {
        if cx.send.len() > cx.world.web.limits.output_low {
            return Progressed::Some;
        }
        match (&mut self.source, std::mem::replace(&mut self.piece, Piece::Asked)) {
            (Source::File(file, at), Piece::Stretch(end)) => {
                cx.send.push_file(file, *at..end);
                self.left -= end - *at;
                *at = end;
                if self.left == 0 {
                    return Progressed::All;
                }
            }
            (Source::List(list, next), Piece::Text(after, text)) => {
                self.left = self.left.saturating_sub(text.len() as u64);
                cx.send.push_owned(text.into_bytes());
                *next = after;
                if after == list.items.len() {
                    return Progressed::All;
                }
            }
            (Source::File(..) | Source::List(..), piece) => {
                self.piece = piece;
                return Progressed::Some;
            }
        }
        self.ask(cx);
        Progressed::Some
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        let job = match &self.source {
            Source::File(file, at) => {
                let stretch = *at..at + self.stretch(cx);
                Compute::Files(Box::new(files::Job::warm(Arc::clone(file), stretch)))
            }
            Source::List(list, next) => {
                let most = cx.world.web.limits.output_high / 2;
                Compute::List(Print::piece(Arc::clone(list), *next, most))
            }
        };
        self.piece = Piece::Asked;
        cx.effects.push(Effect::Submit(self.ticket, Job::Compute(job)));
    }

    /// Returns the length of the next stretch of a file.
    fn stretch(&self, cx: &Cx<'_>) -> u64 {
        self.left.min((cx.world.web.limits.output_high * limits::FILE_STRETCH) as u64)
    }
}
