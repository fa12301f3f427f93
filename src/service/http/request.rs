//! A request, as its handler sees it.

use super::route::{ListenerRole, Route};
use crate::service::Ticket;
use crate::wire::http::Head;

/// Tickets that belong to one request, from [`Request::ticket`] on.
pub const TICKETS: u32 = 2;

/// A request whose body, if it has one, is complete.
#[derive(Debug)]
pub struct Request<'a, 'h, 'b> {
    /// The head.
    pub head: &'a Head<'h, 'b>,
    /// The head as it was received, for handlers that have to parse it again later.
    pub raw: &'a [u8],
    /// The whole body, without its framing.
    pub body: &'a [u8],
    /// The first of the tickets that are this request's own.
    pub ticket: Ticket,
    /// The listener that it came to.
    pub face: ListenerRole,
    /// The row that it was found by.
    pub route: &'static Route,
}

impl<'b> Request<'_, '_, 'b> {
    /// Returns the segment of the path that the row names.
    pub fn segment(&self) -> &'b str {
        self.route.path.segment(self.head.target.path()).unwrap_or_default()
    }

    /// Returns true if the body is JSON by its type. A missing type counts; parameters such as a
    /// character set are ignored.
    pub fn is_json(&self) -> bool {
        self.head.field("content-type").is_none_or(|value| {
            let media = value.split(|byte| *byte == b';').next().unwrap_or(b"").trim_ascii();
            media.eq_ignore_ascii_case(b"application/json")
                || media.len() > 5 && media[media.len() - 5..].eq_ignore_ascii_case(b"+json")
        })
    }
}
