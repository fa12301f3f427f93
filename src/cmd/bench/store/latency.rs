//! Latencies of reads and purchases, with the cache and without, and the cost of a write to it.

use super::client::{Broken, Crowd, Reply, Seen, ask, get, numbered};
use super::report::{Point, Report, Table, ms, rate};
use super::shop::{FIRST, FIRST_SHELF, SHELVES, Shop};
use super::{Bench, say};
use crate::client::load::Ask;
use crate::stats::quantile;
use std::time::Duration;

/// Number of clients at once.
const CLIENTS: [usize; 5] = [1, 3, 5, 9, 50];

/// Something that clients do.
struct Operation {
    name: &'static str,
    /// The status of its good answer.
    status: u16,
}

const OPERATIONS: [Operation; 3] = [
    Operation { name: "search", status: 200 },
    Operation { name: "info", status: 200 },
    Operation { name: "buy", status: 200 },
];

/// Rounds of which the costs of invalidation are the medians, and how many are enough if they do
/// not matter.
const ROUNDS: u64 = 300;
const ROUNDS_QUICK: u64 = 20;

/// The table of latencies.
pub(super) fn measure(bench: &mut Bench<'_>, off: &Shop, on: &Shop) -> Result<(), Broken> {
    let columns =
        ["operation", "cache", "clients", "p50 ms", "p99 ms", "max ms", "per second", "failed"];
    let mut table = Table::new("latency", "Latency of search, info and buy", 3, &columns);
    table.note(
        "Every client waits for its answer before it asks again. Without the cache and on a miss \
         the reads are of 200 books in turn, twice as many as the cache holds; a hit is of one \
         that it has. Who buys looks at the book first, which is not in the figures: so it is in \
         the cache (hit) when the purchase takes it out; on a miss the cache is not asked.",
    );
    let place = bench.report.tables.len();
    bench.report.tables.push(table);
    for Operation { name, status } in &OPERATIONS {
        let mut skip = 0;
        for (cache, shop) in [("off", off), ("hit", on), ("miss", on)] {
            for clients in CLIENTS {
                let (asks, place_of) = asks(name, cache, skip);
                let before = shop.cache(bench.client)?;
                let crowd = Crowd::of(shop.web, clients, asks, bench.options.time);
                let seen = bench.client.crowd(Crowd { warmup: bench.options.time / 5, ..crowd })?;
                skip += seen.numbers;
                let after = shop.cache(bench.client)?;
                let times = seen.times(place_of, *status);
                let bad = seen.told.len() - seen.count(*status) + seen.failed as usize;
                let p50 = quantile(&times, 0.5);
                say(format_args!("{name}, cache {cache}, clients {clients}: {} ms", ms(p50)));
                let mut row = vec![(*name).to_owned(), cache.to_owned(), clients.to_string()];
                row.extend(figures(&times, &seen, bad));
                bench.report.tables[place].row(row);
                let p50_ms = p50.as_secs_f64() * 1000.0;
                bench.report.points.push(Point { operation: name, cache, clients, p50_ms });
                judge(bench.report, (name, cache, clients), bad, (before, after));
            }
        }
    }
    Ok(())
}

fn figures(times: &[Duration], seen: &Seen, bad: usize) -> [String; 5] {
    let at = |share| ms(quantile(times, share));
    let rate = format!("{:.0}", rate(times.len(), seen.elapsed));
    [at(0.5), at(0.99), at(1.0), rate, bad.to_string()]
}

/// The requests, and which of them counts. Books in turn go on behind those that were skipped: the
/// cache holds none of the next ones.
fn asks(operation: &str, cache: &str, skip: u64) -> (Vec<Ask>, usize) {
    let look = || get(&format!("/product/{FIRST}"));
    let buy = |book: &str| ask("PUT", &format!("/purchase/{book}/"), &[], None);
    match (operation, cache) {
        ("search", "hit") => (vec![get(&format!("/products/shelf-{FIRST_SHELF}"))], 0),
        ("search", _) => (vec![numbered(&get("/products/shelf-#"), FIRST_SHELF, SHELVES, skip)], 0),
        ("info", "hit") => (vec![look()], 0),
        ("info", _) => (vec![numbered(&get("/product/#"), FIRST, SHELVES, skip)], 0),
        (_, "miss") => (vec![numbered(&buy("#"), FIRST, SHELVES, skip)], 0),
        (_, _) => (vec![look(), buy(&FIRST.to_string())], 1),
    }
}

