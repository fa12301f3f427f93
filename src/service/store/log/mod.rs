//! The first room: the ordered log, wherever it is kept, and its records until they are answered.
//!
//! ```text
//!   put ─▶ waiting ─┬─ Embedded: Append (one record, one fsync) ─┬─▶ Event::Record
//!                   └─ Follower: the leader appends, and reports ─┘
//!   Record ─▶ applied by each replica that follows, and by all followers ─▶ answered ─▶ reply
//! ```
//! To the other rooms the log is `append(entry) → seq`, `read from seq`, and a stream of
//! [`Event`]s. Only this room knows the [`Engine`]: a SQLite file of this process, or the log of
//! another process. It never touches a replica or the cache.

mod commit;
mod counts;
pub mod entries;
pub mod follower;
pub mod followers;
pub mod protocol;
pub mod read_barrier;
mod record;
pub mod replication_api;
pub mod task;

use super::WriteError;
use super::wait::{Told, Waiter};
use crate::limits;
use crate::service::{Effect, Kind, Target, Ticket};
use crate::stats::store::LogFigures;
use crate::work::Job;
use crate::work::db::Failure;
use crate::work::db::store::{Origin, Request};
use crate::work::store::order_key::OrderSecret;
use crate::work::store::{Entry, Seq};
use follower::Follower;
use followers::Followers;
use protocol::ReplicaReport;
use record::Record;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use task::Task;

/// The state of this room.
#[derive(Debug)]
pub struct Log {
    engine: Engine,
    /// The number that tells this log from every other one, once it is known.
    pub name: Option<u64>,
    /// The secret from which the keys of orders are derived, once it is known.
    pub order_secret: Option<OrderSecret>,
    /// The last durable entry.
    pub tip: Seq,
    /// The last entry whose writers have been answered. A follower's log: the last entry that
    /// every live replica of this process has applied.
    pub answered: Seq,
    /// Processes that follow this log.
    pub followers: Followers,
    /// Writes that wait for their record.
    waiting: VecDeque<PendingWrite>,
    /// Records that are durable and not answered yet.
    open: VecDeque<Record>,
    /// The entry behind which entries are being read for replicas that are behind.
    reading: Option<Seq>,
    /// News for the other rooms that has not been taken yet.
    events: Vec<Event>,
    /// Counts since the start; the positions in it are not kept up.
    counts: LogFigures,
    task: Task,
}

/// News for the other rooms.
#[derive(Debug)]
pub enum Event {
    /// The next record is durable: replicas apply it, then these writers are answered.
    Record(Seq, Arc<[Entry]>, Vec<Writer>),
    /// The next record does not follow the last one: what lies between has to be read.
    Gap,
    /// The entries behind this one, from the log.
    Entries(Seq, Arc<[Entry]>),
    /// The entries behind this one were folded into the snapshot that the log begins with.
    Folded(Seq),
    /// The entries that replicas lack cannot be read.
    Unreadable(Failure),
    /// The leader's log is followed from its current end on.
    Joined,
    /// Every replica of every process has applied all entries up to this one.
    Settled(Seq),
    /// The leader's log cannot be followed any more; these files were taking its snapshot in.
    Lost(Vec<usize>),
    /// An operator wants this replica crashed, or recovered.
    Control(String, Control),
    /// A follower reports a replica.
    PeerSeen(ReplicaReport),
    /// The process of the replica that listens there does not answer any more.
    PeerGone(SocketAddr),
}

/// An operator's command to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// End it as if its process had been killed.
    Crash,
    /// Let it recover.
    Recover,
}

/// The keeper of the log's entries.
#[derive(Debug)]
enum Engine {
    /// There is no log.
    Absent,
    /// A file of this process.
    Embedded(Embedded),
    /// Another process, which this one follows.
    Follower(Box<Follower>),
}

/// A log that is a file of this process.
#[derive(Debug)]
struct Embedded {
    /// The file, from which replicas restore the log's snapshot.
    path: PathBuf,
    /// The record that is being written.
    appending: Option<(Arc<[Entry]>, Vec<Writer>)>,
    leased: Leased,
    /// The end of the time in which nothing is answered: followers of the process before this
    /// one may still serve older state.
    quiet_until: Option<Instant>,
}

/// The state of the mark in the file that other processes follow the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leased {
    No,
    /// It is being written.
    Asked,
    Yes,
}

/// The waiter for an entry's outcome, and the number of the entry among those it waits for.
pub type Writer = (Waiter, u16);

/// An entry on its way to the log.
#[derive(Debug)]
struct PendingWrite {
    entry: Entry,
    writer: Writer,
    /// True if this process made its key.
    has_own_key: bool,
    /// The number of times that it was sent to the leader.
    tries: u8,
}

/// The number of the log's own file.
pub const FILE: usize = 0;

impl Log {
    /// No log at all.
    pub fn absent() -> Log {
        Log {
            engine: Engine::Absent,
            name: None,
            order_secret: None,
            tip: 0,
            answered: 0,
            followers: Followers::default(),
            waiting: VecDeque::new(),
            open: VecDeque::new(),
            reading: None,
            events: Vec::new(),
            counts: LogFigures::default(),
            task: Task::Absent,
        }
    }

