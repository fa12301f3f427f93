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
//!
//! Who has its answer asks again in the next turn, when all answers that were there have been read:
//! what it costs to ask is then in nobody's latency.

mod plan;
mod talk;
mod tally;

pub use plan::{Ask, Budget, Number, Plan, Slow};
pub use tally::{CACHE_LOOKED_AT, Point, Series, Tally, Trouble};

use crate::buf::RecvBuf;
use crate::limits::{self, Limits};
use crate::service::{Cx, Deadline, Effect, Event, Kind, Progress};
use crate::stats::Close;
use std::time::{Duration, Instant};
use talk::{Heard, Talk};

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
    /// What became of each request, if somebody wants to know, up to [`TOLD_MAX`] of them.
    pub told: Option<Vec<Told>>,
    limits: Limits,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Which of the plan's requests it was.
    pub place: usize,
    /// The number that was written into it.
    pub number: u64,
    /// When it was due.
    pub began: Instant,
    /// When it came to an end.
    pub at: Instant,
    /// Which end.
    pub fate: Fate,
}

/// To which end a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was answered with this status.
    Answered(u16),
    /// It was not answered: nobody knows whether it was carried out.
    Failed(Trouble),
}

/// Requests of which it is remembered what became of them.
pub const TOLD_MAX: usize = 1 << 20;

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
        Run { plan, budget, tally, transcript, told: None, limits }
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

    #[inline]
    fn tell(&mut self, told: Told) {
        if let Some(all) = &mut self.told
            && all.len() < TOLD_MAX
        {
            all.push(told);
        }
    }

    fn sent(&mut self, bytes: usize, now: Instant) {
        self.tally.bytes_out += if now >= self.plan.count_from { bytes as u64 } else { 0 };
    }

    fn received(&mut self, bytes: usize, now: Instant) {
        self.tally.bytes_in += if now >= self.plan.count_from { bytes as u64 } else { 0 };
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

/// How long a client rests that found no connection: a server that refuses is asked by each
/// client fifty times a second.
const REST: Duration = Duration::from_millis(20);

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
                    talk.free = Some(cx.now);
                    self.rest_if_spent(run);
                    return Progress::Advanced;
                }
                Heard::Nonsense => {
                    run.note(recv.bytes());
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
                    self.rest_if_spent(run);
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
