//! Proof of work over lines: a message in, its proof out, in the order of the messages, with
//! several searches at once.
//!
//! ```text
//!   line ─▶ try a few seeds here ─ found ─────────────▶ ┐
//!              └─ not found ─▶ pool (a few at a time) ─▶ ┴ queue ─▶ reply, when it is its turn
//! ```
//! A client that sends faster than it is served is not read meanwhile; it is never refused.

use super::meter::expected;
use crate::buf::RecvBuf;
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Progress, Refusal, Ticket};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::line::{self, Scan};
use crate::wire::pow::{self as wire, MESSAGE_BYTES_MAX};
use crate::work::{Compute, Job, Outcome, pow};
use std::collections::VecDeque;
use std::time::Instant;

/// A client.
#[derive(Debug)]
pub struct Session {
    stage: Stage,
    /// Pending replies in their order; `None` while idle.
    queue: Option<Box<Queue>>,
    /// Lines in a row that were too long.
    too_long: u8,
    deadline: Option<Deadline>,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Reading lines.
    Reading(Scan),
    /// In the middle of a line that is too long.
    Discarding,
    /// No more lines are read: pending ones are still answered.
    Ending(Close),
    Done(Close),
}

/// Requests without a reply, and replies that wait for earlier ones.
#[derive(Debug, Default)]
struct Queue {
    due: VecDeque<Due>,
    /// The ticket of the first pending reply.
    first: Ticket,
    /// Number of running searches.
    searching: usize,
    /// Bytes that the queue holds.
    bytes: usize,
}

/// The state of a reply.
#[derive(Debug)]
enum Due {
    /// To be searched when others are done.
    Held(Box<pow::Job>),
    /// Being searched, for a message of this many bytes.
    Searching(Vec<u8>),
    /// Waiting for its turn.
    Ready(Vec<u8>),
}

/// Too long lines in a row before a client is closed.
const TOO_LONG_MAX: u8 = 3;

impl Session {
    /// Creates a session for a new client.
    pub fn open(_now: Instant) -> Session {
        let stage = Stage::Reading(Scan::default());
        Session { stage, queue: None, too_long: 0, deadline: None }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let progress = match event {
            Event::Opened { .. } => Progress::Advanced,
            Event::Bytes => self.input(recv, cx),
            Event::Eof => {
                self.end_of_input(recv, cx);
                Progress::Advanced
            }
            Event::Done(ticket, outcome) => {
                self.searched(ticket, &outcome, cx);
                Progress::Advanced
            }
            Event::Refused(Refusal::Job(ticket)) => {
                self.refused(ticket, cx);
                Progress::Advanced
            }
            Event::Tick => {
                self.overdue(cx);
                Progress::Advanced
            }
            Event::Refused(Refusal::Connection(_)) => {
                self.lost(cx);
                return Progress::Starved;
            }
            Event::Mail(_) | Event::Refused(Refusal::Input) => Progress::Starved,
        };
        cx.world.pow.meter.sample(cx.now);
        self.settle(cx);
        progress
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// See [`crate::app::Session::wants_read`].
    pub fn wants_read(&self) -> bool {
        let room = self.queue.as_ref().is_none_or(|queue| {
            queue.due.len() < limits::POW_REQUESTS && queue.bytes < limits::POW_BYTES
        });
        match self.stage {
            Stage::Reading(_) | Stage::Discarding => room,
            Stage::Ending(_) | Stage::Done(_) => false,
        }
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        match self.stage {
            Stage::Done(why) => Some(why),
            Stage::Reading(_) | Stage::Discarding | Stage::Ending(_) => None,
        }
    }

    fn input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match self.stage {
            Stage::Reading(mut scan) => {
                match line::line(recv.bytes(), &mut scan, MESSAGE_BYTES_MAX) {
                    Parse::Done(message, used) => {
                        self.stage = Stage::Reading(scan);
                        self.too_long = 0;
                        self.request(message, cx);
                        recv.consume(used);
                        Progress::Advanced
                    }
                    Parse::More => {
                        self.stage = Stage::Reading(scan);
                        Progress::Starved
                    }
                    Parse::Bad(line::TooLong) => {
                        self.stage = Stage::Discarding;
                        Progress::Advanced
                    }
                }
            }
            Stage::Discarding => {
                let (used, ended) = line::rest(recv.bytes());
                recv.consume(used);
                if ended {
                    self.discarded(cx);
                }
                if ended { Progress::Advanced } else { Progress::Starved }
            }
            Stage::Ending(_) | Stage::Done(_) => Progress::Starved,
        }
    }

