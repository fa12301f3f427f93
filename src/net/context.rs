//! The state that all connections of a loop use one after the other: the time, the world, the
//! counters, and the scratch buffers.

use super::socket::SplicePipe;
use crate::app::{App, Cx, Effect, Event, Id, InPlace, Progress, Refusal, Session};
use crate::buf::{RecvBuf, SendBuf};
use crate::limits::Limits;
use crate::stats::{Close, Stats};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Instant, SystemTime};

/// The context; see the module.
#[derive(Debug)]
pub struct LoopContext<A: App> {
    /// The turn's time.
    pub now: Instant,
    /// The policy of reading the clock.
    pub clock: Clock,
    /// The same moment by the calendar.
    pub wall: SystemTime,
    /// Start of the shutdown, if it has begun.
    pub draining: Option<Instant>,
    /// The bounds in force.
    pub limits: Limits,
    /// The state that all sessions share.
    pub world: A::World,
    /// The counters.
    pub stats: Stats,
    /// Seeded randomness.
    pub rng: fastrand::Rng,
    /// The remaining budget of this turn for jobs on the loop.
    pub in_place: InPlace,
    /// Log records of this turn.
    pub log: Vec<A::Record>,
    effects: Vec<Effect<A>>,
    /// Effects to be applied, and the session of each.
    pub outbox: VecDeque<(Id, Effect<A>)>,
    scratch: Scratch,
}

/// The scratch buffers, while a connection uses them.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The buffer for received bytes.
    pub recv: RecvBuf,
    /// The buffer for answers.
    pub send: SendBuf,
    /// The pipe for pages of files.
    pub splice_pipe: SplicePipe,
}

/// The policy of reading the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Once a turn: enough for a server, whose deadlines are coarse.
    PerTurn,
    /// Before each event for a session: needed to measure latencies. With the turn's time a request
    /// would seem to be sent, and its answer to arrive, before the others of the turn were served;
    /// with a hundred connections that is as long as the answer itself took.
    PerEvent,
}

impl<A: App> LoopContext<A> {
    /// Returns a new context.
    pub fn new(limits: Limits, world: A::World, seed: u64, now: Instant, wall: SystemTime) -> Self {
        LoopContext {
            now,
            clock: Clock::PerTurn,
            wall,
            draining: None,
            limits,
            world,
            stats: Stats::default(),
            rng: fastrand::Rng::with_seed(seed),
            in_place: InPlace::fresh(),
            log: Vec::new(),
            effects: Vec::new(),
            outbox: VecDeque::new(),
            scratch: Scratch::default(),
        }
    }

    /// Lends the scratch buffers, empty.
    pub fn lend(&mut self) -> Scratch {
        std::mem::take(&mut self.scratch)
    }

    /// Takes the scratch buffers back.
    ///
    /// # Panics
    /// In debug builds, if they are not empty: the rest would reach the next connection.
    pub fn take_back(&mut self, scratch: Scratch) {
        debug_assert!(
            scratch.recv.is_empty() && scratch.send.is_empty(),
            "bytes left in the scratch buffers"
        );
        self.scratch = scratch;
    }

    /// Reports an event to `session`. Its effects are in the outbox afterwards.
    ///
    /// # Errors
    /// Fails if the session panicked: it must not be used any more.
    pub fn tell(
        &mut self,
        session: &mut A::Session,
        event: Event<A::Mail>,
        (id, peer): (Id, SocketAddr),
        recv: &mut RecvBuf,
        send: &mut SendBuf,
    ) -> Result<Progress, Close> {
        match self.clock {
            Clock::PerTurn => {}
            Clock::PerEvent => self.now = Instant::now(),
        }
        let mut cx = Cx {
            id,
            peer,
            now: self.now,
            wall: self.wall,
            draining: self.draining.is_some(),
            send,
            world: &mut self.world,
            stats: &mut self.stats,
            rng: &mut self.rng,
            in_place: &mut self.in_place,
            log: &mut self.log,
            effects: &mut self.effects,
        };
        let progress = catch_unwind(AssertUnwindSafe(|| session.handle(event, recv, &mut cx)));
        if !self.effects.is_empty() {
            self.outbox.extend(self.effects.drain(..).map(|effect| (id, effect)));
        }
        progress.map_err(|_| Close::Panicked)
    }

    /// Reports to a session that its connection could not be started.
    pub fn refuse(&mut self, session: &mut A::Session, id: Id, peer: SocketAddr) {
        self.stats.closed.add(Close::Unreachable as usize);
        let refused = Event::Refused(Refusal::Connection(Close::Unreachable));
        let mut scratch = self.lend();
        let _ = self.tell(session, refused, (id, peer), &mut scratch.recv, &mut scratch.send);
        scratch.send.clear();
        self.take_back(scratch);
    }
}
