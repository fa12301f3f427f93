//! The clients of a load test: HTTP sessions that ask again and again, all after one plan.
//!
//! ```text
//!   Dialling ─opened→ Talking ─answer→ Talking ─answer→ … until nothing is left to ask
//!      │                 └── ended, reset, broken, too late ──▶ Done, and another is dialled
//!      └── no connection ──▶ Done, and another is dialled after a rest
//! ```
//! With a rate, requests fall due by a schedule that no answer can delay, and how long each took
//! is counted from the moment when it was due: a server that stalls is charged for everyone who
//! would have come meanwhile. Without one, a client that waits sends nothing, and what it would
//! have seen is not in the figures.

mod plan;
mod tally;

pub use plan::{Budget, Plan, Slow};
pub use tally::{CACHE_LOOKED_AT, Point, Series, Tally, Trouble};

use super::http::{Part, Reader};
use crate::buf::RecvBuf;
use crate::limits::{self, Limits};
use crate::service::{Cx, Deadline, Effect, Event, Kind, Progress};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::http::Fields;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What all clients of a run share. A server has none.
#[derive(Debug)]
pub struct Run {
    /// What is to be done.
    pub plan: Plan,
    /// What is still to be sent.
    pub budget: Budget,
    /// What was seen.
    pub tally: Tally,
    /// The bytes of the answers, if somebody wants to see them, up to a mebibyte.
    pub transcript: Option<Vec<u8>>,
    limits: Limits,
}

/// Which part a session plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// A client with a connection.
    Client,
    /// One that waits before it tries again.
    Resting,
}

impl Run {
    /// A run at its beginning.
    pub fn new(plan: Plan, limits: Limits, transcript: Option<Vec<u8>>) -> Run {
        let (budget, tally) = (Budget::of(&plan), Tally::new(plan.count_from));
        Run { plan, budget, tally, transcript, limits }
    }

    /// Whether as many requests have come to an end as were wanted.
    pub fn is_complete(&self) -> bool {
        self.plan.requests.is_some_and(|wanted| self.tally.requests >= wanted)
    }

    #[inline]
    fn note(&mut self, bytes: &[u8]) {
        if let Some(transcript) = &mut self.transcript
            && transcript.len() < limits::MIB
        {
            transcript.extend_from_slice(bytes);
        }
    }

    fn failed(&mut self, why: Trouble, began: Instant, now: Instant) {
        if began >= self.plan.count_from {
            self.tally.failed(why, now);
        }
    }
}

/// One client.
#[derive(Debug)]
pub struct Session {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Resting(Instant),
    Dialling(Instant),
    Talking(Box<Talk>),
    Done(Close),
}

#[derive(Debug)]
struct Talk {
    reader: Reader,
    status: u16,
    /// Requests under way, the oldest first.
    asked: VecDeque<Asked>,
    /// When the next is due, if that is not yet.
    due: Option<Instant>,
    /// Nothing more may be asked on this connection.
    last: bool,
    /// When to misbehave next.
    drip: Option<Instant>,
    /// What comes is not read.
    deaf: bool,
    /// How long an answer may take.
    patience: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    /// When it was due: what its latency is counted from.
    began: Instant,
    /// When it was sent: what patience is counted from.
    sent: Instant,
}

/// How long a client rests that found no connection: a server that refuses is asked by each
/// client fifty times a second.
const REST: Duration = Duration::from_millis(20);

/// How often a slow client sends a little more.
const DRIP: Duration = Duration::from_millis(500);

/// Requests that a client sends whose answers it will not read: enough to fill what both kernels
/// hold for a connection, if the answers have a kibibyte.
const UNREAD: usize = 2048;

impl Session {
    /// A client that is about to connect, or to rest.
    pub fn open(seat: Seat, now: Instant) -> Session {
        let stage = match seat {
            Seat::Client => Stage::Dialling(now + limits::DIAL_TIMEOUT),
            Seat::Resting => Stage::Resting(now + REST),
        };
        Session { stage }
    }

    /// See [`crate::service::Session::handle`].
    pub fn handle(&mut self, event: &Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let mut world = cx.world.tester.take();
        let progress = match &mut world {
            Some(run) => self.event(event, recv, run, cx),
            None => {
                self.stage = Stage::Done(Close::Finished);
                Progress::Starved
            }
        };
        cx.world.tester = world;
        progress
    }

