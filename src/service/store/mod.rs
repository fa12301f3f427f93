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

pub mod api;
pub mod asks;
pub mod catalog;
pub mod front;
pub mod keeper;
pub mod log;
pub mod order;
pub mod page;
pub mod replicas;
pub mod report;
pub mod words;

pub use asks::{Ask, Pending, ask};

use crate::service::{Cx, Effect, Id, Kind, Mail, Ticket};
use crate::work::store::{Entry, Settled};
use front::peers::Reply;
use replicas::{Replica, Role};
use std::sync::Arc;

/// What sessions of the bookstore tell each other.
#[derive(Debug, Clone)]
pub enum Notice {
    /// To the keeper of the log: there is something to do.
    Stir,
    /// To whoever asked for a write under this ticket.
    Settled(Ticket, Result<Settled, Trouble>),
    /// To whoever waits for a replica's reply under this ticket.
    Reply(Ticket, Result<Arc<Reply>, NoReply>),
    /// To a connection with a replica: there is something to ask.
    Work,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoReply {
    /// Nobody was asked, or whoever was asked did nothing.
    Nobody,
    /// Somebody was asked, and may have done it.
    Unknown,
}

/// Why a write was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The log could not be written: nothing happened.
    Log,
    /// No replica is there, or too much is waiting: nothing happened.
    Busy,
    /// The log has it, but no replica could say what came of it.
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
        let written = report::Written::default();
        let (require_if_match, keeper, called) = (false, None, false);
        State { log, replicas, front, require_if_match, written, keeper, called }
    }

    /// No store at all.
    pub fn off() -> State {
        State::new(log::Log::absent(), Vec::new(), front::State::off())
    }

    /// Sees to it that there is a keeper, and that it looks at what there is to do.
    fn stir(&mut self, effects: &mut Vec<Effect>) {
        if let Some(keeper) = self.keeper {
            effects.push(Effect::Post(keeper, Mail::Store(Notice::Stir)));
        } else if !std::mem::replace(&mut self.called, true) {
            effects.push(Effect::Open(Kind::Ledger));
        }
    }

    /// The replica whose listener has this role and number.
    pub fn replica(&mut self, role: Role, number: u8) -> Option<&mut Replica> {
        self.replicas.iter_mut().find(|replica| replica.role == role && replica.number == number)
    }
}

/// Asks for a write. What comes of it is told under `ticket`.
///
/// # Errors
/// Nothing will be written.
pub fn write(entry: Entry, ticket: Ticket, cx: &mut Cx<'_>) -> Result<(), Trouble> {
    let store = &mut cx.world.store;
    let up = |replica: &&Replica| replica.is_up();
    let catalogs = || store.replicas.iter().filter(|replica| replica.role == Role::Catalog);
    // What nobody can look up is not sold.
    let blind = catalogs().count() > 0 && catalogs().filter(up).count() == 0;
    if blind || store.replicas.iter().filter(up).count() == 0 {
        return Err(Trouble::Busy);
    }
    store.log.put(entry, cx.id, ticket)?;
    store.stir(cx.effects);
    Ok(())
}
