//! Counters of the log: entries, records, failures, and the outcomes of writes.

use crate::stats::Tally;
use crate::stats::store::{PurchaseOutcome, Store};
use crate::work::store::{Entry, Outcome, Settled};

/// Counts since the start.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub entries: u64,
    pub records: u64,
    pub failures: u64,
    purchases: Tally<{ PurchaseOutcome::ALL.len() }>,
    changes: u64,
    vain: u64,
}

impl Counts {
    /// Counts the outcomes of a record.
    pub fn settle(&mut self, entries: &[Entry], settled: &[Settled]) {
        for (entry, settled) in entries.iter().zip(settled) {
            match (entry, &settled.outcome) {
                (Entry::Sell { .. }, outcome) => {
                    self.purchases.add(purchase(outcome, settled.replayed) as usize);
                }
                (_, Outcome::Kept(_)) => self.changes += 1,
                (Entry::Change { .. } | Entry::Stock { .. } | Entry::Add { .. }, _) => {
                    self.vain += 1;
                }
            }
        }
    }

    /// Reports to the panel.
    pub fn report(&self, to: &mut Store) {
        let Counts { entries, records, failures, purchases, changes, vain } = self.clone();
        (to.entries, to.records, to.failures) = (entries, records, failures);
        (to.purchases, to.changes, to.vain) = (purchases, changes, vain);
    }
}

fn purchase(outcome: &Outcome, replayed: bool) -> PurchaseOutcome {
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
