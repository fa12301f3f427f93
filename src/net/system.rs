//! The operating system, as the reactor sees it: outgoing connections, threads for jobs, and how
//! many descriptors there are.

use super::child::Child;
use super::pool::{Pool, Scribe};
use super::reactor::{Outside, QueueFull};
use super::socket::{Stream, dial, watch};
use crate::limits::{self, Limits};
use crate::service::{Endpoint, Id, Ticket};
use crate::work::db::{Database, store};
use crate::work::{Compute, Job};
use mio::Registry;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct System {
    /// Where sockets are made known to the kernel.
    pub registry: Registry,
    /// This program, of which children are made.
    pub program: PathBuf,
    /// The workers.
    pub pool: Pool,
    /// Those that read files.
    pub readers: Pool,
    /// The thread that owns the database.
    pub scribe: Scribe<Database>,
    /// Those that own the files of the bookstore.
    pub store: Vec<Scribe<store::File>>,
}

impl System {
    /// Nothing more is begun. The threads end after what they are at, or what waits for the disk.
    pub fn end(&mut self) -> Vec<JoinHandle<()>> {
        let computing = self.pool.end().into_iter().chain(self.readers.end());
        let writing = self.scribe.end().into_iter();
        let writing = writing.chain(self.store.iter_mut().filter_map(Scribe::end));
        computing.chain(writing).collect()
    }
}

impl Outside for System {
    type Socket = Stream;

    fn dial(&mut self, to: Endpoint, id: Id) -> io::Result<Stream> {
        dial(&self.registry, to, id)
    }

    fn watch(&mut self, socket: &mut Stream, id: Id) -> io::Result<()> {
        watch(&self.registry, socket, id)
    }

    fn spawn(&mut self, args: &[String], id: Id) -> io::Result<Stream> {
        let mut child = Stream::Child(Child::start(&self.program, args)?);
        watch(&self.registry, &mut child, id)?;
        Ok(child)
    }

    fn nowhere(&mut self) -> Stream {
        Stream::Nowhere
    }

    fn submit(&mut self, from: Id, ticket: Ticket, job: Job) -> Result<(), QueueFull> {
        match job {
            Job::Compute(job @ (Compute::Files(_) | Compute::Process(_) | Compute::Reports(_))) => {
                self.readers.submit(from, ticket, job).map_err(|_| QueueFull)
            }
            Job::Compute(job) => self.pool.submit(from, ticket, job).map_err(|_| QueueFull),
            Job::Database(request) => {
                self.scribe.submit(from, ticket, request).map_err(|_| QueueFull)
            }
            Job::Store(file, request) => {
                let scribe = self.store.get(file).ok_or(QueueFull)?;
                scribe.submit(from, ticket, request).map_err(|_| QueueFull)
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

/// How many connections the limits and the operating system allow. Raises the latter's limit as
/// far as it lets us.
pub fn connections_max(limits: &Limits) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = match limits.max_connections {
        0 => limits::CONNECTIONS_MAX,
        most => most,
    };
    let needed = (wanted + limits::DESCRIPTORS_RESERVED) as u64;
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let descriptors = match current {
        Some(current) if current < raised => {
            let rlimit = Rlimit { current: Some(raised), maximum };
            if setrlimit(Resource::Nofile, rlimit).is_ok() { raised } else { current }
        }
        Some(_) | None => needed,
    };
    (descriptors as usize).saturating_sub(limits::DESCRIPTORS_RESERVED).clamp(1, wanted)
}
