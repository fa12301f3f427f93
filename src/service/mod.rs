//! What the server does: state machines over values, and the waist that drivers see of them.
//!
//! A driver (the loop in `net`, a blocking one, a test) opens a [`Session`] per connection and
//! tells it what happened by [`Session::handle`]; three getters say what the session wants, and
//! effects say what it asks for. No session does I/O, reads a clock or reaches another session.
//!
//! ```text
//!   open ─▶ handle(event) ─▶ output in cx.send, requests in cx.effects
//!             ▲      │
//!             └──────┴─▶ deadline() · wants_read() · is_done()
//! ```

#![forbid(unsafe_code)]

mod answer;
pub mod chat;
mod database;
mod deadline;
pub mod http;
mod in_place;
mod kind;
pub mod legacy;
pub mod lockout;
pub mod panel;
pub mod pi;
pub mod pow;
mod recent;
mod router;
pub mod store;
pub mod web;

pub use answer::{Answer, Pending, Wait};
pub use deadline::Deadline;
pub use in_place::InPlace;
pub use kind::Kind;

use crate::buf::{RecvBuf, SendBuf};
use crate::client;
use crate::stats::{Close, Handler, Stats};
use crate::work::{Job, Outcome};
use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

/// A connection's name: its place in the table, and which occupant of that place it is. A name
/// outlives its connection without ever meaning another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Place in the table of connections.
    pub slot: u32,
    /// Counts the occupants of all places.
    pub generation: u32,
}

/// How bytes travel.
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
    /// How to reach it. Over UDP a conversation is one datagram each way.
    pub transport: Transport,
    /// Where it is.
    pub addr: SocketAddr,
}

/// The session's own name for a job, given back with its outcome.
pub type Ticket = u32;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The connection stands. `local` is our end of a dialled one.
    Opened {
        /// Our own address, if the connection was dialled.
        local: Option<SocketAddr>,
    },
    /// Look at the input again: there are new bytes, the last call advanced, or output that had
    /// to wait has drained.
    Bytes,
    /// The peer will send nothing more. What it sent before is in the input, for the last time.
    Eof,
    /// The deadline has come.
    Tick,
    /// A job is done.
    Done(Ticket, Outcome),
    /// Another session posted this.
    Mail(Mail),
    /// An effect could not be carried out.
    Refused(Refusal),
}

/// What a session asks the driver for.
#[derive(Debug)]
pub enum Effect {
    /// Do this elsewhere, and tell me.
    Submit(Ticket, Job),
    /// Give this to that session, if it still lives.
    Post(Id, Mail),
    /// Open a connection to there and a session of this kind on it.
    Dial(Endpoint, Kind),
    /// Open a session of this kind without a connection: what it does outlives who asked for it.
    Open(Kind),
    /// Start this program once more, with these arguments, and open a session of this kind for
    /// what it prints.
    Spawn(Vec<String>, Kind),
}

/// What sessions tell each other.
#[derive(Debug, Clone)]
pub enum Mail {
    /// What the probe for this ticket found: the value, if the answer was one.
    Probed(Ticket, Option<f64>),
    /// The search that was asked for under this ticket is over.
    Searched(Ticket),
    /// The search of this session was given up by somebody else.
    Cancelled,
    /// Something about the bookstore.
    Store(store::Notice),
    /// Something that the chat's lobby says.
    Chat(chat::lobby::Notice),
    /// To the clients of a helpdesk: look again whether it is over.
    Rung,
    /// What the fetch came to that was waited for under this ticket.
    Fetched(Ticket, web::site::Fetched),
}

/// What could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This job: the queue is full.
    Job(Ticket),
    /// The input that this session holds: it is needed for others. Whoever can answers, and ends;
    /// the others are ended.
    Input,
    /// The connection itself: it could not be established, or it is lost. The last event.
    Connection,
}

/// Whether `handle` got anywhere with the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Yes: if input is left, call again.
    Advanced,
    /// No: not before something else happens.
    Starved,
}

/// All that a session may touch while it handles an event, besides its input.
pub struct Cx<'a> {
    /// The session's own name.
    pub id: Id,
    /// The other end.
    pub peer: SocketAddr,
    /// The turn's time.
    pub now: Instant,
    /// The same moment by the calendar.
    pub wall: SystemTime,
    /// Whether the server is ending: answer, then close.
    pub draining: bool,
    /// Output.
    pub send: &'a mut SendBuf,
    /// The state of each service.
    pub world: &'a mut World,
    /// The loop's counters.
    pub stats: &'a mut Stats,
    /// The loop's generator, seeded.
    pub rng: &'a mut fastrand::Rng,
    /// What is left of the turn's time for small jobs.
    pub in_place: &'a mut InPlace,
    /// Lines for the access log.
    pub log: &'a mut Vec<web::log::Record>,
    /// Requests to the driver, carried out after `handle` has returned.
    pub effects: &'a mut Vec<Effect>,
}

