//! Waiting: a request that cannot be answered at once, and the room that owes it an answer.
//!
//! ```text
//!   request ─▶ Waiting { ticket, until, purpose } ◀──── News ────┐
//!      a room keeps Waiter { session, ticket } ── tell(Told) ────┤
//!      a file or a worker has a job with that ticket ─ Done ─────┤
//!      the deadline ─ Overdue ───────────────────────────────────┘
//! ```
//! This is the only type that waits: what a request waits for is its [`Purpose`], which turns the
//! news into the response.

use super::NoReply;
use super::Notice;
use super::front::{peers::Reply, reads, writes};
use super::log::{entries, read_barrier, replication_api};
use super::replicas::{changes, lists, orders};
use super::views;
use crate::service::http::Response;
use crate::service::{Answer, Cx, Effect, Event, Id, Mail, Pending, Refusal, Ticket, Wait};
use crate::stats::store::ReplicaState;
use crate::work::Outcome;
use crate::work::store::{Settled, WriteError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The address of an answer: a session, and its own name for the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    /// The session.
    pub id: Id,
    /// Its ticket.
    pub ticket: Ticket,
}

/// The answer of a room to a waiter.
#[derive(Debug, Clone)]
pub enum Told {
    /// The outcome of a write, with the write's number among those of the waiter.
    Settled(u16, Result<Settled, WriteError>),
    /// A replica's reply.
    Reply(Result<Arc<Reply>, NoReply>),
    /// News for a follower, printed; none if it has to join again.
    News(Option<Arc<str>>),
    /// The state of another process's replica after an operator's command, if it is known.
    Controlled(Option<ReplicaState>),
    /// The entry that a read waits for is answered, or never will be.
    Shown,
}

impl Waiter {
    /// Answers it.
    pub fn tell(self, told: Told, effects: &mut Vec<Effect>) {
        effects.push(Effect::Post(self.id, Mail::Store(Notice::Told(self.ticket, told))));
    }
}

/// A request that waits.
#[derive(Debug)]
pub struct Waiting {
    ticket: Ticket,
    began: Instant,
    until: Instant,
    purpose: Purpose,
}

/// The event that a request waits for.
#[derive(Debug)]
pub enum Purpose {
    /// A read of the front: a catalog's reply.
    Read(reads::Read),
    /// A request that the front forwards: a replica's reply.
    Forward(writes::Forward),
    /// A write: its outcome.
    Write(changes::Shape),
    /// A list: the worker that makes it.
    List(lists::Wanted),
    /// Orders: a replica's file.
    Orders(orders::Wanted),
    /// Entries, or a page of the snapshot: the log's file.
    Entries(entries::Wanted),
    /// A read of a follower: the leader's answer to an entry.
    Barrier(Box<read_barrier::Barrier>),
    /// A follower's report: news.
    Follow(replication_api::Follow),
    /// A follower's entries: their outcomes.
    Append(replication_api::Append),
    /// A command to another process's replica: its state after that.
    Control(views::Commanded),
}

/// Something that concerns a request that waits.
#[derive(Debug)]
pub enum News {
    /// A room has answered.
    Told(Told),
    /// A job is done.
    Done(Outcome),
    /// A job cannot be queued.
    Refused,
    /// The deadline has come.
    Overdue,
}

impl Waiting {
    /// Lets a request wait for at most so long.
    pub fn begin(purpose: Purpose, ticket: Ticket, limit: Duration, cx: &Cx<'_>) -> Answer {
        let (began, until) = (cx.now, cx.now + limit);
        Waiting { ticket, began, until, purpose }.into()
    }
}

impl Wait for Waiting {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn wants_eof(&self) -> bool {
        matches!(&self.purpose, Purpose::Follow(follow) if follow.wants_eof())
    }

    fn interrupted(&mut self) {
        if let Purpose::Follow(follow) = &mut self.purpose {
            follow.interrupted();
        }
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        let own = self.ticket;
        let news = match event {
            Event::Mail(Mail::Store(Notice::Told(ticket, told))) if ticket == own => {
                News::Told(told)
            }
            Event::Done(ticket, outcome) if ticket == own => News::Done(outcome),
            Event::Refused(Refusal::Job(ticket)) if ticket == own => News::Refused,
            Event::Tick if self.until <= cx.now => News::Overdue,
            Event::Mail(_)
            | Event::Done(..)
            | Event::Refused(_)
            | Event::Tick
            | Event::Opened { .. }
            | Event::Bytes
            | Event::Eof => return None,
        };
        let waited = cx.now.saturating_duration_since(self.began);
        match &mut self.purpose {
            Purpose::Read(read) => read.news(&news, waited, cx),
            Purpose::Forward(forward) => forward.news(&news, waited, cx),
            Purpose::Write(shape) => shape.news(&news, cx),
            Purpose::List(list) => list.news(&news),
            Purpose::Orders(orders) => orders.news(&news),
            Purpose::Entries(entries) => entries.news(news, own, cx),
            Purpose::Follow(_) => replication_api::Follow::news(&news),
            Purpose::Append(append) => append.news(news),
            Purpose::Control(commanded) => commanded.news(&news),
            Purpose::Barrier(barrier) => match barrier.news(&news, own, cx)? {
                Answer::Ready(response) => Some(response),
                Answer::Wait(Pending::Store(next)) => {
                    *self = next;
                    None
                }
                Answer::Wait(_) => unreachable!("a read of books waits for the store alone"),
            },
        }
    }
}
