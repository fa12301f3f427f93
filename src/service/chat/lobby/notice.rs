//! What the lobby wants told and written: values, in the order in which they belong.

use crate::service::Id;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Something for one session.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A place in the queue, from 1; seconds of patience, and seconds it will probably take.
    Queued {
        /// From 1.
        pos: u32,
        /// Seconds until it is given up.
        wait_limit: u64,
        /// Seconds until an agent is expected to be free, if that is known.
        ewt: Option<u64>,
    },
    /// An agent is there.
    Connected(u32, Arc<str>),
    /// A chat is over: why, and after how many seconds.
    Ended(u32, Reason, u64),
    /// Nobody was free within so many seconds: come back later. The connection closes.
    Lost(u64),
    /// A visitor for an agent: chat, name, short id, seconds waited.
    Assigned(u32, Arc<str>, u16, u64),
    /// A visitor's session goes on: its state, and its chat with whom.
    Resumed(&'static str, Option<(u32, Arc<str>)>),
    /// An agent's chat goes on: chat, name and short id of the visitor.
    Regained(u32, Arc<str>, u16),
    /// So many lines follow that had been missed.
    Replay(Option<u32>, u32),
    /// Somebody said this, to a visitor.
    Said(Arc<str>, Arc<str>),
    /// A visitor said this, to an agent: chat, name, short id, text.
    Heard(u32, Arc<str>, u16, Arc<str>),
    /// The visitor of this chat was cut off.
    Detached(u32),
    /// The visitor of this chat is back.
    Attached(u32),
    /// Say something within so many seconds.
    Idle(u64),
    /// Somebody else is this session now. The connection closes.
    Superseded,
    /// The connection closes, for this reason.
    Bye(Reason),
    /// What a command asked for is done, and on disk.
    Done(Done),
    /// What a command asked for is done, and could not be written yet.
    Failed,
    /// To the task: there is something to write, or to wait for.
    Wake,
}

impl Notice {
    /// Whether a later one of its kind says all that this one does, so that a slow reader may
    /// miss it.
    pub fn is_coalescible(&self) -> bool {
        match self {
            Notice::Queued { .. } | Notice::Detached(_) | Notice::Attached(_) | Notice::Idle(_) => {
                true
            }
            Notice::Connected(..)
            | Notice::Ended(..)
            | Notice::Lost(_)
            | Notice::Assigned(..)
            | Notice::Resumed(..)
            | Notice::Regained(..)
            | Notice::Replay(..)
            | Notice::Said(..)
            | Notice::Heard(..)
            | Notice::Superseded
            | Notice::Bye(_)
            | Notice::Done(_)
            | Notice::Failed
            | Notice::Wake => false,
        }
    }
}

/// A command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// `/leave`
    Left,
    /// `/rate`
    Rated(u8),
    /// `/close`
    Closed(u32),
    /// `/quit`
    Quit,
}

/// Why a chat, a wait or a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The visitor left.
    Visitor,
    /// The agent closed it.
    Agent,
    /// The agent handed it over.
    Transferred,
    /// The visitor said nothing for too long.
    Idle,
    /// The visitor was cut off and did not come back.
    Detached,
    /// The visitor sent too much for too long.
    Flood,
    /// There is nothing more to say.
    Over,
    /// As asked.
    Quit,
    /// The server is ending.
    Shutdown,
}

impl Reason {
    /// The reason as a word.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Visitor => "visitor",
            Reason::Agent => "agent",
            Reason::Transferred => "transferred",
            Reason::Idle => "idle",
            Reason::Detached => "detached",
            Reason::Flood => "flood",
            Reason::Over => "over",
            Reason::Quit => "quit",
            Reason::Shutdown => "shutdown",
        }
    }
}

/// A notice and whom it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The session.
    pub to: Id,
    /// What it is told.
    pub notice: Notice,
}

/// What an operation of the lobby wants done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Tell this now.
    Tell(Delivery),
    /// Write this.
    Write(Record),
    /// Tell this when what was written last is on disk.
    TellAfter(Delivery),
}

/// Collects what an operation wants done.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Out(pub Vec<Item>);

impl Out {
    /// Tells `to`, if anybody is there.
    pub fn tell(&mut self, to: Option<Id>, notice: Notice) {
        self.0.extend(to.map(|to| Item::Tell(Delivery { to, notice })));
    }

    /// Tells `to`, if anybody is there, as soon as the last record is on disk.
    pub fn tell_after(&mut self, to: Option<Id>, notice: Notice) {
        self.0.extend(to.map(|to| Item::TellAfter(Delivery { to, notice })));
    }

