//! A durable record that is not answered yet: the replicas and followers that have to apply it,
//! and the outcomes that its writers wait for.

use super::{Log, Writer};
use crate::work::db::store::Step;
use crate::work::store::{Entry, Outcome, Seq, Settled};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Record {
    first: Seq,
    pub entries: Arc<[Entry]>,
    pub writers: Vec<Writer>,
    /// The replicas and followers that have not applied it.
    missing: Vec<Awaited>,
    /// The outcome of each entry, once a replica has applied the record.
    pub settled: Option<Vec<Settled>>,
    /// Ids and topics of the books that it changed.
    changed: Vec<(u32, String)>,
}

/// A party that has to apply a record before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The replica with this file.
    Replica(usize),
    /// The follower with this number.
    Follower(u32),
}

impl Record {
    /// A record that all of `missing` have to apply.
    pub fn new(
        first: Seq,
        entries: Arc<[Entry]>,
        writers: Vec<Writer>,
        missing: Vec<Awaited>,
    ) -> Record {
        Record { first, entries, writers, missing, settled: None, changed: Vec::new() }
    }

    /// The number of its last entry.
    pub fn last(&self) -> Seq {
        self.first + self.entries.len() as u64 - 1
    }

    /// Returns true if all that have to apply it have done so.
    pub fn is_applied(&self) -> bool {
        self.missing.is_empty()
    }

    /// Ids and topics of the books that it may have changed.
    pub fn changed(&self) -> Vec<(u32, String)> {
        match &self.settled {
            Some(_) => self.changed.clone(),
            None => self.entries.iter().map(Entry::concerns).collect(),
        }
    }

    /// Takes its part of a replica's step, which began with the entry `begin`.
    fn applied(&mut self, file: usize, step: &Step, begin: Seq) {
        self.missing.retain(|missing| *missing != Awaited::Replica(file));
        if self.settled.is_some() || self.first < begin {
            return;
        }
        let from = (self.first - begin) as usize;
        let settled = step.settled[from..from + self.entries.len()].to_vec();
        // A step over several records has books as they are after the last of them; the topic
        // that a book had in between is in the outcome of the entry that set it.
        let between = settled.iter().filter_map(|settled| match &settled.outcome {
            Outcome::Kept(book) => Some(book),
            Outcome::Sold { .. }
            | Outcome::Short { .. }
            | Outcome::NoBook
            | Outcome::Stale
            | Outcome::KeyTaken
            | Outcome::Full => None,
        });
        let changed = step.books.iter().chain(between);
        self.changed = changed.map(|book| (book.id, book.topic.clone())).collect();
        self.settled = Some(settled);
    }
}

impl Log {
    /// A replica has applied entries: its part of the open records is done.
    pub fn applied(&mut self, file: usize, step: &Step) {
        let begin = step.seq + 1 - step.settled.len() as u64;
        for record in self.open.iter_mut().filter(|record| record.last() <= step.seq) {
            record.applied(file, step, begin);
        }
    }

    /// A replica is down: no record waits for it, and it takes no snapshot in.
    pub fn stop_waiting_for_replica(&mut self, file: usize) {
        self.stop_waiting_for(Awaited::Replica(file), Seq::MAX);
        self.cancel_install(file);
    }

    /// Records up to `until` no longer wait for `party`.
    pub(super) fn stop_waiting_for(&mut self, party: Awaited, until: Seq) {
        for record in self.open.iter_mut().filter(|record| record.last() <= until) {
            record.missing.retain(|missing| *missing != party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::store::Book;

    #[test]
    fn a_topic_that_a_book_had_between_two_records_is_kept() {
        let mut log = Log::absent();
        let of = |topic: &str| {
            let (title, topic) = ("A Book".to_owned(), topic.to_owned());
            Book { id: 4, title, quantity: 1, price: 950, topic }
        };
        for first in [1, 2] {
            let entry = Entry::Stock { book: 4, delta: 0, reason: String::new() };
            let missing = vec![Awaited::Replica(1)];
            log.open.push_back(Record::new(first, Arc::new([entry]), Vec::new(), missing));
        }
        let kept = |topic| Settled { outcome: Outcome::Kept(of(topic)), replayed: false };
        let settled = vec![kept("Between"), kept("Last")];
        log.applied(1, &Step { seq: 2, digest: 0, orders: 0, settled, books: vec![of("Last")] });
        let concerns =
            |place: usize, topic: &str| log.open[place].changed().contains(&(4, topic.to_owned()));
        assert!(concerns(0, "Between") && concerns(0, "Last") && concerns(1, "Last"));
        assert!(log.open.iter().all(Record::is_applied));
    }
}
