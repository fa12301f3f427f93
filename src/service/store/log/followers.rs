//! Other processes that follow this log, and the reports that wait for news.
//!
//! ```text
//!   (join) ─▶ live ─ reports the last entry that it has applied ⇄ is told what comes next ─▶ …
//!               └── silent for its lease and longer, or its kernel reports its end ─▶ ()
//! ```
//! A record is not answered before every live follower has reported it as applied. A silent
//! follower is waited for no longer than its lease, at whose end it serves nothing; one whose end
//! its kernel has reported is not waited for at all.

use super::protocol::{COMMANDS_MAX, Command, News, ReplicaReport, Report};
use super::record::{Awaited, Record};
use super::{Control, Embedded, Engine, Event, FILE, Leased, Log, MARK, submit};
use crate::limits;
use crate::service::store::replicas::Replicas;
use crate::service::store::wait::{Told, Waiter};
use crate::service::{Effect, Id};
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Origin, Request};
use crate::work::store::{Entry, Seq};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// See the module.
#[derive(Debug, Default)]
pub struct Followers {
    all: Vec<Follower>,
    /// Processes that ask to join, each with its future name.
    joining: Vec<(String, Question)>,
    next: u32,
}

/// A process that follows.
#[derive(Debug)]
struct Follower {
    number: u32,
    name: String,
    /// The waiter of its last report.
    waiter: Waiter,
    /// The time until which its last report may wait for news, if it waits.
    waits: Option<Instant>,
    /// The last entry that it has applied.
    since: Seq,
    /// The last entry that it knows to be answered.
    answered: Seq,
    /// The time of its last report.
    heard: Instant,
    /// Its replicas, as it reported them then.
    replicas: Vec<ReplicaReport>,
    commands: Vec<PendingCommand>,
}

/// A command on its way to a follower, and the operator's request that waits for it.
#[derive(Debug)]
struct PendingCommand {
    command: Command,
    from: Waiter,
    sent: bool,
}

/// A report as it came.
#[derive(Debug)]
pub struct Question {
    /// The report.
    pub report: Report,
    /// The request that waits for news.
    pub from: Waiter,
    /// The time of its arrival.
    pub at: Instant,
}

impl Followers {
    /// The followers that a new record waits for.
    pub(super) fn awaited(&self) -> impl Iterator<Item = Awaited> {
        self.all.iter().map(|follower| Awaited::Follower(follower.number))
    }

    /// Replicas of all followers, as last reported.
    pub fn replicas(&self) -> impl Iterator<Item = &ReplicaReport> + Clone {
        self.all.iter().flat_map(|follower| &follower.replicas)
    }

    /// Returns true if a follower's report waits for news.
    pub(super) fn are_waiting(&self) -> bool {
        self.all.iter().any(|follower| follower.waits.is_some())
    }

    /// Returns the moment at which a lease or a wait is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let each = |follower: &Follower| {
            let over = follower.heard + limits::STORE_LEASE + limits::STORE_LEASE_SLACK;
            follower.waits.map_or(over, |until| over.min(until))
        };
        self.all.iter().map(each).min()
    }

    /// Returns the name of a follower's replica: as in its own process, unless another replica
    /// has it.
    pub fn name_of(&self, seen: &ReplicaReport, replicas: &Replicas) -> String {
        let name = seen.name();
        let mut others = self.replicas().filter(|other| other.addr != seen.addr);
        let taken = replicas.iter().any(|replica| replica.name == name)
            || others.any(|other| other.name() == name);
        if taken { format!("{name}@{}", seen.addr) } else { name }
    }
}

/// Why a report is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// This process keeps no log.
    NoLog,
    /// There are as many followers as there may be.
    Full,
    /// The follower was given up meanwhile: it has to join again.
    GivenUp,
    /// It reports entries that the log does not have.
    Ahead,
}

