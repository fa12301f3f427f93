//! The bookstore's series.

use super::{Kind, Page};
use crate::stats::store::{PurchaseOutcome, Replica, ReplicaState, Store};

pub(super) fn families(page: &mut Page, store: &Store) {
    replicas(page, store);
    let log = &store.log;
    page.gauge("pentad_store_log_seq", "The last entry of the bookstore's log.", log.seq);
    page.gauge("pentad_store_log_waiting", "Writes that wait for their record.", log.waiting);
    for (name, help, count) in [
        ("entries", "Entries that were written to the log.", log.entries),
        ("records", "Records of them, each of which is one commit.", log.records),
        ("failures", "Records that could not be written.", log.failures),
    ] {
        page.counter(&format!("pentad_store_log_{name}_total"), help, count);
    }
    let name = "pentad_store_purchases_total";
    page.family(name, Kind::Counter, "Purchases by what came of them.");
    for outcome in PurchaseOutcome::ALL {
        page.sample(name, &[("outcome", outcome.name())], log.purchases.count(outcome as usize));
    }
    let name = "pentad_store_changes_total";
    page.family(name, Kind::Counter, "Other writes by whether they changed a book.");
    page.sample(name, &[("outcome", "changed")], log.changes);
    page.sample(name, &[("outcome", "refused")], log.vain);
    cache(page, store);
}

fn replicas(page: &mut Page, store: &Store) {
    let name = "pentad_store_replica_state";
    page.family(name, Kind::Gauge, "Whether a replica of this process is in this state.");
    for replica in &store.replicas {
        for state in ReplicaState::ALL {
            let labels = [("replica", replica.name.as_str()), ("state", state.name())];
            page.sample(name, &labels, u8::from(replica.state == state));
        }
    }
    let rows: [(_, _, _, Figure); 4] = [
        ("seq", Kind::Gauge, "The last entry that a replica has applied.", |own| own.seq),
        ("lag_entries", Kind::Gauge, "Entries that a replica has not applied.", |own| own.lag),
        ("requests_total", Kind::Counter, "Requests that came to a replica.", |own| own.requests),
        ("errors_total", Kind::Counter, "Requests that it could not answer.", |own| own.errors),
    ];
    for (name, kind, help, value) in rows {
        let name = format!("pentad_store_replica_{name}");
        page.family(&name, kind, help);
        for replica in &store.replicas {
            page.sample(&name, &[("replica", &replica.name)], value(replica));
        }
    }
}

/// A figure of a replica.
type Figure = fn(&Replica) -> u64;

fn cache(page: &mut Page, store: &Store) {
    let cache = &store.cache;
    for (name, help, count) in [
        ("hits", "Reads that the front answered from its cache.", cache.hits),
        ("misses", "Reads that a replica was asked for.", cache.misses),
        ("collapsed", "Reads that joined a miss under way.", cache.collapsed),
        ("invalidations", "Entries forgotten because of a write.", cache.invalidations),
        ("evictions", "Entries forgotten for want of room.", cache.evictions),
        ("refused_fills", "Fills that a write had made stale.", cache.refused_fills),
    ] {
        page.counter(&format!("pentad_store_cache_{name}_total"), help, count);
    }
    page.gauge("pentad_store_cache_entries", "Entries of the front's cache.", cache.entries);
    let help = "Entries that there may be.";
    page.gauge("pentad_store_cache_max_entries", help, cache.max_entries);
}
