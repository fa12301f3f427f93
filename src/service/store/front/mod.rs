//! The front: whom it asks, what it remembers of the answers.
//!
//! It knows replicas by the addresses of their listeners. Which of them is asked next is a counter
//! for each role; one that is down, or was not reached a moment ago, is left out.

pub mod cache;
pub mod calls;
pub mod peers;
pub mod reads;
mod voice;
pub mod writes;

use super::Notice;
use super::replicas::{Replica, Role};
use crate::limits;
use crate::service::{Effect, Id, Mail, Ticket};
use crate::wire::request;
use cache::Cache;
use peers::Peer;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use voice::Voice;

/// Who is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastInflight,
}

/// State of the front.
#[derive(Debug)]
pub struct State {
    /// What was answered before.
    pub cache: Cache,
    balance: Balance,
    peers: Vec<Known>,
    /// The counters: of catalogs, of order servers, of the log.
    turns: [usize; 3],
    voice: Voice,
}

/// Somebody to ask.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it wants to hear with what is not for everybody.
    pub token: Option<String>,
}

/// A replica, as the front knows it.
#[derive(Debug)]
struct Known {
    name: String,
    role: Role,
    addr: SocketAddr,
    token: Option<String>,
    /// Connections that wait for something to ask, …
    idle: Vec<Id>,
    /// … and those that wait for a reply.
    asking: Vec<Id>,
    /// Connections there are, or are being made.
    open: usize,
    /// Requests that wait for a connection.
    queue: VecDeque<Call>,
    /// Requests under way.
    inflight: usize,
    /// Until when it is left alone.
    rest: Option<Instant>,
    /// Its process said that it may not be asked, or says nothing.
    away: bool,
    requests: u64,
    errors: u64,
}

/// What is asked of a replica.
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
    /// Who may be asked.
    pub role: Role,
    /// Whether asking twice does no more than asking once.
    pub safe: bool,
    /// Who wants to know.
    pub wanted: Wanted,
    /// How often it was asked before.
    pub tried: u8,
    /// Whether one of those who were asked may have done it, and did not say.
    pub unsure: bool,
}

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All who wait for this fill.
    Fill(u64),
    /// One.
    One(Id, Ticket),
}

/// What operators get to know of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Whether it was reached lately.
    pub reachable: bool,
    /// Requests that it was asked.
    pub requests: u64,
    /// Those of them that it did not answer.
    pub errors: u64,
}

impl Call {
    /// Reads something.
    pub fn get(role: Role, target: String, wanted: Wanted) -> Call {
        let (method, fields, body) = ("GET", Vec::new(), Vec::new());
        let (tried, unsure) = (0, false);
        Call { method, target, fields, body, role, safe: true, wanted, tried, unsure }
    }

    /// Whether it is not for everybody to ask.
    fn is_guarded(&self) -> bool {
        match self.role {
            Role::Catalog => self.method != "GET",
            Role::Log => true,
            // Writes are everybody's, and so is an order with its key, which has to be right.
            Role::Order => self.method == "GET",
        }
    }

    /// Prints the request for this host, which takes it from whoever knows the token.
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

impl State {
    /// A front that asks these.
    pub fn new(cache: Cache, balance: Balance, peers: impl IntoIterator<Item = Asked>) -> State {
        let known = |Asked { name, role, addr, token }| Known {
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
        State { cache, balance, peers, turns: [0; 3], voice: Voice::default() }
    }

    /// A front that knows nobody.
    pub fn off() -> State {
        let cache = Cache::new(0, Duration::ZERO, Duration::ZERO);
        State::new(cache, Balance::RoundRobin, [])
    }

    /// Whether there is nobody to ask at all.
    pub fn is_off(&self) -> bool {
        self.peers.is_empty()
    }

    /// The next thing that this connection is to ask its peer.
    pub fn take_call(&mut self, peer: Peer, id: Id) -> Option<Call> {
        let known = &mut self.peers[peer.0];
        let call = known.queue.pop_front()?;
        known.asking.push(id);
        Some(call)
    }

    /// A connection waits for a reply no longer.
    pub fn is_answered(&mut self, peer: Peer, id: Id) {
        self.peers[peer.0].asking.retain(|asking| *asking != id);
    }

    /// A connection has nothing to do.
    pub fn rests(&mut self, peer: Peer, id: Id) {
        self.peers[peer.0].idle.push(id);
    }

    /// The peer's name.
    pub fn name(&self, peer: Peer) -> String {
        self.peers[peer.0].name.clone()
    }

    /// The peer's address, for `Host`, and the token that it wants to hear.
    pub fn host(&self, peer: Peer) -> (String, Option<&str>) {
        let known = &self.peers[peer.0];
        (known.addr.to_string(), known.token.as_deref())
    }

    /// A process says what a replica is called and whether it may be asked.
    pub fn is_known(&mut self, addr: SocketAddr, name: &str, up: bool) {
        for known in self.peers.iter_mut().filter(|known| known.addr == addr) {
            known.away = !up;
            name.clone_into(&mut known.name);
        }
    }

    /// Its process says nothing any more: whoever waits for its replies asks elsewhere.
    pub fn is_gone(&mut self, addr: SocketAddr, effects: &mut Vec<Effect>) {
        for known in self.peers.iter_mut().filter(|known| known.addr == addr) {
            known.away = true;
            let leave = |id: &Id| Effect::Post(*id, Mail::Store(Notice::Leave));
            effects.extend(known.asking.iter().map(leave));
        }
    }

    /// All replicas, as operators see them.
    pub fn seen(&self, now: Instant) -> Vec<Seen> {
        let seen = |known: &Known| Seen {
            name: known.name.clone(),
            role: known.role,
            addr: known.addr,
            reachable: !known.away && known.rest.is_none_or(|until| until <= now),
            requests: known.requests,
            errors: known.errors,
        };
        self.peers.iter().filter(|known| known.role != Role::Log).map(seen).collect()
    }

    /// Whether some peer of this role may be asked.
    pub fn has(&self, role: Role, replicas: &[Replica], now: Instant) -> bool {
        (0..self.peers.len()).any(|peer| self.may_ask(peer, role, replicas, now))
    }

    /// Whose turn it is, `not` this one if there is another.
    fn choose(
        &mut self,
        role: Role,
        not: Option<usize>,
        replicas: &[Replica],
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

    /// Whether it is of this role, up as far as we know, and not being left alone.
    fn may_ask(&self, peer: usize, role: Role, replicas: &[Replica], now: Instant) -> bool {
        let known = &self.peers[peer];
        let own = replicas.iter().find(|replica| replica.name == known.name);
        known.role == role
            && own.is_none_or(Replica::is_up)
            && !known.away
            && known.rest.is_none_or(|until| until <= now)
            && known.queue.len() < limits::STORE_CALLS
    }
}
