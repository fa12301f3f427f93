//! What a load test is to do, and who may send the next request.

use super::cookies::Scope;
use crate::app::Endpoint;
use crate::wire::http::Method;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What all clients do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where to.
    pub to: Endpoint,
    /// What a client asks, one after the other; after the last the first again. At least one.
    pub asks: Arc<[Ask]>,
    /// How many clients there are.
    pub connections: usize,
    /// How many requests a connection has under way at most.
    pub depth: usize,
    /// Whether a connection carries more than one request.
    pub keep_alive: bool,
    /// How long an answer may take, the connection included if one is made for it.
    pub timeout: Duration,
    /// Requests a second, if they do not wait for answers.
    pub rate: Option<f64>,
    /// How many requests are sent after the warm-up, if that is what ends the run.
    pub requests: Option<u64>,
    /// How clients misbehave, if they do.
    pub slow: Option<Slow>,
    /// When the first request is due.
    pub start: Instant,
    /// From when on requests count: what begins earlier is warm-up.
    pub count_from: Instant,
    /// When the schedule ends: no request falls due then or later.
    pub until: Instant,
    /// Which cookies each client keeps, if they keep any.
    pub cookies: Option<Scope>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method, which decides where the answer ends.
    pub method: Method,
    /// Head and body.
    pub bytes: Arc<[u8]>,
    /// Where the body begins in it.
    pub body_at: usize,
    /// What makes it another one each time, if something does.
    pub number: Option<Number>,
}

/// A number that is written into a request before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Where: so many bytes of the request stand before it.
    pub at: usize,
    /// The first.
    pub first: u64,
    /// How many there are; after the last the first again.
    pub count: u64,
    /// How many of them to leave out at the beginning.
    pub skip: u64,
}

/// Ways to hold a server up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// A head that never ends, a field at a time.
    Headers,
    /// A body that never ends, a byte at a time.
    Body,
    /// Answers that are asked for and never read.
    Read,
}

/// Which requests are still to be sent.
#[derive(Debug)]
pub struct Budget {
    left: Option<u64>,
    rate: Option<f64>,
    start: Instant,
    count_from: Instant,
    until: Instant,
    /// Arrivals handed out so far.
    arrivals: u64,
    /// Requests that were begun, and count.
    begun: u64,
    /// Numbers handed out so far.
    numbers: u64,
}

impl Budget {
    pub(super) fn of(plan: &Plan) -> Budget {
        Budget {
            left: plan.requests,
            rate: plan.rate,
            start: plan.start,
            count_from: plan.count_from,
            until: plan.until,
            arrivals: 0,
            begun: 0,
            numbers: 0,
        }
    }

    /// When the next request is due; `now` if nobody waits for a schedule. `None` once all were
    /// sent, or the schedule is at its end. Whoever is given an arrival sends that request, or
    /// fails to: it is not given out again.
    pub(super) fn arrival(&mut self, now: Instant) -> Option<Instant> {
        if self.is_spent() {
            return None;
        }
        let Some(rate) = self.rate else { return Some(now) };
        let at = self.start + Duration::from_secs_f64(self.arrivals as f64 / rate);
        if at >= self.until {
            return None;
        }
        self.arrivals += 1;
        Some(at)
    }

    /// Takes a request that begins at `at` out of the budget. False if there is none left.
    pub(super) fn take(&mut self, at: Instant) -> bool {
        let counts = at >= self.count_from;
        match &mut self.left {
            Some(0) => return false,
            Some(left) if counts => *left -= 1,
            Some(_) | None => {}
        }
        self.begun += u64::from(counts);
        true
    }

    /// The next number of those, whichever client it is for.
    pub(super) fn number(&mut self, of: Number) -> u64 {
        let number = of.first + (of.skip + self.numbers) % of.count.max(1);
        self.numbers += 1;
        number
    }

    /// Whether nothing may be sent any more.
    pub(super) fn is_spent(&self) -> bool {
        self.left == Some(0)
    }

    /// How many numbers were written into requests.
    pub fn numbers(&self) -> u64 {
        self.numbers
    }

    /// Whether requests fall due by a schedule, whatever becomes of those before.
    pub(super) fn is_scheduled(&self) -> bool {
        self.rate.is_some()
    }

    /// How many requests that count were due by `now` and never sent: no connection was free.
    pub fn never_sent(&self, now: Instant) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        let due = |at: Instant| {
            (at.saturating_duration_since(self.start).as_secs_f64() * rate).floor() as u64
        };
        let due = due(now.min(self.until)).saturating_sub(due(self.count_from));
        due.min(self.left.map_or(due, |left| self.begun + left)).saturating_sub(self.begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Transport;

    /// A budget of so many requests a second, for so many seconds.
    fn budget(rate: Option<f64>, seconds: u64, requests: Option<u64>) -> (Budget, Instant) {
        let start = Instant::now();
        let plan = Plan {
            to: Endpoint { transport: Transport::Tcp, addr: ([127, 0, 0, 1], 1).into() },
            asks: [].into(),
            connections: 1,
            depth: 1,
            keep_alive: true,
            timeout: Duration::ZERO,
            rate,
            requests,
            slow: None,
            start,
            count_from: start,
            until: start + Duration::from_secs(seconds),
            cookies: None,
        };
        (Budget::of(&plan), start)
    }

    #[test]
    fn a_schedule_has_as_many_arrivals_as_its_time_has_room_for() {
        for (rate, seconds, arrivals) in
            [(1.0, 3, 3), (10.0, 7, 70), (0.3, 10, 3), (3.0, 1, 3), (0.001, 1, 1), (7.0, 60, 420)]
        {
            let (mut budget, start) = budget(Some(rate), seconds, None);
            let all = std::iter::from_fn(|| budget.arrival(start)).collect::<Vec<_>>();
            assert_eq!(all.len(), arrivals, "{rate}/s for {seconds} s");
            let end = start + Duration::from_secs(seconds);
            assert!(all[0] == start && all.iter().all(|at| *at < end));
        }
    }

    #[test]
    fn what_was_due_and_not_begun_was_never_sent() {
        let (mut open, start) = budget(Some(10.0), 10, None);
        let late = start + Duration::from_secs(60);
        assert_eq!(open.never_sent(start), 0);
        assert_eq!(open.never_sent(late), 100, "none falls due after the end");
        let due = open.arrival(start).unwrap();
        assert!(open.take(due));
        assert_eq!(open.never_sent(start + Duration::from_secs(2)), 19);
        let (mut few, start) = budget(Some(10.0), 10, Some(3));
        assert!(few.take(start));
        assert_eq!(few.never_sent(start + Duration::from_secs(5)), 2, "no more than are wanted");
        let (closed, start) = budget(None, 10, None);
        assert_eq!(closed.never_sent(start + Duration::from_secs(5)), 0);
    }

    #[test]
    fn numbers_go_round_from_where_they_begin() {
        let (mut budget, _) = budget(None, 1, None);
        let of = Number { at: 0, first: 10, count: 3, skip: 1 };
        assert_eq!([(); 5].map(|()| budget.number(of)), [11, 12, 10, 11, 12]);
        assert_eq!(budget.numbers(), 5);
    }
}
