//! The bookstore's files and state at the start: every replica that listens has caught up with
//! the log before the first client is let in.

use super::{DataDir, randomness};
use crate::config::{Config, Listen, Service};
use crate::net::Listener;
use crate::service::Kind;
use crate::service::panel::tester::reachable;
use crate::service::store::State;
use crate::service::store::front::cache::Cache;
use crate::service::store::front::{Front, PeerConfig};
use crate::service::store::log::Log;
use crate::service::store::replicas::{AHEAD, OTHER_LOG, Replica, Role};
use crate::work::db::Failure;
use crate::work::db::store::{Answer, File, Origin, Request, View};
use crate::work::store::Seq;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

/// The bookstore's part of the loop's setup.
#[derive(Debug)]
pub(super) struct Opened {
    /// The state.
    pub state: State,
    /// Files, with the names of their threads.
    pub files: Vec<(String, File)>,
    /// True if reads depend on a lease that we have or give.
    pub leases: bool,
    /// True if a task begins at once: a log elsewhere is followed, or a
    /// replica could not be opened and tries again.
    pub begins: bool,
}

/// Opens what the replicas that listen need. `own_token` is for what this process asks of itself.
pub(super) fn open(
    config: &Config,
    listeners: &[Listener<Kind>],
    data: &DataDir,
    own_token: &str,
) -> Result<Opened, String> {
    let mut found = Vec::new();
    for service in SERVICES {
        let of_it = |listener: &&Listener<Kind>| listener.service == service.name();
        if let Some(listener) = listeners.iter().find(of_it) {
            found.push((service, listener.addr));
        }
    }
    let front = front(config, &found, own_token);
    let mut opened = match config.store.log {
        Some(log) => follower(log, &found, front, data)?,
        None if found.is_empty() => {
            if !config.store.catalogs.is_empty() && config.store.cache > 0 {
                log::warn!(
                    "the front keeps answers of catalogs elsewhere and hears of no writes but its \
                     own: name --store-log, or --store-cache 0"
                );
            }
            let state = State::new(Log::absent(), Vec::new(), front);
            Opened { state, files: Vec::new(), leases: false, begins: false }
        }
        None => owner(&found, front, data)?,
    };
    opened.state.require_if_match = config.store.require_if_match;
    Ok(opened)
}

/// Opens the log of this process: every replica catches up with it before clients are accepted.
fn owner(found: &[(Service, SocketAddr)], front: Front, data: &DataDir) -> Result<Opened, String> {
    let path = data.file(LOG);
    let mut log = File::log(path.clone());
    let (view, origin) = open_log(&mut log).map_err(|failure| failure.to_string())?;
    let order_secret = log.order_secret(randomness::secret()?);
    let order_secret = order_secret.map_err(|failure| failure.to_string())?;
    let (mut all, mut files) = (Vec::new(), Vec::new());
    for (service, addr) in found {
        let (role, number) = role(*service);
        let mut replica = Replica::new(role, number, files.len() + 1, *addr);
        let mut file = File::new(data.file(&format!("{}.db", replica.name)));
        match catch_up(&mut file, &mut log, &path, (view.seq, origin.log)) {
            Ok(view) => {
                replica.opened(view);
                replica.promote();
            }
            Err(failure) => replica.mark_down(Some(&failure)),
        }
        files.push((replica.name.clone(), file));
        all.push(replica);
    }
    files.insert(0, ("store-log".to_string(), log));
    let mut log = Log::at(path, origin, view.seq, Instant::now());
    log.order_secret = Some(order_secret);
    let begins = all.iter().any(Replica::may_recover);
    Ok(Opened { state: State::new(log, all, front), files, leases: true, begins })
}

/// The log is elsewhere: replicas catch up with it while they are listening, when it is there.
fn follower(
    log: SocketAddr,
    found: &[(Service, SocketAddr)],
    front: Front,
    data: &DataDir,
) -> Result<Opened, String> {
    refuse_two_logs(data.path())?;
    let (mut all, mut files) = (Vec::new(), Vec::new());
    for (service, addr) in found {
        let (role, number) = role(*service);
        let mut replica = Replica::new(role, number, files.len(), *addr);
        replica.recover();
        let file = File::new(data.file(&format!("{}.db", replica.name)));
        files.push((replica.name.clone(), file));
        all.push(replica);
    }
    let log = Log::following(log);
    Ok(Opened { state: State::new(log, all, front), files, leases: true, begins: true })
}

