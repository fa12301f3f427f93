//! The bookstore in a seeded simulation: its files answer in any order and sometimes fail, the
//! front's connections to its replicas deliver late and break, replicas crash and recover, time
//! leaps. No kernel shows these orders of Append, Apply, fills and invalidations.
//!
//! Whatever happens, each book's stock is as if a single shop had served one client after the
//! other, and in the end all replicas hold what the log says.

#![allow(clippy::unwrap_used)]

mod util;

use fastrand::Rng;
use pentad::limits::Limits;
use pentad::service::Kind;
use pentad::service::http::Face;
use pentad::service::store::State;
use pentad::service::store::front::cache::Cache;
use pentad::service::store::front::{Balance, State as Front};
use pentad::service::store::log::Log;
use pentad::service::store::replicas::{Phase, Replica, Role};
use pentad::stats::Close;
use pentad::work::db::store::View;
use pentad::work::store::first_books;
use pentad::work::store::memory::Tables;
use std::net::SocketAddr;
use std::time::Duration;
use util::fake::{Client, Street};
use util::ledgers::Ledgers;
use util::linear::Span;
use util::shop::{Deed, Door, Told, Want, is_possible};

/// The replicas, and the ports that the front believes them at.
const REPLICAS: [(Role, u8, u16); 4] = [
    (Role::Catalog, 1, 6001),
    (Role::Catalog, 2, 6002),
    (Role::Order, 1, 7002),
    (Role::Order, 2, 7001),
];

const BOOKS: std::ops::RangeInclusive<u32> = 1..=3;

/// A client that asks one thing after the other.
struct Visitor {
    client: Client,
    door: Door,
    received: Vec<u8>,
    asked: Option<(u32, Want, u64)>,
}

/// A connection of the front with a replica: both ends, and what is between them.
struct Link {
    front: Client,
    replica: Client,
}

/// The shop, all who are in it, and what they saw.
struct Shop {
    street: Street,
    visitors: Vec<Visitor>,
    links: Vec<Link>,
    history: Vec<(u32, Span<Deed>)>,
    moment: u64,
    /// Whether idle connections make way for others all the time.
    is_small: bool,
}

fn store(rng: &mut Rng) -> State {
    let Tables { books, .. } = Tables::default();
    let view = View { books: books.into_values().collect(), ..View::default() };
    let replicas = REPLICAS.iter().zip(1..).map(|((role, number, _), file)| {
        let mut replica = Replica::new(*role, *number, file);
        replica.opened(View { digest: Tables::default().digest(), ..view.clone() });
        replica.phase = Phase::Up;
        replica
    });
    let peers = REPLICAS.iter().map(|(role, number, port)| {
        (format!("{}-{number}", role.name()), *role, SocketAddr::from(([127, 0, 0, 1], *port)))
    });
    let cache = Cache::new(rng.usize(..6), Duration::from_secs(60), Duration::ZERO);
    let balance = *rng.choice(&[Balance::RoundRobin, Balance::LeastInflight]).unwrap();
    State::new(Log::at("/nowhere".into(), 0), replicas.collect(), Front::new(cache, balance, peers))
}

impl Shop {
    fn open(seed: u64, rng: &mut Rng) -> Shop {
        // Nobody but the store is in a hurry.
        let long = Duration::from_secs(3600);
        let limits = Limits { keepalive_timeout: long, head_timeout: long, ..Limits::default() };
        let is_small = rng.u8(..4) == 0;
        let mut street = Street::new(limits, if is_small { 14 } else { 60 }, seed);
        street.reactor.desk.world.store = store(rng);
        street.reactor.outside.ledgers = Ledgers::new(REPLICAS.len() + 1);
        let (visitors, links, history) = (Vec::new(), Vec::new(), Vec::new());
        Shop { street, visitors, links, history, moment: 0, is_small }
    }

    fn arrive(&mut self, rng: &mut Rng) {
        let number = rng.u8(1..=2);
        let (face, door) = *rng
            .choice(&[
                (Face::Web, Door::Front),
                (Face::Panel, Door::Front),
                (Face::Catalog(number), Door::Catalog),
                (Face::Order(number), Door::Order),
            ])
            .unwrap();
        if let Some(client) = self.street.connect(Kind::Http(face), usize::MAX) {
            self.visitors.push(Visitor { client, door, received: Vec::new(), asked: None });
        }
    }

