//! The bookstore: a caching front, catalogs and order servers, over one ordered log.
//!
//! ```text
//!   client ─▶ front ─HTTP─▶ catalog-1, catalog-2   (read their own tables)
//!               │                   │ writes
//!               └────HTTP─▶ order-1, order-2 ──▶ log ──▶ every replica applies it ──▶ reply
//!                                                               └─▶ the front's cache forgets
//! ```
//! A write is an entry of the log. It is answered when it is durable and applied by every live
//! replica, so a later read sees it at whichever replica it lands.
//!
//! The store has three rooms, each with its own state and its own events: the [`log`], the
//! [`replicas`] and the [`front`]. No room changes the state of another one. What concerns two of
//! them passes through [`State`], in this file; a request that cannot be answered at once is a
//! [`Waiting`]. The front knows replicas by their listeners alone.
//!
//! # The way of a purchase
//!
//! From the socket to the front, as every request: `net/reactor.rs` and `net/conn/pump.rs` read
//! it, `http/mod.rs` parses it, `router/mod.rs` finds its row in `endpoints.rs`.
//!
//! 1. [`front::writes::purchase`]: the request becomes a `Call` with an idempotency key, and waits.
//! 2. [`front::calls::begin`]: chooses an order server, queues the call, wakes a connection.
//! 3. [`front::peers::Session::handle`]: prints the call; the order server reads it as above.
//! 4. [`replicas::changes::purchase`]: the request becomes an `Entry::Sell`, and waits.
//! 5. [`write()`]: checks that the entry can be decided, and [`log::Log::put`] takes it in.
//! 6. [`log::task::LogTask::handle`]: the task wakes and calls [`State::go_on`].
//! 7. [`log::Log::append_next`]: all that waits becomes one record.
//! 8. `net/pool.rs`, `work/db/store/mod.rs` and `records.rs`: the log's thread writes the record,
//!    and one `fsync` makes it durable.
//! 9. [`log::Log::appended`] reports [`log::Event::Record`], and [`replicas::Replicas::apply`] has
//!    each replica apply it.
//! 10. `work/db/store/tables.rs` and `work/store/apply.rs`: each replica's thread writes what the
//!     entry changes, and its outcome, in one transaction.
//! 11. [`State::file_answered`] and [`log::Log::applied`]: one replica fewer is awaited.
//! 12. [`State::go_on`]: when none is, [`front::cache::Cache::invalidate`] forgets the book, then
//!     [`log::Log::answer`] tells the writers, and [`replicas::Replicas::show`] shows the entry.
//! 13. [`wait::Waiting`] and [`replicas::changes::Shape::news`]: the order server's response.
//! 14. [`front::calls::answered`] and [`front::writes::Forward::news`]: the front's response.

mod endpoints;
pub mod format;
pub mod front;
pub mod log;
pub mod page;
pub mod replicas;
pub mod views;
pub mod wait;

pub use crate::work::store::WriteError;
pub use endpoints::{CATALOG, FRONT, ORDERING};
pub use wait::Waiting;

use crate::service::{Cx, Effect, Id, Ticket};
use crate::stats::store as figures;
use crate::stats::store::ReplicaState;
use crate::work::db::Failure;
use crate::work::db::store::Answer;
use crate::work::store::{Entry, Seq};
use front::Front;
use log::followers::{Question, Refused};
use log::{Control, Log, Writer};
use replicas::{Replica, Replicas, Role};
use std::time::Instant;
use wait::{Told, Waiter};

/// Mail between the sessions of the bookstore.
#[derive(Debug, Clone)]
pub enum Notice {
    /// To the log's task: there is something to do.
    Wake,
    /// To the session that waits under this ticket.
    Told(Ticket, Told),
    /// To an idle connection with a replica: a call waits.
    Work,
    /// To a connection that waits for a replica's reply: the replica's process is gone.
    Leave,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoReply {
    /// The request was not sent, or was refused as a whole.
    NotSent,
    /// The request was sent, and may have been carried out.
    Unknown,
}

/// State of the bookstore: its rooms.
#[derive(Debug)]
pub struct State {
    /// The ordered log.
    pub log: Log,
    /// The replicas of this process.
    pub replicas: Replicas,
    /// The front.
    pub front: Front,
    /// True if a change of a book has to name the version that it changes.
    pub require_if_match: bool,
}

impl State {
    /// A store with these replicas.
    pub fn new(log: Log, replicas: Vec<Replica>, front: Front) -> State {
        State { log, replicas: Replicas::new(replicas), front, require_if_match: false }
    }

