//! The loop's heart: connections, the ready queue, timers, effects and mail, without a kernel.
//!
//! What it cannot do itself it asks of [`Outside`]. `net` gives it the operating system, a test
//! gives it sockets, workers and a clock that it made up; so every order of events can be tried.

mod room;

use super::conn::{Conn, Pumped, Readiness};
use super::desk::Desk;
use super::slots::Slots;
use super::socket::Socket;
use super::system::is_out_of_descriptors;
use super::timers::Timers;
use crate::limits;
use crate::service::{Effect, Endpoint, Event, Id, InPlace, Kind, Mail, Refusal, Session, Ticket};
use crate::stats::Close;
use crate::work::{Job, Outcome};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

/// What the reactor needs done.
pub trait Outside {
    /// What connections run on.
    type Socket: Socket;

    /// Begins a connection to `to`; events for it will carry `id`.
    fn dial(&mut self, to: Endpoint, id: Id) -> io::Result<Self::Socket>;

    /// Makes a socket that a peer's connection came with known to the kernel: events for it will
    /// carry `id`. What is there already is reported too.
    fn watch(&mut self, socket: &mut Self::Socket, id: Id) -> io::Result<()>;

    /// Starts this very program with these arguments; what it prints is the input of `id`.
    fn spawn(&mut self, args: &[String], id: Id) -> io::Result<Self::Socket>;

    /// A socket that leads nowhere: it never has input, takes any output, and is not connected.
    fn nowhere(&mut self) -> Self::Socket;

    /// Queues a job. Its outcome comes back by [`Reactor::done`].
    ///
    /// # Errors
    /// The queue is full.
    fn submit(&mut self, from: Id, ticket: Ticket, job: Job) -> Result<(), QueueFull>;

    /// Nobody waits for the jobs of this connection any more.
    fn cancel(&mut self, from: Id);

    /// The time of this moment. The turn's own time stands still while a step takes long, so it
    /// cannot tell how long that was.
    fn clock(&self) -> Instant;
}

/// There is no room for another job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// See the module.
#[derive(Debug)]
pub struct Reactor<O: Outside> {
    /// What connections work with.
    pub desk: Desk,
    /// The rest of the world.
    pub outside: O,
    conns: Slots<Conn<O::Socket>>,
    /// Of whom the kernel has news.
    ready: VecDeque<Id>,
    /// Who has had a turn's share and could go on.
    again: VecDeque<Id>,
    timers: Timers,
    /// Jobs under way elsewhere, of all connections.
    jobs: u64,
    /// Bytes of input that connections hold.
    input: usize,
    /// Sessions without a connection.
    alone: usize,
    most: usize,
}

