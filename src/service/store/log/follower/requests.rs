//! Requests to the leader, and what its replies mean.

use super::{ENTRIES, FOLLOW, Follower, STATE, Stage};
use crate::limits;
use crate::service::store::front::peers::Reply;
use crate::service::store::front::{Call, Wanted};
use crate::service::store::log::protocol::{News, Report, parse_told};
use crate::service::store::log::{Log, PendingWrite, fail};
use crate::service::store::wait::{Told, Waiter};
use crate::service::store::{NoReply, WriteError};
use crate::service::{Effect, Id, Ticket};
use crate::work::db::store::Answer;
use crate::work::store::page::{Cursor, Page};
use crate::work::store::{Entry, Role, Seq, codec};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// A request that is under way. All but the last count only in the round in which they were sent.
#[derive(Debug)]
pub(super) enum LeaderRequest {
    /// A report, which is answered with news.
    Report(u32),
    /// A read of the entries behind this one.
    Read(u32, Seq),
    /// A read of a page of the snapshot.
    Page(u32, Cursor),
    /// Entries to append.
    Append(Vec<PendingWrite>),
}

/// A request that the task has to send.
#[derive(Debug)]
pub(super) struct LeaderCall {
    ticket: Ticket,
    target: String,
    /// The body of a POST; a GET has none.
    body: Option<Vec<u8>>,
}

/// The number of times that an entry is sent if it may be sent twice.
const TRIES: u8 = 3;

impl Follower {
    fn call(&mut self, request: LeaderRequest, target: String, body: Option<Vec<u8>>) {
        let ticket = self.next;
        self.next = self.next.wrapping_add(1);
        self.requests.insert(ticket, request);
        self.calls.push(LeaderCall { ticket, target, body });
    }

    /// Reports to the leader, or asks to join.
    pub(super) fn report(&mut self, report: &Report) {
        let body = report.print().into_bytes();
        self.call(LeaderRequest::Report(self.round), FOLLOW.to_string(), Some(body));
    }

    /// Reads the entries behind this one. False if that is not possible now.
    pub fn read_behind(&mut self, since: Seq) -> bool {
        let Stage::Following { .. } = self.stage else { return false };
        let target = format!("/api/store/log?since={since}");
        self.call(LeaderRequest::Read(self.round, since), target, None);
        true
    }

    /// Reads a page of the snapshot that the log begins with.
    pub(super) fn read_page(&mut self, at: Cursor, seq: Option<Seq>) {
        let seq = seq.map_or(String::new(), |seq| format!("&seq={seq}"));
        let target = format!("{STATE}?at={at}{seq}");
        self.call(LeaderRequest::Page(self.round, at), target, None);
    }

    /// Sends entries to append: as many at a time as one request holds, in a few requests.
    pub(super) fn append(&mut self, waiting: &mut VecDeque<PendingWrite>) {
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
            self.call(LeaderRequest::Append(batch), ENTRIES.to_string(), Some(body));
        }
    }
}

impl Log {
    /// Takes the requests that the task has to send.
    pub fn take_calls(&mut self, task: Id) -> Vec<Call> {
        let Some(follower) = self.follower() else { return Vec::new() };
        let call = |LeaderCall { ticket, target, body }| {
            let call = Call::get(Role::Log, target, Wanted::One(Waiter { id: task, ticket }));
            let Some(body) = body else { return call };
            let fields = vec![("Content-Type", "application/json".to_string())];
            Call { method: "POST", body, fields, safe: false, ..call }
        };
        std::mem::take(&mut follower.calls).into_iter().map(call).collect()
    }

    /// The leader has replied, or there is no reply.
    pub fn replied(
        &mut self,
        ticket: Ticket,
        reply: &Result<Arc<Reply>, NoReply>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let Some(follower) = self.follower() else { return };
        let round = follower.round;
        let request = follower.requests.remove(&ticket);
        let reply = reply.as_deref().map_err(|none| *none);
        match request {
            Some(LeaderRequest::Report(sent)) if sent == round => {
                self.answered_report(reply.ok(), now, effects);
            }
            Some(LeaderRequest::Read(sent, since)) if sent == round => {
                self.answered_read(since, reply.ok(), now, effects);
            }
            Some(LeaderRequest::Page(sent, at)) if sent == round => {
                self.answered_page(at, reply.ok(), now, effects);
            }
            Some(LeaderRequest::Append(batch)) => self.answered_append(batch, reply, effects),
            Some(LeaderRequest::Report(_) | LeaderRequest::Read(..) | LeaderRequest::Page(..))
            | None => {}
        }
    }

    fn answered_report(&mut self, reply: Option<&Reply>, now: Instant, effects: &mut Vec<Effect>) {
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
            (Some(entries), _) => self.read(Ok(Answer::Entries(since + 1, entries))),
            (None, Some(410)) => self.read(Ok(Answer::Folded)),
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
        let Some(follower) = self.follower() else { return };
        let page = reply.filter(|reply| reply.status == 200);
        let page = page.and_then(|reply| Page::parse(&reply.body));
        match (page, reply.map(|reply| reply.status)) {
            (Some(page), _) => follower.turn_page(at, page, effects),
            // More was folded meanwhile.
            (None, Some(409)) => follower.first_page(),
            (None, _) => self.lose("its first state cannot be read", now, effects),
        }
    }

    fn answered_append(
        &mut self,
        batch: Vec<PendingWrite>,
        reply: Result<&Reply, NoReply>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(follower) = self.follower() else { return };
        follower.appends -= 1;
        let told = reply.ok().filter(|reply| reply.status == 200);
        let told = told.and_then(|reply| parse_told(&reply.body));
        if let Some(told) = told.filter(|told| told.len() == batch.len()) {
            for (PendingWrite { writer: (waiter, index), has_own_key, .. }, mut told) in
                batch.into_iter().zip(told)
            {
                if let Ok(settled) = &mut told {
                    // Only this process uses that key: if it was known, it was sent twice.
                    settled.replayed &= !has_own_key;
                }
                waiter.tell(Told::Settled(index, told), effects);
            }
            return;
        }
        // Nothing was written of entries that were never sent, or were refused as a whole.
        let nothing = match reply {
            Ok(reply) => matches!(reply.status, 400..500 | 503),
            Err(NoReply::NotSent) => true,
            Err(NoReply::Unknown) => false,
        };
        for mut write in batch.into_iter().rev() {
            let first = write.tries == 0;
            write.tries += 1;
            match nothing {
                true if first => fail([write.writer], WriteError::Busy, effects),
                false if write.entry.key().is_some() && write.tries < TRIES => {
                    self.waiting.push_front(write);
                }
                true | false => fail([write.writer], WriteError::Unknown, effects),
            }
        }
    }
}
