//! A bookstore to measure: its servers, and what is asked of them besides what is measured.

use super::super::server::{FREE, Server};
use super::client::{BenchClient, Broken, Crowd, ask, get};
use crate::net::unused_addrs;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// See the module.
pub(super) struct Shop {
    own: Process,
    /// The process with half of the replicas, which follows the log of the other one.
    follower: Option<Process>,
    pub(super) web: SocketAddr,
    panel: SocketAddr,
    catalog: SocketAddr,
}

/// A server that can be started again where it was.
struct Process {
    server: Server,
    options: Vec<String>,
    data: PathBuf,
}

impl Process {
    fn start(
        services: &[(&str, SocketAddr)],
        options: Vec<String>,
        data: PathBuf,
    ) -> io::Result<Process> {
        let server = Server::launch(services, &options, &data)?;
        Ok(Process { server, options, data })
    }

    fn addr(&self, service: &str) -> SocketAddr {
        self.server.addr(service)
    }

    fn restart(&mut self) -> io::Result<()> {
        let services = self.server.listening();
        let services = services.iter().map(|(name, addr)| (name.as_str(), *addr));
        self.server = Server::launch(&services.collect::<Vec<_>>(), &self.options, &self.data)?;
        Ok(())
    }
}

/// The stock of the first of our books, and all purchases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) stock: u64,
    pub(super) orders: u64,
    pub(super) keys: Vec<String>,
    /// The last entry of the log.
    pub(super) tip: u64,
}

/// A replica, as the panel tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) state: String,
    pub(super) seq: u64,
    pub(super) lag: u64,
    pub(super) digest: String,
    pub(super) requests: u64,
    pub(super) errors: u64,
}

impl Replica {
    pub(super) fn is_up(&self) -> bool {
        self.state == "UP"
    }

    fn read(value: &Value) -> Replica {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| value[name].as_u64().unwrap_or_default();
        Replica {
            name: text("name"),
            role: text("role"),
            state: text("state"),
            seq: number("seq"),
            lag: number("lag"),
            digest: text("digest"),
            requests: number("requests"),
            errors: number("errors"),
        }
    }
}

/// Number of books beside the first three, each of a topic of its own: twice as many as
/// the cache holds.
pub(super) const SHELVES: u64 = 200;
/// The id of the first of them …
pub(super) const FIRST: u64 = 4;
/// … and what its topic ends in: all such numbers have three digits, so that none is in another.
pub(super) const FIRST_SHELF: u64 = 100 + FIRST;
/// Copies of each.
const COPIES: u32 = 1_000_000_000;

/// Time for a replica to come back.
const COMES_BACK: Duration = Duration::from_secs(60);
/// Nothing that was under way takes effect later than that after nothing did for as long.
const SETTLED: Duration = Duration::from_millis(100);
/// Interval of looks meanwhile.
const LOOK: Duration = Duration::from_millis(2);

impl Shop {
    /// A shop with these options, whose files are below `data`.
    pub(super) fn open(
        client: &mut BenchClient,
        data: &Path,
        options: &[&str],
    ) -> Result<Shop, Broken> {
        let services = ["web", "panel", "catalog-1", "catalog-2", "order-1", "order-2"];
        let services = services.map(|service| (service, FREE));
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Shop::of(client, Process::start(&services, options, data.to_owned())?, None)
    }

    /// A shop in two processes: one has the log and the front, and each has half of the replicas.
    pub(super) fn open_two(client: &mut BenchClient, data: &Path) -> Result<Shop, Broken> {
        let [panel, catalog, order] = unused_addrs()?;
        // First, since the other one has to be told where it is; it waits for the log.
        let follows = vec![format!("--store-log=http://{panel}")];
        let services = ["catalog-2", "order-2"].map(|service| (service, FREE));
        let follower = Process::start(&services, follows, data.join("follower"))?;
        let (catalog_2, order_2) = (follower.addr("catalog-2"), follower.addr("order-2"));
        let replicas =
            [("catalog", catalog), ("catalog", catalog_2), ("order", order), ("order", order_2)];
        let options = replicas.map(|(role, addr)| format!("--{role}=http://{addr}")).to_vec();
        let services =
            [("web", FREE), ("panel", panel), ("catalog-1", catalog), ("order-1", order)];
        let own = Process::start(&services, options, data.join("own"))?;
        let shop = Shop::of(client, own, Some(follower))?;
        for replica in ["catalog-2", "order-2"] {
            shop.until(client, replica, Replica::is_up)?;
        }
        Ok(shop)
    }

