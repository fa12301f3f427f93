//! The log of another process: following its records, reading older ones, having new ones
//! appended.
//!
//! ```text
//!   Away ─join─▶ Joining ─where it ends─▶ Following ─ask: applied up to N ⇄ news─▶ …
//!    ▲               └── no ──▶ Away            └── no answer, or the lease is over ──▶ Away
//!    └──────────── tries again, later each time ────────────────────────────────────────┘
//! ```
//! What was answered by the log's owner is applied here, or is waited for by it, as long as the
//! lease lasts: it begins when a question is sent and the answer to it has to come before its end.
//! The owner counts from when the question came, and longer; so whoever is no longer waited for
//! has stopped serving before that.

mod install;
mod requests;

use super::protocol::{News, Report};
use super::read_barrier::{self, Reader};
use super::{Source, tell};
use crate::limits;
use crate::service::store::front::Call;
use crate::service::store::replicas::{Phase, Replica};
use crate::service::store::{State, WriteError};
use crate::service::{Effect, Ticket};
use crate::work::store::Seq;
use install::SnapshotInstall;
use requests::LeaderRequest;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub struct Follower {
    /// The listener of the log's owner.
    at: SocketAddr,
    stage: Stage,
    /// The name that it gave us last.
    name: Option<String>,
    /// Until when what is here may be served.
    lease: Option<Instant>,
    /// The last entry that is known to be answered.
    answered: Seq,
    requests: HashMap<Ticket, LeaderRequest>,
    next: Ticket,
    /// Counts the times that we were away: what was asked before is of no use after.
    round: u32,
    /// Requests with new entries that are under way.
    appends: usize,
    anew: Option<SnapshotInstall>,
    /// What is to be asked, as the keeper gets round to it.
    calls: Vec<(Ticket, Call)>,
    /// What was last complained of.
    complaint: Option<String>,
    /// Reads that wait for what is not known to be answered.
    pub readers: Vec<Reader>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not before then; so often it was tried.
    Away {
        again: Option<Instant>,
        tries: u32,
    },
    Joining {
        tries: u32,
    },
    /// Whether a question is under way.
    Following {
        asking: bool,
    },
}

/// Where a follower asks.
pub const FOLLOW: &str = "/api/store/log/follow";
/// Where it has entries appended.
pub const ENTRIES: &str = "/api/store/log/entries";
/// Where it gets the state that the log begins with.
pub const STATE: &str = "/api/store/log/state";

impl Follower {
    /// A log that is kept behind the listener at this address.
    pub fn new(at: SocketAddr) -> Follower {
        Follower {
            at,
            stage: Stage::Away { again: None, tries: 0 },
            name: None,
            lease: None,
            answered: 0,
            requests: HashMap::new(),
            next: 0,
            round: 0,
            appends: 0,
            anew: None,
            calls: Vec::new(),
            complaint: None,
            readers: Vec::new(),
        }
    }

    /// The listener of the log's owner.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Whether entries are on their way to the log.
    pub fn is_appending(&self) -> bool {
        self.appends > 0
    }

    /// The last entry that is known to be answered.
    pub fn answered(&self) -> Seq {
        self.answered
    }

    /// Whether what is here may be served at `now`.
    pub fn holds(&self, now: Instant) -> bool {
        self.lease.is_some_and(|until| now < until)
    }

    /// When something has to happen of itself.
    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Away { again, .. } => again,
            Stage::Joining { .. } => None,
            Stage::Following { .. } => self.lease,
        }
    }

    /// The end of the lease, before anything else that may follow from a lost connection.
    pub fn drop_lease(&mut self) {
        self.lease = None;
    }

    /// Says why the log cannot be followed, once.
    fn complain(&mut self, why: &str) {
        if self.complaint.as_deref() != Some(why) {
            ::log::warn!(
                "the log at http://{}: {why}; nothing is served here before it can be followed",
                self.at
            );
            self.complaint = Some(why.to_string());
        }
    }
}

impl State {
    /// Whether what is held here is as new as whatever anybody was told.
    pub fn is_current(&self, now: Instant, draining: bool) -> bool {
        match &self.log.source {
            Source::Absent | Source::Own(_) => true,
            // One that ends no longer asks, and may be given up at any moment.
            Source::Follower(elsewhere) => elsewhere.holds(now) && !draining,
        }
    }

    /// A connection with a peer was lost under a question of ours.
    pub fn drop_lease(&mut self, target: &str) {
        if let Source::Follower(elsewhere) = &mut self.log.source
            && target == FOLLOW
        {
            elsewhere.drop_lease();
        }
    }

    fn follower(&mut self) -> Option<&mut Follower> {
        match &mut self.log.source {
            Source::Follower(elsewhere) => Some(elsewhere),
            Source::Absent | Source::Own(_) => None,
        }
    }

    /// Asks the log's owner for whatever can be asked now.
    pub(in crate::service::store) fn follow(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Source::Follower(elsewhere) = &self.log.source else { return };
        if let Stage::Following { .. } = elsewhere.stage
            && !elsewhere.holds(now)
        {
            self.lose("it has not answered in time", now, effects);
        }
        let Source::Follower(elsewhere) = &self.log.source else { return };
        let next = match elsewhere.stage {
            Stage::Away { again, tries } if again.is_none_or(|at| at <= now) => {
                Some((Stage::Joining { tries }, true))
            }
            // What it has applied is what it says, so it says nothing before.
            Stage::Following { asking: false } if self.log.open.is_empty() => {
                Some((Stage::Following { asking: true }, false))
            }
            Stage::Away { .. } | Stage::Joining { .. } | Stage::Following { .. } => None,
        };
        let next = next.map(|(stage, joins)| (stage, self.question(joins)));
        let Source::Follower(elsewhere) = &mut self.log.source else { return };
        if let Some((stage, report)) = next {
            elsewhere.stage = stage;
            elsewhere.ask(&report);
        }
        if let Stage::Following { .. } = elsewhere.stage {
            elsewhere.append(&mut self.log.waiting);
        } else {
            // Nothing of it was sent.
            let waiting = self.log.waiting.drain(..).map(|waiting| waiting.writer);
            tell(&waiting.collect::<Vec<_>>(), WriteError::Busy, effects);
        }
    }

