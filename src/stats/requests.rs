//! Requests answered over HTTP: their number, their durations, and the last ten.
//!
//! The duration of an answer is known only when its bytes have been passed to the kernel, and the
//! driver reports that with a clock read at that moment: the time of the turn would hide every
//! blocking step. Until then a printed answer waits in a list, with one entry for all identical
//! ones, which are counted together.
//! counted with them.

use super::histogram::{Buckets, Recent};
use super::label::{self, CODES, Handler};
use crate::names::Method;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// An answer that was printed.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// Time at which the request was complete.
    pub began: Instant,
    /// The same time by the calendar.
    pub wall: SystemTime,
    /// The client's address.
    pub client: SocketAddr,
    /// The method.
    pub method: Method,
    /// The service that answered.
    pub handler: Handler,
    /// The status code.
    pub status: u16,
    /// Bytes of the content.
    pub bytes: u64,
    /// The cache status.
    pub cache: Option<&'static str>,
}

/// One of the last requests.
#[derive(Debug, Clone)]
pub struct Latest {
    /// The answer.
    pub answered: Answered,
    /// The path, possibly truncated.
    pub path: String,
    /// Time at which it was passed to the kernel; `None` before.
    offered: Option<Instant>,
    /// Number of identical answers in a row that were sent together.
    times: usize,
}

impl Latest {
    /// Returns the time from the end of the request until its answer was passed to the kernel;
    /// `None` before.
    pub fn took(&self) -> Option<Duration> {
        self.offered.map(|at| at.saturating_duration_since(self.answered.began))
    }
}

/// Number of requests that are kept for display.
const LATEST: usize = 10;

/// Bytes of a path that are kept for display.
pub const PATH_BYTES_MAX: usize = 200;

/// The request statistics; see the module.
#[derive(Debug)]
pub struct Requests {
    counts: Box<[[[u64; CODES.len()]; Method::ALL.len()]; Handler::ALL.len()]>,
    durations: [Buckets; Handler::ALL.len()],
    recent: Recent,
    per_second: PerSecond,
    total: u64,
    errors: u64,
    /// The last requests, in a ring, identical ones as one entry; and the index of the newest.
    latest: Vec<Latest>,
    newest: usize,
    /// Printed answers of this step.
    printed: Vec<Printed>,
}

/// Identical answers printed in a row to requests of the same moment: those that are sent together
/// are measured and counted together.
#[derive(Debug, Clone, Copy)]
struct Printed {
    began: Instant,
    kind: (Handler, Method, u16),
    count: u64,
}

impl Default for Requests {
    fn default() -> Requests {
        Requests {
            counts: Box::new([[[0; CODES.len()]; Method::ALL.len()]; Handler::ALL.len()]),
            durations: Default::default(),
            recent: Recent::default(),
            per_second: PerSecond::default(),
            total: 0,
            errors: 0,
            latest: Vec::new(),
            newest: 0,
            printed: Vec::new(),
        }
    }
}

impl Requests {
    /// Records a printed answer. The panel's own answers are not among the last requests.
    pub(super) fn printed(&mut self, answered: Answered, path: &str) {
        let Answered { handler, method, status, began, .. } = answered;
        let kind = (handler, method, status);
        let is_next = match self.printed.last_mut() {
            Some(last) if last.kind == kind && last.began == began => {
                last.count += 1;
                true
            }
            Some(_) | None => {
                self.printed.push(Printed { began, kind, count: 1 });
                false
            }
        };
        if is_counted(handler) && !(is_next && self.repeats(&answered, path)) {
            self.keep(answered, path);
        }
    }

    /// Merges an answer into the newest one, if kind, time and client are the same; returns true if
    /// it did.
    fn repeats(&mut self, answered: &Answered, path: &str) -> bool {
        let newest = &mut self.latest[self.newest];
        let Answered { bytes, cache, .. } = newest.answered;
        let alike = bytes == answered.bytes && cache == answered.cache && newest.path == path;
        newest.times += usize::from(alike);
        alike
    }

    fn keep(&mut self, answered: Answered, path: &str) {
        if self.latest.len() < LATEST {
            self.newest = self.latest.len();
            let latest = Latest { answered, path: path.to_owned(), offered: None, times: 1 };
            return self.latest.push(latest);
        }
        self.newest = if self.newest + 1 < LATEST { self.newest + 1 } else { 0 };
        let latest = &mut self.latest[self.newest];
        latest.answered = answered;
        latest.offered = None;
        latest.times = 1;
        latest.path.clear();
        latest.path.push_str(path);
    }

