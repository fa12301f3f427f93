//! The threads behind the loop: workers that run slices, and threads that own a database each.

use super::batch_queue::BatchQueue;
use super::completions::{Completion, Completions};
use super::ending::join;
use super::reactor::QueueFull;
use super::schedule::Schedule;
use super::system::thread;
use crate::app::{Id, Ticket};
use crate::limits::{self, RateLimitedLog};
use crate::work::{BatchCommitter, BatchRequest, Compute, Outcome};
use rustix::process::setpriority_process;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// The niceness of workers.
const NICENESS: i32 = 19;

/// The workers.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    completions: Arc<Completions>,
    /// The number of unfinished jobs; read without the lock.
    queued: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    schedule: Schedule,
    ending: bool,
}

impl Pool {
    /// Starts `workers` threads for computations. They have the lowest priority, after the loop and
    /// all threads that serve a waiting client, and use otherwise idle cores.
    ///
    /// # Errors
    /// Returns the operating system's error if it has no thread.
    pub fn start(workers: usize, completions: &Arc<Completions>) -> io::Result<Pool> {
        Pool::begin("worker", workers, NICENESS, completions)
    }

    /// Starts the threads that wait for the disk. They are few, hardly compute, and have normal
    /// priority: a client waits for each file, and on a busy machine files behind a proof-of-work
    /// search would wait for seconds.
    ///
    /// # Errors
    /// Returns the operating system's error if it has no thread.
    pub fn readers(completions: &Arc<Completions>) -> io::Result<Pool> {
        Pool::begin("reader", limits::READERS, 0, completions)
    }

    fn begin(
        name: &str,
        threads: usize,
        niceness: i32,
        completions: &Arc<Completions>,
    ) -> io::Result<Pool> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            completions: Arc::clone(completions),
            queued: AtomicUsize::new(0),
        });
        let mut pool = Pool { shared, threads: Vec::new() };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let name = format!("{name}-{number}");
            pool.threads.push(thread(&name, move || shared.work(niceness))?);
        }
        Ok(pool)
    }

    /// Queues a job.
    ///
    /// # Errors
    /// Fails if [`limits::JOBS`] are waiting.
    pub fn submit(&self, id: Id, ticket: Ticket, job: Compute) -> Result<(), QueueFull> {
        let mut state = self.shared.lock();
        if state.schedule.len() >= limits::JOBS {
            return Err(QueueFull);
        }
        // Other jobs may have slices for several workers at once.
        let one = job.is_cut_for_one();
        state.schedule.submit(id, ticket, job);
        self.shared.publish(&state);
        drop(state);
        match one {
            true => self.shared.work.notify_one(),
            false => self.shared.work.notify_all(),
        }
        Ok(())
    }

    /// Drops the jobs of a connection. A running slice ends by itself, soon.
    pub fn cancel(&self, id: Id) {
        let mut state = self.shared.lock();
        state.schedule.cancel(id);
        self.shared.publish(&state);
    }

    /// Returns the number of unfinished jobs.
    pub fn queued(&self) -> usize {
        self.shared.queued.load(Ordering::Relaxed)
    }

    /// Stops starting slices. The threads end after the running ones.
    pub fn end(&mut self) -> Vec<JoinHandle<()>> {
        self.shared.lock().ending = true;
        self.shared.work.notify_all();
        std::mem::take(&mut self.threads)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        join(self.end());
    }
}

impl Shared {
    fn work(&self, niceness: i32) {
        if niceness > 0 {
            // On Linux niceness applies to the thread. It favours the loop, but is not essential:
            // if it fails, the work is done all the same.
            let _ = setpriority_process(None, niceness);
        }
        let mut state = self.lock();
        while !state.ending {
            let Some(task) = state.schedule.next() else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let piece = catch_unwind(AssertUnwindSafe(|| task.slice.run())).ok();
            state = self.lock();
            let done = state.schedule.merge(task.owner, piece);
            self.publish(&state);
            if let Some((id, ticket, outcome)) = done {
                drop(state);
                self.completions.put(Completion { id, ticket, outcome });
                state = self.lock();
            }
        }
    }

    fn publish(&self, state: &State) {
        self.queued.store(state.schedule.len(), Ordering::Relaxed);
    }

    /// Locks; kernels run without the lock, and code under it leaves no inconsistent state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that owns a file.
#[derive(Debug)]
pub struct DbThread {
    requests: Arc<BatchQueue<(Id, Ticket, BatchRequest)>>,
    thread: Option<JoinHandle<()>>,
}

impl DbThread {
    /// Starts the thread with this name.
    ///
    /// # Errors
    /// Returns the operating system's error if it has no thread.
    pub fn start(
        name: &str,
        mut committer: BatchCommitter,
        completions: &Arc<Completions>,
    ) -> io::Result<DbThread> {
        let requests = Arc::new(BatchQueue::new(limits::DATABASE_REQUESTS));
        let (inbox, completions) = (Arc::clone(&requests), Arc::clone(completions));
        let what = format!("the database thread {name} could not carry a request out");
        let thread = thread(name, move || {
            let mut batch = Vec::new();
            let mut failures = RateLimitedLog::new(module_path!(), log::Level::Warn, 1);
            while inbox.wait(&mut batch) {
                let requests = batch.iter().map(|(.., request): &(_, _, BatchRequest)| request);
                let committed = AssertUnwindSafe(|| committer.commit(requests.cloned()));
                let Ok(outcomes) = catch_unwind(committed) else {
                    log::error!("a database thread panicked: its batch is given up");
                    for (id, ticket, _) in batch.drain(..) {
                        completions.put(Completion { id, ticket, outcome: Outcome::Panicked });
                    }
                    continue;
                };
                if let Some(failure) = outcomes.iter().find_map(Outcome::failure) {
                    failures.note(&format_args!("{what}: {failure}"), Instant::now());
                }
                for ((id, ticket, _), outcome) in batch.drain(..).zip(outcomes) {
                    completions.put(Completion { id, ticket, outcome });
                }
            }
        })?;
        Ok(DbThread { requests, thread: Some(thread) })
    }

    /// Queues a request.
    ///
    /// # Errors
    /// Fails if [`limits::DATABASE_REQUESTS`] are waiting.
    pub fn submit(&self, id: Id, ticket: Ticket, request: BatchRequest) -> Result<(), QueueFull> {
        self.requests.put((id, ticket, request)).map_err(|_| QueueFull)
    }

    /// Closes the queue. The thread ends after committing the pending requests.
    pub fn end(&mut self) -> Option<JoinHandle<()>> {
        self.requests.close();
        self.thread.take()
    }
}

impl Drop for DbThread {
    /// Commits pending requests.
    fn drop(&mut self) {
        join(self.end());
    }
}
