//! Other processes that follow our log, and what they wait for.
//!
//! ```text
//!   (join) ─▶ live ─ asks with the last entry that it has applied ⇄ is told what comes next ─▶ …
//!               └── silent for its lease and longer, or its kernel says that it is gone ─▶ ()
//! ```
//! A record is not answered before every live follower has asked for what comes behind it. One
//! that is silent is not waited for any longer than its lease, at whose end it serves nothing; one
//! whose end its kernel reported is not waited for at all.

use super::protocol::{COMMANDS_MAX, Command, News, Report, Seen};
use super::{FILE, Leased, MARK, Party, submit_to};
use crate::limits;
use crate::service::store::{Notice, State};
use crate::service::{Effect, Id, Mail, Ticket};
use crate::stats::store::ReplicaState;
use crate::work::db::Failure;
use crate::work::db::store::{Answer, Origin, Request};
use crate::work::store::{Entry, Seq};
use std::sync::Arc;
use std::time::Instant;

/// See the module.
#[derive(Debug, Default)]
pub struct Followers {
    all: Vec<Follower>,
    /// Those that want to be, each with the name that it is to have.
    joining: Vec<(String, Question)>,
    next: u32,
}

/// A process that follows.
#[derive(Debug)]
pub struct Follower {
    number: u32,
    name: String,
    /// The connection that its last question came by.
    conn: Id,
    /// Its question, if it waits for the answer, and until when that may take.
    asks: Option<(Ticket, Instant)>,
    /// The last entry that it has applied.
    since: Seq,
    /// The last entry that it knows to be answered.
    answered: Seq,
    /// When it asked last.
    heard: Instant,
    /// Its replicas, as it saw them then.
    replicas: Vec<Seen>,
    commands: Vec<PendingCommand>,
}

/// A command on its way to a follower, and who wants to know what came of it.
#[derive(Debug)]
struct PendingCommand {
    command: Command,
    from: (Id, Ticket),
    sent: bool,
}

/// A question as it came.
#[derive(Debug)]
pub struct Question {
    /// What it says.
    pub report: Report,
    /// By which connection, under which ticket, when.
    pub from: (Id, Ticket, Instant),
}

impl Followers {
    /// Whom records wait for.
    pub(in crate::service::store) fn parties(&self) -> Vec<Party> {
        self.all.iter().map(|follower| Party::Follower(follower.number)).collect()
    }

    /// Replicas of all of them, as they saw them last.
    pub fn replicas(&self) -> impl Iterator<Item = &Seen> + Clone {
        self.all.iter().flat_map(|follower| &follower.replicas)
    }

    /// Whether one of them waits for an answer.
    pub(super) fn are_asking(&self) -> bool {
        self.all.iter().any(|follower| follower.asks.is_some())
    }

    /// When the next of them is silent for too long, or has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let each = |follower: &Follower| {
            let over = follower.heard + limits::STORE_LEASE + limits::STORE_LEASE_SLACK;
            follower.asks.map_or(over, |(_, until)| over.min(until))
        };
        self.all.iter().map(each).min()
    }
}

/// Why a question is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// We keep no log.
    NoLog,
    /// There are as many followers as there may be.
    Full,
    /// It was given up meanwhile: it has to join again.
    GivenUp,
    /// It says that it has applied what the log does not have.
    Ahead,
}

