//! The second room: the replicas of this process. They apply the log's entries in order, catch up
//! when they have been away, and answer on their own listeners. They know the log by its entries
//! and sequence numbers alone, and nothing of the front.

pub mod books;
pub mod catalog;
pub mod changes;
pub mod lists;
pub mod orders;
mod replica;

pub use crate::work::store::Role;
pub use replica::{Phase, Replica};

use super::log::protocol::ReplicaReport;
use super::log::submit;
use crate::service::Effect;
use crate::stats::store as figures;
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Origin, Request, Step};
use crate::work::store::{Entry, Seq};
use std::sync::Arc;

/// The state of this room.
#[derive(Debug)]
pub struct Replicas(Vec<Replica>);

/// News for the other rooms, of the replica with this file.
#[derive(Debug)]
pub enum Event {
    /// Its file is open: it may catch up, if it belongs to the log.
    Opened(usize),
    /// It has applied entries.
    Applied(usize, Step),
    /// It has taken in a page of a snapshot.
    Staged(usize),
    /// Its file has failed.
    Failed(usize, Failure),
}

/// The failure of a file of one log beside another.
pub const OTHER_LOG: &str = "its file belongs to another log; move it away";
/// The failure of a file that is ahead of the log.
pub const AHEAD: &str = "it holds entries that the log does not; move it away";

