//! The same sessions under other serving models: which clients wait while another one is served?
//!
//! [`serve`] runs one session and blocks wherever it has to. Each model is a file that holds only
//! its difference from the others: its calls of `serve`.
//!
//! ```text
//!   iterative     accept → serve → accept → serve → …
//!   threaded      accept → a thread: serve
//!   forked        accept → a process: serve
//!   prethreaded   N threads: accept in turn → serve
//!   preforked     N processes: accept → serve
//!   acceptor      accept → queue → N threads: serve
//!   loop          see `net`: one thread, all at once
//! ```
//! The models know no protocol: they use sockets, threads, processes and the clock, but neither
//! `wire` nor `net`.

pub mod gauge;
pub mod load;
pub mod serve;
pub mod shared;

mod acceptor;
mod forked;
mod iterative;
mod preforked;
mod prethreaded;
mod threaded;

use crate::app::App;
use crate::limits;
use shared::SharedState;
use socket2::{Domain, Protocol, Socket, Type};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// A serving model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// One client at a time.
    Iterative,
    /// A thread per connection.
    Threaded,
    /// A process per connection.
    Forked,
    /// Threads started first, one of them accepting at a time.
    Prethreaded,
    /// Processes started first, all of them accepting.
    Preforked,
    /// One thread accepts for a pool of others.
    Acceptor,
    /// The event loop of `net`.
    Loop,
}

/// The parts of a blocking server.
#[derive(Debug)]
pub struct Setup<A: App> {
    /// The socket that clients connect to.
    pub listener: TcpListener,
    /// The kind of session for each.
    pub kind: A::Kind,
    /// The state that they share.
    pub shared: SharedState<A>,
    /// Threads or processes of the models that start them first.
    pub workers: usize,
    /// Maximum clients for the models that start a thread or process for each.
    pub connections_max: usize,
}

/// Serves until a signal ends the process.
pub type Run<A> = fn(Setup<A>) -> io::Result<Infallible>;

/// A feature that a service may need of its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Peers whose sessions send each other messages.
    Messages,
    /// Connections that the server itself makes for a client.
    Dialling,
}

/// Default limit of clients for which a thread or a process is started: a thousand of either is
/// what a small machine can carry, and what the usual limit of descriptors allows.
pub const CONNECTIONS_MAX: usize = 1000;

impl Model {
    /// All models, in the order of presentation.
    pub const ALL: [Model; 7] = [
        Model::Iterative,
        Model::Threaded,
        Model::Forked,
        Model::Prethreaded,
        Model::Preforked,
        Model::Acceptor,
        Model::Loop,
    ];

    /// Returns the name in flags, tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Model::Iterative => "iterative",
            Model::Threaded => "threaded",
            Model::Forked => "forked",
            Model::Prethreaded => "prethreaded",
            Model::Preforked => "preforked",
            Model::Acceptor => "acceptor",
            Model::Loop => "loop",
        }
    }

    /// Returns a short description.
    pub fn about(self) -> &'static str {
        match self {
            Model::Iterative => "one client at a time",
            Model::Threaded => "a thread per connection",
            Model::Forked => "a process per connection",
            Model::Prethreaded => "N threads, one accepting at a time",
            Model::Preforked => "N processes on one listener",
            Model::Acceptor => "an acceptor and a pool of N threads",
            Model::Loop => "the event loop, one thread",
        }
    }

    /// Returns the function that runs it; none for the loop.
    pub fn run<A: App>(self) -> Option<Run<A>> {
        match self {
            Model::Iterative => Some(iterative::run),
            Model::Threaded => Some(threaded::run),
            Model::Forked => Some(forked::run),
            Model::Prethreaded => Some(prethreaded::run),
            Model::Preforked => Some(preforked::run),
            Model::Acceptor => Some(acceptor::run),
            Model::Loop => None,
        }
    }

    /// Returns the reason why it lacks a feature, if it does.
    pub fn lacks(self, need: Need) -> Option<&'static str> {
        match (self, need) {
            (Model::Loop, Need::Messages | Need::Dialling) => None,
            (Model::Iterative, Need::Messages) => {
                Some("the second peer waits until the first left")
            }
            (Model::Forked | Model::Preforked, Need::Messages) => Some("processes share no lobby"),
            (Model::Threaded | Model::Prethreaded | Model::Acceptor, Need::Messages) => {
                Some("a thread that waits in a read receives no message")
            }
            (
                Model::Iterative
                | Model::Threaded
                | Model::Forked
                | Model::Prethreaded
                | Model::Preforked
                | Model::Acceptor,
                Need::Dialling,
            ) => Some("a thread that waits for a client cannot wait for another server, too"),
        }
    }

    /// Returns the number of clients served at once.
    pub fn at_once(self, workers: usize) -> usize {
        match self {
            Model::Iterative => 1,
            Model::Prethreaded | Model::Preforked | Model::Acceptor => workers,
            Model::Threaded | Model::Forked | Model::Loop => usize::MAX,
        }
    }

    /// Returns the minimum time for `clients` that come at once, if each takes `mean` on average,
    /// up to `longest`: no order of serving is faster than an even distribution of the work, nor
    /// than the longest piece.
    pub fn ideal(self, clients: usize, workers: usize, mean: Duration, longest: Duration) -> f64 {
        let at_once = self.at_once(workers).min(clients).max(1);
        let even = mean.as_secs_f64() * clients as f64 / at_once as f64;
        even.max(longest.as_secs_f64())
    }
}

/// Creates a listener like that of the loop, but a blocking one.
///
/// # Errors
/// Returns the operating system's error.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    if addr.is_ipv6() {
        // `[::]` and `0.0.0.0` are two listeners, on every system alike.
        socket.set_only_v6(true)?;
    }
    socket.bind(&addr.into())?;
    socket.listen(limits::BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ideals_are_service_time_by_clients_over_hands() {
        let (mean, longest) = (Duration::from_millis(300), Duration::from_millis(500));
        let ideal = |model: Model, clients| model.ideal(clients, 8, mean, longest);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(ideal(Model::Iterative, 100), 30.0);
        close(ideal(Model::Preforked, 80), 3.0);
        close(ideal(Model::Loop, 300), 0.5);
        close(ideal(Model::Acceptor, 3), 0.5);
        close(ideal(Model::Iterative, 1), 0.5);
    }

    #[test]
    fn what_a_model_cannot_do_has_a_reason_and_the_loop_can_do_all() {
        for model in Model::ALL {
            for need in [Need::Messages, Need::Dialling] {
                let reason = model.lacks(need);
                assert_eq!(reason.is_none(), model == Model::Loop, "{model:?} {need:?}");
                assert!(reason.is_none_or(|reason| !reason.ends_with('.')));
            }
        }
    }
}