impl State {
    /// A follower asks. `name` is for one that joins.
    ///
    /// # Errors
    /// It is told something else than news.
    pub(in crate::service::store) fn asked(
        &mut self,
        question: Question,
        name: String,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        if self.log.own().is_none() {
            return Err(Refused::NoLog);
        }
        let known = question.report.follower.as_deref();
        let known = self.followers.all.iter().position(|follower| Some(&*follower.name) == known);
        if question.report.joins {
            // It serves nothing by its old name.
            if let Some(place) = known {
                self.drop_follower(place, "has begun anew", effects);
            }
            if self.followers.all.len() + self.followers.joining.len() >= limits::STORE_FOLLOWERS {
                return Err(Refused::Full);
            }
            self.followers.joining.push((name, question));
            self.wake(effects);
            return Ok(());
        }
        let Question { report, from: (conn, ticket, now) } = question;
        let place = known.ok_or(Refused::GivenUp)?;
        let tip = self.log.tip;
        let follower = &mut self.followers.all[place];
        if report.since > tip || report.since < follower.since {
            return Err(Refused::Ahead);
        }
        follower.conn = conn;
        follower.asks = Some((ticket, now + limits::STORE_POLL));
        follower.heard = now;
        (follower.since, follower.answered) = (report.since, report.answered);
        follower.replicas = report.replicas;
        let done = follower.commands.extract_if(.., |wish| wish.sent).collect::<Vec<_>>();
        for PendingCommand { command, from: (id, ticket), .. } in done {
            let seen = follower.replicas.iter().find(|seen| seen.name() == command.replica);
            let notice = Notice::Stands(ticket, seen.map(|seen| seen.state));
            effects.push(Effect::Post(id, Mail::Store(notice)));
        }
        self.log.stop_waiting_for(Party::Follower(follower.number), follower.since);
        self.present(place);
        self.wake(effects);
        Ok(())
    }

    /// Lets the front know of a follower's replicas.
    fn present(&mut self, place: usize) {
        for seen in self.followers.all[place].replicas.clone() {
            let name = self.name_of(&seen);
            self.front.is_known(seen.addr, &name, seen.state == ReplicaState::Up);
        }
    }

    /// What a replica elsewhere is called here: as there, unless another one is called so.
    pub fn name_of(&self, seen: &Seen) -> String {
        let name = seen.name();
        let others = self.followers.replicas();
        let mut others = others.filter(|other| other.addr != seen.addr).map(Seen::name);
        let taken = self.replicas.iter().any(|replica| replica.name == name)
            || others.any(|other| other == name);
        if taken { format!("{name}@{}", seen.addr) } else { name }
    }

    /// A connection has ended, by its peer's will.
    pub fn left(&mut self, conn: Id, effects: &mut Vec<Effect>) {
        self.followers.joining.retain(|(_, question)| question.from.0 != conn);
        if let Some(place) = self.followers.all.iter().position(|f| f.conn == conn) {
            self.drop_follower(place, "is gone", effects);
            self.wake(effects);
        }
    }

    /// Nobody waits for those any longer who were silent for so long that they serve nothing.
    pub(in crate::service::store) fn drop_silent(
        &mut self,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let lease = limits::STORE_LEASE + limits::STORE_LEASE_SLACK;
        while let Some(place) = self.followers.all.iter().position(|f| f.heard + lease <= now) {
            self.drop_follower(place, "is silent", effects);
        }
    }

    fn drop_follower(&mut self, place: usize, why: &str, effects: &mut Vec<Effect>) {
        let follower = self.followers.all.remove(place);
        ::log::warn!("a follower {}{why}; writes do not wait for it", of(&follower.replicas));
        self.log.stop_waiting_for(Party::Follower(follower.number), Seq::MAX);
        for seen in &follower.replicas {
            self.front.is_gone(seen.addr, effects);
        }
        for PendingCommand { from: (id, ticket), .. } in follower.commands {
            effects.push(Effect::Post(id, Mail::Store(Notice::Stands(ticket, None))));
        }
        if let Some((ticket, _)) = follower.asks {
            let notice = Notice::News(ticket, None);
            effects.push(Effect::Post(follower.conn, Mail::Store(notice)));
        }
    }

    /// Whether it is on disk that others follow, or why not.
    pub(in crate::service::store) fn marked(
        &mut self,
        answer: Result<Answer, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(own) = self.log.own() else { return };
        match answer {
            Ok(_) => own.leased = Leased::Yes,
            Err(failure) => {
                ::log::error!("nobody can follow the log: {failure}");
                own.leased = Leased::No;
                for (_, Question { from: (id, ticket, _), .. }) in self.followers.joining.drain(..)
                {
                    effects.push(Effect::Post(id, Mail::Store(Notice::News(ticket, None))));
                }
            }
        }
    }

