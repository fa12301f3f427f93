//! The bookstore: its replicas, its log, its cache, and the results of writes.

use super::Tally;

/// The figures of the bookstore; see the module.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// True if any part of it runs in this process.
    pub is_there: bool,
    /// Replicas of this process.
    pub replicas: Vec<Replica>,
    /// The log.
    pub log: LogFigures,
    /// The front's cache.
    pub cache: CacheFigures,
}

/// The log, and the writes to it.
#[derive(Debug, Clone, Default)]
pub struct LogFigures {
    /// The last entry of the log.
    pub seq: u64,
    /// Entries written to it.
    pub entries: u64,
    /// Records that contain them: each is one commit.
    pub records: u64,
    /// Records that could not be written.
    pub failures: u64,
    /// Writes that wait for their record.
    pub waiting: u64,
    /// Purchases by result, see [`PurchaseOutcome`].
    pub purchases: Tally<{ PurchaseOutcome::ALL.len() }>,
    /// Other writes that changed a book …
    pub changes: u64,
    /// … and those without an effect.
    pub vain: u64,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// The name of its role.
    pub role: &'static str,
    /// Its availability.
    pub state: ReplicaState,
    /// The last entry that it has applied.
    pub seq: u64,
    /// The number of entries not yet applied.
    pub lag: u64,
    /// Requests to it.
    pub requests: u64,
    /// Those of them that it failed to answer.
    pub errors: u64,
}

/// The front's cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Reads answered from it.
    pub hits: u64,
    /// Reads forwarded to a replica.
    pub misses: u64,
    /// Reads that joined a pending miss.
    pub collapsed: u64,
    /// Entries invalidated by a write.
    pub invalidations: u64,
    /// Entries evicted for lack of room.
    pub evictions: u64,
    /// Replies not cached because a write had made them stale.
    pub refused_fills: u64,
    /// Current number of entries.
    pub entries: usize,
    /// Maximum number of entries.
    pub max_entries: usize,
}

impl CacheFigures {
    /// Returns the share of reads that were answered from the cache.
    pub fn hit_share(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses + self.collapsed).max(1) as f64
    }
}

/// The availability of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaState {
    /// In use.
    Up,
    /// Not reachable.
    Down,
    /// Reachable, and catching up.
    Recovering,
}

impl ReplicaState {
    /// All of them.
    pub const ALL: [ReplicaState; 3] =
        [ReplicaState::Up, ReplicaState::Down, ReplicaState::Recovering];

    /// Returns the name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            ReplicaState::Up => "up",
            ReplicaState::Down => "down",
            ReplicaState::Recovering => "recovering",
        }
    }

    /// Returns the name in the API and in logs.
    pub fn word(self) -> &'static str {
        match self {
            ReplicaState::Up => "UP",
            ReplicaState::Down => "DOWN",
            ReplicaState::Recovering => "RECOVERING",
        }
    }
}

/// The result of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseOutcome {
    /// Copies were sold.
    Sold,
    /// It had been decided before, under the same key.
    Replayed,
    /// Not enough copies were left.
    Short,
    /// There is no such book.
    NoBook,
    /// The key belongs to a different purchase.
    KeyTaken,
}

impl PurchaseOutcome {
    /// All of them, in the order of their counters.
    pub const ALL: [PurchaseOutcome; 5] = [
        PurchaseOutcome::Sold,
        PurchaseOutcome::Replayed,
        PurchaseOutcome::Short,
        PurchaseOutcome::NoBook,
        PurchaseOutcome::KeyTaken,
    ];

    /// Returns the name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            PurchaseOutcome::Sold => "sold",
            PurchaseOutcome::Replayed => "replayed",
            PurchaseOutcome::Short => "short",
            PurchaseOutcome::NoBook => "no-book",
            PurchaseOutcome::KeyTaken => "key-taken",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_the_order_of_their_counters() {
        assert!(
            PurchaseOutcome::ALL.iter().enumerate().all(|(index, item)| *item as usize == index)
        );
    }
}
