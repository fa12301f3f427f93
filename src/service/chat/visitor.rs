//! Commands of visitors, and of clients before their introduction.

use super::caller::{Asking, Caller, bye};
use super::lobby::{Admitted, Out, Reason, Refused, State, Visit};
use super::role::Role;
use super::{at, books, report};
use crate::service::Cx;
use crate::stats::Close;
use crate::wire::chat::{Printer, Said};
use std::sync::Arc;

impl Caller {
    pub(super) fn execute_unknown(&mut self, said: Said<'_>, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        match said {
            Said::Hello(name) if cx.world.chat.is_reserved(name) => {
                p.err(409, "name-taken", "That name is, or looks like, one that is taken.");
            }
            Said::Hello(name) => {
                self.hello(Some(name.into()), cx, p);
            }
            Said::Text(text) => {
                if let Some(visit) = self.hello(None, cx, p) {
                    self.text(visit, text, cx, p);
                }
            }
            Said::Resume(token, since) => self.resume(token, since, cx, p),
            Said::Queue => {
                let lobby = &cx.world.chat.lobby;
                let waiting = lobby.waiting();
                let ewt = report::seconds(lobby.expected_wait_of_next());
                p.ok(200, format_args!("waiting={waiting} ewt={ewt}"));
            }
            Said::Quit(_) => {
                p.ok(250, format_args!("bye"));
                bye(p, Reason::Quit);
                self.done = Some(Close::Finished);
            }
            Said::Leave | Said::Rate(..) | Said::Transcript => {
                p.err(409, "no-session", "Say /hello NAME first.");
            }
            Said::Online
            | Said::Away(_)
            | Said::Cap(_)
            | Said::To(..)
            | Said::Use(_)
            | Said::List
            | Said::Agents
            | Said::Close(_)
            | Said::Transfer(..)
            | Said::History(_)
            | Said::Stats(_) => {
                p.err(401, "not-signed-in", "Say /agent NAME SECRET first.");
            }
            Said::Nothing | Said::Ping | Said::Help | Said::Agent(..) => {}
        }
    }

    fn hello(
        &mut self,
        name: Option<Arc<str>>,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
    ) -> Option<Visit> {
        if cx.draining {
            self.refuse(Refused::Ending, cx, p);
            return None;
        }
        if cx.world.chat.books.is_full() {
            self.refuse(Refused::Unwritable, cx, p);
            return None;
        }
        let (mut out, at) = (Out::default(), at(cx));
        let lobby = &mut cx.world.chat.lobby;
        match lobby.hello(cx.id, name, at, &mut out) {
            Ok(Admitted { visit, session, token, name }) => {
                self.role = Role::Visitor(visit);
                let (session, token) = (books::name(session), u128::from_be_bytes(token));
                p.ok(200, format_args!("session={session} token={token:032x} name={name}"));
                self.settle(out, cx, p);
                Some(visit)
            }
            Err(refused) => {
                self.settle(out, cx, p);
                self.refuse(refused, cx, p);
                None
            }
        }
    }

    fn resume(&mut self, token: &str, since: Option<u64>, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let (mut out, at) = (Out::default(), at(cx));
        let lobby = &mut cx.world.chat.lobby;
        match lobby.resume(cx.id, token, since, at, &mut out) {
            Ok(visit) => {
                self.role = Role::Visitor(visit);
                if let Some(visitor) = lobby.find(visit) {
                    let (session, name) = (books::name(visitor.session), &visitor.name);
                    p.ok(200, format_args!("session={session} token={token} name={name}"));
                }
                self.settle(out, cx, p);
            }
            Err(refused) => self.refuse(refused, cx, p),
        }
    }

    pub(super) fn execute_visitor(
        &mut self,
        visit: Visit,
        said: Said<'_>,
        cx: &mut Cx<'_>,
        p: &mut Printer<'_>,
    ) {
        match said {
            Said::Text(text) => self.text(visit, text, cx, p),
            Said::Queue => self.place(visit, cx, p),
            Said::Leave => self.leave(visit, false, cx, p),
            Said::Quit(_) => self.leave(visit, true, cx, p),
            Said::Rate(stars, comment) => {
                let (mut out, rating) = (Out::default(), (stars, comment.into()));
                match cx.world.chat.lobby.rate(visit, cx.id, rating, &mut out) {
                    Ok(()) => self.await_disk(out, cx, p),
                    Err(refused) => self.refuse(refused, cx, p),
                }
            }
            Said::Transcript => match cx.world.chat.lobby.visitor(visit, cx.id) {
                Some(visitor) => {
                    let rows = report::transcript(&cx.world.chat.lobby, visitor);
                    self.list(rows.into_iter(), p);
                }
                None => self.refuse(Refused::Gone, cx, p),
            },
            Said::Hello(_) | Said::Resume(..) => self.refuse(Refused::State, cx, p),
            Said::Online
            | Said::Away(_)
            | Said::Cap(_)
            | Said::To(..)
            | Said::Use(_)
            | Said::List
            | Said::Agents
            | Said::Close(_)
            | Said::Transfer(..)
            | Said::History(_)
            | Said::Stats(_) => Caller::forbid(p),
            Said::Nothing | Said::Ping | Said::Help | Said::Agent(..) => {}
        }
    }

    fn text(&mut self, visit: Visit, text: &str, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let (mut out, at) = (Out::default(), at(cx));
        match cx.world.chat.lobby.text(visit, cx.id, text.into(), at, &mut out) {
            Ok(kept) => {
                if kept {
                    p.ok(202, format_args!("kept"));
                }
                self.settle(out, cx, p);
            }
            Err(refused) => self.refuse(refused, cx, p),
        }
    }

    fn place(&mut self, visit: Visit, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let lobby = &cx.world.chat.lobby;
        let waits = lobby.visitor(visit, cx.id).is_some_and(|visitor| match visitor.state {
            State::Queued(_) => true,
            State::Active(_) | State::Rating => false,
        });
        match lobby.place(visit).filter(|_| waits) {
            Some(pos) => {
                let limit = lobby.settings().wait.as_secs();
                let ewt = report::seconds(lobby.expected_wait(pos));
                p.ok(200, format_args!("pos={pos} wait_limit={limit} ewt={ewt}"));
            }
            None => self.refuse(Refused::State, cx, p),
        }
    }

    fn leave(&mut self, visit: Visit, quit: bool, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        let (mut out, at) = (Out::default(), at(cx));
        match cx.world.chat.lobby.leave(visit, cx.id, quit, at, &mut out) {
            Ok(()) => self.await_disk(out, cx, p),
            Err(refused) => self.refuse(refused, cx, p),
        }
    }

    /// Delays the answer until the result is on disk; no further command is read until then.
    pub(super) fn await_disk(&mut self, out: Out, cx: &mut Cx<'_>, p: &mut Printer<'_>) {
        self.asking = Asking::Writing;
        self.settle(out, cx, p);
    }
}
