//! The counters of each service, and the state of the process. The panel reads these, never the
//! state of a service.

use std::time::Duration;

/// The π web service.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pi {
    /// Answered estimates.
    pub estimates: u64,
    /// Points drawn for them.
    pub points: u64,
}

/// The legacy server, and requests to it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Legacy {
    /// Answers sent over TCP.
    pub tcp_answers: u64,
    /// Answers sent over UDP.
    pub udp_answers: u64,
    /// Requests that the web service sent …
    pub probes: u64,
    /// … and those that returned a number.
    pub readings: u64,
}

/// Proof of work.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pow {
    /// Searches that found a proof.
    pub proofs: u64,
    /// Seeds tried for them.
    pub tried: u64,
    /// Seeds that they take on average.
    pub expected: f64,
    /// Searches that tried all seeds in vain.
    pub exhausted: u64,
    /// Accepted proofs, which are now spent.
    pub spent: u64,
}

impl Pow {
    /// Records a proof that was found after `tried` seeds, of which `expected` were expected.
    pub fn found(&mut self, tried: u64, expected: f64) {
        self.proofs += 1;
        self.tried += tried;
        self.expected += expected;
    }
}

/// The cache of the site. It counts for itself; its owner copies the figures here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cache {
    /// True if it is in use.
    pub enabled: bool,
    /// Requests answered from memory.
    pub hits: u64,
    /// Requests for which a file was read.
    pub misses: u64,
    /// Requests that did not use the cache.
    pub bypasses: u64,
    /// Entries evicted to make room for others.
    pub evictions: u64,
    /// Current number of entries.
    pub entries: usize,
    /// Bytes in use.
    pub bytes: usize,
    /// Maximum bytes.
    pub max_bytes: usize,
}

impl Cache {
    /// Returns the share of lookups that were answered from memory.
    pub fn hit_share(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses).max(1) as f64
    }
}

/// Visitors of the site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Site {
    /// Sessions created.
    pub sessions: u64,
}

/// Jobs on other threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Jobs {
    /// Worker threads.
    pub workers: usize,
    /// Jobs that the workers have not finished, including running ones.
    pub queued: usize,
    /// Jobs and database requests submitted.
    pub submitted: u64,
    /// Those of them that are done.
    pub done: u64,
}

/// The process, as the operating system sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    /// Resident memory.
    pub rss_bytes: u64,
    /// Open descriptors.
    pub fds: u64,
    /// Threads.
    pub threads: u64,
    /// Processor time of all threads.
    pub cpu: Duration,
}
