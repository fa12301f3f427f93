//! The law of the lobby: an oracle made of lists agrees with it after any operations.

use crate::service::Id;
use crate::service::chat::lobby::{
    At, Item, Lobby, Mood, Out, Outcome, Record, Settings, State, Visit,
};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Agents of a run.
const AGENTS: usize = 3;

/// So short that a few ticks of some seconds reach every timeout.
const SETTINGS: Settings = Settings {
    wait: Duration::from_secs(40),
    queue: 4,
    agent_grace: Duration::from_secs(12),
    visitor_grace: Duration::from_secs(24),
    queue_grace: Duration::from_secs(12),
    rating_time: Duration::from_secs(20),
    idle: Duration::from_secs(60),
    capacity: 1,
};

/// A visitor, as the oracle sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guest {
    visit: Visit,
    here: bool,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Waits,
    Talks(usize),
    Rates,
}

/// An agent, as the oracle sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Colleague {
    signed_in: bool,
    here: bool,
    online: bool,
    capacity: usize,
    idle_since: u64,
}

/// The lobby and its oracle.
struct Pair {
    lobby: Lobby,
    now: Instant,
    begun: Instant,
    connections: u32,
    /// Those who wait come in the order of the queue.
    guests: Vec<Guest>,
    peers: Vec<(Visit, Id)>,
    agents: [Colleague; AGENTS],
    agent_peers: [Id; AGENTS],
    out: Out,
    ended: [u64; 5],
    entered: u64,
}

const NO_PEER: Id = Id { slot: u32::MAX, generation: 0 };

/// Operations of two bytes: one selects the action, one the actor.
pub fn lobby_ops(input: &[u8]) {
    let mut pair = Pair::new();
    for op in input.chunks_exact(2).take(300) {
        let [action, actor] = *op else { unreachable!("chunks of two") };
        pair.act(action % 13, usize::from(actor));
        pair.compare();
    }
    pair.leave();
}

impl Pair {
    fn new() -> Pair {
        let names = ["bo", "cy", "di"].map(|name| (name.into(), 1));
        let now = Instant::now();
        Pair {
            lobby: Lobby::new(SETTINGS, [7; 32], names.to_vec(), 1),
            now,
            begun: now,
            connections: 0,
            guests: Vec::new(),
            peers: Vec::new(),
            agents: [Colleague { capacity: 1, ..Colleague::default() }; AGENTS],
            agent_peers: [NO_PEER; AGENTS],
            out: Out::default(),
            ended: [0; 5],
            entered: 0,
        }
    }

    fn at(&self) -> At {
        At { now: self.now, wall: UNIX_EPOCH + (self.now - self.begun) }
    }

    fn connection(&mut self) -> Id {
        self.connections += 1;
        Id { slot: self.connections, generation: 0 }
    }

    fn act(&mut self, action: u8, actor: usize) {
        self.out = Out::default();
        let at = self.at();
        let agent = actor % AGENTS;
        match action {
            0 | 1 => self.hello(),
            2 => self.visitor(actor, Pair::leave_one),
            3 => self.visitor(actor, Pair::cut_off),
            4 => self.visitor(actor, Pair::resume),
            5 => self.visitor(actor, Pair::talk),
            6 => self.sign_in(agent),
            7 => self.mood(agent, actor >= 128),
            8 => self.capacity(agent, 1 + actor / AGENTS % 3),
            9 => self.close(agent),
            10 => self.drop_agent(agent, at),
            11 => self.quit(agent),
            _ => self.pass(Duration::from_secs(1 + actor as u64 % 16)),
        }
        self.settle();
    }

    fn hello(&mut self) {
        let (peer, at) = (self.connection(), self.at());
        let free = self.free().is_some();
        let waiting = self.waiting().count();
        match self.lobby.hello(peer, None, at, &mut self.out) {
            Ok(admitted) => {
                assert!(waiting < SETTINGS.queue || free, "the queue was full");
                self.entered += 1;
                self.peers.push((admitted.visit, peer));
                let guest = Guest { visit: admitted.visit, here: true, place: Place::Waits };
                self.guests.push(guest);
                self.dispatch();
            }
            Err(_) => assert!(waiting >= SETTINGS.queue && !free, "there was a place"),
        }
    }

    fn visitor(&mut self, actor: usize, act: fn(&mut Pair, usize, Id)) {
        if self.guests.is_empty() {
            return;
        }
        let place = actor % self.guests.len();
        let visit = self.guests[place].visit;
        let peer = self.peers.iter().rev().find(|(other, _)| *other == visit);
        let peer = peer.expect("every guest had a connection").1;
        act(self, place, peer);
    }

