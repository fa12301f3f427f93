//! The services of the server: state machines over values.
//!
//! [`Server`] is the [`App`] that they form together. `app` explains how a driver sees a session;
//! the aliases below are its types with the server's own filled in.

#![forbid(unsafe_code)]

mod answer;
pub mod chat;
mod database;
pub mod http;
mod kind;
pub mod legacy;
pub mod lockout;
pub mod panel;
pub mod pi;
pub mod pow;
pub mod probe;
mod recent;
mod router;
pub mod site;
pub mod store;
pub mod web;

pub use crate::app::{
    Deadline, Endpoint, Id, InPlace, Progress, Refusal, Target, Ticket, Transport,
};
pub use answer::{Answer, Pending, Wait};
pub use kind::Kind;

use crate::app::{self, App};
use crate::buf::RecvBuf;
use crate::stats::{Close, Handler};
use std::time::Instant;

/// The server.
#[derive(Debug)]
pub struct Server;

impl App for Server {
    type Kind = Kind;
    type Session = Session;
    type World = World;
    type Mail = Mail;
    type Record = web::log::Record;
}

/// An event of a session of the server.
pub type Event = app::Event<Mail>;

/// An effect of a session of the server.
pub type Effect = app::Effect<Server>;

/// The context of a session of the server.
pub type Cx<'a> = app::Cx<'a, Server>;

/// Messages between sessions.
#[derive(Debug, Clone)]
pub enum Mail {
    /// The probe with this ticket has ended: the value, if the answer was one.
    Probed(Ticket, Option<f64>),
    /// The search with this ticket has ended.
    Searched(Ticket),
    /// Another session has cancelled the work of this one.
    Cancelled,
    /// A notice of the bookstore.
    Store(store::Notice),
    /// A notice of the chat's lobby.
    Chat(chat::lobby::Notice),
    /// The fetch with this ticket has ended.
    Fetched(Ticket, site::Fetched),
}

/// The state of every service. A session works on its own field; `World` has no methods.
#[derive(Debug)]
pub struct World {
    /// The state that all HTTP sessions share.
    pub web: web::State,
    /// The static site.
    pub site: site::State,
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
    /// Addresses of recent guesses of tokens or secrets, on any listener.
    pub lockout: lockout::Lockout,
}

/// A connection with one peer, or a task without a peer.
#[derive(Debug)]
pub enum Session {
    /// HTTP.
    Http(http::Session<http::ListenerRole>),
    /// The legacy π server.
    Legacy(legacy::Session),
    /// Proof of work, over lines.
    Pow(pow::line::Session),
    /// The live chat, over lines.
    Chat(chat::line::Session),
    /// The task that runs the chat's timers and writes its books.
    ChatTask(chat::task::Session),
    /// A query to a legacy π server.
    Probe(probe::Session),
    /// A search for a proof.
    Search(pow::jobs::Session),
    /// The task that writes the bookstore's log.
    LogTask(store::log::task::LogTask),
    /// A connection with a replica of the bookstore.
    Upstream(store::front::peers::Session),
    /// The load test that the panel starts.
    Tester(panel::tester::Session),
    /// A fetch of a file of the site.
    Fetch(site::Session),
}

impl Session {
    /// Returns the service that `handle` works for; HTTP determines it by the path.
    fn area(&self) -> Option<Handler> {
        match self {
            Session::Http(_) => None,
            Session::Legacy(_) | Session::Probe(_) => Some(Handler::Legacy),
            Session::Pow(_) | Session::Search(_) => Some(Handler::Pow),
            Session::LogTask(_) | Session::Upstream(_) => Some(Handler::Store),
            Session::Chat(_) | Session::ChatTask(_) => Some(Handler::Chat),
            Session::Fetch(_) => Some(Handler::Site),
            Session::Tester(_) => Some(Handler::Panel),
        }
    }
}

impl app::Session<Server> for Session {
    fn open(kind: Kind, _id: Id, now: Instant) -> Session {
        match kind {
            Kind::Http(role) => Session::Http(http::Session::open(role, now)),
            Kind::Legacy(transport) => Session::Legacy(legacy::Session::open(transport, now)),
            Kind::Pow => Session::Pow(pow::line::Session::open(now)),
            Kind::Chat => Session::Chat(chat::line::Session::open(now)),
            Kind::ChatTask => Session::ChatTask(chat::task::Session::open(now)),
            Kind::Probe(probe) => Session::Probe(probe::Session::open(probe)),
            Kind::Search(name) => Session::Search(pow::jobs::Session::open(name)),
            Kind::LogTask => Session::LogTask(store::log::task::LogTask::open(now)),
            Kind::Upstream(peer) => {
                Session::Upstream(store::front::peers::Session::open(peer, now))
            }
            Kind::Tester => Session::Tester(panel::tester::Session::open(now)),
            Kind::Fetch(name) => Session::Fetch(site::Session::open(name)),
        }
    }

    fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if let Some(area) = self.area() {
            cx.stats.at_work(area);
        }
        match self {
            Session::Http(session) => session.handle(event, recv, cx),
            Session::Legacy(session) => session.handle(&event, recv, cx),
            Session::Pow(session) => session.handle(event, recv, cx),
            Session::Chat(session) => session.handle(event, recv, cx),
            Session::ChatTask(session) => session.handle(&event, cx),
            Session::Probe(session) => session.handle(&event, recv, cx),
            Session::Search(session) => session.handle(&event, cx),
            Session::LogTask(session) => session.handle(event, cx),
            Session::Upstream(session) => session.handle(&event, recv, cx),
            Session::Tester(session) => session.handle(&event, recv, cx),
            Session::Fetch(session) => session.handle(event, cx),
        }
    }

    fn deadline(&self) -> Option<Deadline> {
        match self {
            Session::Http(session) => session.deadline(),
            Session::Legacy(session) => session.deadline(),
            Session::Pow(session) => session.deadline(),
            Session::Chat(session) => session.deadline(),
            Session::ChatTask(session) => session.deadline(),
            Session::Probe(session) => session.deadline(),
            Session::Search(session) => session.deadline(),
            Session::LogTask(session) => session.deadline(),
            Session::Upstream(session) => session.deadline(),
            Session::Tester(session) => session.deadline(),
            Session::Fetch(session) => session.deadline(),
        }
    }

    fn wants_read(&self) -> bool {
        match self {
            Session::Http(session) => session.wants_read(),
            Session::Pow(session) => session.wants_read(),
            Session::Chat(session) => session.wants_read(),
            Session::Upstream(_) | Session::Probe(_) | Session::Tester(_) => {
                self.is_done().is_none()
            }
            Session::Legacy(_)
            | Session::Search(_)
            | Session::Fetch(_)
            | Session::ChatTask(_)
            | Session::LogTask(_) => false,
        }
    }

    fn is_done(&self) -> Option<Close> {
        match self {
            Session::Http(session) => session.is_done(),
            Session::Legacy(session) => session.is_done(),
            Session::Pow(session) => session.is_done(),
            Session::Chat(session) => session.is_done(),
            Session::ChatTask(session) => session.is_done(),
            Session::Probe(session) => session.is_done(),
            Session::Search(session) => session.is_done(),
            Session::LogTask(session) => session.is_done(),
            Session::Upstream(session) => session.is_done(),
            Session::Tester(session) => session.is_done(),
            Session::Fetch(session) => session.is_done(),
        }
    }
}
