//! The loop: the only code that knows mio and sockets.
//!
//! One turn, always in this order:
//!
//! 1. **timeout** – until the next deadline; none at all while something is queued
//! 2. **poll** – wait for the kernel
//! 3. **now** – the clock is read once, and for each event only where leases are held against it
//! 4. **events** – readiness is noted, signals and a share of the completions are taken
//! 5. **accept** – at most 64 connections, and as many datagrams, per listener
//! 6. **pump** – each connection with events, and some that have had their share: read, handle,
//!    write
//! 7. **effects** – jobs, mail and dials that sessions requested
//! 8. **timers** – deadlines that have passed, each after a last look at its socket
//! 9. **close** – listeners and idle connections, during the shutdown; log lines go out
//!
//! Everything is registered once, for both directions, edge-triggered; a connection that stops
//! before `WouldBlock` stays queued. An error ends no more than the connection that it belongs to.

#![forbid(unsafe_code)]

mod batch_queue;
mod child;
mod completions;
mod conn;
mod context;
mod ending;
mod events;
mod listen;
mod load;
mod log;
mod pool;
mod reactor;
mod schedule;
mod slots;
mod socket;
mod system;
mod timer_fd;
mod timers;
mod token;
mod udp;

pub use conn::Readiness;
pub use context::{Clock, LoopContext};
pub use listen::{Listener, Plan, bind, meaning, unused_addrs};
pub use load::{Load, Loaded, Loader, NoAddress, Shortage, Stop, Watch, affordable};
pub use log::{Format, Log, append};
pub use reactor::{Outside, QueueFull, Reactor};
pub use socket::{Socket, SplicePipe};

use crate::app::{App, Target};
use crate::limits::{self, Limits, RateLimitedLog};
use crate::stats::Stats;
use crate::work::BatchCommitter;
use completions::{Completion, Completions};
use events::{readiness, slept, wait};
use listen::{Accepted, Acceptor, ListenerSocket};
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
pub use system::{Shares, cannot};
use system::{System, is_out_of_descriptors, shares};
use token::Source;
use udp::Datagrams;

/// The parts of a loop.
#[derive(Debug)]
pub struct Setup<A: App> {
    /// The sockets that peers connect to.
    pub listeners: Vec<Listener<A::Kind>>,
    /// The state that all sessions share.
    pub world: A::World,
    /// The bounds in force.
    pub limits: Limits,
    /// The file of this program, which child processes run, if it is known.
    pub program: Option<PathBuf>,
    /// Threads for jobs that compute.
    pub workers: usize,
    /// The files that a thread each owns, with the names of the threads.
    pub committers: Vec<(String, BatchCommitter)>,
    /// The log, if one is written.
    pub log: Option<Log<A::Record>>,
    /// The seed of the generator.
    pub seed: u64,
    /// The grace period of a shutdown.
    pub grace: Duration,
    /// True if the loop measures itself.
    pub metrics: bool,
    /// The policy of reading the clock. A lease has to be compared with a time that was read after
    /// the bytes: a process may be stopped in the middle of a turn.
    pub clock: Clock,
    /// The initial tasks.
    pub tasks: Vec<A::Kind>,
}

impl<A: App> Setup<A> {
    /// Returns a loop with the default limits, without workers, files and a log.
    pub fn new(listeners: Vec<Listener<A::Kind>>, world: A::World) -> Setup<A> {
        Setup {
            listeners,
            world,
            limits: Limits::default(),
            program: None,
            workers: 0,
            committers: Vec::new(),
            log: None,
            seed: 0,
            grace: limits::LINGER,
            metrics: false,
            clock: Clock::PerTurn,
            tasks: Vec::new(),
        }
    }
}

/// The end of a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All pending exchanges were completed.
    Clean,
    /// The grace period was over, or a second signal came.
    Aborted {
        /// Connections with a pending exchange.
        in_flight: usize,
        /// The names of threads that had not ended.
        threads: Vec<String>,
    },
}

