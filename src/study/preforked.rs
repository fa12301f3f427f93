//! Preforked: N processes are started first, all of them accepting on one listener.
//!
//! ```text
//!   parent    fork × N ─▶ wait for one that ends ─▶ fork another
//!   child 1   accept ─▶ serve ─▶ accept ─▶ …
//!   child N   accept ─▶ serve ─▶ accept ─▶ …
//! ```
//! No client pays for a process, and a crash costs one session and one fork. All children wait in
//! `accept` at once; the kernel wakes one of them for each client, so no lock is needed between
//! them. The parent serves no client: it ensures that there are always N children.
//!
//! In `strace -f`: N times `clone` at the start, then `accept4` in each child, `wait4` in the
//! parent.

#![allow(unsafe_code)]

use super::Setup;
use super::forked::die_with;
use super::serve::{accept, complain, serve};
use crate::app::App;
use crate::limits;
use rustix::process::{WaitOptions, getpid, wait};
use std::convert::Infallible;
use std::{io, thread};

/// Serves until a signal ends the process.
///
/// # Errors
/// Returns the operating system's error if it has no process at all.
pub fn run<A: App>(setup: Setup<A>) -> io::Result<Infallible> {
    let parent = getpid();
    let (mut living, mut forks) = (0, 0);
    loop {
        while living < setup.workers {
            forks += 1;
            // SAFETY: no model that forks has started a thread, so the child's copy of the
            // process is whole: no lock is held by a thread that it lacks.
            match unsafe { libc::fork() } {
                -1 if living == 0 => return Err(io::Error::last_os_error()),
                -1 => {
                    complain("no process for a worker", &io::Error::last_os_error());
                    break;
                }
                0 => {
                    die_with(parent);
                    setup.shared.moved_to_child(forks);
                    work(setup);
                }
                _ => living += 1,
            }
        }
        if let Ok(Some(_)) = wait(WaitOptions::empty()) {
            living -= 1;
            // The cause of its death may affect the next one, too.
            thread::sleep(limits::ACCEPT_REST);
        }
    }
}

fn work<A: App>(setup: Setup<A>) -> ! {
    let Setup { listener, kind, shared, .. } = setup;
    loop {
        if let Some(client) = accept(&listener) {
            serve(client, kind, &shared);
        }
    }
}
