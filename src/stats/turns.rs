//! The loop seen from inside: how much it works, how late it is, and which steps held it up.
//!
//! **Lag** is the longest that anything in a turn had to wait for the loop: from the moment when
//! the turn should have begun until its last step ended. A turn should begin when the kernel
//! reports something, or when the deadline passes that the loop slept towards (rounded up to the
//! millisecond that the kernel counts sleep in). The kernel does not say since when it had
//! something to report; but what came while a turn was busy waited no longer than that turn, so
//! a loop that is held up shows here, whoever asks. A **step** is one connection's read, handle
//! and write, with what the loop did for it since the step before.

use super::histogram::{Buckets, Recent};
use super::label::Handler;
use super::requests::PerSecond;
use std::time::{Duration, Instant, SystemTime};

/// A step that took long.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// How long.
    pub took: Duration,
    /// Whose code was at work.
    pub handler: Handler,
    /// When it ended, by the calendar.
    pub wall: SystemTime,
    ended: Instant,
}

/// How many of the slowest steps are kept, each for …
const SLOWEST: usize = 10;

/// … so long: what held the loop up yesterday must not hide what does today.
const SLOW_KEPT: Duration = Duration::from_mins(10);

/// See the module.
#[derive(Debug, Default)]
pub struct Turns {
    /// Events that the kernel reported.
    pub events: u64,
    /// Most of them at once.
    pub events_max: u64,
    /// Turns in which it reported any.
    pub wakes: u64,
    /// Connections' steps.
    pub steps: u64,
    /// Work done on the loop instead of by workers, in compression blocks.
    pub in_place_blocks: u64,
    /// Most of it in one turn.
    pub in_place_blocks_max: u64,
    /// Time between the kernel's reports and the ends of turns.
    busy: Duration,
    busy_per_second: PerSecond,
    lag: Buckets,
    recent_lag: Recent,
    began: Option<Began>,
    stepped: Option<Instant>,
    at_work: Handler,
    slowest: Vec<Step>,
    /// Shorter steps than this are not among the slowest.
    slow_from: Duration,
    swept: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Began {
    at: Instant,
    due: Instant,
}

impl Turns {
    /// A turn begins at `now`; it was to begin at `due` at the latest. The kernel reported
    /// `events`.
    pub(super) fn begin(&mut self, now: Instant, due: Option<Instant>, events: usize) {
        let events = events as u64;
        self.events += events;
        self.events_max = self.events_max.max(events);
        self.wakes += u64::from(events > 0);
        let due = due.map_or(now, |due| due.min(now));
        self.sweep(now);
        self.began = Some(Began { at: now, due });
        self.stepped = Some(now);
    }

    /// It ends.
    pub(super) fn end(&mut self, now: Instant) {
        let Some(Began { at, due }) = self.began.take() else { return };
        let busy = now.saturating_duration_since(at);
        self.busy += busy;
        self.busy_per_second.add(now, busy.as_nanos() as u64);
        let lag = now.saturating_duration_since(due);
        self.lag.record(lag, 1);
        self.recent_lag.record(lag, 1, now);
    }

    /// So many blocks were computed on the loop in one turn.
    pub(super) fn in_place(&mut self, blocks: u64) {
        self.in_place_blocks += blocks;
        self.in_place_blocks_max = self.in_place_blocks_max.max(blocks);
    }

    /// This one's code goes to work.
    pub(super) fn at_work(&mut self, handler: Handler) {
        self.at_work = handler;
    }

    /// A step ended.
    pub(super) fn step(&mut self, now: Instant, wall: SystemTime) {
        let handler = std::mem::take(&mut self.at_work);
        self.steps += 1;
        let Some(before) = self.stepped.replace(now) else { return };
        let took = now.saturating_duration_since(before);
        if took > self.slow_from {
            self.keep(Step { took, handler, wall, ended: now });
        }
    }

    #[cold]
    fn keep(&mut self, step: Step) {
        if self.slowest.len() == SLOWEST {
            self.slowest.pop();
        }
        let place = self.slowest.partition_point(|other| other.took >= step.took);
        self.slowest.insert(place, step);
        self.slow_from = self.bar();
    }

    /// Forgets what is too old, at most once a second.
    fn sweep(&mut self, now: Instant) {
        let fresh = |at: Instant, most| now.saturating_duration_since(at) < most;
        if self.swept.is_some_and(|at| fresh(at, Duration::from_secs(1))) {
            return;
        }
        self.swept = Some(now);
        self.slowest.retain(|step| fresh(step.ended, SLOW_KEPT));
        self.slow_from = self.bar();
    }

    fn bar(&self) -> Duration {
        self.slowest.get(SLOWEST - 1).map_or(Duration::ZERO, |last| last.took)
    }

    /// Seconds between the kernel's reports and the ends of turns, since the start.
    pub fn busy_s(&self) -> f64 {
        self.busy.as_secs_f64()
    }

    /// The share of the last two to three seconds in which the loop was at work.
    pub fn busy_share(&self, now: Instant) -> f64 {
        (self.busy_per_second.rate(now) / 1e9).min(1.0)
    }

    /// How late turns were, since the start.
    pub fn lag(&self) -> &Buckets {
        &self.lag
    }

    /// How late turns were lately.
    pub fn recent_lag(&self) -> &Recent {
        &self.recent_lag
    }

    /// The slowest steps of the last ten minutes, the slowest first.
    pub fn slowest(&self, now: Instant) -> impl Iterator<Item = &Step> {
        let kept = move |step: &&Step| now.saturating_duration_since(step.ended) < SLOW_KEPT;
        self.slowest.iter().filter(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn lag_is_how_late_plus_how_busy() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut turns = Turns::default();
        turns.begin(at(0), None, 3);
        turns.end(at(2));
        turns.begin(at(110), Some(at(100)), 0);
        turns.end(at(111));
        turns.begin(at(120), Some(at(500)), 1);
        turns.end(at(121));
        let lags = turns.recent_lag().max();
        assert_eq!(lags, Duration::from_millis(11), "ten late, one busy");
        assert!((turns.busy_s() - 0.004).abs() < 1e-9);
        assert!((turns.busy_share(at(1000)) - 0.004).abs() < 1e-9);
        assert_eq!((turns.events, turns.events_max, turns.wakes), (4, 3, 2));
        assert_eq!(turns.lag().count(), 3);
    }

    #[test]
    fn the_ten_slowest_steps_are_kept_with_their_names_for_a_while() {
        let start = Instant::now();
        let mut turns = Turns::default();
        let mut now = start;
        turns.begin(now, None, 1);
        for ms in (1..=15).chain(1..=5) {
            turns.at_work(if ms == 15 { Handler::Pi } else { Handler::Site });
            now += Duration::from_millis(ms);
            turns.step(now, UNIX_EPOCH);
        }
        let told = turns.slowest(now).map(|step| step.took.as_millis()).collect::<Vec<_>>();
        assert_eq!(told, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6]);
        assert_eq!(turns.slowest(now).next().unwrap().handler, Handler::Pi);
        let later = now + SLOW_KEPT;
        assert_eq!(turns.slowest(later).count(), 0);
        turns.begin(later, None, 1);
        turns.step(later + Duration::from_millis(1), UNIX_EPOCH);
        let told = turns.slowest(later).map(|step| step.handler).collect::<Vec<_>>();
        assert_eq!(told, [Handler::None], "a step tells its own handler, not the one before");
    }
}
