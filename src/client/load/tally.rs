//! What the clients of a load test have seen: counts, a histogram of bounded size, and a point a
//! second.
//!
//! Latencies are kept in nanoseconds with three digits that count, from a microsecond to an hour.

use crate::client::http::Bad;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// What has been seen since the warm-up.
#[derive(Debug)]
pub struct Tally {
    /// Requests that came to an end, good or bad: the sum of the next two.
    pub requests: u64,
    /// Answers with a status below 400.
    pub ok: u64,
    /// Everything else, by [`Trouble`].
    pub errors: [u64; Trouble::ALL.len()],
    /// Why answers could not be read, and how many: the sum is that of [`Trouble::Parse`].
    pub misread: Vec<(Bad, u64)>,
    /// Answers by status, from 100 on.
    statuses: Box<[u64; STATUSES]>,
    /// How long complete answers took, in nanoseconds.
    pub latency: Histogram<u64>,
    /// Requests that were under way at the end.
    pub under_way: u64,
    /// Requests that were due before the end, and that no connection was free for.
    pub never_sent: u64,
    /// For how long both had waited at the end, in nanoseconds; none before the end.
    pub waited: Option<Histogram<u64>>,
    /// Bytes of answers.
    pub bytes_in: u64,
    /// Bytes of requests.
    pub bytes_out: u64,
    /// Connections that were established.
    pub connected: u64,
    /// Answers by what their `X-Cache` field said: hit, miss, bypass. One in
    /// [`CACHE_LOOKED_AT`] is looked at.
    pub cache: [u64; 3],
    looked: u64,
    /// A point a second, or fewer if the run is long.
    pub series: Series,
}

/// What may go wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection ended or broke before the answer was complete.
    Reset,
    /// An answer that is not HTTP as we read it.
    Parse,
    /// An answer with a status of 400 or more.
    Status,
}

impl Trouble {
    /// All kinds, in the order of their counters.
    pub const ALL: [Trouble; 5] =
        [Trouble::Connect, Trouble::Timeout, Trouble::Reset, Trouble::Parse, Trouble::Status];

    /// Its word in results.
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Connect => "connect",
            Trouble::Timeout => "timeout",
            Trouble::Reset => "reset",
            Trouble::Parse => "parse",
            Trouble::Status => "status",
        }
    }
}

/// One answer in so many is asked whether a cache gave it.
pub const CACHE_LOOKED_AT: u64 = 64;

/// Status codes from 100 to 999: those from 600 on count as errors of the server (RFC 9110 §15).
const STATUSES: usize = 900;

/// Moments at which requests that were never sent are taken to have fallen due: enough for every
/// percentile that is told, however many they are.
const WAITED_STEPS: u64 = 10_000;

/// What the histogram can hold: an hour in nanoseconds, and not less than a microsecond.
const LATENCY_MAX_NS: u64 = 3_600_000_000_000;
const LATENCY_MIN_NS: u64 = 1000;

impl Tally {
    /// Nothing seen yet; the series begins at `from`.
    pub fn new(from: Instant) -> Tally {
        Tally {
            requests: 0,
            ok: 0,
            errors: [0; Trouble::ALL.len()],
            misread: Vec::new(),
            statuses: Box::new([0; STATUSES]),
            latency: histogram(3),
            under_way: 0,
            never_sent: 0,
            waited: None,
            bytes_in: 0,
            bytes_out: 0,
            connected: 0,
            cache: [0; 3],
            looked: 0,
            series: Series::new(from),
        }
    }

    /// An answer is complete.
    pub fn answered(&mut self, status: u16, took: Duration, now: Instant) {
        self.requests += 1;
        let good = status < 400;
        if good {
            self.ok += 1;
        } else {
            self.errors[Trouble::Status as usize] += 1;
        }
        if let Some(count) = self.statuses.get_mut(usize::from(status).wrapping_sub(100)) {
            *count += 1;
        }
        let ns = took.as_nanos().min(u128::from(LATENCY_MAX_NS)) as u64;
        self.latency.saturating_record(ns.max(LATENCY_MIN_NS));
        self.series.count(now, !good, Some(ns.max(LATENCY_MIN_NS)));
    }

    /// A request came to nothing.
    pub fn failed(&mut self, why: Trouble, now: Instant) {
        self.requests += 1;
        self.errors[why as usize] += 1;
        self.series.count(now, true, None);
    }

