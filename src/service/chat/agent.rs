//! Commands of agents.

use super::at;
use super::caller::{Caller, TRIES, bye};
use super::lobby::{At, Lobby, Mood, Out, Reason, Refused};
use super::report::{self, Query};
use super::role::Role;
use crate::service::{Cx, lockout};
use crate::stats::Close;
use crate::wire::chat::{Printer, Said, Target, Whose};
use crate::work::db::chat::Request;

impl Caller {
    /// Handles `/agent NAME SECRET`, valid only before any other introduction.
    pub(super) fn sign_in(
        &mut self,
        name: &str,
        secret: &str,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
    ) {
        if self.role != Role::Unknown {
            return self.refuse(Refused::State, cx, p);
        }
        if cx.draining {
            return self.refuse(Refused::Ending, cx, p);
        }
        if let Some(remaining) = cx.world.lockout.remaining(cx.peer.ip(), cx.now) {
            let seconds = lockout::retry_after(remaining);
            let text = format!("Too many wrong secrets from your address: wait {seconds} s.");
            p.err(429, "locked-out", &text);
            return self.tried(p);
        }
        let Some(agent) = cx.world.chat.agent(name, secret) else {
            cx.world.lockout.note(cx.peer.ip(), "secret of an agent", cx.now);
            p.err(401, "wrong-secret", "No agent has this name and this secret.");
            return self.tried(p);
        };
        self.role = Role::Agent(agent);
        let mut out = Out::default();
        let at = at(cx);
        cx.world.chat.lobby.sign_in(agent, cx.id, at, &mut out);
        self.status(agent, cx, p);
        self.settle(out, cx, p);
    }

    /// Counts a failed attempt to sign in; a connection has only a few.
    fn tried(&mut self, p: &mut Printer<'_>) {
        self.tries += 1;
        if self.tries >= TRIES {
            bye(p, Reason::Over);
            self.done = Some(Close::BadInput);
        }
    }

    pub(super) fn execute_agent(
        &mut self,
        agent: usize,
        said: Said<'_>,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
    ) {
        let id = cx.id;
        match said {
            Said::Text(text) => self.say(agent, None, text, cx, p),
            Said::To(chat, text) => self.say(agent, Some(chat), text, cx, p),
            Said::Online => self.state(agent, cx, p, |lobby, at, out| {
                lobby.set_mood(agent, id, Mood::Online, at, out)
            }),
            Said::Away(reason) => self.state(agent, cx, p, |lobby, at, out| {
                lobby.set_mood(agent, id, Mood::Away(reason.into()), at, out)
            }),
            Said::Cap(most) => self
                .state(agent, cx, p, |lobby, at, out| lobby.set_capacity(agent, id, most, at, out)),
            Said::Use(chat) => {
                self.state(agent, cx, p, |lobby, _, _| lobby.use_chat(agent, id, chat));
            }
            Said::Transfer(chat, target) => {
                let to = match target {
                    Target::Agent(name) => Some(name),
                    Target::Queue => None,
                };
                self.state(agent, cx, p, |lobby, at, out| {
                    lobby.transfer((agent, id), chat, to, at, out)
                });
            }
            Said::Close(chat) => {
                self.writing(cx, p, |lobby, at, out| lobby.close(agent, id, chat, at, out));
            }
            Said::Quit(force) => {
                self.writing(cx, p, |lobby, at, out| lobby.quit(agent, id, force, at, out));
            }
            Said::List => {
                let rows = report::chats(&cx.world.chat.lobby, agent, cx.now);
                self.list(rows.into_iter(), p);
            }
            Said::Queue => {
                self.list(report::queue(&cx.world.chat.lobby, cx.now).into_iter(), p);
            }
            Said::Agents => {
                let rows = report::agents(&cx.world.chat.lobby.seen(cx.now));
                self.list(rows.into_iter(), p);
            }
            Said::History(chat) => self.history(chat, cx, p),
            Said::Stats(whose) => self.stats(agent, whose, cx, p),
            Said::Hello(_) | Said::Leave | Said::Rate(..) | Said::Resume(..) | Said::Transcript => {
                Caller::forbid(p);
            }
            Said::Nothing | Said::Ping | Said::Help | Said::Agent(..) => {}
        }
    }

    fn say(
        &mut self,
        agent: usize,
        chat: Option<u32>,
        text: &str,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
    ) {
        let (mut out, at) = (Out::default(), at(cx));
        let lobby = &mut cx.world.chat.lobby;
        match lobby.agent_text((agent, cx.id), chat, text.into(), at, &mut out) {
            Ok(()) => self.settle(out, cx, p),
            Err(refused) => self.refuse(refused, cx, p),
        }
    }

    /// Runs a command whose answer is the agent's new state.
    fn state(
        &mut self,
        agent: usize,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
        change: impl FnOnce(&mut Lobby, At, &mut Out) -> Result<(), Refused>,
    ) {
        let (mut out, at) = (Out::default(), at(cx));
        match change(&mut cx.world.chat.lobby, at, &mut out) {
            Ok(()) => {
                self.status(agent, cx, p);
                self.settle(out, cx, p);
            }
            Err(refused) => self.refuse(refused, cx, p),
        }
    }

    /// Runs a command whose answer waits for the disk.
    fn writing(
        &mut self,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
        change: impl FnOnce(&mut Lobby, At, &mut Out) -> Result<(), Refused>,
    ) {
        let (mut out, at) = (Out::default(), at(cx));
        match change(&mut cx.world.chat.lobby, at, &mut out) {
            Ok(()) => self.await_disk(out, cx, p),
            Err(refused) => self.refuse(refused, cx, p),
        }
    }

    fn status(&self, agent: usize, cx: &Cx<'_>, p: &mut Printer<'_>) {
        let lobby = &cx.world.chat.lobby;
        let name = &lobby.agents()[agent].name;
        let Some(shift) = lobby.shift(agent, cx.id) else { return };
        let (status, capacity) = (shift.mood.name(), shift.capacity);
        let chats = lobby.chats_of(agent).count();
        p.ok(200, format_args!("agent={name} status={status} capacity={capacity} chats={chats}"));
    }

    /// Prints a chat's history: a chat in progress is in the lobby, any other in the database.
    fn history(&mut self, chat: u32, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let lobby = &cx.world.chat.lobby;
        match lobby.in_chat(chat) {
            Some(visitor) => self.list(report::transcript(lobby, visitor).into_iter(), p),
            None => self.query(Query::History, Request::History(chat), cx),
        }
    }

    fn stats(&mut self, agent: usize, whose: Whose<'_>, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let state = &cx.world.chat;
        let whose = match whose {
            Whose::Me => Some(agent),
            Whose::All => None,
            Whose::Agent(name) => match state.lobby.agent_named(name) {
                Some(agent) => Some(agent),
                None => return self.refuse(Refused::NoAgent, cx, p),
            },
        };
        let stretches = state.stretches(cx.wall);
        let request = Request::Figures(stretches.to_vec());
        self.query(Query::figures(state, whose, &stretches), request, cx);
    }
}
