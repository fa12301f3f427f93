//! Spending a proof: it is accepted once, and only when the database says that this is on the disk.
//!
//! Nothing is remembered here: of two that spend the same proof at once, the database's order says
//! who was first.

use super::api::{busy, judgement};
use super::verify::{Verdict, Wrong};
use crate::limits;
use crate::service::http::{Answer, Pending as HttpPending, Response, Style};
use crate::service::{Cx, Effect, Event, Refusal, Ticket};
use crate::work::db::{self, spent};
use crate::work::{Job, Outcome};
use std::time::UNIX_EPOCH;

/// A request that waits for the database.
#[derive(Debug)]
pub struct Pending {
    ticket: Ticket,
    verdict: Verdict,
}

/// Spends a proof if it is one.
pub(super) fn ask(verdict: Verdict, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    let (None, Some(hash)) = (verdict.wrong, verdict.hash) else {
        return Answer::Ready(judgement(&verdict));
    };
    let now_s = cx.wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let kept_s = cx.world.pow.spent_kept.as_secs() as i64;
    let request = spent::Request { hash, now_s, kept_s, most: limits::POW_SPENT as i64 };
    cx.effects.push(Effect::Submit(ticket, Job::Database(db::Request::Spent(request))));
    Answer::Wait(HttpPending::Spend(Pending { ticket, verdict }))
}

impl Pending {
    /// Something has happened; the response if that was the answer.
    pub fn news(&mut self, event: &Event, cx: &mut Cx<'_>) -> Option<Response> {
        match event {
            Event::Done(ticket, outcome) if *ticket == self.ticket => {
                Some(self.answer(outcome, cx))
            }
            Event::Refused(Refusal::Job(ticket)) if *ticket == self.ticket => {
                Some(busy("The database has too much to do: nothing was spent.", 1))
            }
            Event::Done(..)
            | Event::Refused(_)
            | Event::Mail(_)
            | Event::Tick
            | Event::Opened { .. }
            | Event::Bytes
            | Event::Eof => None,
        }
    }

    fn answer(&self, outcome: &Outcome, cx: &mut Cx<'_>) -> Response {
        match outcome {
            Outcome::Database(Ok(db::Answer::Spent(spent::Answer::Spent))) => {
                cx.stats.pow.spent += 1;
                judgement(&self.verdict)
            }
            Outcome::Database(Ok(db::Answer::Spent(spent::Answer::Known))) => {
                judgement(&Verdict { wrong: Some(Wrong::AlreadySpent), ..self.verdict })
            }
            Outcome::Database(Ok(db::Answer::Spent(spent::Answer::Full(seconds)))) => {
                busy("No more proofs can be remembered before the oldest expires.", *seconds)
            }
            Outcome::Database(_)
            | Outcome::Pi(_)
            | Outcome::Pow(_)
            | Outcome::Files(_)
            | Outcome::Packed(_)
            | Outcome::Process(_)
            | Outcome::Reports(_)
            | Outcome::List(_)
            | Outcome::Store(_)
            | Outcome::Panicked => {
                let detail = "The database failed: it is not known whether the proof was spent.";
                Style::Problem.error(503, detail).retry_after(1)
            }
        }
    }
}
