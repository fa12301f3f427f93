//! The operating system, as the reactor sees it: outgoing connections, threads for jobs, and the
//! number of descriptors.

use super::child::Child;
use super::pool::{DbThread, Pool};
use super::reactor::{Outside, QueueFull};
use super::socket::{Stream, dial, watch};
use crate::app::{Id, Target, Ticket};
use crate::limits::{self, Limits};
use crate::work::{Job, Place, process};
use mio::Registry;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// The operating system; see the module.
#[derive(Debug)]
pub struct System {
    /// The registry of sockets.
    pub registry: Registry,
    /// The file of this program, which child processes run, if it is known.
    pub program: Option<PathBuf>,
    /// The workers.
    pub pool: Pool,
    /// The threads that read files.
    pub readers: Pool,
    /// The threads that own a file each.
    pub db_threads: Vec<DbThread>,
}

impl System {
    /// Stops starting work. The threads end after their present work, or after pending disk
    /// operations.
    pub fn end(&mut self) -> Vec<JoinHandle<()>> {
        let computing = self.pool.end().into_iter().chain(self.readers.end());
        computing.chain(self.db_threads.iter_mut().filter_map(DbThread::end)).collect()
    }
}

impl Outside for System {
    type Socket = Stream;

    fn dial(&mut self, to: &Target, id: Id) -> io::Result<Stream> {
        match to {
            Target::Peer(to) => dial(&self.registry, *to, id),
            Target::Task => Ok(Stream::Null),
            Target::Child(args) => {
                let unknown = || io::Error::other("the file of this program is not known");
                let program = self.program.as_deref().ok_or_else(unknown)?;
                let mut child = Stream::Child(Child::start(program, args)?);
                watch(&self.registry, &mut child, id)?;
                Ok(child)
            }
        }
    }

    fn watch(&mut self, socket: &mut Stream, id: Id) -> io::Result<()> {
        watch(&self.registry, socket, id)
    }

    fn submit(&mut self, from: Id, ticket: Ticket, job: Job) -> Result<(), QueueFull> {
        match job.place() {
            Place::Reader(job) => self.readers.submit(from, ticket, job),
            Place::Worker(job) => self.pool.submit(from, ticket, job),
            Place::Committer(number, request) => {
                let thread = self.db_threads.get(number).ok_or(QueueFull)?;
                thread.submit(from, ticket, request)
            }
        }
    }

    fn cancel(&mut self, from: Id) {
        self.pool.cancel(from);
        self.readers.cancel(from);
    }

    fn clock(&self) -> Instant {
        Instant::now()
    }
}

/// Adds the attempted action to an error of the operating system: `cannot WHAT: ERROR`.
pub fn cannot(what: impl Display) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}

/// Starts a thread of that name.
///
/// # Errors
/// Returns the operating system's error if it has no thread.
pub fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(body).map_err(cannot(format_args!("start the thread {name}")))
}

/// The distribution of this process's descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Maximum number of open connections.
    pub connections: usize,
    /// Maximum number of sealed copies.
    pub sealed: usize,
}

/// Computes the shares that the limits and the operating system allow, with the descriptors that
/// are open now. Raises the limit on descriptors as far as needed and possible.
pub fn shares(limits: &Limits) -> Shares {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = match limits.max_connections {
        0 => limits::CONNECTIONS_MAX,
        most => most,
    };
    let needed = (wanted + limits::DESCRIPTORS_RESERVED + 2 * limits::SEALED) as u64;
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let granted = match current {
        Some(current) if current < raised => {
            let rlimit = Rlimit { current: Some(raised), maximum };
            if setrlimit(Resource::Nofile, rlimit).is_ok() { raised } else { current }
        }
        Some(current) => current.min(needed),
        None => needed,
    };
    let taken = match process::descriptors() {
        0 => limits::DESCRIPTORS_TAKEN,
        taken => taken as usize,
    };
    divide(granted as usize, taken, wanted)
}

/// Divides the descriptors: if there are few, connections come before sealed copies, and files in
/// flight before both.
fn divide(granted: usize, taken: usize, wanted: usize) -> Shares {
    let free = granted.saturating_sub(taken + limits::DESCRIPTORS_IN_FLIGHT);
    let few = free.min(limits::CONNECTIONS_FEW);
    let connections = granted.saturating_sub(limits::DESCRIPTORS_RESERVED).max(few);
    let connections = connections.clamp(1, wanted);
    let sealed = limits::SEALED.min(free.saturating_sub(connections) / 2);
    Shares { connections, sealed }
}

/// Returns true if this process has no descriptor left.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::MFILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_suffice_for_what_they_are_divided_into() {
        let taken = limits::DESCRIPTORS_TAKEN;
        for granted in (64..2000).chain([65_535, 65_536, 65_600, 1 << 20]) {
            for wanted in [1, 10, 1000, limits::CONNECTIONS_MAX] {
                let Shares { connections, sealed } = divide(granted, taken, wanted);
                let used = taken + limits::DESCRIPTORS_IN_FLIGHT + connections + 2 * sealed;
                assert!(used <= granted, "{granted} for {wanted}: {connections}, {sealed}");
                assert!(connections >= wanted.min(8), "{granted}: {connections}");
                assert!(connections >= wanted.min(granted.saturating_sub(64)), "{granted}");
            }
        }
        assert_eq!(divide(512, taken, 65_536).connections, 448);
        let all = divide(1 << 20, taken, 65_536);
        assert_eq!(all, Shares { connections: 65_536, sealed: limits::SEALED });
    }
}
