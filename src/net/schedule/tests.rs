//! The shares of the workers: simulated workers that take a slice, run it, and return its piece,
//! with the work counted in the common unit.

use super::*;
use crate::work::pow::Kernel;
use crate::work::{pi, pow};

fn id(slot: u32) -> Id {
    Id { slot, generation: 0 }
}

/// A search without a solution.
fn endless(weight: u8) -> Compute {
    search(b"endless", 200, weight)
}

fn search(message: &[u8], bits: u32, weight: u8) -> Compute {
    let start = message.len() as u64;
    Compute::Pow(Box::new(pow::Job::new(message.to_vec(), bits, 5, start, Kernel::Sha2, weight)))
}

fn simulation() -> Compute {
    Compute::Pi(pi::Job::new(100_000_000, 8, 1, pi::Kernel::Portable))
}

/// Takes slices for so much work, without running them. Returns the work of each connection.
fn hand_out(schedule: &mut Schedule, work: i64, mut fill: impl FnMut(&mut Schedule)) -> Shares {
    let mut shares = Shares::new();
    let mut done = 0;
    while done < work {
        fill(schedule);
        let task = schedule.next().expect("a connection has work");
        let cost = task.slice.cost();
        done += cost;
        *shares.entry(task.owner.id).or_default() += cost;
        // The worker that had it is free again, and has found nothing.
        match task.slice {
            Slice::Pi(slice) => {
                schedule.merge(task.owner, Some(Piece::Pi(slice.run())));
            }
            Slice::Pow(_)
            | Slice::Files(_)
            | Slice::Reports(_)
            | Slice::Process(_)
            | Slice::List(_) => {}
            #[cfg(feature = "gzip")]
            Slice::Pack(_) => {}
        }
    }
    shares
}

type Shares = HashMap<Id, i64>;

fn share(shares: &Shares, of: Id) -> f64 {
    shares[&of] as f64 / shares.values().sum::<i64>() as f64
}

const SECOND: i64 = 1_000_000_000;

#[test]
fn a_flood_of_short_searches_leaves_a_long_one_its_half() {
    for bits in [0, 12] {
        let mut schedule = Schedule::default();
        schedule.submit(id(0), 0, search(b"long", 28, 1));
        let mut ticket = 0;
        // One client keeps eight lines under search, as the line protocol does.
        let fill = |schedule: &mut Schedule| {
            while schedule.len() < 9 {
                ticket += 1;
                schedule.submit(id(1), ticket, search(b"short", bits, 1));
            }
        };
        let mut shares = Shares::new();
        let mut fill = fill;
        let mut done = 0;
        while done < SECOND / 20 {
            fill(&mut schedule);
            let task = schedule.next().unwrap();
            let (owner, cost) = (task.owner, task.slice.cost());
            // The long search is not run: it would find nothing.
            let used = if owner.id == id(0) {
                cost
            } else {
                let piece = task.slice.run();
                let used = cost - piece.saved();
                schedule.merge(owner, Some(piece));
                used
            };
            done += used;
            *shares.entry(owner.id).or_default() += used;
        }
        assert!(share(&shares, id(0)) >= 0.45, "{bits}: {shares:?}");
    }
}

#[test]
fn a_crowd_of_clients_and_a_long_search_each_have_their_share() {
    let mut schedule = Schedule::default();
    for slot in 0..10 {
        schedule.submit(id(slot), 0, endless(1));
    }
    let shares = hand_out(&mut schedule, SECOND, |_| {});
    for slot in 0..10 {
        assert!((share(&shares, id(slot)) - 0.1).abs() < 0.01, "{shares:?}");
    }
}

#[test]
fn a_simulation_and_a_search_share_by_what_they_cost() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 0, simulation());
    schedule.submit(id(1), 0, endless(1));
    let shares = hand_out(&mut schedule, SECOND / 10, |_| {});
    assert!((share(&shares, id(0)) - 0.5).abs() < 0.05, "{shares:?}");
}

#[test]
fn weights_are_shares() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 0, endless(1));
    schedule.submit(id(1), 0, endless(3));
    schedule.submit(id(2), 0, endless(16));
    let shares = hand_out(&mut schedule, 4 * SECOND, |_| {});
    for (slot, expected) in [(0, 0.05), (1, 0.15), (2, 0.8)] {
        let share = share(&shares, id(slot));
        assert!((share - expected).abs() < 0.02, "{slot}: {share}");
    }
}

