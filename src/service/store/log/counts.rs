//! Counts of the outcomes of writes.

use crate::stats::store::{LogFigures, PurchaseOutcome};
use crate::work::store::{Entry, Outcome, Settled};

/// Counts the outcomes of a record.
pub fn settle(figures: &mut LogFigures, entries: &[Entry], settled: &[Settled]) {
    for (entry, settled) in entries.iter().zip(settled) {
        match (entry, &settled.outcome) {
            (Entry::Sell { .. }, outcome) => {
                figures.purchases.add(purchase(outcome, settled.replayed) as usize);
            }
            (_, Outcome::Kept(_)) => figures.changes += 1,
            (Entry::Change { .. } | Entry::Stock { .. } | Entry::Add { .. }, _) => {
                figures.vain += 1;
            }
        }
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
