//! Whoever sends the visitors: without a connection, by chance, and never more than were asked for.

use super::exponential;
use crate::service::{Cx, Deadline, Effect, Event, Kind, Progress};
use crate::stats::Close;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub struct Session {
    next: Option<Instant>,
    done: Option<Close>,
}

impl Session {
    /// An usher before the first visitor.
    pub fn open() -> Session {
        Session { next: None, done: None }
    }

    /// See [`crate::service::Session::handle`].
    pub fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        match event {
            Event::Opened { .. } => {
                cx.world.helpdesk.usher = Some(cx.id);
                self.next = Some(cx.now);
                self.send(cx);
            }
            Event::Tick => self.send(cx),
            Event::Mail(_) if cx.world.helpdesk.is_over() => self.done = Some(Close::Finished),
            Event::Refused(_) => self.done = Some(Close::Lost),
            Event::Mail(_) | Event::Bytes | Event::Eof | Event::Done(..) => {}
        }
        Progress::Starved
    }

    /// See [`crate::service::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        self.next.map(Deadline::Busy)
    }

    /// See [`crate::service::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    /// Sends everybody who is due: the schedule is not that of the clock that woke us, so that a
    /// late turn makes no gap.
    fn send(&mut self, cx: &mut Cx<'_>) {
        let run = &mut cx.world.helpdesk;
        let Some(plan) = &run.plan else { return };
        while let Some(next) = self.next.filter(|next| *next <= cx.now) {
            cx.effects.push(Effect::Dial(plan.to, Kind::Patron));
            run.sent += 1;
            let pause = Duration::from_secs_f64(exponential(cx.rng) / plan.arrival);
            self.next = (run.sent < plan.clients).then_some(next + pause);
        }
    }
}
