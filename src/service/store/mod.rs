//! The bookstore: a caching front, catalogs and order servers, over one ordered log.
//!
//! ```text
//!   client ─▶ front ─HTTP─▶ catalog-1, catalog-2   (read their own tables)
//!               │                   │ writes
//!               └────HTTP─▶ order-1, order-2 ──▶ log ──▶ every replica applies it ──▶ reply
//!                                                               └─▶ the front's cache forgets
//! ```
//! A write is an entry of the log. It is answered when it is durable and applied by every live
//! replica: whoever reads afterwards sees it, wherever that read lands. The front knows replicas
//! by their listeners alone; it reads no table.

mod endpoints;
pub mod format;
pub mod front;
pub mod log;
pub mod page;
mod records;
pub mod replicas;
pub mod report;
pub mod rows;
pub mod views;

pub use crate::work::store::WriteError;
pub use endpoints::{CATALOG, FRONT, ORDERING};

use crate::service::{Cx, Effect, Id, Kind, Mail, Target, Ticket};
use crate::stats::store::ReplicaState;
use crate::work::store::{Entry, Settled};
use front::peers::Reply;
use log::followers::Followers;
use log::protocol::Seen;
use replicas::{Replica, Role};
use std::sync::Arc;

/// What sessions of the bookstore tell each other.
#[derive(Debug, Clone)]
pub enum Notice {
    /// To the keeper of the log: there is something to do.
    Wake,
    /// To whoever asked for writes under this ticket: what came of the one with that number.
    Settled(Ticket, u16, Result<Settled, WriteError>),
    /// To whoever waits for a replica's reply under this ticket.
    Reply(Ticket, Result<Arc<Reply>, NoReply>),
    /// To a connection with a replica: there is something to ask.
    Work,
    /// To one that waits for a reply: that replica is gone.
    Leave,
    /// To a follower that asked under this ticket: the news, printed; none if it is none of ours.
    News(Ticket, Option<Arc<str>>),
    /// To whoever wanted something done to a replica elsewhere: how it stands now, if that is
    /// known.
    Stands(Ticket, Option<ReplicaState>),
    /// To a read that waits under this ticket: it may see all that there is, or never will.
    Shown(Ticket),
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoReply {
    /// Nobody was asked, or whoever was asked did nothing.
    Nobody,
    /// Somebody was asked, and may have done it.
    Unknown,
}

/// State of the bookstore.
#[derive(Debug)]
pub struct State {
    /// The ordered log.
    pub log: log::Log,
    /// Replicas of this process.
    pub replicas: Vec<Replica>,
    /// The front.
    pub front: front::State,
    /// Processes that follow our log.
    pub followers: Followers,
    /// Whether a change of a book has to name the version that it changes.
    pub require_if_match: bool,
    /// What was written since the start.
    written: report::Written,
    /// The session that keeps the log.
    keeper: Option<Id>,
    /// Whether one has been asked for.
    called: bool,
}

impl State {
    /// A store with these replicas.
    pub fn new(log: log::Log, replicas: Vec<Replica>, front: front::State) -> State {
        State {
            log,
            replicas,
            front,
            followers: Followers::default(),
            require_if_match: false,
            written: report::Written::default(),
            keeper: None,
            called: false,
        }
    }

    /// No store at all.
    pub fn off() -> State {
        State::new(log::Log::absent(), Vec::new(), front::State::off())
    }

    /// Sees to it that there is a keeper, and that it looks at what there is to do.
    fn wake(&mut self, effects: &mut Vec<Effect>) {
        if let Some(keeper) = self.keeper {
            effects.push(Effect::Post(keeper, Mail::Store(Notice::Wake)));
        } else if !std::mem::replace(&mut self.called, true) {
            effects.push(Effect::Dial(Target::Task, Kind::LogTask));
        }
    }

    /// Whether no catalog is left to look anything up: what nobody can look up is not sold. Of
    /// other processes only the owner of the log knows.
    fn is_blind(&self) -> bool {
        let own = self.replicas.iter().map(Replica::seen);
        let all = own.chain(self.followers.replicas().cloned());
        let catalogs = all.filter(|seen| seen.role == Role::Catalog).collect::<Vec<_>>();
        let is_own = matches!(self.log.source, log::Source::Own(_));
        let up = |seen: &Seen| seen.state == ReplicaState::Up;
        is_own && !catalogs.is_empty() && !catalogs.iter().any(up)
    }

    /// The replica whose listener has this role and number.
    pub fn replica(&mut self, role: Role, number: u8) -> Option<&mut Replica> {
        self.replicas.iter_mut().find(|replica| replica.role == role && replica.number == number)
    }
}

/// Asks for a write. What comes of it is told under `ticket`, with its number among those of it.
///
/// # Errors
/// Nothing will be written.
pub fn write(
    mut entry: Entry,
    ticket: Ticket,
    index: u16,
    cx: &mut Cx<'_>,
) -> Result<(), WriteError> {
    let store = &cx.world.store;
    if !store.is_current(cx.now, cx.draining) || store.is_blind() {
        return Err(WriteError::Busy);
    }
    if !store.replicas.iter().any(Replica::is_up) {
        return Err(WriteError::Busy);
    }
    let mut is_ours = false;
    if let (log::Source::Follower(_), Entry::Sell { key: key @ None, .. }) =
        (&cx.world.store.log.source, &mut entry)
    {
        // A connection may be lost on the way to the log: then it is sent again.
        *key = Some(format::own_key(cx));
        is_ours = true;
    }
    let store = &mut cx.world.store;
    store.log.put(entry, (cx.id, ticket, index), is_ours)?;
    store.wake(cx.effects);
    Ok(())
}
