//! The kinds of sessions of the server.

use super::{Transport, http, pow, probe, site, store};

/// The kind of a session: one variant for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTTP on one of the listeners.
    Http(http::ListenerRole),
    /// The legacy π server.
    Legacy(Transport),
    /// Proof of work, over lines.
    Pow,
    /// The live chat, over lines.
    Chat,
    /// The task that runs the chat's timers and writes its books.
    ChatTask,
    /// One query to a legacy π server, on behalf of another session.
    Probe(probe::Probe),
    /// The task of a search for a proof.
    Search(pow::table::Name),
    /// The task that writes the bookstore's log.
    LogTask,
    /// A connection of the bookstore's front to one of its replicas.
    Upstream(store::front::peers::Peer),
    /// The child process of the load test that the panel starts.
    Tester,
    /// The task that fetches a file of the site.
    Fetch(site::Name),
}