impl Log {
    /// Takes a follower's report. `name` is for one that joins.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn reported(
        &mut self,
        question: Question,
        name: String,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        if !self.is_own() {
            return Err(Refused::NoLog);
        }
        let known = question.report.follower.as_deref();
        let known = self.followers.all.iter().position(|follower| Some(&*follower.name) == known);
        if question.report.joins {
            // It serves nothing under its old name.
            if let Some(place) = known {
                self.drop_follower(place, "joins again", effects);
            }
            if self.followers.all.len() + self.followers.joining.len() >= limits::STORE_FOLLOWERS {
                return Err(Refused::Full);
            }
            self.followers.joining.push((name, question));
            self.wake(effects);
            return Ok(());
        }
        let Question { report, from, at } = question;
        let place = known.ok_or(Refused::GivenUp)?;
        let follower = &mut self.followers.all[place];
        if report.since > self.tip || report.since < follower.since {
            return Err(Refused::Ahead);
        }
        (follower.waiter, follower.waits) = (from, Some(at + limits::STORE_POLL));
        follower.heard = at;
        (follower.since, follower.answered) = (report.since, report.answered);
        follower.replicas = report.replicas;
        let done = follower.commands.extract_if(.., |command| command.sent);
        for PendingCommand { command, from, .. } in done {
            let seen = follower.replicas.iter().find(|seen| seen.name() == command.replica);
            from.tell(Told::Controlled(seen.map(|seen| seen.state)), effects);
        }
        self.events.extend(follower.replicas.iter().cloned().map(Event::PeerSeen));
        let (party, since) = (Awaited::Follower(follower.number), follower.since);
        self.stop_waiting_for(party, since);
        self.wake(effects);
        Ok(())
    }

    /// A connection has ended by its peer's will: a follower's, perhaps.
    pub fn left(&mut self, conn: Id, effects: &mut Vec<Effect>) {
        self.followers.joining.retain(|(_, question)| question.from.id != conn);
        if let Some(place) = self.followers.all.iter().position(|f| f.waiter.id == conn) {
            self.drop_follower(place, "is gone", effects);
            self.wake(effects);
        }
    }

    /// Drops followers that were silent for so long that they serve nothing.
    pub fn drop_silent(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let lease = limits::STORE_LEASE + limits::STORE_LEASE_SLACK;
        while let Some(place) = self.followers.all.iter().position(|f| f.heard + lease <= now) {
            self.drop_follower(place, "is silent", effects);
        }
    }

    fn drop_follower(&mut self, place: usize, why: &str, effects: &mut Vec<Effect>) {
        let follower = self.followers.all.remove(place);
        ::log::warn!("a follower {}{why}; writes do not wait for it", with(&follower.replicas));
        self.stop_waiting_for(Awaited::Follower(follower.number), Seq::MAX);
        self.events.extend(follower.replicas.iter().map(|seen| Event::PeerGone(seen.addr)));
        for PendingCommand { from, .. } in follower.commands {
            from.tell(Told::Controlled(None), effects);
        }
        if follower.waits.is_some() {
            follower.waiter.tell(Told::News(None), effects);
        }
    }

    /// The file says that other processes follow the log, or it cannot.
    pub fn marked(&mut self, answer: Result<Answer, Failure>, effects: &mut Vec<Effect>) {
        let Some(own) = self.embedded() else { return };
        match answer {
            Ok(_) => own.leased = Leased::Yes,
            Err(failure) => {
                ::log::error!("no process can follow the log: {failure}");
                own.leased = Leased::No;
                for (_, question) in self.followers.joining.drain(..) {
                    question.from.tell(Told::News(None), effects);
                }
            }
        }
    }

    /// Lets followers join, and sends news to those that wait for some.
    pub fn tell_followers(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let log = self.name.unwrap_or(0);
        let Engine::Embedded(Embedded { leased, .. }) = &mut self.engine else { return };
        match leased {
            // The next process has to know of followers before the first of them serves anything.
            Leased::No if !self.followers.joining.is_empty() => {
                *leased = Leased::Asked;
                submit(MARK, FILE, Request::Mark(Origin { log, leased: true }), effects);
            }
            Leased::Yes => self.let_join(),
            Leased::No | Leased::Asked => {}
        }
        let Some(order_secret) = self.order_secret else { return };
        for follower in &mut self.followers.all {
            let Some(until) = follower.waits else { continue };
            let commanded = follower.commands.iter().any(|command| !command.sent);
            let settled = self.answered > follower.answered;
            if self.tip == follower.since && !commanded && !settled && now < until {
                continue;
            }
            let news = News {
                follower: follower.name.clone(),
                log,
                order_secret,
                first: follower.since + 1,
                entries: behind(&self.open, follower.since),
                answered: self.answered,
                commands: follower.take_commands(),
            };
            follower.waits = None;
            follower.waiter.tell(Told::News(Some(news.print().into())), effects);
        }
    }

    /// Processes that join begin behind the log's end.
    fn let_join(&mut self) {
        for (name, Question { report, from, at }) in std::mem::take(&mut self.followers.joining) {
            let number = self.followers.next;
            self.followers.next += 1;
            let (with, tip) = (with(&report.replicas), self.tip);
            ::log::info!("a follower {with}has joined, behind entry {tip}");
            self.events.extend(report.replicas.iter().cloned().map(Event::PeerSeen));
            self.followers.all.push(Follower {
                number,
                name,
                waiter: from,
                // Having joined is news already.
                waits: Some(at),
                since: tip,
                answered: report.answered,
                heard: at,
                replicas: report.replicas,
                commands: Vec::new(),
            });
        }
    }

    /// Has a follower's replica crashed or recovered. False if no follower has one of that name.
    pub fn command(
        &mut self,
        name: &str,
        control: Control,
        from: Waiter,
        replicas: &Replicas,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let is_named = |seen: &&ReplicaReport| self.followers.name_of(seen, replicas) == name;
        let found = self.followers.all.iter().enumerate().find_map(|(place, follower)| {
            follower.replicas.iter().find(is_named).map(|seen| (place, seen.name()))
        });
        let Some((place, replica)) = found else { return false };
        let commands = &mut self.followers.all[place].commands;
        if commands.len() < COMMANDS_MAX {
            let command = Command { replica, control };
            commands.push(PendingCommand { command, from, sent: false });
        }
        self.wake(effects);
        true
    }
}

impl Follower {
    fn take_commands(&mut self) -> Vec<Command> {
        let unsent = self.commands.iter_mut().filter(|command| !command.sent);
        let send = |pending: &mut PendingCommand| {
            pending.sent = true;
            pending.command.clone()
        };
        unsent.map(send).collect()
    }
}

/// The names of a follower's replicas, for log lines.
fn with(replicas: &[ReplicaReport]) -> String {
    let names = replicas.iter().map(ReplicaReport::name).collect::<Vec<_>>();
    if names.is_empty() { String::new() } else { format!("with {} ", names.join(", ")) }
}

/// Entries of open records behind this one. A live follower lacks no others: records wait for it.
fn behind(open: &VecDeque<Record>, since: Seq) -> Arc<[Entry]> {
    let mut records = open.iter().filter(|record| record.last() > since);
    let Some(first) = records.next() else { return Arc::new([]) };
    let mut entries = first.entries.to_vec();
    for record in records {
        if entries.len() + record.entries.len() > limits::STORE_BATCH {
            break;
        }
        entries.extend_from_slice(&record.entries);
    }
    entries.into()
}
