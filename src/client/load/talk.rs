//! The exchange over one connection of a load test: requests in progress, and their responses.

use super::cookies::Jar;
use super::{Cx, Fate, Plan, Run, Slow, Told, Trouble};
use crate::buf::RecvBuf;
use crate::client::http::{Bad, Part, Reader};
use crate::wire::Parse;
use crate::wire::http::{Field, Fields};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Talk {
    pub(super) reader: Reader,
    /// The cookies, which move from responses to requests.
    pub(super) jar: Jar,
    /// The start of the attempt to connect, until the first request is sent.
    dialled: Option<Instant>,
    /// The bytes of all requests so far.
    written: u64,
    status: u16,
    /// The requests in progress, the oldest first.
    pub(super) asked: VecDeque<Asked>,
    /// The index of the next request in the plan.
    place: usize,
    /// The due time of the next request, if it is in the future.
    pub(super) due: Option<Instant>,
    /// The time since which another request may be sent, until it is sent.
    pub(super) free: Option<Instant>,
    /// True if no further request may be sent on this connection.
    pub(super) last: bool,
    /// The time of the next slow write.
    drip: Option<Instant>,
    /// The number of slow writes so far.
    drips: usize,
    /// True if input is not read.
    pub(super) ignores_input: bool,
    /// The longest time for a response.
    patience: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// The due time, from which the latency is counted.
    began: Instant,
    /// The time of sending or of the attempt to connect, from which the timeout is counted.
    sent: Instant,
    /// The index of the request in the plan.
    place: usize,
    /// The number that was written into the request.
    number: u64,
    /// The bytes of all requests up to the end of this one.
    end: u64,
}

/// The interval between two writes of a slow client.
const DRIP: Duration = Duration::from_millis(500);

/// The announced length of a slow body: so short that no route refuses it, and longer than any
/// server waits for at one byte per half second.
pub const SLOW_BODY_BYTES: usize = 200;

/// The number of requests of a client that reads no responses: enough to fill the buffers of both
/// kernels if a response has a kibibyte.
const UNREAD: usize = 2048;

/// The result of reading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Received {
    Nothing,
    Answer,
    /// A response without a request.
    Unasked,
    Nonsense(Bad),
}

impl Talk {
    /// Creates the state of a connection whose attempt began at `dialled` and that is open now.
    pub(super) fn new(plan: &Plan, jar: Jar, dialled: Instant, now: Instant) -> Talk {
        Talk {
            reader: Reader::new(plan.asks[0].method),
            jar,
            dialled: Some(dialled),
            written: 0,
            status: 0,
            asked: VecDeque::with_capacity(plan.depth),
            place: 0,
            due: None,
            free: None,
            last: false,
            drip: plan.slow.map(|_| now + DRIP),
            drips: 0,
            ignores_input: plan.slow == Some(Slow::Read),
            patience: plan.timeout,
        }
    }

