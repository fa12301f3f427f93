//! What the log's owner is asked, and what its replies mean.

use super::{ENTRIES, FOLLOW, Follower, STATE, Stage};
use crate::limits;
use crate::service::store::State;
use crate::service::store::front::peers::Reply;
use crate::service::store::front::{Call, Wanted};
use crate::service::store::log::protocol::{News, Report, parse_told};
use crate::service::store::log::{Waiting, tell};
use crate::service::store::{NoReply, Notice, WriteError};
use crate::service::{Effect, Id, Mail, Ticket};
use crate::work::db::store::Answer;
use crate::work::store::page::{Cursor, Page};
use crate::work::store::{Entry, Role, Seq, codec};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// What was asked.
#[derive(Debug)]
pub(in crate::service::store) enum LeaderRequest {
    /// What comes next, in this round.
    Ask(u32),
    /// Entries behind this one, in this round.
    Read(u32, Seq),
    /// A page of the state that the log begins with, in this round.
    Page(u32, Cursor),
    /// To append these.
    Append(Vec<Waiting>),
}

/// How often an entry is sent that may be sent twice.
const TRIES: u8 = 3;

impl Follower {
    fn call(
        &mut self,
        request: LeaderRequest,
        method: &'static str,
        target: String,
        body: Vec<u8>,
    ) {
        let ticket = self.next;
        self.next = self.next.wrapping_add(1);
        self.requests.insert(ticket, request);
        // Whom to tell is known to whoever makes the call.
        let nobody = Id { slot: u32::MAX, generation: 0 };
        let call = Call::get(Role::Log, target, Wanted::One(nobody, ticket));
        let fields = match method {
            "GET" => Vec::new(),
            _ => vec![("Content-Type", "application/json".to_string())],
        };
        self.calls.push((ticket, Call { method, body, fields, safe: method == "GET", ..call }));
    }

    /// Asks what comes next, or to join.
    pub(super) fn ask(&mut self, report: &Report) {
        let body = report.print().into_bytes();
        self.call(LeaderRequest::Ask(self.round), "POST", FOLLOW.to_string(), body);
    }

    /// Asks for entries that replicas lack, if they can be asked for now.
    pub fn ask_for(&mut self, since: Seq) -> bool {
        let Stage::Following { .. } = self.stage else { return false };
        let target = format!("/api/store/log?since={since}");
        self.call(LeaderRequest::Read(self.round, since), "GET", target, Vec::new());
        true
    }

    /// Asks for a page of the state that the log begins with.
    pub(super) fn ask_for_page(&mut self, at: Cursor, seq: Option<Seq>) {
        let seq = seq.map_or(String::new(), |seq| format!("&seq={seq}"));
        let target = format!("{STATE}?at={at}{seq}");
        self.call(LeaderRequest::Page(self.round, at), "GET", target, Vec::new());
    }

    /// Has entries appended: as many at a time as one request holds, in a few requests.
    pub(super) fn append(&mut self, waiting: &mut VecDeque<Waiting>) {
        while self.appends < limits::STORE_APPENDS && !waiting.is_empty() {
            let (mut batch, mut body) = (Vec::new(), b"[".to_vec());
            while let Some(next) = waiting.front() {
                let text = codec::value(&next.entry).to_string();
                let full = body.len() + text.len() + 2 > limits::STORE_APPEND_BYTES;
                if !batch.is_empty() && (full || batch.len() >= limits::STORE_BATCH) {
                    break;
                }
                if !batch.is_empty() {
                    body.push(b',');
                }
                body.extend(text.as_bytes());
                batch.extend(waiting.pop_front());
            }
            body.push(b']');
            self.appends += 1;
            self.call(LeaderRequest::Append(batch), "POST", ENTRIES.to_string(), body);
        }
    }
}

impl State {
    /// What the keeper is to ask.
    pub(in crate::service::store) fn take_calls(&mut self, keeper: Id) -> Vec<Call> {
        let calls =
            self.follower().map_or(Vec::new(), |elsewhere| std::mem::take(&mut elsewhere.calls));
        let to_keeper = |(ticket, call)| Call { wanted: Wanted::One(keeper, ticket), ..call };
        calls.into_iter().map(to_keeper).collect()
    }

