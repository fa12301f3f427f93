//! Forked: a process for each connection.
//!
//! ```text
//!   parent   accept ─▶ fork ─▶ reap ─▶ accept ─▶ fork ─▶ …
//!                       └ child: serve ─▶ exit
//! ```
//! The oldest way to serve many: no lock, since nothing is shared, and a crash affects one client.
//! A child's counts are lost with it. The parent reaps its dead children before each accept, and
//! several times a second while there are no clients: a wait with a timeout needs no handler for
//! SIGCHLD, and so there is no race with one.
//!
//! In `strace -f`: `clone` per client, `exit_group` at its end, `wait4` in the parent.

#![allow(unsafe_code)]

use super::Setup;
use super::serve::{accept, complain, serve};
use crate::app::App;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid};
use rustix::process::{set_parent_process_death_signal, wait};
use rustix::time::Timespec;
use std::convert::Infallible;
use std::io;

/// Maximum time that an ended child stays a zombie.
const REAP_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// Serves until a signal ends the process.
///
/// # Errors
/// Returns the operating system's error if the listener cannot be waited for.
pub fn run<A: App>(setup: Setup<A>) -> io::Result<Infallible> {
    let Setup { listener, kind, shared, connections_max, .. } = setup;
    let parent = getpid();
    let (mut living, mut forks) = (0, 0);
    loop {
        // Without a free place the parent waits for a child to end, and clients in the backlog.
        while living > 0 {
            let has_room = living < connections_max;
            let patience = if has_room { WaitOptions::NOHANG } else { WaitOptions::empty() };
            let Ok(Some(_)) = wait(patience) else { break };
            living -= 1;
        }
        // A timeout of the listener itself would do, if the kernel applied it to `accept`.
        match poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&REAP_EVERY)) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let Some(client) = accept(&listener) else { continue };
        forks += 1;
        // SAFETY: no model that forks has started a thread, so the child's copy of the process
        // is whole: no lock is held by a thread that it lacks.
        match unsafe { libc::fork() } {
            -1 => complain("no process for a client", &io::Error::last_os_error()),
            0 => {
                die_with(parent);
                drop(listener);
                shared.moved_to_child(forks);
                serve(client, kind, &shared);
                // Not back to `main`: the child must not release the parent's resources.
                std::process::exit(0);
            }
            _ => living += 1,
        }
    }
}

/// Ends this child when its parent ends for any reason.
pub(super) fn die_with(parent: Pid) {
    let asked = set_parent_process_death_signal(Some(Signal::KILL));
    // The parent may have ended before the call.
    if asked.is_err() || getppid() != Some(parent) {
        std::process::exit(1);
    }
}
