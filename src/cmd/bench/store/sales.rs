//! Many buyers of few copies, and who is asked how often.

use super::client::{Broken, Crowd, ask, get, numbered};
use super::report::{Table, ms};
use super::shop::{FIRST, SHELVES, Shop};
use super::{Bench, say};
use crate::stats::quantile;
use std::time::Duration;

/// Number of buyers.
const BUYERS: usize = 200;

/// The book that is scarce: the one that a store begins with.
const BOOK: u64 = 1;

/// Longer than any crowd here takes.
const TIME: Duration = Duration::from_secs(60);

/// One last copy, and half as many copies as buyers.
pub(super) fn measure(bench: &mut Bench<'_>, shop: &Shop) -> Result<(), Broken> {
    let columns =
        ["buyers", "copies", "sold", "refused", "failed", "left", "orders", "p50 ms", "max ms"];
    let mut table = Table::new("sales", "Scarce books, all buyers at once", 2, &columns);
    for copies in [1, BUYERS / 2] {
        shop.restock(bench.client, BOOK, copies as u64)?;
        let before = shop.orders(bench.client)?;
        let key = format!("last-{copies}-#");
        let buy =
            ask("PUT", &format!("/purchase/{BOOK}/"), &[("Idempotency-Key", key.as_str())], None);
        let asks = [numbered(&buy, 0, u64::MAX, 0)];
        let crowd = Crowd::of(shop.web, BUYERS, asks, TIME);
        let seen = bench.client.crowd(Crowd { requests: Some(BUYERS as u64), ..crowd })?;
        let (sold, refused) = (seen.count(200), seen.count(400));
        let left = shop.stock(bench.client, BOOK)?;
        let orders = shop.orders(bench.client)? - before;
        let mut times = seen.told.iter().map(|told| told.at - told.began).collect::<Vec<_>>();
        times.sort_unstable();
        let row = [BUYERS, copies, sold, refused, BUYERS - sold - refused].map(|n| n.to_string());
        let costs = [left.to_string(), orders.to_string()];
        let times = [ms(quantile(&times, 0.5)), ms(quantile(&times, 1.0))];
        table.row([&row[..], &costs, &times].concat());
        say(format_args!("{BUYERS} buyers of {copies} copies: {sold} were sold"));
        let exactly = sold == copies && orders == copies as u64 && left == 0;
        let told = refused == BUYERS - copies;
        let copies = if copies == 1 { "one last copy" } else { "100 copies" };
        bench.report.check(exactly && told, format!("{BUYERS} buyers of {copies}: as many sales"));
    }
    bench.report.tables.push(table);
    let agrees = shop.agrees(bench.client)?;
    bench.report.check(agrees, "all replicas hold the same after that");
    Ok(())
}

/// Requests of the crowd below, of each kind.
const ASKED: u64 = 3000;
const ASKED_QUICK: u64 = 120;

/// Reads and purchases by replica, without the cache.
pub(super) fn shares(bench: &mut Bench<'_>, shop: &Shop) -> Result<(), Broken> {
    let asked = if bench.options.quick { ASKED_QUICK } else { ASKED };
    let columns = ["replica", "role", "requests", "share %", "errors"];
    let mut table = Table::new("replicas", "Requests by replica", 2, &columns);
    table.note(format!("{asked} reads and as many purchases, without the cache, by 9 clients."));
    let before = shop.replicas(bench.client)?;
    let asks = [
        numbered(&get("/product/#"), FIRST, SHELVES, 0),
        ask("PUT", &format!("/purchase/{FIRST}/"), &[], None),
    ];
    let crowd = Crowd::of(shop.web, 9, asks, TIME);
    let seen = bench.client.crowd(Crowd { requests: Some(2 * asked), ..crowd })?;
    let after = shop.replicas(bench.client)?;
    for (before, after) in before.iter().zip(&after) {
        let requests = after.requests - before.requests;
        let share = 100.0 * requests as f64 / asked as f64;
        table.row([
            after.name.clone(),
            after.role.clone(),
            requests.to_string(),
            format!("{share:.1}"),
            (after.errors - before.errors).to_string(),
        ]);
        let fair = (40.0..=60.0).contains(&share);
        bench.report.check(fair, format!("{} gets its share of requests", after.name));
    }
    let answered = seen.count(200) as u64;
    bench.report.check(answered == 2 * asked, format!("all {} of them are answered", 2 * asked));
    bench.report.tables.push(table);
    Ok(())
}
