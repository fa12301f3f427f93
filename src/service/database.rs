//! Requests to the database that a session waits for.

use super::{Cx, Effect, Event, Refusal, Ticket};
use crate::work::db::{self, Failure, chat, counts, spent};
use crate::work::{Job, Outcome};

/// A request to the database whose answer has not come.
#[derive(Debug)]
pub struct Query(Ticket);

/// The reason why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// Too many requests wait for the database; this one was not carried out.
    Busy,
    /// The database failed, or the job panicked.
    Failed(Option<Failure>),
}

/// The answers of one group of tables.
pub trait Group: Sized {
    /// Returns the answer, if it is of this group.
    fn of(answer: db::Answer) -> Option<Self>;
}

impl Group for counts::Answer {
    fn of(answer: db::Answer) -> Option<counts::Answer> {
        match answer {
            db::Answer::Counts(answer) => Some(answer),
            db::Answer::Chat(_) | db::Answer::Spent(_) => None,
        }
    }
}

impl Group for chat::Answer {
    fn of(answer: db::Answer) -> Option<chat::Answer> {
        match answer {
            db::Answer::Chat(answer) => Some(answer),
            db::Answer::Counts(_) | db::Answer::Spent(_) => None,
        }
    }
}

impl Group for spent::Answer {
    fn of(answer: db::Answer) -> Option<spent::Answer> {
        match answer {
            db::Answer::Spent(answer) => Some(answer),
            db::Answer::Counts(_) | db::Answer::Chat(_) => None,
        }
    }
}

impl Query {
    /// Sends a request to the database.
    pub fn submit(request: db::Request, ticket: Ticket, cx: &mut Cx<'_>) -> Query {
        cx.effects.push(Effect::Submit(ticket, Job::Database(request)));
        Query(ticket)
    }

    /// Returns the answer, if the event brings it or reports its failure.
    ///
    /// # Errors
    /// Returns the event, if it is about something else.
    pub fn answer<G: Group>(&self, event: Event) -> Result<Result<G, NoAnswer>, Event> {
        match event {
            Event::Done(ticket, outcome) if ticket == self.0 => Ok(of(outcome)),
            Event::Refused(Refusal::Job(ticket)) if ticket == self.0 => Ok(Err(NoAnswer::Busy)),
            other @ (Event::Done(..)
            | Event::Refused(_)
            | Event::Mail(_)
            | Event::Tick
            | Event::Opened { .. }
            | Event::Bytes
            | Event::Eof) => Err(other),
        }
    }
}

fn of<G: Group>(outcome: Outcome) -> Result<G, NoAnswer> {
    match outcome {
        Outcome::Database(Ok(answer)) => G::of(answer).ok_or(NoAnswer::Failed(None)),
        Outcome::Database(Err(failure)) => Err(NoAnswer::Failed(Some(failure))),
        Outcome::Pi(_)
        | Outcome::Pow(_)
        | Outcome::Files(_)
        | Outcome::Packed(_)
        | Outcome::Process(_)
        | Outcome::Reports(_)
        | Outcome::List(_)
        | Outcome::Store(_)
        | Outcome::Panicked => Err(NoAnswer::Failed(None)),
    }
}
