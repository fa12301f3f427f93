//! What each service counts of itself, and what is known of the process: the panel reads these
//! and never the state of a service.

use std::time::Duration;

/// The π web service.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pi {
    /// Estimates that were answered.
    pub estimates: u64,
    /// Points that were drawn for them.
    pub points: u64,
}

/// The legacy server, and the questions to it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Legacy {
    /// Texts that the server sent over streams.
    pub tcp_answers: u64,
    /// Texts that it sent in datagrams.
    pub udp_answers: u64,
    /// Questions that the web service asked …
    pub probes: u64,
    /// … and how many got a number back.
    pub readings: u64,
}

/// Proof of work.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pow {
    /// Searches that found a proof.
    pub proofs: u64,
    /// Seeds that were tried for them.
    pub tried: u64,
    /// Seeds that they take on average.
    pub expected: f64,
    /// Searches that went through all seeds.
    pub exhausted: u64,
    /// Proofs that were accepted and spent.
    pub spent: u64,
}

impl Pow {
    /// A proof was found after so many seeds, of which so many were to be expected.
    pub fn found(&mut self, tried: u64, expected: f64) {
        self.proofs += 1;
        self.tried += tried;
        self.expected += expected;
    }
}

/// The cache of the site. It counts itself; whoever owns it copies the figures here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cache {
    /// Whether it is in use.
    pub enabled: bool,
    /// Requests answered from memory.
    pub hits: u64,
    /// Requests that a file was read for.
    pub misses: u64,
    /// Requests that the cache had no part in.
    pub bypasses: u64,
    /// Entries that had to make room for others.
    pub evictions: u64,
    /// Entries there are.
    pub entries: usize,
    /// Bytes that they take.
    pub bytes: usize,
    /// Bytes that they may take.
    pub max_bytes: usize,
}

impl Cache {
    /// The share of lookups that were answered from memory.
    pub fn hit_share(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses).max(1) as f64
    }
}

/// Visitors of the site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Site {
    /// Sessions that have begun.
    pub sessions: u64,
}

/// Work that is done elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Jobs {
    /// Threads for it.
    pub workers: usize,
    /// Jobs that the workers have not finished, those at hand among them.
    pub queued: usize,
    /// Jobs and requests to the database that were handed on.
    pub submitted: u64,
    /// Those that came back.
    pub done: u64,
}

/// The process, as the operating system sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    /// Memory that is resident.
    pub rss_bytes: u64,
    /// Open descriptors.
    pub fds: u64,
    /// Threads.
    pub threads: u64,
    /// Time on any core, of all threads.
    pub cpu: Duration,
}