impl Replicas {
    /// These replicas.
    pub fn new(all: Vec<Replica>) -> Replicas {
        Replicas(all)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Replica> {
        self.0.iter()
    }

    /// The replica whose listener has this role and number.
    pub fn at(&mut self, role: Role, number: u8) -> Option<&mut Replica> {
        self.0.iter_mut().find(|replica| replica.role == role && replica.number == number)
    }

    /// The replica with this name.
    pub fn named(&mut self, name: &str) -> Option<&mut Replica> {
        self.0.iter_mut().find(|replica| replica.name == name)
    }

    fn with_file(&mut self, file: usize) -> Option<&mut Replica> {
        self.0.iter_mut().find(|replica| replica.file == file)
    }

    fn lagging(&mut self) -> impl Iterator<Item = &mut Replica> {
        self.0.iter_mut().filter(|replica| replica.is_lagging())
    }

    fn following(&mut self) -> impl Iterator<Item = &mut Replica> {
        self.0.iter_mut().filter(|replica| replica.phase.follows())
    }

    /// Their reports to the leader.
    pub fn reports(&self) -> Vec<ReplicaReport> {
        self.iter().map(Replica::report).collect()
    }

    /// Submits what their files have to do next.
    pub fn submit_requests(&mut self, effects: &mut Vec<Effect>) {
        for replica in &mut self.0 {
            if let Some(request) = replica.asked.take() {
                submit(replica.file as u32, replica.file, request, effects);
            }
        }
    }

    /// Has every replica that follows apply the next record. Returns their files.
    pub fn apply(
        &mut self,
        first: Seq,
        entries: &Arc<[Entry]>,
        effects: &mut Vec<Effect>,
    ) -> Vec<usize> {
        let files = self.following().map(|replica| replica.file).collect::<Vec<_>>();
        for file in &files {
            submit(*file as u32, *file, Request::Apply(first, Arc::clone(entries)), effects);
        }
        files
    }

    /// Takes the answer of a replica's file.
    pub fn file_answered(&mut self, file: usize, answer: Result<Answer, Failure>) -> Option<Event> {
        let replica = self.with_file(file)?;
        match (answer, replica.phase) {
            (Ok(Answer::Opened(view)), Phase::Opening) => {
                replica.opened(view);
                replica.phase = Phase::Behind;
                Some(Event::Opened(file))
            }
            (Ok(Answer::Applied(step)), Phase::Behind | Phase::Joined | Phase::Up) => {
                replica.applied(&step);
                Some(Event::Applied(file, step))
            }
            (Ok(Answer::Staged), Phase::Opening) => Some(Event::Staged(file)),
            (Err(failure), phase) if phase != Phase::Down => Some(Event::Failed(file, failure)),
            (Ok(_) | Err(_), _) => None,
        }
    }

    /// Checks that a replica that is behind belongs to this log, of which it may catch up to
    /// `tip`, if that is known. A new file is marked as the log's.
    ///
    /// # Errors
    /// It does not.
    pub fn check_origin(
        &mut self,
        file: usize,
        log: u64,
        tip: Option<Seq>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Failure> {
        let Some(replica) = self.with_file(file) else { return Ok(()) };
        if replica.origin.is_some_and(|origin| origin.log != log) {
            return Err(Failure::new(OTHER_LOG));
        }
        if tip.is_some_and(|tip| replica.seq > tip) {
            return Err(Failure::new(AHEAD));
        }
        if replica.origin.is_none() {
            let origin = Origin { log, leased: false };
            replica.origin = Some(origin);
            submit(file as u32, file, Request::Mark(origin), effects);
        }
        Ok(())
    }

    /// Files of the replicas that are behind.
    pub fn behind(&self) -> Vec<usize> {
        let behind = self.iter().filter(|replica| replica.phase == Phase::Behind);
        behind.map(|replica| replica.file).collect()
    }

    /// Files of the replicas that lack entries which are not on their way to them.
    pub fn lagging_files(&mut self) -> Vec<usize> {
        self.lagging().map(|replica| replica.file).collect()
    }

    /// The last entry of the replica that lacks most, if one lacks any.
    pub fn lagging_since(&mut self) -> Option<Seq> {
        self.lagging().map(|replica| replica.seq).min()
    }

    /// Gives entries behind `since` to the replicas that lack them. Those that lack nothing after
    /// that, since the log ends at `tip`, join.
    pub fn catch_up(
        &mut self,
        since: Seq,
        entries: &Arc<[Entry]>,
        tip: Seq,
        effects: &mut Vec<Effect>,
    ) {
        let last = since + entries.len() as u64;
        for replica in self.lagging().filter(|replica| (since..=last).contains(&replica.seq)) {
            replica.catching_up = true;
            if last >= tip {
                (replica.phase, replica.joins) = (Phase::Joined, last);
            }
            let apply = Request::Apply(since + 1, Arc::clone(entries));
            submit(replica.file as u32, replica.file, apply, effects);
        }
    }

    /// The entries behind this one were folded: the replicas that lack them take a snapshot in.
    /// Returns their files.
    pub fn begin_install(&mut self, since: Seq) -> Vec<usize> {
        let behind = self.lagging().filter(|replica| replica.seq == since);
        let begin = |replica: &mut Replica| {
            replica.phase = Phase::Opening;
            replica.file
        };
        behind.map(begin).collect()
    }

    /// A record is missing: all that follow are behind.
    pub fn fall_behind(&mut self) {
        for replica in self.following() {
            (replica.phase, replica.catching_up) = (Phase::Behind, false);
        }
    }

    /// The leader's log is lost: all that follow it, or take its snapshot in, are behind.
    pub fn lose_log(&mut self, installing: &[usize]) {
        for replica in &mut self.0 {
            let installs = replica.phase == Phase::Opening && installing.contains(&replica.file);
            if replica.phase.follows() || installs {
                replica.phase = Phase::Behind;
            }
            replica.catching_up = false;
        }
    }

    /// Shows everything up to the last answered entry.
    pub fn show(&mut self, answered: Seq) {
        self.following().for_each(|replica| replica.show(answered));
    }

    /// A replica is down, with its file.
    pub fn mark_down(&mut self, file: usize, failure: Option<&Failure>) {
        if let Some(replica) = self.with_file(file) {
            replica.mark_down(failure);
        }
    }

    /// Returns true if a replica is down because of a failure that may pass.
    pub fn may_recover(&self) -> bool {
        self.iter().any(Replica::may_recover)
    }

    /// Lets all of these try again.
    pub fn retry(&mut self) {
        self.0.iter_mut().filter(|replica| replica.may_recover()).for_each(Replica::recover);
    }

    /// Their figures, for the panel. `tip` is the log's last entry.
    pub fn figures(&self, tip: Seq) -> Vec<figures::Replica> {
        let figures = |replica: &Replica| figures::Replica {
            name: replica.name.clone(),
            role: replica.role.name(),
            state: replica.phase.state(),
            seq: replica.seq,
            lag: tip.saturating_sub(replica.seq),
            requests: replica.requests,
            errors: replica.errors,
        };
        self.iter().map(figures).collect()
    }
}
