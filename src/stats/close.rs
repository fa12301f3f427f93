//! Reasons why connections end, and why datagrams are dropped.

/// The reason why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The peer closed it while no answer was pending.
    Peer,
    /// The session was over, by its protocol.
    Finished,
    /// The peer asked to close with its last request, and has its answer.
    Requested,
    /// No request came within the keep-alive time.
    Idle,
    /// A head, or its first byte, did not come in time.
    HeadTimeout,
    /// A body did not come in time, or too slowly.
    BodyTimeout,
    /// The peer did not read its answer in time, or too slowly.
    SlowReader,
    /// The peer violated the protocol.
    BadInput,
    /// The peer exceeded a limit.
    TooLarge,
    /// A reply from a server that we called did not come in time.
    ReplyTimeout,
    /// Reset by the peer, or a read or write failed.
    Lost,
    /// The file that was being sent changed, shrank or became unreadable, so the announced response
    /// could not be completed.
    Changed,
    /// An outgoing connection could not be established.
    Unreachable,
    /// Closed while idle to make room for a new connection.
    Evicted,
    /// It held input while it waited for more, and others needed the memory.
    InputFull,
    /// Closed while idle because the server is shutting down.
    Draining,
    /// The server stopped before the session was over.
    Aborted,
    /// A bug: the session panicked.
    Panicked,
}

impl Close {
    /// All reasons, in the order of their counters.
    pub const ALL: [Close; 18] = [
        Close::Peer,
        Close::Finished,
        Close::Requested,
        Close::Idle,
        Close::HeadTimeout,
        Close::BodyTimeout,
        Close::SlowReader,
        Close::BadInput,
        Close::TooLarge,
        Close::ReplyTimeout,
        Close::Lost,
        Close::Changed,
        Close::Unreachable,
        Close::Evicted,
        Close::InputFull,
        Close::Draining,
        Close::Aborted,
        Close::Panicked,
    ];

    /// Returns the reason as it appears in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Close::Peer => "peer",
            Close::Finished => "finished",
            Close::Requested => "requested",
            Close::Idle => "idle",
            Close::HeadTimeout => "head-timeout",
            Close::BodyTimeout => "body-timeout",
            Close::SlowReader => "slow-reader",
            Close::BadInput => "bad-input",
            Close::TooLarge => "too-large",
            Close::ReplyTimeout => "reply-timeout",
            Close::Lost => "lost",
            Close::Changed => "file-changed",
            Close::Unreachable => "unreachable",
            Close::Evicted => "evicted",
            Close::InputFull => "input-full",
            Close::Draining => "draining",
            Close::Aborted => "aborted",
            Close::Panicked => "panicked",
        }
    }
}

/// The reason why a datagram got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// Its source had used up its rate.
    Rate,
    /// Its source must never be answered: port 0, a reserved port, or the server itself.
    Source,
    /// Too many peers were waiting.
    Full,
    /// The server was shutting down.
    Draining,
    /// Receiving or sending failed.
    Io,
}

impl Drop {
    /// All reasons, in the order of their counters.
    pub const ALL: [Drop; 5] = [Drop::Rate, Drop::Source, Drop::Full, Drop::Draining, Drop::Io];

    /// Returns the reason as it appears in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Drop::Rate => "rate",
            Drop::Source => "source",
            Drop::Full => "full",
            Drop::Draining => "draining",
            Drop::Io => "io",
        }
    }
}
