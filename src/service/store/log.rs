//! The ordered log.
//!
//! ```text
//!   put ─▶ waiting ─▶ Append (one record, one fsync) ─▶ Apply by each replica that follows
//!                                                          └─ all ─▶ caches forget, replies go
//! ```
//! To everybody else the log is `append(entry) → seq` and `read from seq`; that it is a file is
//! between this and `work::db::store`. While one record is written the next one gathers.

use super::replicas::{Phase, Replica};
use super::{Notice, State, Trouble};
use crate::limits;
use crate::service::{Effect, Id, Mail, Ticket};
use crate::work::Job;
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Request, Step};
use crate::work::store::{Entry, Seq, Settled};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Log {
    /// Where it is, for replicas that begin anew; none if there is no log here.
    path: Option<PathBuf>,
    /// The last durable entry.
    pub tip: Seq,
    /// The last entry whose writers were told what came of it.
    pub answered: Seq,
    /// Why the last record could not be written.
    pub problem: Option<String>,
    waiting: VecDeque<Waiting>,
    appending: Option<(Arc<[Entry]>, Vec<Writer>)>,
    open: VecDeque<Batch>,
    /// Behind which entry is being read for replicas that lack some.
    reading: Option<Seq>,
}

type Writer = (Id, Ticket);

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    writer: Writer,
}

/// A record that is durable and was not answered yet.
#[derive(Debug)]
struct Batch {
    first: Seq,
    entries: Arc<[Entry]>,
    writers: Vec<Writer>,
    /// Files of replicas that have not applied it.
    missing: Vec<usize>,
    settled: Option<Vec<Settled>>,
    /// Ids and topics of books that it changed.
    changed: Vec<(u32, String)>,
}

impl Batch {
    fn last(&self) -> Seq {
        self.first + self.entries.len() as u64 - 1
    }
}

/// The number of the log's own file.
pub const FILE: usize = 0;

impl Log {
    /// A log that is not there.
    pub fn absent() -> Log {
        Log {
            path: None,
            tip: 0,
            answered: 0,
            problem: None,
            waiting: VecDeque::new(),
            appending: None,
            open: VecDeque::new(),
            reading: None,
        }
    }

    /// A log whose last entry is `tip`, and everything in it was answered.
    pub fn at(path: PathBuf, tip: Seq) -> Log {
        Log { path: Some(path), tip, answered: tip, ..Log::absent() }
    }

    /// Takes an entry in.
    ///
    /// # Errors
    /// There is no log, or too much is waiting.
    pub fn put(&mut self, entry: Entry, from: Id, ticket: Ticket) -> Result<(), Trouble> {
        let full = self.waiting.len() >= limits::STORE_WRITES;
        if self.path.is_none() || full || self.open.len() >= limits::STORE_RECORDS {
            return Err(Trouble::Busy);
        }
        self.waiting.push_back(Waiting { entry, writer: (from, ticket) });
        Ok(())
    }

    /// How many writes wait for their record.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.appending.is_none() && self.open.is_empty()
    }
}

/// The ticket of a record on its way; that of a replica's job is the number of its file.
pub const APPEND: Ticket = FILE as Ticket;
/// The ticket of entries that are read for a replica.
pub const READ: Ticket = Ticket::MAX;

impl State {
    /// Begins what can be begun.
    pub(super) fn go_on(&mut self, effects: &mut Vec<Effect>) {
        for replica in &mut self.replicas {
            if let Some(request) = replica.asked.take() {
                submit(replica.file, request, effects);
            }
        }
        let log = &mut self.log;
        if log.appending.is_none() && !log.waiting.is_empty() {
            let count = log.waiting.len().min(limits::STORE_BATCH);
            let (entries, writers): (Vec<_>, Vec<_>) =
                log.waiting.drain(..count).map(|w| (w.entry, w.writer)).unzip();
            let entries: Arc<[Entry]> = entries.into();
            submit(FILE, Request::Append(Arc::clone(&entries)), effects);
            log.appending = Some((entries, writers));
        }
        self.feed(effects);
        self.answer(effects);
    }

