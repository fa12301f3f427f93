//! Tests of the linearizability checker: with obvious histories, and by trying every order of short
//! ones.

#![allow(clippy::unwrap_used)]

mod util;

use fastrand::Rng;
use util::linear::{Span, is_linearizable};
use util::shop::Told::{Copies, Short, Sold, Unknown};
use util::shop::Want::{Look, Sell, Set};
use util::shop::{Deed, Shelf, Told, Want, is_possible};

fn span(from: u64, until: impl Into<Option<u64>>, want: Want, told: Told) -> Span<Deed> {
    Span { op: (want, told), from, until: until.into() }
}

#[test]
fn what_one_shop_could_have_told_is_possible() {
    let sold = |left| Sold(Some(left), false);
    let possible = [
        vec![],
        vec![span(1, 2, Look, Copies(2)), span(3, 4, Sell(1, None), sold(1))],
        // While a copy is being sold, it may be visible and then no longer visible, in this order.
        vec![
            span(1, 9, Sell(1, None), sold(1)),
            span(2, 3, Look, Copies(2)),
            span(4, 5, Look, Copies(1)),
        ],
        // A purchase without an answer may take effect late …
        vec![
            span(1, None, Sell(2, None), Unknown),
            span(5, 6, Look, Copies(2)),
            span(7, 8, Look, Copies(0)),
        ],
        // … or never.
        vec![span(1, None, Set(9), Unknown), span(5, 6, Look, Copies(2))],
        // A purchase with a name gets the same answer again, whatever has happened since.
        vec![
            span(1, 2, Sell(1, Some(7)), sold(1)),
            span(3, 4, Set(0), Copies(0)),
            span(5, 6, Sell(1, Some(7)), Sold(Some(1), true)),
            span(7, 8, Sell(1, None), Short(false)),
        ],
    ];
    for history in possible {
        assert!(is_possible(2, &history), "{history:?}");
    }
}

#[test]
fn what_no_shop_could_have_told_is_not() {
    let sold = |left| Sold(Some(left), false);
    let impossible = [
        vec![span(1, 2, Look, Copies(3))],
        // Visible, then not visible: two readers at two replicas.
        vec![
            span(1, 9, Sell(1, None), sold(1)),
            span(2, 3, Look, Copies(1)),
            span(4, 5, Look, Copies(2)),
        ],
        // A stale cache.
        vec![span(1, 2, Sell(1, None), sold(1)), span(3, 4, Look, Copies(2))],
        // A purchase without an answer may take effect once.
        vec![
            span(1, None, Sell(1, None), Unknown),
            span(2, 3, Look, Copies(1)),
            span(4, 5, Look, Copies(0)),
        ],
        // The last two copies sold to three buyers.
        vec![
            span(1, 9, Sell(1, None), Sold(None, false)),
            span(1, 9, Sell(1, None), Sold(None, false)),
            span(1, 9, Sell(1, None), Sold(None, false)),
        ],
        // The same name, for two sales.
        vec![
            span(1, 2, Sell(1, Some(7)), sold(1)),
            span(3, 4, Sell(1, Some(7)), Sold(Some(0), false)),
        ],
        // Answered as known, although there was no request before.
        vec![span(1, 2, Sell(1, None), Sold(Some(1), true))],
    ];
    for history in impossible {
        assert!(!is_possible(2, &history), "{history:?}");
    }
}

/// Returns true if some order of `left` is valid, trying all of them.
fn by_force(shelf: &Shelf, left: &[Span<Deed>]) -> bool {
    let ends = left.iter().filter_map(|span| span.until);
    let Some(first_end) = ends.min() else { return true };
    (0..left.len()).filter(|place| left[*place].from <= first_end).any(|place| {
        let mut rest = left.to_vec();
        let next = shelf.after(&rest.remove(place).op);
        next.is_some_and(|shelf| by_force(&shelf, &rest))
    })
}

#[test]
fn its_verdict_is_that_of_all_orders_tried() {
    let mut rng = Rng::with_seed(11);
    let mut verdicts = [0; 2];
    for _ in 0..4000 {
        let mut shelf = Shelf::of(2);
        let mut history = (0..rng.usize(1..7))
            .map(|place| {
                let want = match rng.u8(..4) {
                    0 => Set(rng.u32(..3)),
                    1 | 2 => Sell(1, rng.bool().then(|| rng.u8(..2))),
                    _ => Look,
                };
                let told = shelf.serve(&want);
                let told = if rng.u8(..6) == 0 { Unknown } else { told };
                let from = (place as u64 * 3).saturating_sub(rng.u64(..8)) + 1;
                let until = (told != Unknown).then(|| place as u64 * 3 + 2 + rng.u64(..6));
                Span { op: (want, told), from, until }
            })
            .collect::<Vec<_>>();
        if rng.bool() {
            // Corrupt one answer.
            let place = rng.usize(..history.len());
            history[place].op.1 = rng.choice([Copies(1), Sold(None, false), Short(false)]).unwrap();
        }
        let judged = is_linearizable(Shelf::of(2), &history, Shelf::after);
        assert_eq!(judged, by_force(&Shelf::of(2), &history), "{history:?}");
        verdicts[usize::from(judged)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 500), "both kinds were judged: {verdicts:?}");
}
