//! The load: clients that come all at once, each a client session on a thread of its own.
//!
//! They run through the same driver as the blocking models do. Each measures its own time, from
//! the common start to the end of its conversation, the wait in the backlog included.

use super::serve::ask;
use super::shared::SharedState;
use crate::app::App;
use crate::stats::Close;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::{Duration, Instant};
use std::{io, thread};

/// How one client fared.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// From the start of all to the end of this one.
    pub elapsed: Duration,
    /// How its conversation ended; none could be begun if there is no reason.
    pub close: Option<Close>,
}

impl Fate {
    /// Whether it got what it came for.
    pub fn is_good(&self) -> bool {
        self.close == Some(Close::Finished)
    }
}

/// The moment in which all begin. It is the same one for all: whose thread wakes up later has
/// waited meanwhile, and others may have been served.
struct Start {
    barrier: Barrier,
    at: OnceLock<Instant>,
}

impl Start {
    /// For so many.
    fn of(parties: usize) -> Start {
        Start { barrier: Barrier::new(parties), at: OnceLock::new() }
    }

    /// Waits until all do, and says when that was.
    fn wait(&self) -> Instant {
        self.barrier.wait();
        *self.at.get_or_init(Instant::now)
    }
}

/// A thread of a client: its buffers are on the heap.
const STACK_BYTES: usize = 128 * 1024;

/// Sends `clients` of this kind to `addr` at the same moment. One fate comes out for each, in
/// the order in which they end.
///
/// # Errors
/// The operating system's, when it has not that many threads to give; then nobody starts.
pub fn start<A: App>(
    addr: SocketAddr,
    kind: A::Kind,
    clients: usize,
    shared: &Arc<SharedState<A>>,
) -> io::Result<Receiver<Fate>> {
    let (fates, received) = mpsc::channel();
    // The last party is this thread: whoever is already there waits until all are.
    let start = Arc::new(Start::of(clients + 1));
    for _ in 0..clients {
        let (fates, start, shared) = (fates.clone(), Arc::clone(&start), Arc::clone(shared));
        thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            let begin = start.wait();
            let close =
                TcpStream::connect(addr).ok().map(|stream| ask(&stream, addr, kind, &shared));
            // Nobody need be there to hear it: an interrupted study has gone.
            let _ = fates.send(Fate { elapsed: begin.elapsed(), close });
        })?;
    }
    start.wait();
    Ok(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_begin_in_the_same_moment() {
        let start = Start::of(20);
        let moments = thread::scope(|scope| {
            let threads = [(); 20].map(|()| scope.spawn(|| start.wait()));
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(moments.iter().all(|moment| *moment == moments[0]), "{moments:?}");
    }
}
