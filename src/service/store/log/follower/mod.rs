//! The log of another process, the leader: following its records, reading older ones, having new
//! ones appended.
//!
//! ```text
//!   Away ─join─▶ Joining ─its end─▶ Following ─report: applied up to N ⇄ news─▶ …
//!    ▲              └── no ──▶ Away         └── no answer, or the lease is over ──▶ Away
//!    └──────────── tries again, later each time ───────────────────────────────────┘
//! ```
//! Every entry that the leader answers has been applied here, or the leader waits for this process
//! as long as its lease lasts. The lease begins when a report is sent, and the answer has to come
//! before its end. The leader counts from the report's arrival, and longer; so a process that the
//! leader no longer waits for has stopped serving before that.

mod install;
mod requests;

use super::protocol::{Command, News, Report};
use super::read_barrier::{self, Reader};
use super::{Engine, Event, Log};
use crate::limits;
use crate::service::store::replicas::Replicas;
use crate::service::{Effect, Ticket};
use crate::work::store::Seq;
use install::SnapshotInstall;
use requests::{LeaderCall, LeaderRequest};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub struct Follower {
    /// The leader's listener.
    leader: SocketAddr,
    stage: Stage,
    /// The name that the leader gave this process last.
    name: Option<String>,
    /// The end of the time in which this process may serve its state.
    lease: Option<Instant>,
    /// The last entry that the leader has answered, as far as is known.
    answered: Seq,
    requests: HashMap<Ticket, LeaderRequest>,
    next: Ticket,
    /// Counts the times that the leader was lost: replies to older requests are ignored.
    round: u32,
    /// Requests with new entries that are under way.
    appends: usize,
    install: Option<SnapshotInstall>,
    /// Requests that the task has to send.
    calls: Vec<LeaderCall>,
    /// The last warning, which is not repeated.
    warned: Option<String>,
    /// Reads that wait for an entry that is not known to be answered.
    pub readers: Vec<Reader>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The next try is due at `again`, after so many in vain.
    Away {
        again: Option<Instant>,
        tries: u32,
    },
    Joining {
        tries: u32,
    },
    /// The process follows the log; `asking` is true while a report is in progress.
    Following {
        asking: bool,
    },
}

/// The path of a follower's reports.
pub const FOLLOW: &str = "/api/store/log/follow";
/// The path of entries to append.
pub const ENTRIES: &str = "/api/store/log/entries";
/// The path of the snapshot that the log begins with.
pub const STATE: &str = "/api/store/log/state";

impl Follower {
    /// A follower of the process that listens at this address.
    pub fn new(leader: SocketAddr) -> Follower {
        Follower {
            leader,
            stage: Stage::Away { again: None, tries: 0 },
            name: None,
            lease: None,
            answered: 0,
            requests: HashMap::new(),
            next: 0,
            round: 0,
            appends: 0,
            install: None,
            calls: Vec::new(),
            warned: None,
            readers: Vec::new(),
        }
    }

    /// Returns true if entries are on their way to the leader.
    pub fn is_appending(&self) -> bool {
        self.appends > 0
    }

    /// The last entry that the leader has answered, as far as is known.
    pub fn answered(&self) -> Seq {
        self.answered
    }

    /// Returns true if this process may serve its state at `now`.
    pub fn holds_lease(&self, now: Instant) -> bool {
        self.lease.is_some_and(|until| now < until)
    }

    /// Returns the next moment at which something is due.
    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Away { again, .. } => again,
            Stage::Joining { .. } => None,
            Stage::Following { .. } => self.lease,
        }
    }

    fn warn(&mut self, why: &str) {
        if self.warned.as_deref() != Some(why) {
            ::log::warn!(
                "the log at http://{}: {why}; nothing is served here before it can be followed",
                self.leader
            );
            self.warned = Some(why.to_string());
        }
    }
}

impl Log {
    /// Ends the lease if the connection was lost under a report to the leader, before anything
    /// else follows from that.
    pub fn drop_lease(&mut self, target: &str) {
        if let Some(follower) = self.follower().filter(|_| target == FOLLOW) {
            follower.lease = None;
        }
    }

