//! Counters in closed lists: no text from the wire ever names a counter.
//!
//! One thread counts, so these are plain numbers. No decision depends on them; they are for people
//! and for `/metrics`. A service counts into `cx.stats`, mostly in a block of its own; the panel
//! reads the counters there and nowhere else.
//!
//! ```text
//!   turn_begins ─▶ at_work · answered ─▶ step ─▶ at_work · … ─▶ turn_ends
//!                  └── of one connection ───┘
//! ```

mod blocks;
mod chat;
mod close;
mod connections;
mod histogram;
mod label;
mod quantile;
mod reasons;
mod requests;
pub mod store;
mod turns;

pub use blocks::{Cache, Jobs, Legacy, Pi, Pow, Process, Site};
pub use chat::Chat;
pub use close::{Close, Drop};
pub use connections::ConnectionCounts;
pub use histogram::{BOUNDS, Buckets, Recent};
pub use label::{CODES, Handler, PeerClass, Presence, method};
pub use quantile::quantile;
pub use reasons::Reasons;
pub use requests::{Answered, Latest, PATH_BYTES_MAX, Requests};
pub use turns::{Step, Turns};

use std::time::{Instant, SystemTime};

/// Counts for a closed list of reasons.
#[derive(Debug, Clone)]
pub struct Tally<const N: usize>([u64; N]);

impl<const N: usize> Default for Tally<N> {
    fn default() -> Tally<N> {
        Tally([0; N])
    }
}

impl<const N: usize> Tally<N> {
    /// Counts the reason with this index.
    pub fn add(&mut self, index: usize) {
        self.0[index] += 1;
    }

    /// Returns the count of the reason with this index.
    pub fn count(&self, index: usize) -> u64 {
        self.0[index]
    }

    /// Returns the sum over all reasons.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
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
    /// Events for connections that had already ended.
    pub stale: u64,
    /// Requests answered over HTTP.
    pub requests: u64,
    /// Jobs refused because the pool or the database queue was full.
    pub jobs_refused: u64,
    /// Access log lines dropped because the log thread was behind.
    pub log_lines_dropped: u64,
    /// Accepted connections that are open.
    pub connections: ConnectionCounts,
    /// Refusals of parsers.
    pub parse_errors: Reasons,
    /// Jobs on other threads.
    pub jobs: Jobs,
    /// The site's cache.
    pub cache: Cache,
    /// Visitors of the site.
    pub site: Site,
    /// The π web service.
    pub pi: Pi,
    /// The legacy server.
    pub legacy: Legacy,
    /// Proof of work.
    pub pow: Pow,
    /// The live chat.
    pub chat: Chat,
    /// The bookstore.
    pub store: store::Store,
    /// The process.
    pub process: Process,
    /// Start of the server by both clocks; `None` if it was not set.
    pub since: Option<(Instant, SystemTime)>,
    measured: Option<Box<Measured>>,
}

/// Measurements that need a clock or a table.
#[derive(Debug, Default)]
struct Measured {
    requests: Requests,
    turns: Turns,
}

impl Stats {
    /// Creates the counters at the start of a server, with measurements if `measuring`.
    pub fn new(now: Instant, wall: SystemTime, measuring: bool) -> Stats {
        let measured = measuring.then(Box::default);
        Stats { since: Some((now, wall)), measured, ..Stats::default() }
    }

    /// Returns true if durations are measured; otherwise no clock needs to be read for them.
    pub fn is_measuring(&self) -> bool {
        self.measured.is_some()
    }

    /// Returns the requests answered over HTTP, if they are measured.
    pub fn answers(&self) -> Option<&Requests> {
        self.measured.as_ref().map(|measured| &measured.requests)
    }

    /// Returns the turns of the loop, if they are measured.
    pub fn pace(&self) -> Option<&Turns> {
        self.measured.as_ref().map(|measured| &measured.turns)
    }

    /// Attributes the running code to this service, until the step ends.
    pub fn at_work(&mut self, handler: Handler) {
        if let Some(measured) = &mut self.measured {
            measured.turns.at_work(handler);
        }
    }

    /// Records an answer to a request for this path. The driver reports with [`Stats::step`] when
    /// it was passed to the kernel.
    pub fn answered(&mut self, answered: Answered, path: &str) {
        self.requests += 1;
        if let Some(measured) = &mut self.measured {
            measured.requests.printed(answered, path);
        }
    }

    /// Ends a connection's step at `now`, by a clock that was just read.
    pub fn step(&mut self, now: Instant, wall: SystemTime) {
        if let Some(measured) = &mut self.measured {
            if measured.requests.is_waiting() {
                measured.requests.offered(now);
            }
            measured.turns.step(now, wall);
        }
    }

    /// Begins a turn, see [`Turns`]: `due` is its deadline, `events` the number that the kernel
    /// reported.
    pub fn turn_begins(&mut self, now: Instant, due: Option<Instant>, events: usize) {
        self.turns += 1;
        if let Some(measured) = &mut self.measured {
            measured.turns.begin(now, due, events);
        }
    }

    /// Records the blocks that were computed on the loop in a turn.
    pub fn in_place(&mut self, blocks: u64) {
        if let Some(measured) = &mut self.measured {
            measured.turns.in_place(blocks);
        }
    }

    /// Ends the turn at `now`.
    pub fn turn_ends(&mut self, now: Instant) {
        if let Some(measured) = &mut self.measured {
            measured.turns.end(now);
        }
    }
}