    /// Records that all printed answers have been passed to the kernel.
    pub(super) fn offered(&mut self, now: Instant) {
        for Printed { began, kind: (handler, method, status), count } in self.printed.drain(..) {
            let took = now.saturating_duration_since(began);
            self.counts[handler as usize][method as usize][label::code(status)] += count;
            self.durations[handler as usize].record(took, count);
            if is_counted(handler) {
                self.total += count;
                self.errors += if status >= 400 { count } else { 0 };
                self.recent.record(took, count, now);
                self.per_second.add(now, count);
            }
        }
        let split = self.latest.len().min(self.newest + 1);
        let (newer, older) = self.latest.split_at_mut(split);
        let newest_first = newer.iter_mut().rev().chain(older.iter_mut().rev());
        for latest in newest_first.take_while(|latest| latest.offered.is_none()) {
            latest.offered = Some(now);
        }
    }

    /// Returns true if answers wait for [`Requests::offered`].
    pub(super) fn is_waiting(&self) -> bool {
        !self.printed.is_empty()
    }

    /// Returns the number of answered requests, without the panel's own.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns the share of them that were answered with 4xx or 5xx.
    pub fn error_share(&self) -> f64 {
        self.errors as f64 / self.total.max(1) as f64
    }

    /// Iterates over the counts that are not zero.
    pub fn counts(&self) -> impl Iterator<Item = (Method, u16, Handler, u64)> {
        Handler::ALL.into_iter().flat_map(move |handler| {
            Method::ALL.into_iter().flat_map(move |method| {
                let counts = CODES.iter().zip(&self.counts[handler as usize][method as usize]);
                counts
                    .filter(|(_, count)| **count > 0)
                    .map(move |(code, count)| (method, *code, handler, *count))
            })
        })
    }

    /// Returns the durations since the start.
    pub fn durations(&self, handler: Handler) -> &Buckets {
        &self.durations[handler as usize]
    }

    /// Returns recent durations, without the panel's own.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// Returns the mean since the start, in seconds, without the panel's own.
    pub fn mean_s(&self) -> f64 {
        let counted = || Handler::ALL.into_iter().filter(|handler| is_counted(*handler));
        let sum_s = counted().map(|handler| self.durations(handler).sum_s()).sum::<f64>();
        let count = counted().map(|handler| self.durations(handler).count()).sum::<u64>();
        sum_s / count.max(1) as f64
    }

    /// Returns the requests per second, over the last two to three seconds.
    pub fn rate(&self, now: Instant) -> f64 {
        self.per_second.rate(now)
    }

    /// Iterates over the last requests, the newest first.
    pub fn latest(&self) -> impl Iterator<Item = &Latest> {
        let (newer, older) = self.latest.split_at(self.latest.len().min(self.newest + 1));
        let newest_first = newer.iter().rev().chain(older.iter().rev());
        newest_first.flat_map(|latest| std::iter::repeat_n(latest, latest.times)).take(LATEST)
    }
}

fn is_counted(handler: Handler) -> bool {
    handler != Handler::Panel
}

/// Amounts per second, for the last few seconds.
#[derive(Debug, Clone, Default)]
pub struct PerSecond {
    /// Time of the first amount, from which seconds are counted.
    start: Option<Instant>,
    /// The current second, and its end.
    second: u64,
    until: Option<Instant>,
    amounts: [u64; PerSecond::KEPT],
}

impl PerSecond {
    /// The current second, and two complete ones.
    const KEPT: usize = 3;

    /// Records an amount at `now`.
    pub fn add(&mut self, now: Instant, amount: u64) {
        if self.until.is_none_or(|until| now >= until) {
            self.turn_over(now);
        }
        self.amounts[(self.second % PerSecond::KEPT as u64) as usize] += amount;
    }

    #[cold]
    fn turn_over(&mut self, now: Instant) {
        let start = *self.start.get_or_insert(now);
        let second = now.saturating_duration_since(start).as_secs();
        let passed = (second - self.second).min(PerSecond::KEPT as u64);
        for later in 0..passed {
            self.amounts[((second - later) % PerSecond::KEPT as u64) as usize] = 0;
        }
        self.second = second;
        self.until = Some(start + Duration::from_secs(second + 1));
    }

