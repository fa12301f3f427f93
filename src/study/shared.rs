//! The state that all sessions of a blocking server share: the world, the counters, the generator,
//! the database.
//!
//! There is one per process. Threads use it in turn through a lock that is held while a session
//! runs (microseconds) and never during I/O, computations or sleep. A forked process gets one of
//! its own: a child's counts are not visible to others.

use crate::app::{App, Cx, Effect, Event, Id, InPlace, Progress, Session};
use crate::buf::{RecvBuf, SendBuf};
use crate::limits::Limits;
use crate::stats::{Close, Stats};
use crate::work::{BatchCommitter, BatchRequest, Outcome};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

/// The shared state; see the module.
#[derive(Debug)]
pub struct SharedState<A: App> {
    /// The bounds in force.
    pub limits: Limits,
    seed: Seed,
    inner: Mutex<Inner<A>>,
    /// Separate from the rest: a commit waits for the disk, and only sessions that commit wait with
    /// it.
    committer: Mutex<Committer>,
}

#[derive(Debug)]
struct Inner<A: App> {
    world: A::World,
    stats: Stats,
    rng: fastrand::Rng,
    opened: u32,
}

/// The file is opened by the process that uses it: an open database does not survive a fork.
#[derive(Debug)]
enum Committer {
    Closed(PathBuf),
    Open(BatchCommitter),
}

/// The seed of the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// This seed in every process, for comparisons.
    Fixed(u64),
    /// This seed in the first process, and others in the other ones.
    Drawn(u64),
}

impl<A: App> SharedState<A> {
    /// Creates a new state. `database` is a file that need not exist yet.
    pub fn new(limits: Limits, world: A::World, seed: Seed, database: PathBuf) -> Self {
        let (Seed::Fixed(start) | Seed::Drawn(start)) = seed;
        let rng = fastrand::Rng::with_seed(start);
        let inner = Inner { world, stats: Stats::default(), rng, opened: 0 };
        SharedState {
            limits,
            seed,
            inner: Mutex::new(inner),
            committer: Mutex::new(Committer::Closed(database)),
        }
    }

    /// Makes this the state of child `number`, counted from 1: without it, all children would draw
    /// the same numbers.
    pub fn moved_to_child(&self, number: u64) {
        match self.seed {
            Seed::Fixed(_) => {}
            Seed::Drawn(start) => {
                let mut child = fastrand::Rng::with_seed(start ^ number.rotate_left(32));
                self.lock().rng = child.fork();
            }
        }
    }

    /// Returns a name for the next session.
    pub fn next_id(&self) -> Id {
        let mut inner = self.lock();
        inner.opened = inner.opened.wrapping_add(1);
        inner.stats.accepted += 1;
        Id { slot: 0, generation: inner.opened }
    }

    /// Reports an event to `session`, and appends its effects to `effects`.
    ///
    /// # Errors
    /// Fails if the session panicked: it must not be used any more.
    pub fn tell(
        &self,
        session: &mut A::Session,
        event: Event<A::Mail>,
        (id, peer): (Id, SocketAddr),
        (recv, send): (&mut RecvBuf, &mut SendBuf),
        effects: &mut Vec<Effect<A>>,
    ) -> Result<Progress, Close> {
        let mut inner = self.lock();
        let Inner { world, stats, rng, .. } = &mut *inner;
        let mut cx = Cx {
            id,
            peer,
            now: Instant::now(),
            wall: SystemTime::now(),
            // There is no graceful shutdown: the signal ends these servers at once.
            draining: false,
            send,
            world,
            stats,
            rng,
            in_place: &mut InPlace::fresh(),
            log: &mut Vec::new(),
            effects,
        };
        // Caught inside the lock, so that a panic does not poison it.
        catch_unwind(AssertUnwindSafe(|| session.handle(event, recv, &mut cx)))
            .map_err(|_| Close::Panicked)
    }

    /// Counts the end of a session.
    pub fn closed(&self, why: Close) {
        self.lock().stats.closed.add(why as usize);
    }

    /// Executes a request alone: each session waits for its own commit, so there is no batch.
    pub fn commit(&self, request: BatchRequest) -> Outcome {
        let mut committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Committer::Closed(path) = &*committer {
            match BatchCommitter::open(path) {
                Ok(opened) => *committer = Committer::Open(opened),
                Err(failure) => return request.failed(failure),
            }
        }
        match &mut *committer {
            Committer::Open(committer) => committer.commit([request].into_iter()).remove(0),
            Committer::Closed(_) => unreachable!("it was opened a moment ago"),
        }
    }

    /// Locks; panics are caught inside, so the state is always consistent.
    fn lock(&self) -> MutexGuard<'_, Inner<A>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::once::Questions;

    fn state(seed: Seed, database: &str) -> SharedState<Questions> {
        SharedState::new(Limits::default(), (), seed, PathBuf::from(database))
    }

    fn drawn(seed: Seed, children: &[u64]) -> Vec<u64> {
        let draw = |child: &u64| {
            let shared = state(seed, ":memory:");
            shared.moved_to_child(*child);
            shared.lock().rng.u64(..)
        };
        children.iter().map(draw).collect()
    }

    #[test]
    fn children_draw_different_numbers_unless_a_seed_was_asked_for() {
        let mut numbers = drawn(Seed::Drawn(7), &[1, 2, 3, 4]);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        let fixed = drawn(Seed::Fixed(7), &[1, 2]);
        assert_eq!(fixed[0], fixed[1]);
    }

    #[test]
    fn the_database_is_opened_when_it_is_first_needed() {
        use crate::work::db::{Request, counts};
        let count = Request::Counts(counts::Request::Count(*b"1111"));
        let count = BatchRequest::Database(count);
        let shared = state(Seed::Fixed(1), "/missing/pentad.db");
        assert!(shared.commit(count.clone()).failure().is_some());
        let shared = state(Seed::Fixed(1), ":memory:");
        assert!(shared.commit(count).failure().is_none());
    }
}
