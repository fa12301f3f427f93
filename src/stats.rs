//! What is counted, in closed lists: no text from the wire ever names a counter.
//!
//! One thread counts, so these are plain numbers. Nothing reads them to decide; they are for
//! people and for `/metrics`.

/// A closed list of reasons, and the counts of each.
#[derive(Debug, Clone)]
pub struct Tally<const N: usize>([u64; N]);

impl<const N: usize> Default for Tally<N> {
    fn default() -> Tally<N> {
        Tally([0; N])
    }
}

impl<const N: usize> Tally<N> {
    /// One more of the reason with this index.
    pub fn add(&mut self, index: usize) {
        self.0[index] += 1;
    }

    /// How often the reason with this index was counted.
    pub fn count(&self, index: usize) -> u64 {
        self.0[index]
    }

    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The peer ended it while nothing was owed.
    Peer,
    /// The conversation was over, by its own rules.
    Finished,
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
    /// An outgoing connection could not be established.
    Unreachable,
    /// Closed while idle to make room for a new connection.
    Evicted,
    /// Closed while idle because the server is ending.
    Draining,
    /// The server's end came before the conversation's.
    Aborted,
    /// A bug: the session panicked.
    Panicked,
}

impl Close {
    /// All reasons, in the order of their counters.
    pub const ALL: [Close; 15] = [
        Close::Peer,
        Close::Finished,
        Close::Idle,
        Close::HeadTimeout,
        Close::BodyTimeout,
        Close::SlowReader,
        Close::BadInput,
        Close::TooLarge,
        Close::ReplyTimeout,
        Close::Lost,
        Close::Unreachable,
        Close::Evicted,
        Close::Draining,
        Close::Aborted,
        Close::Panicked,
    ];

    /// The reason as logs and metrics write it.
    pub fn name(self) -> &'static str {
        match self {
            Close::Peer => "peer",
            Close::Finished => "finished",
            Close::Idle => "idle",
            Close::HeadTimeout => "head-timeout",
            Close::BodyTimeout => "body-timeout",
            Close::SlowReader => "slow-reader",
            Close::BadInput => "bad-input",
            Close::TooLarge => "too-large",
            Close::ReplyTimeout => "reply-timeout",
            Close::Lost => "lost",
            Close::Unreachable => "unreachable",
            Close::Evicted => "evicted",
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

/// The counters of one loop.
#[derive(Debug, Default)]
pub struct Stats {
    /// Turns of the loop.
    pub turns: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections dialled.
    pub dialled: u64,
    /// Sessions opened without a connection.
    pub opened: u64,
    /// Accepts that failed.
    pub accept_failures: u64,
    /// Connections ended, by [`Close`].
    pub closed: Tally<{ Close::ALL.len() }>,
    /// Datagrams received.
    pub datagrams: u64,
    /// Datagrams without an answer, by [`Drop`].
    pub dropped: Tally<{ Drop::ALL.len() }>,
    /// Events for connections that had ended before.
    pub stale: u64,
    /// Requests answered over HTTP.
    pub requests: u64,
    /// Jobs refused because the pool or the database queue was full.
    pub jobs_refused: u64,
    /// Access log lines dropped because the log thread was behind.
    pub log_lines_dropped: u64,
}
