//! Pending records in their order, and the messages that wait for them.
//!
//! ```text
//!   write ─▶ unwritten ─submit→ under way ─committed→ told
//!   write ─▶ unwritten ─submit→ in progress ─committed→ told
//!                └──── failed ──────┘  told that it is not written yet
//!                └──── failed ───────┘  told that it is not written yet
//! Order is kept: a session that is to be told something after a commit is told everything else
//! after it. Records that cannot be written wait in their order, and after a failure go one by one:
//! so no record of a session is tried before the session itself.

use super::lobby::{Delivery, Notice, Past, Record};
use super::zone::unix_ms;
use crate::limits;
use crate::service::{Id, Ticket};
use crate::work::db::Failure;
use crate::work::db::chat::{Line, Request, Session, Shift};
use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

/// The pending records; see the module.
#[derive(Debug, Default)]
pub struct Books {
    /// The entries by their numbers.
    unwritten: VecDeque<Entry>,
    under_way: VecDeque<(Ticket, Entry)>,
    issued: Ticket,
    /// The number of entries so far.
    count: u64,
    /// Memory used by all entries.
    bytes: usize,
    /// True if the last attempt failed.
    failing: bool,
    /// The number of messages that each session has to wait for.
    held: HashMap<Id, usize>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    request: Request,
    bytes: usize,
    /// Times that an entry was refused although the file was intact.
    refusals: u8,
    after: Vec<Delivery>,
}

/// Attempts for an entry that fails for a reason of its own.
const REFUSALS: u8 = 3;

impl Books {
    /// Queues a record for writing.
    pub fn write(&mut self, record: Record, day: impl Fn(SystemTime) -> String) {
        let request = request(record, day);
        let (number, bytes) = (self.count, size(&request));
        self.count += 1;
        self.bytes += bytes;
        self.unwritten.push_back(Entry { number, request, bytes, refusals: 0, after: Vec::new() });
    }

    /// Holds a message until everything queued now is on disk. Returns it if that is already the
    /// case.
    pub fn hold(&mut self, delivery: Delivery) -> Option<Delivery> {
        let under_way = self.under_way.back_mut().map(|(_, entry)| entry);
        let Some(last) = self.unwritten.back_mut().or(under_way) else { return Some(delivery) };
        *self.held.entry(delivery.to).or_default() += 1;
        last.after.push(delivery);
        None
    }

    /// Returns true if messages for this session are held.
    pub fn holds(&self, id: Id) -> bool {
        self.held.contains_key(&id)
    }

    /// Returns true if a record is to be written.
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Returns the number of records that wait to be written, or are being written.
    pub fn len(&self) -> usize {
        self.unwritten.len() + self.under_way.len()
    }