    /// Returns the amount per second, over the seconds that are kept.
    pub fn rate(&self, now: Instant) -> f64 {
        let Some(start) = self.start else { return 0.0 };
        let since = now.saturating_duration_since(start);
        let whole = PerSecond::KEPT as u64 - 1;
        let first = since.as_secs().saturating_sub(whole);
        let kept = (self.second.saturating_sub(whole)..=self.second).filter(|at| *at >= first);
        let sum = kept.map(|at| self.amounts[(at % PerSecond::KEPT as u64) as usize]).sum::<u64>();
        sum as f64 / (since.as_secs_f64() - first as f64).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn answered(began: Instant, handler: Handler, status: u16) -> Answered {
        Answered {
            began,
            wall: UNIX_EPOCH,
            client: "127.0.0.1:50000".parse().unwrap(),
            method: Method::Get,
            handler,
            status,
            bytes: 3,
            cache: None,
        }
    }

    #[test]
    fn the_last_ten_are_kept_newest_first_with_their_durations() {
        let start = Instant::now();
        let mut requests = Requests::default();
        for number in 0..23_u64 {
            requests.printed(answered(start, Handler::Site, 200), &format!("/{number}"));
            if number % 4 == 3 {
                requests.offered(start + Duration::from_millis(number));
            }
        }
        let paths = requests.latest().map(|latest| latest.path.as_str()).collect::<Vec<_>>();
        assert_eq!(paths, ["/22", "/21", "/20", "/19", "/18", "/17", "/16", "/15", "/14", "/13"]);
        let took = requests.latest().map(Latest::took).collect::<Vec<_>>();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(took[..4], [None, None, None, ms(19)]);
        assert_eq!(took[6..], [ms(19), ms(15), ms(15), ms(15)]);
        assert_eq!((requests.total(), requests.recent().count()), (20, 20), "three are not out");
    }

    #[test]
    fn answers_that_are_alike_are_kept_as_one_and_shown_each() {
        let start = Instant::now();
        let mut requests = Requests::default();
        for step in 0..3_u32 {
            let began = start + Duration::from_millis(step.into());
            for _ in 0..3 {
                requests.printed(answered(began, Handler::Site, 200), "/");
            }
            requests.printed(answered(began, Handler::Site, 404), "/");
            requests.printed(answered(began, Handler::Site, 404), "/b");
            let long = Answered { bytes: 4, ..answered(began, Handler::Site, 404) };
            requests.printed(long, "/b");
            requests.printed(answered(began, Handler::Panel, 200), "/b");
            requests.offered(began + Duration::from_millis(10));
        }
        let shown = requests.latest().map(|latest| {
            let Answered { status, bytes, .. } = latest.answered;
            (latest.path.as_str(), status, bytes, latest.took().is_some())
        });
        let shown = shown.collect::<Vec<_>>();
        let step = [("/b", 404, 4, true), ("/b", 404, 3, true), ("/", 404, 3, true)];
        let rest = [("/", 200, 3, true); 3];
        assert_eq!(shown, [&step[..], &rest, &step, &rest[..1]].concat());
        assert_eq!(requests.latest.len(), LATEST);
        assert_eq!(requests.total(), 18);
    }

    #[test]
    fn the_panel_counts_itself_only_where_it_says_so() {
        let start = Instant::now();
        let mut requests = Requests::default();
        for (handler, status) in [(Handler::Panel, 200), (Handler::Site, 404), (Handler::Pi, 200)] {
            requests.printed(answered(start, handler, status), "/");
        }
        requests.offered(start + Duration::from_millis(2));
        assert_eq!((requests.total(), requests.error_share()), (2, 0.5));
        assert!((requests.mean_s() - 0.002).abs() < 1e-9);
        assert_eq!(requests.latest().count(), 2);
        assert_eq!(requests.counts().count(), 3);
        assert_eq!(requests.durations(Handler::Panel).count(), 1);
    }

    #[test]
    fn rates_follow_what_comes_and_what_does_not() {
        let start = Instant::now();
        let mut amounts = PerSecond::default();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(amounts.rate(at(0)), 0.0);
        for ms in (0..10_000).step_by(10) {
            amounts.add(at(ms), 1);
        }
        assert!((amounts.rate(at(10_000)) - 100.0).abs() < 1.0);
        assert!((amounts.rate(at(10_500)) - 80.0).abs() < 1.0, "half a second of silence");
        assert_eq!(amounts.rate(at(13_000)), 0.0);
        amounts.add(at(60_000), 30);
        assert!((amounts.rate(at(60_500)) - 12.0).abs() < 0.1, "the old ones are gone");
    }
}
