//! The waist: everything that a driver and an application know of each other.
//!
//! A driver (the loop in `net`, a blocking one in `study`, a test) opens a [`Session`] for each
//! connection and reports events by [`Session::handle`]. Three getters return the state that the
//! driver acts on, and effects carry the session's requests. A session does no I/O, reads no clock
//! and never reaches another session.
//!
//! ```text
//!   open ─▶ handle(event) ─▶ output in cx.send, requests in cx.effects
//!             ▲      │
//!             └──────┴─▶ deadline() · wants_read() · is_done()
//! ```
//!
//! An [`App`] names the types that its sessions share. The server is one, each client tool is
//! another; `examples/echo.rs` is the smallest.

#![forbid(unsafe_code)]

mod deadline;
mod in_place;

pub use deadline::Deadline;
pub use in_place::InPlace;

use crate::buf::{RecvBuf, SendBuf};
use crate::stats::{Close, Stats};
use crate::work::{Job, Outcome};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

/// An application: the types that a driver is generic over.
pub trait App: Debug + Sized + 'static {
    /// The kinds of sessions, one value for each.
    type Kind: Debug + Copy + Send + 'static;
    /// The sessions.
    type Session: Session<Self>;
    /// The state that all sessions share.
    type World: Debug + Send + 'static;
    /// Messages between sessions.
    type Mail: Debug + Clone;
    /// Entries for a log that the caller of the driver writes.
    type Record: Debug + Send + 'static;
}

/// A connection with one peer, or a task without a peer.
pub trait Session<A: App>: Debug + Sized {
    /// Opens a session. The driver reports [`Event::Opened`] next.
    fn open(kind: A::Kind, id: Id, now: Instant) -> Self;

    /// Handles an event: consumes input, prints output, requests effects, and uses up at most one
    /// request. Bad input becomes output, so there is no error to return.
    fn handle(&mut self, event: Event<A::Mail>, recv: &mut RecvBuf, cx: &mut Cx<'_, A>)
    -> Progress;

    /// Returns when to report [`Event::Tick`], unless another event comes first.
    fn deadline(&self) -> Option<Deadline>;

    /// Returns true if the session would process more input. If not, the driver stops reading.
    fn wants_read(&self) -> bool {
        self.is_done().is_none()
    }

    /// Returns the reason for the end, once the session is over. The driver flushes the output and
    /// closes the connection.
    fn is_done(&self) -> Option<Close>;
}

/// The name of a connection: its slot in the table, and the generation of the slot. A name outlives
/// its connection without ever matching another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Index in the table of connections.
    pub slot: u32,
    /// Counts the occupants of all slots.
    pub generation: u32,
}

/// The transport of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams; each peer of a socket is a session of its own.
    Udp,
}

/// The other end of an outgoing connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The transport. Over UDP a session is one datagram each way.
    pub transport: Transport,
    /// The address.
    pub addr: SocketAddr,
}

/// The other end of a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A peer at an address.
    Peer(Endpoint),
    /// Nothing: the session is a task, which outlives the session that asked for it.
    Task,
    /// A child process: this program again, with these arguments. Its output is the input of the
    /// session.
    Child(Vec<String>),
}

/// A session's own name for a job, returned with its outcome.
pub type Ticket = u32;

/// An event for a session.
#[derive(Debug)]
pub enum Event<M> {
    /// The connection is established. `local` is our end of a dialled one.
    Opened {
        /// Our own address, if the connection was dialled.
        local: Option<SocketAddr>,
    },
    /// Process the input again: there are new bytes, the last call advanced, or pending output has
    /// drained.
    Bytes,
    /// The peer will send nothing more. The input holds its last bytes.
    Eof,
    /// The deadline has passed.
    Tick,
    /// A job is done.
    Done(Ticket, Outcome),
    /// A message from another session.
    Mail(M),
    /// An effect could not be carried out.
    Refused(Refusal),
}

/// A request to the driver.
#[derive(Debug)]
pub enum Effect<A: App> {
    /// Run this job on another thread, and report its outcome.
    Submit(Ticket, Job),
    /// Deliver this to that session, if it is still open.
    Post(Id, A::Mail),
    /// Open a session of this kind, connected to the target.
    Dial(Target, A::Kind),
}

/// A failed effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This job: the queue is full.
    Job(Ticket),
    /// The input that this session holds: others need its memory. A session that can answer does so
    /// and ends; the driver ends the others.
    Input,
    /// The connection itself, for this reason: it could not be established, or it is lost. No event
    /// follows.
    Connection(Close),
}

/// The result of [`Session::handle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Input was used: if some is left, call again.
    Advanced,
    /// No input was used, and none will be before another event.
    Starved,
}

/// The context of a session while it handles an event, besides its input.
pub struct Cx<'a, A: App> {
    /// The session's own id.
    pub id: Id,
    /// The address of the peer.
    pub peer: SocketAddr,
    /// The time of the turn.
    pub now: Instant,
    /// The same moment as a calendar time.
    pub wall: SystemTime,
    /// True while the process shuts down: answer, then close.
    pub draining: bool,
    /// Output.
    pub send: &'a mut SendBuf,
    /// The shared state.
    pub world: &'a mut A::World,
    /// The counters of the driver.
    pub stats: &'a mut Stats,
    /// The seeded generator of the driver.
    pub rng: &'a mut fastrand::Rng,
    /// The remaining budget of the turn for small jobs.
    pub in_place: &'a mut InPlace,
    /// Entries for the log.
    pub log: &'a mut Vec<A::Record>,
    /// Requests to the driver, applied after `handle` has returned.
    pub effects: &'a mut Vec<Effect<A>>,
}
