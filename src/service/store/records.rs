//! Records on their way: from those who write, to replicas and followers, to those who are told.

use super::log::{APPEND, Batch, FILE, Party, READ, Source, Writer, submit, submit_to, tell};
use super::replicas::Phase;
use super::{Notice, State, WriteError};
use crate::limits;
use crate::service::{Effect, Mail};
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Request};
use crate::work::store::{Entry, Seq};
use std::sync::Arc;
use std::time::Instant;

impl State {
    /// Begins what can be begun.
    pub(super) fn go_on(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for replica in &mut self.replicas {
            if let Some(request) = replica.asked.take() {
                submit(replica.file, request, effects);
            }
        }
        let log = &mut self.log;
        if let Source::Own(own) = &mut log.source
            && own.appending.is_none()
            && !log.waiting.is_empty()
        {
            let count = log.waiting.len().min(limits::STORE_BATCH);
            let (entries, writers): (Vec<_>, Vec<_>) =
                log.waiting.drain(..count).map(|w| (w.entry, w.writer)).unzip();
            let entries: Arc<[Entry]> = entries.into();
            submit_to(APPEND, FILE, Request::Append(Arc::clone(&entries)), effects);
            own.appending = Some((entries, writers));
        }
        self.drop_silent(now, effects);
        self.answer(now, effects);
        self.tell_followers(now, effects);
        self.follow(now, effects);
        self.feed(effects);
    }

    /// Has entries read for the replica that lacks most.
    fn feed(&mut self, effects: &mut Vec<Effect>) {
        let lagging = self.replicas.iter().filter(|replica| replica.is_lagging());
        let Some(since) = lagging.map(|replica| replica.seq).min() else { return };
        if self.log.reading.is_some() {
            return;
        }
        match &mut self.log.source {
            Source::Absent => {}
            Source::Own(_) => {
                let read = Request::Read(since, limits::STORE_CATCH_UP);
                submit_to(READ, FILE, read, effects);
                self.log.reading = Some(since);
            }
            Source::Follower(elsewhere) => {
                self.log.reading = elsewhere.ask_for(since).then_some(since);
            }
        }
    }

    /// A record is durable, or it is not.
    pub(super) fn appended(&mut self, answer: Result<Answer, Failure>, effects: &mut Vec<Effect>) {
        let Some((entries, writers)) = self.log.own().and_then(|own| own.appending.take()) else {
            return;
        };
        let first = match answer {
            Ok(Answer::Appended(first)) => first,
            Ok(_) => unreachable!("the log says where a record is"),
            Err(failure) => {
                ::log::error!("the log took nothing: {failure}");
                self.log.problem = Some(failure.to_string());
                self.written.failures += 1;
                let error = match failure.is_unknown() {
                    true => WriteError::Unknown,
                    false => WriteError::Log,
                };
                return tell(&writers, error, effects);
            }
        };
        self.log.problem = None;
        self.written.records += 1;
        self.written.entries += entries.len() as u64;
        if first != self.log.tip + 1 {
            // A record that had been given up reached the disk all the same.
            for replica in self.replicas.iter_mut().filter(|replica| replica.phase.follows()) {
                (replica.phase, replica.catching_up) = (Phase::Behind, false);
            }
        }
        self.record(first, entries, writers, effects);
    }

    /// A record comes next: every replica here that follows applies it, every follower gets it.
    pub(super) fn record(
        &mut self,
        first: Seq,
        entries: Arc<[Entry]>,
        writers: Vec<Writer>,
        effects: &mut Vec<Effect>,
    ) {
        let mut missing = self.followers.parties();
        for replica in self.replicas.iter().filter(|replica| replica.phase.follows()) {
            missing.push(Party::File(replica.file));
            submit(replica.file, Request::Apply(first, Arc::clone(&entries)), effects);
        }
        let batch = Batch::new(first, entries, writers, missing);
        self.log.tip = batch.last();
        self.log.open.push_back(batch);
    }

