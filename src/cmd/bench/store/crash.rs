//! A catalog that crashes while others read and buy, and comes back: what they notice, and how
//! long it takes to catch up.

use super::client::{BenchClient, Broken, Crowd, Seen, ask, get, numbered};
use super::report::{Report, Table, ms, rate};
use super::shop::{FIRST, Replica, SHELVES, Shop};
use super::{Bench, say};
use crate::client::load::{Fate, Told};
use crate::stats::quantile;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// The replica that crashes.
const REPLICA: &str = "catalog-2";

/// Readers and buyers, and what they ask a second.
const CLIENTS: usize = 8;
const READS: f64 = 400.0;
const PURCHASES: f64 = 100.0;

/// The additional time that a read may take while a catalog is down.
const SLOWER: Duration = Duration::from_millis(50);

/// The events, with their times.
struct Times {
    crash: Instant,
    down: Instant,
    recover: Instant,
    up: Instant,
}

/// Reads and purchases before, during and after.
pub(super) fn timeline(bench: &mut Bench<'_>, shop: &Shop) -> Result<(), Broken> {
    let tip = shop.tip(bench.client)?;
    let begin = shop.books(bench.client, tip)?;
    let time = bench.options.time.max(SHORTEST);
    let began = Instant::now();
    let (reads, purchases, times) = thread::scope(|scope| {
        let readers = scope.spawn(|| BenchClient::start()?.crowd(readers(shop.web, 3 * time)));
        let buyers =
            scope.spawn(|| BenchClient::start()?.crowd(buyers(shop.web, "crash", 3 * time)));
        let times = play(bench.client, shop, time);
        let lost = |_| Broken::Failed("a thread of clients is lost".to_owned());
        let reads = readers.join().map_err(lost)?;
        let purchases = buyers.join().map_err(lost)?;
        // A signal that ended us ended them too.
        let times = times?;
        Ok::<_, Broken>((reads?, purchases?, times))
    })?;
    events(&times, began, bench.report);
    phases(&times, &reads, &purchases, bench.report);
    let end = shop.books(bench.client, begin.tip)?;
    let lost = lost(&purchases.told, &end.keys, "crash");
    let (sold, ordered) = (begin.stock - end.stock, end.orders - begin.orders);
    let distinct = distinct(&end.keys);
    say(format_args!("a crash: {sold} sold, {ordered} orders, {lost} purchases lost"));
    bench.report.check(lost == 0, "crash: every answered purchase is in the log");
    bench.report.check(
        sold == ordered && sold == distinct as u64,
        format!("crash: {sold} copies sold, {ordered} orders, {distinct} keys in the log"),
    );
    bench.report.check(shop.agrees(bench.client)?, "crash: all replicas hold the same afterwards");
    Ok(())
}

/// Time enough for each part of the play.
pub(super) const SHORTEST: Duration = Duration::from_millis(150);

fn readers(to: SocketAddr, time: Duration) -> Crowd {
    let asks = [numbered(&get("/product/#"), FIRST, SHELVES, 0)];
    Crowd { rate: Some(READS), ..Crowd::of(to, CLIENTS, asks, time) }
}

/// Each with a key of its own, whose first word is `word`.
pub(super) fn buyers(to: SocketAddr, word: &str, time: Duration) -> Crowd {
    let key = format!("{word}-#");
    let fields = [("Idempotency-Key", key.as_str())];
    let buy = ask("PUT", &format!("/purchase/{FIRST}/"), &fields, None);
    let asks = [numbered(&buy, 0, u64::MAX, 0)];
    Crowd { rate: Some(PURCHASES), ..Crowd::of(to, CLIENTS, asks, time) }
}

fn play(client: &mut BenchClient, shop: &Shop, time: Duration) -> Result<Times, Broken> {
    client.pause(time)?;
    let crash = Instant::now();
    shop.control(client, REPLICA, "crash")?;
    let down = shop.until(client, REPLICA, |replica| replica.state == "DOWN")?;
    client.pause(time)?;
    let recover = Instant::now();
    shop.control(client, REPLICA, "recover")?;
    let up = shop.until(client, REPLICA, Replica::is_up)?;
    Ok(Times { crash, down, recover, up })
}

fn events(times: &Times, began: Instant, report: &mut Report) {
    let mut table = Table::new("timeline", "A catalog crashes and comes back", 1, &EVENTS);
    let mut event = |what: &str, at: Instant, since: Instant| {
        table.row([what.to_owned(), ms(at - began), ms(at - since)]);
    };
    event("it is told to crash", times.crash, times.crash);
    event("seen as DOWN", times.down, times.crash);
    event("it is told to recover", times.recover, times.recover);
    event("seen as UP: it has caught up", times.up, times.recover);
    report.tables.push(table);
}

const EVENTS: [&str; 3] = ["event", "at ms", "after ms"];

