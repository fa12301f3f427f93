//! A list on its way out: a piece at a time, each printed by a worker when there is room for it,
//! so that no connection holds more of a long list than it may hold of anything.
//!
//! ```text
//!   Asked ─printed→ Ready ─room→ offered, and the next one Asked ─▶ … ─▶ sent
//!     │ pool full
//!   Full ─a little later→ Asked
//! ```

use super::sending::Progressed;
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Refusal, Ticket};
use crate::stats::Close;
use crate::work::store::list::{Job as Print, List, Product};
use crate::work::{Compute, Job, Outcome};
use std::sync::Arc;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct Listing {
    list: Arc<List>,
    /// How many items were offered.
    next: usize,
    /// Bytes that have not been offered yet.
    left: u64,
    /// Bytes of a piece.
    most: usize,
    piece: Piece,
    ticket: Ticket,
    /// Why the connection closes after it, if it does.
    pub then: Option<Close>,
}

/// The next piece.
#[derive(Debug)]
enum Piece {
    /// A worker prints it.
    Asked,
    /// It waits for room; so many items are printed with it.
    Ready(usize, String),
    /// No worker had time: until when to wait.
    Full(Instant),
}

impl Listing {
    /// Begins with a list whose head was printed.
    pub fn begin(
        list: &Arc<List>,
        then: Option<Close>,
        ticket: Ticket,
        cx: &mut Cx<'_>,
    ) -> Listing {
        let (list, left) = (Arc::clone(list), list.bytes);
        let most = cx.world.web.limits.output_high / 2;
        let mut listing = Listing { list, next: 0, left, most, piece: Piece::Asked, ticket, then };
        listing.ask(cx);
        listing
    }

    /// When to look at the time.
    pub fn deadline(&self) -> Option<Deadline> {
        match self.piece {
            Piece::Full(until) => Some(Deadline::Busy(until)),
            Piece::Asked | Piece::Ready(..) => None,
        }
    }

    /// Bytes that have not been offered yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Something has happened.
    pub fn handle(&mut self, event: Event, cx: &mut Cx<'_>) -> Progressed {
        match event {
            Event::Done(ticket, Outcome::List(Product::Piece(next, text)))
                if ticket == self.ticket =>
            {
                self.piece = Piece::Ready(next, text);
            }
            // The job panicked.
            Event::Done(..) => return Progressed::Changed,
            Event::Refused(Refusal::Job(_)) => {
                self.piece = Piece::Full(cx.now + limits::FILE_RETRY);
            }
            Event::Tick => {
                if let Piece::Full(until) = self.piece
                    && until <= cx.now
                {
                    self.ask(cx);
                }
            }
            Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Mail(_)
            | Event::Refused(Refusal::Connection | Refusal::Input) => {}
        }
        self.offer(cx)
    }

    /// Hands the next piece over, if there is room for it.
    fn offer(&mut self, cx: &mut Cx<'_>) -> Progressed {
        if !matches!(self.piece, Piece::Ready(..)) || cx.send.len() > cx.world.web.limits.output_low
        {
            return Progressed::Some;
        }
        let Piece::Ready(next, text) = std::mem::replace(&mut self.piece, Piece::Asked) else {
            return Progressed::Some;
        };
        self.left = self.left.saturating_sub(text.len() as u64);
        cx.send.push_owned(text.into_bytes());
        self.next = next;
        if self.next == self.list.items.len() {
            return Progressed::All;
        }
        self.ask(cx);
        Progressed::Some
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        self.piece = Piece::Asked;
        let print = Print::piece(Arc::clone(&self.list), self.next, self.most);
        cx.effects.push(Effect::Submit(self.ticket, Job::Compute(Compute::List(print))));
    }
}
