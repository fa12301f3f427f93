//! The loop: the only code that knows mio and sockets.
//!
//! One turn, always in this order:
//!
//! 1. **timeout** – until the next deadline; none at all while something is queued
//! 2. **poll** – wait for the kernel
//! 3. **now** – the clock is read once, and for each event only where leases are held against it
//! 4. **events** – readiness is noted, signals and a share of the completions are taken
//! 5. **accept** – at most 64 connections, and as many datagrams, per door
//! 6. **pump** – each that has news, and some that have had their share: read, handle, write
//! 7. **effects** – jobs, mail and dials that sessions asked for
//! 8. **timers** – deadlines that have passed, each after a last look at its socket
//! 9. **close** – doors and idle connections, when the server is ending; log lines go out
//!
//! Everything is registered once, for both directions, edge-triggered; who stops before
//! `WouldBlock` stays queued. No error here ends more than the connection it belongs to.

#![forbid(unsafe_code)]

mod alarm;
mod child;
mod complaints;
mod completions;
mod conn;
mod desk;
mod ending;
mod events;
mod listen;
mod load;
mod log;
mod mailbox;
mod pool;
mod reactor;
mod schedule;
mod slots;
mod socket;
mod system;
mod timers;
mod token;
mod udp;

pub use conn::Readiness;
pub use desk::{Clock, Desk};
pub use listen::{Door, Doors, Plan, bind, meaning, unused_addrs};
pub use load::{Load, Loaded, Loader, NoAddress, Shortage, Stop, Watch, affordable};
pub use log::{Log, Target, append};
pub use reactor::{Outside, QueueFull, Reactor};
pub use socket::{Duct, Socket};

use crate::limits::{self, Limits};
use crate::service::{Kind, World};
use crate::stats::Stats;
use crate::work::db::{Database, store};
use complaints::Complaints;
use completions::{Completion, Completions};
use events::{readiness, slept, wait};
use listen::{Accepted, DoorSocket, Listener};
use mio::{Events, Interest, Poll, Registry, Waker};
use pool::{DbThread, Pool};
use rustix::process::Signal;
use signal_hook_mio::v1_0::Signals;
use socket::BOTH;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
pub use system::cannot;
use system::{System, is_out_of_descriptors, shares};
use token::Source;
use udp::Datagrams;

/// What a loop is made of.
#[derive(Debug)]
pub struct Setup {
    /// Where peers come in.
    pub doors: Vec<Door>,
    /// The state of the services.
    pub world: World,
    /// The bounds in force.
    pub limits: Limits,
    /// This program, of which children are made, if its file is known.
    pub program: Option<PathBuf>,
    /// Threads for jobs.
    pub workers: usize,
    /// The database.
    pub database: Database,
    /// The files of the bookstore, each with the name of its thread.
    pub store: Vec<(String, store::File)>,
    /// The access log, if one is written.
    pub log: Option<Log>,
    /// Where randomness begins.
    pub seed: u64,
    /// How long an end may take.
    pub grace: Duration,
    /// Whether the loop measures itself.
    pub metrics: bool,
    /// How time passes for sessions. What a lease is held against has to be read after the bytes
    /// were: a process may stand still in the middle of a turn.
    pub clock: Clock,
    /// Sessions that nobody else asks for.
    pub begin: Vec<Kind>,
}

/// How a loop ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Everything in flight was finished.
    Clean,
    /// The grace ran out, or a second signal came.
    Aborted {
        /// Connections that were owed something, or owed it.
        in_flight: usize,
        /// Threads that had not ended, by their names.
        threads: Vec<String>,
    },
}

/// Runs until a signal ends it. `ready` is called once everything is in place.
///
/// # Errors
/// What the operating system refuses at the start, and a poll that fails.
pub fn run(setup: Setup, ready: impl FnOnce()) -> io::Result<Ended> {
    let mut looping = Loop::start(setup)?;
    ready();
    loop {
        if let Some(in_flight) = looping.turn()? {
            return Ok(looping.wind_up(in_flight));
        }
    }
}

