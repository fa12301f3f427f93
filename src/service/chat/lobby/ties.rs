//! Visitors and their connections: disconnected, resumed, superseded.

use super::timers::Purpose;
use super::{At, Lobby, Notice, Out, Reason, Refused, State, Visit, Who, attached};
use crate::service::Id;
use std::sync::Arc;

impl Lobby {
    /// Handles the loss of a visitor's connection.
    pub fn detach(&mut self, visit: Visit, peer: Id, at: At, out: &mut Out) {
        let Ok(visitor) = attached(&mut self.visitors, visit, peer) else { return };
        visitor.peer = None;
        visitor.ties += 1;
        let ties = visitor.ties;
        match visitor.state {
            State::Queued(_) => {
                self.queue.set_here(visit, false);
                let until = at.now + self.settings.queue_grace;
                self.timers.set(Purpose::Return(visit), ties, until);
            }
            State::Active(chat) => {
                let until = at.now + self.settings.visitor_grace;
                self.timers.set(Purpose::Return(visit), ties, until);
                let agent = self.chats[&chat].agent;
                out.tell(self.peer_of(agent), Notice::Detached(chat));
            }
            State::Rating => {}
        }
        self.check();
    }

    /// Resumes a visitor's session on another connection, after it has received `since` lines. An
    /// older connection is superseded.
    ///
    /// # Errors
    /// Fails if no session has this token.
    pub fn resume(
        &mut self,
        peer: Id,
        token: &str,
        since: Option<u64>,
        at: At,
        out: &mut Out,
    ) -> Result<Visit, Refused> {
        let visit = unhex(token).and_then(|token| self.tokens.get(&token).copied());
        let visit = visit.ok_or(Refused::Gone)?;
        let visitor = self.visitors.get_mut(&visit).expect("a token is forgotten with its visitor");
        out.tell(visitor.peer.filter(|old| *old != peer), Notice::Superseded);
        visitor.peer = Some(peer);
        visitor.ties += 1;
        visitor.heard = at.now;
        self.queue.set_here(visit, true);
        self.timers.void(Purpose::Return(visit));
        self.tell_resumed(visit, since, out);
        self.dispatch(at, out);
        self.check();
        Ok(visit)
    }

    fn tell_resumed(&mut self, visit: Visit, since: Option<u64>, out: &mut Out) {
        let visitor = self.visitors.get_mut(&visit).expect("it was found a moment ago");
        let since = since.map_or(visitor.shown, |since| since.min(u64::from(u32::MAX)) as u32);
        let with = visitor.chat.zip(visitor.agent);
        let with = with.map(|(chat, agent)| (chat, Arc::clone(&self.agents[agent].name)));
        let (state, with) = match visitor.state {
            State::Queued(_) => ("queued", None),
            State::Active(_) => ("chat", with),
            State::Rating => ("rating", with),
        };
        out.tell(visitor.peer, Notice::Resumed(state, with));
        let count = visitor.missed_lines(since).count() as u32;
        out.tell(visitor.peer, Notice::Replay(None, count));
        for line in visitor.missed_lines(since) {
            let Who::Agent(agent) = line.who else { continue };
            let who = Arc::clone(&self.agents[agent].name);
            out.tell(visitor.peer, Notice::Said(who, Arc::clone(&line.text)));
        }
        visitor.shown = visitor.missed_lines(0).count() as u32;
        let (peer, state) = (visitor.peer, visitor.state);
        match state {
            State::Queued(_) => self.tell_place(visit, out),
            State::Active(chat) => {
                out.tell(self.peer_of(self.chats[&chat].agent), Notice::Attached(chat));
            }
            State::Rating => out.tell(peer, self.ended(visit, Reason::Over)),
        }
    }

    /// Returns the end of a chat, as its visitor is told.
    fn ended(&self, visit: Visit, reason: Reason) -> Notice {
        let visitor = &self.visitors[&visit];
        Notice::Ended(visitor.chat.unwrap_or(0), reason, visitor.talked.as_secs())
    }
}

/// Parses a printed token.
fn unhex(digits: &str) -> Option<[u8; 16]> {
    let plain = |b| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let value = u128::from_str_radix(digits, 16).ok()?;
    (digits.len() == 32 && digits.bytes().all(plain)).then(|| value.to_be_bytes())
}