    /// A log in the file at `path`, whose entries up to `tip` have all been answered.
    pub fn at(path: PathBuf, origin: Origin, tip: Seq, now: Instant) -> Log {
        let leased = if origin.leased { Leased::Yes } else { Leased::No };
        let quiet = limits::STORE_LEASE + limits::STORE_LEASE_SLACK;
        let quiet_until = origin.leased.then(|| now + quiet);
        let engine = Engine::Embedded(Embedded { path, appending: None, leased, quiet_until });
        Log { engine, name: Some(origin.log), tip, answered: tip, ..Log::absent() }
    }

    /// The log of the process that listens at this address.
    pub fn following(leader: SocketAddr) -> Log {
        Log { engine: Engine::Follower(Box::new(Follower::new(leader))), ..Log::absent() }
    }

    /// Takes an entry in and wakes the task.
    ///
    /// # Errors
    /// There is no log, or too much is waiting.
    pub fn put(
        &mut self,
        entry: Entry,
        writer: Writer,
        has_own_key: bool,
        effects: &mut Vec<Effect>,
    ) -> Result<(), WriteError> {
        let full = self.waiting.len() >= limits::STORE_WRITES;
        let absent = matches!(self.engine, Engine::Absent);
        if absent || full || self.open.len() >= limits::STORE_RECORDS {
            return Err(WriteError::Busy);
        }
        self.waiting.push_back(PendingWrite { entry, writer, has_own_key, tries: 0 });
        self.wake(effects);
        Ok(())
    }

    /// Wakes the task, or starts one.
    pub fn wake(&mut self, effects: &mut Vec<Effect>) {
        match self.task {
            Task::Running(task) => effects.push(task::wake(task)),
            Task::Absent => {
                self.task = Task::Starting;
                effects.push(Effect::Dial(Target::Task, Kind::LogTask));
            }
            Task::Starting => {}
        }
    }

    /// Takes the news for the other rooms.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Returns true if this process has the log itself.
    pub fn is_own(&self) -> bool {
        matches!(self.engine, Engine::Embedded(_))
    }

    /// Returns true if another process has the log.
    pub fn is_followed(&self) -> bool {
        matches!(self.engine, Engine::Follower(_))
    }

    /// Returns true if nothing is in progress.
    pub fn is_idle(&self) -> bool {
        let appending = match &self.engine {
            Engine::Absent => false,
            Engine::Embedded(own) => own.appending.is_some(),
            Engine::Follower(follower) => follower.is_appending(),
        };
        self.waiting.is_empty() && !appending && self.open.is_empty()
    }

    /// Returns true if the state of this process includes everything that any client was told.
    pub fn is_current(&self, now: Instant, draining: bool) -> bool {
        match &self.engine {
            Engine::Absent | Engine::Embedded(_) => true,
            // A process that ends asks no more, and the leader may give it up at any moment.
            Engine::Follower(follower) => follower.holds_lease(now) && !draining,
        }
    }

    /// Returns the next moment at which something is due.
    fn deadline(&self) -> Option<Instant> {
        let own = match &self.engine {
            Engine::Embedded(own) => own.quiet_until.filter(|_| !self.open.is_empty()),
            Engine::Follower(follower) => follower.deadline(),
            Engine::Absent => None,
        };
        own.into_iter().chain(self.followers.deadline()).min()
    }

    /// Its figures, for the panel.
    pub fn figures(&self) -> LogFigures {
        let waiting = self.waiting.len() as u64;
        LogFigures { seq: self.tip, waiting, ..self.counts.clone() }
    }

    fn embedded(&mut self) -> Option<&mut Embedded> {
        match &mut self.engine {
            Engine::Embedded(own) => Some(own),
            Engine::Absent | Engine::Follower(_) => None,
        }
    }

    fn follower(&mut self) -> Option<&mut Follower> {
        match &mut self.engine {
            Engine::Follower(follower) => Some(follower),
            Engine::Absent | Engine::Embedded(_) => None,
        }
    }
}

/// The ticket of a record that is being written; that of a replica's job is its file's number.
const APPEND: Ticket = Ticket::MAX - 1;
/// The ticket of the note that the log is followed.
const MARK: Ticket = Ticket::MAX;
/// The ticket of entries that are read for replicas.
const READ: Ticket = Ticket::MAX - 2;

/// Answers all of these writers with an error.
fn fail(writers: impl IntoIterator<Item = Writer>, error: WriteError, effects: &mut Vec<Effect>) {
    for (waiter, index) in writers {
        waiter.tell(Told::Settled(index, Err(error)), effects);
    }
}

/// Submits a request to a file.
pub fn submit(ticket: Ticket, file: usize, request: Request, effects: &mut Vec<Effect>) {
    effects.push(Effect::Submit(ticket, Job::Store(file, request)));
}
