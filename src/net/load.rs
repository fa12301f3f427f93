//! The client side of the loop: many outgoing connections at once, for a time or until the caller
//! has seen enough.
//!
//! The reactor is that of a server, without listeners, workers and files. The sessions leave their
//! results in the world, which is returned.

mod lookup;

use super::events::{readiness, wait};
use super::reactor::{Outside, QueueFull, Reactor};
use super::socket::{Stream, dial, watch};
use super::timer_fd::TimerFd;
use super::token::Source;
use super::{Clock, END, EVENTS, LoopContext, cannot};
use crate::app::{App, Endpoint, Id, Target, Ticket};
use crate::limits::Limits;
use crate::work::Job;
use lookup::{Answer, Lookup};
use mio::{Events, Interest, Poll, Registry, Waker};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use signal_hook_mio::v1_0::Signals;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The parameters of a load.
#[derive(Debug)]
pub struct Load<A: App> {
    /// The server.
    pub to: Endpoint,
    /// The kind of the clients.
    pub kind: A::Kind,
    /// The number of clients, which all start at the same time.
    pub connections: usize,
    /// The duration.
    pub time: Duration,
    /// The state that they share, initially.
    pub world: A::World,
    /// The bounds in force.
    pub limits: Limits,
    /// The seed of the generator.
    pub seed: u64,
    /// The message to all clients that are open at the end, if any.
    pub farewell: Option<A::Mail>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Loaded<W> {
    /// The final shared state.
    pub world: W,
    /// The actual duration.
    pub elapsed: Duration,
    /// The time in which the loop itself was busy, without waiting for the kernel.
    pub busy: Duration,
    /// The reason why it stopped.
    pub stop: Stop,
    /// The resources that this machine lacked.
    pub shortage: Shortage,
}

/// Connections that could not be started for local reasons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shortage {
    /// No descriptor was free.
    pub descriptors: u64,
    /// No local port was free.
    pub ports: u64,
}

/// Observes a load while it runs.
pub struct Watch<'a, W> {
    /// The maximum time between two calls.
    pub every: Duration,
    /// Called once a turn with the world and the time. Returns true to continue.
    pub look: &'a mut dyn FnMut(&mut W, Instant) -> bool,
}

/// The reason why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time was up.
    Time,
    /// No connection was left.
    Gone,
    /// The observer had seen enough.
    Enough,
    /// SIGINT came.
    Interrupted,
    /// SIGTERM came.
    Terminated,
}

/// Runs loads one after the other. A signal between two runs ends the second one; another signal,
/// or one after the loader was dropped, ends the process as usual.
pub struct Loader {
    poll: Poll,
    events: Events,
    signals: Signals,
    timer_fd: TimerFd,
    waker: Arc<Waker>,
    /// True if the next signal ends the process.
    last_call: Arc<AtomicBool>,
    /// Time of the turns, without waiting for the kernel.
    busy: Duration,
}

/// Descriptors that a program needs for itself while it loads a server: standard streams, the poll,
/// signals, timers, children, files of results.
const OWN_DESCRIPTORS: u64 = 32;

/// Returns the number of connections, up to `wanted`, for which there are descriptors, after
/// raising the limit as far as the system allows.
pub fn affordable(wanted: usize) -> usize {
    let needed = wanted as u64 + OWN_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(mut limit) = current else { return wanted };
    if limit < needed {
        let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
        let rlimit = Rlimit { current: Some(raised), maximum };
        if raised > limit && setrlimit(Resource::Nofile, rlimit).is_ok() {
            limit = raised;
        }
    }
    let left = limit.saturating_sub(OWN_DESCRIPTORS.min(limit / 2));
    usize::try_from(left).map_or(wanted, |left| left.max(1).min(wanted))
}

#[derive(Debug)]
struct Dialler {
    registry: Registry,
    shortage: Shortage,
}

