//! Group commit: all writes that wait become one record, the record is made durable, and its
//! writers are answered when every replica has applied it.

use super::record::{Awaited, Record};
use super::{APPEND, Engine, Event, FILE, Log, READ, Writer, counts, fail, submit};
use crate::limits;
use crate::service::Effect;
use crate::service::store::WriteError;
use crate::service::store::wait::Told;
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Request};
use crate::work::store::{Entry, Seq};
use std::sync::Arc;
use std::time::Instant;

impl Log {
    /// Writes everything that waits as one record, unless one is being written.
    pub fn append_next(&mut self, effects: &mut Vec<Effect>) {
        let Engine::Embedded(own) = &mut self.engine else { return };
        if own.appending.is_some() || self.waiting.is_empty() {
            return;
        }
        let count = self.waiting.len().min(limits::STORE_BATCH);
        let batch = self.waiting.drain(..count).map(|write| (write.entry, write.writer));
        let (entries, writers): (Vec<_>, Vec<_>) = batch.unzip();
        let entries: Arc<[Entry]> = entries.into();
        submit(APPEND, FILE, Request::Append(Arc::clone(&entries)), effects);
        own.appending = Some((entries, writers));
    }

    /// The file has written the record, or it has failed.
    pub fn appended(&mut self, answer: Result<Answer, Failure>, effects: &mut Vec<Effect>) {
        let Some((entries, writers)) = self.embedded().and_then(|own| own.appending.take()) else {
            return;
        };
        let first = match answer {
            Ok(Answer::Appended(first)) => first,
            Ok(_) => unreachable!("the log answers with the number of the first entry"),
            Err(failure) => {
                ::log::error!("cannot append to the log: {failure}");
                self.counts.failures += 1;
                let error = match failure.is_unknown() {
                    true => WriteError::Unknown,
                    false => WriteError::Log,
                };
                return fail(writers, error, effects);
            }
        };
        self.counts.records += 1;
        self.counts.entries += entries.len() as u64;
        if first != self.tip + 1 {
            // A record that had been given up reached the disk all the same.
            self.events.push(Event::Gap);
        }
        self.events.push(Event::Record(first, entries, writers));
    }

    /// Replicas with these files have begun to apply the record, which is open from now on.
    pub fn record(
        &mut self,
        first: Seq,
        entries: Arc<[Entry]>,
        writers: Vec<Writer>,
        files: &[usize],
    ) {
        let replicas = files.iter().map(|file| Awaited::Replica(*file));
        let missing = self.followers.awaited().chain(replicas).collect();
        let record = Record::new(first, entries, writers, missing);
        self.tip = record.last();
        self.open.push_back(record);
    }

    /// Returns true if nothing may be answered yet.
    pub fn is_quiet(&mut self, now: Instant) -> bool {
        let Some(own) = self.embedded() else { return false };
        own.quiet_until = own.quiet_until.filter(|until| now < *until);
        own.quiet_until.is_some()
    }

    /// Takes the oldest record if it can be answered: everything that has to apply it has done
    /// so, and its outcomes are known, unless no replica is `awaited` that could report them.
    pub fn next_applied(&mut self, awaited: impl Fn(Seq) -> bool) -> Option<Record> {
        let record = self.open.front().filter(|record| record.is_applied())?;
        if self.is_own() && record.settled.is_none() && awaited(record.last()) {
            return None;
        }
        self.answered = record.last();
        self.open.pop_front()
    }

    /// Tells each writer of a record the outcome of its entry.
    pub fn answer(&mut self, record: Record, effects: &mut Vec<Effect>) {
        let Some(settled) = record.settled else {
            // The outcome is found out when a replica has recovered.
            return fail(record.writers, WriteError::Unknown, effects);
        };
        counts::settle(&mut self.counts, &record.entries, &settled);
        for ((waiter, index), settled) in record.writers.into_iter().zip(settled) {
            waiter.tell(Told::Settled(index, Ok(settled)), effects);
        }
    }

    /// Reads the entries behind this one for replicas that are behind, unless a read is under way.
    pub fn read_behind(&mut self, since: Seq, effects: &mut Vec<Effect>) {
        if self.reading.is_some() {
            return;
        }
        let begun = match &mut self.engine {
            Engine::Absent => false,
            Engine::Embedded(_) => {
                submit(READ, FILE, Request::Read(since, limits::STORE_CATCH_UP), effects);
                true
            }
            Engine::Follower(follower) => follower.read_behind(since),
        };
        self.reading = begun.then_some(since);
    }

    /// Entries have been read, or they cannot be.
    pub fn read(&mut self, answer: Result<Answer, Failure>) {
        let Some(since) = self.reading.take() else { return };
        self.events.push(match answer {
            Ok(Answer::Entries(first, entries)) => {
                debug_assert_eq!(first, since + 1, "the entries behind the one that was named");
                Event::Entries(since, entries)
            }
            Ok(_) => Event::Folded(since),
            Err(failure) => Event::Unreadable(failure),
        });
    }

    /// Gives these replicas the snapshot that the log begins with.
    pub fn send_snapshot(&mut self, files: Vec<usize>, effects: &mut Vec<Effect>) {
        match &mut self.engine {
            Engine::Absent => {}
            Engine::Embedded(own) => {
                for file in files {
                    let restore = Request::Restore(own.path.clone());
                    submit(file as u32, file, restore, effects);
                }
            }
            Engine::Follower(follower) => follower.install_snapshot(files),
        }
    }

    /// Fails every write: the task cannot run.
    pub fn give_up(&mut self, effects: &mut Vec<Effect>) {
        self.fail_waiting(effects);
        let appending = self.embedded().and_then(|own| own.appending.take());
        let appending = appending.map_or(Vec::new(), |(_, writers)| writers);
        let open = self.open.drain(..).flat_map(|record| record.writers);
        fail(appending.into_iter().chain(open), WriteError::Unknown, effects);
    }

    /// Fails the writes that wait: nothing of them was sent.
    pub fn fail_waiting(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.waiting.drain(..).map(|write| write.writer);
        fail(waiting, WriteError::Busy, effects);
    }
}
