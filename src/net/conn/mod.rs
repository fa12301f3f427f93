//! A connection: a socket, a session, and the bytes that neither could take yet.
//!
//! ```text
//!   Dialling ─writable→ Open ─session done, output flushed→ Lingering ─peer's end→ (dropped)
//! ```
//! [`Conn::pump`] is the only place where bytes move; see [`pump`]. Readiness is sticky: a flag
//! stays set until the kernel has reported otherwise, by `WouldBlock` or by a short count.

mod presence;
mod pump;

use super::context::{LoopContext, Scratch};
use super::socket::Socket;
use crate::app::{App, Deadline, Endpoint, Event, Id, Progress, Refusal, Session, Transport};
use crate::buf::{RecvBuf, SendBuf};
use crate::limits::{self, Limits, Linger, Pace};
use crate::stats::{Close, PeerClass, Presence};
use std::net::SocketAddr;
use std::time::Instant;

/// A connection.
#[derive(Debug)]
pub struct Conn<S, A: App> {
    socket: S,
    session: A::Session,
    peer: SocketAddr,
    phase: Phase,
    /// Received input that is not consumed; `None` while idle.
    recv: Option<Box<Tail>>,
    /// Output that the socket did not take; `None` while idle.
    send: Option<Box<Held>>,
    ready: Readiness,
    end: End,
    /// True if we dialled: input from before a failure may be the answer.
    dialled: bool,
    /// True if the session cannot advance with the present input.
    starved: bool,
    /// True if output reached the high mark and has not drained to the low one.
    paused: bool,
    /// True while it waits in the ready queue.
    pub queued: bool,
    /// Running jobs.
    pub jobs: u32,
    /// True for a task, which has no peer.
    pub is_task: bool,
    /// Bytes of input that are counted for it.
    input: usize,
    /// The class and the activity under which it is counted; dialled connections are not counted.
    counted: Option<(PeerClass, Presence)>,
}

#[derive(Debug)]
enum Phase {
    Dialling,
    Open,
    Lingering { why: Close, linger: Linger },
}

/// Incomplete input, and the time since which it waits.
#[derive(Debug)]
struct Tail {
    input: RecvBuf,
    moved_at: Instant,
}

/// Output that waits for the socket, and its progress.
#[derive(Debug)]
struct Held {
    output: SendBuf,
    pace: Pace,
}

/// The readiness of a socket, as the kernel reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// Input may be available.
    pub readable: bool,
    /// Output may be possible.
    pub writable: bool,
    /// The end of input is announced: a short read no longer means that nothing is left.
    pub ending: bool,
}

/// The state of the end of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not reached.
    Ahead,
    /// Reached, but not reported to the session.
    Seen,
    /// Reported to the session.
    Told,
}

/// The state of a connection after it was pumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PumpResult {
    /// It waits for the kernel, a job, a message or a deadline.
    Waits,
    /// Its share of this turn is used up.
    Again,
    /// It is over.
    Over(Close),
}

impl<S: Socket, A: App> Conn<S, A> {
    /// Creates a connection that a peer made. There may be input, and there is room for output.
    pub fn accepted(socket: S, session: A::Session, peer: SocketAddr) -> Conn<S, A> {
        let ready = Readiness { readable: true, writable: true, ending: false };
        Conn {
            socket,
            session,
            peer,
            phase: Phase::Open,
            recv: None,
            send: None,
            ready,
            end: End::Ahead,
            dialled: false,
            starved: false,
            paused: false,
            queued: false,
            jobs: 0,
            is_task: false,
            input: 0,
            counted: None,
        }
    }

    /// Creates a connection that is being dialled. It opens when the socket becomes writable.
    pub fn dialled(socket: S, session: A::Session, to: Endpoint) -> Conn<S, A> {
        // A datagram is a short read, and the end follows it at once.
        let ending = to.transport == Transport::Udp;
        let ready = Readiness { ending, ..Readiness::default() };
        let conn = Conn::accepted(socket, session, to.addr);
        Conn { phase: Phase::Dialling, ready, dialled: true, ..conn }
    }