    fn question(&self, joins: bool) -> Report {
        let (follower, answered) = match &self.log.source {
            Source::Follower(elsewhere) => (elsewhere.name.clone(), elsewhere.answered),
            Source::Absent | Source::Own(_) => (None, 0),
        };
        Report {
            follower,
            joins,
            since: self.log.answered,
            answered,
            replicas: self.replicas.iter().map(Replica::seen).collect(),
        }
    }

    /// The log cannot be followed any more: nothing here is served until it can be again.
    fn lose(&mut self, why: &str, now: Instant, effects: &mut Vec<Effect>) {
        let Source::Follower(elsewhere) = &mut self.log.source else { return };
        let tries = match elsewhere.stage {
            Stage::Away { tries, .. } | Stage::Joining { tries } => tries + 1,
            Stage::Following { .. } => 0,
        };
        elsewhere.complain(why);
        elsewhere.stage = Stage::Away { again: Some(now + pause(tries)), tries };
        elsewhere.lease = None;
        elsewhere.round = elsewhere.round.wrapping_add(1);
        read_barrier::tell(&mut elsewhere.readers, Seq::MAX, effects);
        let staging = elsewhere.anew.take().map_or(Vec::new(), |anew| anew.files);
        for replica in &mut self.replicas {
            let is_staging = staging.contains(&replica.file) && replica.phase == Phase::Opening;
            if replica.phase.follows() || is_staging {
                replica.phase = Phase::Behind;
            }
            replica.catching_up = false;
        }
        self.log.open.clear();
        self.log.reading = None;
        self.front.cache.clear();
        let waiting = self.log.waiting.drain(..).map(|waiting| waiting.writer);
        tell(&waiting.collect::<Vec<_>>(), WriteError::Busy, effects);
    }

    /// The answer to a question has come, which was sent at `began`.
    fn heard(&mut self, news: News, began: Instant, now: Instant, effects: &mut Vec<Effect>) {
        let News { follower, log, order_secret, first, entries, answered, commands } = news;
        if self.log.name.is_some_and(|name| name != log) {
            return self.lose("it is another log than before", now, effects);
        }
        let Source::Follower(elsewhere) = &mut self.log.source else { return };
        self.log.order_secret = Some(order_secret);
        let joined = matches!(elsewhere.stage, Stage::Joining { .. });
        elsewhere.stage = Stage::Following { asking: false };
        elsewhere.lease = Some(began + limits::STORE_LEASE);
        elsewhere.name = Some(follower);
        elsewhere.answered = answered;
        if elsewhere.complaint.take().is_some() || joined {
            ::log::info!("the log at http://{} is followed from entry {first}", elsewhere.at);
        }
        if joined {
            self.join(log, first - 1, effects);
        } else if first != self.log.tip + 1 {
            return self.lose("entries are missing", now, effects);
        }
        self.front.cache.settle(answered);
        if let Some(elsewhere) = self.follower() {
            read_barrier::tell(&mut elsewhere.readers, answered, effects);
        }
        if !entries.is_empty() {
            self.record(first, entries, Vec::new(), effects);
        }
        for command in commands {
            if command.crash {
                self.crash(&command.replica, effects);
            } else {
                self.recover(&command.replica, effects);
            }
        }
    }

    /// Every record behind `tip` comes to us from now on. What is before it, replicas read.
    fn join(&mut self, log: u64, tip: Seq, effects: &mut Vec<Effect>) {
        self.log.name = Some(log);
        (self.log.tip, self.log.answered) = (tip, tip);
        // Whatever was asked before, others may have answered by what they had then; and some of
        // what is in the log may not be applied everywhere.
        self.front.cache.clear();
        self.front.cache.unsettle(tip, None);
        let behind = self.replicas.iter().filter(|replica| replica.phase == Phase::Behind);
        for file in behind.map(|replica| replica.file).collect::<Vec<_>>() {
            self.welcome(file, Some(tip), effects);
        }
    }
}

/// How long to wait after so many tries in vain.
fn pause(tries: u32) -> Duration {
    let (first, last) = (*limits::STORE_RETRY.start(), *limits::STORE_RETRY.end());
    first.saturating_mul(1 << tries.min(16)).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let pauses = (0..40).map(pause).collect::<Vec<_>>();
        assert_eq!(pauses[0], *limits::STORE_RETRY.start());
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses[39], *limits::STORE_RETRY.end());
    }

    #[test]
    fn a_lease_is_over_at_its_end_and_when_it_is_given_up() {
        let (mut elsewhere, now) = (Follower::new(([127, 0, 0, 1], 1).into()), Instant::now());
        assert!(!elsewhere.holds(now), "nothing is served before the first answer");
        elsewhere.lease = Some(now + limits::STORE_LEASE);
        assert!(elsewhere.holds(now));
        assert!(!elsewhere.holds(now + limits::STORE_LEASE), "not a moment longer");
        elsewhere.drop_lease();
        assert!(!elsewhere.holds(now));
    }
}
