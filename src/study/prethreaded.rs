//! Prethreaded: N threads are started first, and take turns at accepting.
//!
//! ```text
//!   thread 1   lock ─▶ accept ─▶ unlock ─▶ serve ─▶ lock …
//!   thread 2           lock ────────────▶ accept ─▶ unlock ─▶ serve …
//! ```
//! No client pays for a thread, and there are never more than N. The lock around `accept` makes one
//! of them wait in the kernel and the others for the lock, so that a new client wakes one thread
//! and not all. When all N are busy, clients wait in the backlog: elapsed time is lower by a factor
//! of N than with the iterative server, and no more.
//!
//! In `strace -f`: N threads at the start and none later; `accept4` in one of them at a time.

use super::Setup;
use super::serve::{accept, complain, serve};
use crate::app::App;
use std::convert::Infallible;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Serves until a signal ends the process.
///
/// # Errors
/// None: if the operating system has too few threads, there are fewer workers.
pub fn run<A: App>(setup: Setup<A>) -> io::Result<Infallible> {
    let Setup { listener, kind, shared, workers, .. } = setup;
    let (listener, shared) = (&Mutex::new(listener), &shared);
    let work = move || -> ! {
        loop {
            // The guard is a temporary of this statement: it is released before the client is
            // served.
            let client = accept(&listener.lock().unwrap_or_else(PoisonError::into_inner));
            if let Some(client) = client {
                serve(client, kind, shared);
            }
        }
    };
    thread::scope(|scope| {
        for number in 1..workers {
            let thread = thread::Builder::new().name(format!("serve-{number}"));
            if let Err(error) = thread.spawn_scoped(scope, work) {
                // The scope would wait for running workers, which never end.
                complain("no thread for a worker", &error);
                break;
            }
        }
        // This thread is the last worker.
        work()
    })
}
