//! The bookstore in one process, or in two of which the second follows the log of the first.

use crate::agreeing;
use crate::util::process::{Place, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The processes of one bookstore.
#[derive(Debug)]
pub struct Shop {
    processes: Vec<Server>,
}

/// The addresses of the services of a bookstore.
pub trait Doors {
    fn addr(&self, service: &str, transport: &str) -> SocketAddr;
    /// The least number of replicas that are listed when all are up.
    fn replicas(&self) -> usize;
}

impl Doors for Server {
    fn addr(&self, service: &str, transport: &str) -> SocketAddr {
        Server::addr(self, service, transport)
    }

    fn replicas(&self) -> usize {
        1
    }
}

impl Doors for Shop {
    fn addr(&self, service: &str, transport: &str) -> SocketAddr {
        let replica = service.starts_with("catalog") || service.starts_with("order");
        let second = replica && service.ends_with('2') && self.processes.len() > 1;
        self.processes[usize::from(second)].addr(service, transport)
    }

    fn replicas(&self) -> usize {
        if self.processes.len() > 1 { 4 } else { 1 }
    }
}

impl Shop {
    pub fn in_one_process(args: &[&str]) -> Shop {
        Shop { processes: vec![Server::start(args)] }
    }

    pub fn in_two_processes(args: &[&str]) -> Shop {
        let street = TestNet::new();
        let shop = Shop { processes: vec![street.owner(args), street.follower(args)] };
        agreeing(&shop);
        shop
    }

    pub fn web(&self) -> SocketAddr {
        self.processes[0].web()
    }

    pub fn panel(&self) -> SocketAddr {
        self.processes[0].panel()
    }
}

/// The addresses and directories of two processes, which they keep through restarts.
#[derive(Debug)]
pub struct TestNet {
    hosts: [String; 2],
    pub places: [Arc<Place>; 2],
}

impl TestNet {
    /// Loopback addresses that no other test uses: no port of theirs is ever taken for a connection
    /// of another test.
    pub fn new() -> TestNet {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let pid = std::process::id();
        let host = || {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            format!("127.{}.{}.{number}", 64 + (pid >> 8) % 64, pid & 255)
        };
        TestNet { hosts: [host(), host()], places: [Place::new(), Place::new()] }
    }

    /// Returns the address of `port` of the first or the second process.
    pub fn at(&self, process: usize, port: u16) -> SocketAddr {
        format!("{}:{port}", self.hosts[process]).parse().unwrap()
    }

    /// Starts the process with the log, and with a front that knows all replicas.
    pub fn owner(&self, args: &[&str]) -> Server {
        let urls = self.urls();
        let own = ["--only=web,panel,catalog-1,order-1", "--seed=1"];
        self.start(0, own.into_iter().chain(urls.iter().map(String::as_str)), args)
    }

    /// Starts the follower, with a front that knows all replicas, too.
    pub fn follower(&self, args: &[&str]) -> Server {
        let urls = self.urls();
        let log = format!("--store-log=http://{}", self.at(0, 5000));
        let own = ["--only=web,panel,catalog-2,order-2", "--seed=2", &log];
        self.start(1, own.into_iter().chain(urls.iter().map(String::as_str)), args)
    }

    fn urls(&self) -> [String; 4] {
        [
            format!("--catalog=http://{}", self.at(0, 6001)),
            format!("--catalog=http://{}", self.at(1, 6002)),
            format!("--order=http://{}", self.at(0, 7002)),
            format!("--order=http://{}", self.at(1, 7001)),
        ]
    }

    /// Starts a process with these flags and its address.
    pub fn start<'a>(
        &self,
        process: usize,
        own: impl IntoIterator<Item = &'a str>,
        args: &[&'a str],
    ) -> Server {
        let host = format!("--host={}", self.hosts[process]);
        let flags = own.into_iter().chain(args.iter().copied()).map(str::to_owned).chain([host]);
        let place = &self.places[process];
        let command = place.command(flags);
        Server::launch(place, command)
    }
}
