//! What is counted, in closed lists: no text from the wire ever names a counter.
//!
//! One thread counts, so these are plain numbers. Nothing reads them to decide; they are for
//! people and for `/metrics`.

mod close;

pub use close::{Close, Drop};

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
}
