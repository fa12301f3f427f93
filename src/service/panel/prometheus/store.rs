//! The bookstore's series.

use super::{Kind, Page};
use crate::stats::store::{Deal, Replica, Seat, Standing, Store};

pub(super) fn families(page: &mut Page, store: &Store) {
    replicas(page, store);
    let help = "The last entry of the bookstore's log.";
    page.gauge("pentad_store_log_seq", help, store.seq);
    let help = "Entries that were written to the log.";
    page.counter("pentad_store_log_entries_total", help, store.entries);
    let help = "Records that they were written in, each of them one commit.";
    page.counter("pentad_store_log_records_total", help, store.records);
    let help = "Records that could not be written.";
    page.counter("pentad_store_log_failures_total", help, store.failures);
    let help = "Writes that wait for their record.";
    page.gauge("pentad_store_log_waiting", help, store.waiting);
    let name = "pentad_store_purchases_total";
    page.family(name, Kind::Counter, "Purchases by what came of them.");
    for deal in Deal::ALL {
        page.sample(name, &[("outcome", deal.name())], store.deals.count(deal as usize));
    }
    let name = "pentad_store_changes_total";
    page.family(name, Kind::Counter, "Other writes by whether they changed a book.");
    page.sample(name, &[("outcome", "changed")], store.changes);
    page.sample(name, &[("outcome", "refused")], store.vain);
    cache(page, store);
}

fn replicas(page: &mut Page, store: &Store) {
    let here = Seat::ALL.into_iter().zip(store.replicas);
    let here = here.filter_map(|(seat, replica)| Some((seat.name(), replica?)));
    let here = here.collect::<Vec<(_, Replica)>>();
    let name = "pentad_store_replica_state";
    page.family(name, Kind::Gauge, "Whether a replica of this process is in this state.");
    for (replica, Replica { state, .. }) in &here {
        for standing in Standing::ALL {
            let labels = [("replica", *replica), ("state", standing.name())];
            page.sample(name, &labels, u8::from(*state == standing));
        }
    }
    let mut family = |name: &str, kind, help: &str, value: fn(&Replica) -> u64| {
        page.family(name, kind, help);
        for (replica, figures) in &here {
            page.sample(name, &[("replica", *replica)], value(figures));
        }
    };
    let help = "The last entry that a replica has applied.";
    family("pentad_store_replica_seq", Kind::Gauge, help, |replica| replica.seq);
    let help = "Entries of the log that a replica has not applied.";
    family("pentad_store_replica_lag_entries", Kind::Gauge, help, |replica| replica.lag);
    let help = "Requests that came to a replica.";
    let name = "pentad_store_replica_requests_total";
    family(name, Kind::Counter, help, |replica| replica.requests);
    let help = "Requests that a replica could not answer.";
    let name = "pentad_store_replica_errors_total";
    family(name, Kind::Counter, help, |replica| replica.errors);
}

fn cache(page: &mut Page, store: &Store) {
    let cache = &store.cache;
    let help = "Reads that the front answered from its cache.";
    page.counter("pentad_store_cache_hits_total", help, cache.hits);
    let help = "Reads that a replica was asked for.";
    page.counter("pentad_store_cache_misses_total", help, cache.misses);
    let help = "Reads that joined a miss under way.";
    page.counter("pentad_store_cache_collapsed_total", help, cache.collapsed);
    let help = "Entries forgotten because of a write.";
    page.counter("pentad_store_cache_invalidations_total", help, cache.invalidations);
    let help = "Entries forgotten for want of room.";
    page.counter("pentad_store_cache_evictions_total", help, cache.evictions);
    let help = "Fills that a write had made stale, and that were not kept.";
    page.counter("pentad_store_cache_refused_fills_total", help, cache.refused_fills);
    page.gauge("pentad_store_cache_entries", "Entries of the front's cache.", cache.entries);
    let help = "Entries that there may be.";
    page.gauge("pentad_store_cache_max_entries", help, cache.max_entries);
}