/// The reason why there is no address.
#[derive(Debug)]
pub enum NoAddress {
    /// The look-up failed, or took too long.
    Unknown(io::Error),
    /// A signal interrupted it.
    Stopped(Stop),
}

impl Loader {
    /// Makes signals end a run instead of the process.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn start() -> io::Result<Loader> {
        let poll = Poll::new().map_err(cannot("open an epoll descriptor"))?;
        let last_call = Arc::new(AtomicBool::new(false));
        let caught = END.map(Signal::as_raw);
        // First, so that the signal that sets the flag does not end the process.
        for signal in caught {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&last_call))
                .map_err(cannot("catch signals"))?;
        }
        for signal in caught {
            signal_hook::flag::register(signal, Arc::clone(&last_call))
                .map_err(cannot("catch signals"))?;
        }
        let mut signals = Signals::new(caught).map_err(cannot("catch signals"))?;
        poll.registry()
            .register(&mut signals, Source::Signals.token(), Interest::READABLE)
            .map_err(cannot("watch for signals"))?;
        let timer_fd = TimerFd::start(poll.registry())?;
        let waker = Waker::new(poll.registry(), Source::Waker.token());
        let waker = Arc::new(waker.map_err(cannot("open an eventfd to wake the loop"))?);
        let (events, busy) = (Events::with_capacity(EVENTS), Duration::ZERO);
        Ok(Loader { poll, events, signals, timer_fd, waker, last_call, busy })
    }

    /// Resolves `HOST:PORT`: of several addresses, returns the first that accepts a connection.
    /// Takes no longer than `patience`.
    ///
    /// # Errors
    /// See [`NoAddress`].
    pub fn look_up(&mut self, address: &str, patience: Duration) -> Result<SocketAddr, NoAddress> {
        let until = Instant::now() + patience;
        let lookup = Lookup::start(address, until, &self.waker).map_err(NoAddress::Unknown)?;
        loop {
            match lookup.answer() {
                Some(Answer::Found(addr)) => return Ok(addr),
                Some(Answer::Failed(error)) => return Err(NoAddress::Unknown(error)),
                None => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let late = format!("no address within {} ms", patience.as_millis());
                return Err(NoAddress::Unknown(io::Error::new(io::ErrorKind::TimedOut, late)));
            }
            wait(&mut self.poll, &mut self.events, Some(left)).map_err(NoAddress::Unknown)?;
            if let Some(stop) = self.signalled() {
                return Err(NoAddress::Stopped(stop));
            }
        }
    }

    /// Returns the reason to stop, if a signal has arrived since the last run.
    pub fn signalled(&mut self) -> Option<Stop> {
        self.signals.pending().next().map(|signal| match signal {
            signal if signal == Signal::TERM.as_raw() => Stop::Terminated,
            _ => Stop::Interrupted,
        })
    }

    /// Opens the connections and runs until they stop.
    ///
    /// # Errors
    /// Returns the operating system's error at the start, or of a failed poll.
    pub fn run<A: App>(&mut self, load: Load<A>) -> io::Result<Loaded<A::World>> {
        let every = load.time;
        self.run_watched(load, Clock::PerTurn, &mut Watch { every, look: &mut |_, _| true })
    }

    /// Does the same with an observer.
    ///
    /// # Errors
    /// See [`Loader::run`].
    pub fn run_watched<A: App>(
        &mut self,
        load: Load<A>,
        clock: Clock,
        watch: &mut Watch<'_, A::World>,
    ) -> io::Result<Loaded<A::World>> {
        let Load { to, kind, connections, time, world, limits, seed, farewell } = load;
        let begun = Instant::now();
        self.busy = Duration::ZERO;
        // Twice as many: abandoned connections that still wait for the peer's end have a place too,
        // as long as no other one needs it.
        let most = affordable(limits.max_connections.max(2 * connections));
        let mut context = LoopContext::new(limits, world, seed, begun, SystemTime::now());
        context.clock = clock;
        let registry = self.poll.registry().try_clone();
        let registry = registry.map_err(cannot("duplicate the epoll descriptor"))?;
        let outside = Dialler { registry, shortage: Shortage::default() };
        let mut reactor = Reactor::<_, A>::new(context, outside, most);
        for _ in 0..connections {
            reactor.dial(Target::Peer(to), kind);
        }
        let stop = loop {
            if let Some(stop) = self.turn(&mut reactor, begun + time, watch)? {
                break stop;
            }
        };
        let elapsed = reactor.context.now - begun;
        // Connections are not closed under their sessions, which would blame the server.
        farewell.iter().for_each(|mail| reactor.notify_all(mail));
        let Reactor { context, outside, .. } = reactor;
        let (world, busy, shortage) = (context.world, self.busy, outside.shortage);
        Ok(Loaded { world, elapsed, busy, stop, shortage })
    }

    fn turn<A: App>(
        &mut self,
        reactor: &mut Reactor<Dialler, A>,
        until: Instant,
        watch: &mut Watch<'_, A::World>,
    ) -> io::Result<Option<Stop>> {
        let asleep = Instant::now();
        self.busy += asleep.saturating_duration_since(reactor.context.now);
        let until_looked_at = until.min(asleep + watch.every);
        let at = reactor.wait_until().map_or(until_looked_at, |at| at.min(until_looked_at));
        let timeout = self.timer_fd.timeout(asleep, at)?;
        wait(&mut self.poll, &mut self.events, Some(timeout))?;
        let awake = Instant::now();
        reactor.context.now = awake;
        reactor.context.wall = SystemTime::now();
        reactor.context.stats.turns += 1;
        let mut signalled = false;
        for event in &self.events {
            match Source::of(event.token()) {
                Source::Conn(id) => reactor.readiness(id, readiness(event), event.is_error()),
                Source::Signals => signalled = true,
                Source::Listener(_) | Source::Waker | Source::TimerFd => {}
            }
        }
        if signalled && let Some(stop) = self.signalled() {
            return Ok(Some(stop));
        }
        reactor.turn();
        reactor.context.log.clear();
        let goes_on = (watch.look)(&mut reactor.context.world, reactor.context.now);
        // Events were reported later than the start of the turn: busy time counts from the last
        // one.
        self.busy += reactor.context.now.saturating_duration_since(awake);
        if !goes_on {
            return Ok(Some(Stop::Enough));
        }
        // The last session may have asked for another connection.
        if reactor.is_empty() && reactor.context.outbox.is_empty() {
            return Ok(Some(Stop::Gone));
        }
        Ok((reactor.context.now >= until).then_some(Stop::Time))
    }
}