impl<O: Outside> Reactor<O> {
    /// A reactor for at most `most` connections at a time.
    pub fn new(desk: Desk, outside: O, most: usize) -> Reactor<O> {
        Reactor {
            desk,
            outside,
            conns: Slots::default(),
            ready: VecDeque::new(),
            again: VecDeque::new(),
            timers: Timers::default(),
            jobs: 0,
            input: 0,
            alone: 0,
            most,
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.conns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.conns.is_empty()
    }

    /// Whether the outcome of a job is still to come.
    pub fn has_jobs(&self) -> bool {
        self.jobs > 0
    }

    /// How many connections are owed something, or owe it.
    pub fn in_flight(&self) -> usize {
        self.conns.iter().filter(|(_, conn)| conn.is_in_flight()).count()
    }

    /// Adds a connection that a peer made. On a busy server the peer's first request has often
    /// come by now, so it is looked for at once; and the kernel need not watch a connection that
    /// is over with it.
    ///
    /// # Errors
    /// The kernel's, when it cannot watch one more. The connection is lost then.
    pub fn accept(&mut self, kind: Kind, peer: SocketAddr, socket: O::Socket) -> io::Result<()> {
        let id = self.conns.next_id();
        let session = Session::open(kind, id, self.desk.now);
        let mut conn = Conn::accepted(socket, session, peer);
        if self.desk.stats.is_measuring() {
            conn.join(kind.party(), &mut self.desk.stats.crowd);
        }
        self.conns.insert(conn);
        self.desk.stats.accepted += 1;
        self.pump(id, Some(Event::Opened { local: None }));
        self.bound_input();
        let Some(conn) = self.conns.find(id) else { return Ok(()) };
        let watched = self.outside.watch(conn.socket(), id);
        if watched.is_err() {
            conn.abandon(id, Close::Lost, &mut self.desk);
            self.drop_conn(id, Close::Lost);
        }
        watched
    }

    /// The kernel reports readiness; `failed` is its report of an error.
    pub fn readiness(&mut self, id: Id, ready: Readiness, failed: bool) {
        let Some(conn) = self.conns.find(id) else {
            self.desk.stats.stale += 1;
            return;
        };
        conn.note(ready);
        if failed && conn.is_broken() {
            let why = conn.break_off(id, &mut self.desk);
            return self.drop_conn(id, why);
        }
        if !std::mem::replace(&mut conn.queued, true) {
            self.ready.push_back(id);
        }
    }

    /// A job is done.
    pub fn done(&mut self, id: Id, ticket: Ticket, outcome: Outcome) {
        match self.conns.find(id) {
            Some(conn) => {
                conn.jobs -= 1;
                self.jobs -= 1;
                self.desk.stats.jobs.done += 1;
                if outcome.lacks_descriptors() {
                    self.free_descriptors();
                }
                self.pump(id, Some(Event::Done(ticket, outcome)));
            }
            None => self.desk.stats.stale += 1,
        }
    }

    /// Pumps what is ready, each connection once, then some of those that could go on for long:
    /// whoever asks for little does not wait for all who ask for much. Carries out effects; lets
    /// deadlines pass.
    pub fn turn(&mut self) {
        let now = self.desk.now;
        self.desk.stats.in_place(self.desk.in_place.used());
        self.desk.in_place = InPlace::fresh();
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

    /// How long the kernel may be waited for: until when, or not at all.
    pub fn wait_until(&self) -> Option<Instant> {
        if self.ready.is_empty() && self.again.is_empty() && self.desk.outbox.is_empty() {
            self.timers.next()
        } else {
            Some(self.desk.now)
        }
    }

    /// The server is ending: what is idle gets little time from now on.
    pub fn drain(&mut self) {
        self.desk.draining = Some(self.desk.now);
        let ids = self.conns.iter().map(|(id, _)| id).collect::<Vec<_>>();
        for id in ids {
            self.rearm(id);
        }
    }

    /// Ends everything. Returns how many connections were owed something.
    pub fn abort(&mut self) -> usize {
        let in_flight = self.in_flight();
        let ids = self.conns.iter().map(|(id, _)| id).collect::<Vec<_>>();
        for id in ids {
            if let Some(conn) = self.conns.find(id) {
                conn.abandon(id, Close::Aborted, &mut self.desk);
                self.drop_conn(id, Close::Aborted);
            }
        }
        in_flight
    }

    /// Tells every session something, and moves no bytes.
    pub fn notify_all(&mut self, mail: &Mail) {
        let ids = self.conns.iter().map(|(id, _)| id).collect::<Vec<_>>();
        for id in ids {
            if let Some(conn) = self.conns.find(id) {
                conn.notify(id, Event::Mail(mail.clone()), &mut self.desk);
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

    fn pump(&mut self, id: Id, event: Option<Event>) {
        let Some(conn) = self.conns.find(id) else {
            self.desk.stats.stale += 1;
            return;
        };
        let pumped = conn.pump(id, event, &mut self.desk);
        self.settle(id, pumped);
    }

    /// A step of the turn is over: how long it took is measured here.
    pub fn step(&mut self) {
        if self.desk.stats.is_measuring() {
            self.desk.stats.step(self.outside.clock(), self.desk.wall);
        }
    }

    fn settle(&mut self, id: Id, pumped: Pumped) {
        self.step();
        let conn = self.conns.find(id).expect("it was pumped a moment ago");
        conn.turn_to(&mut self.desk.stats.crowd);
        self.input = self.input.saturating_add_signed(conn.recount());
        match pumped {
            Pumped::Over(why) => return self.drop_conn(id, why),
            Pumped::Again if !conn.queued => {
                conn.queued = true;
                self.again.push_back(id);
            }
            Pumped::Again | Pumped::Waits => {}
        }
        if cfg!(debug_assertions) {
            conn.assert_settled();
        }
        self.timers.arm(id, conn.deadline(&self.desk));
    }

    fn drop_conn(&mut self, id: Id, why: Close) {
        let mut conn = self.conns.remove(id).expect("only a living connection ends");
        conn.leave(&mut self.desk.stats.crowd);
        conn.forget_input();
        self.alone -= usize::from(conn.alone);
        self.input = self.input.saturating_add_signed(conn.recount());
        self.timers.disarm(id);
        self.desk.stats.closed.add(why as usize);
        log::debug!("connection with {} closed: {}", conn.peer(), why.name());
        if conn.jobs > 0 {
            self.jobs -= u64::from(conn.jobs);
            self.outside.cancel(id);
        }
    }

    fn carry_out(&mut self) {
        for _ in 0..limits::EFFECTS_PER_TURN {
            let Some((from, effect)) = self.desk.outbox.pop_front() else { break };
            match effect {
                Effect::Submit(ticket, job) => self.submit(from, ticket, job),
                Effect::Post(to, mail) => self.pump(to, Some(Event::Mail(mail))),
                Effect::Dial(to, kind) => self.dial(to, kind),
                Effect::Open(kind) => self.begin(kind),
                Effect::Spawn(args, kind) => {
                    self.open(kind, false, |outside, id| outside.spawn(&args, id));
                }
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
                self.desk.stats.jobs.submitted += 1;
            }
            Err(QueueFull) => {
                self.desk.stats.jobs_refused += 1;
                self.pump(from, Some(Event::Refused(Refusal::Job(ticket))));
            }
        }
    }

    /// Opens a connection for a session of this kind. Where that fails, the session learns it
    /// as it would learn of any lost connection.
    pub fn dial(&mut self, to: Endpoint, kind: Kind) {
        self.desk.stats.dialled += 1;
        let mut room = self.has_room();
        let (id, dialled) = loop {
            let id = self.conns.next_id();
            match room.then(|| self.outside.dial(to, id)) {
                Some(Err(error)) if is_out_of_descriptors(&error) => room = self.free_descriptors(),
                dialled => break (id, dialled),
            }
        };
        let mut session = Session::open(kind, id, self.desk.now);
        match dialled {
            Some(Ok(socket)) => {
                self.conns.insert(Conn::dialled(socket, session, to));
                self.pump(id, None);
            }
            Some(Err(_)) | None => self.desk.refuse(&mut session, id, to.addr),
        }
    }

    /// Opens a session without a connection.
    pub fn begin(&mut self, kind: Kind) {
        // It takes no descriptor, and nobody has to make room for it.
        self.open(kind, true, |outside, _| Ok(outside.nowhere()));
    }

    /// Opens a session that no peer has made and none was dialled for.
    fn open(
        &mut self,
        kind: Kind,
        alone: bool,
        socket: impl FnOnce(&mut O, Id) -> io::Result<O::Socket>,
    ) {
        self.desk.stats.opened += 1;
        let peer = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let room = alone || self.has_room();
        let id = self.conns.next_id();
        let mut session = Session::open(kind, id, self.desk.now);
        match room.then(|| socket(&mut self.outside, id)) {
            Some(Ok(socket)) => {
                let mut conn = Conn::accepted(socket, session, peer);
                conn.alone = alone;
                self.alone += usize::from(alone);
                self.conns.insert(conn);
                self.pump(id, Some(Event::Opened { local: None }));
            }
            Some(Err(error)) => {
                log::warn!("a session could not be opened: {error}");
                self.desk.refuse(&mut session, id, peer);
            }
            None => self.desk.refuse(&mut session, id, peer),
        }
    }

    /// Those that had passed when the turn began: what a session puts off until now, by a clock of
    /// its own, is for the next turn.
    fn pass_deadlines(&mut self, now: Instant) {
        while let Some(id) = self.timers.pop(now) {
            let conn = self.conns.find(id).expect("a connection that ends is disarmed");
            match conn.overdue(id, &mut self.desk) {
                Some(pumped) => self.settle(id, pumped),
                None => self.rearm(id),
            }
        }
    }

    fn rearm(&mut self, id: Id) {
        if let Some(conn) = self.conns.find(id) {
            self.timers.arm(id, conn.deadline(&self.desk));
        }
    }
}
