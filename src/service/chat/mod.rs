//! Live-support chat: the state that its interfaces share.
//!
//! ```text
//!   line ─┐            ┌─ lobby: queue, agents and chats (no I/O, no clock)
//!   api  ─┼─▶ State ───┼─ books: pending records, and the notices that wait for them
//!   keeper┘            └─ tally: the figures of today
//! ```
//! The lobby returns notices and records; [`State::settle`] carries them out: notices to the
//! session itself are returned, others are posted, and the keeper is woken for records and timers.

mod agent;
pub mod api;
pub mod books;
mod caller;
pub mod line;
pub mod lobby;
mod page;
mod report;
mod role;
mod row;
mod rows;
pub mod tally;
pub mod task;
mod visitor;
pub mod zone;

pub use api::ROUTES;

use crate::service::{Cx, Effect, Id, Kind, Mail, Target};
use crate::wire::chat::looks;
use crate::work::db::chat::{Days, Group, Shifts};
use books::Books;
use lobby::{At, Delivery, Item, Lobby, Notice, Out, Settings};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tally::{Tally, Today};
use zone::Zone;

/// An agent's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_sha256: [u8; 32],
    /// Chats at a time, if not as many as for all.
    pub capacity: Option<u32>,
}

/// State of the service.
#[derive(Debug)]
pub struct State {
    /// The lobby.
    pub lobby: Lobby,
    /// The pending records.
    pub books: Books,
    /// The figures of today.
    pub today: Today,
    /// The time zone of the day's beginning.
    pub zone: Zone,
    /// Appearances of names that visitors may not have.
    taken: HashSet<String>,
    secrets: Vec<[u8; 32]>,
    task: Task,
}

/// The task that handles timers and records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// There is none: the lobby is empty.
    Absent,
    /// It was requested.
    Asked,
    /// It runs, and wakes up at that time at the latest.
    Here(Id, Option<Instant>),
    /// It was woken.
    Woken(Id),
}

/// The initial state of the service.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Timeouts and bounds.
    pub settings: Settings,
    /// The agents' accounts.
    pub accounts: Vec<Account>,
    /// The time zone of the day's beginning.
    pub zone: Zone,
    /// The highest chat number so far.
    pub last_chat: u32,
    /// The figures of the present day so far.
    pub today: (String, Vec<Group>, Vec<Shifts>),
}

impl State {
    /// Creates the state at start. Names and tokens depend on `secret`.
    pub fn new(opening: Opening, secret: [u8; 32]) -> State {
        let Opening { settings, accounts, zone, last_chat, today } = opening;
        let agents = accounts.iter().map(|account| {
            let capacity = account.capacity.unwrap_or(settings.capacity);
            (Arc::from(account.name.as_str()), capacity)
        });
        let agents = agents.collect();
        let (day, groups, _) = today;
        let names = accounts.iter().map(|account| account.name.as_str());
        let mut lobby = Lobby::new(settings, secret, agents, last_chat + 1);
        lobby.expect(Tally::of(&groups, &[], None).mean_talk_s());
        State {
            lobby,
            books: Books::default(),
            today: Today::new(day, &groups),
            zone,
            taken: RESERVED.into_iter().chain(names).flat_map(looks).collect(),
            secrets: accounts.into_iter().map(|account| account.secret_sha256).collect(),
            task: Task::Absent,
        }
    }

    /// Returns the agent of this name and secret. The time does not depend on how wrong either is.
    fn agent(&self, name: &str, secret: &str) -> Option<usize> {
        let given: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let number = self.lobby.agent_named(name);
        let expected = number.map_or([0; 32], |number| self.secrets[number]);
        let differ = given.iter().zip(expected).fold(0, |differ, (a, b)| differ | (a ^ b));
        number.filter(|_| std::hint::black_box(differ) == 0)
    }

    /// Returns true if a visitor may not have this name: it looks like that of an agent, or like
    /// ours.
    fn is_reserved(&self, name: &str) -> bool {
        looks(name).iter().any(|look| self.taken.contains(look))
    }

    /// Returns today, this month and all time, as ranges of days.
    pub fn stretches(&self, wall: SystemTime) -> [Days; 3] {
        let today = self.zone.day(wall);
        let days = |from: String| Days { from, to: today.clone() };
        [days(today.clone()), days(format!("{}-01", &today[..7])), days(String::new())]
    }

    /// Carries out the items of an operation. Returns the notices to the session itself.
    fn settle(&mut self, out: Out, id: Id, effects: &mut Vec<Effect>) -> Vec<Notice> {
        let mut own = Vec::new();
        for item in out.0 {
            match item {
                Item::Write(record) => {
                    let day = |wall| self.zone.day(wall);
                    self.today.count(&record, day);
                    self.books.write(record, day);
                }
                Item::TellAfter(delivery) => {
                    if let Some(delivery) = self.books.hold(delivery) {
                        tell(delivery, id, &mut own, effects);
                    }
                }
                Item::Tell(delivery) if self.books.holds(delivery.to) => {
                    if let Some(delivery) = self.books.hold(delivery) {
                        tell(delivery, id, &mut own, effects);
                    }
                }
                Item::Tell(delivery) => tell(delivery, id, &mut own, effects),
            }
        }
        self.wake(id, effects);
        own
    }

    /// Updates the figures of the panel.
    fn show(&self, wall: SystemTime, shown: &mut crate::stats::Chat) {
        let (online, away) = self.lobby.moods();
        let (chats, today) = (self.lobby.chats() as u64, self.today.on(&self.zone.day(wall)));
        *shown = crate::stats::Chat {
            agents_online: online as u64,
            agents_away: away as u64,
            queue: self.lobby.waiting() as u64,
            chats,
            handled_today: today.handled + chats,
            lost_today: today.lost,
            abandoned_today: today.abandoned,
            short_abandoned_today: today.short_abandoned,
            blocked_today: today.blocked,
        };
    }

    /// Wakes the keeper, if there is work that it does not know of.
    fn wake(&mut self, id: Id, effects: &mut Vec<Effect>) {
        let next = self.lobby.next_timer();
        match self.task {
            Task::Absent if self.books.has_unwritten() || next.is_some() => {
                self.task = Task::Asked;
                effects.push(Effect::Dial(Target::Task, Kind::ChatTask));
            }
            Task::Here(task, at) if task != id => {
                let sooner = next.is_some_and(|next| at.is_none_or(|at| next < at));
                if self.books.has_unwritten() || sooner || self.lobby.is_empty() {
                    self.task = Task::Woken(task);
                    effects.push(Effect::Post(task, Mail::Chat(Notice::Wake)));
                }
            }
            Task::Absent | Task::Asked | Task::Here(..) | Task::Woken(_) => {}
        }
    }
}

/// Names that visitors and agents may not have.
pub const RESERVED: [&str; 5] = ["system", "server", "agent", "support", "admin"];

fn tell(delivery: Delivery, id: Id, own: &mut Vec<Notice>, effects: &mut Vec<Effect>) {
    if delivery.to == id {
        own.push(delivery.notice);
    } else {
        effects.push(Effect::Post(delivery.to, Mail::Chat(delivery.notice)));
    }
}

/// Returns the present moment.
fn at(cx: &Cx<'_>) -> At {
    At { now: cx.now, wall: cx.wall }
}