    fn leave_one(&mut self, place: usize, peer: Id) {
        let (guest, at) = (self.guests[place], self.at());
        let left = self.lobby.leave(guest.visit, peer, false, at, &mut self.out);
        assert_eq!(left.is_ok(), guest.here);
        match guest.place {
            _ if !guest.here => {}
            Place::Talks(agent) => {
                self.guests[place].place = Place::Rates;
                self.freed(agent);
                self.dispatch();
            }
            Place::Waits | Place::Rates => drop(self.guests.remove(place)),
        }
    }

    fn cut_off(&mut self, place: usize, peer: Id) {
        let at = self.at();
        self.lobby.detach(self.guests[place].visit, peer, at, &mut self.out);
        self.guests[place].here = false;
    }

    fn resume(&mut self, place: usize, _: Id) {
        let (visit, at) = (self.guests[place].visit, self.at());
        let token = self.lobby.find(visit).map(|visitor| u128::from_be_bytes(visitor.token));
        let token = format!("{:032x}", token.expect("the oracle knows the visitor"));
        let peer = self.connection();
        let back = self.lobby.resume(peer, &token, Some(0), at, &mut self.out);
        assert_eq!(back, Ok(visit));
        self.peers.push((visit, peer));
        self.guests[place].here = true;
        self.dispatch();
    }

    fn talk(&mut self, place: usize, peer: Id) {
        let (guest, at) = (self.guests[place], self.at());
        let said = self.lobby.text(guest.visit, peer, "hi".into(), at, &mut self.out);
        if !guest.here || guest.place == Place::Rates {
            assert!(said.is_err());
        }
    }

    fn sign_in(&mut self, agent: usize) {
        let (peer, at) = (self.connection(), self.at());
        self.lobby.sign_in(agent, peer, at, &mut self.out);
        self.agent_peers[agent] = peer;
        if !self.agents[agent].signed_in {
            let idle_since = self.tick();
            let fresh = Colleague { capacity: 1, idle_since, ..Colleague::default() };
            self.agents[agent] = Colleague { signed_in: true, ..fresh };
        }
        self.agents[agent].here = true;
        self.dispatch();
    }

    fn mood(&mut self, agent: usize, online: bool) {
        let mood = if online { Mood::Online } else { Mood::Away("lunch".into()) };
        let (peer, at) = (self.agent_peers[agent], self.at());
        let set = self.lobby.set_mood(agent, peer, mood, at, &mut self.out);
        assert_eq!(set.is_ok(), self.agents[agent].here);
        if self.agents[agent].here {
            self.agents[agent].online = online;
            self.dispatch();
        }
    }

    fn capacity(&mut self, agent: usize, capacity: usize) {
        let (peer, at) = (self.agent_peers[agent], self.at());
        let set = self.lobby.set_capacity(agent, peer, capacity as u32, at, &mut self.out);
        assert_eq!(set.is_ok(), self.agents[agent].here);
        if self.agents[agent].here {
            self.agents[agent].capacity = capacity;
            self.dispatch();
        }
    }

    fn close(&mut self, agent: usize) {
        let first = self.guests.iter().position(|guest| guest.place == Place::Talks(agent));
        let number = first.and_then(|place| self.lobby.find(self.guests[place].visit));
        let Some(number) = number.and_then(|visitor| visitor.chat) else { return };
        let (peer, at) = (self.agent_peers[agent], self.at());
        let closed = self.lobby.close(agent, peer, Some(number), at, &mut self.out);
        assert_eq!(closed.is_ok(), self.agents[agent].here);
        if let (true, Some(place)) = (closed.is_ok(), first) {
            self.guests[place].place = Place::Rates;
            self.freed(agent);
            self.dispatch();
        }
    }

    fn drop_agent(&mut self, agent: usize, at: At) {
        self.lobby.drop_agent(agent, self.agent_peers[agent], at);
        self.agents[agent].here = false;
    }

    fn quit(&mut self, agent: usize) {
        let (peer, at) = (self.agent_peers[agent], self.at());
        let left = self.lobby.quit(agent, peer, true, at, &mut self.out);
        assert_eq!(left.is_ok(), self.agents[agent].here);
        if left.is_ok() {
            self.agent_out(agent);
            self.dispatch();
        }
    }

