//! A visitor of the helpdesk: says hello, is served or lost, and rates the chat.

use super::{Cx, Event, next_line, say};
use crate::app::Progress;
use crate::buf::RecvBuf;
use crate::stats::Close;
use crate::wire::chat::ServerLine;
use crate::wire::line::Scan;

/// One visitor.
#[derive(Debug, Default)]
pub struct VisitorClient {
    scan: Scan,
    fate: Option<Fate>,
    pub(super) done: Option<Close>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Handled,
    Lost,
    Blocked,
}

impl VisitorClient {
    pub(super) fn handle(
        &mut self,
        event: &Event,
        recv: &mut RecvBuf,
        cx: &mut Cx<'_>,
    ) -> Progress {
        match event {
            Event::Opened { .. } => introduce(cx),
            Event::Bytes => {
                let mut scan = self.scan;
                let found = next_line(recv, &mut scan, cx, |line, cx| self.on_line(line, cx));
                self.scan = scan;
                return if found { Progress::Advanced } else { Progress::Starved };
            }
            Event::Eof => {
                recv.clear();
                self.settle(cx);
            }
            Event::Refused(_) => self.settle(cx),
            Event::Tick | Event::Done(..) | Event::Mail(_) => {}
        }
        Progress::Starved
    }

    fn on_line(&mut self, line: Option<ServerLine<'_>>, cx: &mut Cx<'_>) {
        let Some(line) = line else { return self.settle(cx) };
        match line {
            ServerLine::Event("CONNECTED", ..) => say(cx, format_args!("hello")),
            ServerLine::Event("ENDED", ..) => {
                self.fate = Some(Fate::Handled);
                let stars = cx.rng.u8(1..=5);
                say(cx, format_args!("/rate {stars}"));
            }
            ServerLine::Event("LOST", ..) => self.fate = Some(Fate::Lost),
            ServerLine::Err(503, ..) => self.fate = Some(Fate::Blocked),
            ServerLine::Event("BYE", ..) => self.settle(cx),
            ServerLine::Event(..)
            | ServerLine::Ok(..)
            | ServerLine::Err(..)
            | ServerLine::Said(..)
            | ServerLine::Heard(..)
            | ServerLine::Item(_) => {}
        }
    }

    /// Counts the visit as over, in every outcome.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        let run = &mut *cx.world;
        match self.fate {
            Some(Fate::Handled) => run.handled += 1,
            Some(Fate::Lost) => run.lost += 1,
            Some(Fate::Blocked) => run.blocked += 1,
            None => run.failed += 1,
        }
        self.done = Some(Close::Finished);
        if run.is_over() {
            run.wake_all(cx.effects);
        }
    }
}

fn introduce(cx: &mut Cx<'_>) {
    let Some(plan) = &cx.world.plan else { return };
    let name = match plan.names.len() {
        0 => format!("visitor-{}", cx.id.generation),
        count => plan.names[cx.id.generation as usize % count].clone(),
    };
    say(cx, format_args!("/hello {name}"));
}
