//! What a load test is to do, and who may send the next request.

use crate::service::Endpoint;
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
    /// How long an answer, and a connection that is being made, may take.
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
    /// Arrivals handed out so far.
    arrivals: u64,
    /// Arrivals given back by connections that ended before their time came.
    returned: Vec<Instant>,
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
            arrivals: 0,
            returned: Vec::new(),
            numbers: 0,
        }
    }

    /// When the next request is due; `now` if nobody waits for a schedule. `None` once all were
    /// sent.
    pub(super) fn arrival(&mut self, now: Instant) -> Option<Instant> {
        if self.is_spent() {
            return None;
        }
        let Some(rate) = self.rate else { return Some(now) };
        Some(self.returned.pop().unwrap_or_else(|| {
            let at = self.start + Duration::from_secs_f64(self.arrivals as f64 / rate);
            self.arrivals += 1;
            at
        }))
    }

    /// Somebody else is to send the request that was due then.
    pub(super) fn give_back(&mut self, arrival: Instant) {
        self.returned.push(arrival);
    }

    /// Takes a request that begins at `at` out of the budget. False if there is none left.
    pub(super) fn take(&mut self, at: Instant) -> bool {
        match &mut self.left {
            Some(0) => false,
            Some(left) if at >= self.count_from => {
                *left -= 1;
                true
            }
            Some(_) | None => true,
        }
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

    /// How many requests were due by `now` and nobody was free to send them.
    pub fn behind(&self, now: Instant) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        let due = (now.saturating_duration_since(self.start).as_secs_f64() * rate) as u64;
        due.saturating_sub(self.arrivals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Transport;

    #[test]
    fn numbers_go_round_from_where_they_begin() {
        let start = Instant::now();
        let plan = Plan {
            to: Endpoint { transport: Transport::Tcp, addr: ([127, 0, 0, 1], 1).into() },
            asks: [].into(),
            connections: 1,
            depth: 1,
            keep_alive: true,
            timeout: Duration::ZERO,
            rate: None,
            requests: None,
            slow: None,
            start,
            count_from: start,
        };
        let mut budget = Budget::of(&plan);
        let of = Number { at: 0, first: 10, count: 3, skip: 1 };
        assert_eq!([(); 5].map(|()| budget.number(of)), [11, 12, 10, 11, 12]);
        assert_eq!(budget.numbers(), 5);
    }
}
