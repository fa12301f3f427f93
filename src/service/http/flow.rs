//! Content on its way out, in pieces that are fetched from elsewhere: a file, or a long list.

use super::listing::Listing;
use super::response::Body;
use super::sending::{Progressed, Sending};
use crate::service::{Cx, Deadline, Event, Ticket};
use crate::stats::Close;

/// See the module.
#[derive(Debug)]
pub enum Flow {
    /// A file.
    File(Sending),
    /// A list.
    List(Listing),
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
        match body {
            Body::File(file, range) => {
                Some(Flow::File(Sending::begin(file, range.clone(), then, ticket, cx)))
            }
            Body::List(list) => Some(Flow::List(Listing::begin(list, then, ticket, cx))),
            Body::Bytes(_) | Body::Shared(..) | Body::Sealed(..) | Body::Unsent(_) => None,
        }
    }

    /// When to look at the time.
    pub fn deadline(&self) -> Option<Deadline> {
        match self {
            Flow::File(file) => file.deadline(),
            Flow::List(list) => list.deadline(),
        }
    }

    /// Bytes that have not been offered yet.
    pub fn left(&self) -> u64 {
        match self {
            Flow::File(file) => file.left(),
            Flow::List(list) => list.left(),
        }
    }

    /// Why the connection closes after it, if it does.
    pub fn then(&self) -> Option<Close> {
        match self {
            Flow::File(file) => file.then,
            Flow::List(list) => list.then,
        }
    }

    /// Something has happened.
    pub fn handle(&mut self, event: Event, cx: &mut Cx<'_>) -> Progressed {
        match self {
            Flow::File(file) => file.handle(&event, cx),
            Flow::List(list) => list.handle(event, cx),
        }
    }
}