    /// Handles the end of a line that was too long. The third in a row is the last.
    fn discarded(&mut self, cx: &mut Cx<'_>) {
        self.too_long += 1;
        self.reply_error(wire::Error::TooLong, cx);
        self.stage = if self.too_long >= TOO_LONG_MAX {
            Stage::Ending(Close::TooLarge)
        } else {
            Stage::Reading(Scan::default())
        };
    }

    fn end_of_input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) {
        match self.stage {
            Stage::Reading(_) => {
                if let Some(message) = line::last(recv.bytes()) {
                    self.request(message, cx);
                }
            }
            Stage::Discarding => self.discarded(cx),
            Stage::Ending(_) | Stage::Done(_) => return,
        }
        recv.clear();
        self.stage = Stage::Ending(Close::Peer);
    }

    fn request(&mut self, message: &[u8], cx: &mut Cx<'_>) {
        if cx.draining {
            return self.reply_error(wire::Error::ShuttingDown, cx);
        }
        let mut job = cx.world.pow.job(message, cx.rng);
        match cx.world.pow.try_in_place(&mut job, cx.in_place) {
            Some(outcome) => {
                let mut text = Vec::new();
                print(message, &outcome, &mut text);
                count(&outcome, cx);
                self.reply(text, cx);
            }
            None => {
                let queue = self.queue.get_or_insert_default();
                queue.bytes += job.message().len();
                queue.due.push_back(Due::Held(job));
            }
        }
    }

    fn reply_error(&mut self, error: wire::Error, cx: &mut Cx<'_>) {
        let mut text = Vec::new();
        wire::print_error(error, &mut text);
        self.reply(text, cx);
    }

    /// Sends a reply, or queues it after earlier ones.
    fn reply(&mut self, text: Vec<u8>, cx: &mut Cx<'_>) {
        match &mut self.queue {
            None => cx.send.push_owned(text),
            Some(queue) => {
                queue.bytes += text.len();
                queue.due.push_back(Due::Ready(text));
            }
        }
    }

    fn searched(&mut self, ticket: Ticket, outcome: &Outcome, cx: &mut Cx<'_>) {
        let Some(queue) = &mut self.queue else { return };
        let place = ticket.wrapping_sub(queue.first) as usize;
        let Some(due @ Due::Searching(_)) = queue.due.get_mut(place) else { return };
        let Due::Searching(message) = std::mem::replace(due, Due::Ready(Vec::new())) else {
            unreachable!("it was a moment ago")
        };
        queue.searching -= 1;
        cx.world.pow.meter.lines -= 1;
        queue.bytes -= message.len();
        let mut text = Vec::new();
        match outcome {
            Outcome::Pow(outcome) => {
                print(&message, outcome, &mut text);
                count(outcome, cx);
            }
            Outcome::Pi(_)
            | Outcome::Files(_)
            | Outcome::Process(_)
            | Outcome::Packed(_)
            | Outcome::Reports(_)
            | Outcome::List(_)
            | Outcome::Database(_)
            | Outcome::Store(_)
            | Outcome::Panicked => {
                wire::print_error(wire::Error::Internal, &mut text);
            }
        }
        queue.bytes += text.len();
        *due = Due::Ready(text);
    }

    /// Handles the full pool: the search is submitted again a little later.
    fn refused(&mut self, ticket: Ticket, cx: &mut Cx<'_>) {
        let Some(queue) = &mut self.queue else { return };
        let place = ticket.wrapping_sub(queue.first) as usize;
        let Some(due) = queue.due.get_mut(place) else { return };
        if let Due::Searching(message) = due {
            queue.searching -= 1;
            cx.world.pow.meter.lines -= 1;
            *due = Due::Held(cx.world.pow.job(message, cx.rng));
            self.deadline = Some(Deadline::Busy(cx.now + limits::POW_RETRY));
        }
    }

    /// Drops the queue of a lost client; the driver cancels the searches.
    fn lost(&mut self, cx: &mut Cx<'_>) {
        if let Some(queue) = self.queue.take() {
            cx.world.pow.meter.lines -= queue.searching as u64;
        }
    }

    fn overdue(&mut self, cx: &Cx<'_>) {
        let due = self.deadline.is_some_and(|deadline| deadline.at() <= cx.now);
        if due && self.queue.is_none() {
            self.stage = Stage::Done(Close::Idle);
        }
    }

    /// Runs after every event: sends replies that are due, starts searches if there is room, and
    /// ends when everything is answered.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        let waits = matches!(self.deadline, Some(Deadline::Busy(at)) if at > cx.now);
        if let Some(queue) = &mut self.queue {
            queue.send_ready(cx);
            if !waits {
                queue.search(cx);
            }
            if queue.due.is_empty() {
                self.queue = None;
            }
        }
        match (self.stage, &self.queue) {
            (Stage::Ending(why), None) => self.stage = Stage::Done(why),
            (Stage::Reading(_) | Stage::Discarding, None) => {
                self.deadline = Some(Deadline::Idle(cx.now + limits::POW_IDLE));
            }
            (_, Some(_)) if !waits => self.deadline = None,
            (Stage::Reading(_) | Stage::Discarding | Stage::Ending(_) | Stage::Done(_), _) => {}
        }
    }
}

