//! Which slice is next: deficit round robin over connections (Shreedhar & Varghese, 1995).
//!
//! In each round a connection has a share of work, by its weight, and overdraws it by at most a
//! slice. A round ends when all shares are used up, and who comes meanwhile waits for its end: so
//! a flood of short jobs and one long job each get their half, whoever asked first.

use crate::app::{Id, Ticket};
use crate::work::{Compute, Outcome, Piece, Slice};
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Jobs of all connections.
#[derive(Debug, Default)]
pub struct Schedule {
    lines: HashMap<Id, Line>,
    /// Those that have something left of their share, and those that wait for the next.
    round: VecDeque<Id>,
    waiting: VecDeque<Id>,
    jobs: usize,
    serial: u64,
}

/// A connection's jobs, in the order in which it asked for them.
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

/// A slice on its way to a worker, and where its piece belongs.
#[derive(Debug)]
pub struct Task {
    /// What to run.
    pub slice: Slice,
    /// Whose it is.
    pub owner: Owner,
}

/// The job that a slice was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    id: Id,
    serial: u64,
}

/// Work that a connection of weight 1 may do in a round: about a slice.
const QUANTUM: i64 = 500_000;

impl Schedule {
    /// How many jobs are not done.
    pub fn len(&self) -> usize {
        self.jobs
    }

    /// Adds a job. A line that had none begins with the next round.
    pub fn submit(&mut self, id: Id, ticket: Ticket, job: Compute) {
        let serial = self.serial;
        self.serial += 1;
        self.jobs += 1;
        let line = self.lines.entry(id).or_default();
        line.jobs.push_back(Entry { serial, ticket, job });
        self.enter(id);
    }

    /// The next slice, if any may be handed out.
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
                // Two workers on one short search would mostly do the same: first the others.
                self.round.push_back(id);
                return Some(Task { slice, owner: Owner { id, serial } });
            }
            line.queued = false;
            if line.jobs.is_empty() {
                self.lines.remove(&id);
            }
        }
    }

    /// Takes back what a slice made, or `None` if it panicked. The job's outcome, and who waits
    /// for it, if that was the last piece. Pieces of jobs that were cancelled go nowhere.
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

    /// Forgets the jobs of a connection.
    pub fn cancel(&mut self, id: Id) {
        if let Some(line) = self.lines.get_mut(&id) {
            self.jobs -= line.jobs.len();
            line.jobs.clear();
            self.forget_if_idle(id);
        }
    }

    /// Everybody has had a share: here is the next one.
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

    /// A line without jobs goes, but not before the queue has come to it: who comes back at once
    /// finds its debts, and is never queued twice.
    fn forget_if_idle(&mut self, id: Id) {
        if self.lines.get(&id).is_some_and(|line| line.jobs.is_empty() && !line.queued) {
            self.lines.remove(&id);
        }
    }
}

impl Line {
    /// That of the job which has waited longest.
    fn weight(&self) -> i64 {
        self.jobs.front().map_or(1, |entry| entry.job.weight())
    }

    fn cut(&mut self) -> Option<(u64, Slice)> {
        self.jobs.iter_mut().find_map(|entry| Some((entry.serial, entry.job.cut()?)))
    }
}

#[cfg(test)]
mod tests;