    /// Sends the requests that may be sent now.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>) {
        self.free = None;
        let dialled = self.dialled.take();
        while self.asked.len() < cx.world.plan.depth && !self.last {
            let Some(due) = self.due.take().or_else(|| cx.world.budget.arrival(cx.now)) else {
                return;
            };
            if due > cx.now {
                self.due = Some(due);
                return;
            }
            if !cx.world.budget.take(due) {
                return;
            }
            self.last = !cx.world.plan.keep_alive || cx.world.plan.slow.is_some();
            let place = self.place;
            self.place = (place + 1) % cx.world.plan.asks.len();
            let sent = match dialled {
                // The request has waited for the connection since it was due or since the attempt
                // began.
                Some(dialled) if cx.world.budget.is_scheduled() => dialled.max(due),
                Some(dialled) => dialled,
                None => cx.now,
            };
            let before = cx.send.len();
            let number = self.send(place, cx);
            let bytes = cx.send.len() - before;
            cx.world.sent(bytes, cx.now);
            self.written += bytes as u64;
            let asked = Asked { began: due, sent, place, number, end: self.written };
            self.asked.push_back(asked);
        }
    }

    /// Sends the request at this index of the plan. Returns the number that was written into it, or
    /// zero.
    fn send(&mut self, place: usize, cx: &mut Cx<'_>) -> u64 {
        let ask = &cx.world.plan.asks[place];
        let (upto, times) = match cx.world.plan.slow {
            None => (ask.bytes.len(), 1),
            // Everything except the empty line, or except the end of the body.
            Some(Slow::Headers) => (ask.body_at - 2, 1),
            Some(Slow::Body) => (ask.body_at, 1),
            Some(Slow::Read) => (ask.bytes.len(), UNREAD),
        };
        let mut from = 0;
        let number = ask.number.map(|of| {
            let number = cx.world.budget.number(of);
            cx.send.push_shared(&ask.bytes, 0..of.at);
            cx.send.push(number.to_string().as_bytes());
            from = of.at;
            number
        });
        // Numbers are in heads, so the field of cookies goes before the last field.
        if !self.jar.is_empty()
            && let Some(field) = self.jar.field(cx.now)
        {
            cx.send.push_shared(&ask.bytes, from..ask.body_at - 2);
            cx.send.push(&field);
            from = ask.body_at - 2;
        }
        cx.send.push_shared(&ask.bytes, from..upto);
        for _ in 1..times {
            cx.send.push_shared(&ask.bytes, 0..upto);
        }
        number.unwrap_or(0)
    }

    /// Sends a little more for a slow client, until the server times out.
    pub(super) fn drip(&mut self, cx: &mut Cx<'_>) {
        let more: &[u8] = match cx.world.plan.slow {
            Some(Slow::Headers) => b"X-Slow: 1\r\n",
            Some(Slow::Body) if self.drips < SLOW_BODY_BYTES => b"x",
            Some(Slow::Body | Slow::Read) | None => b"",
        };
        if self.drip.is_some_and(|at| at <= cx.now) && !self.asked.is_empty() {
            self.drip = Some(cx.now + DRIP);
            self.drips += 1;
            cx.send.push(more);
            cx.world.sent(more.len(), cx.now);
        }
    }

    /// Reads at most to the end of one response.
    pub(super) fn receive(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Received {
        let before = recv.len();
        let received = self.read(recv, cx);
        cx.world.received(before - recv.len(), cx.now);
        match received {
            Received::Answer if self.asked.is_empty() => return Received::Unasked,
            Received::Answer => {
                self.last |= !self.reader.keeps_alive() || self.is_refused(cx);
                self.answered(cx.world, cx.now);
            }
            Received::Nothing | Received::Unasked => {}
            Received::Nonsense(_) if self.asked.is_empty() => return Received::Unasked,
            Received::Nonsense(_) => {}
        }
        received
    }

    /// Returns true if the response is an error that arrived before all of the request was sent:
    /// the server does not read the rest, and no other request can follow (RFC 9112 §9.5).
    fn is_refused(&self, cx: &Cx<'_>) -> bool {
        let gone = self.written - cx.send.len() as u64;
        self.status >= 400 && self.asked.front().is_some_and(|asked| asked.end > gone)
    }

    fn read(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Received {
        loop {
            let mut fields = Fields::new();
            let used = match self.reader.next(recv.bytes(), &cx.world.limits, &mut fields) {
                Parse::Done(Part::End, _) => return Received::Answer,
                Parse::Done(Part::Head(head), used) => {
                    self.status = head.status;
                    if !head.is_interim() {
                        if cx.world.tally.looks_at_cache() {
                            cx.world.tally.from_cache(head.field("x-cache").unwrap_or_default());
                        }
                        self.keep_cookies(head.fields, cx);
                    }
                    used
                }
                Parse::Done(Part::Body(_) | Part::Nothing, used) => used,
                Parse::More => return Received::Nothing,
                Parse::Bad(bad) => return Received::Nonsense(bad),
            };
            cx.world.note(&recv.bytes()[..used]);
            recv.consume(used);
        }
    }

    fn keep_cookies(&mut self, fields: &[Field<'_>], cx: &Cx<'_>) {
        let Some(scope) = &cx.world.plan.cookies else { return };
        for field in fields.iter().filter(|field| field.name.eq_ignore_ascii_case("set-cookie")) {
            self.jar.store(field.value, scope, cx.now, cx.wall);
        }
    }

    /// Counts the response to the oldest request as complete.
    pub(super) fn answered(&mut self, run: &mut Run, now: Instant) {
        let Some(asked) = self.asked.pop_front() else { return };
        let next = self.asked.front().map_or(self.place, |asked| asked.place);
        self.reader = Reader::new(run.plan.asks[next].method);
        run.tell(asked.told(Fate::Answered(self.status), now));
        if asked.began >= run.plan.count_from {
            run.tally.answered(self.status, now.saturating_duration_since(asked.began), now);
        }
    }

    /// Counts input that is no valid response to the oldest request.
    pub(super) fn misread(&mut self, why: Bad, run: &mut Run, now: Instant) {
        let Some(asked) = self.asked.pop_front() else { return };
        run.tell(asked.told(Fate::Failed(Trouble::Parse), now));
        if asked.began >= run.plan.count_from {
            run.tally.misread(why, now);
        }
    }

    pub(super) fn fail_all(&mut self, why: Trouble, run: &mut Run, now: Instant) {
        while let Some(asked) = self.asked.pop_front() {
            run.tell(asked.told(Fate::Failed(why), now));
            run.failed(why, asked.began, now);
        }
    }

    /// Counts the requests that have no response when the run is over.
    pub(super) fn count_under_way(&mut self, run: &mut Run, now: Instant) {
        while let Some(asked) = self.asked.pop_front() {
            run.still_waits(asked.began, now);
        }
    }

    /// Returns the time at which the oldest request times out. Requests of a slow client never do.
    pub(super) fn patience(&self) -> Option<Instant> {
        match self.drip {
            None => self.asked.front().map(|asked| asked.sent + self.patience),
            Some(_) => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.patience(), self.due, self.free, self.drip].into_iter().flatten().min()
    }
}

impl Asked {
    fn told(&self, fate: Fate, at: Instant) -> Told {
        let Asked { began, place, number, .. } = *self;
        Told { place, number, began, at, fate }
    }
}