/// One line at a time, each sent when the previous reply has arrived: faster than the queue
/// advances.
#[test]
fn who_comes_back_at_once_gets_no_second_share() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 0, endless(1));
    let (mut short, mut all) = (0, 0);
    for ticket in 0..200 {
        schedule.submit(id(1), ticket, search(b"back", 12, 1));
        while schedule.len() > 1 {
            let task = schedule.next().unwrap();
            let (owner, cost) = (task.owner, task.slice.cost());
            all += cost;
            if owner.id == id(1) {
                let piece = task.slice.run();
                (short, all) = (short + cost - piece.saved(), all - piece.saved());
                schedule.merge(owner, Some(piece));
            }
        }
        assert!(
            schedule.round.len() + schedule.waiting.len() <= 2,
            "no connection is queued twice"
        );
    }
    assert!(short as f64 <= 0.55 * all as f64, "{short} of {all}");
}

#[test]
fn who_asked_last_does_not_wait_for_those_who_asked_before() {
    let mut schedule = Schedule::default();
    for ticket in 0..1000 {
        schedule.submit(id(0), ticket, endless(1));
    }
    schedule.next();
    schedule.submit(id(1), 0, endless(1));
    let next = [(); 3].map(|()| schedule.next().unwrap().owner.id);
    assert!(next.contains(&id(1)));
}

#[test]
fn the_last_search_is_for_all_idle_workers() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 7, search(b"alone", 28, 1));
    let tasks = (0..16).map(|_| schedule.next().unwrap()).collect::<Vec<_>>();
    assert!(tasks.iter().all(|task| task.owner == tasks[0].owner));
    let mut tried = 0;
    for task in tasks {
        let piece = task.slice.run();
        if let Piece::Pow(piece) = &piece {
            tried += piece.tried();
        }
        assert!(schedule.merge(task.owner, Some(piece)).is_none());
    }
    assert_eq!(tried, 16 * Kernel::Sha2.slice_blocks(), "no seed twice, none left out");
}

#[test]
fn a_search_that_is_found_twice_is_answered_once() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 7, search(b"easy", 4, 1));
    let mut tasks = Vec::new();
    while tasks.len() < 20 {
        tasks.push(schedule.next().unwrap());
    }
    let merged = tasks.into_iter().map(|task| {
        let piece = task.slice.run();
        schedule.merge(task.owner, Some(piece))
    });
    let outcomes = merged.flatten().collect::<Vec<_>>();
    assert!(matches!(outcomes[..], [(of, 7, Outcome::Pow(_))] if of == id(0)), "{outcomes:?}");
    assert_eq!(schedule.len(), 0);
    assert!(schedule.next().is_none());
}

#[test]
fn pieces_of_cancelled_jobs_go_nowhere() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 0, search(b"cancelled", 4, 1));
    schedule.submit(id(1), 0, search(b"other", 4, 1));
    let (first, second) = (schedule.next().unwrap(), schedule.next().unwrap());
    assert_eq!((first.owner.id, second.owner.id), (id(0), id(1)));
    schedule.cancel(id(0));
    assert_eq!(schedule.len(), 1);
    // The place is taken again before the piece returns.
    schedule.submit(id(0), 1, endless(1));
    assert!(schedule.merge(first.owner, Some(first.slice.run())).is_none());
    assert_eq!(schedule.len(), 2);
    schedule.cancel(id(0));
    let mut task = Some(second);
    let done = loop {
        let next = task.take().or_else(|| schedule.next()).expect("the other one goes on");
        assert_eq!(next.owner.id, id(1));
        if let Some(done) = schedule.merge(next.owner, Some(next.slice.run())) {
            break done;
        }
    };
    assert!(matches!(done, (of, 0, Outcome::Pow(_)) if of == id(1)));
    assert!(schedule.next().is_none());
}

#[test]
fn a_slice_that_panics_ends_its_job_and_the_next_is_served() {
    let mut schedule = Schedule::default();
    schedule.submit(id(0), 3, endless(1));
    schedule.submit(id(0), 4, search(b"next", 0, 1));
    let (first, second) = (schedule.next().unwrap(), schedule.next().unwrap());
    let done = schedule.merge(first.owner, None);
    assert!(matches!(done, Some((of, 3, Outcome::Panicked)) if of == id(0)));
    assert!(schedule.merge(second.owner, None).is_none(), "it was of the same job");
    let third = schedule.next().unwrap();
    let done = schedule.merge(third.owner, Some(third.slice.run()));
    assert!(matches!(done, Some((of, 4, Outcome::Pow(_))) if of == id(0)));
    assert_eq!(schedule.len(), 0);
}
