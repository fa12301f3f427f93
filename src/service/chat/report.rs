//! Lists for people: help, transcripts, chats, the queue, agents, figures.

use super::lobby::live::Seen;
use super::lobby::{Lobby, Refused, State as Place, Visitor, Who};
use super::row::{Row, Waiting};
use super::tally::{Tally, groups_of};
use super::{State, zone};
use crate::service::Cx;
use crate::work::db::chat::{Answer, Days, Group, Line, Shifts};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The purpose of a database query.
#[derive(Debug)]
pub(super) enum Query {
    /// The transcript of a chat.
    History,
    /// Figures of this agent or of all, with the records that were not on disk at the time of the
    /// query.
    Figures { whose: Option<usize>, unwritten: [Vec<Group>; 3] },
}

/// Figures of a range of days, with the lobby's present additions.
pub(super) struct Figures {
    groups: Vec<Group>,
    shifts: Vec<Shifts>,
}

impl Figures {
    /// Returns the sums of all, or of one agent. Chats in progress count as if they ended now.
    pub(super) fn tally(&self, state: &State, agent: Option<usize>, live: bool) -> Tally {
        let name = agent.map(|agent| Arc::clone(&state.lobby.agents()[agent].name));
        let mut tally = Tally::of(&self.groups, &self.shifts, name.as_deref());
        if live && agent.is_none() {
            tally.waiting = state.lobby.waiting() as u64;
        }
        tally
    }

    /// Returns the sums of every agent, by name, including former agents.
    pub(super) fn by_agent(&self) -> HashMap<&str, Tally> {
        Tally::by_agent(&self.groups, &self.shifts)
    }

    /// Returns the agents who had a chat or a shift.
    pub(super) fn agents(&self) -> Vec<String> {
        let handled = self.groups.iter().filter_map(|group| group.agent.clone());
        handled.chain(self.shifts.iter().map(|shifts| shifts.agent.clone())).collect()
    }

    /// Combines the database's answer with records that it does not have.
    pub(super) fn new(groups: Vec<Group>, shifts: Vec<Shifts>) -> Figures {
        Figures { groups, shifts }
    }

    /// Adds the present state of the lobby.
    pub(super) fn add_live(&mut self, state: &State, now: Instant) {
        let agents = state.lobby.agents();
        for (agent, waited, talked) in state.lobby.active(now) {
            let ms = |time: Duration| time.as_millis() as u64;
            self.groups.push(Group {
                outcome: "handled".to_string(),
                agent: Some(agents[agent].name.to_string()),
                count: 1,
                waited_ms: ms(waited),
                talked_ms: ms(talked),
                longest_ms: ms(waited),
                within: u64::from(waited <= crate::limits::CHAT_SERVICE_LEVEL),
                ..Group::default()
            });
        }
        for seen in state.lobby.seen(now) {
            let Some((online, busy)) = seen.time else { continue };
            self.shifts.push(Shifts {
                agent: seen.name.to_string(),
                online_ms: online.as_millis() as u64,
                busy_ms: busy.as_millis() as u64,
            });
        }
    }
}

impl Query {
    pub(super) fn figures(state: &State, whose: Option<usize>, stretches: &[Days; 3]) -> Query {
        let unwritten = |days: &Days| groups_of(state.books.unwritten(), &days.from, &days.to);
        let unwritten = stretches.each_ref().map(unwritten);
        Query::Figures { whose, unwritten }
    }

    /// Returns the lines of the answer.
    ///
    /// # Errors
    /// Fails if there was no such chat.
    pub(super) fn rows(self, answer: Answer, cx: &Cx<'_>) -> Result<Vec<Row>, Refused> {
        let state = &cx.world.chat;
        match (self, answer) {
            (Query::History, Answer::Transcript(Some((_, lines)))) => {
                Ok(lines.into_iter().map(Row::Past).collect())
            }
            (Query::Figures { whose, unwritten }, Answer::Figures(found)) => {
                let both = found.into_iter().zip(unwritten);
                let mut found = both.map(|((groups, shifts), unwritten)| {
                    let mut figures = Figures::new([groups, unwritten].concat(), shifts);
                    figures.add_live(state, cx.now);
                    figures
                });
                let mut next = || found.next().unwrap_or(Figures::new(vec![], vec![]));
                let figures = [next(), next(), next()];
                Ok(screen(state, whose, &figures, cx).into_iter().map(Row::Text).collect())
            }
            (Query::History | Query::Figures { .. }, _) => Err(Refused::NoChat),
        }
    }
}

/// Prints the agent's screen, then all figures, by ranges.
fn screen(state: &State, whose: Option<usize>, ranges: &[Figures; 3], cx: &Cx<'_>) -> Vec<String> {
    let tally = |range: usize| ranges[range].tally(state, whose, true);
    let [today, month, total] = [tally(0), tally(1), tally(2)];
    let mut lines = eight(state, whose, [&today, &month, &total], cx);
    for (range, tally) in [("today", today), ("month", month), ("total", total)] {
        for (name, value) in tally.figures() {
            lines.push(format!("{range} {name}: {}", number(value)));
        }
    }
    if whose.is_none() {
        let by_agent = ranges[0].by_agent();
        for seen in state.lobby.seen(cx.now) {
            let tally = by_agent.get(&*seen.name).copied().unwrap_or_default();
            let load = tally.figures().into_iter().find(|(name, _)| *name == "load factor");
            let load = number(load.and_then(|(_, value)| value));
            let (name, handled, lost) = (&seen.name, tally.handled, tally.lost);
            lines.push(format!("agent {name}: handled={handled} lost={lost} load_factor={load}"));
        }
    }
    lines
}

