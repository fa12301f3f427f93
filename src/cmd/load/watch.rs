//! A line of progress on a terminal, and the end of a run that is complete.

use super::document::counts;
use super::options::{Format, Options};
use super::result::{answers, object};
use crate::client::load::Run;
use crate::report::shown;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Interval of progress reports.
pub(super) const EVERY: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Progress {
    told: Told,
    next: Option<Instant>,
    requests_before: u64,
    time: Duration,
    requests: Option<u64>,
    written: bool,
}

/// The reader of progress reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    None,
    Terminal,
    /// The server that started this.
    Server,
}

impl Progress {
    pub(super) fn new(options: &Options) -> Progress {
        let told = match options.format {
            Format::Lines => Told::Server,
            Format::Text if io::stderr().is_terminal() && !options.debug => Told::Terminal,
            Format::Text | Format::Json | Format::Csv | Format::Quiet => Told::None,
        };
        let time = options.warmup + options.duration;
        let requests = options.requests;
        Progress { told, next: None, requests_before: 0, time, requests, written: false }
    }

    /// Returns whether to go on.
    pub(super) fn look(&mut self, run: &mut Run, now: Instant) -> bool {
        if run.is_complete() {
            return false;
        }
        match self.next {
            Some(next) if now < next => return true,
            Some(_) => {}
            None => {
                self.next = Some(now + EVERY);
                return true;
            }
        }
        self.next = Some(now + EVERY);
        let elapsed = now.saturating_duration_since(run.plan.start);
        match self.told {
            Told::None => true,
            Told::Terminal => {
                self.line(run, elapsed);
                true
            }
            // The reader is gone, and so is the server.
            Told::Server => self.report(run, elapsed).is_ok(),
        }
    }

    fn share(&self, run: &Run, elapsed: Duration) -> f64 {
        let by_time = elapsed.as_secs_f64() / self.time.as_secs_f64().max(1e-9);
        let by_count = self.requests.map_or(0.0, |all| run.tally.requests as f64 / all as f64);
        by_time.max(by_count).min(1.0)
    }

    fn line(&mut self, run: &Run, elapsed: Duration) {
        let fresh = answers(run).saturating_sub(self.requests_before);
        self.requests_before = answers(run);
        let rate = shown(Some(fresh as f64 / EVERY.as_secs_f64()));
        let (share, bad) = (self.share(run, elapsed), counts(run));
        let seconds = elapsed.as_secs_f64();
        let left = seconds / share.max(1e-9) - seconds;
        let percent = share * 100.0;
        let _ = write!(
            io::stderr(),
            "\r\x1b[K{percent:3.0} %  {seconds:.1} s, {left:.0} s left  {rate}/s  {bad}"
        );
        self.written = true;
    }

    fn report(&self, run: &Run, elapsed: Duration) -> io::Result<()> {
        let line = object([
            ("progress", format!("{:.4}", self.share(run, elapsed))),
            ("elapsed_s", format!("{:.3}", elapsed.as_secs_f64())),
        ]);
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// Takes the line away again.
    pub(super) fn wipe(&self) {
        if self.written {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
