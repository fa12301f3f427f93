//! When a session wants to be told that time has passed, and what that means for its connection.

use std::time::Instant;

/// When a session wants [`super::Event::Tick`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Something is owed to the peer, or by it.
    Busy(Instant),
    /// Nothing yet: the peer has not said a word. Its first one is awaited, unless the server
    /// ends.
    Fresh(Instant),
    /// Nothing is: if room is needed, this connection may be closed at once.
    Idle(Instant),
    /// Nothing is, but the session has to stay. When the server ends it is ticked early, after
    /// which its deadline must be another one.
    Standing(Instant),
}

impl Deadline {
    /// The moment, if something is owed until then or a first word awaited.
    pub fn owed(self) -> Option<Instant> {
        match self {
            Deadline::Busy(at) | Deadline::Fresh(at) => Some(at),
            Deadline::Idle(_) | Deadline::Standing(_) => None,
        }
    }

    /// The moment itself.
    pub fn at(self) -> Instant {
        match self {
            Deadline::Busy(at)
            | Deadline::Fresh(at)
            | Deadline::Idle(at)
            | Deadline::Standing(at) => at,
        }
    }
}
