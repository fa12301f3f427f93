//! What all clients of a run share: the plan, what is left of it, and what was seen.

use super::cookies::Jar;
use super::{Budget, Plan, Tally, Trouble};
use crate::limits::{self, Limits};
use std::time::Instant;

/// What all clients of a run share. A server has none.
#[derive(Debug)]
pub struct Run {
    /// What is to be done.
    pub plan: Plan,
    /// What is still to be sent.
    pub budget: Budget,
    /// What was seen.
    pub tally: Tally,
    /// The bytes of the answers, if somebody wants to see them, up to a mebibyte.
    pub transcript: Option<Vec<u8>>,
    /// What became of each request, if somebody wants to know, up to [`TOLD_MAX`] of them.
    pub told: Option<Vec<Told>>,
    /// What clients keep whose connection is over, for those who go on in their place.
    pub(super) jars: Vec<Jar>,
    pub(super) limits: Limits,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Which of the plan's requests it was.
    pub place: usize,
    /// The number that was written into it.
    pub number: u64,
    /// When it was due.
    pub began: Instant,
    /// When it came to an end.
    pub at: Instant,
    /// Which end.
    pub fate: Fate,
}

/// To which end a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was answered with this status.
    Answered(u16),
    /// It was not answered: nobody knows whether it was carried out.
    Failed(Trouble),
}

/// Requests of which it is remembered what became of them.
pub const TOLD_MAX: usize = 1 << 20;

impl Run {
    /// A run at its beginning.
    pub fn new(plan: Plan, limits: Limits, transcript: Option<Vec<u8>>) -> Run {
        let (budget, tally) = (Budget::of(&plan), Tally::new(plan.count_from));
        Run { plan, budget, tally, transcript, told: None, jars: Vec::new(), limits }
    }

    /// Whether as many requests have come to an end as were wanted.
    pub fn is_complete(&self) -> bool {
        self.plan.requests.is_some_and(|wanted| self.tally.requests >= wanted)
    }

    #[inline]
    pub(super) fn note(&mut self, bytes: &[u8]) {
        if let Some(transcript) = &mut self.transcript
            && transcript.len() < limits::MIB
        {
            transcript.extend_from_slice(bytes);
        }
    }

    #[inline]
    pub(super) fn tell(&mut self, told: Told) {
        if let Some(all) = &mut self.told
            && all.len() < TOLD_MAX
        {
            all.push(told);
        }
    }

    pub(super) fn sent(&mut self, bytes: usize, now: Instant) {
        self.tally.bytes_out += if now >= self.plan.count_from { bytes as u64 } else { 0 };
    }

    /// These bytes were to be sent and never will be.
    pub(super) fn unsent(&mut self, bytes: usize, now: Instant) {
        let counted = if now >= self.plan.count_from { bytes as u64 } else { 0 };
        self.tally.bytes_out = self.tally.bytes_out.saturating_sub(counted);
    }

    pub(super) fn received(&mut self, bytes: usize, now: Instant) {
        self.tally.bytes_in += if now >= self.plan.count_from { bytes as u64 } else { 0 };
    }

    pub(super) fn failed(&mut self, why: Trouble, began: Instant, now: Instant) {
        if began >= self.plan.count_from {
            self.tally.failed(why, now);
        }
    }

    /// A request that began then has no answer, and the run is over.
    pub(super) fn still_waits(&mut self, began: Instant, now: Instant) {
        if began >= self.plan.count_from {
            self.tally.still_waits(now.saturating_duration_since(began));
        }
    }

    /// The run ended at `now`: closes the books.
    pub fn end(&mut self, now: Instant) {
        self.tally.series.pass(now);
        if let Some(rate) = self.plan.rate {
            self.tally.never_sent(self.budget.never_sent(now), rate);
        }
    }
}