    /// Sends the leader whatever can be sent now.
    pub fn follow(&mut self, now: Instant, replicas: &Replicas, effects: &mut Vec<Effect>) {
        let Engine::Follower(follower) = &mut self.engine else { return };
        if matches!(follower.stage, Stage::Following { .. }) && !follower.holds_lease(now) {
            self.lose("it has not answered in time", now, effects);
        }
        let Engine::Follower(follower) = &mut self.engine else { return };
        let next = match follower.stage {
            Stage::Away { again, tries } if again.is_none_or(|at| at <= now) => {
                Some((Stage::Joining { tries }, true))
            }
            // A report says what has been applied, so it waits until everything has been.
            Stage::Following { asking: false } if self.open.is_empty() => {
                Some((Stage::Following { asking: true }, false))
            }
            Stage::Away { .. } | Stage::Joining { .. } | Stage::Following { .. } => None,
        };
        if let Some((stage, joins)) = next {
            follower.stage = stage;
            follower.report(&Report {
                follower: follower.name.clone(),
                joins,
                since: self.answered,
                answered: follower.answered,
                replicas: replicas.reports(),
            });
        }
        if let Stage::Following { .. } = follower.stage {
            follower.append(&mut self.waiting);
        } else {
            self.fail_waiting(effects);
        }
    }

    /// The leader cannot be followed any more: nothing is served here until it can be again.
    fn lose(&mut self, why: &str, now: Instant, effects: &mut Vec<Effect>) {
        let Some(follower) = self.follower() else { return };
        let tries = match follower.stage {
            Stage::Away { tries, .. } | Stage::Joining { tries } => tries + 1,
            Stage::Following { .. } => 0,
        };
        follower.warn(why);
        follower.stage = Stage::Away { again: Some(now + pause(tries)), tries };
        follower.lease = None;
        follower.round = follower.round.wrapping_add(1);
        read_barrier::tell(&mut follower.readers, Seq::MAX, effects);
        let installing = follower.install.take().map_or(Vec::new(), |install| install.files);
        self.events.push(Event::Lost(installing));
        self.open.clear();
        self.reading = None;
        self.fail_waiting(effects);
    }

    /// The leader has answered a report that was sent at `began`.
    fn heard(&mut self, news: News, began: Instant, now: Instant, effects: &mut Vec<Effect>) {
        let News { follower: name, log, order_secret, first, entries, answered, commands } = news;
        if self.name.is_some_and(|name| name != log) {
            return self.lose("it is another log than before", now, effects);
        }
        let Engine::Follower(follower) = &mut self.engine else { return };
        self.order_secret = Some(order_secret);
        let joined = matches!(follower.stage, Stage::Joining { .. });
        follower.stage = Stage::Following { asking: false };
        follower.lease = Some(began + limits::STORE_LEASE);
        follower.name = Some(name);
        follower.answered = answered;
        if follower.warned.take().is_some() || joined {
            ::log::info!("the log at http://{} is followed from entry {first}", follower.leader);
        }
        if joined {
            // Every later record is sent to this process; replicas read the earlier ones.
            self.name = Some(log);
            (self.tip, self.answered) = (first - 1, first - 1);
            self.events.push(Event::Joined);
        } else if first != self.tip + 1 {
            return self.lose("entries are missing", now, effects);
        }
        self.events.push(Event::Settled(answered));
        read_barrier::tell(&mut follower.readers, answered, effects);
        if !entries.is_empty() {
            self.events.push(Event::Record(first, entries, Vec::new()));
        }
        let control = |Command { replica, control }| Event::Control(replica, control);
        self.events.extend(commands.into_iter().map(control));
    }
}

/// Returns the pause after so many tries in vain.
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
    fn a_lease_is_over_at_its_end_and_when_it_is_dropped() {
        let (mut log, now) = (Log::following(([127, 0, 0, 1], 1).into()), Instant::now());
        let holds = |log: &mut Log, at: Instant| log.follower().unwrap().holds_lease(at);
        assert!(!holds(&mut log, now), "nothing is served before the first answer");
        log.follower().unwrap().lease = Some(now + limits::STORE_LEASE);
        assert!(holds(&mut log, now));
        assert!(!holds(&mut log, now + limits::STORE_LEASE), "not a moment longer");
        log.drop_lease(FOLLOW);
        assert!(!holds(&mut log, now));
    }
}
