//! An agent of the helpdesk: serves one visitor after the other, and requests the figures when all
//! visits are over.

use super::{Cx, Effect, Event, Kind, next_line, say};
use crate::app::{Deadline, Progress, Target};
use crate::buf::RecvBuf;
use crate::stats::Close;
use crate::wire::chat::ServerLine;
use crate::wire::line::Scan;
use std::time::Instant;

/// One agent.
#[derive(Debug, Default)]
pub struct AgentClient {
    scan: Scan,
    /// The number of the agent.
    number: usize,
    stage: Stage,
    pub(super) done: Option<Close>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The agent has no visitor.
    #[default]
    Free,
    /// The agent closes this chat at this time.
    Serving(u32, Instant),
    /// The agent has requested its own figures and the figures of all agents.
    Asking,
}

impl AgentClient {
    pub(super) fn handle(
        &mut self,
        event: &Event,
        recv: &mut RecvBuf,
        cx: &mut Cx<'_>,
    ) -> Progress {
        match event {
            Event::Opened { .. } => self.sign_in(cx),
            Event::Bytes => {
                let mut scan = self.scan;
                let found = next_line(recv, &mut scan, cx, |line, cx| self.on_line(line, cx));
                self.scan = scan;
                return if found { Progress::Advanced } else { Progress::Starved };
            }
            Event::Tick => self.serve(cx),
            Event::Mail(_) => self.ask_for_figures(cx),
            Event::Eof => {
                recv.clear();
                self.done = Some(Close::Peer);
            }
            Event::Refused(_) => self.done = Some(Close::Lost),
            Event::Done(..) => {}
        }
        Progress::Starved
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        match self.stage {
            Stage::Serving(_, until) => Some(Deadline::Busy(until)),
            Stage::Free | Stage::Asking => None,
        }
    }

    fn sign_in(&mut self, cx: &mut Cx<'_>) {
        let run = &mut *cx.world;
        self.number = run.agents.len();
        run.agents.push(cx.id);
        run.screens.push(Vec::new());
        let agent = run.plan.as_ref().and_then(|plan| plan.agents.get(self.number));
        let Some((name, secret)) = agent.cloned() else { return };
        say(cx, format_args!("/agent {name} {secret}"));
        say(cx, format_args!("/online"));
    }

    fn on_line(&mut self, line: Option<ServerLine<'_>>, cx: &mut Cx<'_>) {
        let Some(line) = line else { return };
        match &line {
            ServerLine::Ok(200, _) if line.key("status") == Some("online") => online(cx),
            ServerLine::Event("ASSIGNED", ..) => {
                let chat = line.key("chat").and_then(|chat| chat.parse().ok());
                let plan = cx.world.plan.as_ref();
                let time = plan.map(|plan| plan.service.draw(cx.rng));
                if let (Some(chat), Some(time)) = (chat, time) {
                    self.stage = Stage::Serving(chat, cx.now + time);
                    say(cx, format_args!("/to {chat} hello"));
                }
            }
            // The figures of the agent come first, then the overall figures.
            ServerLine::Item(text) => {
                let run = &mut *cx.world;
                let own = &mut run.screens[self.number];
                let all = own.iter().any(|line| line.starts_with(LAST));
                if all { &mut run.overall } else { own }.push((*text).to_string());
                if all && text.starts_with(LAST) {
                    say(cx, format_args!("/quit"));
                }
            }
            ServerLine::Event("BYE", ..) => self.done = Some(Close::Finished),
            ServerLine::Event(..)
            | ServerLine::Ok(..)
            | ServerLine::Err(..)
            | ServerLine::Said(..)
            | ServerLine::Heard(..) => {}
        }
    }

    fn serve(&mut self, cx: &mut Cx<'_>) {
        if let Stage::Serving(chat, until) = self.stage
            && until <= cx.now
        {
            self.stage = Stage::Free;
            say(cx, format_args!("/close {chat}"));
        }
    }

    fn ask_for_figures(&mut self, cx: &mut Cx<'_>) {
        if self.stage != Stage::Asking && cx.world.is_over() {
            self.stage = Stage::Asking;
            if self.number == 0 {
                cx.world.overall.clear();
            }
            say(cx, format_args!("/stats me"));
            say(cx, format_args!("/stats all"));
        }
    }
}

/// The beginning of the last figure of a range.
const LAST: &str = "total response rate";

/// Counts this agent as online. The last one starts the generator.
fn online(cx: &mut Cx<'_>) {
    let run = &mut *cx.world;
    run.online += 1;
    if run.plan.as_ref().is_some_and(|plan| plan.agents.len() == run.online) {
        cx.effects.push(Effect::Dial(Target::Task, Kind::Generator));
    }
}
