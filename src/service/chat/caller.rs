//! A client of the chat over any transport: unknown, a visitor or an agent.
//!
//! ```text
//!   Unknown ─/hello, text→ Visitor        ─/agent→ Agent
//!      └────/resume──────────▲
//! ```
//! While a caller's command is being written, or waits for the database, no further command is
//! read: so answers come in the order of the commands.

use super::at;
use super::lobby::budget::{Budget, Rate, Spent};
use super::lobby::notice::Done;
use super::lobby::{Notice, Out, Reason, Refused};
use super::report::{self, Query};
use super::role::Role;
use super::row::Row;
use crate::service::database::{self, NoAnswer};
use crate::service::{Cx, Event};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::chat::{Bad, Printer, Said, said};
use crate::work::db;
use std::collections::VecDeque;
use std::time::Instant;

/// A caller.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) role: Role,
    /// The pending answer that further commands wait for.
    pub(super) asking: Asking,
    commands: Budget,
    /// Lines that it is still to receive; further commands wait for them.
    pub(super) rows: VecDeque<Row>,
    /// Number of notices that arrived meanwhile.
    pub(super) behind: usize,
    /// Wrong secrets so far.
    pub(super) tries: u8,
    /// The reason of its end.
    pub(super) done: Option<Close>,
}

/// The pending answer.
#[derive(Debug)]
pub(super) enum Asking {
    Nothing,
    /// The confirmation that its command is on disk.
    Writing,
    /// The answer of the database.
    Query(database::Query, Box<Query>),
}

const COMMANDS: Rate = Rate { per_second: 20.0, burst: 40.0 };
/// Wrong secrets that are allowed.
pub(super) const TRIES: u8 = 3;
/// The ticket of a caller's only request.
const TICKET: u32 = 0;

impl Caller {
    pub(super) fn new(now: Instant) -> Caller {
        Caller {
            role: Role::Unknown,
            asking: Asking::Nothing,
            commands: Budget::full(COMMANDS, now),
            rows: VecDeque::new(),
            behind: 0,
            tries: 0,
            done: None,
        }
    }

    /// Handles a line.
    pub(super) fn on_line(&mut self, line: &str, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let said = match said(line) {
            Parse::Done(said, _) => said,
            Parse::Bad(bad) => return self.on_bad_line(bad, cx, p),
            Parse::More => unreachable!("a line is whole"),
        };
        if let Said::Text(_) | Said::To(..) | Said::Nothing = said {
            return self.execute(said, cx, p);
        }
        match self.commands.spend(COMMANDS, cx.now) {
            Spent::Fine => self.execute(said, cx, p),
            Spent::TooFast => self.refuse(Refused::Flood, cx, p),
            Spent::TooLong => self.refuse(Refused::Flooded, cx, p),
        }
    }

    /// Handles a line that the protocol does not allow.
    pub(super) fn on_bad_line(&mut self, bad: Bad, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        if self.commands.spend(COMMANDS, cx.now) == Spent::TooLong {
            return self.refuse(Refused::Flooded, cx, p);
        }
        p.err(bad.status(), bad.name(), bad.text());
    }