struct Loop {
    poll: Poll,
    events: Events,
    reactor: Reactor<System>,
    gates: Vec<Gate>,
    signals: Signals,
    completions: Arc<Completions>,
    taken: Vec<Completion>,
    batch: VecDeque<Completion>,
    log: Option<Log>,
    grace: Duration,
    /// Signals that asked for the end.
    asked_to_end: u32,
    complaints: Complaints,
    /// When the last turn ended.
    rested: Instant,
}

/// A door at work.
#[derive(Debug)]
enum Gate {
    Listener(Listener),
    Datagrams(Datagrams),
    Shut,
}

/// Events taken from the kernel at a time.
const EVENTS: usize = 1024;

/// Ask for the end.
const END: [Signal; 2] = [Signal::INT, Signal::TERM];

/// Ask for the log file to be opened anew. A terminal that is gone sends the first, too.
const REOPEN: [Signal; 2] = [Signal::HUP, Signal::USR1];

impl Loop {
    fn start(setup: Setup) -> io::Result<Loop> {
        let Setup { doors, world, limits, program, workers, database, store, .. } = setup;
        let Setup { log, seed, grace, metrics, clock, begin, .. } = setup;
        let poll = Poll::new().map_err(cannot("open an epoll descriptor"))?;
        let registry = poll.registry();
        let waker = Waker::new(registry, Source::Waker.token());
        let waker = waker.map_err(cannot("open an eventfd to wake the loop"))?;
        let completions = Arc::new(Completions::new(waker));
        let signals = Signals::new(END.into_iter().chain(REOPEN).map(Signal::as_raw));
        let mut signals = signals.map_err(cannot("catch signals"))?;
        registry
            .register(&mut signals, Source::Signals.token(), Interest::READABLE)
            .map_err(cannot("watch for signals"))?;
        let gates = doors
            .into_iter()
            .enumerate()
            .map(|(index, door)| open(door, index, registry))
            .collect::<io::Result<_>>()?;
        let system = System {
            program,
            registry: registry.try_clone().map_err(cannot("duplicate the epoll descriptor"))?,
            pool: Pool::start(workers, &completions)?,
            readers: Pool::readers(&completions)?,
            database: DbThread::start("database", database, &completions)?,
            store: store
                .into_iter()
                .map(|(name, file)| DbThread::start(&name, file, &completions))
                .collect::<io::Result<_>>()?,
        };
        let (now, wall) = (Instant::now(), SystemTime::now());
        let mut desk = Desk::new(limits, world, seed, now, wall);
        desk.stats = Stats::new(now, wall, metrics);
        desk.stats.jobs.workers = workers;
        desk.clock = clock;
        let shares = shares(&limits);
        desk.world.web.site.seal_at_most(shares.sealed);
        let mut reactor = Reactor::new(desk, system, shares.connections);
        begin.into_iter().for_each(|kind| reactor.begin(kind));
        Ok(Loop {
            poll,
            events: Events::with_capacity(EVENTS),
            reactor,
            gates,
            signals,
            completions,
            taken: Vec::new(),
            batch: VecDeque::new(),
            log,
            grace,
            asked_to_end: 0,
            complaints: Complaints::default(),
            rested: now,
        })
    }

    /// One turn. After the last: how many connections were in flight.
    fn turn(&mut self) -> io::Result<Option<usize>> {
        let timeout = self.timeout();
        let due = timeout.map(|timeout| self.rested + slept(timeout));
        wait(&mut self.poll, &mut self.events, timeout)?;
        let desk = &mut self.reactor.desk;
        desk.now = Instant::now();
        desk.wall = SystemTime::now();
        desk.stats.turn_begins(desk.now, due, self.events.iter().count());
        desk.stats.jobs.queued = self.reactor.outside.pool.queued();
        self.take_events();
        self.open_doors();
        self.reactor.turn();
        let ended = self.close();
        self.rested = Instant::now();
        self.reactor.desk.stats.turn_ends(self.rested);
        Ok(ended)
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.batch.is_empty() {
            return Some(Duration::ZERO);
        }
        let now = self.reactor.desk.now;
        let gates = self.gates.iter().filter_map(|gate| match gate {
            Gate::Listener(listener) => listener.wait_until(now),
            Gate::Datagrams(datagrams) => datagrams.wait_until(now),
            Gate::Shut => None,
        });
        let grace = self.reactor.desk.draining.map(|since| since + self.grace);
        let check = self.reactor.has_jobs().then(|| now + limits::WAKE_CHECK);
        let at = gates.chain(self.reactor.wait_until()).chain(grace).chain(check).min()?;
        Some(at.saturating_duration_since(self.rested))
    }