/// A directory with a log of its own is none to follow another one with: replicas in it belong to
/// the first.
fn refuse_two_logs(data: &Path) -> Result<(), String> {
    if !data.join(LOG).exists() {
        return Ok(());
    }
    Err(format!(
        "{} holds a log of its own ({LOG}): with --store-log, name another --data",
        data.display()
    ))
}

/// Returns the reason why the bookstore cannot start with the files in `data`, if there is one: a
/// replica's file never does.
pub(super) fn probe(config: &Config, data: &Path) -> Result<(), String> {
    let is_replica = |listen: &Listen| SERVICES.contains(&listen.service);
    match config.store.log {
        Some(_) => refuse_two_logs(data),
        None if config.listen.iter().any(is_replica) => {
            File::log(data.join(LOG)).probe().map_err(|failure| failure.to_string())
        }
        None => Ok(()),
    }
}

/// The file of the log.
const LOG: &str = "store-log.db";

/// Opens the log, which gets a number of its own if it is new.
fn open_log(log: &mut File) -> Result<(View, Origin), Failure> {
    let view = view(log.carry_out(Request::Open))?;
    if let Some(origin) = view.origin {
        return Ok((view, origin));
    }
    let secret = randomness::secret().map_err(Failure::new)?;
    let (bytes, _) = secret.split_first_chunk().expect("a secret is longer than a number");
    let origin = Origin { log: u64::from_le_bytes(*bytes), leased: false };
    log.carry_out(Request::Mark(origin))?;
    Ok((view, origin))
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
fn front(config: &Config, found: &[(Service, SocketAddr)], own_token: &str) -> Front {
    let store = &config.store;
    let token = store.token.clone().or_else(|| config.panel.token.clone());
    let own = |wanted: Role, named: &[SocketAddr]| {
        let own = found.iter().filter_map(|(service, addr)| {
            let (role, number) = role(*service);
            let addr = reachable(*addr);
            let (name, token) = (format!("{}-{number}", role.name()), Some(own_token.to_string()));
            (role == wanted).then_some(PeerConfig { name, role, addr, token })
        });
        let own = own.collect::<Vec<_>>();
        if named.is_empty() {
            return own;
        }
        let elsewhere = named.iter().enumerate().map(|(place, addr)| {
            let known = own.iter().find(|own| own.addr == *addr);
            let name = format!("{}-{}@{addr}", wanted.name(), place + 1);
            let asked = PeerConfig { name, role: wanted, addr: *addr, token: token.clone() };
            known.cloned().unwrap_or(asked)
        });
        elsewhere.collect()
    };
    let log = store.log.map(|addr| {
        let (name, token) = (Role::Log.name().to_string(), token.clone());
        PeerConfig { name, role: Role::Log, addr, token }
    });
    let peers = own(Role::Catalog, &store.catalogs).into_iter();
    let peers = peers.chain(own(Role::Order, &store.orders)).chain(log);
    Front::new(Cache::new(store.cache, store.ttl, store.stale), store.balance, peers)
}

/// Opens a replica's file and applies what it lacks, as it would while others are served.
fn catch_up(
    file: &mut File,
    log: &mut File,
    path: &Path,
    (tip, name): (Seq, u64),
) -> Result<View, Failure> {
    let mut now = view(file.carry_out(Request::Open))?;
    match now.origin {
        None => drop(file.carry_out(Request::Mark(Origin { log: name, leased: false }))?),
        Some(origin) if origin.log != name => return Err(Failure::new(OTHER_LOG)),
        Some(_) => {}
    }
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
        return Err(Failure::new(AHEAD));
    }
    Ok(now)
}

/// Entries applied in one commit before clients are accepted.
const AT_A_TIME: usize = 65_536;

fn view(answer: Result<Answer, Failure>) -> Result<View, Failure> {
    let Answer::Opened(view) = answer? else {
        unreachable!("a file that is opened says what is in it")
    };
    Ok(view)
}