    fn execute(&mut self, said: Said<'_>, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        match said {
            Said::Nothing => {}
            Said::Ping => p.ok(200, format_args!("pong")),
            Said::Help => {
                let lines = self.role.help().iter();
                self.list(lines.map(|line| Row::Text((*line).to_string())), p);
            }
            Said::Agent(name, secret) => self.sign_in(name, secret, cx, p),
            Said::Text(_)
            | Said::Hello(_)
            | Said::Queue
            | Said::Leave
            | Said::Rate(..)
            | Said::Resume(..)
            | Said::Transcript
            | Said::Quit(_)
            | Said::Online
            | Said::Away(_)
            | Said::Cap(_)
            | Said::To(..)
            | Said::Use(_)
            | Said::List
            | Said::Agents
            | Said::Close(_)
            | Said::Transfer(..)
            | Said::History(_)
            | Said::Stats(_) => match self.role {
                Role::Unknown => self.execute_unknown(said, cx, p),
                Role::Visitor(visit) => self.execute_visitor(visit, said, cx, p),
                Role::Agent(agent) => self.execute_agent(agent, said, cx, p),
            },
        }
    }

    /// Prints a refusal. Some refusals end the session.
    pub(super) fn refuse(&mut self, refused: Refused, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let (code, name, text) = refused.answer();
        p.err(code, name, text);
        match refused {
            Refused::Flooded => {
                bye(p, Reason::Flood);
                self.leave_behind(Close::BadInput, cx);
            }
            Refused::QueueFull => {
                bye(p, Reason::Over);
                self.leave_behind(Close::Finished, cx);
            }
            Refused::Ending
            | Refused::Unwritable
            | Refused::Flood
            | Refused::KeptFull
            | Refused::TranscriptFull
            | Refused::State
            | Refused::NoChat
            | Refused::WhichChat
            | Refused::NoAgent
            | Refused::AgentBusy
            | Refused::Range
            | Refused::ChatsOpen
            | Refused::Gone => {}
        }
    }

    /// Prints that the command is for another role.
    pub(super) fn forbid(p: &mut Printer<'_>) {
        p.err(403, "forbidden", "That is not for you to say.");
    }

    /// Carries out the lobby's items, and prints those for this caller.
    pub(super) fn settle(&mut self, out: Out, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let changed = out.changes_numbers();
        let own = cx.world.chat.settle(out, cx.id, cx.effects);
        self.told_all(own, p);
        if changed {
            cx.world.chat.show(cx.wall, &mut cx.stats.chat);
        }
    }

    /// Queries the database.
    pub(super) fn query(&mut self, query: Query, request: db::chat::Request, cx: &mut Cx<'_>) {
        let waiting = database::Query::submit(db::Request::Chat(request), TICKET, cx);
        self.asking = Asking::Query(waiting, Box::new(query));
    }

    /// Handles the answer of the database.
    pub(super) fn answered(&mut self, event: Event, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let Asking::Query(waiting, query) = std::mem::replace(&mut self.asking, Asking::Nothing)
        else {
            return;
        };
        match waiting.answer(event) {
            Ok(Ok(answer)) => match query.rows(answer, cx) {
                Ok(rows) => self.list(rows.into_iter(), p),
                Err(refused) => self.refuse(refused, cx, p),
            },
            Ok(Err(NoAnswer::Busy)) => p.err(503, "busy", "The database has too much to do."),
            Ok(Err(NoAnswer::Failed(_))) => {
                p.err(500, "internal", "The database did not answer.");
            }
            Err(_) => self.asking = Asking::Query(waiting, query),
        }
    }

    /// Leaves the lobby when the connection ends; the session may be resumed.
    pub(super) fn leave_behind(&mut self, why: Close, cx: &mut Cx<'_>) {
        let mut out = Out::default();
        let at = at(cx);
        match std::mem::replace(&mut self.role, Role::Unknown) {
            Role::Unknown => {}
            Role::Visitor(visit) => cx.world.chat.lobby.detach(visit, cx.id, at, &mut out),
            Role::Agent(agent) => cx.world.chat.lobby.drop_agent(agent, cx.id, at),
        }
        cx.world.chat.settle(out, cx.id, cx.effects);
        cx.world.chat.show(cx.wall, &mut cx.stats.chat);
        self.done.get_or_insert(why);
    }

    /// Prints a notice of the lobby.
    pub(super) fn told(&mut self, notice: &Notice, p: &mut Printer<'_>) {
        match notice {
            Notice::Done(_) | Notice::Failed => self.asking = Asking::Nothing,
            Notice::Bye(Reason::Shutdown) => self.is_over(Close::Draining),
            Notice::Superseded | Notice::Bye(_) | Notice::Lost(_) => self.is_over(Close::Finished),
            Notice::Queued { .. }
            | Notice::Connected(..)
            | Notice::Ended(..)
            | Notice::Assigned(..)
            | Notice::Resumed(..)
            | Notice::Regained(..)
            | Notice::Replay(..)
            | Notice::Said(..)
            | Notice::Heard(..)
            | Notice::Detached(_)
            | Notice::Attached(_)
            | Notice::Idle(_)
            | Notice::Wake => {}
        }
        print(notice, p);
    }

    fn is_over(&mut self, why: Close) {
        self.role = Role::Unknown;
        self.asking = Asking::Nothing;
        self.done.get_or_insert(why);
    }
}

/// Prints the last line that a client gets.
pub(super) fn bye(p: &mut Printer<'_>, reason: Reason) {
    p.event(format_args!("BYE reason={}", reason.name()));
}

fn print(notice: &Notice, p: &mut Printer<'_>) {
    match notice {
        Notice::Queued { pos, wait_limit, ewt } => {
            let ewt = report::seconds(*ewt);
            p.event(format_args!("QUEUED pos={pos} wait_limit={wait_limit} ewt={ewt}"));
        }
        Notice::Connected(chat, agent) => {
            p.event(format_args!("CONNECTED chat={chat} agent={agent}"));
        }
        Notice::Ended(chat, reason, seconds) => {
            let reason = reason.name();
            p.event(format_args!("ENDED chat={chat} reason={reason} duration={seconds}"));
        }
        Notice::Lost(waited) => {
            p.said("system", "All our agents are busy. Please come back later.");
            p.event(format_args!("LOST waited={waited}"));
        }
        Notice::Assigned(chat, name, id, waited) => {
            p.event(format_args!(
                "ASSIGNED chat={chat} visitor={name} id={id:04x} waited={waited}"
            ));
        }
        Notice::Resumed(state, None) => p.event(format_args!("RESUMED state={state}")),
        Notice::Resumed(state, Some((chat, agent))) => {
            p.event(format_args!("RESUMED state={state} chat={chat} agent={agent}"));
        }
        Notice::Regained(chat, name, id) => {
            p.event(format_args!("RESUMED chat={chat} visitor={name} id={id:04x}"));
        }
        Notice::Replay(None, n) => p.event(format_args!("REPLAY n={n}")),
        Notice::Replay(Some(chat), n) => p.event(format_args!("REPLAY chat={chat} n={n}")),
        Notice::Said(who, text) => p.said(who, text),
        Notice::Heard(chat, who, id, text) => p.heard(*chat, who, &format!("{id:04x}"), text),
        Notice::Detached(chat) => p.event(format_args!("DETACHED chat={chat}")),
        Notice::Attached(chat) => p.event(format_args!("ATTACHED chat={chat}")),
        Notice::Idle(seconds) => {
            p.event(format_args!("IDLE ends_in={seconds} :Are you still there?"));
        }
        Notice::Superseded => p.event(format_args!("SUPERSEDED")),
        Notice::Bye(reason) => bye(p, *reason),
        Notice::Done(done) => print_done(*done, p),
        Notice::Failed => p.err(500, "internal", "It was done, but could not be written yet."),
        Notice::Wake => {}
    }
}

fn print_done(done: Done, p: &mut Printer<'_>) {
    match done {
        Done::Left => p.ok(250, format_args!("left")),
        Done::Rated(stars) => p.ok(250, format_args!("rating={stars}")),
        Done::Closed(chat) => p.ok(250, format_args!("closed chat={chat}")),
        Done::Quit => p.ok(250, format_args!("bye")),
    }
}