    /// Has entries read for the replica that lacks most.
    fn feed(&mut self, effects: &mut Vec<Effect>) {
        let hungry = self.replicas.iter().filter(|replica| replica.is_hungry());
        let since = hungry.map(|replica| replica.seq).min();
        if let (None, Some(since)) = (self.log.reading, since) {
            let read = Request::Read(since, limits::STORE_CATCH_UP);
            effects.push(Effect::Submit(READ, Job::Store(FILE, read)));
            self.log.reading = Some(since);
        }
    }

    /// A record is durable, or it is not.
    pub(super) fn appended(&mut self, answer: Result<Answer, Failure>, effects: &mut Vec<Effect>) {
        let Some((entries, writers)) = self.log.appending.take() else {
            return;
        };
        let first = match answer {
            Ok(Answer::Appended(first)) => first,
            Ok(_) => unreachable!("the log says where a record is"),
            Err(failure) => {
                ::log::error!("the log took nothing: {failure}");
                self.log.problem = Some(failure.to_string());
                self.written.failures += 1;
                return tell(&writers, Trouble::Log, effects);
            }
        };
        self.log.problem = None;
        self.written.records += 1;
        self.written.entries += entries.len() as u64;
        if first != self.log.tip + 1 {
            // A record that had been given up reached the disk all the same.
            for replica in self.replicas.iter_mut().filter(|replica| replica.phase.follows()) {
                (replica.phase, replica.fed) = (Phase::Behind, false);
            }
        }
        let mut missing = Vec::new();
        for replica in self.replicas.iter().filter(|replica| replica.phase.follows()) {
            missing.push(replica.file);
            submit(replica.file, Request::Apply(first, Arc::clone(&entries)), effects);
        }
        let (settled, changed) = (None, Vec::new());
        let batch = Batch { first, entries, writers, missing, settled, changed };
        self.log.tip = batch.last();
        self.log.open.push_back(batch);
    }