/// The clients' view of each part.
fn phases(times: &Times, reads: &Seen, purchases: &Seen, report: &mut Report) {
    let columns = ["phase", "what", "requests", "failed", "p50 ms", "p99 ms", "max ms"];
    let mut table = Table::new("crash", "What clients notice of that", 2, &columns);
    table.note(format!(
        "{CLIENTS} readers ask {READS} times a second and {CLIENTS} buyers {PURCHASES} times, \
         whether answers keep up or not; without the cache."
    ));
    let far = times.up + Duration::from_secs(3600);
    let parts = [
        ("all are up", reads.from, times.crash),
        ("one is down", times.crash, times.recover),
        ("it recovers, and after", times.recover, far),
    ];
    let mut longest = Vec::new();
    for (phase, from, to) in parts {
        for (what, seen) in [("reads", reads), ("purchases", purchases)] {
            let (times, failed) = part(&seen.told, from, to);
            let figures = [0.5, 0.99, 1.0].map(|share| ms(quantile(&times, share)));
            let counts = [times.len() + failed, failed].map(|count| count.to_string());
            let name = [phase.to_owned(), what.to_owned()];
            table.row([&name[..], &counts, &figures].concat());
            report.check(failed == 0, format!("crash: no {what} fail while {phase}"));
            if what == "reads" {
                longest.push(quantile(&times, 1.0));
            }
        }
    }
    let slower = longest[1].saturating_sub(longest[0]);
    let word = if slower <= SLOWER { "within" } else { "beyond" };
    table.note(format!(
        "The slowest read while one is down took {} ms more than the slowest before: {word} the \
         {} ms that are allowed.",
        ms(slower),
        SLOWER.as_millis()
    ));
    report.tables.push(table);
}

/// The times of those that fell due then and were answered well, sorted, and how many were not.
fn part(told: &[Told], from: Instant, to: Instant) -> (Vec<Duration>, usize) {
    let due = told.iter().filter(|told| (from..to).contains(&told.began));
    let (good, bad): (Vec<&Told>, Vec<&Told>) =
        due.partition(|told| told.fate == Fate::Answered(200));
    let mut times = good.iter().map(|told| told.at - told.began).collect::<Vec<_>>();
    times.sort_unstable();
    (times, bad.len())
}

/// Purchases that were answered as sold, and are not in the log.
pub(super) fn lost(told: &[Told], keys: &[String], word: &str) -> usize {
    let known = counted(keys);
    let sold = told.iter().filter(|told| told.fate == Fate::Answered(200));
    sold.filter(|told| !known.contains_key(format!("{word}-{}", told.number).as_str())).count()
}

/// Returns the number of purchases: one that was asked for twice is in the log twice, and happens
/// once.
pub(super) fn distinct(keys: &[String]) -> usize {
    counted(keys).len()
}

fn counted(keys: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    keys.iter().for_each(|key| *counts.entry(key.as_str()).or_default() += 1);
    counts
}

/// Buyers who write as fast as they can.
const WRITERS: usize = 256;

/// Longer than so many entries take.
const WRITING: Duration = Duration::from_secs(180);

/// A catalog that missed very much.
pub(super) fn recovery(bench: &mut Bench<'_>, shop: &Shop) -> Result<(), Broken> {
    let missed = bench.options.missed;
    shop.control(bench.client, REPLICA, "crash")?;
    let before = shop.tip(bench.client)?;
    let buy = ask("PUT", &format!("/purchase/{FIRST}/"), &[], None);
    let crowd = Crowd::of(shop.web, WRITERS, [buy], WRITING);
    let seen = bench.client.crowd(Crowd { requests: Some(missed), ..crowd })?;
    let written = shop.tip(bench.client)? - before;
    say(format_args!("{written} entries were missed"));
    let began = Instant::now();
    shop.control(bench.client, REPLICA, "recover")?;
    let took = shop.until(bench.client, REPLICA, Replica::is_up)? - began;
    let agrees = shop.agrees(bench.client)?;
    let columns = ["missed", "written per second", "caught up ms", "entries per second", "alike"];
    let mut table = Table::new("recovery", "A catalog that missed very much", 1, &columns);
    table.row([
        written.to_string(),
        format!("{:.0}", rate(seen.told.len(), seen.elapsed)),
        ms(took),
        format!("{:.0}", rate(written as usize, took)),
        if agrees { "yes" } else { "no" }.to_owned(),
    ]);
    bench.report.tables.push(table);
    say(format_args!("… and caught up with in {} ms", ms(took)));
    let all = seen.count(200) as u64 == missed;
    bench.report.check(all, format!("all {missed} purchases are answered"));
    let alike = format!("all replicas hold the same after {written} missed entries");
    bench.report.check(agrees, alike);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::load::Trouble;

    fn told(number: u64, fate: Fate, after: Duration) -> Told {
        let began = Instant::now();
        Told { place: 0, number, began, at: began + after, fate }
    }

    #[test]
    fn a_purchase_that_was_answered_and_is_not_in_the_log_is_lost() {
        let after = Duration::ZERO;
        let all = [
            told(1, Fate::Answered(200), after),
            told(2, Fate::Answered(400), after),
            told(3, Fate::Failed(Trouble::Reset), after),
            told(4, Fate::Answered(200), after),
        ];
        let keys = ["crash-1", "crash-1", "crash-3"].map(str::to_owned);
        assert_eq!((lost(&all, &keys, "crash"), distinct(&keys)), (1, 2));
        assert_eq!(lost(&all[..3], &keys, "crash"), 0);
    }

    #[test]
    fn a_part_has_what_fell_due_in_it() {
        let all = [3, 1, 2].map(|ms| told(0, Fate::Answered(200), Duration::from_millis(ms)));
        let bad = told(0, Fate::Answered(503), Duration::ZERO);
        let (from, to) = (all[0].began, bad.began + Duration::from_secs(1));
        let (times, failed) = part(&[&all[..], &[bad]].concat(), from, to);
        assert_eq!(times.iter().map(Duration::as_millis).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(failed, 1);
        assert_eq!(part(&all, to, to), (Vec::new(), 0));
    }
}
