//! The core of the loop: connections, the ready queue, timers, effects and mail, without a kernel.
//!
//! All else goes through [`Outside`]. `net` implements it with the operating system, tests with
//! simulated sockets, workers and clocks; so every order of events can be tested.

mod room;

use super::conn::{Conn, PumpResult, Readiness};
use super::context::LoopContext;
use super::slots::Slots;
use super::socket::Socket;
use super::system::is_out_of_descriptors;
use super::timers::Timers;
use crate::app::{App, Effect, Event, Id, InPlace, Refusal, Session, Target, Ticket};
use crate::limits;
use crate::stats::{Close, PeerClass};
use crate::work::{Job, Outcome};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

/// The services that the reactor needs.
pub trait Outside {
    /// The sockets of connections.
    type Socket: Socket;

    /// Starts a connection to `to`; its events will carry `id`. The socket of a task never has
    /// input, takes any output, and is not connected.
    ///
    /// # Errors
    /// Returns the operating system's error; never for a task.
    fn dial(&mut self, to: &Target, id: Id) -> io::Result<Self::Socket>;

    /// Registers the socket of a peer's connection with the kernel: its events will carry `id`.
    /// Present readiness is reported too.
    fn watch(&mut self, socket: &mut Self::Socket, id: Id) -> io::Result<()>;

    /// Queues a job. Its outcome is reported with [`Reactor::done`].
    ///
    /// # Errors
    /// Fails if the queue is full.
    fn submit(&mut self, from: Id, ticket: Ticket, job: Job) -> Result<(), QueueFull>;

    /// Cancels the jobs of this connection.
    fn cancel(&mut self, from: Id);

    /// Returns the present time. The turn's own time does not change during a long step, so it
    /// cannot measure it.
    fn clock(&self) -> Instant;
}

/// The error for a full job queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// The reactor; see the module.
#[derive(Debug)]
pub struct Reactor<O: Outside, A: App> {
    /// The state that all connections work with.
    pub context: LoopContext<A>,
    /// The operating system, or a test's simulation.
    pub outside: O,
    conns: Slots<Conn<O::Socket, A>>,
    /// Connections with readiness reported by the kernel.
    ready: VecDeque<Id>,
    /// Connections that have used a turn's share and could continue.
    again: VecDeque<Id>,
    timers: Timers,
    /// Running jobs of all connections.
    jobs: u64,
    /// Bytes of input that connections hold.
    input: usize,
    /// Sessions without a peer.
    tasks: usize,
    most: usize,
}

impl<O: Outside, A: App> Reactor<O, A> {
    /// Creates a reactor for at most `most` connections at a time.
    pub fn new(context: LoopContext<A>, outside: O, most: usize) -> Reactor<O, A> {
        Reactor {
            context,
            outside,
            conns: Slots::default(),
            ready: VecDeque::new(),
            again: VecDeque::new(),
            timers: Timers::default(),
            jobs: 0,
            input: 0,
            tasks: 0,
            most,
        }
    }

    /// Returns the number of connections.
    pub fn len(&self) -> usize {
        self.conns.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.conns.is_empty()
    }

    /// Returns true if the outcome of a job is pending.
    pub fn has_jobs(&self) -> bool {
        self.jobs > 0
    }

    /// Returns the number of connections with a pending exchange.
    pub fn in_flight(&self) -> usize {
        self.conns.iter().filter(|(_, conn)| conn.is_in_flight()).count()
    }

    /// Adds a connection that a peer made. On a busy server the peer's first request has often
    /// arrived by now, so it is read at once; and a connection that is over after that need not be
    /// registered with the kernel.
    ///
    /// # Errors
    /// Returns the kernel's error if it cannot register the socket. The connection is lost then.
    pub fn accept(
        &mut self,
        kind: A::Kind,
        class: PeerClass,
        peer: SocketAddr,
        socket: O::Socket,
    ) -> io::Result<()> {
        let id = self.conns.next_id();
        let session = A::Session::open(kind, id, self.context.now);
        let mut conn = Conn::accepted(socket, session, peer);
        if self.context.stats.is_measuring() {
            conn.join(class, &mut self.context.stats.connections);
        }
        self.conns.insert(conn);
        self.context.stats.accepted += 1;
        self.pump(id, Some(Event::Opened { local: None }));
        self.bound_input();
        let Some(conn) = self.conns.find(id) else { return Ok(()) };
        let watched = self.outside.watch(conn.socket(), id);
        if watched.is_err() {
            conn.abandon(id, Close::Lost, &mut self.context);
            self.drop_conn(id, Close::Lost);
        }
        watched
    }

