//! Notices and records of the lobby: values, in their order.

use crate::service::Id;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A notice to one session.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A position in the queue, the waiting limit, and the expected wait.
    Queued {
        /// From 1.
        pos: u32,
        /// Seconds until the visitor is given up.
        wait_limit: u64,
        /// Seconds until an agent is expected to be free, if known.
        ewt: Option<u64>,
    },
    /// An agent has taken the chat.
    Connected(u32, Arc<str>),
    /// A chat is over: the reason, and its seconds.
    Ended(u32, Reason, u64),
    /// No agent was free within so many seconds. The connection closes.
    Lost(u64),
    /// A visitor assigned to an agent: chat, name, short id, seconds waited.
    Assigned(u32, Arc<str>, u16, u64),
    /// A visitor's session continues: its state, its chat and agent.
    Resumed(&'static str, Option<(u32, Arc<str>)>),
    /// An agent's chat continues: chat, name and short id of the visitor.
    Regained(u32, Arc<str>, u16),
    /// So many missed lines follow.
    Replay(Option<u32>, u32),
    /// A message to a visitor: sender, text.
    Said(Arc<str>, Arc<str>),
    /// A message to an agent: chat, name, short id, text.
    Heard(u32, Arc<str>, u16, Arc<str>),
    /// The visitor of this chat was disconnected.
    Detached(u32),
    /// The visitor of this chat is back.
    Attached(u32),
    /// A warning: the chat ends after so many seconds of silence.
    Idle(u64),
    /// Another connection has taken over the session. This connection closes.
    Superseded,
    /// The connection closes, for this reason.
    Bye(Reason),
    /// A command was carried out, and is on disk.
    Done(Done),
    /// A command was carried out, but could not be written yet.
    Failed,
    /// To the task of the chat: there is something to write, or to wait for.
    Wake,
}

impl Notice {
    /// Returns true if a later notice of its kind replaces this one, so that a slow reader may miss
    /// it.
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

/// The reason why a chat, a wait or a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The visitor left.
    Visitor,
    /// The agent closed it.
    Agent,
    /// The agent transferred it.
    Transferred,
    /// The visitor was silent for too long.
    Idle,
    /// The visitor was disconnected and did not come back.
    Detached,
    /// The visitor exceeded the message rate for too long.
    Flood,
    /// The session is complete.
    Over,
    /// The client asked for it.
    Quit,
    /// The server is shutting down.
    Shutdown,
}

impl Reason {
    /// Returns the reason as a word.
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

/// A notice and its recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The session.
    pub to: Id,
    /// The notice.
    pub notice: Notice,
}

/// An item that an operation of the lobby wants done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Send this now.
    Tell(Delivery),
    /// Write this.
    Write(Record),
    /// Send this when the last record is on disk.
    TellAfter(Delivery),
}

/// Collects the items of an operation.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Out(pub Vec<Item>);

impl Out {
    /// Sends a notice to `to`, if there is a connection.
    pub fn tell(&mut self, to: Option<Id>, notice: Notice) {
        self.0.extend(to.map(|to| Item::Tell(Delivery { to, notice })));
    }

    /// Sends a notice to `to`, if there is a connection, as soon as the last record is on disk.
    pub fn tell_after(&mut self, to: Option<Id>, notice: Notice) {
        self.0.extend(to.map(|to| Item::TellAfter(Delivery { to, notice })));
    }

    /// Returns true if there are items other than messages: only then a figure changes.
    pub fn changes_numbers(&self) -> bool {
        let said = |item: &Item| match item {
            Item::Tell(delivery) => {
                matches!(delivery.notice, Notice::Said(..) | Notice::Heard(..))
            }
            Item::Write(_) | Item::TellAfter(_) => false,
        };
        self.0.is_empty() || !self.0.iter().all(said)
    }

    /// Queues a record.
    pub fn write(&mut self, record: Record) {
        self.0.push(Item::Write(record));
    }
}