    /// A visitor asks, or looks whether there is an answer, or has had enough.
    fn act(&mut self, place: usize, rng: &mut Rng) {
        self.moment += 1;
        let Some((book, want, from)) = self.visitors[place].asked.take() else {
            if self.visitors[place].client.at_end() {
                return drop(self.visitors.swap_remove(place));
            }
            let visitor = &mut self.visitors[place];
            let (book, want) = (rng.u32(BOOKS), Want::any(visitor.door, rng));
            let request = want.request(visitor.door, book, rng);
            visitor.client.send(request.as_bytes());
            visitor.asked = Some((book, want, self.moment));
            return;
        };
        if rng.u8(..40) == 0 {
            self.visitors.swap_remove(place).client.reset();
            return self.note(book, want, Told::Unknown, from);
        }
        let visitor = &mut self.visitors[place];
        visitor.received.extend(visitor.client.receive(usize::MAX));
        let Some((status, head, body)) = answer(&mut visitor.received) else {
            if visitor.client.at_end() {
                // Evicted before its question was read, or after: who knows.
                assert!(self.is_small, "a visitor was thrown out");
                self.visitors.swap_remove(place);
                return self.note(book, want, Told::Unknown, from);
            }
            visitor.asked = Some((book, want, from));
            return;
        };
        if let Some(told) = want.told(book, status, &head, &body) {
            self.note(book, want, told, from);
        }
    }

    fn note(&mut self, book: u32, want: Want, told: Told, from: u64) {
        let until = (told != Told::Unknown).then_some(self.moment);
        if until.is_some() || want != Want::Look {
            self.history.push((book, Span { op: (want, told), from, until }));
        }
    }

    /// Connections that the front has asked for are made, and some bytes move on all of them.
    fn connect(&mut self, most: impl Fn(&mut Rng) -> usize, rng: &mut Rng) -> bool {
        for (to, front) in std::mem::take(&mut self.street.reactor.outside.dialled) {
            let (role, number, _) =
                REPLICAS.iter().find(|(.., port)| *port == to.addr.port()).unwrap();
            let face = match role {
                Role::Catalog => Face::Catalog(*number),
                Role::Order => Face::Order(*number),
            };
            match self.street.connect(Kind::Http(face), usize::MAX) {
                Some(replica) => self.links.push(Link { front, replica }),
                None => front.reset(),
            }
        }
        let mut moved = false;
        self.links.retain(|Link { front, replica }| {
            for (from, to) in [(front, replica), (replica, front)] {
                let bytes = from.receive(most(rng));
                moved |= !bytes.is_empty();
                to.send(&bytes);
                if from.at_end() && !to.0.borrow().dropped {
                    to.half_close();
                }
            }
            !(front.at_end() && replica.at_end())
        });
        moved
    }

    /// A replica crashes or begins to recover.
    fn control(&mut self, crash: bool, rng: &mut Rng) {
        let (role, number, _) = rng.choice(&REPLICAS).unwrap();
        let name = format!("{}-{number}", role.name());
        let path =
            format!("/api/store/replicas/{name}/{}", if crash { "crash" } else { "recover" });
        if let Some(operator) = self.street.connect(Kind::Http(Face::Panel), usize::MAX) {
            operator.send(util::http::text("POST", &path, "", "").as_bytes());
            self.street.turn(|| true);
            let said = operator.receive(usize::MAX);
            assert!(said.starts_with(b"HTTP/1.1 200 "), "{}", said.escape_ascii());
            operator.half_close();
        }
    }

    fn step(&mut self, rng: &mut Rng) {
        match rng.u8(..24) {
            0 if self.visitors.len() < 6 => self.arrive(rng),
            1 if rng.u8(..6) == 0 => self.control(true, rng),
            1 | 2 => self.control(false, rng),
            3 => self.street.advance(Duration::from_millis(rng.u64(..100))),
            4 if rng.u8(..60) == 0 => self.street.advance(Duration::from_secs(11)),
            4 if rng.u8(..20) == 0 => self.street.reactor.outside.ledgers.fails = true,
            4 if rng.u8(..10) == 0 => self.street.reactor.outside.ledgers.fold(),
            5 if rng.u8(..10) == 0 && !self.links.is_empty() => {
                let link = self.links.swap_remove(rng.usize(..self.links.len()));
                link.front.reset();
                link.replica.reset();
            }
            5..12 if !self.street.reactor.outside.jobs.is_empty() => {
                self.street.finish_job(rng.usize(..self.street.reactor.outside.jobs.len()));
            }
            12..16 => drop(self.connect(|rng| rng.usize(..600), rng)),
            _ if !self.visitors.is_empty() => self.act(rng.usize(..self.visitors.len()), rng),
            _ => {}
        }
        let reports = rng.u8(..4);
        self.street.turn(|| rng.u8(..4) <= reports);
    }

