//! The cost of durability: an fsync of this disk, and purchases that wait for one.

use super::client::{Broken, Crowd, PATIENCE, ask, numbered};
use super::report::{Table, ms, rate};
use super::shop::{FIRST, Shop};
use super::{Bench, say};
use crate::net::cannot;
use crate::stats::quantile;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes that are timed.
const SYNCS: usize = 300;
const SYNCS_QUICK: usize = 20;

/// The least that a commit of the log writes: a page.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// A disk that takes less does not wait for anything that survives power loss.
const TOO_FAST: Duration = Duration::from_micros(30);

/// From a disk this slow on, so many clients are to buy so many times as much as one.
const SLOW_DISK: Duration = Duration::from_millis(1);
const MANY: usize = 64;
const GAIN: f64 = 20.0;

/// One client that waits for each purchase, many that do, and an fsync.
pub(super) fn measure(bench: &mut Bench<'_>, shop: &Shop) -> Result<(), Broken> {
    let count = if bench.options.quick { SYNCS_QUICK } else { SYNCS };
    let tried = cannot(format!("write and fsync a file in {}", bench.data.display()));
    let syncs = fsyncs(bench.data, count).map_err(tried)?;
    let fsync = quantile(&syncs, 0.5);
    say(format_args!("an fsync: {} ms", ms(fsync)));
    let columns = ["what", "clients", "p50 ms", "p99 ms", "max ms", "per second", "× one client"];
    let mut table = Table::new("durable", "Durable purchases", 2, &columns);
    let at = |times: &[Duration]| [0.5, 0.99, 1.0].map(|share| ms(quantile(times, share)));
    let [p50, p99, max] = at(&syncs);
    let per_second = format!("{:.0}", rate(syncs.len(), syncs.iter().sum()));
    let first = ["a page and its fsync".to_owned(), "–".to_owned()];
    table.row([&first[..], &[p50, p99, max, per_second, "–".to_owned()]].concat());
    let mut one = None;
    for clients in [1, MANY] {
        let key = format!("durable-{clients}-#");
        let fields = [("Idempotency-Key", key.as_str())];
        let buy = ask("PUT", &format!("/purchase/{FIRST}/"), &fields, None);
        let buy = numbered(&buy, 0, u64::MAX, 0);
        let time = bench.options.time;
        let crowd = if bench.options.quick {
            // A disk that others use may take longer than that for a single one.
            let requests = Some(4 * clients as u64);
            Crowd { requests, ..Crowd::of(shop.web, clients, [buy], PATIENCE) }
        } else {
            Crowd { warmup: time / 5, ..Crowd::of(shop.web, clients, [buy], 2 * time) }
        };
        let seen = bench.client.crowd(crowd)?;
        let times = seen.times(0, 200);
        let rate = rate(times.len(), seen.elapsed);
        let times_one = rate / *one.get_or_insert(rate);
        let name = ["purchases".to_owned(), clients.to_string()];
        let figures = [format!("{rate:.0}"), format!("{times_one:.1}")];
        table.row([&name[..], &at(&times), &figures].concat());
        say(format_args!("clients {clients}: {rate:.0} purchases a second"));
        bench.report.rates.push((format!("clients: {clients}"), rate));
        let bad = seen.told.len() - times.len() + seen.failed as usize;
        let all = bad == 0 && !times.is_empty();
        bench.report.check(all, format!("every purchase is answered (clients: {clients})"));
    }
    let gain =
        bench.report.rates.last().map_or(0.0, |(_, many)| many / one.unwrap_or(1.0).max(1e-9));
    table.note(said(fsync, gain));
    bench.report.tables.push(table);
    Ok(())
}

/// Returns the meaning of the figures on a disk like this.
fn said(fsync: Duration, gain: f64) -> String {
    let cost = ms(fsync);
    let many = format!("{MANY} clients buy {gain:.1} times as much as one that waits for each");
    if fsync < TOO_FAST {
        format!(
            "An fsync takes {cost} ms here: the disk is none, or does not wait. {many}, and none \
             of that says how it is where power can be lost."
        )
    } else if fsync < SLOW_DISK {
        format!(
            "An fsync takes {cost} ms here: there is less to share than on a disk where it takes \
             1 ms or more, for which {GAIN} times is the aim. {many}."
        )
    } else {
        let word = if gain >= GAIN { "reached" } else { "not reached" };
        format!("An fsync takes {cost} ms here. {many}: the aim of {GAIN} times is {word}.")
    }
}

/// Returns the times that it took to write a page and to wait for it, sorted.
fn fsyncs(dir: &Path, count: usize) -> io::Result<Vec<Duration>> {
    let path = dir.join("fsync");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_depends_on_the_disk() {
        let at = |us, gain| said(Duration::from_micros(us), gain);
        assert!(at(5, 3.0).contains("none of that says"));
        assert!(at(200, 3.0).contains("less to share") && at(200, 3.0).contains("3.0 times"));
        assert!(at(1500, 19.0).ends_with("is not reached."));
        assert!(at(1500, 20.5).ends_with("is reached."));
    }
}
