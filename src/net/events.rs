//! Waiting for the kernel, and decoding its reports.

use super::conn::Readiness;
use super::system::cannot;
use mio::event::Event;
use mio::{Events, Poll};
use std::io;
use std::time::Duration;

/// Waits for the kernel. When a stopped process continues, it is interrupted, and polls again at
/// once: its deadlines may have passed.
pub fn wait(poll: &mut Poll, events: &mut Events, mut timeout: Option<Duration>) -> io::Result<()> {
    loop {
        match poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                timeout = Some(Duration::ZERO);
            }
            polled => return polled.map_err(cannot("wait for events")),
        }
    }
}

/// Returns the kernel's sleep for a timeout: it counts in milliseconds, and rounds up.
pub fn slept(timeout: Duration) -> Duration {
    const MILLISECOND_NS: u128 = 1_000_000;
    let ms = timeout.as_nanos().div_ceil(MILLISECOND_NS);
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// Returns the readiness that an event reports.
pub fn readiness(event: &Event) -> Readiness {
    Readiness {
        readable: event.is_readable(),
        writable: event.is_writable(),
        ending: event.is_read_closed() || event.is_error(),
    }
}
