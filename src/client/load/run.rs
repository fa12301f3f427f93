//! The state that all clients of a run share: the plan, the budget and the counts.

use super::cookies::Jar;
use super::{Budget, Plan, Tally, Trouble};
use crate::limits::{self, Limits};
use std::time::Instant;

/// The state that all clients of a run share. A server has none.
#[derive(Debug)]
pub struct Run {
    /// The plan.
    pub plan: Plan,
    /// The requests that are still to be sent.
    pub budget: Budget,
    /// The counts.
    pub tally: Tally,
    /// The bytes of the responses, if requested, up to a mebibyte.
    pub transcript: Option<Vec<u8>>,
    /// The outcomes of the requests, if requested, up to [`TOLD_MAX`].
    pub told: Option<Vec<Told>>,
    /// The cookies of clients whose connection is over, for the clients that replace them.
    pub(super) jars: Vec<Jar>,
    pub(super) limits: Limits,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The index of the request in the plan.
    pub place: usize,
    /// The number that was written into the request.
    pub number: u64,
    /// The due time.
    pub began: Instant,
    /// The time of the end.
    pub at: Instant,
    /// The kind of outcome.
    pub fate: Fate,
}

/// The kinds of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The request has a response with this status.
    Answered(u16),
    /// The request has no response: it is unknown whether the server executed it.
    Failed(Trouble),
}

/// The largest number of outcomes that are kept.
pub const TOLD_MAX: usize = 1 << 20;

impl Run {
    /// Creates a run at its beginning.
    pub fn new(plan: Plan, limits: Limits, transcript: Option<Vec<u8>>) -> Run {
        let (budget, tally) = (Budget::of(&plan), Tally::new(plan.count_from));
        Run { plan, budget, tally, transcript, told: None, jars: Vec::new(), limits }
    }

    /// Returns true if the planned number of requests has come to an end.
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

    /// Takes bytes that will never be sent out of the counts.
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

    /// Counts a request that has no response when the run is over.
    pub(super) fn still_waits(&mut self, began: Instant, now: Instant) {
        if began >= self.plan.count_from {
            self.tally.still_waits(now.saturating_duration_since(began));
        }
    }

    /// Ends the run at `now` and completes the counts.
    pub fn end(&mut self, now: Instant) {
        self.tally.series.pass(now);
        if let Some(rate) = self.plan.rate {
            self.tally.never_sent(self.budget.never_sent(now), rate);
        }
    }
}
