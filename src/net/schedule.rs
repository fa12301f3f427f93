//! Which slice is next: deficit round robin over connections (Shreedhar & Varghese, 1995).
//!
//! A connection may run ahead by at most one slice; then all others that have work come first.
//! So a flood of short jobs and one long job each get their half, whoever asked first.

use crate::service::{Id, Ticket};
use crate::work::{Compute, Outcome, Piece, Slice};
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Jobs of all connections.
#[derive(Debug, Default)]
pub struct Schedule {
    lines: HashMap<Id, Line>,
    ring: VecDeque<Id>,
    jobs: usize,
    serial: u64,
}

/// A connection's jobs, in the order in which it asked for them.
#[derive(Debug)]
struct Line {
    jobs: VecDeque<Entry>,
    deficit: i64,
    in_ring: bool,
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

/// Work that a connection may do before the next one's turn: about a millisecond.
const QUANTUM: i64 = 1_000_000;

impl Schedule {
    /// How many jobs are not done.
    pub fn len(&self) -> usize {
        self.jobs
    }

    /// Adds a job.
    pub fn submit(&mut self, id: Id, ticket: Ticket, job: Compute) {
        let serial = self.serial;
        self.serial += 1;
        self.jobs += 1;
        let line = self.lines.entry(id).or_insert_with(|| Line {
            jobs: VecDeque::new(),
            deficit: QUANTUM,
            in_ring: false,
        });
        line.jobs.push_back(Entry { serial, ticket, job });
        Self::enter(&mut self.ring, id, line);
    }

    /// The next slice, if any may be handed out.
    pub fn next(&mut self) -> Option<Task> {
        while let Some(id) = self.ring.front().copied() {
            let Some(line) = self.lines.get_mut(&id) else {
                self.ring.pop_front();
                continue;
            };
            if line.deficit <= 0 {
                line.deficit += QUANTUM * line.weight();
                self.ring.rotate_left(1);
                continue;
            }
            if let Some((serial, slice)) = line.cut() {
                line.deficit -= slice.cost();
                // Two workers on one short search would mostly do the same: first the others.
                self.ring.rotate_left(1);
                return Some(Task { slice, owner: Owner { id, serial } });
            }
            line.in_ring = false;
            self.ring.pop_front();
        }
        None
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
            Self::enter(&mut self.ring, owner.id, line);
            return None;
        };
        let ticket = line.jobs.remove(place)?.ticket;
        self.jobs -= 1;
        if line.jobs.is_empty() {
            self.lines.remove(&owner.id);
        }
        Some((owner.id, ticket, outcome))
    }

    /// Forgets the jobs of a connection.
    pub fn cancel(&mut self, id: Id) {
        if let Some(line) = self.lines.remove(&id) {
            self.jobs -= line.jobs.len();
        }
    }

    fn enter(ring: &mut VecDeque<Id>, id: Id, line: &mut Line) {
        if !std::mem::replace(&mut line.in_ring, true) {
            ring.push_back(id);
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
