//! The bookstore's series.

use super::{Kind, Page};
use crate::stats::store::{PurchaseOutcome, Replica, ReplicaSlot, ReplicaState, Store};

pub(super) fn families(page: &mut Page, store: &Store) {
    replicas(page, store);
    page.gauge("pentad_store_log_seq", "The last entry of the bookstore's log.", store.seq);
    page.gauge("pentad_store_log_waiting", "Writes that wait for their record.", store.waiting);
    for (name, help, count) in [
        ("entries", "Entries that were written to the log.", store.entries),
        ("records", "Records of them, each of which is one commit.", store.records),
        ("failures", "Records that could not be written.", store.failures),
    ] {
        page.counter(&format!("pentad_store_log_{name}_total"), help, count);
    }
    let name = "pentad_store_purchases_total";
    page.family(name, Kind::Counter, "Purchases by what came of them.");
    for deal in PurchaseOutcome::ALL {
        page.sample(name, &[("outcome", deal.name())], store.purchases.count(deal as usize));
    }
    let name = "pentad_store_changes_total";
    page.family(name, Kind::Counter, "Other writes by whether they changed a book.");
    page.sample(name, &[("outcome", "changed")], store.changes);
    page.sample(name, &[("outcome", "refused")], store.vain);
    cache(page, store);
}

fn replicas(page: &mut Page, store: &Store) {
    let here = ReplicaSlot::ALL.into_iter().zip(store.replicas);
    let here = here.filter_map(|(seat, replica)| Some((seat.name(), replica?)));
    let here = here.collect::<Vec<(_, Replica)>>();
    let name = "pentad_store_replica_state";
    page.family(name, Kind::Gauge, "Whether a replica of this process is in this state.");
    for (replica, Replica { state, .. }) in &here {
        for standing in ReplicaState::ALL {
            let labels = [("replica", *replica), ("state", standing.name())];
            page.sample(name, &labels, u8::from(*state == standing));
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
        for (replica, figures) in &here {
            page.sample(&name, &[("replica", *replica)], value(figures));
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
