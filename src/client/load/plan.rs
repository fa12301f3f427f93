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
    /// The method, which decides where answers end.
    pub method: Method,
    /// The request, head and body, as it is sent each time.
    pub request: Arc<[u8]>,
    /// Where the body begins in it.
    pub body_at: usize,
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

    /// Whether nothing may be sent any more.
    pub(super) fn is_spent(&self) -> bool {
        self.left == Some(0)
    }

    /// How many requests were due by `now` and nobody was free to send them.
    pub fn behind(&self, now: Instant) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        let due = (now.saturating_duration_since(self.start).as_secs_f64() * rate) as u64;
        due.saturating_sub(self.arrivals)
    }
}