    /// Until nothing moves.
    fn settle(&mut self, rng: &mut Rng) {
        loop {
            self.street.settle();
            if !self.connect(|_| usize::MAX, rng) {
                return;
            }
        }
    }

    /// Everybody is answered, every replica recovers, and each book is looked at once more.
    fn close(mut self, seed: u64, rng: &mut Rng) {
        self.street.reactor.outside.ledgers.fails = false;
        for _ in 0..40 {
            self.settle(rng);
            for place in (0..self.visitors.len()).rev() {
                if self.visitors[place].asked.is_some() {
                    self.act(place, rng);
                }
            }
            self.control(false, rng);
            self.street.advance(Duration::from_secs(1));
        }
        self.settle(rng);
        assert!(self.visitors.iter().all(|visitor| visitor.asked.is_none()), "seed {seed}");
        let store = &self.street.reactor.desk.world.store;
        let phases = store.replicas.iter().map(|replica| replica.phase).collect::<Vec<_>>();
        assert_eq!(phases, [Phase::Up; 4], "seed {seed}");
        self.compare(seed);
        for book in BOOKS {
            let mut own = self.history.iter().filter(|(own, _)| *own == book);
            let mut history = own.by_ref().map(|(_, span)| span.clone()).collect::<Vec<_>>();
            let copies = self.street.reactor.desk.world.store.replicas[0].books[&book].quantity;
            let last = (Want::Look, Told::Copies(copies));
            let (from, until) = (self.moment + 1, Some(self.moment + 2));
            history.push(Span { op: last, from, until });
            let first = first_books()[book as usize - 1].quantity;
            let lines = history.iter().map(|Span { op, from, until }| {
                format!("{from} to {}: {op:?}\n", until.unwrap_or(0))
            });
            let lines = lines.collect::<String>();
            assert!(is_possible(first, &history), "book {book} had {first} copies:\n{lines}");
        }
        let stats = &self.street.reactor.desk.stats;
        assert_eq!(stats.closed.count(Close::Panicked as usize), 0);
    }

    /// Every replica holds what a single map holds after all that the log says.
    fn compare(&self, seed: u64) {
        let ledgers = &self.street.reactor.outside.ledgers;
        let mut twin = Tables::default();
        ledgers.entries().for_each(|entry| drop(twin.apply(entry)));
        let store = &self.street.reactor.desk.world.store;
        for replica in &store.replicas {
            let books = replica.books.values().map(|book| (**book).clone()).collect::<Vec<_>>();
            assert_eq!(books, twin.books.values().cloned().collect::<Vec<_>>(), "seed {seed}");
            let place = (replica.seq, replica.digest, replica.orders);
            let due = (twin.seq, twin.digest(), twin.orders.len() as u64);
            assert_eq!(place, due, "seed {seed} {}", replica.name);
            assert_eq!(ledgers.tables(replica.file), &twin, "seed {seed} {}", replica.name);
        }
        assert!(store.log.is_idle(), "seed {seed}: something waits");
    }
}

/// The first answer of `received`, if it is there: status, head and body.
fn answer(received: &mut Vec<u8>) -> Option<(u16, String, String)> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let length = util::http::field_of(&head, "Content-Length").map_or(0, |n| n.parse().unwrap());
    let body = String::from_utf8(received.get(end..end + length)?.to_vec()).unwrap();
    received.drain(..end + length);
    Some((head[9..12].parse().unwrap(), head, body))
}

fn simulate(seed: u64) {
    let rng = &mut Rng::with_seed(seed);
    let mut shop = Shop::open(seed, rng);
    for _ in 0..600 {
        shop.step(rng);
    }
    shop.close(seed, rng);
}

#[test]
fn each_stock_is_as_if_one_shop_had_served_one_client_after_the_other() {
    for seed in 0..250 {
        let result = std::panic::catch_unwind(|| simulate(seed));
        assert!(result.is_ok(), "seed {seed}");
    }
}
