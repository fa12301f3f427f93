//! The threads behind the loop: workers that run slices, and those that own a database each.

use super::batch_queue::BatchQueue;
use super::completions::{Completion, Completions};
use super::ending::join;
use super::rate_limited_log::RateLimitedLog;
use super::reactor::QueueFull;
use super::schedule::Schedule;
use super::system::thread;
use crate::app::{Id, Ticket};
use crate::limits;
use crate::work::{BatchCommitter, BatchRequest, Compute, Outcome};
use rustix::process::setpriority_process;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// How far workers step back.
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
    /// How many jobs are not done; read without the lock.
    queued: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    schedule: Schedule,
    ending: bool,
}

impl Pool {
    /// Starts `workers` threads for what takes a processor's time. They step back behind the loop,
    /// and behind whoever else waits for an answer: all the way. A core that nobody else wants is
    /// theirs.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
    pub fn start(workers: usize, completions: &Arc<Completions>) -> io::Result<Pool> {
        Pool::begin("worker", workers, NICENESS, completions)
    }

    /// Starts the threads for what waits for the disk. They are few, hardly compute, and do not
    /// step back: somebody waits for each file, and on a busy machine those behind a search for
    /// a proof would wait for seconds.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
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
    /// [`limits::JOBS`] are waiting.
    pub fn submit(&self, id: Id, ticket: Ticket, job: Compute) -> Result<(), QueueFull> {
        let mut state = self.shared.lock();
        if state.schedule.len() >= limits::JOBS {
            return Err(QueueFull);
        }
        // Other jobs may be cut for several workers at once.
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

    /// Forgets the jobs of a connection. A slice that is running ends by itself, soon.
    pub fn cancel(&self, id: Id) {
        let mut state = self.shared.lock();
        state.schedule.cancel(id);
        self.shared.publish(&state);
    }

    /// How many jobs are not done.
    pub fn queued(&self) -> usize {
        self.shared.queued.load(Ordering::Relaxed)
    }

    /// No slice is begun any more. The threads end after those that are running.
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
            // Linux counts niceness by thread. It is a courtesy to the loop: where it cannot be
            // had, the work is done all the same.
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

    /// Kernels run without the lock; what runs under it leaves no half-done state.
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
    /// Starts the thread, which is called `name`.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
    pub fn start(
        name: &str,
        mut committer: BatchCommitter,
        completions: &Arc<Completions>,
    ) -> io::Result<DbThread> {
        let requests = Arc::new(BatchQueue::new(limits::DATABASE_REQUESTS));
        let (inbox, completions) = (Arc::clone(&requests), Arc::clone(completions));
        let what = format!("the database thread {name} could not carry a request out");
        let thread = thread(name, move || {
            let (mut batch, mut failures) = (Vec::new(), RateLimitedLog::default());
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
                    failures.note(&what, failure, Instant::now());
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
    /// [`limits::DATABASE_REQUESTS`] are waiting.
    pub fn submit(&self, id: Id, ticket: Ticket, request: BatchRequest) -> Result<(), QueueFull> {
        self.requests.put((id, ticket, request)).map_err(|_| QueueFull)
    }

    /// Nothing more will be committed than what waits. The thread ends after that.
    pub fn end(&mut self) -> Option<JoinHandle<()>> {
        self.requests.close();
        self.thread.take()
    }
}

impl Drop for DbThread {
    /// Everything that waits is still committed.
    fn drop(&mut self) {
        join(self.end());
    }
}
