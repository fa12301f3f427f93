//! Outcomes of jobs on their way from other threads to the loop: a list, and a wake-up.
//!
//! One wake-up stands for the whole list, and the loop takes the whole list. A wake-up may fail.
//! Then the next outcome tries again, and the loop checks the list in each turn; while jobs are
//! running it sleeps no longer than [`crate::limits::WAKE_CHECK`]. So a lost wake-up only causes a
//! delay.

use super::batch_queue::BatchQueue;
use crate::app::{Id, Ticket};
use crate::work::Outcome;
use mio::Waker;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// The outcome of a job, and its recipient.
#[derive(Debug)]
pub struct Completion {
    /// The connection.
    pub id: Id,
    /// Its ticket for the job.
    pub ticket: Ticket,
    /// See [`Outcome`].
    pub outcome: Outcome,
}

/// Wakes a loop.
pub trait Wake {
    /// Ends the current sleep, or else the next one.
    ///
    /// # Errors
    /// Returns the operating system's error: the loop may go on sleeping.
    fn wake(&self) -> io::Result<()>;
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        Waker::wake(self)
    }
}

/// The list; see the module.
#[derive(Debug)]
pub struct Completions<W = Waker> {
    list: BatchQueue<Completion>,
    waker: W,
    /// True if the loop was woken since it last took the list.
    woken: AtomicBool,
}

/// Attempts for a wake-up that a signal interrupts.
const TRIES: u32 = 3;

impl<W: Wake> Completions<W> {
    /// Creates an empty list whose first entry wakes the loop of `waker`.
    pub fn new(waker: W) -> Completions<W> {
        // The number of jobs is bounded, so this is, too.
        Completions { list: BatchQueue::new(usize::MAX), waker, woken: AtomicBool::new(false) }
    }

    /// Takes the whole list.
    pub fn take(&self, batch: &mut Vec<Completion>) {
        // First the flag: entries added afterwards wake again.
        self.woken.store(false, Ordering::SeqCst);
        self.list.swap(batch);
    }

    /// Adds an outcome, and wakes the loop unless it was woken already.
    pub fn put(&self, completion: Completion) {
        let put = self.list.put(completion);
        debug_assert!(put.is_ok(), "the list has no bound of its own");
        if self.woken.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Err(error) = self.wake() {
            self.woken.store(false, Ordering::SeqCst);
            log::error!("cannot wake the loop, which will look by itself: {error}");
        }
    }

    fn wake(&self) -> io::Result<()> {
        let mut tries = 1;
        loop {
            match self.waker.wake() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted && tries < TRIES => {
                    tries += 1;
                }
                woken => return woken,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use std::sync::Mutex;

    /// Fails as scripted, then works. Counts the wake-ups.
    #[derive(Debug, Default)]
    struct Faulty {
        failures: Mutex<Vec<Errno>>,
        woken: Mutex<u32>,
    }

    impl Wake for Faulty {
        fn wake(&self) -> io::Result<()> {
            match self.failures.lock().unwrap().pop() {
                Some(errno) => Err(errno.into()),
                None => {
                    *self.woken.lock().unwrap() += 1;
                    Ok(())
                }
            }
        }
    }

    fn completions(failures: &[Errno]) -> Completions<Faulty> {
        let failures = Mutex::new(failures.to_vec());
        Completions::new(Faulty { failures, ..Faulty::default() })
    }

    fn done(ticket: Ticket) -> Completion {
        let id = Id { slot: 0, generation: 0 };
        Completion { id, ticket, outcome: Outcome::Panicked }
    }

    fn wakes(completions: &Completions<Faulty>) -> u32 {
        *completions.waker.woken.lock().unwrap()
    }

    #[test]
    fn one_wake_stands_for_all_until_the_list_is_taken() {
        let (completions, mut batch) = (completions(&[]), Vec::new());
        for round in 1..=3 {
            (0..5).for_each(|ticket| completions.put(done(ticket)));
            assert_eq!(wakes(&completions), round);
            completions.take(&mut batch);
            assert_eq!(batch.len(), 5);
        }
    }

    #[test]
    fn a_wake_that_a_signal_interrupts_is_tried_again() {
        let completions = completions(&[Errno::INTR, Errno::INTR]);
        completions.put(done(0));
        assert_eq!(wakes(&completions), 1);
    }

    #[test]
    fn a_wake_that_failed_is_made_by_the_next_outcome() {
        for errno in [Errno::AGAIN, Errno::BADF, Errno::IO, Errno::NOMEM] {
            let (completions, mut batch) = (completions(&[errno]), Vec::new());
            completions.put(done(0));
            assert_eq!(wakes(&completions), 0, "{errno}");
            completions.put(done(1));
            assert_eq!(wakes(&completions), 1, "{errno}");
            completions.take(&mut batch);
            assert_eq!(batch.len(), 2, "{errno}");
        }
    }
}
