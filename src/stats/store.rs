//! The bookstore: its replicas, its log, its cache, and what came of writes.

use super::Tally;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// Whether there is any of it in this process.
    pub is_there: bool,
    /// Replicas of this process, by [`ReplicaSlot`].
    pub replicas: [Option<Replica>; ReplicaSlot::ALL.len()],
    /// The last entry of the log.
    pub seq: u64,
    /// Entries that were written to it.
    pub entries: u64,
    /// Records that they were written in: each is one commit.
    pub records: u64,
    /// Records that could not be written.
    pub failures: u64,
    /// Writes that wait for their record.
    pub waiting: u64,
    /// Purchases by what came of them, see [`PurchaseOutcome`].
    pub purchases: Tally<{ PurchaseOutcome::ALL.len() }>,
    /// Other writes that changed a book …
    pub changes: u64,
    /// … and those that changed none.
    pub vain: u64,
    /// The front's cache.
    pub cache: CacheFigures,
}

/// A replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica {
    /// Whether it may be asked.
    pub state: ReplicaState,
    /// The last entry that it has applied.
    pub seq: u64,
    /// How many there are behind that.
    pub lag: u64,
    /// Requests that came to it.
    pub requests: u64,
    /// Those of them that it could not answer.
    pub errors: u64,
}

/// The front's cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Reads answered from it.
    pub hits: u64,
    /// Reads that a replica was asked for.
    pub misses: u64,
    /// Reads that joined a miss under way.
    pub collapsed: u64,
    /// Entries forgotten because of a write.
    pub invalidations: u64,
    /// Entries forgotten for want of room.
    pub evictions: u64,
    /// Fills that a write had made stale.
    pub refused_fills: u64,
    /// Entries there are.
    pub entries: usize,
    /// Entries there may be.
    pub max_entries: usize,
}

impl CacheFigures {
    /// The share of reads that asked nobody.
    pub fn hit_share(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses + self.collapsed).max(1) as f64
    }
}

/// Which replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaSlot {
    /// The first catalog.
    Catalog1,
    /// The second one.
    Catalog2,
    /// The first order server.
    Order1,
    /// The second one.
    Order2,
}

impl ReplicaSlot {
    /// All of them, in their order.
    pub const ALL: [ReplicaSlot; 4] =
        [ReplicaSlot::Catalog1, ReplicaSlot::Catalog2, ReplicaSlot::Order1, ReplicaSlot::Order2];

    /// The name that metrics write.
    pub fn name(self) -> &'static str {
        match self {
            ReplicaSlot::Catalog1 => "catalog-1",
            ReplicaSlot::Catalog2 => "catalog-2",
            ReplicaSlot::Order1 => "order-1",
            ReplicaSlot::Order2 => "order-2",
        }
    }

    /// Its role.
    pub fn role(self) -> &'static str {
        match self {
            ReplicaSlot::Catalog1 | ReplicaSlot::Catalog2 => "catalog",
            ReplicaSlot::Order1 | ReplicaSlot::Order2 => "order",
        }
    }
}

/// Whether a replica may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaState {
    /// Yes.
    Up,
    /// No.
    Down,
    /// Soon.
    Recovering,
}

impl ReplicaState {
    /// All of them.
    pub const ALL: [ReplicaState; 3] =
        [ReplicaState::Up, ReplicaState::Down, ReplicaState::Recovering];

    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            ReplicaState::Up => "up",
            ReplicaState::Down => "down",
            ReplicaState::Recovering => "recovering",
        }
    }

    /// The name in the API and in logs.
    pub fn word(self) -> &'static str {
        match self {
            ReplicaState::Up => "UP",
            ReplicaState::Down => "DOWN",
            ReplicaState::Recovering => "RECOVERING",
        }
    }
}

/// What came of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseOutcome {
    /// Copies were sold.
    Sold,
    /// It had been decided before, under the same key.
    Replayed,
    /// There were not so many copies.
    Short,
    /// There was no such book.
    NoBook,
    /// The key stood for another purchase.
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

    /// The name that metrics write.
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
        assert!(ReplicaSlot::ALL.iter().enumerate().all(|(index, item)| *item as usize == index));
        assert!(
            PurchaseOutcome::ALL.iter().enumerate().all(|(index, item)| *item as usize == index)
        );
    }
}
