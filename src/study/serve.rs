//! The blocking driver: one session over one socket, from its first byte to its last.
//!
//! ```text
//!   handle ─▶ effects ─▶ write ─┬─ done: close our half, read out the rest, drop
//!     ▲                         ├─ input wanted: read, no longer than to the deadline
//!     └── bytes, end, tick ─────┴─ none wanted: sleep to the deadline
//! ```
//! Its caller waits: for the peer, for the disk, for a search. The models around it differ only in
//! the threads and processes that wait. Protocols are not known here; a session is used through the
//! same five functions as in the loop.

use super::shared::SharedState;
use crate::app::{App, Deadline, Effect, Event, Id, Progress, Refusal, Session, Target};
use crate::buf::{Opened, RecvBuf, SendBuf};
use crate::limits::{self, KIB, Linger, Pace};
use crate::stats::Close;
use crate::work::{Compute, Job, Outcome, Place};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

/// Returns the next client; `None` after the listener's timeout, or when accepting failed. A
/// failure is reported, and followed by a pause: descriptors may become free.
pub fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept() {
        Ok(client) => Some(client),
        Err(error) if is_nothing(&error) => None,
        Err(error) => {
            complain("cannot accept a connection", &error);
            thread::sleep(limits::ACCEPT_REST);
            None
        }
    }
}

/// Writes one line to standard error. There is no logger: its thread must not exist before a fork.
pub fn complain(what: &str, error: &io::Error) {
    let _ = writeln!(io::stderr(), "pentad: {what}: {error}");
}

/// Serves an accepted client. An error ends this session and no other.
pub fn serve<A: App>(
    client: (TcpStream, SocketAddr),
    kind: A::Kind,
    shared: &SharedState<A>,
) -> Close {
    let (stream, peer) = client;
    Conversation::begin(&stream, peer, kind, shared).hold(Event::Opened { local: None })
}

/// Runs a session that we began: the client's side of the same driver.
pub fn ask<A: App>(
    stream: &TcpStream,
    peer: SocketAddr,
    kind: A::Kind,
    shared: &SharedState<A>,
) -> Close {
    let local = stream.local_addr().ok();
    Conversation::begin(stream, peer, kind, shared).hold(Event::Opened { local })
}

struct Conversation<'a, A: App> {
    stream: &'a TcpStream,
    peer: SocketAddr,
    id: Id,
    session: A::Session,
    shared: &'a SharedState<A>,
    recv: RecvBuf,
    send: SendBuf,
    effects: Vec<Effect<A>>,
    outbox: VecDeque<Effect<A>>,
    end: End,
    /// True if the session cannot advance with the present input.
    starved: bool,
    /// True if the socket was checked once after the deadline.
    looked: bool,
}

/// The state of the end of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ahead,
    /// Reached, but not reported to the session.
    Seen,
    Told,
}

/// Bytes per read. Each session has such a buffer for as long as it lasts.
const READ_BYTES: usize = 16 * KIB;

/// Bytes per read of a file.
const FILE_BYTES: usize = 64 * KIB;

/// Slices of output per call.
const SLICES: usize = 16;

impl<'a, A: App> Conversation<'a, A> {
    fn begin(
        stream: &'a TcpStream,
        peer: SocketAddr,
        kind: A::Kind,
        shared: &'a SharedState<A>,
    ) -> Self {
        let id = shared.next_id();
        Conversation {
            stream,
            peer,
            id,
            session: A::Session::open(kind, id, Instant::now()),
            shared,
            recv: RecvBuf::default(),
            send: SendBuf::default(),
            effects: Vec::new(),
            outbox: VecDeque::new(),
            end: End::Ahead,
            starved: false,
            looked: false,
        }
    }

    fn hold(mut self, opened: Event<A::Mail>) -> Close {
        let why = match self.run(opened) {
            Ok(why) => {
                self.linger();
                why
            }
            Err(why) => {
                if why != Close::Panicked && self.session.is_done().is_none() {
                    // The session may still have messages for others; to its peer nothing more is
                    // sent.
                    let _ = self.tell(Event::Refused(Refusal::Connection(why)));
                }
                why
            }
        };
        self.shared.closed(why);
        why
    }