    /// Whether it is about more than what was said: only then it is another number of anything.
    pub fn changes_numbers(&self) -> bool {
        let said = |item: &Item| match item {
            Item::Tell(delivery) => {
                matches!(delivery.notice, Notice::Said(..) | Notice::Heard(..))
            }
            Item::Write(_) | Item::TellAfter(_) => false,
        };
        self.0.is_empty() || !self.0.iter().all(said)
    }

    /// Has this written.
    pub fn write(&mut self, record: Record) {
        self.0.push(Item::Write(record));
    }
}

/// Something that survives the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A visitor's session that is over, up to its rating.
    Session(Box<Past>),
    /// Its rating.
    Rated {
        /// The session.
        session: u64,
        /// 1 to 5.
        stars: u8,
        /// Why, or nothing.
        comment: Arc<str>,
    },
    /// An agent's time at work.
    Shift {
        /// Who.
        agent: Arc<str>,
        /// From when.
        began: SystemTime,
        /// Until when.
        ended: SystemTime,
        /// How long of it the agent took chats.
        online: Duration,
        /// How long of it the agent was in a chat.
        busy: Duration,
    },
}

/// A visitor's session that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its name.
    pub session: u64,
    /// Its chat, if there was one.
    pub chat: Option<u32>,
    /// The visitor.
    pub name: Arc<str>,
    /// How agents saw its name end.
    pub short: u16,
    /// The last agent.
    pub agent: Option<Arc<str>>,
    /// When it came.
    pub arrived: SystemTime,
    /// When it was over.
    pub ended: SystemTime,
    /// How it went.
    pub outcome: Outcome,
    /// Why it was over.
    pub reason: Reason,
    /// How long it waited, all together.
    pub waited: Duration,
    /// How long it talked, all together.
    pub talked: Duration,
    /// The agents who were signed in at its end.
    pub present: Vec<Arc<str>>,
    /// The agents who left it.
    pub missed: Vec<Arc<str>>,
    /// What was said: who, milliseconds since the beginning, text.
    pub lines: Vec<(Arc<str>, u32, Arc<str>)>,
}

/// What became of a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// An agent attended to it.
    Handled,
    /// Nobody was free in time.
    Lost,
    /// It left the queue.
    Abandoned,
    /// It left the queue before anybody could have been quick enough.
    ShortAbandoned,
    /// There was no place in the queue.
    Blocked,
}

impl Outcome {
    /// The outcome as a word.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Handled => "handled",
            Outcome::Lost => "lost",
            Outcome::Abandoned => "abandoned",
            Outcome::ShortAbandoned => "short-abandoned",
            Outcome::Blocked => "blocked",
        }
    }
}

/// Why an operation was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no place in the queue.
    QueueFull,
    /// The server is ending.
    Ending,
    /// Too much waits for the disk.
    Unwritable,
    /// Too much at a time.
    Flood,
    /// Too much for too long: the connection closes.
    Flooded,
    /// Too many lines, or too long ones, for somebody who waits.
    KeptFull,
    /// The conversation has become too long.
    TranscriptFull,
    /// This state of things does not allow it.
    State,
    /// Nobody is talking with this visitor now, or it is not the agent's chat.
    NoChat,
    /// Which of the chats?
    WhichChat,
    /// There is no such agent.
    NoAgent,
    /// That agent takes no chat now.
    AgentBusy,
    /// A number out of its range.
    Range,
    /// Chats are open.
    ChatsOpen,
    /// The session is over, or never was.
    Gone,
}

impl Refused {
    /// The code, the name and the sentence of the answer.
    pub fn answer(self) -> (u16, &'static str, &'static str) {
        match self {
            Refused::QueueFull => (503, "queue-full", "Too many visitors wait. Come back later."),
            Refused::Ending => (503, "shutting-down", "The server is ending."),
            Refused::Unwritable => (503, "unwritable", "The disk is full. Come back later."),
            Refused::Flood => (429, "flood", "Too fast: this was not delivered."),
            Refused::Flooded => (429, "flood", "Too fast for too long."),
            Refused::KeptFull => (413, "queue-text-full", "No more text until somebody is there."),
            Refused::TranscriptFull => (413, "transcript-full", "This conversation is too long."),
            Refused::State => (409, "wrong-state", "Not now."),
            Refused::NoChat => (404, "no-such-chat", "That is none of your chats."),
            Refused::WhichChat => (409, "which-chat", "Say /use CHAT or /to CHAT text."),
            Refused::NoAgent => (404, "no-such-agent", "There is no agent of this name."),
            Refused::AgentBusy => (409, "agent-busy", "That agent takes no chat now."),
            Refused::Range => (400, "out-of-range", "That number is too small or too large."),
            Refused::ChatsOpen => (409, "chats-open", "Close them, or say /quit! to requeue them."),
            Refused::Gone => (410, "session-over", "That session is over, or never was."),
        }
    }
}
