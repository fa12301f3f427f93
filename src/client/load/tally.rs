//! The counts of a load test, with a histogram of bounded size and a series of points in time.
//!
//! Latencies are in nanoseconds with three significant digits, from a microsecond to an hour.

use crate::client::http::Bad;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// The counts since the warm-up.
#[derive(Debug)]
pub struct Tally {
    /// The number of requests that came to an end: the sum of `ok` and `errors`.
    pub requests: u64,
    /// The number of responses with a status below 400.
    pub ok: u64,
    /// The number of other outcomes, by [`Trouble`].
    pub errors: [u64; Trouble::ALL.len()],
    /// The number of malformed responses by reason; the sum is that of [`Trouble::Parse`].
    pub misread: Vec<(Bad, u64)>,
    /// The number of responses by status, from 100 on.
    statuses: Box<[u64; STATUSES]>,
    /// The latencies of complete responses, in nanoseconds.
    pub latency: Histogram<u64>,
    /// The number of requests in progress at the end.
    pub under_way: u64,
    /// The number of requests that were due before the end and had no free connection.
    pub never_sent: u64,
    /// The waiting times of both kinds at the end, in nanoseconds; none before the end.
    pub waited: Option<Histogram<u64>>,
    /// The bytes of responses.
    pub bytes_in: u64,
    /// The bytes of requests.
    pub bytes_out: u64,
    /// The number of established connections.
    pub connected: u64,
    /// The number of responses by their `X-Cache` field: hit, miss, bypass. One response in
    /// [`CACHE_LOOKED_AT`] is sampled.
    pub cache: [u64; 3],
    looked: u64,
    /// One point per second, or fewer in a long run.
    pub series: Series,
}

/// Kinds of failure of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection was not established.
    Connect,
    /// The response did not arrive in time.
    Timeout,
    /// The connection ended or broke before the response was complete.
    Reset,
    /// The response is not HTTP as this parser accepts it.
    Parse,
    /// The response has a status of 400 or more.
    Status,
}

impl Trouble {
    /// All kinds, in the order of their counters.
    pub const ALL: [Trouble; 5] =
        [Trouble::Connect, Trouble::Timeout, Trouble::Reset, Trouble::Parse, Trouble::Status];

    /// Returns its word in results.
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

/// The sampling interval of the `X-Cache` field, in responses.
pub const CACHE_LOOKED_AT: u64 = 64;

/// Status codes from 100 to 999: the codes from 600 on count as server errors (RFC 9110 §15).
const STATUSES: usize = 900;

/// The number of points in time that stand for the due times of requests that were never sent:
/// enough for every percentile of the report, for any number of requests.
const WAITED_STEPS: u64 = 10_000;

/// The range of the histogram: from a microsecond to an hour, in nanoseconds.
const LATENCY_MAX_NS: u64 = 3_600_000_000_000;
const LATENCY_MIN_NS: u64 = 1000;

impl Tally {
    /// Creates empty counts; the series begins at `from`.
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

    /// Counts a complete response.
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

    /// Counts a failed request.
    pub fn failed(&mut self, why: Trouble, now: Instant) {
        self.requests += 1;
        self.errors[why as usize] += 1;
        self.series.count(now, true, None);
    }

    /// Counts a request whose response is not valid HTTP.
    pub fn misread(&mut self, why: Bad, now: Instant) {
        self.failed(Trouble::Parse, now);
        match self.misread.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.misread.push((why, 1)),
        }
    }

    /// Counts a request in progress at the end, which has waited this long.
    pub fn still_waits(&mut self, waited: Duration) {
        self.under_way += 1;
        self.waits(waited, 1);
    }

    /// Counts requests that were never sent. Their due times are spread evenly over the time that
    /// `rate` takes for them, up to the end of the run.
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

    /// Returns the lower bounds of all latencies: the latencies of responses, and the waiting times
    /// of requests that had none at the end.
    pub fn at_least(&self) -> Histogram<u64> {
        let mut all = self.latency.clone();
        if let Some(waited) = &self.waited {
            all.add(waited).expect("both have the same bounds");
        }
        all
    }

    /// Returns true if the next response is to be sampled for its `X-Cache` field.
    pub fn looks_at_cache(&mut self) -> bool {
        self.looked += 1;
        self.looked % CACHE_LOOKED_AT == 1
    }

    /// Counts the value of the field.
    pub fn from_cache(&mut self, field: &[u8]) {
        let known: [&[u8]; 3] = [b"HIT", b"MISS", b"BYPASS"];
        if let Some(place) = known.iter().position(|word| field.eq_ignore_ascii_case(word)) {
            self.cache[place] += 1;
        }
    }

    /// Returns the statuses of the responses with their counts.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        let all = (100..).zip(self.statuses.iter());
        all.filter(|(_, count)| **count > 0).map(|(status, count)| (status, *count))
    }
}

/// Counts and latencies by interval.
#[derive(Debug)]
pub struct Series {
    /// The complete intervals in order.
    pub points: Vec<Point>,
    /// The length of an interval.
    pub interval: Duration,
    open: Point,
    until: Instant,
    latency: Histogram<u64>,
}

/// The counts and latencies of an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Point {
    /// The number of requests that came to an end.
    pub requests: u64,
    /// The number of requests that failed.
    pub errors: u64,
    /// The median of the latencies in nanoseconds; 0 if there were none.
    pub p50_ns: u64,
    /// The 99th percentile of the latencies in nanoseconds; 0 if there were none.
    pub p99_ns: u64,
}

/// The largest number of points. When it is reached, pairs of points are merged and the interval
/// doubles.
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

    /// Completes the intervals that are over by `now`.
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

/// Merges two neighbours: sums of the counts, the greater latencies.
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