    /// No store at all.
    pub fn off() -> State {
        State::new(Log::absent(), Vec::new(), Front::off())
    }

    /// Begins everything that can be begun, and answers everything that can be answered.
    pub fn go_on(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.take_log_events(effects);
        self.replicas.submit_requests(effects);
        self.log.append_next(effects);
        self.log.drop_silent(now, effects);
        if !self.log.is_quiet(now) {
            self.answer(effects);
        }
        self.log.tell_followers(now, effects);
        self.log.follow(now, &self.replicas, effects);
        self.take_log_events(effects);
        if let Some(since) = self.replicas.lagging_since() {
            self.log.read_behind(since, effects);
        }
    }

    /// Answers every record that has been applied: first the cache forgets the books that it
    /// changed, then its writers are told, and the replicas show it.
    fn answer(&mut self, effects: &mut Vec<Effect>) {
        let awaited = |last: Seq| self.replicas.iter().any(|replica| replica.may_apply(last));
        while let Some(record) = self.log.next_applied(awaited) {
            for (id, topic) in record.changed() {
                self.front.cache.invalidate(id, &topic);
                if self.log.is_followed() {
                    self.front.cache.unsettle(record.last(), Some((id, topic)));
                }
            }
            self.log.answer(record, effects);
        }
        self.replicas.show(self.log.answered);
    }

    /// Carries the log's news to the replicas and the front.
    fn take_log_events(&mut self, effects: &mut Vec<Effect>) {
        for event in self.log.take_events() {
            match event {
                log::Event::Record(first, entries, writers) => {
                    let files = self.replicas.apply(first, &entries, effects);
                    self.log.record(first, entries, writers, &files);
                }
                log::Event::Gap => self.replicas.fall_behind(),
                log::Event::Entries(since, entries) => {
                    self.replicas.catch_up(since, &entries, self.log.tip, effects);
                }
                log::Event::Folded(since) => {
                    let files = self.replicas.begin_install(since);
                    self.log.send_snapshot(files, effects);
                }
                log::Event::Unreadable(failure) => {
                    for file in self.replicas.lagging_files() {
                        self.mark_down(file, Some(&failure));
                    }
                }
                log::Event::Joined => {
                    // Others may have answered earlier questions from older state, and some
                    // entries of the log may not be applied everywhere.
                    self.front.cache.clear();
                    self.front.cache.unsettle(self.log.tip, None);
                    for file in self.replicas.behind() {
                        self.check_origin(file, Some(self.log.tip), effects);
                    }
                }
                log::Event::Settled(seq) => self.front.cache.settle(seq),
                log::Event::Lost(installing) => {
                    self.replicas.lose_log(&installing);
                    self.front.cache.clear();
                }
                log::Event::Control(name, control) => drop(self.control(&name, control, effects)),
                log::Event::PeerSeen(seen) => {
                    let name = self.log.followers.name_of(&seen, &self.replicas);
                    self.front.peer_seen(seen.addr, &name, seen.state == ReplicaState::Up);
                }
                log::Event::PeerGone(addr) => self.front.peer_gone(addr, effects),
            }
        }
    }

    /// A replica's file has answered.
    pub fn file_answered(
        &mut self,
        file: usize,
        answer: Result<Answer, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        match self.replicas.file_answered(file, answer) {
            None => {}
            Some(replicas::Event::Opened(file)) => {
                // The end of a leader's log is known when it is joined.
                let tip = self.log.is_own().then_some(self.log.tip);
                self.check_origin(file, tip, effects);
            }
            Some(replicas::Event::Applied(file, step)) => self.log.applied(file, &step),
            Some(replicas::Event::Staged(file)) => self.log.staged(file),
            Some(replicas::Event::Failed(file, failure)) => self.mark_down(file, Some(&failure)),
        }
    }

