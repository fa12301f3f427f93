//! The plan of a load test, and the budget of requests that are still to be sent.

use super::cookies::Scope;
use crate::app::Endpoint;
use crate::wire::http::Method;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The plan that all clients follow.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub to: Endpoint,
    /// The requests, at least one. A client sends them in this order and starts again after the
    /// last.
    pub asks: Arc<[Ask]>,
    /// The number of clients.
    pub connections: usize,
    /// The largest number of requests in progress on a connection.
    pub depth: usize,
    /// True if a connection carries more than one request.
    pub keep_alive: bool,
    /// The longest time for a response, including the time to connect if a connection is made for
    /// it.
    pub timeout: Duration,
    /// Requests per second; none if each request waits for the response before.
    pub rate: Option<f64>,
    /// The number of requests after the warm-up that ends the run, if set.
    pub requests: Option<u64>,
    /// The way in which clients misbehave, if they do.
    pub slow: Option<Slow>,
    /// The due time of the first request.
    pub start: Instant,
    /// The end of the warm-up: requests that begin earlier do not count.
    pub count_from: Instant,
    /// The end of the schedule: no request falls due then or later.
    pub until: Instant,
    /// The scope of the cookies that each client keeps; none if it keeps none.
    pub cookies: Option<Scope>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method, which decides where the response ends.
    pub method: Method,
    /// The head and the body.
    pub bytes: Arc<[u8]>,
    /// The offset of the body in `bytes`.
    pub body_at: usize,
    /// The number that makes each copy of the request different, if any.
    pub number: Option<Number>,
}

/// A number that is written into a request before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The offset in the bytes of the request.
    pub at: usize,
    /// The first number.
    pub first: u64,
    /// The count of numbers; after the last follows the first again.
    pub count: u64,
    /// The count of numbers to leave out at the beginning.
    pub skip: u64,
}

/// Ways to occupy a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// A head that never ends: one field at a time.
    Headers,
    /// A body that never ends: one byte at a time.
    Body,
    /// Responses that are requested and never read.
    Read,
}

/// The requests that are still to be sent.
#[derive(Debug)]
pub struct Budget {
    left: Option<u64>,
    rate: Option<f64>,
    start: Instant,
    count_from: Instant,
    until: Instant,
    /// The number of assigned arrivals.
    arrivals: u64,
    /// The number of requests that have begun and count.
    begun: u64,
    /// The number of assigned numbers.
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

    /// Returns the due time of the next request; `now` without a schedule. Returns `None` if all
    /// were sent, or if the schedule has ended. An arrival is assigned once: its client sends that
    /// request or fails to.
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

    /// Takes a request that begins at `at` out of the budget. Returns false if none is left.
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

    /// Returns the next number, from a sequence that all clients share.
    pub(super) fn number(&mut self, of: Number) -> u64 {
        let number = of.first + (of.skip + self.numbers) % of.count.max(1);
        self.numbers += 1;
        number
    }

    /// Returns true if no further request may be sent.
    pub(super) fn is_spent(&self) -> bool {
        self.left == Some(0)
    }

    /// Returns how many numbers were written into requests.
    pub fn numbers(&self) -> u64 {
        self.numbers
    }

    /// Returns true if requests fall due by a schedule, independent of earlier responses.
    pub(super) fn is_scheduled(&self) -> bool {
        self.rate.is_some()
    }

    /// Returns how many requests that count were due by `now` and not sent because no connection
    /// was free.
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

    /// Creates a budget of `rate` requests per second for this number of seconds.
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
