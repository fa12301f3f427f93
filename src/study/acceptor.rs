//! Acceptor: one thread accepts, N threads serve.
//!
//! ```text
//!   acceptor   accept ─▶ put ─▶ accept ─▶ put …
//!                         │ queue, bounded
//!   N threads            take ─▶ serve ─▶ take ─▶ …
//! ```
//! Accepting is separate from serving, as with a loop that hands work to a pool: a client is known
//! to the process before a thread is free for it, and could be refused or reordered. The queue is
//! as long as the pool is wide; beyond that the acceptor itself waits, and clients stay in the
//! kernel's backlog, where they cost the least.
//!
//! In `strace -f`: `accept4` only ever in one thread, a `futex` for each hand-over.

use super::Setup;
use super::serve::{accept, complain, serve};
use crate::app::App;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Serves until a signal ends the process.
///
/// # Errors
/// Returns the operating system's error if it has no thread at all.
pub fn run<A: App>(setup: Setup<A>) -> io::Result<Infallible> {
    let Setup { listener, kind, shared, workers, .. } = setup;
    let (queue, clients) = mpsc::sync_channel::<(TcpStream, SocketAddr)>(workers);
    let clients = Mutex::new(clients);
    let (shared, clients) = (&shared, &clients);
    thread::scope(|scope| {
        for number in 1..=workers {
            let thread = thread::Builder::new().name(format!("serve-{number}"));
            let work = move || {
                while let Some(client) = take(clients) {
                    serve(client, kind, shared);
                }
            };
            if let Err(error) = thread.spawn_scoped(scope, work) {
                complain("no thread for a worker", &error);
                if number == 1 {
                    return Err(error);
                }
                break;
            }
        }
        loop {
            if let Some(client) = accept(&listener) {
                queue.send(client).expect("the other end is in this function, too");
            }
        }
    })
}

/// Takes a client: one thread waits for the queue, the others for the lock. Returns `None` when the
/// acceptor has ended.
fn take(clients: &Mutex<Receiver<(TcpStream, SocketAddr)>>) -> Option<(TcpStream, SocketAddr)> {
    clients.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