impl Drop for Loader {
    /// Makes signals end the process again.
    fn drop(&mut self) {
        self.last_call.store(true, Ordering::Relaxed);
    }
}

impl Outside for Dialler {
    type Socket = Stream;

    /// Dials; child processes are not supported.
    fn dial(&mut self, to: &Target, id: Id) -> io::Result<Stream> {
        let dialled = match to {
            Target::Peer(to) => dial(&self.registry, *to, id),
            Target::Task => Ok(Stream::Null),
            Target::Child(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        match dialled.as_ref().err().and_then(Errno::from_io_error) {
            Some(Errno::MFILE | Errno::NFILE) => self.shortage.descriptors += 1,
            Some(Errno::ADDRNOTAVAIL) => self.shortage.ports += 1,
            Some(_) | None => {}
        }
        dialled
    }

    fn watch(&mut self, socket: &mut Stream, id: Id) -> io::Result<()> {
        watch(&self.registry, socket, id)
    }

    /// Refuses all jobs: there are no workers.
    fn submit(&mut self, _from: Id, _ticket: Ticket, _job: Job) -> Result<(), QueueFull> {
        Err(QueueFull)
    }

    fn cancel(&mut self, _from: Id) {}

    fn clock(&self) -> Instant {
        Instant::now()
    }
}