/// A figure of hits is of hits, one of misses of misses, and none is of failures.
fn judge(
    report: &mut Report,
    (operation, cache, clients): (&str, &str, usize),
    bad: usize,
    (before, after): ((u64, u64), (u64, u64)),
) {
    let what = format!("{operation}, cache {cache}, clients {clients}");
    if bad > 0 {
        report.check(false, format!("{what}: {bad} requests came to nothing"));
    }
    let (hits, misses) = (after.0 - before.0, after.1 - before.1);
    let as_meant = match (operation, cache) {
        ("buy", _) => true,
        // The first has to fetch it, and all who come meanwhile wait for that.
        (_, "hit") => misses <= clients as u64,
        // The one that the hits were of.
        (_, _) => hits <= 1,
    };
    if !as_meant {
        report.check(false, format!("{what}: {hits} hits and {misses} misses"));
    }
}

/// The cost of a write to the cache, and to the first read after it.
pub(super) fn invalidation(bench: &mut Bench<'_>, off: &Shop, on: &Shop) -> Result<(), Broken> {
    let columns =
        ["cache", "read p50 ms", "write p50 ms", "write p99 ms", "first read p50 ms", "… p99 ms"];
    let mut table = Table::new("invalidation", "What a write costs", 1, &columns);
    table.note("One client reads a book, buys it and reads it again.");
    for (cache, shop) in [("off", off), ("on", on)] {
        let rounds = if bench.options.quick { ROUNDS_QUICK } else { ROUNDS };
        let look = || get(&format!("/product/{FIRST}"));
        let asks = [look(), ask("PUT", &format!("/purchase/{FIRST}/"), &[], None), look()];
        // One round more, before the book is where it is meant to be.
        let requests = Some(3 * (rounds + 1));
        let crowd = Crowd { requests, read: true, ..Crowd::of(shop.web, 1, asks, TIME) };
        let seen = bench.client.crowd(crowd)?;
        let [read, write, first] = [0, 1, 2].map(|place| seen.times(place, 200));
        table.row([
            cache.to_owned(),
            ms(quantile(&read, 0.5)),
            ms(quantile(&write, 0.5)),
            ms(quantile(&write, 0.99)),
            ms(quantile(&first, 0.5)),
            ms(quantile(&first, 0.99)),
        ]);
        say(format_args!("invalidation, cache {cache}: {} ms", ms(quantile(&write, 0.5))));
        let fresh = seen.replies.len() as u64 == 3 * (rounds + 1) && is_fresh(&seen.replies, cache);
        bench.report.check(fresh, format!("the first read after a write shows it (cache {cache})"));
    }
    bench.report.tables.push(table);
    Ok(())
}

/// Longer than the rounds take on a slow disk.
const TIME: Duration = Duration::from_secs(60);

/// Returns whether each second read shows one copy less than the one before the purchase, and has
/// the expected `X-Cache`.
fn is_fresh(replies: &[Reply], cache: &str) -> bool {
    let (rounds, _) = replies.as_chunks::<3>();
    let before = if cache == "on" { "HIT" } else { "MISS" };
    rounds.iter().skip(1).all(|[read, bought, first]| {
        let quantity = |reply: &Reply| reply.json()["quantity"].as_u64();
        bought.status == 200
            && quantity(read).is_some_and(|copies| quantity(first) == copies.checked_sub(1))
            && (read.cache.as_str(), first.cache.as_str()) == (before, "MISS")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, cache: &str, body: &str) -> Reply {
        Reply { status, body: body.into(), cache: cache.into() }
    }

    #[test]
    fn a_first_read_that_shows_the_old_stock_is_noticed() {
        let read = |cache, copies: u64| reply(200, cache, &format!("{{\"quantity\":{copies}}}"));
        let sold = || reply(200, "", "{}");
        let first = [read("MISS", 9), sold(), read("MISS", 8)];
        let good = [read("HIT", 8), sold(), read("MISS", 7)];
        assert!(is_fresh(&[first.clone(), good.clone()].concat(), "on"));
        for bad in [
            [read("HIT", 7), sold(), read("MISS", 7)],
            [read("HIT", 7), sold(), read("HIT", 6)],
            [read("MISS", 7), sold(), read("MISS", 6)],
            [read("HIT", 7), reply(503, "", "{}"), read("MISS", 6)],
        ] {
            assert!(!is_fresh(&[first.clone(), good.clone(), bad].concat(), "on"));
        }
    }

    #[test]
    fn what_counts_is_the_operation_itself() {
        for Operation { name, .. } in &OPERATIONS {
            for cache in ["off", "hit", "miss"] {
                let (asks, place) = asks(name, cache, 0);
                let put = asks[place].bytes.starts_with(b"PUT");
                assert_eq!(put, *name == "buy", "{name} {cache}");
                let varies = asks[place].number.is_some();
                assert_eq!(varies, cache != "hit" && (*name != "buy" || cache == "miss"));
            }
        }
    }
}
