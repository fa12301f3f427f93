//! A process killed while others buy, and started again: what was answered is there, once.

use super::client::{BenchClient, Broken};
use super::crash::{SHORTEST, buyers, distinct, lost};
use super::report::{Table, ms};
use super::shop::Shop;
use super::{Bench, say};
use std::thread;
use std::time::{Duration, Instant};

/// Number of kills.
const KILLS: u32 = 3;

/// About what it takes to be ready again, so that there are buyers for each of them.
const RESTART: Duration = Duration::from_millis(500);

/// Kills the process of the shop that [`Shop::kill`] kills; `word` is its name in all figures.
pub(super) fn measure(
    bench: &mut Bench<'_>,
    shop: &mut Shop,
    (word, title): (&'static str, &'static str),
) -> Result<(), Broken> {
    let tip = shop.tip(bench.client)?;
    let begin = shop.books(bench.client, tip)?;
    let time = bench.options.time.max(SHORTEST);
    let web = shop.web;
    let columns = ["kill", "at ms", "ready again after ms"];
    let mut table = Table::new(word, title, 1, &columns);
    let purchases = thread::scope(|scope| {
        let crowd = buyers(web, word, (KILLS + 1) * (time + RESTART));
        let buyers = scope.spawn(move || BenchClient::start()?.crowd(crowd));
        let killed = play(bench.client, shop, (word, time), &mut table);
        let lost = |_| Broken::Failed("a thread of clients is lost".to_owned());
        let purchases = buyers.join().map_err(lost)?;
        // A signal that ended us ended them too.
        killed?;
        purchases
    })?;
    let end = shop.books(bench.client, begin.tip)?;
    let (lost, distinct) = (lost(&purchases.told, &end.keys, word), distinct(&end.keys));
    let (sold, ordered) = (begin.stock - end.stock, end.orders - begin.orders);
    let answered = purchases.count(200);
    table.note(format!(
        "{answered} purchases were answered, {} were not; the log has {distinct}, and {lost} of \
         the answered ones are not in it.",
        purchases.failed
    ));
    bench.report.tables.push(table);
    let kept = lost == 0 && answered > 0;
    bench.report.check(kept, format!("{word}: every answered purchase is in the log"));
    bench.report.check(
        sold == ordered && sold == distinct as u64,
        format!("{word}: {sold} copies sold, {ordered} orders, {distinct} keys in the log"),
    );
    let agrees = shop.agrees(bench.client)?;
    bench.report.check(agrees, format!("{word}: all replicas hold the same afterwards"));
    Ok(())
}

fn play(
    client: &mut BenchClient,
    shop: &mut Shop,
    (word, time): (&str, Duration),
    table: &mut Table,
) -> Result<(), Broken> {
    let began = Instant::now();
    for kill in 1..=KILLS {
        client.pause(time)?;
        let at = began.elapsed();
        let took = shop.kill()?;
        say(format_args!("{word} {kill}: ready again after {} ms", ms(took)));
        table.row([kill.to_string(), ms(at), ms(took)]);
    }
    Ok(())
}
