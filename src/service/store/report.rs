//! What the bookstore counts, for the panel.

use super::State;
use super::replicas::{Phase, Replica, Role};
use crate::stats::store::{
    self as figures, CacheFigures, PurchaseOutcome, ReplicaSlot, ReplicaState,
};
use crate::work::store::{Entry, Outcome, Settled};

/// What was written since the start.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub(super) entries: u64,
    pub(super) records: u64,
    pub(super) failures: u64,
    purchases: crate::stats::Tally<{ PurchaseOutcome::ALL.len() }>,
    changes: u64,
    vain: u64,
}

impl Written {
    /// Entries were answered with this.
    pub(super) fn settle(&mut self, entries: &[Entry], settled: &[Settled]) {
        for (entry, settled) in entries.iter().zip(settled) {
            match (entry, &settled.outcome) {
                (Entry::Sell { .. }, outcome) => {
                    self.purchases.add(deal(outcome, settled.replayed) as usize);
                }
                (_, Outcome::Kept(_)) => self.changes += 1,
                (Entry::Change { .. } | Entry::Stock { .. } | Entry::Add { .. }, _) => {
                    self.vain += 1;
                }
            }
        }
    }
}

fn deal(outcome: &Outcome, replayed: bool) -> PurchaseOutcome {
    if replayed {
        return PurchaseOutcome::Replayed;
    }
    match outcome {
        Outcome::Sold { .. } => PurchaseOutcome::Sold,
        Outcome::Short { .. } => PurchaseOutcome::Short,
        Outcome::KeyTaken => PurchaseOutcome::KeyTaken,
        Outcome::NoBook | Outcome::Kept(_) | Outcome::Stale | Outcome::Full => {
            PurchaseOutcome::NoBook
        }
    }
}

impl State {
    /// Shows all of it.
    pub fn report(&self, to: &mut figures::Store) {
        let Written { entries, records, failures, purchases, changes, vain } = self.written.clone();
        *to = figures::Store {
            replicas: ReplicaSlot::ALL.map(|seat| {
                self.replicas.iter().find(|replica| seat_of(replica) == Some(seat)).map(|replica| {
                    figures::Replica {
                        state: state(replica.phase),
                        seq: replica.seq,
                        lag: self.log.tip.saturating_sub(replica.seq),
                        requests: replica.requests,
                        errors: replica.errors,
                    }
                })
            }),
            is_there: !self.replicas.is_empty() || !self.front.is_off(),
            seq: self.log.tip,
            entries,
            records,
            failures,
            waiting: self.log.waiting() as u64,
            purchases,
            changes,
            vain,
            cache: self.shelf(),
        };
    }

    fn shelf(&self) -> CacheFigures {
        let counts = self.front.cache.counts;
        let (entries, max_entries) = self.front.cache.size();
        CacheFigures {
            hits: counts.hits,
            misses: counts.misses,
            collapsed: counts.collapsed,
            invalidations: counts.invalidated,
            evictions: counts.evicted,
            refused_fills: counts.refused,
            entries,
            max_entries,
        }
    }
}

fn seat_of(replica: &Replica) -> Option<ReplicaSlot> {
    match (replica.role, replica.number) {
        (Role::Catalog, 1) => Some(ReplicaSlot::Catalog1),
        (Role::Catalog, 2) => Some(ReplicaSlot::Catalog2),
        (Role::Order, 1) => Some(ReplicaSlot::Order1),
        (Role::Order, 2) => Some(ReplicaSlot::Order2),
        (Role::Catalog | Role::Order | Role::Log, _) => None,
    }
}

fn state(phase: Phase) -> ReplicaState {
    match phase {
        Phase::Down => ReplicaState::Down,
        Phase::Opening | Phase::Behind | Phase::Joined => ReplicaState::Recovering,
        Phase::Up => ReplicaState::Up,
    }
}
