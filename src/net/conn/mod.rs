//! One connection: a socket, a session, and the bytes that neither could take yet.
//!
//! ```text
//!   Dialling ─writable→ Open ─session done, output flushed→ Lingering ─peer's end→ (dropped)
//! ```
//! [`Conn::pump`] is the only place where bytes move; see [`pump`]. Readiness is sticky: a flag
//! stays up until the kernel has said otherwise, by `WouldBlock` or by a count that is short of
//! what was asked.

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
    /// Input that came and is not used up; none while idle.
    recv: Option<Box<Tail>>,
    /// Output that the socket did not take; none while idle.
    send: Option<Box<Held>>,
    ready: Readiness,
    end: End,
    /// We made it: what the peer sent before it broke may be the answer.
    dialled: bool,
    /// The session said that it cannot get on with the input there is.
    starved: bool,
    /// Output rose to the high mark and has not sunk to the low one.
    paused: bool,
    /// Whether it waits in the ready queue.
    pub queued: bool,
    /// Jobs under way elsewhere.
    pub jobs: u32,
    /// The session is a task: there is no peer.
    pub is_task: bool,
    /// Bytes of input that it is counted with.
    input: usize,
    /// The class and the activity that it is counted under; a connection that we made is not.
    counted: Option<(PeerClass, Presence)>,
}

#[derive(Debug)]
enum Phase {
    Dialling,
    Open,
    Lingering { why: Close, linger: Linger },
}

/// Input that waits for more of it, and since when.
#[derive(Debug)]
struct Tail {
    input: RecvBuf,
    moved_at: Instant,
}

/// Output that waits for the socket, and how it gets on.
#[derive(Debug)]
struct Held {
    output: SendBuf,
    pace: Pace,
}

/// What the kernel says of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// There may be input.
    pub readable: bool,
    /// There may be room for output.
    pub writable: bool,
    /// The end of input is announced: a short read no longer means that nothing is left.
    pub ending: bool,
}

/// The end of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has not come.
    Ahead,
    /// It has been read; the session does not know yet.
    Seen,
    /// The session knows.
    Told,
}

/// What is to become of a connection that was pumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PumpResult {
    /// It waits for the kernel, a job, a message or the time.
    Waits,
    /// Its share of this turn is used up.
    Again,
    /// It is over.
    Over(Close),
}

impl<S: Socket, A: App> Conn<S, A> {
    /// A connection that a peer made. There may be input, and there is room for output.
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

    /// A connection that is being made. It opens when the socket turns writable.
    pub fn dialled(socket: S, session: A::Session, to: Endpoint) -> Conn<S, A> {
        // A datagram is a short read, and the end follows it at once.
        let ending = to.transport == Transport::Udp;
        let ready = Readiness { ending, ..Readiness::default() };
        let conn = Conn::accepted(socket, session, to.addr);
        Conn { phase: Phase::Dialling, ready, dialled: true, ..conn }
    }

    /// The other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// What bytes come and go through.
    pub fn socket(&mut self) -> &mut S {
        &mut self.socket
    }

    /// The kernel reports readiness.
    pub fn note(&mut self, ready: Readiness) {
        self.ready.readable |= ready.readable || ready.ending;
        self.ready.writable |= ready.writable;
        self.ready.ending |= ready.ending;
    }

    /// Whether an error waits on an established connection. A peer that reset it is gone even
    /// while nobody reads or writes.
    pub fn is_broken(&self) -> bool {
        match self.phase {
            Phase::Dialling => false,
            Phase::Open | Phase::Lingering { .. } => !matches!(self.socket.take_error(), Ok(None)),
        }
    }

