//! Who is in the lobby: visitors with what they said, agents with their shifts, chats.

use super::budget::Budget;
use crate::service::Id;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A moment, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// For distances.
    pub now: Instant,
    /// For people.
    pub wall: SystemTime,
}

/// A visitor, for as long as the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Visit(pub u32);

/// A visitor that is not gone.
#[derive(Debug)]
pub struct Visitor {
    /// The connection, unless it was cut off: that it is not is the flag DETACHED.
    pub peer: Option<Id>,
    /// Counts the states that it has been in.
    pub epoch: u32,
    /// Counts its connections and losses of them.
    pub ties: u32,
    /// The session's name in files.
    pub session: u64,
    /// What it shows to be let in again.
    pub token: [u8; 16],
    /// What tells it from others of its name.
    pub short: u16,
    /// How it wants to be called.
    pub name: Arc<str>,
    /// Where it is.
    pub state: State,
    /// When it came.
    pub arrived: At,
    /// What was said, by all sides.
    pub lines: Vec<Line>,
    /// Bytes of that.
    pub bytes: usize,
    /// Lines that were sent to it.
    pub shown: u32,
    /// Lines, from the first, that agents need not be told any more.
    pub told: usize,
    /// How fast it may talk.
    pub texts: Budget,
    /// The number of its chat, once it has had one.
    pub chat: Option<u32>,
    /// The agent it talked with last.
    pub agent: Option<usize>,
    /// Agents who left it.
    pub missed: Vec<usize>,
    /// How long it has waited, before the present wait.
    pub waited: Duration,
    /// How long it has talked, before the present chat.
    pub talked: Duration,
    /// When it was last heard of.
    pub heard: Instant,
    /// It has been told that it is too silent.
    pub warned: bool,
    /// The place that it was told.
    pub pos: u32,
}

/// Where a visitor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waiting, since then.
    Queued(Instant),
    /// Talking, in this chat.
    Active(u32),
    /// It may say how it was.
    Rating,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// By whom.
    pub who: Who,
    /// Milliseconds since the visitor came.
    pub ms: u32,
    /// The words.
    pub text: Arc<str>,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The visitor.
    Visitor,
    /// This agent.
    Agent(usize),
}

impl Visitor {
    /// Lines of the visitor that no agent has been told, in order.
    pub fn untold(&self) -> impl Iterator<Item = &Line> {
        self.lines[self.told..].iter().filter(|line| line.who == Who::Visitor)
    }

    /// Lines that the visitor is sent, behind the first `since` of them.
    pub fn missed_lines(&self, since: u32) -> impl Iterator<Item = &Line> {
        let shown = self.lines.iter().filter(|line| line.who != Who::Visitor);
        shown.skip(since as usize)
    }
}

/// A chat: one visitor, one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chat {
    /// Who is helped.
    pub visitor: Visit,
    /// Who helps.
    pub agent: usize,
    /// Since when.
    pub began: Instant,
}

/// Somebody who may sign in.
#[derive(Debug)]
pub struct Agent {
    /// The name.
    pub name: Arc<str>,
    /// Chats at a time, unless it says otherwise.
    pub capacity: u32,
    /// What it is doing, while it is signed in.
    pub shift: Option<Shift>,
    /// Counts its connections and losses of them.
    pub ties: u32,
    /// The numbers of its chats.
    pub chats: BTreeSet<u32>,
}

/// An agent at work.
#[derive(Debug)]
pub struct Shift {
    /// The connection, unless it was cut off.
    pub peer: Option<Id>,
    /// Whether it takes chats.
    pub mood: Mood,
    /// Chats at a time.
    pub capacity: u32,
    /// The chat that text without a number is for.
    pub current: Option<u32>,
    /// How fast it may talk.
    pub texts: Budget,
    /// When it signed in.
    pub began: At,
    /// Since when it has had no chat.
    pub idle_since: Instant,
    /// Since when it takes chats.
    pub online_since: Option<Instant>,
    /// How long it took chats before.
    pub online: Duration,
    /// Since when it has had a chat.
    pub busy_since: Option<Instant>,
    /// How long it had one before.
    pub busy: Duration,
}

/// Whether an agent takes chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// Not yet.
    SignedIn,
    /// Yes.
    Online,
    /// No, for this reason.
    Away(Arc<str>),
}

impl Mood {
    /// The mood as a word.
    pub fn name(&self) -> &'static str {
        match self {
            Mood::SignedIn => "signed-in",
            Mood::Online => "online",
            Mood::Away(_) => "away",
        }
    }
}

impl Shift {
    /// How long it has taken chats, until now.
    pub fn online_for(&self, now: Instant) -> Duration {
        self.online + since(self.online_since, now)
    }

    /// How long it has been in chats, until now.
    pub fn busy_for(&self, now: Instant) -> Duration {
        self.busy + since(self.busy_since, now)
    }
}

fn since(from: Option<Instant>, now: Instant) -> Duration {
    from.map_or(Duration::ZERO, |from| now.saturating_duration_since(from))
}
