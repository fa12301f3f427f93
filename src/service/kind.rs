//! Which kinds of sessions there are.

use super::{Transport, http, pow, store, web};
use crate::client;
use crate::stats::Party;

/// What to open: one variant per kind of session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTTP on one of the listeners.
    Http(http::Face),
    /// The legacy π server.
    Legacy(Transport),
    /// Proof of work, over lines.
    Pow,
    /// The live chat, over lines.
    Chat,
    /// What keeps the chat's time and books, without a peer.
    Keeper,
    /// One query to a legacy π server, on behalf of another session.
    Probe(client::legacy::Probe),
    /// A client of proof of work, to measure a server with.
    Line,
    /// A search for a proof, which has no peer.
    Search(pow::table::Name),
    /// What keeps the bookstore's log, which has no peer.
    Ledger,
    /// A connection of the bookstore's front with one of its replicas.
    Upstream(store::front::peers::Peer),
    /// One question to any server, whose answer is only judged.
    Once(client::once::Once),
    /// An agent of a helpdesk, to measure a chat with.
    Helper,
    /// A visitor of one.
    Patron,
    /// Who sends the visitors, without a peer.
    Usher,
    /// A client of a load test.
    Load(client::load::Seat),
    /// The load test at a click: what its process says.
    Tester,
    /// The fetch of a file of the site, which has no peer.
    Fetch(web::site::Name),
}

impl Kind {
    /// Whether the peer has the first word, so that nothing can be said to it before.
    pub fn peer_begins(self) -> bool {
        match self {
            Kind::Http(_) | Kind::Pow => true,
            Kind::Legacy(_)
            | Kind::Chat
            | Kind::Keeper
            | Kind::Probe(_)
            | Kind::Line
            | Kind::Search(_)
            | Kind::Ledger
            | Kind::Upstream(_)
            | Kind::Once(_)
            | Kind::Helper
            | Kind::Patron
            | Kind::Usher
            | Kind::Load(_)
            | Kind::Tester
            | Kind::Fetch(_) => false,
        }
    }

    /// As whom a peer of this kind of session is counted.
    pub fn party(self) -> Party {
        match self {
            Kind::Http(http::Face::Web) => Party::Visitor,
            Kind::Http(http::Face::Panel) => Party::Operator,
            Kind::Http(http::Face::Catalog(_) | http::Face::Order(_))
            | Kind::Legacy(_)
            | Kind::Pow
            | Kind::Chat
            | Kind::Keeper
            | Kind::Probe(_)
            | Kind::Line
            | Kind::Search(_)
            | Kind::Ledger
            | Kind::Upstream(_)
            | Kind::Once(_)
            | Kind::Helper
            | Kind::Patron
            | Kind::Usher
            | Kind::Load(_)
            | Kind::Tester
            | Kind::Fetch(_) => Party::Line,
        }
    }
}
