//! The clients of a load test: HTTP sessions that repeat the requests of one plan.
//!
//! ```text
//!   Dialling ─opened→ Talking ─response→ Talking ─response→ … until no request is left
//!      │                 └── ended, reset, broken, too late ──▶ Done, and a new connection
//!      └── no connection ──▶ Done, and a new connection after a pause
//! ```
//! With a rate, requests fall due by a schedule that no response can delay, and the latency of each
//! is counted from the moment when it was due: the stalls of a server count against all requests
//! that fall due meanwhile. A closed connection is replaced when the next request is due and not
//! before, so that a server that is down receives no more attempts than the schedule has requests.
//! Without a rate, a client that waits sends nothing, and the figures do not show the requests that
//! it would have sent meanwhile.
//!
//! A client sends its next request in the turn after its response, when all responses that had
//! arrived are processed: the cost of sending is then in no latency.

mod cookies;
mod plan;
mod run;
mod talk;
mod tally;

pub use cookies::Scope;
pub use plan::{Ask, Budget, Number, Plan, Slow};
pub use run::{Fate, Run, TOLD_MAX, Told};
pub use talk::SLOW_BODY_BYTES;
pub use tally::{CACHE_LOOKED_AT, Point, Series, Tally, Trouble};

use crate::app::{self, App, Deadline, Id, Progress, Target};
use crate::buf::RecvBuf;
use crate::stats::Close;
use std::time::{Duration, Instant};
use talk::{Received, Talk};

/// The application.
#[derive(Debug)]
pub struct LoadTest;

impl App for LoadTest {
    type Kind = Seat;
    type Session = Session;
    type World = Run;
    type Mail = RunOver;
    type Record = ();
}

/// The message that the run is over: the client counts its requests without a response.
#[derive(Debug, Clone, Copy)]
pub struct RunOver;

type Event = app::Event<RunOver>;
type Effect = app::Effect<LoadTest>;
type Cx<'a> = app::Cx<'a, LoadTest>;

/// The role with which a session starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// A client that connects: for a request that is due, or for the next one.
    Client {
        /// The longest time that it may take to connect.
        patience: Duration,
        /// The due time of the request that it connects for.
        due: Option<Instant>,
    },
    /// A client that waits before it connects.
    Resting {
        /// The end of the wait.
        until: Instant,
        /// The due time of the request that it will connect for.
        due: Option<Instant>,
    },
}

impl Seat {
    /// Returns the role of the clients with which a run begins.
    pub fn first(plan: &Plan) -> Seat {
        Seat::Client { patience: plan.timeout, due: None }
    }
}

/// One client.
#[derive(Debug)]
pub struct Session {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Resting { until: Instant, due: Option<Instant> },
    Dialling { since: Instant, until: Instant, due: Option<Instant> },
    Talking(Box<Talk>),
    Done(Close),
}

/// The pause of a client without a schedule after a failed attempt to connect: each client tries a
/// server that refuses at most fifty times per second.
const REST: Duration = Duration::from_millis(20);

impl app::Session<LoadTest> for Session {
    fn open(seat: Seat, _id: Id, now: Instant) -> Session {
        let stage = match seat {
            Seat::Client { patience, due } => {
                Stage::Dialling { since: now, until: now + patience, due }
            }
            Seat::Resting { until, due } => Stage::Resting { until, due },
        };
        Session { stage }
    }

    fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match (&mut self.stage, event) {
            (Stage::Dialling { since, due, .. }, Event::Opened { .. }) => {
                cx.world.tally.connected += 1;
                let jar = cx.world.jars.pop().unwrap_or_default();
                let mut talk = Box::new(Talk::new(&cx.world.plan, jar, *since, cx.now));
                talk.due = *due;
                talk.ask(cx);
                self.stage = Stage::Talking(talk);
                self.rest_if_spent(cx.world);
            }
            (Stage::Talking(talk), Event::Bytes) => {
                let received = talk.receive(recv, cx);
                return self.received(received, recv, cx);
            }
            (Stage::Talking(talk), Event::Eof) => {
                if talk.reader.end_of_input().is_ok() {
                    talk.answered(cx.world, cx.now);
                }
                self.hang_up(Close::Peer, cx);
            }
            (Stage::Talking(_), Event::Refused(_)) => self.hang_up(Close::Lost, cx),
            (Stage::Talking(talk), Event::Tick) => {
                if talk.patience().is_some_and(|at| at <= cx.now) {
                    talk.fail_all(Trouble::Timeout, cx.world, cx.now);
                    self.hang_up(Close::ReplyTimeout, cx);
                } else {
                    talk.drip(cx);
                    talk.ask(cx);
                    self.rest_if_spent(cx.world);
                }
            }
            (Stage::Dialling { due, .. }, Event::Refused(_) | Event::Tick) => {
                let due = *due;
                self.not_connected(due, cx);
            }
            (Stage::Resting { until, due }, Event::Tick) if *until <= cx.now => {
                // A client without a due request has waited for the end of the run.
                if due.is_some() || !cx.world.budget.is_scheduled() {
                    dial(*due, cx);
                }
                self.stage = Stage::Done(Close::Finished);
            }
            (Stage::Resting { .. }, Event::Refused(_)) => self.stage = Stage::Done(Close::Aborted),
            (stage, Event::Mail(RunOver)) => count_under_way(stage, cx.world, cx.now),
            (
                Stage::Resting { .. } | Stage::Dialling { .. } | Stage::Talking(_) | Stage::Done(_),
                _,
            ) => {}
        }
        Progress::Starved
    }

    fn deadline(&self) -> Option<Deadline> {
        match &self.stage {
            Stage::Resting { until, .. } | Stage::Dialling { until, .. } => {
                Some(Deadline::Busy(*until))
            }
            Stage::Talking(talk) => talk.deadline().map(Deadline::Busy),
            Stage::Done(_) => None,
        }
    }

    fn wants_read(&self) -> bool {
        match &self.stage {
            Stage::Talking(talk) => !talk.ignores_input,
            Stage::Dialling { .. } => true,
            Stage::Resting { .. } | Stage::Done(_) => false,
        }
    }

    fn is_done(&self) -> Option<Close> {
        match self.stage {
            Stage::Done(why) => Some(why),
            Stage::Resting { .. } | Stage::Dialling { .. } | Stage::Talking(_) => None,
        }
    }
}

