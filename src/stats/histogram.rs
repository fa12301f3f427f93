//! Distributions of durations in fixed arrays: recording one costs a few instructions and allocates
//! nothing.
//!
//! There are two kinds for two purposes. [`Buckets`] have bounds for scrapers and count exactly
//! since the start. [`Recent`] divides each doubling into sixteen, so that a quantile read from it
//! is at most a sixteenth too high, and keeps two generations, since the quantiles of a week say
//! nothing about the present.

use std::time::{Duration, Instant};

/// Upper bounds of [`Buckets`], in nanoseconds: 50 µs … 10 s, inclusive.
pub const BOUNDS: [u64; 17] = [
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Durations since the start, counted by [`BOUNDS`].
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    counts: [u64; BOUNDS.len() + 1],
    sum_ns: u64,
}

impl Buckets {
    /// Records `count` durations of the same length.
    pub fn record(&mut self, took: Duration, count: u64) {
        let ns = nanoseconds(took);
        let place = BOUNDS.iter().position(|bound| ns <= *bound).unwrap_or(BOUNDS.len());
        self.counts[place] += count;
        self.sum_ns = self.sum_ns.saturating_add(ns.saturating_mul(count));
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns their sum in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns as f64 / 1e9
    }

    /// Iterates over the bounds in seconds, each with the number of durations up to it.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let counts = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        BOUNDS.iter().map(|bound| *bound as f64 / 1e9).zip(counts)
    }
}

/// Resolution of the shortest durations in nanoseconds, as a power of two.
const UNIT_BITS: u32 = 8;

/// Cells per doubling, as a power of two.
const STEP_BITS: u32 = 4;

/// Doublings of the unit that are distinguished: up to a little over a minute. Longer durations are
/// in the last cell.
const DOUBLINGS: u32 = 28;

const CELLS: usize = ((DOUBLINGS - STEP_BITS + 1) as usize) << STEP_BITS;

/// Durations by size, with a precision of a sixteenth.
#[derive(Debug, Clone)]
struct Cells {
    counts: [u64; CELLS],
    count: u64,
    max_ns: u64,
}

impl Default for Cells {
    fn default() -> Cells {
        Cells { counts: [0; CELLS], count: 0, max_ns: 0 }
    }
}

impl Cells {
    fn record(&mut self, took: Duration, count: u64) {
        let ns = nanoseconds(took);
        self.counts[cell(ns)] += count;
        self.count += count;
        self.max_ns = self.max_ns.max(ns);
    }

    fn forget(&mut self) {
        if self.count > 0 {
            *self = Cells::default();
        }
    }
}

fn cell(ns: u64) -> usize {
    let units = ns >> UNIT_BITS;
    let doubling = (u64::BITS - units.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let place = (u64::from(doubling) << STEP_BITS) + (units >> doubling);
    (place as usize).min(CELLS - 1)
}

/// Returns the first duration that is too long for this cell, in nanoseconds.
fn end_of(cell: usize) -> u64 {
    let steps = 1 << STEP_BITS;
    let place = cell as u64 + 1;
    if place <= 2 * steps {
        return place << UNIT_BITS;
    }
    let doubling = (place - 1) / steps - 1;
    (place - doubling * steps) << (doubling + u64::from(UNIT_BITS))
}

/// The distribution of recent durations: those of the last ten to twenty seconds with activity.
/// Older ones are dropped when the first is recorded after a pause of that length.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    now: Cells,
    before: Cells,
    /// End of the generation.
    until: Option<Instant>,
}

/// Duration of a generation of [`Recent`].
pub const GENERATION: Duration = Duration::from_secs(10);

impl Recent {
    /// Records `count` durations of the same length, at `at`.
    pub fn record(&mut self, took: Duration, count: u64, at: Instant) {
        if self.until.is_none_or(|until| at >= until) {
            self.turn_over(at);
        }
        self.now.record(took, count);
    }

