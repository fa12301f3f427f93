//! What goes over one connection of a load test: requests under way, and the answers to them.

use super::{Plan, Run, Slow, Trouble};
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
    /// When the next is due, if that is not yet.
    pub(super) due: Option<Instant>,
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
            reader: Reader::new(plan.method),
            status: 0,
            asked: VecDeque::with_capacity(plan.depth),
            due: None,
            last: false,
            drip: plan.slow.map(|_| now + DRIP),
            deaf: plan.slow == Some(Slow::Read),
            patience: plan.timeout,
        }
    }

    /// Sends what may be sent now.
    pub(super) fn ask(&mut self, run: &mut Run, cx: &mut Cx<'_>) {
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
            self.asked.push_back(Asked { began: due, sent: cx.now });
            self.send(run, cx);
        }
    }

    fn send(&self, run: &mut Run, cx: &mut Cx<'_>) {
        let request = &run.plan.request;
        let (upto, times) = match run.plan.slow {
            None => (request.len(), 1),
            // All but the empty line, or all but the body's end.
            Some(Slow::Headers) => (run.plan.body_at - 2, 1),
            Some(Slow::Body) => (run.plan.body_at, 1),
            Some(Slow::Read) => (request.len(), UNREAD),
        };
        for _ in 0..times {
            cx.send.push_shared(request, 0..upto);
        }
        run.tally.bytes_out += (upto * times) as u64;
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
            run.tally.bytes_out += more.len() as u64;
        }
    }

    /// Reads on, at most to the end of one answer.
    pub(super) fn hear(&mut self, recv: &mut RecvBuf, run: &mut Run, cx: &mut Cx<'_>) -> Heard {
        let before = recv.len();
        let heard = self.read(recv, run);
        run.tally.bytes_in += (before - recv.len()) as u64;
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
        self.reader = Reader::new(run.plan.method);
        let Some(asked) = self.asked.pop_front() else { return };
        if asked.began >= run.plan.count_from {
            run.tally.answered(self.status, now.saturating_duration_since(asked.began), now);
        }
    }

    pub(super) fn fail_first(&mut self, why: Trouble, run: &mut Run, now: Instant) {
        if let Some(asked) = self.asked.pop_front() {
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
        [self.patience(), self.due, self.drip].into_iter().flatten().min()
    }
}
