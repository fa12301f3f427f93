//! What is to be written, in order, and who is told something when it is.
//!
//! ```text
//!   write ─▶ unwritten ─submit→ under way ─committed→ told
//! ```
//! Nobody overtakes: who is to be told something after a commit is told everything else after it.

use super::lobby::{Delivery, Past, Record};
use super::zone::unix_ms;
use crate::service::{Id, Ticket};
use crate::work::db::chat::{Line, Request, Session, Shift};
use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

/// See the module.
#[derive(Debug, Default)]
pub struct Books {
    unwritten: VecDeque<Entry>,
    under_way: VecDeque<(Ticket, Entry)>,
    issued: Ticket,
    /// How much each session is to be told later.
    held: HashMap<Id, usize>,
}

#[derive(Debug)]
struct Entry {
    request: Request,
    after: Vec<Delivery>,
}

impl Books {
    /// Has a record written.
    pub fn write(&mut self, record: Record, day: impl Fn(SystemTime) -> String) {
        self.unwritten.push_back(Entry { request: request(record, day), after: Vec::new() });
    }

    /// Keeps something to tell until all that is written now is on disk. Gives it back if that is
    /// the case already.
    pub fn hold(&mut self, delivery: Delivery) -> Option<Delivery> {
        let under_way = self.under_way.back_mut().map(|(_, entry)| entry);
        let Some(last) = self.unwritten.back_mut().or(under_way) else { return Some(delivery) };
        *self.held.entry(delivery.to).or_default() += 1;
        last.after.push(delivery);
        None
    }

    /// Whether this session is to be told something later.
    pub fn holds(&self, id: Id) -> bool {
        self.held.contains_key(&id)
    }

    /// Whether something is to be written.
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Whether nothing is to be written, nor being written.
    pub fn is_empty(&self) -> bool {
        self.unwritten.is_empty() && self.under_way.is_empty()
    }

    /// What nobody has submitted yet: whoever asks the database now will not see it there.
    pub fn unwritten(&self) -> impl Iterator<Item = &Request> {
        self.unwritten.iter().map(|entry| &entry.request)
    }

    /// The next thing to write.
    pub fn submit(&mut self) -> Option<(Ticket, Request)> {
        let entry = self.unwritten.pop_front()?;
        self.issued = self.issued.wrapping_add(1);
        let request = entry.request.clone();
        self.under_way.push_back((self.issued, entry));
        Some((self.issued, request))
    }

    /// It could not be submitted: again, later.
    pub fn refused(&mut self, ticket: Ticket) {
        if let Some(entry) = self.take(ticket) {
            self.unwritten.push_front(entry);
        }
    }

    /// It is on disk, or never will be: this is to be told now.
    pub fn committed(&mut self, ticket: Ticket) -> Vec<Delivery> {
        let after = self.take(ticket).map(|entry| entry.after).unwrap_or_default();
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

/// A session's name, as everybody is shown it.
pub fn name(session: u64) -> String {
    format!("{session:016x}")
}