    #[cold]
    fn turn_over(&mut self, at: Instant) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.forget();
        if self.until.is_some_and(|until| at >= until + GENERATION) {
            self.before.forget();
        }
        self.until = Some(at + GENERATION);
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.now.count + self.before.count
    }

    /// Returns the longest duration, exactly.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.now.max_ns.max(self.before.max_ns))
    }

    /// Returns the duration that a share `q` of them did not exceed, at most a sixteenth too high;
    /// zero if there are none.
    pub fn quantile(&self, q: f64) -> Duration {
        let wanted = (self.count() as f64 * q).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (under, count) in self.cells() {
            seen += count;
            if seen >= wanted {
                return under.min(self.max());
            }
        }
        Duration::ZERO
    }

    /// Iterates over the cells that are not empty: their upper end, and the number of durations in
    /// them.
    pub fn cells(&self) -> impl Iterator<Item = (Duration, u64)> {
        let counts = self.now.counts.iter().zip(&self.before.counts).map(|(a, b)| a + b);
        counts
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .map(|(cell, count)| (Duration::from_nanos(end_of(cell)), count))
    }
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let mut buckets = Buckets::default();
        for us in [50, 51, 100, 10_000_000, 10_000_001] {
            buckets.record(Duration::from_micros(us), 1);
        }
        let counts = buckets.cumulative().collect::<Vec<_>>();
        assert_eq!(counts[..2], [(0.00005, 1), (0.0001, 3)]);
        assert_eq!(counts[16], (10.0, 4));
        assert_eq!(buckets.count(), 5);
        assert!((buckets.sum_s() - 20.000_202).abs() < 1e-9);
    }

    #[test]
    fn every_duration_lies_in_its_cell_and_the_cell_is_narrow() {
        let mut rng = fastrand::Rng::with_seed(5);
        for ns in (0..100_000).map(|_| rng.u64(..60_000_000_000) >> rng.u32(..36)) {
            let cell = cell(ns);
            assert!(ns < end_of(cell), "{ns}");
            assert!(cell == 0 || ns >= end_of(cell - 1), "{ns}");
            let most = ns + (ns >> STEP_BITS) + (1 << UNIT_BITS);
            assert!(end_of(cell) <= most, "{ns} is told as {}", end_of(cell));
        }
        assert_eq!(cell(u64::MAX), CELLS - 1);
        assert!(end_of(CELLS - 1) > 60_000_000_000);
    }

    #[test]
    fn quantiles_are_those_of_a_sorted_list_to_a_sixteenth() {
        let mut rng = fastrand::Rng::with_seed(6);
        let start = Instant::now();
        let (mut recent, mut sorted) = (Recent::default(), Vec::new());
        for _ in 0..10_000 {
            let took = Duration::from_nanos(rng.u64(..1 << 30) >> rng.u32(..12));
            recent.record(took, 1, start);
            sorted.push(took);
        }
        sorted.sort_unstable();
        for (q, index) in [(0.5, 4_999), (0.9, 8_999), (0.99, 9_899), (0.999, 9_989), (1.0, 9_999)]
        {
            let (told, true_one) = (recent.quantile(q), sorted[index]);
            assert!(told >= true_one, "{q}: {told:?} for {true_one:?}");
            assert!(told <= true_one.mul_f64(1.0 + 1.0 / 16.0) + Duration::from_nanos(256));
        }
        assert_eq!(recent.quantile(1.0), *sorted.last().unwrap());
        assert_eq!(Recent::default().quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let start = Instant::now();
        let mut recent = Recent::default();
        let at = |s| start + Duration::from_secs(s);
        let (short, long) = (Duration::from_millis(1), Duration::from_secs(1));
        recent.record(long, 1, at(0));
        recent.record(short, 1, at(12));
        assert_eq!((recent.count(), recent.max()), (2, long), "a generation ago is lately");
        recent.record(short, 1, at(23));
        assert_eq!((recent.count(), recent.max()), (2, short));
        recent.record(short, 1, at(90));
        assert_eq!(recent.count(), 1, "before a long pause is long ago");
    }
}