/// The state of every service. Each session is handed what it works on; none has methods here.
#[derive(Debug)]
pub struct World {
    /// What all HTTP sessions share.
    pub web: web::State,
    /// The π web service.
    pub pi: pi::State,
    /// The legacy π server.
    pub legacy: legacy::State,
    /// Proof of work.
    pub pow: pow::State,
    /// The bookstore.
    pub store: store::State,
    /// The live chat.
    pub chat: chat::State,
    /// The panel.
    pub panel: panel::State,
    /// Who guessed tokens and secrets lately, on any listener.
    pub lockout: lockout::Lockout,
    /// What the clients of proof of work have seen.
    pub load: client::line::Seen,
    /// What the clients of a helpdesk share.
    pub helpdesk: client::chat::Run,
    /// The load test whose clients these are, if they are.
    pub tester: Option<Box<client::load::Run>>,
}

/// A conversation with one peer.
#[derive(Debug)]
pub enum Session {
    /// HTTP.
    Http(http::Session<http::Face>),
    /// The legacy π server.
    Legacy(legacy::Session),
    /// Proof of work, over lines.
    Pow(pow::line::Session),
    /// The live chat, over lines.
    Chat(chat::line::Session),
    /// An agent of a helpdesk.
    Helper(client::chat::helper::Session),
    /// A visitor of one.
    Patron(client::chat::patron::Session),
    /// Who sends the visitors.
    Usher(client::chat::usher::Session),
    /// What keeps the chat's time and books.
    Keeper(chat::keeper::Session),
    /// A query to a legacy π server.
    Probe(client::legacy::Session),
    /// A client of proof of work.
    Line(client::line::Session),
    /// A search for a proof.
    Search(pow::jobs::Session),
    /// What keeps the bookstore's log.
    Ledger(store::log::task::Session),
    /// A connection with a replica of the bookstore.
    Upstream(store::front::peers::Session),
    /// One question to any server.
    Once(client::once::Session),
    /// A client of a load test.
    Load(client::load::Session),
    /// The load test at a click.
    Tester(panel::tester::Session),
    /// A fetch of a file of the site.
    Fetch(web::site::Session),
}

impl Session {
    /// A session at its beginning. The driver then tells it [`Event::Opened`].
    pub fn open(kind: Kind, id: Id, now: Instant) -> Session {
        match kind {
            Kind::Http(face) => Session::Http(http::Session::open(face, now)),
            Kind::Legacy(transport) => Session::Legacy(legacy::Session::open(transport, now)),
            Kind::Pow => Session::Pow(pow::line::Session::open(now)),
            Kind::Chat => Session::Chat(chat::line::Session::open(now)),
            Kind::Helper => Session::Helper(client::chat::helper::Session::open()),
            Kind::Patron => Session::Patron(client::chat::patron::Session::open()),
            Kind::Usher => Session::Usher(client::chat::usher::Session::open()),
            Kind::Keeper => Session::Keeper(chat::keeper::Session::open(now)),
            Kind::Probe(probe) => Session::Probe(client::legacy::Session::open(probe, id)),
            Kind::Line => Session::Line(client::line::Session::open(now)),
            Kind::Search(name) => Session::Search(pow::jobs::Session::open(name)),
            Kind::Ledger => Session::Ledger(store::log::task::Session::open(now)),
            Kind::Upstream(peer) => {
                Session::Upstream(store::front::peers::Session::open(peer, now))
            }
            Kind::Once(once) => Session::Once(client::once::Session::open(once)),
            Kind::Load(seat) => Session::Load(client::load::Session::open(seat, now)),
            Kind::Tester => Session::Tester(panel::tester::Session::open(now)),
            Kind::Fetch(name) => Session::Fetch(web::site::Session::open(name)),
        }
    }