    /// A request came to an answer that is no HTTP.
    pub fn misread(&mut self, why: Bad, now: Instant) {
        self.failed(Trouble::Parse, now);
        match self.misread.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.misread.push((why, 1)),
        }
    }

    /// A request is under way at the end, and has waited so long.
    pub fn still_waits(&mut self, waited: Duration) {
        self.under_way += 1;
        self.waits(waited, 1);
    }

    /// The run is over: so many requests were never sent, which fell due one after the other for
    /// as long as `rate` takes for them.
    pub fn never_sent(&mut self, count: u64, rate: f64) {
        self.never_sent = count;
        let steps = count.min(WAITED_STEPS);
        for step in 0..steps {
            let place = (step as f64 + 0.5) / steps as f64;
            let share = count * (step + 1) / steps - count * step / steps;
            self.waits(Duration::from_secs_f64(place * count as f64 / rate), share);
        }
    }

    fn waits(&mut self, waited: Duration, count: u64) {
        let ns = waited.as_nanos().min(u128::from(LATENCY_MAX_NS)) as u64;
        let all = self.waited.get_or_insert_with(|| histogram(3));
        all.saturating_record_n(ns.max(LATENCY_MIN_NS), count);
    }

    /// How long requests took at least: answers as long as they did, and those that had none at
    /// the end as long as they had waited by then.
    pub fn at_least(&self) -> Histogram<u64> {
        let mut all = self.latency.clone();
        if let Some(waited) = &self.waited {
            all.add(waited).expect("both have the same bounds");
        }
        all
    }

    /// Whether the next answer is to be asked where it came from.
    pub fn looks_at_cache(&mut self) -> bool {
        self.looked += 1;
        self.looked % CACHE_LOOKED_AT == 1
    }

    /// What the field said.
    pub fn from_cache(&mut self, field: &[u8]) {
        let known: [&[u8]; 3] = [b"HIT", b"MISS", b"BYPASS"];
        if let Some(place) = known.iter().position(|word| field.eq_ignore_ascii_case(word)) {
            self.cache[place] += 1;
        }
    }

    /// The statuses that came, and how often.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        let all = (100..).zip(self.statuses.iter());
        all.filter(|(_, count)| **count > 0).map(|(status, count)| (status, *count))
    }
}

/// What happened, interval by interval.
#[derive(Debug)]
pub struct Series {
    /// Complete intervals, in their order.
    pub points: Vec<Point>,
    /// How long each is.
    pub interval: Duration,
    open: Point,
    until: Instant,
    latency: Histogram<u64>,
}

/// What happened in an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Point {
    /// Requests that came to an end.
    pub requests: u64,
    /// Those of them that came to a bad one.
    pub errors: u64,
    /// Median and 99th percentile of the latencies, in nanoseconds; 0 if there were none.
    pub p50_ns: u64,
    /// See there.
    pub p99_ns: u64,
}

/// Points that are kept. When they are full, each two become one of twice the length.
const POINTS_MAX: usize = 3600;

impl Series {
    fn new(from: Instant) -> Series {
        let interval = Duration::from_secs(1);
        Series {
            points: Vec::new(),
            interval,
            open: Point::default(),
            until: from + interval,
            latency: histogram(2),
        }
    }

    fn count(&mut self, now: Instant, bad: bool, took_ns: Option<u64>) {
        self.pass(now);
        self.open.requests += 1;
        self.open.errors += u64::from(bad);
        if let Some(ns) = took_ns {
            self.latency.saturating_record(ns);
        }
    }

    /// Closes the intervals that are over by `now`.
    pub fn pass(&mut self, now: Instant) {
        while now >= self.until {
            self.close();
            self.until += self.interval;
        }
    }

    fn close(&mut self) {
        let quantile =
            |q| if self.latency.is_empty() { 0 } else { self.latency.value_at_quantile(q) };
        let (p50_ns, p99_ns) = (quantile(0.5), quantile(0.99));
        self.points.push(Point { p50_ns, p99_ns, ..self.open });
        self.open = Point::default();
        self.latency.reset();
        if self.points.len() == POINTS_MAX {
            self.points = self.points.chunks(2).map(merged).collect();
            self.interval *= 2;
        }
    }
}

/// Two neighbours as one: sums of the counts, the greater latencies.
fn merged(pair: &[Point]) -> Point {
    pair.iter().fold(Point::default(), |sum, point| Point {
        requests: sum.requests + point.requests,
        errors: sum.errors + point.errors,
        p50_ns: sum.p50_ns.max(point.p50_ns),
        p99_ns: sum.p99_ns.max(point.p99_ns),
    })
}

fn histogram(digits: u8) -> Histogram<u64> {
    Histogram::new_with_bounds(LATENCY_MIN_NS, LATENCY_MAX_NS, digits)
        .expect("the bounds are in order and the digits few")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_a_series_stays_bounded() {
        let from = Instant::now();
        let mut tally = Tally::new(from);
        let seconds = POINTS_MAX as u64 * 3;
        for second in 0..seconds {
            let now = from + Duration::from_secs(second);
            tally.answered(200, Duration::from_micros(second), now);
            tally.answered(503, Duration::from_millis(1), now);
            tally.failed(Trouble::Reset, now);
        }
        tally.series.pass(from + Duration::from_secs(seconds + 4));
        assert_eq!(tally.requests, tally.ok + tally.errors.iter().sum::<u64>());
        assert_eq!(tally.statuses().collect::<Vec<_>>(), [(200, seconds), (503, seconds)]);
        assert!(tally.series.points.len() < POINTS_MAX);
        assert_eq!(tally.series.interval, Duration::from_secs(4));
        let counted = tally.series.points.iter().map(|point| point.requests).sum::<u64>();
        assert_eq!(counted, tally.requests);
    }
}
