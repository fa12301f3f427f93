//! Sleep with microsecond precision. A poll counts its timeout in milliseconds and rounds up, which
//! is too coarse if several requests are due within one.
//!
//! Whole milliseconds are still slept in the poll. Only the rest uses the kernel's timer, which
//! takes a system call to set.

use super::system::cannot;
use super::token::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// The timer; see the module.
#[derive(Debug)]
pub struct TimerFd {
    timer: OwnedFd,
    /// The time that it is set to.
    at: Option<Instant>,
}

const MILLISECOND: Duration = Duration::from_millis(1);

impl TimerFd {
    /// Creates an unset timer. It is never read: an edge is reported each time that it fires.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn start(registry: &Registry) -> io::Result<TimerFd> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).map_err(io::Error::from);
        let timer = timer.map_err(cannot("open a timer"))?;
        let mut source = SourceFd(&timer.as_raw_fd());
        registry
            .register(&mut source, Source::TimerFd.token(), Interest::READABLE)
            .map_err(cannot("watch a timer"))?;
        Ok(TimerFd { timer, at: None })
    }

    /// Returns the timeout of the poll for a wake-up at `at`: never too long.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn timeout(&mut self, now: Instant, at: Instant) -> io::Result<Duration> {
        let left = at.saturating_duration_since(now);
        if left >= MILLISECOND {
            return Ok(Duration::from_millis(left.as_millis() as u64));
        }
        if !left.is_zero() && self.at != Some(at) {
            let it_value = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            let setting = Itimerspec { it_interval, it_value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting)
                .map_err(|error| cannot("set a timer")(error.into()))?;
            self.at = Some(at);
        }
        // Longer than the timer takes.
        Ok(if left.is_zero() { left } else { MILLISECOND })
    }
}
