//! The task that runs a named search to its end.
//!
//! ```text
//!   queued ─first piece→ running ─┬─ solved · exhausted (· failed: a bug)
//!      └──────────────────────────┴─ expired · cancelled
//! ```

use super::table::{Fate, Name, Solution};
use super::{expected, search};
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Mail, Progress, Refusal, Ticket};
use crate::stats::Close;
use crate::work::pow::{self, Seed};
use crate::work::{Compute, Job, Outcome};
use std::sync::Arc;
use std::time::Instant;

/// The task of a search. It has no peer, and lives until the search is over.
#[derive(Debug)]
pub struct Session {
    name: Name,
    until: Option<Instant>,
    /// Time until which a client waits.
    owed: Option<Instant>,
    /// Time of the next attempt, after the pool was full.
    retry: Option<Instant>,
    done: Option<Close>,
}

/// The ticket of the only job.
const TICKET: Ticket = 0;

impl Session {
    /// Creates the task of a search in the table.
    pub fn open(name: Name) -> Session {
        Session { name, until: None, owed: None, retry: None, done: None }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        cx.world.pow.meter.sample(cx.now);
        match event {
            Event::Opened { .. } => self.begin(cx),
            Event::Done(TICKET, outcome) => self.searched(outcome, cx),
            Event::Refused(Refusal::Job(_)) => self.retry = Some(cx.now + limits::POW_RETRY),
            Event::Refused(Refusal::Connection(_)) => self.end(Fate::Cancelled, cx),
            Event::Mail(Mail::Cancelled) => self.done = Some(Close::Finished),
            Event::Tick => self.overdue(cx),
            Event::Bytes | Event::Eof | Event::Done(..) | Event::Mail(Mail::Probed(..)) => {}
            Event::Refused(Refusal::Input) => {}
            Event::Mail(Mail::Searched(_) | Mail::Fetched(..) | Mail::Chat(_) | Mail::Store(_)) => {
            }
        }
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`]. While no client waits for the search, it ends at
    /// the shutdown.
    pub fn deadline(&self) -> Option<Deadline> {
        let at = [self.until, self.owed, self.retry].into_iter().flatten().min()?;
        let busy = self.owed.is_some() || self.retry.is_some();
        Some(if busy { Deadline::Busy(at) } else { Deadline::Idle(at) })
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        let entry = cx.world.pow.jobs.find(self.name, cx.now);
        let Some(entry) = entry.filter(|entry| entry.fate == Fate::Open) else {
            self.done = Some(Close::Finished);
            return;
        };
        entry.searcher = Some(cx.id);
        self.until = Some(entry.until);
        self.owed = entry.waiter.map(|(_, _, until)| until);
        self.submit(cx);
    }

    fn submit(&mut self, cx: &mut Cx<'_>) {
        let start = cx.rng.u64(..);
        let state = &mut cx.world.pow;
        let (seed_len, kernel, all) = (state.seed_len, state.kernel, state.meter.counter());
        let Some(entry) = state.jobs.find(self.name, cx.now) else {
            self.done = Some(Close::Finished);
            return;
        };
        let (message, own) = (entry.message.clone(), Arc::clone(&entry.tried));
        let mut job = search(message, entry.bits, seed_len, start, kernel, entry.weight, all);
        job.count_in(own);
        cx.effects.push(Effect::Submit(TICKET, Job::Compute(Compute::Pow(job))));
    }

    fn searched(&mut self, outcome: &Outcome, cx: &mut Cx<'_>) {
        let fate = match outcome {
            Outcome::Pow(pow::Outcome::Found { seed, hash, tried }) => {
                self.solution(*seed, *hash, *tried, cx)
            }
            Outcome::Pow(pow::Outcome::Exhausted { .. }) => {
                cx.stats.pow.exhausted += 1;
                Fate::Exhausted
            }
            Outcome::Pi(_)
            | Outcome::Files(_)
            | Outcome::Process(_)
            | Outcome::Packed(_)
            | Outcome::Reports(_)
            | Outcome::List(_)
            | Outcome::Database(_)
            | Outcome::Store(_)
            | Outcome::Panicked => Fate::Failed,
        };
        self.end(fate, cx);
    }

    fn solution(&self, seed: Seed, hash: [u8; 32], tried: u64, cx: &mut Cx<'_>) -> Fate {
        let state = &mut cx.world.pow;
        let Some(entry) = state.jobs.find(self.name, cx.now) else {
            return Fate::Cancelled;
        };
        state.meter.found(entry.bits, tried);
        cx.stats.pow.found(tried, expected(entry.bits));
        let ms = cx.now.saturating_duration_since(entry.began).as_secs_f64() * 1000.0;
        Fate::Solved(Solution { seed, hash, tried, ms })
    }

    fn overdue(&mut self, cx: &mut Cx<'_>) {
        let passed = |at: Option<Instant>| at.is_some_and(|at| at <= cx.now);
        if passed(self.until) {
            return self.end(Fate::Expired, cx);
        }
        if passed(self.owed) {
            self.owed = None;
        }
        if passed(self.retry) {
            self.retry = None;
            self.submit(cx);
        }
    }

    fn end(&mut self, fate: Fate, cx: &mut Cx<'_>) {
        if let Some(told) = cx.world.pow.jobs.close(self.name, fate, cx.now) {
            told.tell(cx.id, cx.effects);
        }
        self.done = Some(Close::Finished);
    }
}