/// Prints the eight fields at the beginning of every agent's screen.
fn eight(
    state: &State,
    whose: Option<usize>,
    [today, month, total]: [&Tally; 3],
    cx: &Cx<'_>,
) -> Vec<String> {
    let seen = state.lobby.seen(cx.now);
    let (name, current) = match whose {
        Some(agent) => (seen[agent].name.to_string(), seen[agent].with.join(", ")),
        None => ("all".to_string(), state.lobby.chats().to_string()),
    };
    let current = if current.is_empty() { "none".to_string() } else { current };
    let rating = (total.rated > 0).then(|| total.stars as f64 / total.rated as f64);
    vec![
        format!("Name: {name}"),
        format!("Date and Time: {}", state.zone.day_and_time(cx.wall)),
        format!("Clients Attended Today: {}", today.handled),
        format!("Clients Attended Month: {}", month.handled),
        format!("Average Rating: {}", rating.map_or("none".to_string(), |r| format!("{r:.2}"))),
        format!("Total Clients Serviced: {}", total.handled),
        format!("Total Lost Clients: {}", total.lost),
        format!("Current Client: {current}"),
    ]
}

/// Formats a figure without meaningless digits.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        None => "none".to_string(),
        Some(value) if value.fract() == 0.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.4}"),
    }
}

/// Formats seconds; empty if they are unknown.
pub(super) fn seconds(seconds: Option<u64>) -> String {
    seconds.map_or(String::new(), |seconds| seconds.to_string())
}

/// Formats a line of a transcript, with the seconds since its beginning.
pub(super) fn said(Line { at_ms, who, text }: &Line) -> String {
    spoken(*at_ms, who, text)
}

/// Formats the same from its parts.
pub(super) fn spoken(at_ms: u32, who: &str, text: &str) -> String {
    format!("{}.{} <{who}> {text}", at_ms / 1000, at_ms / 100 % 10)
}

/// Returns the transcript of a session in progress.
pub(super) fn transcript(lobby: &Lobby, visitor: &Visitor) -> Vec<Row> {
    let who = |who: Who| match who {
        Who::Visitor => Arc::clone(&visitor.name),
        Who::Agent(agent) => Arc::clone(&lobby.agents()[agent].name),
    };
    let lines = visitor.lines.iter();
    lines.map(|line| Row::Said(line.ms, who(line.who), Arc::clone(&line.text))).collect()
}

/// Lists the chats of an agent.
pub(super) fn chats(lobby: &Lobby, agent: usize, now: Instant) -> Vec<Row> {
    let current = lobby.agents()[agent].shift.as_ref().and_then(|shift| shift.current);
    let chats = lobby.chats_of(agent);
    let line = chats.map(|(number, chat)| {
        let visitor = lobby.find(chat.visitor).expect("a chat has its visitor");
        let seconds = now.saturating_duration_since(chat.began).as_secs();
        let here = if visitor.peer.is_some() { "here" } else { "detached" };
        let mark = if current == Some(number) { " current" } else { "" };
        let (name, short) = (&visitor.name, visitor.short);
        Row::Text(format!(
            "chat={number} visitor={name} id={short:04x} seconds={seconds} {here}{mark}"
        ))
    });
    line.collect()
}

/// Lists the waiting visitors.
pub(super) fn queue(lobby: &Lobby, now: Instant) -> Vec<Row> {
    let row = |(visitor, pos): (&Visitor, u32)| {
        let waited = match visitor.state {
            Place::Queued(since) => now.saturating_duration_since(since),
            Place::Active(_) | Place::Rating => Duration::ZERO,
        };
        let (name, here) = (Arc::clone(&visitor.name), visitor.peer.is_some());
        Row::Waiting(Waiting { pos, name, short: visitor.short, waited, here })
    };
    lobby.queued().zip(1..).map(row).collect()
}

/// Lists all agents.
pub(super) fn agents(seen: &[Seen]) -> Vec<Row> {
    let line = |seen: &Seen| {
        let Seen { name, status, capacity, with, .. } = seen;
        let chats = with.len();
        Row::Text(format!("agent={name} status={status} chats={chats} capacity={capacity}"))
    };
    seen.iter().map(line).collect()
}

/// Formats a time for JSON.
pub(super) fn moment(state: &State, unix_ms: i64) -> String {
    let wall = std::time::UNIX_EPOCH + Duration::from_millis(unix_ms.max(0) as u64);
    debug_assert_eq!(zone::unix_ms(wall), unix_ms.max(0));
    state.zone.day_and_time(wall)
}
