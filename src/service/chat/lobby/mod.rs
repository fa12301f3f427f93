//! The lobby: who waits, who is free, who talks with whom. Plain data, without I/O and clocks.
//!
//! ```text
//! NEW ─hello→ QUEUED ─slot→ ACTIVE ─end→ RATING ─rate│time→ (gone)
//!  │ full       │ wait over → lost  │ agent lost, handed over → QUEUED (head)
//!  ▼            │ leave, cut off for too long → abandoned
//! BLOCKED       ▼
//! ```
//! That a visitor was cut off is a flag on all three states. Every operation that frees or adds a
//! slot dispatches; what is to be told and written comes back as values. In debug builds every
//! operation ends with a look at the [`invariants`].

pub mod agents;
pub mod budget;
mod dispatch;
mod ends;
pub mod invariants;
pub mod live;
pub mod notice;
pub mod people;
pub mod timers;

pub use notice::{Delivery, Item, Notice, Out, Outcome, Past, Reason, Record, Refused};
pub use people::{Agent, At, Chat, Mood, Shift, State, Visit, Visitor, Who};

use crate::limits;
use crate::service::Id;
use budget::{Budget, Rate, Spent};
use people::Line;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use timers::{Purpose, Timers};

/// How patient everybody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a visitor waits; zero for not at all.
    pub wait: Duration,
    /// How many may.
    pub queue: usize,
    /// How long an agent that was cut off may stay away.
    pub agent_grace: Duration,
    /// How long a visitor may that is in a chat …
    pub visitor_grace: Duration,
    /// … and one that waits.
    pub queue_grace: Duration,
    /// How long a visitor may think about its rating.
    pub rating_time: Duration,
    /// How long a visitor may be silent in a chat.
    pub idle: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct Lobby {
    settings: Settings,
    secret: [u8; 32],
    issued: u32,
    next_chat: u32,
    queue: VecDeque<Visit>,
    visitors: HashMap<Visit, Box<Visitor>>,
    tokens: HashMap<[u8; 16], Visit>,
    shorts: HashSet<u16>,
    chats: BTreeMap<u32, Chat>,
    agents: Vec<Agent>,
    timers: Timers,
    /// How long chats take, by a mean that forgets.
    talk_s: f64,
}

/// How fast visitors may talk.
const VISITOR_TEXTS: Rate = Rate { per_second: 5.0, burst: 10.0 };
/// What the expected length of a chat is before there has been one, in seconds.
const TALK_S: f64 = 60.0;

impl Lobby {
    /// An empty lobby, for these agents. Names and tokens depend on `secret`; chats are counted
    /// from `next_chat`.
    pub fn new(
        settings: Settings,
        secret: [u8; 32],
        agents: Vec<(Arc<str>, u32)>,
        next_chat: u32,
    ) -> Lobby {
        let agent = |(name, capacity)| Agent { name, capacity, shift: None, ties: 0 };
        Lobby {
            settings,
            secret,
            issued: 0,
            next_chat,
            queue: VecDeque::new(),
            visitors: HashMap::new(),
            tokens: HashMap::new(),
            shorts: HashSet::new(),
            chats: BTreeMap::new(),
            agents: agents.into_iter().map(agent).collect(),
            timers: Timers::default(),
            talk_s: TALK_S,
        }
    }

    /// The patience in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The visitor, if it is not gone and this is its connection.
    pub fn visitor(&self, visit: Visit, peer: Id) -> Option<&Visitor> {
        self.visitors.get(&visit).map(|visitor| &**visitor).filter(|v| v.peer == Some(peer))
    }

    /// A visitor, wherever it is.
    pub fn find(&self, visit: Visit) -> Option<&Visitor> {
        self.visitors.get(&visit).map(|visitor| &**visitor)
    }

    /// When something happens by itself.
    pub fn next_timer(&self) -> Option<std::time::Instant> {
        self.timers.next()
    }

    /// Whether nobody is there, nor expected back.
    pub fn is_empty(&self) -> bool {
        self.visitors.is_empty() && self.agents.iter().all(|agent| agent.shift.is_none())
    }

    /// NEW → QUEUED, or BLOCKED. Without a name the visitor is a guest.
    ///
    /// # Errors
    /// The queue is full and nobody is free; the visitor is counted as blocked.
    pub fn hello(
        &mut self,
        peer: Id,
        name: Option<Arc<str>>,
        at: At,
        out: &mut Out,
    ) -> Result<Visit, Refused> {
        let blocked = self.queue.len() >= self.settings.queue && self.free_agent().is_none();
        if blocked && self.settings.wait > Duration::ZERO
            || self.visitors.len() >= limits::CHAT_VISITORS
        {
            let name = name.unwrap_or_else(|| "guest".into());
            out.write(Record::Session(Box::new(self.blocked(name, at))));
            return Err(Refused::QueueFull);
        }
        let visit = self.admit(peer, name, at);
        self.enqueue(visit, false, at, out);
        self.dispatch(at, out);
        self.check();
        Ok(visit)
    }

