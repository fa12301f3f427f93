//! The whole bookstore on the simulated kernel: its files in memory, and the front's connections
//! with its replicas as pipes that deliver on request.

use super::fake::{Client, TestNet};
use super::store_files::StoreFiles;
use pentad::limits::Limits;
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use pentad::service::store::State;
use pentad::service::store::front::cache::Cache;
use pentad::service::store::front::{Balance, Front, PeerConfig};
use pentad::service::store::log::Log;
use pentad::service::store::replicas::{Phase, Replica, Role};
use pentad::work::db::store::{Origin, View};
use pentad::work::store::memory::Tables;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The replicas, and their supposed ports.
pub const REPLICAS: [(Role, u8, u16); 4] = [
    (Role::Catalog, 1, 6001),
    (Role::Catalog, 2, 6002),
    (Role::Order, 1, 7002),
    (Role::Order, 2, 7001),
];

/// A connection of the front with a replica: both ends, and the bytes in between.
#[derive(Debug)]
pub struct Link {
    pub front: Client,
    pub replica: Client,
}

/// The bookstore; see the module.
#[derive(Debug)]
pub struct Bookstore {
    pub street: TestNet,
    pub links: Vec<Link>,
}

impl Bookstore {
    /// Opens a store for so many connections, whose front caches so many replies.
    pub fn open(most: usize, cache: usize, balance: Balance, seed: u64) -> Bookstore {
        // No other timeout interferes.
        let long = Duration::from_secs(3600);
        let limits = Limits { keepalive_timeout: long, head_timeout: long, ..Limits::default() };
        let mut street = TestNet::new(limits, most, seed);
        let cache = Cache::new(cache, Duration::from_secs(60), Duration::ZERO);
        street.reactor.context.world.store = state(cache, balance);
        street.reactor.outside.store_files = StoreFiles::new(REPLICAS.len() + 1);
        Bookstore { street, links: Vec::new() }
    }

    /// Returns the store's own state.
    pub fn state(&self) -> &State {
        &self.street.reactor.context.world.store
    }

    /// Connects a client to this listener, if there is room.
    pub fn visit(&mut self, face: ListenerRole) -> Option<Client> {
        self.street.connect(Kind::Http(face), usize::MAX)
    }

    /// Makes the connections that the front has dialled.
    pub fn connect(&mut self) {
        for (to, front) in std::mem::take(&mut self.street.reactor.outside.dialled) {
            let known = REPLICAS.iter().find(|(.., port)| *port == to.addr.port());
            let (role, number, _) = known.unwrap();
            let face = match role {
                Role::Catalog => ListenerRole::Catalog(*number),
                Role::Order => ListenerRole::Order(*number),
                Role::Log => unreachable!("it is no replica"),
            };
            match self.visit(face) {
                Some(replica) => self.links.push(Link { front, replica }),
                None => front.reset(),
            }
        }
    }

    /// Moves bytes on all connections between the front and its replicas, at most so many on each.
    /// Returns false if there were none.
    pub fn deliver(&mut self, mut most: impl FnMut() -> usize) -> bool {
        self.connect();
        let mut moved = false;
        self.links.retain(|Link { front, replica }| {
            for (from, to) in [(front, replica), (replica, front)] {
                let bytes = from.receive(most());
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

    /// Runs until nothing moves.
    pub fn settle(&mut self) {
        loop {
            self.street.settle();
            if !self.deliver(|| usize::MAX) {
                return;
            }
        }
    }

    /// Crashes or recovers a replica as an operator.
    pub fn control(&mut self, name: &str, what: &str) {
        let path = format!("/api/store/replicas/{name}/{what}");
        if let Some(operator) = self.visit(ListenerRole::Panel) {
            operator.send(super::http::text("POST", &path, "", "").as_bytes());
            self.street.turn(|| true);
            let said = operator.receive(usize::MAX);
            assert!(said.starts_with(b"HTTP/1.1 200 "), "{}", said.escape_ascii());
            operator.half_close();
        }
    }
}

fn state(cache: Cache, balance: Balance) -> State {
    let tables = Tables::default();
    let digest = tables.digest();
    let books = tables.books.into_values().collect::<Vec<_>>();
    let replicas = REPLICAS.iter().zip(1..).map(|((role, number, port), file)| {
        let mut replica = Replica::new(*role, *number, file, at(*port));
        replica.opened(View { digest, books: books.clone(), ..View::default() });
        replica.phase = Phase::Up;
        replica
    });
    let peers = REPLICAS.iter().map(|(role, number, port)| {
        let name = format!("{}-{number}", role.name());
        PeerConfig { name, role: *role, addr: at(*port), token: None }
    });
    let origin = Origin { log: 1, leased: false };
    let log = Log::at("/nowhere".into(), origin, 0, Instant::now());
    State::new(log, replicas.collect(), Front::new(cache, balance, peers))
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Removes the first answer from `received`, if it is complete: status, head and body.
pub fn answer(received: &mut Vec<u8>) -> Option<(u16, String, String)> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let length = super::http::field_of(&head, "Content-Length").map_or(0, |n| n.parse().unwrap());
    let body = String::from_utf8(received.get(end..end + length)?.to_vec()).unwrap();
    received.drain(..end + length);
    Some((head[9..12].parse().unwrap(), head, body))
}
