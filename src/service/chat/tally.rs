//! Figures: sums over sessions, and what is computed from them.
//!
//! ```text
//!   offered = handled + lost + abandoned + short-abandoned + waiting          (blocked beside it)
//!   abandonment rate = (lost + abandoned) / (offered − short-abandoned)
//!   load factor      = handled / (handled + lost + abandoned)
//! ```
//! A visitor without an agent belongs to none; each agent's figures count the lost visitors of the
//! time in which it was signed in, the overall figures count each once.

use super::lobby::{Outcome, Past, Record};
use crate::limits;
use crate::work::db::chat::{Group, Request, Session, Shifts};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

/// Sums. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Visitors who were served.
    pub handled: u64,
    /// Visitors who waited too long for a free agent.
    pub lost: u64,
    /// Visitors who left the queue …
    pub abandoned: u64,
    /// … at once.
    pub short_abandoned: u64,
    /// Visitors refused because the queue was full.
    pub blocked: u64,
    /// Chats that their agent left.
    pub missed: u64,
    /// Visitors waiting now.
    pub waiting: u64,
    /// Handled ones whose wait was within the service level.
    pub within: u64,
    /// Total wait of the handled ones.
    pub waited_ms: u64,
    /// The longest wait.
    pub longest_ms: u64,
    /// Total duration of chats.
    pub talked_ms: u64,
    /// Rated chats.
    pub rated: u64,
    /// The sum of their stars.
    pub stars: u64,
    /// Ratings of four or five.
    pub good: u64,
    /// Time in which agents took chats.
    pub online_ms: u64,
    /// Time in which they were in a chat.
    pub busy_ms: u64,
}

impl Tally {
    /// Returns the sums of all of these groups, or of those that concern one agent.
    pub fn of(groups: &[Group], shifts: &[Shifts], agent: Option<&str>) -> Tally {
        let mut tally = Tally::default();
        for group in groups {
            tally.add(group, agent);
        }
        let own = |shifts: &&Shifts| agent.is_none_or(|agent| agent == shifts.agent);
        for shifts in shifts.iter().filter(own) {
            tally.online_ms += shifts.online_ms;
            tally.busy_ms += shifts.busy_ms;
        }
        tally
    }

    /// Returns the sums of every agent, by name, as [`Tally::of`] does.
    pub fn by_agent<'a>(groups: &'a [Group], shifts: &'a [Shifts]) -> HashMap<&'a str, Tally> {
        let mut tallies = HashMap::<&str, Tally>::new();
        for group in groups {
            let lists = [&group.present, &group.missed].into_iter().flat_map(|l| l.split(','));
            let names = lists.filter(|name| !name.is_empty()).chain(group.agent.as_deref());
            for name in names.collect::<HashSet<_>>() {
                tallies.entry(name).or_default().add(group, Some(name));
            }
        }
        for Shifts { agent, online_ms, busy_ms } in shifts {
            let tally = tallies.entry(agent).or_default();
            tally.online_ms += online_ms;
            tally.busy_ms += busy_ms;
        }
        tallies
    }

    /// Adds a group.
    pub fn add(&mut self, group: &Group, agent: Option<&str>) {
        let named = |list: &str, name: &str| list.split(',').filter(|n| *n == name).count() as u64;
        let times = match agent {
            None => group.missed.split(',').filter(|name| !name.is_empty()).count() as u64,
            Some(agent) => named(&group.missed, agent),
        };
        self.missed += times * group.count;
        let handled = group.outcome == Outcome::Handled.name();
        let concerns = match agent {
            None => true,
            Some(agent) if handled => group.agent.as_deref() == Some(agent),
            Some(agent) => named(&group.present, agent) > 0,
        };
        if !concerns {
            return;
        }
        self.longest_ms = self.longest_ms.max(group.longest_ms);
        let counter = match group.outcome.as_str() {
            "handled" => &mut self.handled,
            "lost" => &mut self.lost,
            "abandoned" => &mut self.abandoned,
            "short-abandoned" => &mut self.short_abandoned,
            _ => &mut self.blocked,
        };
        *counter += group.count;
        if handled {
            self.within += group.within;
            self.waited_ms += group.waited_ms;
            self.talked_ms += group.talked_ms;
            self.rated += group.rated;
            self.stars += group.stars;
            self.good += group.good;
        }
    }

