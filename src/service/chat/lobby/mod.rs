//! The lobby: the queue, the agents and their chats. Plain data, without I/O and clocks.
//!
//! ```text
//! NEW ─hello→ QUEUED ─slot→ ACTIVE ─end→ RATING ─rate│time→ (gone)
//!  │ full       │ wait over → lost  │ agent lost, handed over → QUEUED (head)
//!  ▼            │ leave, cut off for too long → abandoned
//! BLOCKED       ▼
//! ```
//! A disconnected visitor is marked by a flag in all three states. Every operation that frees or
//! adds a slot dispatches; notices and records are returned as values. In debug builds every
//! operation ends with a check of the [`invariants`].

pub mod agents;
pub mod budget;
mod dispatch;
mod ends;
pub mod invariants;
pub mod live;
pub mod notice;
pub mod people;
mod queue;
mod ties;
pub mod timers;

pub use notice::{Delivery, Item, Notice, Out, Outcome, Past, Reason, Record, Refused};
pub use people::{Agent, At, Chat, Mood, Shift, State, Visit, Visitor, Who};

use crate::limits;
use crate::service::Id;
use budget::{Budget, Rate, Spent};
use people::Line;
use queue::Queue;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use timers::Timers;

/// Timeouts and bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Time that a visitor waits; zero for not at all.
    pub wait: Duration,
    /// Maximum number of waiting visitors.
    pub queue: usize,
    /// Time for a disconnected agent to come back.
    pub agent_grace: Duration,
    /// Time for a disconnected visitor in a chat to come back …
    pub visitor_grace: Duration,
    /// … and for a waiting one.
    pub queue_grace: Duration,
    /// Time to rate a chat.
    pub rating_time: Duration,
    /// Time that a visitor may be silent in a chat.
    pub idle: Duration,
    /// Chats at a time of an agent whose account does not say.
    pub capacity: u32,
}

/// The lobby; see the module.
#[derive(Debug)]
pub struct Lobby {
    settings: Settings,
    secret: [u8; 32],
    issued: u32,
    next_chat: u32,
    queue: Queue,
    visitors: HashMap<Visit, Box<Visitor>>,
    tokens: HashMap<[u8; 16], Visit>,
    shorts: HashSet<u16>,
    chats: BTreeMap<u32, Chat>,
    agents: Vec<Agent>,
    timers: Timers,
    /// Moving average of chat durations, once there has been a chat.
    talk_s: Option<f64>,
    /// Number of queue positions whose change was already announced.
    told_places: u32,
}

/// An admitted visitor. It may be gone again already, where there is no waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Its identity from now on.
    pub visit: Visit,
    /// Its session's name in files.
    pub session: u64,
    /// The token that resumes the session.
    pub token: [u8; 16],
    /// Its name.
    pub name: Arc<str>,
}

/// Message rate of visitors.
const VISITOR_TEXTS: Rate = Rate { per_second: 5.0, burst: 10.0 };

impl Lobby {
    /// Creates an empty lobby for these agents. Names and tokens depend on `secret`; chats are
    /// counted from `next_chat`.
    pub fn new(
        settings: Settings,
        secret: [u8; 32],
        agents: Vec<(Arc<str>, u32)>,
        next_chat: u32,
    ) -> Lobby {
        let agent = |(name, capacity)| Agent {
            name,
            capacity,
            shift: None,
            ties: 0,
            chats: BTreeSet::new(),
        };
        Lobby {
            settings,
            secret,
            issued: 0,
            next_chat,
            queue: Queue::default(),
            visitors: HashMap::new(),
            tokens: HashMap::new(),
            shorts: HashSet::new(),
            chats: BTreeMap::new(),
            agents: agents.into_iter().map(agent).collect(),
            timers: Timers::default(),
            talk_s: None,
            told_places: 0,
        }
    }

