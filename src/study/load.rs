//! The load: clients that all start at once, each a client session on a separate thread.
//!
//! They use the same driver as the blocking models. Each measures its own time, from the common
//! start to the end of its session, including the time in the backlog.

use super::serve::ask;
use super::shared::SharedState;
use crate::app::App;
use crate::stats::Close;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::{Duration, Instant};
use std::{io, thread};

/// The result of one client.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// Time from the common start to the end of this client.
    pub elapsed: Duration,
    /// The reason of the end; `None` if the connection could not be started.
    pub close: Option<Close>,
}

impl Fate {
    /// Returns true if the client got its answer.
    pub fn is_good(&self) -> bool {
        self.close == Some(Close::Finished)
    }
}

/// The common start. It is the same moment for all: a thread that wakes up later has been waiting
/// meanwhile, while others may have been served.
struct Start {
    barrier: Barrier,
    at: OnceLock<Instant>,
}

impl Start {
    /// Creates a start for so many threads.
    fn of(parties: usize) -> Start {
        Start { barrier: Barrier::new(parties), at: OnceLock::new() }
    }

    /// Waits for all threads, and returns the moment of the start.
    fn wait(&self) -> Instant {
        self.barrier.wait();
        *self.at.get_or_init(Instant::now)
    }
}

/// Stack of a client's thread: its buffers are on the heap.
const STACK_BYTES: usize = 128 * 1024;

/// Sends `clients` of this kind to `addr` at the same moment. Yields one result for each, in the
/// order in which they end.
///
/// # Errors
/// Returns the operating system's error if it has not enough threads; then no client starts.
pub fn start<A: App>(
    addr: SocketAddr,
    kind: A::Kind,
    clients: usize,
    shared: &Arc<SharedState<A>>,
) -> io::Result<Receiver<Fate>> {
    let (fates, received) = mpsc::channel();
    // The last party is this thread: the others wait until all are there.
    let start = Arc::new(Start::of(clients + 1));
    for _ in 0..clients {
        let (fates, start, shared) = (fates.clone(), Arc::clone(&start), Arc::clone(shared));
        thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            let begin = start.wait();
            let close =
                TcpStream::connect(addr).ok().map(|stream| ask(&stream, addr, kind, &shared));
            // The receiver may be gone: an interrupted study has ended.
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
