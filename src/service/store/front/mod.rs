//! The third room: the front. It asks replicas on behalf of clients, balances between them and
//! caches what they answer.
//!
//! It knows replicas by the addresses of their listeners. A counter for each role chooses the next
//! one; a replica that is down, or was not reached a moment ago, is left out.

pub mod cache;
pub mod calls;
pub mod peers;
pub mod reads;
pub mod writes;

use super::Notice;
use super::replicas::{Replica, Replicas, Role};
use super::wait::Waiter;
use crate::limits::{self, RateLimitedLog};
use crate::service::{Effect, Id, Mail};
use crate::wire::request;
use cache::Cache;
use peers::Peer;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Lines about reads in a second, at most: beyond that their number is enough.
const READ_LINES_MAX: u32 = 20;

/// The choice of the next replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastInflight,
}

/// The state of this room.
#[derive(Debug)]
pub struct Front {
    /// Earlier answers.
    pub cache: Cache,
    balance: Balance,
    peers: Vec<PeerState>,
    /// The counters: of catalogs, of order servers, of the log.
    turns: [usize; 3],
    /// The lines about reads.
    log: RateLimitedLog,
}

/// A replica that the front may ask.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its listener.
    pub addr: SocketAddr,
    /// The token that guarded requests need.
    pub token: Option<String>,
}

/// A replica, as the front knows it.
#[derive(Debug)]
struct PeerState {
    name: String,
    role: Role,
    addr: SocketAddr,
    token: Option<String>,
    /// Connections that wait for a call, …
    idle: Vec<Id>,
    /// … and those that wait for a reply.
    asking: Vec<Id>,
    /// Connections that are open, or are being made.
    open: usize,
    /// Requests that wait for a connection.
    queue: VecDeque<Call>,
    /// Requests under way.
    inflight: usize,
    /// The end of the time in which it is left alone.
    rest: Option<Instant>,
    /// True if its process reports that it does not serve, or reports nothing.
    away: bool,
    requests: u64,
    errors: u64,
}

/// A request to a replica.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// The target, in origin form.
    pub target: String,
    /// Fields beyond the usual ones.
    pub fields: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The role of the replicas that may be asked.
    pub role: Role,
    /// True if it may be sent twice.
    pub safe: bool,
    /// The waiters for its reply.
    pub wanted: Wanted,
    /// The number of times that it was sent before.
    pub tried: u8,
    /// True if a replica may have carried it out without a reply.
    pub unsure: bool,
}

/// The waiters for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All that wait for this fill of the cache.
    Fill(u64),
    /// One.
    One(Waiter),
}

/// A replica as the front sees it, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its listener.
    pub addr: SocketAddr,
    /// True if it was reached recently.
    pub reachable: bool,
    /// Requests that were sent to it.
    pub requests: u64,
    /// Those of them that it did not answer.
    pub errors: u64,
}

impl Call {
    /// A GET.
    pub fn get(role: Role, target: String, wanted: Wanted) -> Call {
        let (method, fields, body) = ("GET", Vec::new(), Vec::new());
        let (tried, unsure) = (0, false);
        Call { method, target, fields, body, role, safe: true, wanted, tried, unsure }
    }

    /// Returns true if it needs a token.
    fn is_guarded(&self) -> bool {
        match self.role {
            Role::Catalog => self.method != "GET",
            Role::Log => true,
            // Every client may write, and may read an order with the right key.
            Role::Order => self.method == "GET",
        }
    }

    /// Prints the request for this host, with its token.
    pub fn print(&self, host: &str, token: Option<&str>, out: &mut Vec<u8>) {
        let token = token.filter(|_| self.is_guarded()).map(|token| format!("Bearer {token}"));
        let token = token.as_deref().map(|token| ("Authorization", token));
        let fields = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        let fields = fields.chain(token).collect::<Vec<_>>();
        let length = (self.method != "GET").then_some(self.body.len());
        let (method, target) = (self.method, self.target.as_str());
        request::print(&request::Request { method, target, host, fields: &fields, length }, out);
        out.extend_from_slice(&self.body);
    }
}

impl Front {
    /// A front that asks these replicas.
    pub fn new(
        cache: Cache,
        balance: Balance,
        peers: impl IntoIterator<Item = PeerConfig>,
    ) -> Front {
        let known = |PeerConfig { name, role, addr, token }| PeerState {
            name,
            role,
            addr,
            token,
            idle: Vec::new(),
            asking: Vec::new(),
            open: 0,
            queue: VecDeque::new(),
            inflight: 0,
            rest: None,
            away: false,
            requests: 0,
            errors: 0,
        };
        let peers = peers.into_iter().map(known).collect();
        let log = RateLimitedLog::new(module_path!(), ::log::Level::Info, READ_LINES_MAX);
        Front { cache, balance, peers, turns: [0; 3], log }
    }

