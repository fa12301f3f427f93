//! Many timers at once are handled in shares.

use super::*;
use std::time::{Instant, UNIX_EPOCH};

const SETTINGS: Settings = Settings {
    wait: Duration::from_secs(120),
    queue: 10_000,
    agent_grace: Duration::from_secs(30),
    visitor_grace: Duration::from_secs(30),
    queue_grace: Duration::from_secs(30),
    rating_time: Duration::from_secs(30),
    idle: Duration::from_secs(300),
    capacity: 1,
};

fn peer(number: u32) -> Id {
    Id { slot: number, generation: 0 }
}

/// Creates a lobby with so many waiting visitors.
fn full(count: u32, at: At) -> (Lobby, Vec<Visit>) {
    let mut lobby = Lobby::new(SETTINGS, [7; 32], vec![("bo".into(), 1)], 1);
    let hello = |number| lobby.hello(peer(number), None, at, &mut Out::default()).unwrap().visit;
    let visits = (0..count).map(hello).collect();
    (lobby, visits)
}

fn now() -> At {
    At { now: Instant::now(), wall: UNIX_EPOCH }
}

/// Handles all due timers; returns the items of each share.
fn shares(lobby: &mut Lobby, at: At) -> Vec<Out> {
    let mut shares = Vec::new();
    loop {
        let mut out = Out::default();
        let more = lobby.expire(at, &mut out);
        shares.push(out);
        if !more {
            return shares;
        }
    }
}

#[test]
fn all_who_vanish_at_once_are_given_up_share_by_share() {
    let start = now();
    let count = 5 * limits::CHAT_DUE as u32 + 7;
    let (mut lobby, visits) = full(count, start);
    for (number, visit) in (0..).zip(&visits) {
        lobby.detach(*visit, peer(number), start, &mut Out::default());
    }
    let later = At { now: start.now + SETTINGS.queue_grace, ..start };
    let shares = shares(&mut lobby, later);
    assert!(shares.iter().all(|out| out.0.len() <= limits::CHAT_DUE), "a share is a share");
    assert_eq!(shares.iter().map(|out| out.0.len()).sum::<usize>(), visits.len());
    assert!(lobby.is_empty() && lobby.waiting() == 0);
}

#[test]
fn all_who_have_moved_up_are_told_share_by_share() {
    let start = now();
    let count = 3 * limits::CHAT_DUE as u32 + 9;
    let (mut lobby, visits) = full(count, start);
    lobby.leave(visits[0], peer(0), true, start, &mut Out::default()).unwrap();
    let later = At { now: start.now + limits::CHAT_POSITIONS, ..start };
    let shares = shares(&mut lobby, later);
    assert!(shares.iter().all(|out| out.0.len() <= limits::CHAT_DUE), "a share is a share");
    let told = shares.iter().flat_map(|out| &out.0).map(|item| match item {
        Item::Tell(Delivery { to, notice: Notice::Queued { pos, .. } }) => (to.slot, *pos),
        Item::Tell(_) | Item::Write(_) | Item::TellAfter(_) => panic!("not about a place"),
    });
    assert!(told.eq((1..count).map(|number| (number, number))), "each once, in order");
    assert_eq!(shares.len(), 4, "and it comes to an end");
}