impl Session {
    fn received(&mut self, received: Received, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let Stage::Talking(talk) = &mut self.stage else { return Progress::Starved };
        match received {
            Received::Nothing => {}
            Received::Answer if talk.last => self.hang_up(Close::Requested, cx),
            Received::Answer => {
                talk.free = Some(cx.now);
                self.rest_if_spent(cx.world);
                return Progress::Advanced;
            }
            Received::Unasked => {
                recv.clear();
                self.hang_up(Close::BadInput, cx);
            }
            Received::Nonsense(why) => {
                cx.world.note(recv.bytes());
                recv.clear();
                talk.misread(why, cx.world, cx.now);
                self.hang_up(Close::BadInput, cx);
            }
        }
        Progress::Starved
    }

    /// Handles a failed attempt to connect, which is also the outcome of the request that was due.
    fn not_connected(&mut self, due: Option<Instant>, cx: &mut Cx<'_>) {
        self.stage = Stage::Done(Close::Unreachable);
        let due = due.or_else(|| cx.world.budget.arrival(cx.now));
        match due {
            Some(began) if began <= cx.now => {
                if cx.world.budget.take(began) {
                    cx.world.failed(Trouble::Connect, began, cx.now);
                }
                rest(None, cx);
            }
            Some(_) | None => rest(due, cx),
        }
    }

    /// Gives up the connection: the requests on it count as failed, and unsent bytes are discarded.
    fn hang_up(&mut self, why: Close, cx: &mut Cx<'_>) {
        let mut due = None;
        if let Stage::Talking(talk) = &mut self.stage {
            talk.fail_all(Trouble::Reset, cx.world, cx.now);
            due = talk.due;
            if !talk.jar.is_empty() {
                cx.world.jars.push(std::mem::take(&mut talk.jar));
            }
        }
        cx.world.unsent(cx.send.len(), cx.now);
        cx.send.clear();
        self.stage = Stage::Done(why);
        if cx.world.budget.is_scheduled() {
            rest(due, cx);
        } else if !cx.world.budget.is_spent() {
            dial(None, cx);
        }
    }

    /// Ends the client if all requests are sent and it waits for no response.
    fn rest_if_spent(&mut self, run: &Run) {
        if let Stage::Talking(talk) = &self.stage
            && talk.asked.is_empty()
            && run.budget.is_spent()
        {
            self.stage = Stage::Done(Close::Finished);
        }
    }
}

/// Starts a client in place of one whose connection is over.
fn dial(due: Option<Instant>, cx: &mut Cx<'_>) {
    let seat = Seat::Client { patience: cx.world.plan.timeout, due };
    let to = Target::Peer(cx.world.plan.to);
    cx.effects.push(Effect::Dial(to, seat));
}

/// Starts a client that waits until its request is `due`, or until the next one is.
fn rest(due: Option<Instant>, cx: &mut Cx<'_>) {
    if cx.world.budget.is_spent() {
        return;
    }
    let due = match cx.world.budget.is_scheduled() {
        true => due.or_else(|| cx.world.budget.arrival(cx.now)),
        false => None,
    };
    let until = match due {
        Some(due) if due <= cx.now => return dial(Some(due), cx),
        Some(due) => due,
        None if cx.world.budget.is_scheduled() => cx.world.plan.until,
        None => cx.now + REST,
    };
    cx.effects.push(Effect::Dial(Target::Task, Seat::Resting { until, due }));
}

/// Counts the requests that have no response at the end of the run, including one that still waits
/// for a connection.
fn count_under_way(stage: &mut Stage, run: &mut Run, now: Instant) {
    match stage {
        Stage::Talking(talk) => talk.count_under_way(run, now),
        Stage::Dialling { since, due, .. } => {
            let began = match due {
                Some(due) => *due,
                None if run.budget.is_scheduled() => return,
                None => *since,
            };
            if run.budget.take(began) {
                run.still_waits(began, now);
            }
        }
        Stage::Resting { .. } | Stage::Done(_) => {}
    }
}