    /// A replica whose file is open may catch up, if it belongs to the log.
    fn check_origin(&mut self, file: usize, tip: Option<Seq>, effects: &mut Vec<Effect>) {
        let Some(log) = self.log.name else { return };
        if let Err(failure) = self.replicas.check_origin(file, log, tip, effects) {
            self.mark_down(file, Some(&failure));
        }
    }

    /// A replica is down: nothing waits for it any more.
    fn mark_down(&mut self, file: usize, failure: Option<&Failure>) {
        self.replicas.mark_down(file, failure);
        self.log.stop_waiting_for_replica(file);
    }

    /// Crashes a replica of this process, or lets it begin its recovery. Returns its state after
    /// that; none if there is no replica of that name.
    pub fn control(
        &mut self,
        name: &str,
        control: Control,
        effects: &mut Vec<Effect>,
    ) -> Option<ReplicaState> {
        let replica = self.replicas.named(name)?;
        match control {
            Control::Crash => {
                let file = replica.crash();
                self.mark_down(file, None);
            }
            Control::Recover => replica.recover(),
        }
        self.log.wake(effects);
        self.replicas.named(name).map(|replica| replica.phase.state())
    }

    /// Has a replica of a follower crashed or recovered. False if there is none of that name.
    pub fn control_elsewhere(
        &mut self,
        name: &str,
        control: Control,
        from: Waiter,
        effects: &mut Vec<Effect>,
    ) -> bool {
        self.log.command(name, control, from, &self.replicas, effects)
    }

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
        let taken = self.log.reported(question, name, effects);
        self.take_log_events(effects);
        taken
    }

    /// A connection has ended by its peer's will: a follower's, perhaps.
    pub fn left(&mut self, conn: Id, effects: &mut Vec<Effect>) {
        self.log.left(conn, effects);
        self.take_log_events(effects);
    }

    /// Returns true if no catalog is up: a book that cannot be looked up is not sold. Only the
    /// log's owner knows the catalogs of other processes.
    fn is_blind(&self) -> bool {
        let own = self.replicas.iter().map(Replica::report);
        let all = own.chain(self.log.followers.replicas().cloned());
        let catalogs = all.filter(|seen| seen.role == Role::Catalog).collect::<Vec<_>>();
        let is_up = catalogs.iter().any(|seen| seen.state == ReplicaState::Up);
        self.log.is_own() && !catalogs.is_empty() && !is_up
    }

    /// Its figures, for the panel.
    pub fn figures(&self) -> figures::Store {
        figures::Store {
            is_there: self.replicas.iter().next().is_some() || !self.front.is_off(),
            replicas: self.replicas.figures(self.log.tip),
            log: self.log.figures(),
            cache: self.front.cache.figures(),
        }
    }

    /// The connection was lost under a call to this path: if it was a report to the leader, the
    /// lease ends before anything else follows.
    pub fn lost_call(&mut self, path: &str) {
        self.log.drop_lease(path);
    }
}

/// Puts an entry into the log. `writer` is told its outcome.
///
/// # Errors
/// Nothing will be written.
pub fn write(mut entry: Entry, writer: Writer, cx: &mut Cx<'_>) -> Result<(), WriteError> {
    let store = &cx.world.store;
    let is_served = store.log.is_current(cx.now, cx.draining) && !store.is_blind();
    if !is_served || !store.replicas.iter().any(Replica::is_up) {
        return Err(WriteError::Busy);
    }
    let mut has_own_key = false;
    if let (true, Entry::Sell { key: key @ None, .. }) = (store.log.is_followed(), &mut entry) {
        // If the connection to the leader is lost, the entry is sent again.
        *key = Some(format::own_key(cx));
        has_own_key = true;
    }
    cx.world.store.log.put(entry, writer, has_own_key, cx.effects)
}
