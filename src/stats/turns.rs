//! The loop seen from inside: its load, its delay, and the steps that blocked it.
//!
//! **Lag** is the longest time that anything in a turn had to wait for the loop: from the moment
//! when the turn should have begun until its last step ended. A turn should begin when the kernel
//! reports an event, or when the deadline passes until which the loop slept (rounded up to
//! milliseconds, the unit of the kernel's timeout). The kernel does not say how long an event has
//! been pending; but an event that arrived during a turn waited no longer than that turn, so a
//! blocked loop shows here whichever service blocked it. A **step** is one connection's read,
//! handle and write, with the loop's own work for it since the previous step.

use super::histogram::{Buckets, Recent};
use super::label::Handler;
use super::requests::PerSecond;
use std::time::{Duration, Instant, SystemTime};

/// A step that took a long time.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its duration.
    pub took: Duration,
    /// The service whose code was running.
    pub handler: Handler,
    /// Time of its end by the calendar.
    pub wall: SystemTime,
    ended: Instant,
}

/// Number of slowest steps that are kept …
const SLOWEST: usize = 10;

/// … and the time for which each is kept: an old one must not hide those of today.
const SLOW_KEPT: Duration = Duration::from_mins(10);

/// The loop statistics; see the module.
#[derive(Debug, Default)]
pub struct Turns {
    /// Events reported by the kernel.
    pub events: u64,
    /// Maximum events in one turn.
    pub events_max: u64,
    /// Turns with at least one event.
    pub wakes: u64,
    /// Connections' steps.
    pub steps: u64,
    /// Compression blocks computed on the loop instead of by workers.
    pub in_place_blocks: u64,
    /// Maximum blocks in one turn.
    pub in_place_blocks_max: u64,
    /// Time from the kernel's reports to the ends of turns.
    busy: Duration,
    busy_per_second: PerSecond,
    lag: Buckets,
    recent_lag: Recent,
    began: Option<Began>,
    stepped: Option<Instant>,
    at_work: Handler,
    slowest: Vec<Step>,
    /// Threshold of the slowest steps: shorter ones are not kept.
    slow_from: Duration,
    swept: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Began {
    at: Instant,
    due: Instant,
}

impl Turns {
    /// Begins a turn at `now`, which was due at `due` at the latest. The kernel reported `events`.
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

    /// Ends the turn.
    pub(super) fn end(&mut self, now: Instant) {
        let Some(Began { at, due }) = self.began.take() else { return };
        let busy = now.saturating_duration_since(at);
        self.busy += busy;
        self.busy_per_second.add(now, busy.as_nanos() as u64);
        let lag = now.saturating_duration_since(due);
        self.lag.record(lag, 1);
        self.recent_lag.record(lag, 1, now);
    }

    /// Records the blocks that were computed on the loop in one turn.
    pub(super) fn in_place(&mut self, blocks: u64) {
        self.in_place_blocks += blocks;
        self.in_place_blocks_max = self.in_place_blocks_max.max(blocks);
    }

    /// Attributes the running code to this service.
    pub(super) fn at_work(&mut self, handler: Handler) {
        self.at_work = handler;
    }

    /// Ends a step.
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

    /// Drops steps that are too old, at most once a second.
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

    /// Returns the seconds from the kernel's reports to the ends of turns, since the start.
    pub fn busy_s(&self) -> f64 {
        self.busy.as_secs_f64()
    }

    /// Returns the share of the last two to three seconds in which the loop was busy.
    pub fn busy_share(&self, now: Instant) -> f64 {
        (self.busy_per_second.rate(now) / 1e9).min(1.0)
    }

    /// Returns the lag of turns since the start.
    pub fn lag(&self) -> &Buckets {
        &self.lag
    }

    /// Returns the recent lag of turns.
    pub fn recent_lag(&self) -> &Recent {
        &self.recent_lag
    }

    /// Iterates over the slowest steps of the last ten minutes, the slowest first.
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