    fn of(
        client: &mut BenchClient,
        own: Process,
        follower: Option<Process>,
    ) -> Result<Shop, Broken> {
        let (web, panel, catalog) = (own.addr("web"), own.addr("panel"), own.addr("catalog-1"));
        let shop = Shop { own, follower, web, panel, catalog };
        shop.fill(client)?;
        Ok(shop)
    }

    /// Kills the follower if there is one, else the only server, and starts it again where it was.
    /// Returns how long that took.
    pub(super) fn kill(&mut self) -> Result<Duration, Broken> {
        let process = self.follower.as_mut().unwrap_or(&mut self.own);
        process.server.kill();
        let began = Instant::now();
        process.restart()?;
        Ok(began.elapsed())
    }

    /// Puts books on the shelves.
    fn fill(&self, client: &mut BenchClient) -> Result<(), Broken> {
        let json = [("Content-Type", "application/json")];
        let book = |number| {
            let body = format!(
                "{{\"title\":\"A Book\",\"price\":9.5,\"quantity\":{COPIES},\
                 \"topic\":\"shelf-{number}\"}}"
            );
            ask("POST", "/api/books", &json, Some(&body))
        };
        let books = (FIRST_SHELF..).take(SHELVES as usize).map(book).collect::<Vec<_>>();
        let requests = Some(SHELVES);
        let crowd = Crowd { requests, ..Crowd::of(self.catalog, 1, books, COMES_BACK) };
        let seen = client.crowd(crowd)?;
        match seen.count(201) as u64 {
            SHELVES => Ok(()),
            added => Err(Broken::Failed(format!("of {SHELVES} books only {added} were added"))),
        }
    }

    fn get(&self, client: &mut BenchClient, to: SocketAddr, target: &str) -> Result<Value, Broken> {
        let reply = client.ask(to, get(target))?;
        match reply.status {
            200 => Ok(reply.json()),
            status => Err(Broken::Failed(format!("{target} is answered with {status}"))),
        }
    }

    pub(super) fn replicas(&self, client: &mut BenchClient) -> Result<Vec<Replica>, Broken> {
        let all = self.get(client, self.panel, "/api/store/replicas")?;
        Ok(all.as_array().into_iter().flatten().map(Replica::read).collect())
    }

    /// Waits until this replica is as it is wanted. Returns when that was seen.
    pub(super) fn until(
        &self,
        client: &mut BenchClient,
        name: &str,
        wanted: impl Fn(&Replica) -> bool,
    ) -> Result<Instant, Broken> {
        let patience = Instant::now() + COMES_BACK;
        while Instant::now() < patience {
            let all = self.replicas(client)?;
            if all.iter().any(|replica| replica.name == name && wanted(replica)) {
                return Ok(Instant::now());
            }
            client.pause(LOOK)?;
        }
        Err(Broken::Failed(format!("{name} is not what it should be after {COMES_BACK:?}")))
    }

    /// Returns whether all replicas are up and hold the same, once they had the time for it.
    pub(super) fn agrees(&self, client: &mut BenchClient) -> Result<bool, Broken> {
        let patience = Instant::now() + AGREES;
        loop {
            let all = self.replicas(client)?;
            let alike =
                |pair: &[Replica]| (pair[0].seq, &pair[0].digest) == (pair[1].seq, &pair[1].digest);
            if all.iter().all(Replica::is_up) && all.windows(2).all(alike) {
                return Ok(true);
            }
            if Instant::now() >= patience {
                return Ok(false);
            }
            client.pause(LOOK)?;
        }
    }