    /// A new visitor, in no state that counts.
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

    /// A visitor says something. Returns whether it was kept rather than passed on.
    ///
    /// # Errors
    /// It said too much, or nobody will ever read it.
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

    /// A visitor leaves: the queue for good; a chat, to rate it; the rating, for good. With
    /// `quit` it leaves all of them.
    ///
    /// # Errors
    /// The session is over already.
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
    /// There is nothing to rate.
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

    /// A visitor's connection is gone, or useless.
    pub fn detach(&mut self, visit: Visit, peer: Id, at: At, out: &mut Out) {
        let Ok(visitor) = attached(&mut self.visitors, visit, peer) else { return };
        visitor.peer = None;
        visitor.ties += 1;
        let ties = visitor.ties;
        match visitor.state {
            State::Queued(_) => {
                let until = at.now + self.settings.queue_grace;
                self.timers.set(Purpose::Return(visit), ties, until);
            }
            State::Active(chat) => {
                let until = at.now + self.settings.visitor_grace;
                self.timers.set(Purpose::Return(visit), ties, until);
                let agent = self.chats[&chat].agent;
                out.tell(self.peer_of(agent), Notice::Detached(chat));
            }
            State::Rating => {}
        }
        self.check();
    }

    /// A visitor is back, on another connection, having received `since` lines. An old connection
    /// of its is superseded.
    ///
    /// # Errors
    /// No session has this token.
    pub fn resume(
        &mut self,
        peer: Id,
        token: &str,
        since: Option<u64>,
        at: At,
        out: &mut Out,
    ) -> Result<Visit, Refused> {
        let visit = unhex(token).and_then(|token| self.tokens.get(&token).copied());
        let visit = visit.ok_or(Refused::Gone)?;
        let visitor = self.visitors.get_mut(&visit).expect("a token is forgotten with its visitor");
        out.tell(visitor.peer.filter(|old| *old != peer), Notice::Superseded);
        visitor.peer = Some(peer);
        visitor.ties += 1;
        visitor.heard = at.now;
        self.timers.void(Purpose::Return(visit));
        self.tell_resumed(visit, since, out);
        self.dispatch(at, out);
        self.check();
        Ok(visit)
    }

    fn tell_resumed(&mut self, visit: Visit, since: Option<u64>, out: &mut Out) {
        let visitor = self.visitors.get_mut(&visit).expect("it was found a moment ago");
        let since = since.map_or(visitor.shown, |since| since.min(u64::from(u32::MAX)) as u32);
        let with = visitor.chat.zip(visitor.agent);
        let with = with.map(|(chat, agent)| (chat, Arc::clone(&self.agents[agent].name)));
        let (state, with) = match visitor.state {
            State::Queued(_) => ("queued", None),
            State::Active(_) => ("chat", with),
            State::Rating => ("rating", with),
        };
        out.tell(visitor.peer, Notice::Resumed(state, with));
        let count = visitor.missed_lines(since).count() as u32;
        out.tell(visitor.peer, Notice::Replay(None, count));
        for line in visitor.missed_lines(since) {
            let Who::Agent(agent) = line.who else { continue };
            let who = Arc::clone(&self.agents[agent].name);
            out.tell(visitor.peer, Notice::Said(who, Arc::clone(&line.text)));
        }
        visitor.shown = visitor.missed_lines(0).count() as u32;
        let (peer, state) = (visitor.peer, visitor.state);
        match state {
            State::Queued(_) => self.tell_place(visit, out),
            State::Active(chat) => {
                out.tell(self.peer_of(self.chats[&chat].agent), Notice::Attached(chat));
            }
            State::Rating => out.tell(peer, self.ended(visit, Reason::Over)),
        }
    }

    /// The end of a chat, as its visitor is told it.
    fn ended(&self, visit: Visit, reason: Reason) -> Notice {
        let visitor = &self.visitors[&visit];
        Notice::Ended(visitor.chat.unwrap_or(0), reason, visitor.talked.as_secs())
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

/// The visitor whose connection this is.
fn attached(
    visitors: &mut HashMap<Visit, Box<Visitor>>,
    visit: Visit,
    peer: Id,
) -> Result<&mut Visitor, Refused> {
    let visitor = visitors.get_mut(&visit).map(|visitor| &mut **visitor);
    visitor.filter(|visitor| visitor.peer == Some(peer)).ok_or(Refused::Gone)
}

/// Adds a line to a conversation.
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

/// A token as it was printed.
fn unhex(digits: &str) -> Option<[u8; 16]> {
    let plain = |b| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let value = u128::from_str_radix(digits, 16).ok()?;
    (digits.len() == 32 && digits.bytes().all(plain)).then(|| value.to_be_bytes())
}