    /// Returns true if no record waits or is being written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns true if the database has a request and has not answered.
    pub fn is_writing(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Returns true if so much waits that nothing new may begin.
    pub fn is_full(&self) -> bool {
        self.bytes >= limits::CHAT_UNWRITTEN_BYTES
    }

    /// Returns the records that are not submitted yet, and so not visible in the database.
    pub fn unwritten(&self) -> impl Iterator<Item = &Request> {
        self.unwritten.iter().map(|entry| &entry.request)
    }

    /// Returns the next request. After a failure there is none until the current one is written.
    pub fn submit(&mut self) -> Option<(Ticket, Request)> {
        if self.failing && !self.under_way.is_empty() {
            return None;
        }
        let entry = self.unwritten.pop_front()?;
        self.issued = self.issued.wrapping_add(1);
        let request = entry.request.clone();
        self.under_way.push_back((self.issued, entry));
        Some((self.issued, request))
    }

    /// Handles a refused submission: try again later.
    pub fn refused(&mut self, ticket: Ticket) {
        if let Some(entry) = self.take(ticket) {
            self.put_back(entry);
        }
    }

    /// Handles a commit; returns the messages to send now.
    pub fn committed(&mut self, ticket: Ticket) -> Vec<Delivery> {
        self.failing = false;
        let Some(entry) = self.take(ticket) else { return Vec::new() };
        self.bytes -= entry.bytes;
        self.released(entry.after)
    }

    /// Handles a failed commit: the record waits, and those who wait for it or a later one are
    /// told. None is told that it was written.
    pub fn failed(&mut self, ticket: Ticket, failure: &Failure) -> Vec<Delivery> {
        let Some(mut entry) = self.take(ticket) else { return Vec::new() };
        self.failing = true;
        let mut told = std::mem::take(&mut entry.after);
        entry.refusals += u8::from(!failure.may_pass());
        if entry.refusals < REFUSALS {
            self.put_back(entry);
        } else {
            log::error!("a record of the chat is given up ({failure}): {:?}", entry.request);
            self.bytes -= entry.bytes;
        }
        told.extend(self.unwritten.iter_mut().flat_map(|entry| entry.after.drain(..)));
        for delivery in &mut told {
            if matches!(delivery.notice, Notice::Done(_)) {
                delivery.notice = Notice::Failed;
            }
        }
        self.released(told)
    }

    fn released(&mut self, after: Vec<Delivery>) -> Vec<Delivery> {
        for delivery in &after {
            let left = self.held.get_mut(&delivery.to).expect("what is held is counted");
            *left -= 1;
            if *left == 0 {
                self.held.remove(&delivery.to);
            }
        }
        after
    }

    fn take(&mut self, ticket: Ticket) -> Option<Entry> {
        let place = self.under_way.iter().position(|(other, _)| *other == ticket)?;
        self.under_way.remove(place).map(|(_, entry)| entry)
    }

    fn put_back(&mut self, entry: Entry) {
        let place = self.unwritten.partition_point(|other| other.number < entry.number);
        self.unwritten.insert(place, entry);
    }
}

/// Returns the approximate memory of a request.
fn size(request: &Request) -> usize {
    let texts = match request {
        Request::Keep(session, lines) => {
            let said =
                lines.iter().map(|line| size_of::<Line>() + line.who.len() + line.text.len());
            size_of::<Session>() + session.visitor.len() + said.sum::<usize>()
        }
        Request::Rate(_, _, comment) => comment.len(),
        Request::Shift(_)
        | Request::Opening(_)
        | Request::Figures(_)
        | Request::Sessions(..)
        | Request::Transcript(_)
        | Request::History(_) => 0,
    };
    size_of::<Entry>() + texts
}

fn request(record: Record, day: impl Fn(SystemTime) -> String) -> Request {
    match record {
        Record::Session(past) => session(*past, day),
        Record::Rated { session, stars, comment } => {
            Request::Rate(name(session), stars, comment.to_string())
        }
        Record::Shift { agent, began, ended, online, busy } => Request::Shift(Shift {
            agent: agent.to_string(),
            day: day(ended),
            began_ms: unix_ms(began),
            ended_ms: unix_ms(ended),
            online_ms: online.as_millis() as i64,
            busy_ms: busy.as_millis() as i64,
        }),
    }
}

fn session(past: Past, day: impl Fn(SystemTime) -> String) -> Request {
    let line = |(who, at_ms, text): &(std::sync::Arc<str>, u32, std::sync::Arc<str>)| Line {
        at_ms: *at_ms,
        who: who.to_string(),
        text: text.to_string(),
    };
    let lines = past.lines.iter().map(line).collect();
    let session = Session {
        id: name(past.session),
        chat: past.chat,
        visitor: past.name.to_string(),
        agent: past.agent.map(|agent| agent.to_string()),
        day: day(past.ended),
        began_ms: unix_ms(past.arrived),
        ended_ms: unix_ms(past.ended),
        outcome: past.outcome.name().to_string(),
        reason: past.reason.name().to_string(),
        waited_ms: past.waited.as_millis() as i64,
        talked_ms: past.talked.as_millis() as i64,
        rating: None,
        comment: String::new(),
        present: past.present.join(","),
        missed: past.missed.join(","),
    };
    Request::Keep(Box::new(session), lines)
}

/// Returns a session's public name.
pub fn name(session: u64) -> String {
    format!("{session:016x}")
}