    fn take_events(&mut self) {
        for event in &self.events {
            match Source::of(event.token()) {
                Source::Conn(id) => {
                    self.reactor.readiness(id, readiness(event), event.is_error());
                }
                Source::Door(index) => match &mut self.gates[index] {
                    Gate::Listener(listener) => listener.ready = true,
                    Gate::Datagrams(socket) => {
                        socket.note(event.is_readable(), event.is_writable());
                    }
                    Gate::Shut => {}
                },
                // The list is looked at in any case: a wake-up may have been lost.
                Source::Waker => {}
                // For loads: the deadlines of a server are coarse.
                Source::Alarm => {}
                Source::Signals => {
                    for signal in self.signals.pending() {
                        if END.iter().any(|end| end.as_raw() == signal) {
                            self.asked_to_end += 1;
                        } else if let Some(log) = &self.log {
                            log.reopen();
                        }
                    }
                }
            }
        }
        self.completions.take(&mut self.taken);
        self.batch.extend(self.taken.drain(..));
        for _ in 0..limits::COMPLETIONS_PER_TURN {
            let Some(Completion { id, ticket, outcome }) = self.batch.pop_front() else { break };
            self.reactor.done(id, ticket, outcome);
        }
    }

    fn open_doors(&mut self) {
        let now = self.reactor.desk.now;
        for gate in &mut self.gates {
            match gate {
                Gate::Listener(listener) if listener.is_open(now) => {
                    accept(listener, &mut self.reactor, &mut self.complaints);
                }
                Gate::Datagrams(datagrams) => {
                    datagrams.turn(&mut self.reactor.desk);
                    self.reactor.step();
                }
                Gate::Listener(_) | Gate::Shut => {}
            }
        }
    }
}

fn open(door: Door, index: usize, registry: &Registry) -> io::Result<Gate> {
    let token = Source::Door(index).token();
    let what = format!("watch {} on {}", door.service, door.addr);
    match door.socket {
        DoorSocket::Tcp(mut socket) => {
            registry.register(&mut socket, token, Interest::READABLE).map_err(cannot(what))?;
            Ok(Gate::Listener(Listener::new(socket, door.kind)))
        }
        DoorSocket::Udp(mut socket) => {
            registry.register(&mut socket, token, BOTH).map_err(cannot(what))?;
            Ok(Gate::Datagrams(Datagrams::new(socket, door.kind)))
        }
    }
}

/// Takes a share of the backlog. Without room for a connection the rest stays where it is.
fn accept(listener: &mut Listener, reactor: &mut Reactor<System>, complaints: &mut Complaints) {
    let now = reactor.desk.now;
    for _ in 0..limits::ACCEPTS_PER_TURN {
        let failure = match listener.accept(now) {
            // Asked only now: room is made at somebody's cost.
            Accepted::One(stream, peer) if !reactor.has_room() => {
                return listener.put_back(stream, peer, now);
            }
            Accepted::One(stream, peer) => reactor.accept(listener.kind, peer, stream).err(),
            Accepted::None => return,
            // Files or children took what was counted with.
            Accepted::Failed(error)
                if is_out_of_descriptors(&error) && reactor.free_descriptors() =>
            {
                listener.go_on();
                continue;
            }
            Accepted::Failed(error) => Some(error),
        };
        if let Some(error) = failure {
            reactor.desk.stats.accept_failures += 1;
            complaints.note("cannot accept a connection", &error, now);
            if !listener.is_open(now) {
                return;
            }
        }
    }
}
