//! The loop from the other end: many outgoing connections at once, for as long as somebody wants
//! to watch them.
//!
//! The reactor is that of the server; there are no doors, no workers and no database. What the
//! sessions have seen is in the world that comes back.

use super::reactor::{Outside, QueueFull, Reactor};
use super::socket::{Stream, dial, watch};
use super::token::Source;
use super::{Desk, EVENTS, readiness};
use crate::limits::Limits;
use crate::service::{Endpoint, Id, Kind, Ticket, World};
use crate::work::Job;
use mio::{Events, Interest, Poll, Registry};
use rustix::process::Signal;
use signal_hook_mio::v1_0::Signals;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// What to open, and for how long.
#[derive(Debug)]
pub struct Load {
    /// Where to.
    pub to: Endpoint,
    /// What talks there.
    pub kind: Kind,
    /// How many of them, all at once.
    pub connections: usize,
    /// How long they talk.
    pub time: Duration,
    /// What they share, at the beginning.
    pub world: World,
    /// The bounds in force.
    pub limits: Limits,
    /// Where randomness begins.
    pub seed: u64,
}

/// How a run went.
#[derive(Debug)]
pub struct Loaded {
    /// What the sessions shared, at the end.
    pub world: World,
    /// How long they talked.
    pub elapsed: Duration,
    /// Why they stopped.
    pub stop: Stop,
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time was up.
    Time,
    /// No connection was left.
    Gone,
    /// SIGINT came.
    Interrupted,
    /// SIGTERM came.
    Terminated,
}

/// Runs loads, one after the other. A signal that comes between two runs ends the second.
pub struct Loader {
    poll: Poll,
    events: Events,
    signals: Signals,
}

#[derive(Debug)]
struct Dialler(Registry);

impl Loader {
    /// From now on, signals end a run instead of the process.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn start() -> io::Result<Loader> {
        let poll = Poll::new()?;
        let mut signals = Signals::new([Signal::INT, Signal::TERM].map(Signal::as_raw))?;
        poll.registry().register(&mut signals, Source::Signals.token(), Interest::READABLE)?;
        Ok(Loader { poll, events: Events::with_capacity(EVENTS), signals })
    }

    /// Opens the connections and watches them.
    ///
    /// # Errors
    /// What the operating system refuses at the start, and a poll that fails.
    pub fn run(&mut self, load: Load) -> io::Result<Loaded> {
        let Load { to, kind, connections, time, world, limits, seed } = load;
        let begun = Instant::now();
        let desk = Desk::new(limits, world, seed, begun, SystemTime::now());
        let outside = Dialler(self.poll.registry().try_clone()?);
        let mut reactor = Reactor::new(desk, outside, connections);
        for _ in 0..connections {
            reactor.dial(to, kind);
        }
        let stop = loop {
            if let Some(stop) = self.turn(&mut reactor, begun + time)? {
                break stop;
            }
        };
        // The end of the run is no news to the sessions: they would take it for the server's.
        let Reactor { desk, .. } = reactor;
        Ok(Loaded { world: desk.world, elapsed: desk.now - begun, stop })
    }

    fn turn(&mut self, reactor: &mut Reactor<Dialler>, until: Instant) -> io::Result<Option<Stop>> {
        let at = reactor.wait_until().map_or(until, |at| at.min(until));
        let timeout = at.saturating_duration_since(Instant::now());
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Ok(()) | Err(_) => {}
        }
        reactor.desk.now = Instant::now();
        reactor.desk.wall = SystemTime::now();
        reactor.desk.stats.turns += 1;
        for event in &self.events {
            match Source::of(event.token()) {
                Source::Conn(id) => reactor.readiness(id, readiness(event), event.is_error()),
                Source::Signals => {
                    let first = self.signals.pending().next();
                    let stop = |signal| match signal {
                        signal if signal == Signal::TERM.as_raw() => Stop::Terminated,
                        _ => Stop::Interrupted,
                    };
                    if let Some(signal) = first {
                        return Ok(Some(stop(signal)));
                    }
                }
                Source::Door(_) | Source::Waker => {}
            }
        }
        reactor.turn();
        reactor.desk.log.clear();
        if reactor.is_empty() {
            return Ok(Some(Stop::Gone));
        }
        Ok((reactor.desk.now >= until).then_some(Stop::Time))
    }
}

impl Outside for Dialler {
    type Socket = Stream;

    fn dial(&mut self, to: Endpoint, id: Id) -> io::Result<Stream> {
        dial(&self.0, to, id)
    }

    fn watch(&mut self, socket: &mut Stream, id: Id) -> io::Result<()> {
        watch(&self.0, socket, id)
    }

    fn nowhere(&mut self) -> Stream {
        Stream::Nowhere
    }

    /// Clients have nobody to work for them.
    fn submit(&mut self, _from: Id, _ticket: Ticket, _job: Job) -> Result<(), QueueFull> {
        Err(QueueFull)
    }

    fn cancel(&mut self, _from: Id) {}

    fn clock(&self) -> Instant {
        Instant::now()
    }
}