    /// Lets time pass. The oracle copies departures and new chats from the lobby, and dispatches
    /// nothing itself.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        let at = self.at();
        self.lobby.expire(at, &mut self.out);
        for agent in 0..AGENTS {
            let signed_in = self.lobby.agents()[agent].shift.is_some();
            if self.agents[agent].signed_in && !signed_in {
                assert!(!self.agents[agent].here, "only a disconnected agent is signed out");
                self.agents[agent] = Colleague { capacity: 1, ..Colleague::default() };
            }
        }
        let lobby = &self.lobby;
        self.guests.retain(|guest| lobby.find(guest.visit).is_some());
        let place = |visit: Visit| lobby.place(visit).unwrap_or(0);
        for guest in &mut self.guests {
            let visitor = lobby.find(guest.visit).expect("it was retained");
            guest.place = match visitor.state {
                State::Queued(_) => Place::Waits,
                State::Active(_) => {
                    Place::Talks(visitor.agent.expect("an active visitor has an agent"))
                }
                State::Rating => Place::Rates,
            };
        }
        self.guests.sort_by_key(|guest| place(guest.visit));
        for agent in 0..AGENTS {
            if let Some(shift) = &self.lobby.agents()[agent].shift {
                self.agents[agent].idle_since = self.since(shift.idle_since);
            }
        }
    }

    fn since(&self, at: Instant) -> u64 {
        (at - self.begun).as_millis() as u64
    }

    fn tick(&self) -> u64 {
        self.since(self.now)
    }

    fn load(&self, agent: usize) -> usize {
        self.guests.iter().filter(|guest| guest.place == Place::Talks(agent)).count()
    }

    fn freed(&mut self, agent: usize) {
        if self.load(agent) == 0 {
            self.agents[agent].idle_since = self.tick();
        }
    }

    /// Puts the visitors of an agent who has left at the head of the queue, in their order.
    fn agent_out(&mut self, agent: usize) {
        let lobby = &self.lobby;
        let mut theirs = Vec::new();
        self.guests.retain(|guest| {
            let talked = guest.place == Place::Talks(agent);
            theirs.extend(talked.then_some(*guest));
            !talked
        });
        theirs.sort_by_key(|guest| lobby.find(guest.visit).map(|visitor| visitor.arrived.now));
        self.agents[agent] = Colleague { capacity: 1, ..Colleague::default() };
        // The lobby decides about their order: they may have other agents by now.
        let order = |guest: &Guest| lobby.place(guest.visit).unwrap_or(0);
        theirs.sort_by_key(order);
        let back = theirs.into_iter().map(|guest| Guest { place: Place::Waits, ..guest });
        self.guests.splice(0..0, back);
    }

    fn waiting(&self) -> impl Iterator<Item = &Guest> {
        self.guests.iter().filter(|guest| guest.place == Place::Waits)
    }

    fn free(&self) -> Option<usize> {
        let free = (0..AGENTS).filter(|agent| {
            let colleague = self.agents[*agent];
            colleague.here && colleague.online && self.load(*agent) < colleague.capacity
        });
        free.min_by_key(|agent| (self.load(*agent), self.agents[*agent].idle_since))
    }

    fn dispatch(&mut self) {
        while let (Some(agent), Some(place)) = (
            self.free(),
            self.guests.iter().position(|guest| guest.here && guest.place == Place::Waits),
        ) {
            self.guests[place].place = Place::Talks(agent);
        }
    }

    /// Counts the written records.
    fn settle(&mut self) {
        for item in &self.out.0 {
            let Item::Write(Record::Session(past)) = item else { continue };
            self.ended[past.outcome as usize] += 1;
        }
    }

    fn compare(&self) {
        self.lobby.assert_invariants();
        for agent in 0..AGENTS {
            let load = self.lobby.load(agent) as usize;
            assert_eq!(load, self.load(agent), "both count the chats of {agent}");
        }
        let mut waiting = self.waiting().map(|guest| guest.visit).collect::<Vec<_>>();
        assert_eq!(self.lobby.waiting(), waiting.len());
        waiting.sort_by_key(|visit| self.lobby.place(*visit));
        assert!(waiting.iter().all(|visit| self.lobby.place(*visit).is_some()));
        for guest in &self.guests {
            let visitor = self.lobby.find(guest.visit).expect("both know the visitor");
            assert_eq!(visitor.peer.is_some(), guest.here, "both know if it is connected");
            if let Place::Talks(agent) = guest.place {
                assert_eq!(visitor.agent, Some(agent), "both know its agent");
            }
        }
        let settled = Outcome::Handled as usize..=Outcome::ShortAbandoned as usize;
        let settled: u64 = self.ended[settled].iter().sum();
        let open = self.guests.iter().filter(|guest| guest.place != Place::Rates).count();
        assert_eq!(self.entered, settled + open as u64, "each visitor has one outcome");
    }

    /// Lets all leave, and asserts that nothing is left over.
    fn leave(&mut self) {
        for agent in 0..AGENTS {
            let at = self.at();
            self.drop_agent(agent, at);
        }
        for place in 0..self.guests.len() {
            self.visitor(place, Pair::cut_off);
        }
        for _ in 0..40 {
            self.out = Out::default();
            self.pass(Duration::from_secs(13));
            self.settle();
            self.compare();
        }
        assert!(self.lobby.is_empty() && self.guests.is_empty(), "all have left");
        assert_eq!(self.lobby.next_timer(), None, "no timer is left");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lobby_and_oracle_agree_after_any_operations() {
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..1500 {
            let ops = (0..rng.usize(..400)).map(|_| rng.u8(..)).collect::<Vec<_>>();
            lobby_ops(&ops);
        }
    }
}