/// Runs until a signal ends it. `ready` is called once everything is in place, with the shares of
/// the descriptors.
///
/// # Errors
/// Returns the operating system's error at the start, or of a failed poll.
pub fn run<A: App>(
    setup: Setup<A>,
    ready: impl FnOnce(&mut A::World, Shares),
) -> io::Result<Ended> {
    let mut looping = Loop::start(setup)?;
    ready(&mut looping.reactor.context.world, looping.shares);
    loop {
        if let Some(in_flight) = looping.turn()? {
            return Ok(looping.wind_up(in_flight));
        }
    }
}

struct Loop<A: App> {
    poll: Poll,
    events: Events,
    reactor: Reactor<System, A>,
    shares: Shares,
    listeners: Vec<OpenListener<A>>,
    signals: Signals,
    completions: Arc<Completions>,
    taken: Vec<Completion>,
    batch: VecDeque<Completion>,
    log: Option<Log<A::Record>>,
    grace: Duration,
    /// Number of signals that requested the shutdown.
    asked_to_end: u32,
    failures: RateLimitedLog,
    /// The end of the last turn.
    rested: Instant,
}

/// A listener in use.
#[derive(Debug)]
enum OpenListener<A: App> {
    Tcp(Acceptor<A::Kind>),
    Udp(Datagrams<A>),
    Closed,
}

/// Events taken from the kernel at a time.
const EVENTS: usize = 1024;

/// Signals that request the shutdown.
const END: [Signal; 2] = [Signal::INT, Signal::TERM];

/// Signals that request reopening the log file. A terminal that is closed sends the first, too.
const REOPEN: [Signal; 2] = [Signal::HUP, Signal::USR1];

impl<A: App> Loop<A> {
    fn start(setup: Setup<A>) -> io::Result<Loop<A>> {
        let Setup { listeners, world, limits, program, workers, committers, .. } = setup;
        let Setup { log, seed, grace, metrics, clock, tasks, .. } = setup;
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
        let listeners = listeners
            .into_iter()
            .enumerate()
            .map(|(index, listener)| open(listener, index, registry))
            .collect::<io::Result<_>>()?;
        let system = System {
            program,
            registry: registry.try_clone().map_err(cannot("duplicate the epoll descriptor"))?,
            pool: Pool::start(workers, &completions)?,
            readers: Pool::readers(&completions)?,
            db_threads: committers
                .into_iter()
                .map(|(name, committer)| DbThread::start(&name, committer, &completions))
                .collect::<io::Result<_>>()?,
        };
        let (now, wall) = (Instant::now(), SystemTime::now());
        let mut context = LoopContext::new(limits, world, seed, now, wall);
        context.stats = Stats::new(now, wall, metrics);
        context.stats.jobs.workers = workers;
        context.clock = clock;
        let shares = shares(&limits);
        let mut reactor = Reactor::new(context, system, shares.connections);
        tasks.into_iter().for_each(|kind| reactor.dial(Target::Task, kind));
        Ok(Loop {
            poll,
            events: Events::with_capacity(EVENTS),
            reactor,
            shares,
            listeners,
            signals,
            completions,
            taken: Vec::new(),
            batch: VecDeque::new(),
            log,
            grace,
            asked_to_end: 0,
            failures: RateLimitedLog::new(module_path!(), ::log::Level::Warn, 1),
            rested: now,
        })
    }