    /// A front without replicas.
    pub fn off() -> Front {
        let cache = Cache::new(0, Duration::ZERO, Duration::ZERO);
        Front::new(cache, Balance::RoundRobin, [])
    }

    /// Returns true if it has no replicas.
    pub fn is_off(&self) -> bool {
        self.peers.is_empty()
    }

    /// Takes the next call for this connection to send.
    pub fn take_call(&mut self, peer: Peer, id: Id) -> Option<Call> {
        let known = &mut self.peers[peer.0];
        let call = known.queue.pop_front()?;
        known.asking.push(id);
        Some(call)
    }

    /// A connection waits for a reply no longer.
    pub fn answered(&mut self, peer: Peer, id: Id) {
        self.peers[peer.0].asking.retain(|asking| *asking != id);
    }

    /// A connection has nothing to do.
    pub fn idle(&mut self, peer: Peer, id: Id) {
        self.peers[peer.0].idle.push(id);
    }

    /// The peer's name.
    pub fn name(&self, peer: Peer) -> String {
        self.peers[peer.0].name.clone()
    }

    /// The peer's address, for `Host`, and its token.
    pub fn host(&self, peer: Peer) -> (String, Option<&str>) {
        let known = &self.peers[peer.0];
        (known.addr.to_string(), known.token.as_deref())
    }

    /// A process reports the name of a replica, and whether it may be asked.
    pub fn peer_seen(&mut self, addr: SocketAddr, name: &str, up: bool) {
        for known in self.peers.iter_mut().filter(|known| known.addr == addr) {
            known.away = !up;
            name.clone_into(&mut known.name);
        }
    }

    /// Its process reports nothing any more: calls that wait for its replies go elsewhere.
    pub fn peer_gone(&mut self, addr: SocketAddr, effects: &mut Vec<Effect>) {
        for known in self.peers.iter_mut().filter(|known| known.addr == addr) {
            known.away = true;
            let leave = |id: &Id| Effect::Post(*id, Mail::Store(Notice::Leave));
            effects.extend(known.asking.iter().map(leave));
        }
    }

    /// All replicas, for operators.
    pub fn status(&self, now: Instant) -> Vec<PeerStatus> {
        let status = |known: &PeerState| PeerStatus {
            name: known.name.clone(),
            role: known.role,
            addr: known.addr,
            reachable: !known.away && known.rest.is_none_or(|until| until <= now),
            requests: known.requests,
            errors: known.errors,
        };
        self.peers.iter().filter(|known| known.role != Role::Log).map(status).collect()
    }

    /// Returns true if some peer of this role may be asked.
    pub fn has(&self, role: Role, replicas: &Replicas, now: Instant) -> bool {
        (0..self.peers.len()).any(|peer| self.may_ask(peer, role, replicas, now))
    }

    /// Chooses the next peer of this role, other than `not`.
    fn choose(
        &mut self,
        role: Role,
        not: Option<usize>,
        replicas: &Replicas,
        now: Instant,
    ) -> Option<usize> {
        let able = (0..self.peers.len())
            .filter(|peer| self.may_ask(*peer, role, replicas, now) && Some(*peer) != not)
            .collect::<Vec<_>>();
        if able.is_empty() {
            return None;
        }
        let turn = &mut self.turns[role as usize];
        let next = able[*turn % able.len()];
        *turn = turn.wrapping_add(1);
        match self.balance {
            Balance::RoundRobin => Some(next),
            Balance::LeastInflight => {
                let load = |peer: &usize| (self.peers[*peer].inflight, *peer != next);
                able.into_iter().min_by_key(load)
            }
        }
    }

    /// Returns true if it is of this role, up as far as is known, and not being left alone.
    fn may_ask(&self, peer: usize, role: Role, replicas: &Replicas, now: Instant) -> bool {
        let known = &self.peers[peer];
        let own = replicas.iter().find(|replica| replica.name == known.name);
        known.role == role
            && own.is_none_or(Replica::is_up)
            && !known.away
            && known.rest.is_none_or(|until| until <= now)
            && known.queue.len() < limits::STORE_CALLS
    }
}
