//! The shutdown of the process: a hanging disk, pipe or terminal must not delay it by more than the
//! grace period, nor beyond a second signal.
//!
//! ```text
//!   loop over ─▶ threads end ─▶ last lines ─▶ exit       the guard: grace or second signal,
//!      └────────────┴───────────────┴── hangs ──▶ exit 1          and WIND_UP later
//! ```

use super::system::{self, cannot};
use super::{END, Ended, Log, Loop, OpenListener, accept};
use crate::app::App;
use crate::limits::{self, WIND_UP};
use rustix::process::Signal;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Interval of checks whether a thread has ended.
const LOOK: Duration = Duration::from_millis(5);

/// The exit code of a shutdown that was cut short.
const ABORTED: i32 = 1;

impl<A: App> Loop<A> {
    /// Ends a turn, and the loop if the shutdown is complete.
    pub(super) fn close(&mut self) -> Option<usize> {
        let context = &mut self.reactor.context;
        match &self.log {
            Some(log) => context.stats.log_lines_dropped += log.put(&mut context.log),
            None => context.log.clear(),
        }
        if self.asked_to_end == 0 {
            return None;
        }
        let now = context.now;
        let since = match context.draining {
            Some(since) => since,
            None => {
                if let Err(error) = guard(now + self.grace, &END) {
                    log::warn!("nothing guards the end: {error}");
                }
                self.drain_backlogs();
                self.reactor.drain();
                now
            }
        };
        for listener in &mut self.listeners {
            let finished = match listener {
                OpenListener::Tcp(_) => true,
                // Pending requests may still call our own server.
                OpenListener::Udp(datagrams) => datagrams.waiting() == 0 && self.reactor.is_empty(),
                OpenListener::Closed => false,
            };
            if finished {
                *listener = OpenListener::Closed;
            }
        }
        let closed = |listener: &_| matches!(listener, OpenListener::Closed);
        if self.reactor.is_empty() && self.listeners.iter().all(closed) {
            return Some(0);
        }
        if self.asked_to_end > 1 || now >= since + self.grace {
            return Some(self.reactor.abort());
        }
        None
    }

    /// Accepts all waiting connections: closing a listener resets its backlog.
    fn drain_backlogs(&mut self) {
        for listener in &mut self.listeners {
            let OpenListener::Tcp(acceptor) = listener else { continue };
            acceptor.ready = true;
            for _ in 0..limits::BACKLOG as usize / limits::ACCEPTS_PER_TURN {
                if acceptor.is_open(self.reactor.context.now) {
                    accept(acceptor, &mut self.reactor, &mut self.failures);
                }
            }
        }
    }

    /// Runs after the last turn: pending log lines and database requests are still written, within
    /// the rest of the grace period.
    pub(super) fn wind_up(mut self, in_flight: usize) -> Ended {
        let mut threads = self.reactor.outside.end();
        threads.extend(self.log.as_mut().and_then(Log::end));
        let least = Instant::now() + WIND_UP;
        let until = match self.reactor.context.draining {
            Some(since) if self.asked_to_end == 1 => least.max(since + self.grace),
            Some(_) | None => least,
        };
        let is_end = |signal: i32| END.iter().any(|end| end.as_raw() == signal);
        let again = || self.signals.pending().any(is_end);
        let threads = wait(threads, until, again);
        match (in_flight, &threads[..]) {
            (0, []) => Ended::Clean,
            _ => Ended::Aborted { in_flight, threads },
        }
    }
}

/// Ends the process from a separate thread at `until`, or at another of `signals`, plus
/// [`WIND_UP`]. It outlives the loop, since standard error may hang, too.
///
/// # Errors
/// Returns the operating system's error if it has no thread.
pub fn guard(until: Instant, signals: &[Signal]) -> io::Result<()> {
    let again = Arc::new(AtomicBool::new(false));
    for signal in signals {
        signal_hook::flag::register(signal.as_raw(), Arc::clone(&again))
            .map_err(cannot(format_args!("catch {signal:?}")))?;
    }
    system::thread("ending", move || {
        while Instant::now() < until && !again.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
        }
        thread::sleep(2 * WIND_UP);
        signal_hook::low_level::exit(ABORTED)
    })?;
    Ok(())
}

/// Waits for threads until they have ended, `until` has passed or `stop` returns true. Returns the
/// names of the others, which are detached and end with the process.
pub fn wait(
    mut threads: Vec<JoinHandle<()>>,
    until: Instant,
    mut stop: impl FnMut() -> bool,
) -> Vec<String> {
    loop {
        join(threads.extract_if(.., |thread| thread.is_finished()));
        if threads.is_empty() || Instant::now() >= until || stop() {
            return threads.iter().map(name).collect();
        }
        thread::sleep(LOOK);
    }
}

/// Waits for threads without a limit.
pub fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        let name = name(&thread);
        if thread.join().is_err() {
            log::error!("the thread {name} had panicked");
        }
    }
}

fn name(thread: &JoinHandle<()>) -> String {
    thread.thread().name().unwrap_or("without a name").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn named(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        thread::Builder::new().name(name.to_owned()).spawn(body).unwrap()
    }

    #[test]
    fn threads_that_end_are_waited_for_and_the_others_are_named() {
        let (release, hang) = mpsc::channel::<()>();
        let quick = named("quick", || {});
        let hung = named("hung", move || hang.recv().unwrap_or_default());
        let soon = Instant::now() + Duration::from_millis(50);
        assert_eq!(wait(vec![quick, hung], soon, || false), ["hung"]);
        drop(release);
        let far = Instant::now() + Duration::from_secs(60);
        assert_eq!(wait(vec![named("quick", || {})], far, || false), [""; 0]);
    }

    #[test]
    fn a_signal_ends_the_wait_at_once() {
        let (_release, hang) = mpsc::channel::<()>();
        let hung = named("hung", move || hang.recv().unwrap_or_default());
        let far = Instant::now() + Duration::from_secs(60);
        assert_eq!(wait(vec![hung], far, || true), ["hung"]);
        assert!(Instant::now() < far);
    }
}
