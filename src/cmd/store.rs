//! The bookstore's files and state at the start: every replica that listens has caught up with
//! the log before the first client is let in.

use super::DataDir;
use crate::config::{Balance, Config, Service};
use crate::net::Door;
use crate::service::store::State;
use crate::service::store::front::cache::Cache;
use crate::service::store::front::{self, State as Front};
use crate::service::store::log::Log;
use crate::service::store::replicas::{Phase, Replica, Role};
use crate::work::db::Failure;
use crate::work::db::store::{Answer, File, Request, View};
use crate::work::store::Seq;
use std::net::SocketAddr;
use std::path::Path;

/// The state, and the files with the names of their threads.
type Opened = (State, Vec<(String, File)>);

/// Opens what the replicas that listen need.
pub(super) fn open(config: &Config, doors: &[Door], data: &DataDir) -> Result<Opened, String> {
    let mut found = Vec::new();
    for service in SERVICES {
        if let Some(door) = doors.iter().find(|door| door.service == service.name()) {
            found.push((service, door.addr));
        }
    }
    let front = front(config, &found);
    if found.is_empty() {
        let mut state = State::off();
        state.front = front;
        return Ok((state, Vec::new()));
    }
    let path = data.path().join("store-log.db");
    let mut log = File::new(path.clone());
    let view = view(log.carry_out(Request::Open)).map_err(|failure| failure.to_string())?;
    let (mut all, mut files) = (Vec::new(), Vec::new());
    for (service, _) in &found {
        let (role, number) = role(*service);
        let mut replica = Replica::new(role, number, files.len() + 1);
        let mut file = File::new(data.path().join(format!("{}.db", replica.name)));
        match catch_up(&mut file, &mut log, &path, view.seq) {
            Ok(view) => {
                replica.opened(view);
                replica.phase = Phase::Up;
            }
            Err(failure) => replica.fall(Some(&failure)),
        }
        files.push((replica.name.clone(), file));
        all.push(replica);
    }
    files.insert(0, ("store-log".to_string(), log));
    let mut state = State::new(Log::at(path, view.seq), all, front);
    state.require_if_match = config.store.require_if_match;
    Ok((state, files))
}

/// The services of replicas.
const SERVICES: [Service; 4] =
    [Service::Catalog1, Service::Catalog2, Service::Order1, Service::Order2];

fn role(service: Service) -> (Role, u8) {
    match service {
        Service::Catalog1 => (Role::Catalog, 1),
        Service::Catalog2 => (Role::Catalog, 2),
        Service::Order1 => (Role::Order, 1),
        Service::Order2 => (Role::Order, 2),
        Service::Web | Service::Panel | Service::Legacy | Service::Pow | Service::Chat => {
            unreachable!("only replicas are asked for")
        }
    }
}

/// The front, with its own replicas unless others were named.
fn front(config: &Config, found: &[(Service, SocketAddr)]) -> Front {
    let store = &config.store;
    let own = |wanted: Role, named: &[SocketAddr]| {
        let own = found.iter().filter_map(|(service, addr)| {
            let (role, number) = role(*service);
            let addr = super::services::reachable(*addr);
            (role == wanted).then(|| (format!("{}-{number}", role.name()), role, addr))
        });
        let own = own.collect::<Vec<_>>();
        if named.is_empty() {
            return own;
        }
        let elsewhere = named.iter().enumerate().map(|(place, addr)| {
            let known = own.iter().find(|(_, _, own)| own == addr);
            let name = format!("{}-{}@{addr}", wanted.name(), place + 1);
            known.cloned().unwrap_or((name, wanted, *addr))
        });
        elsewhere.collect()
    };
    let peers = own(Role::Catalog, &store.catalogs).into_iter();
    let peers = peers.chain(own(Role::Order, &store.orders));
    let balance = match store.balance {
        Balance::RoundRobin => front::Balance::RoundRobin,
        Balance::LeastInflight => front::Balance::LeastInflight,
    };
    Front::new(Cache::new(store.cache, store.ttl, store.stale), balance, peers)
}

/// Opens a replica's file and applies what it lacks, as it would while others are served.
fn catch_up(file: &mut File, log: &mut File, path: &Path, tip: Seq) -> Result<View, Failure> {
    let mut now = view(file.carry_out(Request::Open))?;
    while now.seq < tip {
        let read = log.carry_out(Request::Read(now.seq, AT_A_TIME))?;
        if let Answer::Entries(first, entries) = read {
            file.carry_out(Request::Apply(first, entries))?;
            now = view(file.carry_out(Request::Open))?;
        } else {
            now = view(file.carry_out(Request::Restore(path.to_path_buf())))?;
        }
    }
    if now.seq > tip {
        return Err(Failure::new("it holds entries that the log does not; move it away"));
    }
    Ok(now)
}

/// Entries applied in one commit while nobody waits.
const AT_A_TIME: usize = 65_536;

fn view(answer: Result<Answer, Failure>) -> Result<View, Failure> {
    let Answer::Opened(view) = answer? else {
        unreachable!("a file that is opened says what is in it")
    };
    Ok(view)
}