    fn run(&mut self, opened: Event<A::Mail>) -> Result<Close, Close> {
        self.tell(opened)?;
        loop {
            self.carry_out()?;
            let sent = self.flush()?;
            if let Some(why) = self.session.is_done() {
                return Ok(why);
            }
            if sent && !self.session.wants_read() {
                // The session may have been waiting for room.
                self.tell(Event::Bytes)?;
                continue;
            }
            if self.can_digest() {
                self.digest()?;
            } else if self.end == End::Ahead && self.session.wants_read() {
                self.read_or_tick()?;
            } else {
                self.sleep_and_tick()?;
            }
        }
    }

    fn tell(&mut self, event: Event<A::Mail>) -> Result<Progress, Close> {
        let buffers = (&mut self.recv, &mut self.send);
        let names = (self.id, self.peer);
        let told = self.shared.tell(&mut self.session, event, names, buffers, &mut self.effects);
        self.outbox.extend(self.effects.drain(..));
        told
    }

    fn can_digest(&self) -> bool {
        let unread = !self.recv.is_empty() && !self.starved;
        self.session.wants_read() && (unread || self.end == End::Seen)
    }

    /// Lets the session process its input until it starves, or has printed enough to be sent first.
    fn digest(&mut self) -> Result<(), Close> {
        while self.can_digest() && self.session.is_done().is_none() {
            if self.recv.is_empty() || self.starved {
                self.end = End::Told;
                self.tell(Event::Eof)?;
            } else {
                self.starved = self.tell(Event::Bytes)? == Progress::Starved;
            }
            if self.send.len() >= self.shared.limits.output_high {
                // Once that is sent there is room again, which the session may be waiting for.
                self.starved = false;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Applies the session's effects immediately, and sends the resulting output at once.
    fn carry_out(&mut self) -> Result<(), Close> {
        while let Some(effect) = self.outbox.pop_front() {
            match effect {
                Effect::Submit(ticket, job) => {
                    let outcome = self.outcome(job);
                    self.starved = false;
                    self.tell(Event::Done(ticket, outcome))?;
                    self.flush()?;
                }
                Effect::Post(to, mail) if to == self.id => {
                    self.tell(Event::Mail(mail))?;
                }
                // A thread that waits in a read receives no messages: see `Need::Messages`.
                Effect::Post(..) => {}
                Effect::Dial(Target::Peer(to), kind) => self.refuse(to.addr, kind),
                // No thread is left to run it: each thread or process has its client.
                Effect::Dial(Target::Task | Target::Child(_), kind) => self.refuse(self.peer, kind),
            }
        }
        Ok(())
    }

    fn outcome(&self, job: Job) -> Outcome {
        match job.place() {
            Place::Worker(job) | Place::Reader(job) => {
                catch_unwind(AssertUnwindSafe(|| compute(job))).unwrap_or(Outcome::Panicked)
            }
            Place::Committer(0, request) => self.shared.commit(request),
            // There are no other files.
            Place::Committer(..) => Outcome::Panicked,
        }
    }

    /// Reports to a session that its connection is not made, and delivers its messages. See
    /// `Need::Dialling`.
    fn refuse(&mut self, to: SocketAddr, kind: A::Kind) {
        let id = self.shared.next_id();
        let mut session = A::Session::open(kind, id, Instant::now());
        let refused = Event::Refused(Refusal::Connection(Close::Unreachable));
        let buffers = (&mut RecvBuf::default(), &mut SendBuf::default());
        let _ = self.shared.tell(&mut session, refused, (id, to), buffers, &mut self.effects);
        self.outbox.extend(self.effects.drain(..));
        self.shared.closed(Close::Unreachable);
    }

    /// Sends all output. Returns true if there was any.
    fn flush(&mut self) -> Result<bool, Close> {
        let waited = !self.send.is_empty();
        let limits = &self.shared.limits;
        let mut pace = Pace::of_output(Instant::now(), limits);
        while !self.send.is_empty() {
            let patience = left(pace.deadline(limits.send_timeout, limits));
            let patience = patience.ok_or(Close::SlowReader)?;
            self.stream.set_write_timeout(Some(patience)).map_err(|_| Close::Lost)?;
            let sent = match self.send.file() {
                None => {
                    let mut slices = [IoSlice::new(b""); SLICES];
                    let (filled, _) = self.send.slices(&mut slices, limits.turn_bytes);
                    (&mut &*self.stream).write_vectored(&slices[..filled])
                }
                Some((file, range)) => {
                    let piece = read(file, range).map_err(|_| Close::Changed)?;
                    (&mut &*self.stream).write(&piece)
                }
            };
            match sent {
                Ok(0) => return Err(Close::Lost),
                Ok(count) => {
                    self.send.advance(count);
                    pace.moved(count, Instant::now());
                }
                Err(error) if is_nothing(&error) => {}
                Err(_) => return Err(Close::Lost),
            }
        }
        Ok(waited)
    }

    fn read_or_tick(&mut self) -> Result<(), Close> {
        let deadline = self.session.deadline().map(Deadline::at);
        let patience = deadline.map(left);
        // Also once after the deadline: earlier input may not have been read yet.
        if std::mem::replace(&mut self.looked, patience == Some(None)) && patience == Some(None) {
            self.looked = false;
            self.tell(Event::Tick)?;
            return Ok(());
        }
        let patience = patience.map(|patience| patience.unwrap_or(LOOK));
        self.stream.set_read_timeout(patience).map_err(|_| Close::Lost)?;
        match self.recv.fill(READ_BYTES, |into| (&mut &*self.stream).read(into)) {
            Ok(0) => self.end = End::Seen,
            Ok(_) => self.starved = false,
            // If the deadline has passed, the next rounds notice it.
            Err(error) if is_nothing(&error) => {}
            Err(_) => return Err(Close::Lost),
        }
        Ok(())
    }

    /// Sleeps until the deadline. A disconnect of the peer is noticed when writing.
    fn sleep_and_tick(&mut self) -> Result<(), Close> {
        // Effects are applied before waiting, so nothing else could still happen.
        let deadline = self.session.deadline().ok_or(Close::Aborted)?;
        if let Some(rest) = left(deadline.at()) {
            thread::sleep(rest);
        }
        self.tell(Event::Tick)?;
        Ok(())
    }

    /// Closes after everything is sent. Unless the peer has ended too, our half is closed and the
    /// other one read out, within bounds: closing a socket with unread input resets it, and the
    /// peer would lose the last answer.
    fn linger(&mut self) {
        if self.end != End::Ahead || self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let mut linger = Linger::start(Instant::now(), limits::LINGER);
        let mut discarded = [0; 4 * KIB];
        while let Some(rest) = left(linger.deadline()) {
            if linger.left() == 0 || self.stream.set_read_timeout(Some(rest)).is_err() {
                return;
            }
            match (&mut &*self.stream).read(&mut discarded) {
                Ok(0) => return,
                Ok(count) => linger.discarded(count, Instant::now()),
                Err(error) if is_nothing(&error) => {}
                Err(_) => return,
            }
        }
    }
}

/// Time for checking a socket whose deadline has passed: the kernel's minimum.
const LOOK: Duration = Duration::from_micros(1);

/// Reads a piece of a file, which must be unchanged afterwards. Waiting for the disk delays no
/// other client here.
fn read(file: &Opened, range: Range<u64>) -> io::Result<Vec<u8>> {
    let most = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let mut piece = vec![0; most.min(FILE_BYTES)];
    let count = file.read_at(&mut piece, range.start)?;
    file.check()?;
    piece.truncate(count);
    Ok(piece)
}

/// Runs the whole computation in this thread.
fn compute(mut job: Compute) -> Outcome {
    loop {
        let slice = job.cut().expect("no slice is out, so one is left");
        if let Some(outcome) = job.merge(slice.run()) {
            return outcome;
        }
    }
}

/// Returns the time left until a moment; `None` if it has passed. The kernel counts in
/// microseconds, and treats zero as no limit.
fn left(until: Instant) -> Option<Duration> {
    let rest = until.saturating_duration_since(Instant::now());
    (!rest.is_zero()).then(|| rest.max(Duration::from_micros(1)))
}

/// Returns true for a timeout, or an interruption by a signal.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
