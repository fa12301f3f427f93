//! The task that keeps the log: it submits jobs, takes their outcomes, and has the store go on
//! after each. It has no peer and lives until the server ends.

use super::{APPEND, MARK, READ};
use crate::limits;
use crate::service::store::front::calls;
use crate::service::store::wait::Told;
use crate::service::store::{Notice, State};
use crate::service::{Cx, Deadline, Effect, Event, Id, Mail, Progress, Refusal, Ticket};
use crate::stats::Close;
use crate::work::Outcome;
use crate::work::db::Failure;
use crate::work::db::store::Answer;
use std::time::{Duration, Instant};

/// The state of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// No.
    Absent,
    /// It was asked for.
    Starting,
    /// Yes, under this name.
    Running(Id),
}

/// The task that keeps the log; see the module.
#[derive(Debug)]
pub struct LogTask {
    /// The end of the wait for the work that is under way.
    busy: Option<Instant>,
    /// The next try of replicas that could not write their files.
    retry: Option<Instant>,
    /// The next moment at which something is due.
    next: Option<Instant>,
    far: Instant,
    /// True if it knows that the server is ending.
    ending: bool,
    done: Option<Close>,
}

/// The pause before replicas that could not write their files try again.
const RETRY: Duration = Duration::from_secs(2);

/// The time after which the task wakes when nothing is due.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// Returns the effect that wakes the task.
pub fn wake(task: Id) -> Effect {
    Effect::Post(task, Mail::Store(Notice::Wake))
}

impl LogTask {
    /// A task that has just been started.
    pub fn open(now: Instant) -> LogTask {
        LogTask { busy: None, retry: None, next: None, far: now + FAR, ending: false, done: None }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        let store = &mut cx.world.store;
        match event {
            Event::Opened { .. } => store.log.task = Task::Running(cx.id),
            Event::Done(ticket, outcome) => {
                let lost = Err(Failure::new("its thread is gone"));
                let answer = if let Outcome::Store(answer) = outcome { answer } else { lost };
                file_answered(store, ticket, answer, cx.effects);
            }
            Event::Refused(Refusal::Job(ticket)) => {
                let full = Err(Failure::passing("too many requests wait for the file"));
                file_answered(store, ticket, full, cx.effects);
            }
            Event::Refused(Refusal::Connection(_)) => {
                store.log.task = Task::Absent;
                store.log.give_up(cx.effects);
                self.done = Some(Close::Finished);
                return Progress::Starved;
            }
            Event::Mail(Mail::Store(Notice::Told(ticket, Told::Reply(reply)))) => {
                store.log.replied(ticket, &reply, cx.now, cx.effects);
            }
            Event::Mail(_)
            | Event::Tick
            | Event::Bytes
            | Event::Eof
            | Event::Refused(Refusal::Input) => {}
        }
        if self.retry.is_some_and(|at| at <= cx.now) {
            self.retry = None;
            store.replicas.retry();
        }
        store.go_on(cx.now, cx.effects);
        let retry = self.retry.unwrap_or_else(|| cx.now + RETRY);
        self.retry = store.replicas.may_recover().then_some(retry);
        for call in store.log.take_calls(cx.id) {
            calls::begin(call, cx);
        }
        self.rest(cx);
        Progress::Starved
    }

    fn rest(&mut self, cx: &mut Cx<'_>) {
        let log = &mut cx.world.store.log;
        let busy = !log.is_idle();
        self.busy = busy.then(|| self.busy.unwrap_or(cx.now + limits::STORE_WAIT));
        if self.busy.is_some_and(|until| until <= cx.now) {
            self.busy = Some(cx.now + limits::STORE_WAIT);
        }
        self.next = log.deadline().into_iter().chain(self.retry).min();
        self.far = cx.now + FAR;
        self.ending = cx.draining;
        if cx.draining && !busy && !log.followers.are_waiting() {
            // A later write starts another task.
            log.task = Task::Absent;
            self.done = Some(Close::Finished);
        }
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        let sooner = |at: Instant| self.next.map_or(at, |next| next.min(at));
        Some(match self.busy {
            Some(until) => Deadline::Busy(sooner(until)),
            None if self.ending => Deadline::Busy(sooner(self.far)),
            None => Deadline::Standing(sooner(self.far)),
        })
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }
}

/// Hands the answer of a file to the room that asked for it.
fn file_answered(
    store: &mut State,
    ticket: Ticket,
    answer: Result<Answer, Failure>,
    effects: &mut Vec<Effect>,
) {
    match ticket {
        APPEND => store.log.appended(answer, effects),
        MARK => store.log.marked(answer, effects),
        READ => store.log.read(answer),
        file => store.file_answered(file as usize, answer, effects),
    }
}