    /// A replica's file has done something.
    pub(super) fn went_on(&mut self, file: usize, answer: Result<Answer, Failure>) {
        let tip = self.log.tip;
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.file == file) else {
            return;
        };
        match (answer, replica.phase) {
            (Ok(Answer::Opened(view)), Phase::Opening) => {
                replica.opened(view);
                if replica.seq > tip {
                    let text = "it holds entries that the log does not; move it away";
                    self.fall(file, Some(&Failure::new(text)));
                } else {
                    replica.phase = Phase::Behind;
                }
            }
            (Ok(Answer::Applied(step)), Phase::Behind | Phase::Joined | Phase::Up) => {
                replica.advanced(&step);
                replica.fed = false;
                self.log.applied(file, &step);
            }
            (Err(failure), phase) if phase != Phase::Down => {
                self.fall(file, Some(&failure));
            }
            (Ok(_) | Err(_), _) => {}
        }
    }

    /// Entries for replicas that are behind: each applies what it lacks of them.
    pub(super) fn read(&mut self, answer: Result<Answer, Failure>, effects: &mut Vec<Effect>) {
        let Some(since) = self.log.reading.take() else { return };
        let hungry = self.replicas.iter_mut().filter(|replica| replica.is_hungry());
        let (first, entries) = match answer {
            Ok(Answer::Entries(first, entries)) => (first, entries),
            Ok(_) => {
                let Some(path) = &self.log.path else { return };
                for replica in hungry.filter(|replica| replica.seq == since) {
                    replica.phase = Phase::Opening;
                    submit(replica.file, Request::Restore(path.clone()), effects);
                }
                return;
            }
            Err(failure) => {
                let files = hungry.map(|replica| replica.file).collect::<Vec<_>>();
                return files.into_iter().for_each(|file| self.fall(file, Some(&failure)));
            }
        };
        let last = first + entries.len() as u64 - 1;
        for replica in hungry.filter(|replica| (since..=last).contains(&replica.seq)) {
            replica.fed = true;
            if last >= self.log.tip {
                replica.phase = Phase::Joined;
            }
            submit(replica.file, Request::Apply(first, Arc::clone(&entries)), effects);
        }
    }

    /// Lets a replica begin its recovery. False if there is none of that name.
    pub fn recover(&mut self, name: &str, effects: &mut Vec<Effect>) -> bool {
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.name == name) else {
            return false;
        };
        if replica.phase == Phase::Down {
            replica.phase = Phase::Opening;
            replica.asked = Some(Request::Open);
            self.stir(effects);
        }
        true
    }

    /// Whether some replica is down for a reason that may be gone.
    pub(super) fn may_recover(&self) -> bool {
        self.replicas.iter().any(Replica::may_recover)
    }

    /// Lets all of these try again.
    pub(super) fn retry(&mut self) {
        for replica in self.replicas.iter_mut().filter(|replica| replica.may_recover()) {
            (replica.phase, replica.asked) = (Phase::Opening, Some(Request::Open));
        }
    }

    /// Ends a replica as if its process had been killed. False if there is none of that name.
    pub fn crash(&mut self, name: &str, effects: &mut Vec<Effect>) -> bool {
        let Some(replica) = self.replicas.iter_mut().find(|replica| replica.name == name) else {
            return false;
        };
        replica.asked = Some(Request::Close);
        let file = replica.file;
        self.fall(file, None);
        self.stir(effects);
        true
    }

    fn fall(&mut self, file: usize, failure: Option<&Failure>) {
        if let Some(replica) = self.replicas.iter_mut().find(|replica| replica.file == file) {
            replica.fall(failure);
        }
        for batch in &mut self.log.open {
            batch.missing.retain(|missing| *missing != file);
        }
    }

    /// Answers what every live replica has applied: it is shown everywhere and forgotten by the
    /// cache, then the writers are told.
    fn answer(&mut self, effects: &mut Vec<Effect>) {
        while let Some(batch) = self.log.open.front()
            && batch.missing.is_empty()
        {
            let last = batch.last();
            let awaited = self.replicas.iter().any(|replica| replica.may_apply(last));
            if batch.settled.is_none() && awaited {
                break;
            }
            let Some(batch) = self.log.open.pop_front() else { break };
            self.log.answered = last;
            for (id, topic) in &batch.changed {
                self.front.cache.invalidate(*id, topic);
            }
            let Some(settled) = batch.settled else {
                // What it changed is found out when a replica is back.
                self.front.cache.clear();
                tell(&batch.writers, Trouble::Unknown, effects);
                continue;
            };
            self.written.settle(&batch.entries, &settled);
            for ((id, ticket), settled) in batch.writers.into_iter().zip(settled) {
                let notice = Notice::Settled(ticket, Ok(settled));
                effects.push(Effect::Post(id, Mail::Store(notice)));
            }
        }
        let answered = self.log.answered;
        for replica in self.replicas.iter_mut().filter(|replica| replica.phase.follows()) {
            replica.show(answered);
            if replica.phase == Phase::Joined && replica.shown == answered {
                replica.rise();
                ::log::info!("{} is up again, at entry {answered}", replica.name);
            }
        }
    }

    /// The keeper is gone: nobody is left waiting.
    pub(super) fn give_up(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.log.waiting.drain(..).map(|waiting| waiting.writer);
        tell(&waiting.collect::<Vec<_>>(), Trouble::Busy, effects);
        let appending = self.log.appending.take().map_or(Vec::new(), |(_, writers)| writers);
        tell(&appending, Trouble::Unknown, effects);
        for batch in self.log.open.drain(..) {
            tell(&batch.writers, Trouble::Unknown, effects);
        }
    }
}

impl Log {
    /// A replica has gone on: that may be what records were waiting for.
    fn applied(&mut self, file: usize, step: &Step) {
        let begin = step.seq + 1 - step.settled.len() as u64;
        for batch in self.open.iter_mut().filter(|batch| batch.last() <= step.seq) {
            batch.missing.retain(|missing| *missing != file);
            if batch.settled.is_none() && batch.first >= begin {
                let from = (batch.first - begin) as usize;
                let settled = step.settled[from..from + batch.entries.len()].to_vec();
                batch.settled = Some(settled);
                let changed = step.books.iter().map(|book| (book.id, book.topic.clone()));
                batch.changed = changed.collect();
            }
        }
    }
}

fn tell(writers: &[Writer], trouble: Trouble, effects: &mut Vec<Effect>) {
    for (id, ticket) in writers {
        let notice = Notice::Settled(*ticket, Err(trouble));
        effects.push(Effect::Post(*id, Mail::Store(notice)));
    }
}

fn submit(file: usize, request: Request, effects: &mut Vec<Effect>) {
    effects.push(Effect::Submit(file as Ticket, Job::Store(file, request)));
}