    /// Returns the sums of both.
    pub fn plus(&self, other: &Tally) -> Tally {
        Tally {
            handled: self.handled + other.handled,
            lost: self.lost + other.lost,
            abandoned: self.abandoned + other.abandoned,
            short_abandoned: self.short_abandoned + other.short_abandoned,
            blocked: self.blocked + other.blocked,
            missed: self.missed + other.missed,
            waiting: self.waiting + other.waiting,
            within: self.within + other.within,
            waited_ms: self.waited_ms + other.waited_ms,
            longest_ms: self.longest_ms.max(other.longest_ms),
            talked_ms: self.talked_ms + other.talked_ms,
            rated: self.rated + other.rated,
            stars: self.stars + other.stars,
            good: self.good + other.good,
            online_ms: self.online_ms + other.online_ms,
            busy_ms: self.busy_ms + other.busy_ms,
        }
    }

    /// Returns the mean duration of chats in seconds.
    pub fn mean_talk_s(&self) -> Option<f64> {
        (self.handled > 0).then(|| self.talked_ms as f64 / (1000 * self.handled) as f64)
    }

    /// Returns the number of visitors who entered the queue.
    pub fn offered(&self) -> u64 {
        self.handled + self.lost + self.abandoned + self.short_abandoned + self.waiting
    }

    /// Returns the names and values of all figures, in the order of display. Quotients without a
    /// denominator are absent.
    pub fn figures(&self) -> Vec<(&'static str, Option<f64>)> {
        let count = |count: u64| Some(count as f64);
        let (seconds, handled) = (1000 * self.handled, self.handled);
        let unserved = self.lost + self.abandoned;
        vec![
            ("offered", count(self.offered())),
            ("handled", count(self.handled)),
            ("lost", count(self.lost)),
            ("abandoned", count(self.abandoned)),
            ("short-abandoned", count(self.short_abandoned)),
            ("waiting", count(self.waiting)),
            ("blocked", count(self.blocked)),
            ("missed", count(self.missed)),
            ("abandonment rate", share(unserved, self.offered() - self.short_abandoned)),
            ("load factor", share(handled, handled + unserved)),
            ("ASA", share(self.waited_ms, seconds)),
            ("AHT", share(self.talked_ms, seconds)),
            ("service level", share(self.within, handled + unserved)),
            ("longest wait", Some(self.longest_ms as f64 / 1000.0)),
            ("occupancy", share(self.busy_ms, self.online_ms).map(|share| share.min(1.0))),
            ("CSAT mean", share(self.stars, self.rated)),
            ("share of 4-5", share(self.good, self.rated)),
            ("response rate", share(self.rated, handled)),
        ]
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Returns the group of a single session.
pub fn group_of(session: &Session) -> Group {
    let waited_ms = session.waited_ms as u64;
    let level = limits::CHAT_SERVICE_LEVEL.as_millis() as u64;
    Group {
        outcome: session.outcome.clone(),
        agent: session.agent.clone(),
        present: session.present.clone(),
        missed: session.missed.clone(),
        count: 1,
        waited_ms,
        talked_ms: session.talked_ms as u64,
        longest_ms: waited_ms,
        within: u64::from(waited_ms <= level),
        rated: 0,
        stars: 0,
        good: 0,
    }
}

/// Returns the groups of pending records that belong to these days.
pub fn groups_of<'a>(
    requests: impl Iterator<Item = &'a Request>,
    from: &str,
    to: &str,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for request in requests {
        match request {
            Request::Keep(session, _) if (from..=to).contains(&session.day.as_str()) => {
                groups.push(group_of(session));
            }
            Request::Keep(..)
            | Request::Rate(..)
            | Request::Shift(_)
            | Request::Opening(_)
            | Request::Figures(_)
            | Request::Sessions(..)
            | Request::Transcript(_)
            | Request::History(_) => {}
        }
    }
    groups
}

/// The overall figures of the current day, available at any moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    day: String,
    tally: Tally,
}

impl Today {
    /// Creates the figures of a day so far.
    pub fn new(day: String, groups: &[Group]) -> Today {
        Today { day, tally: Tally::of(groups, &[], None) }
    }

    /// Returns the figures of this day.
    pub fn on(&self, day: &str) -> Tally {
        if self.day == day { self.tally } else { Tally::default() }
    }

