//! Iterative: accept a client, serve it to its end, accept the next.
//!
//! ```text
//!   accept ─▶ serve ─▶ accept ─▶ serve ─▶ …
//! ```
//! The simplest server. Nothing is shared, so clients cannot affect each other's state; and the
//! last of N clients waits for the N − 1 before it. Waiting clients are in the kernel's backlog:
//! their connections are established and their requests received, but not read. A silent client
//! delays all others, until its deadline.
//!
//! In `strace`: one process, `accept4`, then all calls for one descriptor until its `close`.

use super::Setup;
use super::serve::{accept, serve};
use crate::app::App;
use std::convert::Infallible;
use std::io;

/// Serves until a signal ends the process.
///
/// # Errors
/// None; the type is that of all models.
pub fn run<A: App>(setup: Setup<A>) -> io::Result<Infallible> {
    let Setup { listener, kind, shared, .. } = setup;
    loop {
        if let Some(client) = accept(&listener) {
            serve(client, kind, &shared);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SharedState, listen, shared::Seed};
    use super::*;
    use crate::check::world;
    use crate::limits::Limits;
    use crate::service::{Kind, Server, Transport};
    use std::io::Read;
    use std::net::TcpStream;
    use std::path::PathBuf;
    use std::thread;
    use std::time::{Duration, Instant};

    /// The sum of the service times, not a single one.
    #[test]
    fn the_second_client_waits_for_the_first() {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let addr = listener.local_addr().unwrap();
        let limits = Limits::default();
        let mut world = world(limits);
        let delay = Duration::from_millis(30);
        world.legacy.delay = delay..=delay;
        let shared = SharedState::<Server>::new(limits, world, Seed::Fixed(1), PathBuf::new());
        let kind = Kind::Legacy(Transport::Tcp);
        thread::spawn(move || {
            run(Setup { listener, kind, shared, workers: 1, connections_max: 1 })
        });
        let begin = Instant::now();
        let mut clients = [(); 2].map(|()| TcpStream::connect(addr).unwrap());
        for (place, client) in clients.iter_mut().enumerate() {
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            assert!(text.starts_with("3."), "{text}");
            client.shutdown(std::net::Shutdown::Both).unwrap();
            assert!(begin.elapsed() >= delay * (place as u32 + 1));
        }
    }
}