    /// Handles readiness reported by the kernel; `failed` is its report of an error.
    pub fn readiness(&mut self, id: Id, ready: Readiness, failed: bool) {
        let Some(conn) = self.conns.find(id) else {
            self.context.stats.stale += 1;
            return;
        };
        conn.note(ready);
        if failed && conn.is_broken() {
            let why = conn.break_off(id, &mut self.context);
            return self.drop_conn(id, why);
        }
        if !std::mem::replace(&mut conn.queued, true) {
            self.ready.push_back(id);
        }
    }

    /// Handles the outcome of a job.
    pub fn done(&mut self, id: Id, ticket: Ticket, outcome: Outcome) {
        match self.conns.find(id) {
            Some(conn) => {
                conn.jobs -= 1;
                self.jobs -= 1;
                self.context.stats.jobs.done += 1;
                if outcome.lacks_descriptors() {
                    self.free_descriptors();
                }
                self.pump(id, Some(Event::Done(ticket, outcome)));
            }
            None => self.context.stats.stale += 1,
        }
    }

    /// Pumps ready connections, each once, then some of those that could continue for long: small
    /// requests do not wait for all large ones. Applies effects; handles deadlines.
    pub fn turn(&mut self) {
        let now = self.context.now;
        self.context.stats.in_place(self.context.in_place.used());
        self.context.in_place = InPlace::fresh();
        let long = self.again.len().min(limits::AGAIN_PER_TURN);
        for _ in 0..self.ready.len() {
            let Some(id) = self.ready.pop_front() else { break };
            self.pump_queued(id);
        }
        for _ in 0..long {
            let Some(id) = self.again.pop_front() else { break };
            self.pump_queued(id);
        }
        self.carry_out();
        self.pass_deadlines(now);
    }

    /// Returns the time until which the kernel may be waited for; `None` for no limit.
    pub fn wait_until(&self) -> Option<Instant> {
        if self.ready.is_empty() && self.again.is_empty() && self.context.outbox.is_empty() {
            self.timers.next()
        } else {
            Some(self.context.now)
        }
    }

    /// Starts the shutdown: idle connections get little time from now on.
    pub fn drain(&mut self) {
        self.context.draining = Some(self.context.now);
        let ids = self.conns.iter().map(|(id, _)| id).collect::<Vec<_>>();
        for id in ids {
            self.rearm(id);
        }
    }

    /// Ends everything. Returns the number of pending exchanges.
    pub fn abort(&mut self) -> usize {
        let in_flight = self.in_flight();
        let ids = self.conns.iter().map(|(id, _)| id).collect::<Vec<_>>();
        for id in ids {
            if let Some(conn) = self.conns.find(id) {
                conn.abandon(id, Close::Aborted, &mut self.context);
                self.drop_conn(id, Close::Aborted);
            }
        }
        in_flight
    }

    /// Reports mail to every session, and moves no bytes.
    pub fn notify_all(&mut self, mail: &A::Mail) {
        let ids = self.conns.iter().map(|(id, _)| id).collect::<Vec<_>>();
        for id in ids {
            if let Some(conn) = self.conns.find(id) {
                conn.notify(id, Event::Mail(mail.clone()), &mut self.context);
            }
        }
    }

    fn pump_queued(&mut self, id: Id) {
        if let Some(conn) = self.conns.find(id) {
            conn.queued = false;
            self.pump(id, None);
            self.bound_input();
        }
    }

    fn pump(&mut self, id: Id, event: Option<Event<A::Mail>>) {
        let Some(conn) = self.conns.find(id) else {
            self.context.stats.stale += 1;
            return;
        };
        let pumped = conn.pump(id, event, &mut self.context);
        self.settle(id, pumped);
    }

    /// Ends a step of the turn: its duration is measured here.
    pub fn step(&mut self) {
        if self.context.stats.is_measuring() {
            self.context.stats.step(self.outside.clock(), self.context.wall);
        }
    }