    /// Counts a pending record. A rating counts on the day on which it is given.
    pub(super) fn count(&mut self, record: &Record, day: impl Fn(SystemTime) -> String) {
        match record {
            Record::Session(past) => {
                let day = day(past.ended);
                if self.day != day {
                    *self = Today { day, tally: Tally::default() };
                }
                self.tally.add(&group_of_past(past), None);
            }
            Record::Rated { stars, .. } => {
                self.tally.rated += 1;
                self.tally.stars += u64::from(*stars);
                self.tally.good += u64::from(*stars >= 4);
            }
            Record::Shift { .. } => {}
        }
    }
}

fn group_of_past(past: &Past) -> Group {
    let ms = |time: Duration| time.as_millis() as u64;
    Group {
        outcome: past.outcome.name().to_string(),
        agent: past.agent.as_ref().map(ToString::to_string),
        missed: past.missed.join(","),
        count: 1,
        waited_ms: ms(past.waited),
        talked_ms: ms(past.talked),
        longest_ms: ms(past.waited),
        within: u64::from(past.waited <= limits::CHAT_SERVICE_LEVEL),
        ..Group::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(outcome: &str, agent: Option<&str>, present: &str, count: u64) -> Group {
        Group {
            outcome: outcome.to_string(),
            agent: agent.map(str::to_string),
            present: present.to_string(),
            count,
            waited_ms: 1000 * count,
            talked_ms: 60_000 * count,
            longest_ms: 1000,
            within: count,
            ..Group::default()
        }
    }

    fn value(tally: &Tally, name: &str) -> Option<f64> {
        tally.figures().iter().find(|(other, _)| *other == name).expect("a figure").1
    }

    #[test]
    fn formulas_are_those_of_the_trade() {
        let rated =
            Group { rated: 2, stars: 7, good: 1, ..group("handled", Some("bo"), "bo,cy", 6) };
        let groups = [
            rated,
            group("handled", Some("cy"), "bo,cy", 2),
            group("lost", None, "bo", 1),
            group("abandoned", None, "bo,cy", 1),
            group("short-abandoned", None, "", 2),
            group("blocked", None, "cy", 3),
        ];
        let shifts = [Shifts { agent: "bo".to_string(), online_ms: 1000, busy_ms: 250 }];
        let all = Tally { waiting: 4, ..Tally::of(&groups, &shifts, None) };
        assert_eq!(all.offered(), 8 + 1 + 1 + 2 + 4);
        assert_eq!(value(&all, "abandonment rate"), Some(2.0 / 14.0));
        assert_eq!(value(&all, "load factor"), Some(0.8));
        assert_eq!(value(&all, "ASA"), Some(1.0));
        assert_eq!(value(&all, "AHT"), Some(60.0));
        assert_eq!(value(&all, "CSAT mean"), Some(3.5));
        assert_eq!(value(&all, "share of 4-5"), Some(0.5));
        assert_eq!(value(&all, "response rate"), Some(0.25));
        assert_eq!(value(&all, "occupancy"), Some(0.25));
        for name in ["bo", "cy"] {
            let alone = Tally::of(&groups, &shifts, Some(name));
            assert_eq!(Tally::by_agent(&groups, &shifts)[name], alone, "in one go or alone");
        }
        let bo = Tally::of(&groups, &shifts, Some("bo"));
        assert_eq!((bo.handled, bo.lost, bo.abandoned, bo.blocked), (6, 1, 1, 0));
        assert_eq!(value(&bo, "load factor"), Some(0.75));
        let cy = Tally::of(&groups, &shifts, Some("cy"));
        assert_eq!((cy.handled, cy.lost, cy.abandoned, cy.blocked), (2, 0, 1, 3));
        assert_eq!(value(&cy, "occupancy"), None);
    }

    #[test]
    fn a_chat_left_by_two_agents_is_missed_twice() {
        let groups = [Group { missed: "bo,cy".to_string(), ..group("lost", None, "cy", 2) }];
        assert_eq!(Tally::of(&groups, &[], None).missed, 4);
        assert_eq!(Tally::of(&groups, &[], Some("bo")).missed, 2);
        assert_eq!(Tally::of(&groups, &[], Some("bo")).lost, 0, "bo was not there any more");
    }
}
