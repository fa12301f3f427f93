//! Threaded: a thread for each connection.
//!
//! ```text
//!   accept ─▶ accept ─▶ accept ─▶ …
//!      └ serve   └ serve   └ serve
//! ```
//! All clients are served at once, and the code of a session stays straight. The price is a stack
//! for each client and a lock around shared state; the kernel's scheduler does what the loop does
//! with its ready queue. There is a bound: beyond it, the next client waits in the backlog, as with
//! the loop.
//!
//! In `strace -f`: `clone3` and `mmap` of a stack per client, `futex` where two of them meet.

use super::Setup;
use super::serve::{accept, complain, serve};
use crate::app::App;
use std::convert::Infallible;
use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// A session needs little stack, as its buffers are on the heap. Untouched pages take no memory;
/// this bounds address space.
const STACK_BYTES: usize = 256 * 1024;

/// Serves until a signal ends the process.
///
/// # Errors
/// None; the type is that of all models.
pub fn run<A: App>(setup: Setup<A>) -> io::Result<Infallible> {
    let Setup { listener, kind, shared, connections_max, .. } = setup;
    let places = Places { taken: Mutex::new(0), left: Condvar::new() };
    let (shared, places) = (&shared, &places);
    thread::scope(|scope| {
        loop {
            places.wait(connections_max);
            let Some(client) = accept(&listener) else { continue };
            let place = places.take();
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            let spawned = thread.spawn_scoped(scope, move || {
                let _place = place;
                serve(client, kind, shared);
            });
            if let Err(error) = spawned {
                // The client and its place were dropped with the closure.
                complain("no thread for a client", &error);
            }
        }
    })
}

/// The number of clients.
struct Places {
    taken: Mutex<usize>,
    left: Condvar,
}

/// A client's place, given back however its thread ends.
struct Place<'a>(&'a Places);

impl Places {
    fn wait(&self, most: usize) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.left.wait_while(taken, |taken| *taken >= most));
    }

    fn take(&self) -> Place<'_> {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.left.notify_one();
    }
}
