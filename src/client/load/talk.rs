//! What goes over one connection of a load test: requests under way, and the answers to them.

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
    /// What the client keeps from answer to request.
    pub(super) jar: Jar,
    /// When the connection was begun, until something is asked on it.
    dialled: Option<Instant>,
    /// Bytes of all requests so far.
    written: u64,
    status: u16,
    /// Requests under way, the oldest first.
    pub(super) asked: VecDeque<Asked>,
    /// What is to be asked next: its place in the plan.
    place: usize,
    /// When the next is due, if that is not yet.
    pub(super) due: Option<Instant>,
    /// Since when there is room for another, until it is used.
    pub(super) free: Option<Instant>,
    /// Nothing more may be asked on this connection.
    pub(super) last: bool,
    /// When to misbehave next.
    drip: Option<Instant>,
    /// How often that was done.
    drips: usize,
    /// What comes is not read.
    pub(super) deaf: bool,
    /// How long an answer may take.
    patience: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// When it was due: what its latency is counted from.
    began: Instant,
    /// When it was sent, or the connection for it was begun: what patience is counted from.
    sent: Instant,
    /// Which of the plan's requests it was.
    place: usize,
    /// The number that was written into it.
    number: u64,
    /// Bytes of all requests up to its end.
    end: u64,
}

/// How often a slow client sends a little more.
const DRIP: Duration = Duration::from_millis(500);

/// What a slow body is said to have: so little that no route refuses it for its length, and at a
/// byte each half second more than any server waits for.
pub const SLOW_BODY_BYTES: usize = 200;

/// Requests that a client sends whose answers it will not read: enough to fill what both kernels
/// hold for a connection, if the answers have a kibibyte.
const UNREAD: usize = 2048;

/// What came in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Heard {
    Nothing,
    Answer,
    /// An answer to nothing that was asked.
    Unasked,
    Nonsense(Bad),
}

impl Talk {
    /// A connection that was begun at `dialled` and is there now.
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
            deaf: plan.slow == Some(Slow::Read),
            patience: plan.timeout,
        }
    }

    /// Sends what may be sent now.
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
                // It waited for the connection, from when it was due or the connection was begun.
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

    /// Sends what stands there in the plan. Returns the number that was written into it, if any
    /// was.
    fn send(&mut self, place: usize, cx: &mut Cx<'_>) -> u64 {
        let ask = &cx.world.plan.asks[place];
        let (upto, times) = match cx.world.plan.slow {
            None => (ask.bytes.len(), 1),
            // All but the empty line, or all but the body's end.
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
        // Numbers stand in heads, so before the last of their fields.
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

    /// A slow client sends so little that the server may lose its patience.
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

    /// Reads on, at most to the end of one answer.
    pub(super) fn hear(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Heard {
        let before = recv.len();
        let heard = self.read(recv, cx);
        cx.world.received(before - recv.len(), cx.now);
        match heard {
            Heard::Answer if self.asked.is_empty() => return Heard::Unasked,
            Heard::Answer => {
                self.last |= !self.reader.keeps_alive() || self.is_refused(cx);
                self.answered(cx.world, cx.now);
            }
            Heard::Nothing | Heard::Unasked => {}
            Heard::Nonsense(_) if self.asked.is_empty() => return Heard::Unasked,
            Heard::Nonsense(_) => {}
        }
        heard
    }

    /// Whether the answer is an error and came before all of the request was sent: the rest is not
    /// wanted, and without it nothing else can be asked here (RFC 9112 §9.5).
    fn is_refused(&self, cx: &Cx<'_>) -> bool {
        let gone = self.written - cx.send.len() as u64;
        self.status >= 400 && self.asked.front().is_some_and(|asked| asked.end > gone)
    }

    fn read(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Heard {
        loop {
            let mut fields = Fields::new();
            let used = match self.reader.next(recv.bytes(), &cx.world.limits, &mut fields) {
                Parse::Done(Part::End, _) => return Heard::Answer,
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
                Parse::More => return Heard::Nothing,
                Parse::Bad(bad) => return Heard::Nonsense(bad),
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

    /// The answer to the oldest request is complete.
    pub(super) fn answered(&mut self, run: &mut Run, now: Instant) {
        let Some(asked) = self.asked.pop_front() else { return };
        let next = self.asked.front().map_or(self.place, |asked| asked.place);
        self.reader = Reader::new(run.plan.asks[next].method);
        run.tell(asked.told(Fate::Answered(self.status), now));
        if asked.began >= run.plan.count_from {
            run.tally.answered(self.status, now.saturating_duration_since(asked.began), now);
        }
    }

    /// What came is no answer to the oldest request.
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

    /// The run is over, and these requests have no answer.
    pub(super) fn count_under_way(&mut self, run: &mut Run, now: Instant) {
        while let Some(asked) = self.asked.pop_front() {
            run.still_waits(asked.began, now);
        }
    }

    /// When patience with the oldest request ends. A slow client has no end of it.
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