    /// See [`crate::service::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        match &self.stage {
            Stage::Resting(until) | Stage::Dialling(until) => Some(Deadline::Busy(*until)),
            Stage::Talking(talk) => talk.deadline().map(Deadline::Busy),
            Stage::Done(_) => None,
        }
    }

    /// See [`crate::service::Session::wants_read`].
    pub fn wants_read(&self) -> bool {
        match &self.stage {
            Stage::Talking(talk) => !talk.deaf,
            Stage::Dialling(_) => true,
            Stage::Resting(_) | Stage::Done(_) => false,
        }
    }

    /// See [`crate::service::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        match self.stage {
            Stage::Done(why) => Some(why),
            Stage::Resting(_) | Stage::Dialling(_) | Stage::Talking(_) => None,
        }
    }

    fn event(
        &mut self,
        event: &Event,
        recv: &mut RecvBuf,
        run: &mut Run,
        cx: &mut Cx<'_>,
    ) -> Progress {
        match (&mut self.stage, event) {
            (Stage::Dialling(_), Event::Opened { .. }) => {
                run.tally.connected += 1;
                let mut talk = Box::new(Talk::new(&run.plan, cx.now));
                talk.ask(run, cx);
                self.stage = Stage::Talking(talk);
                self.rest_if_spent(run);
            }
            (Stage::Talking(talk), Event::Bytes) => match talk.hear(recv, run, cx) {
                Heard::Nothing => return Progress::Starved,
                Heard::Answer if talk.last => self.hang_up(Close::Finished, run, cx),
                Heard::Answer => {
                    talk.ask(run, cx);
                    self.rest_if_spent(run);
                    return Progress::Advanced;
                }
                Heard::Nonsense => {
                    recv.clear();
                    talk.fail_first(Trouble::Parse, run, cx.now);
                    self.hang_up(Close::BadInput, run, cx);
                }
            },
            (Stage::Talking(talk), Event::Eof) => {
                if talk.reader.end_of_input().is_ok() {
                    talk.answered(run, cx.now);
                }
                self.hang_up(Close::Peer, run, cx);
            }
            (Stage::Talking(_), Event::Refused(_)) => self.hang_up(Close::Lost, run, cx),
            (Stage::Talking(talk), Event::Tick) => {
                if talk.patience().is_some_and(|at| at <= cx.now) {
                    talk.fail_all(Trouble::Timeout, run, cx.now);
                    self.hang_up(Close::ReplyTimeout, run, cx);
                } else {
                    talk.drip(run, cx);
                    talk.ask(run, cx);
                }
            }
            (Stage::Dialling(_), Event::Refused(_) | Event::Tick) => self.not_connected(run, cx),
            (Stage::Resting(until), Event::Tick) if *until <= cx.now => {
                cx.effects.push(Effect::Dial(run.plan.to, Kind::Load(Seat::Client)));
                self.stage = Stage::Done(Close::Finished);
            }
            (Stage::Resting(_), Event::Refused(_)) => self.stage = Stage::Done(Close::Aborted),
            (Stage::Resting(_) | Stage::Dialling(_) | Stage::Talking(_) | Stage::Done(_), _) => {}
        }
        Progress::Starved
    }

    /// There is no connection: that is what became of one request.
    fn not_connected(&mut self, run: &mut Run, cx: &mut Cx<'_>) {
        let began = run.budget.arrival(cx.now).map(|arrival| arrival.min(cx.now));
        if let Some(began) = began.filter(|began| run.budget.take(*began)) {
            run.failed(Trouble::Connect, began, cx.now);
        }
        self.stage = Stage::Done(Close::Unreachable);
        if !run.budget.is_spent() {
            cx.effects.push(Effect::Open(Kind::Load(Seat::Resting)));
        }
    }

    /// The connection is of no more use: what was asked on it will not be answered.
    fn hang_up(&mut self, why: Close, run: &mut Run, cx: &mut Cx<'_>) {
        if let Stage::Talking(talk) = &mut self.stage {
            talk.fail_all(Trouble::Reset, run, cx.now);
            if let Some(due) = talk.due.take() {
                run.budget.give_back(due);
            }
        }
        self.stage = Stage::Done(why);
        if !run.budget.is_spent() {
            cx.effects.push(Effect::Dial(run.plan.to, Kind::Load(Seat::Client)));
        }
    }

    /// All requests are sent, and this client waits for no answer.
    fn rest_if_spent(&mut self, run: &Run) {
        if let Stage::Talking(talk) = &self.stage
            && talk.asked.is_empty()
            && run.budget.is_spent()
        {
            self.stage = Stage::Done(Close::Finished);
        }
    }
}

/// What came in.
enum Heard {
    Nothing,
    Answer,
    Nonsense,
}

impl Talk {
    fn new(plan: &Plan, now: Instant) -> Talk {
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
    fn ask(&mut self, run: &mut Run, cx: &mut Cx<'_>) {
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
    fn drip(&mut self, run: &mut Run, cx: &mut Cx<'_>) {
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
    fn hear(&mut self, recv: &mut RecvBuf, run: &mut Run, cx: &mut Cx<'_>) -> Heard {
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
    fn answered(&mut self, run: &mut Run, now: Instant) {
        self.reader = Reader::new(run.plan.method);
        let Some(asked) = self.asked.pop_front() else { return };
        if asked.began >= run.plan.count_from {
            run.tally.answered(self.status, now.saturating_duration_since(asked.began), now);
        }
    }

    fn fail_first(&mut self, why: Trouble, run: &mut Run, now: Instant) {
        if let Some(asked) = self.asked.pop_front() {
            run.failed(why, asked.began, now);
        }
    }

    fn fail_all(&mut self, why: Trouble, run: &mut Run, now: Instant) {
        while !self.asked.is_empty() {
            self.fail_first(why, run, now);
        }
    }

    /// When patience with the oldest request ends. A slow client has no end of it.
    fn patience(&self) -> Option<Instant> {
        match self.drip {
            None => self.asked.front().map(|asked| asked.sent + self.patience),
            Some(_) => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [self.patience(), self.due, self.drip].into_iter().flatten().min()
    }
}
