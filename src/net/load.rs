//! The loop from the other end: many outgoing connections at once, for as long as somebody wants
//! to watch them.
//!
//! The reactor is that of the server; there are no doors, no workers and no database. What the
//! sessions have seen is in the world that comes back.

use super::alarm::Alarm;
use super::events::{readiness, wait};
use super::reactor::{Outside, QueueFull, Reactor};
use super::socket::{Stream, dial, watch};
use super::system::shares;
use super::token::Source;
use super::{Clock, Desk, EVENTS};
use crate::limits::{DIAL_TIMEOUT, Limits};
use crate::service::{Endpoint, Id, Kind, Ticket, World};
use crate::work::Job;
use mio::{Events, Interest, Poll, Registry};
use rustix::process::Signal;
use signal_hook_mio::v1_0::Signals;
use std::io;
use std::net::{SocketAddr, TcpStream};
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
    /// How much of that the loop was at work itself, and not waiting for the kernel.
    pub busy: Duration,
    /// Why they stopped.
    pub stop: Stop,
}

/// Who looks on while a load runs: given the world and the time, it says whether to go on.
pub struct Watch<'a> {
    /// How often at least.
    pub every: Duration,
    /// Called once a turn.
    pub look: &'a mut dyn FnMut(&mut World, Instant) -> bool,
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time was up.
    Time,
    /// No connection was left.
    Gone,
    /// Who looked on had seen enough.
    Enough,
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
    alarm: Alarm,
    /// Time spent in turns, without the wait for the kernel.
    busy: Duration,
}

/// The first of a server's addresses that takes a connection; of one alone, that. A name may stand
/// for several, such as that of this machine for `::1` too, and few servers listen on all.
pub fn reachable(addrs: &[SocketAddr]) -> Option<SocketAddr> {
    let takes = |addr: &&SocketAddr| TcpStream::connect_timeout(addr, DIAL_TIMEOUT).is_ok();
    let one = addrs.len() == 1;
    addrs.iter().find(|addr| one || takes(addr)).or(addrs.first()).copied()
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
        let alarm = Alarm::start(poll.registry())?;
        let (events, busy) = (Events::with_capacity(EVENTS), Duration::ZERO);
        Ok(Loader { poll, events, signals, alarm, busy })
    }

    /// Opens the connections and watches them.
    ///
    /// # Errors
    /// What the operating system refuses at the start, and a poll that fails.
    pub fn run(&mut self, load: Load) -> io::Result<Loaded> {
        let every = load.time;
        self.run_watched(load, Clock::PerTurn, &mut Watch { every, look: &mut |_, _| true })
    }

    /// The same, with somebody who looks on.
    ///
    /// # Errors
    /// As of [`Loader::run`].
    pub fn run_watched(
        &mut self,
        load: Load,
        clock: Clock,
        watch: &mut Watch<'_>,
    ) -> io::Result<Loaded> {
        let Load { to, kind, connections, time, world, mut limits, seed } = load;
        let begun = Instant::now();
        self.busy = Duration::ZERO;
        // Twice: those that were given up and still wait for the peer's end have a place too.
        limits.max_connections = limits.max_connections.max(2 * connections);
        let most = shares(&limits).connections;
        let mut desk = Desk::new(limits, world, seed, begun, SystemTime::now());
        desk.clock = clock;
        let outside = Dialler(self.poll.registry().try_clone()?);
        let mut reactor = Reactor::new(desk, outside, most);
        for _ in 0..connections {
            reactor.dial(to, kind);
        }
        let stop = loop {
            if let Some(stop) = self.turn(&mut reactor, begun + time, watch)? {
                break stop;
            }
        };
        // The end of the run is no news to the sessions: they would take it for the server's.
        let Reactor { desk, .. } = reactor;
        Ok(Loaded { world: desk.world, elapsed: desk.now - begun, busy: self.busy, stop })
    }

    fn turn(
        &mut self,
        reactor: &mut Reactor<Dialler>,
        until: Instant,
        watch: &mut Watch<'_>,
    ) -> io::Result<Option<Stop>> {
        let asleep = Instant::now();
        self.busy += asleep.saturating_duration_since(reactor.desk.now);
        let until_looked_at = until.min(asleep + watch.every);
        let at = reactor.wait_until().map_or(until_looked_at, |at| at.min(until_looked_at));
        let timeout = self.alarm.timeout(asleep, at)?;
        wait(&mut self.poll, &mut self.events, Some(timeout))?;
        let awake = Instant::now();
        reactor.desk.now = awake;
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
                Source::Door(_) | Source::Waker | Source::Alarm => {}
            }
        }
        reactor.turn();
        reactor.desk.log.clear();
        let goes_on = (watch.look)(&mut reactor.desk.world, reactor.desk.now);
        // What was told last is not when the turn began: the time at work counts from there.
        self.busy += reactor.desk.now.saturating_duration_since(awake);
        if !goes_on {
            return Ok(Some(Stop::Enough));
        }
        // The last one to go may have asked for another.
        if reactor.is_empty() && reactor.desk.outbox.is_empty() {
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

    /// Clients have no children.
    fn spawn(&mut self, _args: &[String], _id: Id) -> io::Result<Stream> {
        Err(io::ErrorKind::Unsupported.into())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn of_several_addresses_one_is_taken_that_takes_connections() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let here = open.local_addr().unwrap();
        assert_eq!(reachable(&[closed, here]), Some(here));
        assert_eq!(
            reachable(&[closed, closed]),
            Some(closed),
            "that it does not, the run will tell"
        );
        open.set_nonblocking(true).unwrap();
        while open.accept().is_ok() {}
        assert_eq!(reachable(&[here]), Some(here));
        assert!(open.accept().is_err(), "one alone is not tried");
        assert_eq!(reachable(&[]), None);
    }
}