    /// The log's owner has replied, or there is no reply.
    pub(in crate::service::store) fn replied(
        &mut self,
        ticket: Ticket,
        reply: &Result<Arc<Reply>, NoReply>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let Some(elsewhere) = self.follower() else { return };
        let round = elsewhere.round;
        match elsewhere.requests.remove(&ticket) {
            Some(LeaderRequest::Ask(asked)) if asked == round => {
                self.answered_ask(reply.as_deref().ok(), now, effects);
            }
            Some(LeaderRequest::Read(asked, since)) if asked == round => {
                self.answered_read(since, reply.as_deref().ok(), now, effects);
            }
            Some(LeaderRequest::Page(asked, at)) if asked == round => {
                self.answered_page(at, reply.as_deref().ok(), now, effects);
            }
            Some(LeaderRequest::Append(batch)) => {
                let reply = reply.as_deref().map_err(|none| *none);
                self.answered_append(batch, reply, effects);
            }
            Some(LeaderRequest::Ask(_) | LeaderRequest::Read(..) | LeaderRequest::Page(..))
            | None => {}
        }
    }

    fn answered_ask(&mut self, reply: Option<&Reply>, now: Instant, effects: &mut Vec<Effect>) {
        let Some(reply) = reply else { return self.lose("it cannot be reached", now, effects) };
        let news = News::parse(&reply.body).filter(|_| reply.status == 200);
        match (news, reply.status) {
            (Some(news), _) => self.heard(news, reply.began, now, effects),
            (None, 401 | 403) => {
                self.lose("it refuses us: see --store-log-token", now, effects);
            }
            (None, 404) => self.lose("no log is kept there", now, effects),
            (None, 410) => self.lose("it has given us up", now, effects),
            (None, status) => self.lose(&format!("it answers {status}"), now, effects),
        }
    }

    fn answered_read(
        &mut self,
        since: Seq,
        reply: Option<&Reply>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let entries = reply.filter(|reply| reply.status == 200).and_then(|reply| {
            let value = serde_json::from_slice::<serde_json::Value>(&reply.body).ok()?;
            value.as_array()?.iter().map(codec::entry).collect::<Option<Arc<[Entry]>>>()
        });
        match (entries, reply.map(|reply| reply.status)) {
            (Some(entries), _) => self.read(Ok(Answer::Entries(since + 1, entries)), effects),
            (None, Some(410)) => self.read(Ok(Answer::Folded), effects),
            (None, _) => self.lose("entries cannot be read", now, effects),
        }
    }

    fn answered_page(
        &mut self,
        at: Cursor,
        reply: Option<&Reply>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let page = reply.filter(|reply| reply.status == 200);
        let page = page.and_then(|reply| Page::parse(&reply.body));
        match (page, reply.map(|reply| reply.status)) {
            (Some(page), _) => self.turn_page(at, page, effects),
            // It was folded further meanwhile.
            (None, Some(409)) => self.first_page(),
            (None, _) => self.lose("its first state cannot be read", now, effects),
        }
    }

    fn answered_append(
        &mut self,
        batch: Vec<Waiting>,
        reply: Result<&Reply, NoReply>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(elsewhere) = self.follower() else { return };
        elsewhere.appends -= 1;
        let told = reply.ok().filter(|reply| reply.status == 200);
        let told = told.and_then(|reply| parse_told(&reply.body));
        if let Some(told) = told.filter(|told| told.len() == batch.len()) {
            for (Waiting { writer: (id, ticket, index), is_ours, .. }, mut told) in
                batch.into_iter().zip(told)
            {
                if let Ok(settled) = &mut told {
                    // Nobody but us has used that key: if it was known, we had sent it twice.
                    settled.replayed &= !is_ours;
                }
                let notice = Notice::Settled(ticket, index, told);
                effects.push(Effect::Post(id, Mail::Store(notice)));
            }
            return;
        }
        // Of what was never sent, and of what was refused as a whole, nothing was written.
        let nothing = match reply {
            Ok(reply) => matches!(reply.status, 400..500 | 503),
            Err(NoReply::Nobody) => true,
            Err(NoReply::Unknown) => false,
        };
        for mut waiting in batch.into_iter().rev() {
            let first = waiting.tries == 0;
            waiting.tries += 1;
            match nothing {
                true if first => tell(&[waiting.writer], WriteError::Busy, effects),
                false if waiting.entry.key().is_some() && waiting.tries < TRIES => {
                    self.log.waiting.push_front(waiting);
                }
                true | false => tell(&[waiting.writer], WriteError::Unknown, effects),
            }
        }
    }
}
