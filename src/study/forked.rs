//! Forked: a process for each connection.
//!
//! ```text
//!   parent   accept ─▶ fork ─▶ reap ─▶ accept ─▶ fork ─▶ …
//!                       └ child: serve ─▶ exit
//! ```
//! The oldest way to serve many: no lock, since nothing is shared, and a crash is one client's
//! affair. What a child counts is lost with it. The parent takes its dead children's places back
//! before each accept, and several times a second while nobody comes: a listener with a timeout
//! needs no handler for SIGCHLD, and so there is no race with one.
//!
//! In `strace -f`: `clone` per client, `exit_group` at its end, `wait4` in the parent.

#![allow(unsafe_code)]

use super::Setup;
use super::serve::{accept, complain, serve};
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid};
use rustix::process::{set_parent_process_death_signal, wait};
use socket2::SockRef;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

/// How long a child that has ended stays a zombie, at most.
const REAP_EVERY: Duration = Duration::from_millis(200);

/// Serves until a signal ends the process.
///
/// # Errors
/// The operating system's, when the listener cannot be given a timeout.
pub fn run(setup: Setup) -> io::Result<Infallible> {
    let Setup { listener, kind, desk, connections_max, .. } = setup;
    SockRef::from(&listener).set_read_timeout(Some(REAP_EVERY))?;
    let parent = getpid();
    let (mut living, mut forks) = (0, 0);
    loop {
        // With room for nobody the parent waits for a child to end, and clients in the backlog.
        while living > 0 {
            let has_room = living < connections_max;
            let patience = if has_room { WaitOptions::NOHANG } else { WaitOptions::empty() };
            let Ok(Some(_)) = wait(patience) else { break };
            living -= 1;
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
                desk.moved_to_child(forks);
                serve(client, kind, &desk);
                // Not back to `main`: what the parent holds is not the child's to give back.
                std::process::exit(0);
            }
            _ => living += 1,
        }
    }
}

/// Ends this child when its parent ends, however that happens.
pub(super) fn die_with(parent: Pid) {
    let asked = set_parent_process_death_signal(Some(Signal::KILL));
    // It may have ended before anybody could ask.
    if asked.is_err() || getppid() != Some(parent) {
        std::process::exit(1);
    }
}
