//! Many concurrent clients at all ports: the history of their answers is linearizable.

use crate::util::http::Client;
use crate::util::linear::Span;
use crate::util::process::eventually;
use crate::util::shop::{Deed, Door, Told, Want, is_possible};
use crate::{Doors, Shop, agreeing, ask};
use fastrand::Rng;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 8;
const DEEDS: usize = 120;
const COPIES: u32 = 6;
const PATIENCE: Duration = Duration::from_secs(60);

type History = Mutex<Vec<(u32, Span<Deed>)>>;

/// Runs one client, which sends one request after the other and records the times of requests and
/// answers. It repeats a request that a replica refuses because it is down.
fn play(addr: SocketAddr, door: Door, rng: &mut Rng, clock: &AtomicU64, history: &History) {
    let mut client = Client::connect(addr);
    let (mut deeds, patience) = (0, Instant::now() + PATIENCE);
    while deeds < DEEDS {
        assert!(Instant::now() < patience, "most requests have no answer");
        let (book, want) = (rng.u32(1..=2), Want::any(door, rng));
        let request = want.request(door, book, rng);
        let from = clock.fetch_add(1, Ordering::SeqCst);
        let reply = client.ask(&request).unwrap();
        let moment = clock.fetch_add(1, Ordering::SeqCst);
        if let Some(told) = want.told(book, reply.status, &reply.head, &reply.body) {
            let until = (told != Told::Unknown).then_some(moment);
            history.lock().unwrap().push((book, Span { op: (want, told), from, until }));
            deeds += 1;
        }
    }
}

/// The history with a small cache.
pub fn the_answers_to_all_clients_are_linearizable(server: &Shop) {
    for book in 1..=2 {
        let body = format!("{{\"quantity\":{COPIES}}}");
        let set =
            ask(server.addr("catalog-1", "tcp"), "PUT", &format!("/modify/{book}"), "", &body);
        assert_eq!(set.status, 200);
    }
    let (clock, history) = (Arc::new(AtomicU64::new(1)), Arc::new(History::default()));
    let (over, panel) = (AtomicBool::new(false), server.panel());
    let doors = [
        (server.web(), Door::Front),
        (server.panel(), Door::Panel),
        (server.addr("catalog-1", "tcp"), Door::Catalog),
        (server.addr("catalog-2", "tcp"), Door::Catalog),
        (server.addr("order-1", "tcp"), Door::Order),
        (server.addr("order-2", "tcp"), Door::Order),
    ];
    thread::scope(|scope| {
        let clients = (0..CLIENTS).map(|number| {
            // Clients of one replica would receive only refusals while it is down.
            let (addr, door) = doors[number as usize % doors.len()];
            let (clock, history) = (Arc::clone(&clock), Arc::clone(&history));
            scope.spawn(move || play(addr, door, &mut Rng::with_seed(number), &clock, &history))
        });
        let clients = clients.collect::<Vec<_>>();
        let operator = scope.spawn(|| crash_and_recover(panel, &history, &over));
        clients.into_iter().for_each(|client| client.join().unwrap());
        over.store(true, Ordering::SeqCst);
        operator.join().unwrap();
    });
    agreeing(server);
    let history = history.lock().unwrap();
    for book in 1..=2 {
        let own = history.iter().filter(|(own, _)| *own == book).map(|(_, span)| span.clone());
        let own = own.collect::<Vec<_>>();
        assert!(is_possible(COPIES, &own), "book {book}: {own:#?}");
    }
}

/// Crashes one replica after the other; each recovers after further requests were answered.
fn crash_and_recover(panel: SocketAddr, history: &History, over: &AtomicBool) {
    let answered = || history.lock().unwrap().len();
    let pass = |deeds: usize| {
        let until = answered() + deeds;
        eventually("others are answered", || {
            (answered() >= until || over.load(Ordering::SeqCst)).then_some(())
        });
    };
    for name in ["catalog-2", "order-1", "catalog-1", "order-2"].into_iter().cycle() {
        for (what, deeds) in [("crash", 5), ("recover", 30)] {
            let path = format!("/api/store/replicas/{name}/{what}");
            assert_eq!(ask(panel, "POST", &path, "", "").status, 200);
            pass(deeds);
        }
        if over.load(Ordering::SeqCst) {
            return;
        }
    }
}
