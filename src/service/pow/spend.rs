//! Spending a proof: it is accepted once, and only when the database confirms that this is on disk.
//!
//! No state is kept here: of two clients that spend the same proof at once, the order of the
//! database decides.

use super::api::{busy, judgement};
use super::verify::{Verdict, Wrong};
use crate::limits;
use crate::service::database::{NoAnswer, Query};
use crate::service::http::{Response, Style};
use crate::service::{Answer, Cx, Event, Ticket, Wait};
use crate::work::db::{self, spent};
use std::time::{Instant, UNIX_EPOCH};

/// A request that waits for the database.
#[derive(Debug)]
pub struct Pending {
    query: Query,
    verdict: Verdict,
}

/// Spends a valid proof.
pub(super) fn ask(verdict: Verdict, ticket: Ticket, cx: &mut Cx<'_>) -> Answer {
    let (None, Some(hash)) = (verdict.wrong, verdict.hash) else {
        return judgement(&verdict).into();
    };
    let now_s = cx.wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let kept_s = cx.world.pow.spent_kept.as_secs() as i64;
    let request = spent::Request { hash, now_s, kept_s, most: limits::POW_SPENT as i64 };
    let query = Query::submit(db::Request::Spent(request), ticket, cx);
    Pending { query, verdict }.into()
}

impl Wait for Pending {
    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        Some(match self.query.answer(event).ok()? {
            Ok(spent::Answer::Spent) => {
                cx.stats.pow.spent += 1;
                judgement(&self.verdict)
            }
            Ok(spent::Answer::Known) => {
                judgement(&Verdict { wrong: Some(Wrong::AlreadySpent), ..self.verdict })
            }
            Ok(spent::Answer::Full(seconds)) => {
                busy("No more proofs can be remembered before the oldest expires.", seconds)
            }
            Err(NoAnswer::Busy) => busy("The database has too much to do: nothing was spent.", 1),
            Err(NoAnswer::Failed(_)) => {
                let detail = "The database failed: it is not known whether the proof was spent.";
                Style::Problem.error(503, detail).retry_after(1)
            }
        })
    }
}