    /// Entries for replicas that are behind: each applies what it lacks of them.
    pub(super) fn read(&mut self, answer: Result<Answer, Failure>, effects: &mut Vec<Effect>) {
        let Some(since) = self.log.reading.take() else { return };
        let tip = self.log.tip;
        let lagging = self.replicas.iter_mut().filter(|replica| replica.is_lagging());
        let (first, entries) = match answer {
            Ok(Answer::Entries(first, entries)) => (first, entries),
            Ok(_) => return self.install_snapshot(since, effects),
            Err(failure) => {
                let files = lagging.map(|replica| replica.file).collect::<Vec<_>>();
                return files.into_iter().for_each(|file| self.mark_down(file, Some(&failure)));
            }
        };
        let last = first + entries.len() as u64 - 1;
        for replica in lagging.filter(|replica| (since..=last).contains(&replica.seq)) {
            replica.catching_up = true;
            if last >= tip {
                (replica.phase, replica.joins) = (Phase::Joined, last);
            }
            submit(replica.file, Request::Apply(first, Arc::clone(&entries)), effects);
        }
    }

    /// What comes behind this entry was folded: whoever needs it begins with the first state.
    fn install_snapshot(&mut self, since: Seq, effects: &mut Vec<Effect>) {
        let lagging = self.replicas.iter_mut().filter(|replica| replica.is_lagging());
        let behind = lagging.filter(|replica| replica.seq == since);
        match &mut self.log.source {
            Source::Absent => {}
            Source::Own(own) => {
                for replica in behind {
                    replica.phase = Phase::Opening;
                    submit(replica.file, Request::Restore(own.path.clone()), effects);
                }
            }
            Source::Follower(elsewhere) => elsewhere.install_snapshot(behind),
        }
    }

    /// Answers what every live replica and every follower has applied: it is shown everywhere here
    /// and forgotten by the cache, then the writers are told.
    fn answer(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if let Some(own) = self.log.own()
            && let Some(until) = own.quiet_until
        {
            if now < until {
                return;
            }
            own.quiet_until = None;
        }
        let is_own = matches!(self.log.source, Source::Own(_));
        while let Some(batch) = self.log.open.front()
            && batch.missing.is_empty()
        {
            let last = batch.last();
            let awaited = self.replicas.iter().any(|replica| replica.may_apply(last));
            if is_own && batch.settled.is_none() && awaited {
                break;
            }
            let Some(batch) = self.log.open.pop_front() else { break };
            self.log.answered = last;
            for (id, topic) in batch.changed() {
                self.front.cache.invalidate(id, &topic);
                if !is_own {
                    self.front.cache.unsettle(last, Some((id, topic)));
                }
            }
            let Some(settled) = batch.settled else {
                // What became of it is found out when a replica is back.
                tell(&batch.writers, WriteError::Unknown, effects);
                continue;
            };
            self.written.settle(&batch.entries, &settled);
            for ((id, ticket, index), settled) in batch.writers.into_iter().zip(settled) {
                let notice = Notice::Settled(ticket, index, Ok(settled));
                effects.push(Effect::Post(id, Mail::Store(notice)));
            }
        }
        self.show_answered();
    }

    fn show_answered(&mut self) {
        let answered = self.log.answered;
        for replica in self.replicas.iter_mut().filter(|replica| replica.phase.follows()) {
            replica.show(answered);
            if replica.may_be_promoted(answered) {
                replica.promote();
                ::log::info!("{} is up again, at entry {answered}", replica.name);
            }
        }
    }

    /// The keeper is gone: nobody is left waiting.
    pub(super) fn give_up(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.log.waiting.drain(..).map(|waiting| waiting.writer);
        tell(&waiting.collect::<Vec<_>>(), WriteError::Busy, effects);
        let appending = self.log.own().and_then(|own| own.appending.take());
        tell(&appending.map_or(Vec::new(), |(_, writers)| writers), WriteError::Unknown, effects);
        for batch in self.log.open.drain(..) {
            tell(&batch.writers, WriteError::Unknown, effects);
        }
    }
}