    /// Sets the average duration of chats so far, in seconds, if it is known.
    pub fn expect(&mut self, talk_s: Option<f64>) {
        self.talk_s = talk_s;
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the visitor, if it exists and this is its connection.
    pub fn visitor(&self, visit: Visit, peer: Id) -> Option<&Visitor> {
        self.visitors.get(&visit).map(|visitor| &**visitor).filter(|v| v.peer == Some(peer))
    }

    /// Returns a visitor in any state.
    pub fn find(&self, visit: Visit) -> Option<&Visitor> {
        self.visitors.get(&visit).map(|visitor| &**visitor)
    }

    /// Returns the time of the next timer.
    pub fn next_timer(&self) -> Option<std::time::Instant> {
        self.timers.next()
    }

    /// Returns true if no visitor and no agent is there, or expected back.
    pub fn is_empty(&self) -> bool {
        self.visitors.is_empty() && self.agents.iter().all(|agent| agent.shift.is_none())
    }

    /// NEW → QUEUED, or BLOCKED. Without a name the visitor is a guest.
    ///
    /// # Errors
    /// Fails if the queue is full and no agent is free; the visitor is counted as blocked.
    pub fn hello(
        &mut self,
        peer: Id,
        name: Option<Arc<str>>,
        at: At,
        out: &mut Out,
    ) -> Result<Admitted, Refused> {
        let blocked = self.queue.len() >= self.settings.queue && self.free_agent().is_none();
        if blocked && self.settings.wait > Duration::ZERO
            || self.visitors.len() >= limits::CHAT_VISITORS
        {
            let name = name.unwrap_or_else(|| "guest".into());
            out.write(Record::Session(Box::new(self.blocked(name, at))));
            return Err(Refused::QueueFull);
        }
        let visit = self.admit(peer, name, at);
        let Visitor { session, token, name, .. } = &*self.visitors[&visit];
        let (session, token, name) = (*session, *token, Arc::clone(name));
        self.enqueue(visit, false, at, out);
        self.dispatch(at, out);
        self.check();
        Ok(Admitted { visit, session, token, name })
    }

    /// Creates a visitor in no counted state.
    fn admit(&mut self, peer: Id, name: Option<Arc<str>>, at: At) -> Visit {
        self.issued = self.issued.wrapping_add(1);
        let visit = Visit(self.issued);
        let digest: [u8; 32] = Sha256::new()
            .chain_update(self.secret)
            .chain_update(self.issued.to_le_bytes())
            .finalize()
            .into();
        let (session, rest) = digest.split_first_chunk::<8>().expect("a hash has 32 bytes");
        let (token, rest) = rest.split_first_chunk::<16>().expect("24 are left of it");
        let mut short = u16::from_be_bytes([rest[0], rest[1]]);
        while !self.shorts.insert(short) {
            short = short.wrapping_add(1);
        }
        self.tokens.insert(*token, visit);
        let visitor = Visitor {
            peer: Some(peer),
            epoch: 0,
            ties: 0,
            session: u64::from_be_bytes(*session),
            token: *token,
            short,
            name: name.unwrap_or_else(|| format!("guest-{short:04x}").into()),
            state: State::Rating,
            arrived: at,
            lines: Vec::new(),
            bytes: 0,
            shown: 0,
            told: 0,
            texts: Budget::full(VISITOR_TEXTS, at.now),
            chat: None,
            agent: None,
            missed: Vec::new(),
            waited: Duration::ZERO,
            talked: Duration::ZERO,
            heard: at.now,
            warned: false,
            pos: 0,
        };
        self.visitors.insert(visit, Box::new(visitor));
        visit
    }

    /// Handles a visitor's text. Returns true if it was kept instead of passed on.
    ///
    /// # Errors
    /// Fails if the visitor exceeds the message rate, or no agent will ever read the text.
    pub fn text(
        &mut self,
        visit: Visit,
        peer: Id,
        text: Arc<str>,
        at: At,
        out: &mut Out,
    ) -> Result<bool, Refused> {
        let visitor = attached(&mut self.visitors, visit, peer)?;
        match visitor.texts.spend(VISITOR_TEXTS, at.now) {
            Spent::Fine => {}
            Spent::TooFast => return Err(Refused::Flood),
            Spent::TooLong => return Err(Refused::Flooded),
        }
        let agent = match visitor.state {
            State::Queued(_) => {
                let (count, bytes) =
                    visitor.untold().fold((0, 0), |(n, b), line| (n + 1, b + line.text.len()));
                let full = count >= limits::CHAT_KEPT_LINES;
                if full || bytes + text.len() > limits::CHAT_KEPT_BYTES {
                    return Err(Refused::KeptFull);
                }
                None
            }
            State::Active(chat) => Some((chat, self.chats[&chat].agent)),
            State::Rating => return Err(Refused::State),
        };
        visitor.heard = at.now;
        visitor.warned = false;
        note(visitor, Who::Visitor, Arc::clone(&text), at)?;
        let shift = agent.and_then(|(_, agent)| self.agents[agent].shift.as_ref());
        if let (Some((chat, _)), Some(to)) = (agent, shift.and_then(|shift| shift.peer)) {
            visitor.told = visitor.lines.len();
            let heard = Notice::Heard(chat, Arc::clone(&visitor.name), visitor.short, text);
            out.tell(Some(to), heard);
        }
        self.check();
        Ok(agent.is_none())
    }

    /// Handles a visitor that leaves: the queue for good; a chat, to rate it; the rating, for good.
    /// With `quit` it leaves all of them.
    ///
    /// # Errors
    /// Fails if the session is over already.
    pub fn leave(
        &mut self,
        visit: Visit,
        peer: Id,
        quit: bool,
        at: At,
        out: &mut Out,
    ) -> Result<(), Refused> {
        let state = attached(&mut self.visitors, visit, peer)?.state;
        let done = if quit { notice::Done::Quit } else { notice::Done::Left };
        match state {
            State::Queued(_) => {
                self.abandon(visit, Reason::Visitor, at, out);
                out.tell_after(Some(peer), Notice::Done(done));
                out.tell_after(Some(peer), Notice::Bye(Reason::Quit));
            }
            State::Active(chat) => {
                self.end(chat, Reason::Visitor, at, out);
                out.tell_after(Some(peer), Notice::Done(done));
                self.tell_end(chat, visit, Reason::Visitor, out);
                if quit {
                    self.forget(visit);
                    out.tell_after(Some(peer), Notice::Bye(Reason::Quit));
                }
                self.dispatch(at, out);
            }
            State::Rating => {
                self.forget(visit);
                out.tell(Some(peer), Notice::Done(done));
                out.tell(Some(peer), Notice::Bye(Reason::Quit));
            }
        }
        self.check();
        Ok(())
    }

    /// RATING → gone.
    ///
    /// # Errors
    /// Fails if there is nothing to rate.
    pub fn rate(
        &mut self,
        visit: Visit,
        peer: Id,
        (stars, comment): (u8, Arc<str>),
        out: &mut Out,
    ) -> Result<(), Refused> {
        let visitor = attached(&mut self.visitors, visit, peer)?;
        if visitor.state != State::Rating {
            return Err(Refused::State);
        }
        let session = visitor.session;
        out.write(Record::Rated { session, stars, comment });
        out.tell_after(Some(peer), Notice::Done(notice::Done::Rated(stars)));
        out.tell_after(Some(peer), Notice::Bye(Reason::Over));
        self.forget(visit);
        self.check();
        Ok(())
    }

    fn peer_of(&self, agent: usize) -> Option<Id> {
        self.agents[agent].shift.as_ref().and_then(|shift| shift.peer)
    }

    fn check(&self) {
        if cfg!(debug_assertions) {
            self.assert_invariants();
        }
    }
}

/// Returns the visitor with this connection.
fn attached(
    visitors: &mut HashMap<Visit, Box<Visitor>>,
    visit: Visit,
    peer: Id,
) -> Result<&mut Visitor, Refused> {
    let visitor = visitors.get_mut(&visit).map(|visitor| &mut **visitor);
    visitor.filter(|visitor| visitor.peer == Some(peer)).ok_or(Refused::Gone)
}

/// Appends a line to a transcript.
fn note(visitor: &mut Visitor, who: Who, text: Arc<str>, at: At) -> Result<(), Refused> {
    let bytes = text.len() + size_of::<Line>();
    if visitor.bytes + bytes > limits::CHAT_TRANSCRIPT_BYTES {
        return Err(Refused::TranscriptFull);
    }
    visitor.bytes += bytes;
    let ms = at.now.saturating_duration_since(visitor.arrived.now).as_millis() as u32;
    visitor.lines.push(Line { who, ms, text });
    Ok(())
}

#[cfg(test)]
mod tests;