    /// Runs one turn. After the last one: returns the number of pending exchanges.
    fn turn(&mut self) -> io::Result<Option<usize>> {
        let timeout = self.timeout();
        let due = timeout.map(|timeout| self.rested + slept(timeout));
        wait(&mut self.poll, &mut self.events, timeout)?;
        let context = &mut self.reactor.context;
        context.now = Instant::now();
        context.wall = SystemTime::now();
        context.stats.turn_begins(context.now, due, self.events.iter().count());
        context.stats.jobs.queued = self.reactor.outside.pool.queued();
        self.take_events();
        self.accept_all();
        self.reactor.turn();
        let ended = self.close();
        self.rested = Instant::now();
        self.reactor.context.stats.turn_ends(self.rested);
        Ok(ended)
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.batch.is_empty() {
            return Some(Duration::ZERO);
        }
        let now = self.reactor.context.now;
        let listeners = self.listeners.iter().filter_map(|listener| match listener {
            OpenListener::Tcp(acceptor) => acceptor.wait_until(now),
            OpenListener::Udp(datagrams) => datagrams.wait_until(now),
            OpenListener::Closed => None,
        });
        let grace = self.reactor.context.draining.map(|since| since + self.grace);
        let check = self.reactor.has_jobs().then(|| now + limits::WAKE_CHECK);
        let at = listeners.chain(self.reactor.wait_until()).chain(grace).chain(check).min()?;
        Some(at.saturating_duration_since(self.rested))
    }

    fn take_events(&mut self) {
        for event in &self.events {
            match Source::of(event.token()) {
                Source::Conn(id) => {
                    self.reactor.readiness(id, readiness(event), event.is_error());
                }
                Source::Listener(index) => match &mut self.listeners[index] {
                    OpenListener::Tcp(acceptor) => acceptor.ready = true,
                    OpenListener::Udp(socket) => {
                        socket.note(event.is_readable(), event.is_writable());
                    }
                    OpenListener::Closed => {}
                },
                // The list is checked in any case: a wake-up may have been lost.
                Source::Waker => {}
                // Only loads have one: the deadlines of a server are coarse.
                Source::TimerFd => {}
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

    fn accept_all(&mut self) {
        let now = self.reactor.context.now;
        for listener in &mut self.listeners {
            match listener {
                OpenListener::Tcp(acceptor) if acceptor.is_open(now) => {
                    accept(acceptor, &mut self.reactor, &mut self.failures);
                }
                OpenListener::Udp(datagrams) => {
                    datagrams.turn(&mut self.reactor.context);
                    self.reactor.step();
                }
                OpenListener::Tcp(_) | OpenListener::Closed => {}
            }
        }
    }
}

fn open<A: App>(
    listener: Listener<A::Kind>,
    index: usize,
    registry: &Registry,
) -> io::Result<OpenListener<A>> {
    let token = Source::Listener(index).token();
    let what = format!("watch {} on {}", listener.service, listener.addr);
    match listener.socket {
        ListenerSocket::Tcp(mut socket) => {
            registry.register(&mut socket, token, Interest::READABLE).map_err(cannot(what))?;
            Ok(OpenListener::Tcp(Acceptor::new(socket, listener.kind, listener.class)))
        }
        ListenerSocket::Udp(mut socket) => {
            registry.register(&mut socket, token, BOTH).map_err(cannot(what))?;
            Ok(OpenListener::Udp(Datagrams::new(socket, listener.kind)))
        }
    }
}

/// Accepts a share of the backlog. Without room for a connection the rest stays there.
fn accept<A: App>(
    acceptor: &mut Acceptor<A::Kind>,
    reactor: &mut Reactor<System, A>,
    failures: &mut RateLimitedLog,
) {
    let now = reactor.context.now;
    for _ in 0..limits::ACCEPTS_PER_TURN {
        let failure = match acceptor.accept(now) {
            // Not earlier: making room closes an idle connection.
            Accepted::One(stream, peer) if !reactor.has_room() => {
                return acceptor.put_back(stream, peer, now);
            }
            Accepted::One(stream, peer) => {
                reactor.accept(acceptor.kind, acceptor.class, peer, stream).err()
            }
            Accepted::None => return,
            // Files or children took the reserved descriptors.
            Accepted::Failed(error)
                if is_out_of_descriptors(&error) && reactor.free_descriptors() =>
            {
                acceptor.go_on();
                continue;
            }
            Accepted::Failed(error) => Some(error),
        };
        if let Some(error) = failure {
            reactor.context.stats.accept_failures += 1;
            failures.note(&format_args!("cannot accept a connection: {error}"), now);
            if !acceptor.is_open(now) {
                return;
            }
        }
    }
}
