//! What goes over one connection of a load test: requests under way, and the answers to them.

use super::{Fate, Plan, Run, Slow, Told, Trouble};
use crate::buf::RecvBuf;
use crate::client::http::{Part, Reader};
use crate::service::Cx;
use crate::wire::Parse;
use crate::wire::http::Fields;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Talk {
    pub(super) reader: Reader,
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
    /// What comes is not read.
    pub(super) deaf: bool,
    /// How long an answer may take.
    patience: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// When it was due: what its latency is counted from.
    began: Instant,
    /// When it was sent: what patience is counted from.
    sent: Instant,
    /// Which of the plan's requests it was.
    place: usize,
    /// The number that was written into it.
    number: u64,
}

/// How often a slow client sends a little more.
const DRIP: Duration = Duration::from_millis(500);

/// Requests that a client sends whose answers it will not read: enough to fill what both kernels
/// hold for a connection, if the answers have a kibibyte.
const UNREAD: usize = 2048;

/// What came in.
pub(super) enum Heard {
    Nothing,
    Answer,
    Nonsense,
}

impl Talk {
    pub(super) fn new(plan: &Plan, now: Instant) -> Talk {
        Talk {
            reader: Reader::new(plan.asks[0].method),
            status: 0,
            asked: VecDeque::with_capacity(plan.depth),
            place: 0,
            due: None,
            free: None,
            last: false,
            drip: plan.slow.map(|_| now + DRIP),
            deaf: plan.slow == Some(Slow::Read),
            patience: plan.timeout,
        }
    }

    /// Sends what may be sent now.
    pub(super) fn ask(&mut self, run: &mut Run, cx: &mut Cx<'_>) {
        self.free = None;
        while self.asked.len() < run.plan.depth && !self.last {
            let Some(due) = self.due.take().or_else(|| run.budget.arrival(cx.now)) else { return };
            if due > cx.now {
                self.due = Some(due);
                return;
            }
            if !run.budget.take(due) {
                return;
            }
            self.last = !run.plan.keep_alive || run.plan.slow.is_some();
            let (place, sent) = (self.place, cx.now);
            self.place = (place + 1) % run.plan.asks.len();
            let before = cx.send.len();
            let number = send(place, run, cx);
            run.sent(cx.send.len() - before, sent);
            self.asked.push_back(Asked { began: due, sent, place, number });
        }
    }

    /// A slow client sends so little that the server may lose its patience.
    pub(super) fn drip(&mut self, run: &mut Run, cx: &mut Cx<'_>) {
        let more: &[u8] = match run.plan.slow {
            Some(Slow::Headers) => b"X-Slow: 1\r\n",
            Some(Slow::Body) => b"x",
            Some(Slow::Read) | None => b"",
        };
        if self.drip.is_some_and(|at| at <= cx.now) && !self.asked.is_empty() {
            self.drip = Some(cx.now + DRIP);
            cx.send.push(more);
            run.sent(more.len(), cx.now);
        }
    }

    /// Reads on, at most to the end of one answer.
    pub(super) fn hear(&mut self, recv: &mut RecvBuf, run: &mut Run, cx: &mut Cx<'_>) -> Heard {
        let before = recv.len();
        let heard = self.read(recv, run);
        run.received(before - recv.len(), cx.now);
        match heard {
            Heard::Answer if self.asked.is_empty() => return Heard::Nonsense,
            Heard::Answer => {
                self.last |= !self.reader.keeps_alive();
                self.answered(run, cx.now);
            }
            Heard::Nothing | Heard::Nonsense => {}
        }
        heard
    }

    fn read(&mut self, recv: &mut RecvBuf, run: &mut Run) -> Heard {
        loop {
            let mut fields = Fields::new();
            let used = match self.reader.next(recv.bytes(), &run.limits, &mut fields) {
                Parse::Done(Part::End, _) => return Heard::Answer,
                Parse::Done(Part::Head(head), used) => {
                    self.status = head.status;
                    if !head.is_interim() && run.tally.looks_at_cache() {
                        run.tally.from_cache(head.field("x-cache").unwrap_or_default());
                    }
                    used
                }
                Parse::Done(Part::Body(_) | Part::Nothing, used) => used,
                Parse::More => return Heard::Nothing,
                Parse::Bad(_) => return Heard::Nonsense,
            };
            run.note(&recv.bytes()[..used]);
            recv.consume(used);
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

    pub(super) fn fail_first(&mut self, why: Trouble, run: &mut Run, now: Instant) {
        if let Some(asked) = self.asked.pop_front() {
            run.tell(asked.told(Fate::Failed(why), now));
            run.failed(why, asked.began, now);
        }
    }

    pub(super) fn fail_all(&mut self, why: Trouble, run: &mut Run, now: Instant) {
        while !self.asked.is_empty() {
            self.fail_first(why, run, now);
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

/// Sends what stands there in the plan. Returns the number that was written into it, if any was.
fn send(place: usize, run: &mut Run, cx: &mut Cx<'_>) -> u64 {
    let ask = &run.plan.asks[place];
    let (upto, times) = match run.plan.slow {
        None => (ask.bytes.len(), 1),
        // All but the empty line, or all but the body's end.
        Some(Slow::Headers) => (ask.body_at - 2, 1),
        Some(Slow::Body) => (ask.body_at, 1),
        Some(Slow::Read) => (ask.bytes.len(), UNREAD),
    };
    if let Some(of) = ask.number {
        let number = run.budget.number(of);
        let digits = number.to_string();
        cx.send.push_shared(&ask.bytes, 0..of.at);
        cx.send.push(digits.as_bytes());
        cx.send.push_shared(&ask.bytes, of.at..upto);
        return number;
    }
    for _ in 0..times {
        cx.send.push_shared(&ask.bytes, 0..upto);
    }
    0
}
