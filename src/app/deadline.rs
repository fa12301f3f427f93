//! Deadlines of sessions, and their meaning for the connection.

use std::time::Instant;

/// The time of the next [`super::Event::Tick`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Something is owed to the peer, or by it.
    Busy(Instant),
    /// Nothing is owed yet: the peer has not sent anything. Its first bytes are awaited, unless the
    /// server shuts down.
    Fresh(Instant),
    /// Nothing is owed: if room is needed, this connection may be closed at once.
    Idle(Instant),
    /// Nothing is owed, but the session has to stay. At the shutdown it is ticked early, after
    /// which it must have another deadline.
    Standing(Instant),
}

impl Deadline {
    /// Returns the time, if something is owed until then or first bytes are awaited.
    pub fn owed(self) -> Option<Instant> {
        match self {
            Deadline::Busy(at) | Deadline::Fresh(at) => Some(at),
            Deadline::Idle(_) | Deadline::Standing(_) => None,
        }
    }

    /// Returns the time.
    pub fn at(self) -> Instant {
        match self {
            Deadline::Busy(at)
            | Deadline::Fresh(at)
            | Deadline::Idle(at)
            | Deadline::Standing(at) => at,
        }
    }
}