    fn settle(&mut self, id: Id, pumped: PumpResult) {
        self.step();
        let conn = self.conns.find(id).expect("it was pumped a moment ago");
        conn.turn_to(&mut self.context.stats.connections);
        self.input = self.input.saturating_add_signed(conn.recount());
        match pumped {
            PumpResult::Over(why) => return self.drop_conn(id, why),
            PumpResult::Again if !conn.queued => {
                conn.queued = true;
                self.again.push_back(id);
            }
            PumpResult::Again | PumpResult::Waits => {}
        }
        if cfg!(debug_assertions) {
            conn.assert_settled();
        }
        self.timers.arm(id, conn.deadline(&self.context));
    }

    fn drop_conn(&mut self, id: Id, why: Close) {
        let mut conn = self.conns.remove(id).expect("only a living connection ends");
        conn.leave(&mut self.context.stats.connections);
        conn.forget_input();
        self.tasks -= usize::from(conn.is_task);
        self.input = self.input.saturating_add_signed(conn.recount());
        self.timers.disarm(id);
        self.context.stats.closed.add(why as usize);
        log::debug!("connection with {} closed: {}", conn.peer(), why.name());
        if conn.jobs > 0 {
            self.jobs -= u64::from(conn.jobs);
            self.outside.cancel(id);
        }
    }

    fn carry_out(&mut self) {
        for _ in 0..limits::EFFECTS_PER_TURN {
            let Some((from, effect)) = self.context.outbox.pop_front() else { break };
            match effect {
                Effect::Submit(ticket, job) => self.submit(from, ticket, job),
                Effect::Post(to, mail) => self.pump(to, Some(Event::Mail(mail))),
                Effect::Dial(to, kind) => self.dial(to, kind),
            }
        }
    }

    fn submit(&mut self, from: Id, ticket: Ticket, job: Job) {
        let Some(conn) = self.conns.find(from) else {
            return;
        };
        match self.outside.submit(from, ticket, job) {
            Ok(()) => {
                conn.jobs += 1;
                self.jobs += 1;
                self.context.stats.jobs.submitted += 1;
            }
            Err(QueueFull) => {
                self.context.stats.jobs_refused += 1;
                self.pump(from, Some(Event::Refused(Refusal::Job(ticket))));
            }
        }
    }

    /// Opens a session of this kind, connected to `to`. On failure, the session gets the event of a
    /// lost connection.
    pub fn dial(&mut self, to: Target, kind: A::Kind) {
        let peer = match to {
            Target::Peer(to) => {
                self.context.stats.dialled += 1;
                to.addr
            }
            Target::Task | Target::Child(_) => {
                self.context.stats.opened += 1;
                (Ipv4Addr::UNSPECIFIED, 0).into()
            }
        };
        // A task takes no descriptor, so no connection has to make room for it.
        let is_task = to == Target::Task;
        let mut room = is_task || self.has_room();
        let (id, dialled) = loop {
            let id = self.conns.next_id();
            match room.then(|| self.outside.dial(&to, id)) {
                Some(Err(error)) if is_out_of_descriptors(&error) => room = self.free_descriptors(),
                dialled => break (id, dialled),
            }
        };
        let mut session = A::Session::open(kind, id, self.context.now);
        let (conn, event) = match (dialled, to) {
            (Some(Ok(socket)), Target::Peer(to)) => (Conn::dialled(socket, session, to), None),
            (Some(Ok(socket)), Target::Task | Target::Child(_)) => {
                let mut conn = Conn::accepted(socket, session, peer);
                conn.is_task = is_task;
                (conn, Some(Event::Opened { local: None }))
            }
            (Some(Err(error)), Target::Child(_)) => {
                log::warn!("cannot start a child process: {error}");
                return self.context.refuse(&mut session, id, peer);
            }
            (Some(Err(_)) | None, _) => return self.context.refuse(&mut session, id, peer),
        };
        self.tasks += usize::from(is_task);
        self.conns.insert(conn);
        self.pump(id, event);
    }

    /// Handles the deadlines that had passed when the turn began: one that a session sets
    /// meanwhile, by a clock of its own, is for the next turn.
    fn pass_deadlines(&mut self, now: Instant) {
        while let Some(id) = self.timers.pop(now) {
            let conn = self.conns.find(id).expect("a connection that ends is disarmed");
            match conn.overdue(id, &mut self.context) {
                Some(pumped) => self.settle(id, pumped),
                None => self.rearm(id),
            }
        }
    }

    fn rearm(&mut self, id: Id) {
        if let Some(conn) = self.conns.find(id) {
            self.timers.arm(id, conn.deadline(&self.context));
        }
    }
}