    /// Something happened. Consumes input, prints output, asks for effects; uses up at most one
    /// request. Bad input becomes output: there is no error to return.
    pub fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if let Some(area) = self.area() {
            cx.stats.at_work(area);
        }
        match self {
            Session::Http(session) => session.handle(event, recv, cx),
            Session::Legacy(session) => session.handle(&event, recv, cx),
            Session::Pow(session) => session.handle(event, recv, cx),
            Session::Chat(session) => session.handle(event, recv, cx),
            Session::Helper(session) => session.handle(&event, recv, cx),
            Session::Patron(session) => session.handle(&event, recv, cx),
            Session::Usher(session) => session.handle(&event, cx),
            Session::Keeper(session) => session.handle(&event, cx),
            Session::Probe(session) => session.handle(&event, recv, cx),
            Session::Line(session) => session.handle(&event, recv, cx),
            Session::Search(session) => session.handle(&event, cx),
            Session::Ledger(session) => session.handle(event, cx),
            Session::Upstream(session) => session.handle(&event, recv, cx),
            Session::Once(session) => session.handle(&event, recv, cx),
            Session::Load(session) => session.handle(&event, recv, cx),
            Session::Tester(session) => session.handle(&event, recv, cx),
            Session::Fetch(session) => session.handle(event, cx),
        }
    }

    /// Whose code [`Session::handle`] runs. HTTP finds out by the path.
    fn area(&self) -> Option<Handler> {
        match self {
            Session::Http(_)
            | Session::Line(_)
            | Session::Once(_)
            | Session::Helper(_)
            | Session::Patron(_)
            | Session::Usher(_)
            | Session::Load(_) => None,
            Session::Legacy(_) | Session::Probe(_) => Some(Handler::Legacy),
            Session::Pow(_) | Session::Search(_) => Some(Handler::Pow),
            Session::Ledger(_) | Session::Upstream(_) => Some(Handler::Store),
            Session::Chat(_) | Session::Keeper(_) => Some(Handler::Chat),
            Session::Fetch(_) => Some(Handler::Site),
            Session::Tester(_) => Some(Handler::Panel),
        }
    }

    /// When to call [`Session::handle`] with [`Event::Tick`], unless something happens before.
    pub fn deadline(&self) -> Option<Deadline> {
        match self {
            Session::Http(session) => session.deadline(),
            Session::Legacy(session) => session.deadline(),
            Session::Pow(session) => session.deadline(),
            Session::Chat(session) => session.deadline(),
            Session::Helper(session) => session.deadline(),
            Session::Patron(session) => session.deadline(),
            Session::Usher(session) => session.deadline(),
            Session::Keeper(session) => session.deadline(),
            Session::Probe(session) => session.deadline(),
            Session::Line(session) => session.deadline(),
            Session::Search(session) => session.deadline(),
            Session::Ledger(session) => session.deadline(),
            Session::Upstream(session) => session.deadline(),
            Session::Once(session) => session.deadline(),
            Session::Load(session) => session.deadline(),
            Session::Tester(session) => session.deadline(),
            Session::Fetch(session) => session.deadline(),
        }
    }

    /// Whether more input would be looked at. If not, the driver stops reading.
    pub fn wants_read(&self) -> bool {
        match self {
            Session::Http(session) => session.wants_read(),
            Session::Legacy(_)
            | Session::Search(_)
            | Session::Fetch(_)
            | Session::Keeper(_)
            | Session::Usher(_)
            | Session::Ledger(_) => false,
            Session::Upstream(session) => session.is_done().is_none(),
            Session::Pow(session) => session.wants_read(),
            Session::Chat(session) => session.wants_read(),
            Session::Helper(session) => session.is_done().is_none(),
            Session::Patron(session) => session.is_done().is_none(),
            Session::Probe(session) => session.is_done().is_none(),
            Session::Line(session) => session.is_done().is_none(),
            Session::Once(session) => session.is_done().is_none(),
            Session::Load(session) => session.wants_read(),
            Session::Tester(session) => session.is_done().is_none(),
        }
    }

    /// Whether, and why, the conversation is over. The driver flushes the output and closes.
    pub fn is_done(&self) -> Option<Close> {
        match self {
            Session::Http(session) => session.is_done(),
            Session::Legacy(session) => session.is_done(),
            Session::Pow(session) => session.is_done(),
            Session::Chat(session) => session.is_done(),
            Session::Helper(session) => session.is_done(),
            Session::Patron(session) => session.is_done(),
            Session::Usher(session) => session.is_done(),
            Session::Keeper(session) => session.is_done(),
            Session::Probe(session) => session.is_done(),
            Session::Line(session) => session.is_done(),
            Session::Search(session) => session.is_done(),
            Session::Ledger(session) => session.is_done(),
            Session::Upstream(session) => session.is_done(),
            Session::Once(session) => session.is_done(),
            Session::Load(session) => session.is_done(),
            Session::Tester(session) => session.is_done(),
            Session::Fetch(session) => session.is_done(),
        }
    }
}