    /// Tells the session `event`, if any, then moves what can be moved.
    pub fn pump(
        &mut self,
        id: Id,
        event: Option<Event<A::Mail>>,
        cx: &mut LoopContext<A>,
    ) -> PumpResult {
        let mut scratch = cx.lend();
        // What has no unread bytes is kept in the scratch buffer until the end of the pump.
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

    /// Ends the connection from outside, without ceremony.
    pub fn abandon(&mut self, id: Id, why: Close, cx: &mut LoopContext<A>) {
        let mut scratch = cx.lend();
        self.bury(id, why, &mut scratch, cx);
        cx.take_back(scratch);
    }

    /// Ends a connection that broke. Input that had arrived on one that we made is read first.
    pub fn break_off(&mut self, id: Id, cx: &mut LoopContext<A>) -> Close {
        let mut scratch = cx.lend();
        let why = self.read_rest(id, &mut scratch, cx);
        self.bury(id, why, &mut scratch, cx);
        cx.take_back(scratch);
        why
    }

    /// Tells the session something without moving a byte: nothing will be sent any more.
    pub fn notify(&mut self, id: Id, event: Event<A::Mail>, cx: &mut LoopContext<A>) {
        let mut scratch = cx.lend();
        let _ = self.tell(id, event, &mut scratch, cx);
        scratch.recv.clear();
        scratch.send.clear();
        cx.take_back(scratch);
    }

    /// The deadline has come. `None` if it had moved away meanwhile.
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

    /// Moves what the socket has or takes, although the kernel has not said so: after a process has
    /// stood still, or among more events than are taken at a time, a deadline may pass before what
    /// had come in time is read.
    fn look(&mut self, id: Id, cx: &mut LoopContext<A>) -> Option<PumpResult> {
        let Phase::Open = self.phase else { return None };
        let reads = self.is_reading() && !self.paused && self.session.wants_read();
        let writes = self.send.is_some();
        self.ready.readable |= reads;
        self.ready.writable |= writes;
        (reads || writes).then(|| self.pump(id, None, cx))
    }

    /// When something has to happen: the session's deadline, or the end of patience with a peer
    /// that does not take its output. What is idle while the server ends has little time left.
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

    /// If nothing is owed either way: when the session would close by itself.
    pub fn idle_until(&self) -> Option<Instant> {
        match (&self.phase, self.session.deadline()) {
            (Phase::Lingering { linger, .. }, _) => Some(linger.deadline()),
            (Phase::Open, Some(Deadline::Idle(at))) if self.recv.is_none() => {
                (self.send.is_none() && self.jobs == 0 && !self.queued).then_some(at)
            }
            (Phase::Open | Phase::Dialling, _) => None,
        }
    }

    /// By how much the input that it holds has changed since it was last counted.
    pub fn recount(&mut self) -> isize {
        let held = self.recv.as_ref().map_or(0, |tail| tail.input.held());
        let before = std::mem::replace(&mut self.input, held);
        held.cast_signed() - before.cast_signed()
    }

    /// It is over: nothing is held any more.
    pub fn forget_input(&mut self) {
        self.recv = None;
    }

    /// Whether its session is over, and what is left is to flush and to close.
    pub fn is_ending(&self) -> bool {
        self.session.is_done().is_some() || matches!(self.phase, Phase::Lingering { .. })
    }

    /// Bytes of input that it holds while it waits for more, and how readily they are given up:
    /// first by those that wait for their peer, and of these by those that have waited for a while.
    pub fn hoard(&self, now: Instant) -> Option<(u8, usize)> {
        let tail = self.recv.as_ref().filter(|_| !self.queued)?;
        let waits = self.is_reading() && !self.paused && self.session.wants_read();
        let idle = now >= tail.moved_at + limits::INPUT_IDLE;
        Some((2 * u8::from(waits) + u8::from(idle), self.input))
    }

    /// Whether the peer is owed something: it is in the middle of a conversation.
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

    /// The two invariants of a connection at rest: what could move is queued.
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

    /// The conversation is over and flushed. Unless the peer will send nothing more, our half is
    /// closed and the other one read out: closing a socket with unread input would reset it, and
    /// take the last answer away from the peer.
    fn linger(&mut self, why: Close, now: Instant) -> Result<PumpResult, Close> {
        if self.end != End::Ahead || self.socket.shutdown_write().is_err() {
            return Err(why);
        }
        // A peer with which nothing was under way has little to send and nothing to miss.
        let patience = if why == Close::Draining { limits::DRAIN_IDLE } else { limits::LINGER };
        self.phase = Phase::Lingering { why, linger: Linger::start(now, patience) };
        Ok(PumpResult::Waits)
    }

    /// A session that did not end by itself learns that its connection has.
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

    /// Keeps what is left in the scratch buffers, in memory of just its size.
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