    /// Ends a replica as if it had been killed (`crash`), or lets it come back (`recover`).
    pub(super) fn control(
        &self,
        client: &mut BenchClient,
        name: &str,
        what: &str,
    ) -> Result<(), Broken> {
        let target = format!("/api/store/replicas/{name}/{what}");
        match client.ask(self.panel, ask("POST", &target, &[], Some("")))?.status {
            200 => Ok(()),
            status => Err(Broken::Failed(format!("{target} is answered with {status}"))),
        }
    }

    /// Copies of a book in stock.
    pub(super) fn stock(&self, client: &mut BenchClient, book: u64) -> Result<u64, Broken> {
        let book = self.get(client, self.catalog, &format!("/retrieve/item/{book}"))?;
        Ok(book["quantity"].as_u64().unwrap_or_default())
    }

    /// Gives a book so many copies.
    pub(super) fn restock(
        &self,
        client: &mut BenchClient,
        book: u64,
        copies: u64,
    ) -> Result<(), Broken> {
        let body = format!("{{\"quantity\":{copies}}}");
        let target = format!("/modify/{book}");
        match client.ask(self.catalog, ask("PUT", &target, &[], Some(&body)))?.status {
            200 => Ok(()),
            status => Err(Broken::Failed(format!("{target} is answered with {status}"))),
        }
    }

    /// Returns the number of orders.
    pub(super) fn orders(&self, client: &mut BenchClient) -> Result<u64, Broken> {
        let newest = self.get(client, self.panel, "/api/orders?limit=1")?;
        Ok(newest[0]["id"].as_u64().unwrap_or_default())
    }

    /// Returns the numbers of cache hits and misses.
    pub(super) fn cache(&self, client: &mut BenchClient) -> Result<(u64, u64), Broken> {
        let counts = self.get(client, self.panel, "/api/store/cache")?;
        let count = |name: &str| counts[name].as_u64().unwrap_or_default();
        Ok((count("hits"), count("misses") + count("collapsed")))
    }

    /// The last entry of the log.
    pub(super) fn tip(&self, client: &mut BenchClient) -> Result<u64, Broken> {
        let all = self.replicas(client)?;
        Ok(all.iter().map(|replica| replica.seq + replica.lag).max().unwrap_or_default())
    }

    /// Returns the stock once nothing is under way any more: clients whose time was up have left
    /// purchases behind that are still carried out, and a replica may lag behind the log for longer
    /// than two looks are apart. Keys are those behind `since`.
    pub(super) fn books(&self, client: &mut BenchClient, since: u64) -> Result<Books, Broken> {
        let patience = Instant::now() + COMES_BACK;
        let mut before = None;
        while Instant::now() < patience {
            let books = Books {
                stock: self.stock(client, FIRST)?,
                orders: self.orders(client)?,
                keys: self.keys(client, since)?,
                tip: self.tip(client)?,
            };
            let caught_up = self.replicas(client)?.iter().all(|replica| replica.lag == 0);
            if caught_up && before.as_ref() == Some(&books) {
                return Ok(books);
            }
            before = Some(books);
            client.pause(SETTLED)?;
        }
        Err(Broken::Failed("the store does not come to rest".to_owned()))
    }

    /// The keys of all purchases in the log behind `since`, in its order.
    pub(super) fn keys(&self, client: &mut BenchClient, since: u64) -> Result<Vec<String>, Broken> {
        let (mut keys, mut since) = (Vec::new(), since);
        loop {
            let page = self.get(client, self.panel, &format!("/api/store/log?since={since}"))?;
            let entries = page.as_array().map(Vec::as_slice).unwrap_or_default();
            let Some(last) = entries.last().and_then(|entry| entry["seq"].as_u64()) else {
                return Ok(keys);
            };
            keys.extend(
                entries.iter().filter_map(|entry| entry["key"].as_str()).map(str::to_owned),
            );
            since = last;
        }
    }
}

/// Time for which replicas that are up may differ, while the last entries are applied.
const AGREES: Duration = Duration::from_secs(10);
