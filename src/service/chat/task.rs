//! The chat's task without a peer: it waits for the lobby's next timer and for the disk, so that no
//! other session has to. It exists while the lobby is not empty.

use super::lobby::{Delivery, Out};
use super::{State, Task, at};
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Mail, Progress, Refusal, Ticket};
use crate::stats::Close;
use crate::work::db::{self, Failure};
use crate::work::{Job, Outcome};
use std::time::{Duration, Instant};

/// The task; see the module.
#[derive(Debug)]
pub struct Session {
    next: Option<Instant>,
    /// Time of the next attempt, after the queue was full or the database failed.
    retry: Option<Instant>,
    /// Pause for other sessions, after many timers were due at once.
    pause: Option<Instant>,
    /// Later than any visitor stays.
    far: Instant,
    /// True if it knows that the server is shutting down.
    ending: bool,
    done: Option<Close>,
}

/// Sleep while no timer is set.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// Pause before it continues with timers that exceeded a turn's share.
const PAUSE: Duration = Duration::from_millis(1);

/// Pause before it tries again to write after a failure.
const AGAIN: Duration = Duration::from_secs(1);

impl Session {
    /// Creates a new task.
    pub fn open(now: Instant) -> Session {
        Session { next: None, retry: None, pause: None, far: now + FAR, ending: false, done: None }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        let mut out = Out::default();
        match event {
            Event::Done(ticket, outcome) => {
                let pause = committed(*ticket, outcome, cx);
                self.retry = pause.map(|pause| cx.now + pause).or(self.retry);
            }
            Event::Refused(Refusal::Job(ticket)) => {
                cx.world.chat.books.refused(*ticket);
                self.retry = Some(cx.now + limits::POW_RETRY);
            }
            Event::Refused(Refusal::Connection(_)) => {
                cx.world.chat.task = Task::Absent;
                self.done = Some(Close::Finished);
                return Progress::Starved;
            }
            Event::Opened { .. } | Event::Mail(_) | Event::Tick | Event::Bytes | Event::Eof => {}
            Event::Refused(Refusal::Input) => {}
        }
        self.ending = cx.draining;
        if self.ending {
            cx.world.chat.lobby.shut_down(at(cx), &mut out);
        } else if self.pause.is_none_or(|at| at <= cx.now) {
            let more = cx.world.chat.lobby.expire(at(cx), &mut out);
            self.pause = more.then_some(cx.now + PAUSE);
        }
        let own = cx.world.chat.settle(out, cx.id, cx.effects);
        debug_assert!(own.is_empty(), "a task is told nothing by the lobby");
        cx.world.chat.show(cx.wall, &mut cx.stats.chat);
        self.write(cx);
        self.rest(cx);
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        let at = self.next.into_iter().chain(self.retry).min().unwrap_or(self.far);
        Some(if self.ending { Deadline::Busy(at) } else { Deadline::Standing(at) })
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    /// Submits all records that are not submitted yet.
    fn write(&mut self, cx: &mut Cx<'_>) {
        if self.retry.is_some_and(|at| at > cx.now) {
            return;
        }
        self.retry = None;
        while let Some((ticket, request)) = cx.world.chat.books.submit() {
            let job = Job::Database(db::Request::Chat(request));
            cx.effects.push(Effect::Submit(ticket, job));
        }
    }

    fn rest(&mut self, cx: &mut Cx<'_>) {
        let State { lobby, books, task, .. } = &mut cx.world.chat;
        let next = lobby.next_timer();
        self.next = next.map(|next| self.pause.map_or(next, |pause| next.max(pause)));
        self.far = cx.now + FAR;
        if lobby.is_empty() && books.is_empty() && next.is_none() {
            *task = Task::Absent;
            self.done = Some(Close::Finished);
        } else {
            *task = Task::Here(cx.id, next);
        }
    }
}

/// Handles the result of a record; returns the pause before the next attempt if it failed.
fn committed(ticket: Ticket, outcome: &Outcome, cx: &mut Cx<'_>) -> Option<Duration> {
    let books = &mut cx.world.chat.books;
    let failure = match outcome {
        Outcome::Database(answer) => answer.as_ref().err().cloned(),
        Outcome::Pi(_)
        | Outcome::Pow(_)
        | Outcome::Files(_)
        | Outcome::Packed(_)
        | Outcome::Process(_)
        | Outcome::Reports(_)
        | Outcome::List(_)
        | Outcome::Store(_)
        | Outcome::Panicked => Some(Failure::new("a bug")),
    };
    let told = match &failure {
        None => books.committed(ticket),
        Some(failure) => books.failed(ticket, failure),
    };
    // Once for all that failed together.
    if let Some(why) = failure.as_ref().filter(|_| !books.is_writing()) {
        log::error!("{} records of the chat wait to be written: {why}", books.len());
    }
    let told = told.into_iter().map(|Delivery { to, notice }| Effect::Post(to, Mail::Chat(notice)));
    cx.effects.extend(told);
    failure.map(|_| AGAIN)
}