impl Queue {
    fn send_ready(&mut self, cx: &mut Cx<'_>) {
        while let Some(Due::Ready(text)) = self.due.front_mut() {
            self.bytes -= text.len();
            cx.send.push_owned(std::mem::take(text));
            self.due.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Starts searches, the oldest first.
    fn search(&mut self, cx: &mut Cx<'_>) {
        for (place, due) in self.due.iter_mut().enumerate() {
            if self.searching >= limits::POW_SEARCHES {
                return;
            }
            if let Due::Held(job) = due {
                let message = job.message().to_vec();
                let Due::Held(job) = std::mem::replace(due, Due::Searching(message)) else {
                    unreachable!("it was held a moment ago")
                };
                let ticket = self.first.wrapping_add(place as Ticket);
                cx.effects.push(Effect::Submit(ticket, Job::Compute(Compute::Pow(job))));
                self.searching += 1;
                cx.world.pow.meter.lines += 1;
            }
        }
    }
}

fn count(outcome: &pow::Outcome, cx: &mut Cx<'_>) {
    let state = &mut cx.world.pow;
    match outcome {
        pow::Outcome::Found { tried, .. } => {
            state.meter.found(state.bits, *tried);
            cx.stats.pow.found(*tried, expected(state.bits));
        }
        pow::Outcome::Exhausted { .. } => cx.stats.pow.exhausted += 1,
    }
}

fn print(message: &[u8], outcome: &pow::Outcome, out: &mut Vec<u8>) {
    match outcome {
        pow::Outcome::Found { seed, hash, .. } => {
            wire::print(message, seed.as_bytes(), hash, out);
            out.push(b'\n');
        }
        pow::Outcome::Exhausted { tried } => {
            wire::print_error(wire::Error::Exhausted(*tried), out);
        }
    }
}