/// A record that survives the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A finished session of a visitor, up to its rating.
    Session(Box<Past>),
    /// Its rating.
    Rated {
        /// The session.
        session: u64,
        /// 1 to 5.
        stars: u8,
        /// The comment, possibly empty.
        comment: Arc<str>,
    },
    /// An agent's shift.
    Shift {
        /// The agent.
        agent: Arc<str>,
        /// Its start.
        began: SystemTime,
        /// Its end.
        ended: SystemTime,
        /// Time of it in which the agent took chats.
        online: Duration,
        /// Time of it in which the agent was in a chat.
        busy: Duration,
    },
}

/// A finished session of a visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its name.
    pub session: u64,
    /// Its chat, if there was one.
    pub chat: Option<u32>,
    /// The visitor.
    pub name: Arc<str>,
    /// The short id after its name, as agents saw it.
    pub short: u16,
    /// The last agent.
    pub agent: Option<Arc<str>>,
    /// Time of its arrival.
    pub arrived: SystemTime,
    /// Time of its end.
    pub ended: SystemTime,
    /// Its outcome.
    pub outcome: Outcome,
    /// The reason of its end.
    pub reason: Reason,
    /// Total waiting time.
    pub waited: Duration,
    /// Total time in chats.
    pub talked: Duration,
    /// The agents who were signed in at its end.
    pub present: Vec<Arc<str>>,
    /// The agents who lost it by disconnecting or signing out.
    pub missed: Vec<Arc<str>>,
    /// The transcript: sender, milliseconds since the beginning, text.
    pub lines: Vec<(Arc<str>, u32, Arc<str>)>,
}

/// The outcome of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// An agent answered.
    Handled,
    /// No agent was free in time.
    Lost,
    /// It left the queue.
    Abandoned,
    /// The visitor left the queue before an agent could have answered.
    ShortAbandoned,
    /// The queue was full.
    Blocked,
}

impl Outcome {
    /// Returns the outcome as a word.
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

/// The reason why an operation was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The queue is full.
    QueueFull,
    /// The server is shutting down.
    Ending,
    /// Too many records wait for the disk.
    Unwritable,
    /// The message rate was exceeded.
    Flood,
    /// The message rate was exceeded for too long: the connection closes.
    Flooded,
    /// Too many lines, or too long ones, for a waiting visitor.
    KeptFull,
    /// The transcript has become too long.
    TranscriptFull,
    /// The present state does not allow it.
    State,
    /// No agent is talking with this visitor now, or it is not the agent's chat.
    NoChat,
    /// The chat is ambiguous.
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
    /// Returns the code, the name and the sentence of the answer.
    pub fn answer(self) -> (u16, &'static str, &'static str) {
        match self {
            Refused::QueueFull => (503, "queue-full", "Too many visitors wait. Come back later."),
            Refused::Ending => (503, "shutting-down", "The server is shutting down."),
            Refused::Unwritable => (503, "unwritable", "The disk is full. Come back later."),
            Refused::Flood => (429, "flood", "Too fast: this was not delivered."),
            Refused::Flooded => (429, "flood", "Too fast for too long."),
            Refused::KeptFull => (413, "queue-text-full", "No more text until an agent is there."),
            Refused::TranscriptFull => (413, "transcript-full", "This conversation is too long."),
            Refused::State => (409, "wrong-state", "This is not possible now."),
            Refused::NoChat => (404, "no-such-chat", "That is not one of your chats."),
            Refused::WhichChat => (409, "which-chat", "Say /use CHAT or /to CHAT text."),
            Refused::NoAgent => (404, "no-such-agent", "There is no agent of this name."),
            Refused::AgentBusy => (409, "agent-busy", "That agent takes no chats now."),
            Refused::Range => (400, "out-of-range", "That number is out of range."),
            Refused::ChatsOpen => (409, "chats-open", "Close them, or say /quit! to requeue them."),
            Refused::Gone => (410, "session-over", "That session is over, or never was."),
        }
    }
}
