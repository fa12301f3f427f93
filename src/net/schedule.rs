//! The order of slices: deficit round robin over connections (Shreedhar & Varghese, 1995).
//!
//! In each round a connection has a share of work, by its weight, and overdraws it by at most a
//! slice. A round ends when all shares are used up, and new connections wait for its end: so a
//! flood of short jobs and one long job each get their half, independent of the order of
//! submission.

use crate::app::{Id, Ticket};
use crate::work::{Compute, Outcome, Piece, Slice};
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The jobs of all connections.
#[derive(Debug, Default)]
pub struct Schedule {
    lines: HashMap<Id, Line>,
    /// Connections with a share left, and those that wait for the next round.
    round: VecDeque<Id>,
    waiting: VecDeque<Id>,
    jobs: usize,
    serial: u64,
}

/// A connection's jobs, in the order of submission.
#[derive(Debug, Default)]
struct Line {
    jobs: VecDeque<Entry>,
    deficit: i64,
    queued: bool,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    ticket: Ticket,
    job: Compute,
}

/// A slice on its way to a worker, and its owner.
#[derive(Debug)]
pub struct Task {
    /// The slice.
    pub slice: Slice,
    /// The owner.
    pub owner: Owner,
}

/// The job that a slice was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    id: Id,
    serial: u64,
}

/// Work per round of a connection with weight 1: about a slice.
const QUANTUM: i64 = 500_000;

impl Schedule {
    /// Returns the number of unfinished jobs.
    pub fn len(&self) -> usize {
        self.jobs
    }

    /// Adds a job. A connection without jobs starts with the next round.
    pub fn submit(&mut self, id: Id, ticket: Ticket, job: Compute) {
        let serial = self.serial;
        self.serial += 1;
        self.jobs += 1;
        let line = self.lines.entry(id).or_default();
        line.jobs.push_back(Entry { serial, ticket, job });
        self.enter(id);
    }

    /// Returns the next slice, if there is one.
    pub fn next(&mut self) -> Option<Task> {
        loop {
            let Some(id) = self.round.pop_front() else {
                if self.waiting.is_empty() {
                    return None;
                }
                self.begin_round();
                continue;
            };
            let line = self.lines.get_mut(&id).expect("a queued line is kept");
            if line.deficit <= 0 {
                self.waiting.push_back(id);
                continue;
            }
            if let Some((serial, slice)) = line.cut() {
                line.deficit -= slice.cost();
                // Two workers on one short search would mostly duplicate work: others come first.
                self.round.push_back(id);
                return Some(Task { slice, owner: Owner { id, serial } });
            }
            line.queued = false;
            if line.jobs.is_empty() {
                self.lines.remove(&id);
            }
        }
    }

    /// Merges the result of a slice, or `None` if it panicked. Returns the job's outcome and
    /// recipient with the last piece. Pieces of cancelled jobs are dropped.
    pub fn merge(&mut self, owner: Owner, piece: Option<Piece>) -> Option<(Id, Ticket, Outcome)> {
        let line = self.lines.get_mut(&owner.id)?;
        let place = line.jobs.iter().position(|entry| entry.serial == owner.serial)?;
        let outcome = match piece {
            Some(piece) => {
                line.deficit += piece.saved();
                let job = &mut line.jobs[place].job;
                let merged = catch_unwind(AssertUnwindSafe(|| job.merge(piece)));
                merged.unwrap_or(Some(Outcome::Panicked))
            }
            None => Some(Outcome::Panicked),
        };
        let Some(outcome) = outcome else {
            self.enter(owner.id);
            return None;
        };
        let ticket = line.jobs.remove(place)?.ticket;
        self.jobs -= 1;
        self.forget_if_idle(owner.id);
        Some((owner.id, ticket, outcome))
    }

    /// Drops the jobs of a connection.
    pub fn cancel(&mut self, id: Id) {
        if let Some(line) = self.lines.get_mut(&id) {
            self.jobs -= line.jobs.len();
            line.jobs.clear();
            self.forget_if_idle(id);
        }
    }

    /// Starts the next round, once all shares are used up.
    fn begin_round(&mut self) {
        for id in self.waiting.drain(..) {
            let line = self.lines.get_mut(&id).expect("a queued line is kept");
            line.deficit += QUANTUM * line.weight();
            self.round.push_back(id);
        }
    }

    fn enter(&mut self, id: Id) {
        let line = self.lines.get_mut(&id).expect("who enters has jobs");
        if !std::mem::replace(&mut line.queued, true) {
            let queue = if line.deficit > 0 { &mut self.round } else { &mut self.waiting };
            queue.push_back(id);
        }
    }

    /// Removes a connection without jobs when its turn comes: if it submits again earlier, it still
    /// has its debts, and is never queued twice.
    fn forget_if_idle(&mut self, id: Id) {
        if self.lines.get(&id).is_some_and(|line| line.jobs.is_empty() && !line.queued) {
            self.lines.remove(&id);
        }
    }
}

impl Line {
    /// Returns the weight of the oldest job.
    fn weight(&self) -> i64 {
        self.jobs.front().map_or(1, |entry| entry.job.weight())
    }

    fn cut(&mut self) -> Option<(u64, Slice)> {
        self.jobs.iter_mut().find_map(|entry| Some((entry.serial, entry.job.cut()?)))
    }
}

#[cfg(test)]
mod tests;
