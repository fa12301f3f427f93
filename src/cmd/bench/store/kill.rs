//! The whole server killed while others buy, and started again: what was answered is there, once.

use super::crash::{SHORTEST, buyers, distinct, lost};
use super::desk::{Broken, Desk};
use super::report::{Report, Table, ms};
use super::shop::Shop;
use super::{Bench, say};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is killed.
const KILLS: u32 = 3;

/// See the module.
pub(super) fn measure(
    bench: &mut Bench<'_>,
    shop: &mut Shop,
    report: &mut Report,
) -> Result<(), Broken> {
    let tip = shop.tip(bench.desk)?;
    let begin = shop.books(bench.desk, tip)?;
    let time = bench.options.time.max(SHORTEST);
    let web = shop.web;
    let columns = ["kill", "at ms", "ready again after ms"];
    let mut table = Table::new("kill", "The server is killed while others buy", 1, &columns);
    let purchases = thread::scope(|scope| {
        let crowd = buyers(web, "kill", (KILLS + 1) * time);
        let buyers = scope.spawn(move || Desk::start()?.crowd(crowd));
        let killed = play(bench.desk, shop, time, &mut table);
        let lost = |_| Broken::Failed("a thread of clients is lost".to_owned());
        let purchases = buyers.join().map_err(lost)?;
        // A signal that ended us ended them too.
        killed?;
        purchases
    })?;
    let end = shop.books(bench.desk, begin.tip)?;
    let (lost, distinct) = (lost(&purchases.told, &end.keys, "kill"), distinct(&end.keys));
    let (sold, ordered) = (begin.stock - end.stock, end.orders - begin.orders);
    let answered = purchases.count(200);
    table.note(format!(
        "{answered} purchases were answered, {} were not; the log has {distinct}, and {lost} of \
         the answered ones are not in it.",
        purchases.failed
    ));
    report.tables.push(table);
    report.check(lost == 0 && answered > 0, "kill: every answered purchase is in the log");
    report.check(
        sold == ordered && sold == distinct as u64,
        format!("kill: {sold} copies sold, {ordered} orders, {distinct} keys in the log"),
    );
    report.check(shop.agrees(bench.desk)?, "kill: all replicas hold the same afterwards");
    Ok(())
}

fn play(desk: &mut Desk, shop: &mut Shop, time: Duration, table: &mut Table) -> Result<(), Broken> {
    let began = Instant::now();
    for kill in 1..=KILLS {
        desk.pause(time)?;
        let at = began.elapsed();
        let took = shop.kill()?;
        say(format_args!("kill {kill}: ready again after {} ms", ms(took)));
        table.row([kill.to_string(), ms(at), ms(took)]);
    }
    Ok(())
}
