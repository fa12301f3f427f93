//! Why connections end, and why datagrams get no answer.

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The peer ended it while nothing was owed.
    Peer,
    /// The conversation was over, by its own rules.
    Finished,
    /// The peer asked for the end with its last request, and has got its answer.
    Requested,
    /// No request came in the keep-alive time.
    Idle,
    /// A head, or the first byte of one, did not come in time.
    HeadTimeout,
    /// A body did not come in time, or too slowly.
    BodyTimeout,
    /// The peer did not take its answer in time, or too slowly.
    SlowReader,
    /// The peer sent what the protocol forbids.
    BadInput,
    /// The peer sent more than a limit allows.
    TooLarge,
    /// An answer did not come from the other end in time.
    ReplyTimeout,
    /// Reset by the peer, or a read or write failed.
    Lost,
    /// The file that was being sent changed, shrank or could not be read: what had been promised
    /// of it could not be kept.
    Changed,
    /// An outgoing connection could not be established.
    Unreachable,
    /// Closed while idle to make room for a new connection.
    Evicted,
    /// It held input while it waited for more, and the memory was needed for others.
    InputFull,
    /// Closed while idle because the server is ending.
    Draining,
    /// The server's end came before the conversation's.
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

    /// The reason as logs and metrics write it.
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

/// Why a datagram got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// Its source had used up its rate.
    Rate,
    /// Its source must never be answered: port 0, a reserved port, or the server itself.
    Source,
    /// Too many peers were waiting.
    Full,
    /// The server was ending.
    Draining,
    /// Receiving or sending failed.
    Io,
}

impl Drop {
    /// All reasons, in the order of their counters.
    pub const ALL: [Drop; 5] = [Drop::Rate, Drop::Source, Drop::Full, Drop::Draining, Drop::Io];

    /// The reason as logs and metrics write it.
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
