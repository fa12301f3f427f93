//! Closed lists of labels for counters.

use crate::names::Method;

/// The service whose code was running: an area, not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Handler {
    /// None: bytes that were not a request, paths that do not exist.
    #[default]
    None,
    /// The site on the web listener.
    Site,
    /// Estimates of π.
    Pi,
    /// The legacy server, and requests to it.
    Legacy,
    /// Proof of work.
    Pow,
    /// The chat.
    Chat,
    /// The bookstore.
    Store,
    /// The panel itself.
    Panel,
    /// Liveness and readiness.
    Health,
}

impl Handler {
    /// All of them, in the order of their counters.
    pub const ALL: [Handler; 9] = [
        Handler::None,
        Handler::Site,
        Handler::Pi,
        Handler::Legacy,
        Handler::Pow,
        Handler::Chat,
        Handler::Store,
        Handler::Panel,
        Handler::Health,
    ];

    /// Returns the name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Handler::None => "none",
            Handler::Site => "site",
            Handler::Pi => "pi",
            Handler::Legacy => "legacy",
            Handler::Pow => "pow",
            Handler::Chat => "chat",
            Handler::Store => "store",
            Handler::Panel => "panel",
            Handler::Health => "health",
        }
    }
}

/// Returns the label of a method; requests that could not be read share that of unknown methods.
pub fn method(method: Method) -> &'static str {
    match method {
        Method::Other => "other",
        Method::Get
        | Method::Head
        | Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Connect
        | Method::Trace => method.name(),
    }
}

/// Status codes with counters of their own. Any other is counted under the last, which is not a
/// code.
pub const CODES: [u16; 36] = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409,
    410, 412, 413, 414, 415, 416, 417, 422, 428, 429, 431, 500, 501, 502, 503, 505, 0,
];

/// Returns the index of a status code in [`CODES`].
pub fn code(status: u16) -> usize {
    CODES.iter().position(|code| *code == status).unwrap_or(CODES.len() - 1)
}

/// The activity of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A request is arriving.
    Reading,
    /// An answer is pending, or the connection is being closed.
    Writing,
    /// No request and no answer is pending.
    Idle,
}

impl Presence {
    /// All of them, in the order of their gauges.
    pub const ALL: [Presence; 3] = [Presence::Reading, Presence::Writing, Presence::Idle];

    /// Returns the name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Presence::Reading => "reading",
            Presence::Writing => "writing",
            Presence::Idle => "idle",
        }
    }
}

/// The kind of peer of an accepted connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerClass {
    /// A client of the site and of the HTTP interfaces.
    Visitor,
    /// A client of one of the TCP services without HTTP.
    Line,
    /// An operator, or a page that monitors the server.
    Operator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_the_order_of_their_counters() {
        assert!(Handler::ALL.iter().enumerate().all(|(index, item)| *item as usize == index));
        assert!(Method::ALL.iter().enumerate().all(|(index, item)| *item as usize == index));
        assert!(Presence::ALL.iter().enumerate().all(|(index, item)| *item as usize == index));
        assert!(CODES.is_sorted_by(|a, b| a < b || *b == 0));
        assert_eq!((CODES[code(404)], CODES[code(299)]), (404, 0));
    }
}
