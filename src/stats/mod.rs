//! What is counted, in closed lists: no text from the wire ever names a counter.
//!
//! One thread counts, so these are plain numbers. Nothing reads them to decide; they are for
//! people and for `/metrics`. A service counts into `cx.stats`, most of it in a block of its own;
//! the panel reads them there and nowhere else.
//!
//! ```text
//!   turn_begins ─▶ at_work · answered ─▶ step ─▶ at_work · … ─▶ turn_ends
//!                  └── of one connection ───┘
//! ```

mod blocks;
mod chat;
mod close;
mod crowd;
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
pub use crowd::Crowd;
pub use histogram::{BOUNDS, Buckets, Recent};
pub use label::{CODES, Handler, Party, Presence, Verb};
pub use quantile::quantile;
pub use reasons::Reasons;
pub use requests::{Answered, Latest, PATH_BYTES_MAX, Requests};
pub use turns::{Step, Turns};

use std::time::{Instant, SystemTime};

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
    /// Accepted connections that are open.
    pub crowd: Crowd,
    /// Refusals of parsers.
    pub parse_errors: Reasons,
    /// Work done elsewhere.
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
    /// When the server began, by both clocks; none where nobody said so.
    pub since: Option<(Instant, SystemTime)>,
    measured: Option<Box<Measured>>,
}

/// What takes a clock, or a table, to count.
#[derive(Debug, Default)]
struct Measured {
    requests: Requests,
    turns: Turns,
}

impl Stats {
    /// The counters at the start of a server, which measures itself if `measuring`.
    pub fn new(now: Instant, wall: SystemTime, measuring: bool) -> Stats {
        let measured = measuring.then(Box::default);
        Stats { since: Some((now, wall)), measured, ..Stats::default() }
    }

    /// Whether durations are measured: if not, nobody need read a clock for them.
    pub fn is_measuring(&self) -> bool {
        self.measured.is_some()
    }

    /// The requests answered over HTTP, if they are measured.
    pub fn answers(&self) -> Option<&Requests> {
        self.measured.as_ref().map(|measured| &measured.requests)
    }

    /// The turns of the loop, if they are measured.
    pub fn pace(&self) -> Option<&Turns> {
        self.measured.as_ref().map(|measured| &measured.turns)
    }

    /// This one's code goes to work, until the step ends.
    pub fn at_work(&mut self, handler: Handler) {
        if let Some(measured) = &mut self.measured {
            measured.turns.at_work(handler);
        }
    }

    /// A request for this path was answered. The driver tells by [`Stats::step`] when that was
    /// offered to the kernel.
    pub fn answered(&mut self, answered: Answered, path: &str) {
        self.requests += 1;
        if let Some(measured) = &mut self.measured {
            measured.requests.printed(answered, path);
        }
    }

    /// A connection's step ended at `now`, by a clock of this moment.
    pub fn step(&mut self, now: Instant, wall: SystemTime) {
        if let Some(measured) = &mut self.measured {
            if measured.requests.is_waiting() {
                measured.requests.offered(now);
            }
            measured.turns.step(now, wall);
        }
    }

    /// A turn begins, see [`Turns`]: when it was due, and how many events the kernel reported.
    pub fn turn_begins(&mut self, now: Instant, due: Option<Instant>, events: usize) {
        self.turns += 1;
        if let Some(measured) = &mut self.measured {
            measured.turns.begin(now, due, events);
        }
    }

    /// A turn's budget for work in place is over, of which so many blocks were used.
    pub fn in_place(&mut self, blocks: u64) {
        if let Some(measured) = &mut self.measured {
            measured.turns.in_place(blocks);
        }
    }

    /// The turn ends at `now`.
    pub fn turn_ends(&mut self, now: Instant) {
        if let Some(measured) = &mut self.measured {
            measured.turns.end(now);
        }
    }
}
