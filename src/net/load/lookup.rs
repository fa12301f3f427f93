//! Name resolution on a separate thread: the system's resolver may block for any time, and a
//! program that waits for it does not handle signals.
//!
//! A thread that is no longer awaited is abandoned; it holds no shared resource.

use mio::Waker;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

/// A lookup in progress; see the module.
#[derive(Debug)]
pub struct Lookup(Arc<Mutex<Option<Answer>>>);

/// The result of a lookup.
#[derive(Debug)]
pub enum Answer {
    /// An address.
    Found(SocketAddr),
    /// None.
    Failed(io::Error),
}

impl Lookup {
    /// Resolves `HOST:PORT`, and wakes a poll afterwards. The addresses of a name are tried until
    /// one accepts a connection, but not after `until`.
    ///
    /// # Errors
    /// Fails if there is no thread.
    pub fn start(address: &str, until: Instant, waker: &Arc<Waker>) -> io::Result<Lookup> {
        let slot = Arc::new(Mutex::new(None));
        let (filled, waker, address) = (Arc::clone(&slot), Arc::clone(waker), address.to_owned());
        thread::Builder::new().name("lookup".to_owned()).spawn(move || {
            let answer = find(&address, until);
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            // If the poll is gone, no one waits.
            let _ = waker.wake();
        })?;
        Ok(Lookup(slot))
    }

    /// Returns the result, once there is one.
    pub fn answer(&self) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn find(address: &str, until: Instant) -> Answer {
    let none = || io::Error::other("the name has no address");
    let found = address.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    match found.and_then(|addrs| reachable(&addrs, until).ok_or_else(none)) {
        Ok(addr) => Answer::Found(addr),
        Err(error) => Answer::Failed(error),
    }
}

/// Returns the first address that accepts a connection; a single address is not tried. A name may
/// have several, such as `localhost` with `::1`, and few servers listen on all.
fn reachable(addrs: &[SocketAddr], until: Instant) -> Option<SocketAddr> {
    let takes = |addr: &&SocketAddr| {
        // Half of the remaining time: a silent address leaves time for the next.
        let left = until.saturating_duration_since(Instant::now()) / 2;
        TcpStream::connect_timeout(addr, left.max(Duration::from_millis(1))).is_ok()
    };
    let one = addrs.len() == 1;
    addrs.iter().find(|addr| one || takes(addr)).or(addrs.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn of_several_addresses_one_is_taken_that_takes_connections() {
        let until = Instant::now() + Duration::from_secs(2);
        let reachable = |addrs: &[SocketAddr]| reachable(addrs, until);
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let here = open.local_addr().unwrap();
        assert_eq!(reachable(&[closed, here]), Some(here));
        assert_eq!(
            reachable(&[closed, closed]),
            Some(closed),
            "that it does not, the run will tell"
        );
        open.set_nonblocking(true).unwrap();
        while open.accept().is_ok() {}
        assert_eq!(reachable(&[here]), Some(here));
        assert!(open.accept().is_err(), "one alone is not tried");
        assert_eq!(reachable(&[]), None);
    }
}