    /// Returns the address of the peer.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Returns the socket.
    pub fn socket(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Records readiness reported by the kernel.
    pub fn note(&mut self, ready: Readiness) {
        self.ready.readable |= ready.readable || ready.ending;
        self.ready.writable |= ready.writable;
        self.ready.ending |= ready.ending;
    }

    /// Returns true if an established connection has a pending error. A peer that reset it is gone
    /// even if there is nothing to read or write.
    pub fn is_broken(&self) -> bool {
        match self.phase {
            Phase::Dialling => false,
            Phase::Open | Phase::Lingering { .. } => !matches!(self.socket.take_error(), Ok(None)),
        }
    }

    /// Reports `event` to the session, if any, then moves as many bytes as possible.
    pub fn pump(
        &mut self,
        id: Id,
        event: Option<Event<A::Mail>>,
        cx: &mut LoopContext<A>,
    ) -> PumpResult {
        let mut scratch = cx.lend();
        // A connection without unread bytes uses the scratch buffer until the end of the pump.
        if self.recv.as_deref_mut().is_some_and(|tail| scratch.recv.adopt(&mut tail.input)) {
            self.recv = None;
        }
        let pumped = self.run(id, event, &mut scratch, cx).unwrap_or_else(PumpResult::Over);
        if let PumpResult::Over(why) = pumped {
            self.bury(id, why, &mut scratch, cx);
        }
        self.keep(&mut scratch, cx.now, &cx.limits);
        cx.take_back(scratch);
        pumped
    }

    /// Ends the connection from outside, immediately.
    pub fn abandon(&mut self, id: Id, why: Close, cx: &mut LoopContext<A>) {
        let mut scratch = cx.lend();
        self.bury(id, why, &mut scratch, cx);
        cx.take_back(scratch);
    }

    /// Ends a broken connection. Earlier input on a dialled one is read first.
    pub fn break_off(&mut self, id: Id, cx: &mut LoopContext<A>) -> Close {
        let mut scratch = cx.lend();
        let why = self.read_rest(id, &mut scratch, cx);
        self.bury(id, why, &mut scratch, cx);
        cx.take_back(scratch);
        why
    }

    /// Reports an event to the session without moving bytes: nothing will be sent any more.
    pub fn notify(&mut self, id: Id, event: Event<A::Mail>, cx: &mut LoopContext<A>) {
        let mut scratch = cx.lend();
        let _ = self.tell(id, event, &mut scratch, cx);
        scratch.recv.clear();
        scratch.send.clear();
        cx.take_back(scratch);
    }

    /// Handles the deadline. Returns `None` if it has moved meanwhile.
    pub fn overdue(&mut self, id: Id, cx: &mut LoopContext<A>) -> Option<PumpResult> {
        if !self.is_overdue(cx) {
            return None;
        }
        if let Some(pumped) = self.look(id, cx)
            && (matches!(pumped, PumpResult::Over(_)) || !self.is_overdue(cx))
        {
            return Some(pumped);
        }
        if let Phase::Lingering { why, .. } = self.phase {
            return Some(PumpResult::Over(why));
        }
        if self.stalled_until(&cx.limits).is_some_and(|at| at <= cx.now) {
            self.abandon(id, Close::SlowReader, cx);
            return Some(PumpResult::Over(Close::SlowReader));
        }
        match self.session.deadline() {
            Some(Deadline::Fresh(at) | Deadline::Idle(at)) if at > cx.now => {
                Some(self.linger(Close::Draining, cx.now).unwrap_or_else(PumpResult::Over))
            }
            Some(_) | None => Some(self.pump(id, Some(Event::Tick), cx)),
        }
    }

    fn is_overdue(&self, cx: &LoopContext<A>) -> bool {
        self.deadline(cx).is_some_and(|at| at <= cx.now)
    }

    /// Moves bytes although the kernel has not reported readiness: after a stop of the process, or
    /// with more events than are taken at a time, a deadline may pass before earlier input is read.
    fn look(&mut self, id: Id, cx: &mut LoopContext<A>) -> Option<PumpResult> {
        let Phase::Open = self.phase else { return None };
        let reads = self.is_reading() && !self.paused && self.session.wants_read();
        let writes = self.send.is_some();
        self.ready.readable |= reads;
        self.ready.writable |= writes;
        (reads || writes).then(|| self.pump(id, None, cx))
    }

    /// Returns the time of the next action: the session's deadline, or the timeout of a peer that
    /// does not read. An idle connection gets little time during the shutdown.
    pub fn deadline(&self, cx: &LoopContext<A>) -> Option<Instant> {
        if let Phase::Lingering { linger, .. } = self.phase {
            let until = linger.deadline();
            return Some(cx.draining.map_or(until, |since| until.min(since + limits::LINGER)));
        }
        let session = match self.session.deadline() {
            _ if self.session.is_done().is_some() => None,
            Some(Deadline::Busy(at)) => Some(at),
            Some(Deadline::Idle(_)) if self.send.is_some() => None,
            Some(Deadline::Fresh(at) | Deadline::Idle(at) | Deadline::Standing(at)) => {
                Some(cx.draining.map_or(at, |since| at.min(since + limits::DRAIN_IDLE)))
            }
            None => None,
        };
        session.into_iter().chain(self.stalled_until(&cx.limits)).min()
    }

    /// Returns the time at which the session would close by itself, if nothing is owed either way.
    pub fn idle_until(&self) -> Option<Instant> {
        match (&self.phase, self.session.deadline()) {
            (Phase::Lingering { linger, .. }, _) => Some(linger.deadline()),
            (Phase::Open, Some(Deadline::Idle(at))) if self.recv.is_none() => {
                (self.send.is_none() && self.jobs == 0 && !self.queued).then_some(at)
            }
            (Phase::Open | Phase::Dialling, _) => None,
        }
    }

    /// Returns the change of the input that it holds since the last count.
    pub fn recount(&mut self) -> isize {
        let held = self.recv.as_ref().map_or(0, |tail| tail.input.held());
        let before = std::mem::replace(&mut self.input, held);
        held.cast_signed() - before.cast_signed()
    }

    /// Drops the input of a finished connection.
    pub fn forget_input(&mut self) {
        self.recv = None;
    }

    /// Returns true if its session is over, and only flushing and closing are left.
    pub fn is_ending(&self) -> bool {
        self.session.is_done().is_some() || matches!(self.phase, Phase::Lingering { .. })
    }

    /// Returns the bytes of input that it holds while it waits for more, with a priority for giving
    /// them up: first connections that wait for their peer, and of these the ones that have waited
    /// for a while.
    pub fn hoard(&self, now: Instant) -> Option<(u8, usize)> {
        let tail = self.recv.as_ref().filter(|_| !self.queued)?;
        let waits = self.is_reading() && !self.paused && self.session.wants_read();
        let idle = now >= tail.moved_at + limits::INPUT_IDLE;
        Some((2 * u8::from(waits) + u8::from(idle), self.input))
    }

    /// Returns true if the peer is owed something: it is in the middle of an exchange.
    pub fn is_in_flight(&self) -> bool {
        match self.phase {
            Phase::Open => match self.session.deadline() {
                Some(Deadline::Fresh(_)) => self.session.is_done().is_some(),
                Some(Deadline::Busy(_) | Deadline::Idle(_)) | None => self.idle_until().is_none(),
                Some(Deadline::Standing(_)) => self.jobs > 0 || self.send.is_some(),
            },
            Phase::Dialling => true,
            Phase::Lingering { .. } => false,
        }
    }

    /// Asserts the two invariants of a connection at rest: if bytes could move, it is queued.
    pub fn assert_settled(&self) {
        let blocked = self.send.is_none() || !self.ready.writable;
        assert!(blocked || self.queued, "output waits although the socket would take it: {self:?}");
        let waiting = self.recv.as_ref().is_some_and(|tail| !tail.input.is_empty());
        let unread = self.ready.readable || (waiting && !self.starved);
        let on_purpose = self.paused || !self.session.wants_read() || !self.is_reading();
        assert!(
            !unread || on_purpose || self.queued,
            "input waits although it is wanted: {self:?}"
        );
    }

    fn is_reading(&self) -> bool {
        match self.phase {
            Phase::Open => self.session.is_done().is_none() && self.end == End::Ahead,
            Phase::Dialling | Phase::Lingering { .. } => false,
        }
    }

    fn stalled_until(&self, limits: &Limits) -> Option<Instant> {
        self.send.as_ref().map(|held| held.pace.deadline(limits.send_timeout, limits))
    }

    fn tell(
        &mut self,
        id: Id,
        event: Event<A::Mail>,
        scratch: &mut Scratch,
        cx: &mut LoopContext<A>,
    ) -> Result<Progress, Close> {
        let recv = self.recv.as_deref_mut().map_or(&mut scratch.recv, |tail| &mut tail.input);
        let send = self.send.as_deref_mut().map_or(&mut scratch.send, |held| &mut held.output);
        cx.tell(&mut self.session, event, (id, self.peer), recv, send)
    }

    /// Lingers after the session is over and flushed. Unless the peer has ended too, our half is
    /// closed and the other one read out: closing a socket with unread input would reset it, and
    /// the peer would lose the last answer.
    fn linger(&mut self, why: Close, now: Instant) -> Result<PumpResult, Close> {
        if self.end != End::Ahead || self.socket.shutdown_write().is_err() {
            return Err(why);
        }
        // A peer without a pending exchange has little to send and nothing to lose.
        let patience = if why == Close::Draining { limits::DRAIN_IDLE } else { limits::LINGER };
        self.phase = Phase::Lingering { why, linger: Linger::start(now, patience) };
        Ok(PumpResult::Waits)
    }

    /// Reports the end of the connection to a session that did not end by itself.
    fn bury(&mut self, id: Id, why: Close, scratch: &mut Scratch, cx: &mut LoopContext<A>) {
        if why != Close::Panicked && self.session.is_done().is_none() {
            let lost = Event::Refused(Refusal::Connection(why));
            let _ = self.tell(id, lost, scratch, cx);
        }
        self.recv = None;
        self.send = None;
        scratch.recv.clear();
        scratch.send.clear();
    }

    /// Moves the rest of the scratch buffers into memory of exactly their size.
    fn keep(&mut self, scratch: &mut Scratch, now: Instant, limits: &Limits) {
        match &self.recv {
            None => {
                let parked = scratch.recv.park();
                self.recv = parked.map(|input| Box::new(Tail { input, moved_at: now }));
            }
            Some(tail) if tail.input.holds_nothing() => self.recv = None,
            Some(_) => {}
        }
        if self.send.is_none() {
            let pace = Pace::of_output(now, limits);
            self.send = scratch.send.park().map(|output| Box::new(Held { output: *output, pace }));
        }
    }
}
