//! The session that keeps the log: it has jobs done and is told what came of them, and stays until
//! the server ends, however full that is. What that means is in `log`.

use super::{APPEND, MARK, READ};
use crate::limits;
use crate::service::store::Notice;
use crate::service::store::front::calls;
use crate::service::{Cx, Deadline, Event, Mail, Progress, Refusal};
use crate::stats::Close;
use crate::work::Outcome;
use crate::work::db::Failure;
use std::time::{Duration, Instant};

/// Keeps the log. It has no peer, and stays until the server ends.
#[derive(Debug)]
pub struct Session {
    /// While something is under way.
    busy: Option<Instant>,
    /// When replicas that could not write their files try again.
    retry: Option<Instant>,
    /// When something has to happen of itself.
    next: Option<Instant>,
    far: Instant,
    /// It has been told that the server is ending.
    ending: bool,
    done: Option<Close>,
}

/// How long replicas that could not write their files wait before they try again.
const RETRY: Duration = Duration::from_secs(2);

/// How long a keeper would sleep if nobody stirred it.
const FAR: Duration = Duration::from_secs(24 * 3600);

impl Session {
    /// A keeper that has just come.
    pub fn open(now: Instant) -> Session {
        Session { busy: None, retry: None, next: None, far: now + FAR, ending: false, done: None }
    }

    /// See [`crate::service::Session::handle`].
    pub fn handle(&mut self, event: Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        let store = &mut cx.world.store;
        match event {
            Event::Opened { .. } => store.keeper = Some(cx.id),
            Event::Done(APPEND, Outcome::Store(answer)) => store.appended(answer, cx.effects),
            Event::Done(MARK, Outcome::Store(answer)) => store.marked(answer, cx.effects),
            Event::Done(READ, Outcome::Store(answer)) => store.read(answer, cx.effects),
            Event::Done(file, Outcome::Store(answer)) => {
                store.went_on(file as usize, answer, cx.effects);
            }
            Event::Done(file, _) => {
                let lost = Err(Failure::new("its thread is gone"));
                store.went_on(file as usize, lost, cx.effects);
            }
            Event::Refused(Refusal::Job(APPEND)) => {
                store.appended(Err(Failure::passing("too much is waiting")), cx.effects);
            }
            Event::Refused(Refusal::Job(MARK)) => {
                store.marked(Err(Failure::passing("too much is waiting for the log")), cx.effects);
            }
            Event::Refused(Refusal::Job(READ)) => {
                store.read(Err(Failure::passing("too much is waiting for the log")), cx.effects);
            }
            Event::Refused(Refusal::Job(file)) => {
                let full = Err(Failure::passing("too much is waiting for its file"));
                store.went_on(file as usize, full, cx.effects);
            }
            Event::Refused(Refusal::Connection(_)) => {
                (store.keeper, store.called) = (None, false);
                store.give_up(cx.effects);
                self.done = Some(Close::Finished);
                return Progress::Starved;
            }
            Event::Mail(Mail::Store(Notice::Reply(ticket, reply))) => {
                store.replied(ticket, &reply, cx.now, cx.effects);
            }
            Event::Mail(_) | Event::Tick | Event::Bytes | Event::Eof => {}
            Event::Refused(Refusal::Input) => {}
        }
        if self.retry.is_some_and(|at| at <= cx.now) {
            self.retry = None;
            store.retry();
        }
        store.go_on(cx.now, cx.effects);
        let pause = || cx.now + RETRY;
        self.retry = store.may_recover().then(|| self.retry.unwrap_or_else(pause));
        for call in cx.world.store.take_calls(cx.id) {
            calls::begin(call, cx);
        }
        self.rest(cx);
        Progress::Starved
    }

    fn rest(&mut self, cx: &mut Cx<'_>) {
        let store = &mut cx.world.store;
        let busy = !store.log.is_idle();
        self.busy = busy.then(|| self.busy.unwrap_or(cx.now + limits::STORE_WAIT));
        if self.busy.is_some_and(|until| until <= cx.now) {
            self.busy = Some(cx.now + limits::STORE_WAIT);
        }
        let of_followers = store.followers.deadline();
        self.next = store.log.deadline().into_iter().chain(of_followers).chain(self.retry).min();
        self.far = cx.now + FAR;
        self.ending = cx.draining;
        if cx.draining && !busy && !store.followers.are_asking() {
            // Whoever still wants something written has another one come.
            (store.keeper, store.called) = (None, false);
            self.done = Some(Close::Finished);
        }
    }

    /// See [`crate::service::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        let sooner = |at: Instant| self.next.map_or(at, |next| next.min(at));
        Some(match self.busy {
            Some(until) => Deadline::Busy(sooner(until)),
            None if self.ending => Deadline::Busy(sooner(self.far)),
            None => Deadline::Standing(sooner(self.far)),
        })
    }

    /// See [`crate::service::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }
}
