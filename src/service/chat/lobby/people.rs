//! Visitors with their transcripts, agents with their shifts, chats.

use super::budget::Budget;
use crate::service::Id;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A moment by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The monotonic clock, for intervals.
    pub now: Instant,
    /// The calendar, for people.
    pub wall: SystemTime,
}

/// The identity of a visitor, for as long as the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Visit(pub u32);

/// A visitor in the lobby.
#[derive(Debug)]
pub struct Visitor {
    /// The connection; `None` while the visitor is disconnected (DETACHED).
    pub peer: Option<Id>,
    /// Counts the changes of its state.
    pub epoch: u32,
    /// Counts its connections and disconnections.
    pub ties: u32,
    /// The session's name in files.
    pub session: u64,
    /// The token that resumes the session.
    pub token: [u8; 16],
    /// A short id that distinguishes it from others of its name.
    pub short: u16,
    /// The name that it chose.
    pub name: Arc<str>,
    /// Its state.
    pub state: State,
    /// Time of its arrival.
    pub arrived: At,
    /// The transcript.
    pub lines: Vec<Line>,
    /// Bytes of the transcript.
    pub bytes: usize,
    /// Lines that were sent to it.
    pub shown: u32,
    /// Lines, from the first, that need not be passed on to agents any more.
    pub told: usize,
    /// Its message rate.
    pub texts: Budget,
    /// The number of its chat, once it has had one.
    pub chat: Option<u32>,
    /// Its last agent.
    pub agent: Option<usize>,
    /// Agents who lost it by disconnecting or signing out.
    pub missed: Vec<usize>,
    /// Waiting time before the present wait.
    pub waited: Duration,
    /// Time in chats before the present one.
    pub talked: Duration,
    /// Time of its last message.
    pub heard: Instant,
    /// True if it was warned about its silence.
    pub warned: bool,
    /// The position that it was told last.
    pub pos: u32,
}

/// The state of a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waiting, since this time.
    Queued(Instant),
    /// In this chat.
    Active(u32),
    /// May rate the chat.
    Rating,
}

/// A line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The sender.
    pub who: Who,
    /// Milliseconds since the visitor arrived.
    pub ms: u32,
    /// The text.
    pub text: Arc<str>,
}

/// The sender of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The visitor.
    Visitor,
    /// This agent.
    Agent(usize),
}

impl Visitor {
    /// Iterates over lines of the visitor that no agent has received, in order.
    pub fn untold(&self) -> impl Iterator<Item = &Line> {
        self.lines[self.told..].iter().filter(|line| line.who == Who::Visitor)
    }

    /// Iterates over lines to the visitor, after the first `since` of them.
    pub fn missed_lines(&self, since: u32) -> impl Iterator<Item = &Line> {
        let shown = self.lines.iter().filter(|line| line.who != Who::Visitor);
        shown.skip(since as usize)
    }
}

/// A chat: one visitor, one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chat {
    /// The visitor.
    pub visitor: Visit,
    /// The agent.
    pub agent: usize,
    /// Its start.
    pub began: Instant,
}

/// An agent, signed in or not.
#[derive(Debug)]
pub struct Agent {
    /// The name.
    pub name: Arc<str>,
    /// Chats at a time, unless the agent sets another number.
    pub capacity: u32,
    /// The present shift, while it is signed in.
    pub shift: Option<Shift>,
    /// Counts its connections and disconnections.
    pub ties: u32,
    /// The numbers of its chats.
    pub chats: BTreeSet<u32>,
}

/// The shift of an agent.
#[derive(Debug)]
pub struct Shift {
    /// The connection; `None` while it is disconnected.
    pub peer: Option<Id>,
    /// Its readiness for chats.
    pub mood: Mood,
    /// Chats at a time.
    pub capacity: u32,
    /// The chat for text without a number.
    pub current: Option<u32>,
    /// Its message rate.
    pub texts: Budget,
    /// Time at which it signed in.
    pub began: At,
    /// Time since which it has had no chat.
    pub idle_since: Instant,
    /// Time since which it takes chats.
    pub online_since: Option<Instant>,
    /// Earlier time in which it took chats.
    pub online: Duration,
    /// Time since which it has had a chat.
    pub busy_since: Option<Instant>,
    /// Earlier time in chats.
    pub busy: Duration,
}

/// The availability of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// Not set yet.
    SignedIn,
    /// Takes chats.
    Online,
    /// Takes no chats, for this reason.
    Away(Arc<str>),
}

impl Mood {
    /// Returns the availability as a word.
    pub fn name(&self) -> &'static str {
        match self {
            Mood::SignedIn => "signed-in",
            Mood::Online => "online",
            Mood::Away(_) => "away",
        }
    }
}

impl Shift {
    /// Returns the time in which it took chats, until now.
    pub fn online_for(&self, now: Instant) -> Duration {
        self.online + since(self.online_since, now)
    }

    /// Returns the time in chats, until now.
    pub fn busy_for(&self, now: Instant) -> Duration {
        self.busy + since(self.busy_since, now)
    }
}

fn since(from: Option<Instant>, now: Instant) -> Duration {
    from.map_or(Duration::ZERO, |from| now.saturating_duration_since(from))
}
