//! The task that generates the visitors: at random times, up to the planned number.

use super::{Cx, Effect, Event, Kind, exponential};
use crate::app::{Deadline, Progress, Target};
use crate::stats::Close;
use std::time::{Duration, Instant};

/// The task: see the module.
#[derive(Debug, Default)]
pub struct VisitorGenerator {
    next: Option<Instant>,
    pub(super) done: Option<Close>,
}

impl VisitorGenerator {
    pub(super) fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Progress {
        match event {
            Event::Opened { .. } => {
                cx.world.generator = Some(cx.id);
                self.next = Some(cx.now);
                self.send(cx);
            }
            Event::Tick => self.send(cx),
            Event::Mail(_) if cx.world.is_over() => self.done = Some(Close::Finished),
            Event::Refused(_) => self.done = Some(Close::Lost),
            Event::Mail(_) | Event::Bytes | Event::Eof | Event::Done(..) => {}
        }
        Progress::Starved
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.next.map(Deadline::Busy)
    }

    /// Sends all visitors that are due. Each pause begins when the previous visitor was due, so
    /// that a late turn does not delay the next ones.
    fn send(&mut self, cx: &mut Cx<'_>) {
        let run = &mut *cx.world;
        let Some(plan) = &run.plan else { return };
        while let Some(next) = self.next.filter(|next| *next <= cx.now) {
            cx.effects.push(Effect::Dial(Target::Peer(plan.to), Kind::Visitor));
            run.sent += 1;
            let pause = Duration::from_secs_f64(exponential(cx.rng) / plan.arrival);
            self.next = (run.sent < plan.clients).then_some(next + pause);
        }
    }
}