    /// Lets followers in, and tells those who ask what is new.
    pub(in crate::service::store) fn tell_followers(
        &mut self,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let log = self.log.name.unwrap_or(0);
        let Some(own) = self.log.own() else { return };
        match own.leased {
            // Whoever begins after us has to know, before the first of them serves anything.
            Leased::No if !self.followers.joining.is_empty() => {
                own.leased = Leased::Asked;
                let origin = Origin { log, leased: true };
                submit_to(MARK, FILE, Request::Mark(origin), effects);
            }
            Leased::Yes => self.let_in(),
            Leased::No | Leased::Asked => {}
        }
        let Some(order_secret) = self.log.order_secret else { return };
        let (tip, answered) = (self.log.tip, self.log.answered);
        for follower in &mut self.followers.all {
            let Some((ticket, until)) = follower.asks else { continue };
            let wished = follower.commands.iter().any(|wish| !wish.sent);
            let settled = answered > follower.answered;
            if tip == follower.since && !wished && !settled && now < until {
                continue;
            }
            let news = News {
                follower: follower.name.clone(),
                log,
                order_secret,
                first: follower.since + 1,
                entries: behind(&self.log.open, follower.since),
                answered,
                commands: follower.take_commands(),
            };
            follower.asks = None;
            let notice = Notice::News(ticket, Some(news.print().into()));
            effects.push(Effect::Post(follower.conn, Mail::Store(notice)));
        }
    }

    /// Whoever wants to join begins with what comes behind the log's end.
    fn let_in(&mut self) {
        for (name, question) in std::mem::take(&mut self.followers.joining) {
            let Question { report, from: (conn, ticket, heard) } = question;
            let number = self.followers.next;
            self.followers.next += 1;
            let (who, tip) = (of(&report.replicas), self.log.tip);
            ::log::info!("a follower {who}has joined, behind entry {tip}");
            self.followers.all.push(Follower {
                number,
                name,
                conn,
                // That is news already.
                asks: Some((ticket, heard)),
                since: self.log.tip,
                answered: report.answered,
                heard,
                replicas: report.replicas,
                commands: Vec::new(),
            });
            self.present(self.followers.all.len() - 1);
        }
    }

    /// Has a replica elsewhere crashed or recovered. False if there is none of that name.
    pub(in crate::service::store) fn command(
        &mut self,
        name: &str,
        crash: bool,
        from: (Id, Ticket),
        effects: &mut Vec<Effect>,
    ) -> bool {
        let mut found = None;
        for (place, follower) in self.followers.all.iter().enumerate() {
            let seen = follower.replicas.iter().find(|seen| self.name_of(seen) == name);
            found = found.or(seen.map(|seen| (place, seen.name())));
        }
        let Some((place, replica)) = found else { return false };
        let commands = &mut self.followers.all[place].commands;
        if commands.len() < COMMANDS_MAX {
            commands.push(PendingCommand {
                command: Command { replica, crash },
                from,
                sent: false,
            });
        }
        self.wake(effects);
        true
    }
}

impl Follower {
    fn take_commands(&mut self) -> Vec<Command> {
        let unsent = self.commands.iter_mut().filter(|wish| !wish.sent);
        unsent
            .map(|wish| {
                wish.sent = true;
                wish.command.clone()
            })
            .collect()
    }
}

/// Whose follower it is, for the log.
fn of(replicas: &[Seen]) -> String {
    let names = replicas.iter().map(Seen::name).collect::<Vec<_>>();
    if names.is_empty() { String::new() } else { format!("with {} ", names.join(", ")) }
}

/// Entries of records that are not answered yet, behind this one. A live follower lacks no others:
/// what it has not applied waits for it.
fn behind(open: &std::collections::VecDeque<super::Batch>, since: Seq) -> Arc<[Entry]> {
    let mut records = open.iter().filter(|batch| batch.last() > since);
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
