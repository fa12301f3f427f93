//! The chat over HTTP: how it goes, figures, agents, sessions, and what was said in them.

use super::report::{Figures, moment, number, said};
use super::tally::{Tally, groups_of};
use super::{State, zone};
use crate::limits;
use crate::service::http::{Answer, Pending as HttpPending, Request, Response, Style, json, lines};
use crate::service::{Cx, Effect, Event, Refusal, Ticket};
use crate::wire::http::Head;
use crate::wire::target::pairs;
use crate::work::db::chat as db;
use crate::work::{Job, Outcome};
use serde_json::Value;

/// Where sessions are found; their names follow …
pub const SESSIONS: &str = "/api/chat/sessions/";
/// … and one of these.
pub const TRANSCRIPTS: [&str; 3] = ["/transcript", "/transcript.txt", "/transcript.json"];

/// A request that waits for the database.
#[derive(Debug)]
pub struct Pending {
    ticket: Ticket,
    wants: Wants,
}

#[derive(Debug)]
enum Wants {
    Figures { label: String, live: bool, unwritten: Vec<crate::work::db::chat::Group> },
    Sessions(String),
    Transcript { text: bool },
}

/// `GET /api/chat/status`.
pub fn status(cx: &Cx<'_>) -> Response {
    let state = &cx.world.chat;
    let (online, away) = state.lobby.moods();
    let (waiting, chats) = (state.lobby.waiting(), state.lobby.chats());
    let today = today(state, cx);
    let limit = state.lobby.settings().wait.as_secs();
    let ewt = state.lobby.expected_wait_of_next();
    let ewt = ewt.map_or("null".to_string(), |seconds| seconds.to_string());
    json(
        200,
        format!(
            "{{\"agents\":{{\"online\":{online},\"away\":{away}}},\"queue\":{waiting},\
             \"chats\":{chats},\"wait_limit\":{limit},\"ewt\":{ewt},\"today\":{{{}}}}}",
            members(&today)
        ),
    )
}

/// The figures of today, chats that go on included.
fn today(state: &State, cx: &Cx<'_>) -> Tally {
    let settled = state.today.on(&state.zone.day(cx.wall));
    let mut figures = Figures::new(Vec::new(), Vec::new());
    figures.add_live(state, cx.now);
    figures.tally(state, None, true).plus(&settled)
}

/// `GET /api/chat/agents`.
pub fn agents(cx: &Cx<'_>) -> Response {
    let agents = cx.world.chat.lobby.seen(cx.now).into_iter().map(|seen| {
        let with = seen.with.iter().map(|name| Value::from(&**name).to_string());
        format!(
            "{{\"name\":{},\"status\":\"{}\",\"capacity\":{},\"chats\":{},\"clients\":[{}]}}",
            Value::from(&*seen.name),
            seen.status,
            seen.capacity,
            seen.with.len(),
            with.collect::<Vec<_>>().join(",")
        )
    });
    json(200, format!("[{}]", agents.collect::<Vec<_>>().join(",")))
}

/// `GET /api/chat/stats?range=…`, or `?day=…`.
pub fn stats(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let state = &cx.world.chat;
    let [today, month, total] = state.stretches(cx.wall);
    let (label, days) = match (asked(request.head, "day"), asked(request.head, "range")) {
        (Some(day), None) if zone::is_day(&day) => {
            (day.clone(), db::Days { from: day.clone(), to: day })
        }
        (None, None) => ("today".to_string(), today.clone()),
        (None, Some(range)) => match range.as_str() {
            "today" => (range, today.clone()),
            "month" => (range, month),
            "total" => (range, total),
            _ => return Answer::Ready(wrong("range is one of today, month, total")),
        },
        (Some(_), None) => return Answer::Ready(wrong("day is YYYY-MM-DD")),
        (Some(_), Some(_)) => return Answer::Ready(wrong("range and day exclude each other")),
    };
    let live = days.to == today.to;
    let unwritten = groups_of(state.books.unwritten(), &days.from, &days.to);
    let wants = Wants::Figures { label, live, unwritten };
    ask(request, wants, db::Request::Figures(vec![days]), cx)
}

/// `GET /api/chat/sessions?day=…`; without a day, those of today.
pub fn sessions(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let today = || cx.world.chat.zone.day(cx.wall);
    let day = asked(request.head, "day").unwrap_or_else(today);
    if !zone::is_day(&day) {
        return Answer::Ready(wrong("day is YYYY-MM-DD"));
    }
    let wanted = db::Request::Sessions(day.clone(), limits::CHAT_ROWS);
    ask(request, Wants::Sessions(day), wanted, cx)
}

/// `GET /api/chat/sessions/{id}/transcript`, as JSON or, with `.txt`, as text.
pub fn transcript(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let path = request.head.target.path();
    let rest = path.strip_prefix(SESSIONS).unwrap_or_default();
    let (id, _) = rest.split_once('/').unwrap_or_default();
    let text = path.ends_with(".txt");
    ask(request, Wants::Transcript { text }, db::Request::Transcript(id.to_string()), cx)
}

fn ask(
    request: &Request<'_, '_, '_>,
    wants: Wants,
    question: db::Request,
    cx: &mut Cx<'_>,
) -> Answer {
    let ticket = request.ticket;
    let job = Job::Database(crate::work::db::Request::Chat(question));
    cx.effects.push(Effect::Submit(ticket, job));
    Answer::Wait(HttpPending::Chat(Pending { ticket, wants }))
}

impl Pending {
    /// Something has happened; the response if that was the answer.
    pub fn news(&mut self, event: &Event, cx: &Cx<'_>) -> Option<Response> {
        match event {
            Event::Done(ticket, outcome) if *ticket == self.ticket => Some(match outcome {
                Outcome::Database(Ok(crate::work::db::Answer::Chat(answer))) => {
                    self.answer(answer, cx)
                }
                Outcome::Database(_)
                | Outcome::Pi(_)
                | Outcome::Pow(_)
                | Outcome::Files(_)
                | Outcome::Packed(_)
                | Outcome::Process(_)
                | Outcome::Reports(_)
                | Outcome::Store(_)
                | Outcome::Panicked => {
                    Style::Problem.error(503, "The database is not available.").retry_after(1)
                }
            }),
            Event::Refused(Refusal::Job(ticket)) if *ticket == self.ticket => {
                let busy = Style::Problem.error(503, "The database has too much to do.");
                Some(busy.retry_after(1))
            }
            Event::Done(..)
            | Event::Refused(_)
            | Event::Mail(_)
            | Event::Tick
            | Event::Opened { .. }
            | Event::Bytes
            | Event::Eof => None,
        }
    }

    fn answer(&self, answer: &db::Answer, cx: &Cx<'_>) -> Response {
        let state = &cx.world.chat;
        match (&self.wants, answer) {
            (Wants::Figures { label, live, unwritten }, db::Answer::Figures(found)) => {
                let (groups, shifts) = found.first().cloned().unwrap_or_default();
                let mut figures = Figures::new([groups, unwritten.clone()].concat(), shifts);
                if *live {
                    figures.add_live(state, cx.now);
                }
                report(state, label, &figures, *live)
            }
            (Wants::Sessions(day), db::Answer::Sessions(rows)) => {
                let rows = rows.iter().map(|row| session(state, row)).collect::<Vec<_>>();
                let rows = rows.join(",");
                json(200, format!("{{\"day\":\"{day}\",\"sessions\":[{rows}]}}"))
            }
            (Wants::Transcript { text: true }, db::Answer::Transcript(Some((_, said_lines)))) => {
                lines(200, said_lines.iter().map(|line| said(line) + "\n").collect())
            }
            (Wants::Transcript { .. }, db::Answer::Transcript(Some((row, said_lines)))) => {
                let line = |line: &db::Line| {
                    let (who, text) = (Value::from(&*line.who), Value::from(&*line.text));
                    format!("{{\"at_ms\":{},\"who\":{who},\"text\":{text}}}", line.at_ms)
                };
                let said = said_lines.iter().map(line).collect::<Vec<_>>().join(",");
                let session = session(state, row);
                json(200, format!("{{\"session\":{session},\"lines\":[{said}]}}"))
            }
            (Wants::Figures { .. } | Wants::Sessions(_) | Wants::Transcript { .. }, _) => {
                Style::Problem.error(404, "No session that is over has this name.")
            }
        }
    }
}

fn report(state: &State, range: &str, figures: &Figures, live: bool) -> Response {
    let overall = members(&figures.tally(state, None, live));
    let mut names = figures.agents();
    names.extend(state.lobby.agents().iter().map(|agent| agent.name.to_string()));
    names.sort_unstable();
    names.dedup();
    let agents = names.iter().map(|name| {
        let own = members(&figures.tally_of(name));
        format!("{{\"name\":{},{own}}}", Value::from(name.as_str()))
    });
    let agents = agents.collect::<Vec<_>>().join(",");
    json(200, format!("{{\"range\":\"{range}\",\"overall\":{{{overall}}},\"agents\":[{agents}]}}"))
}

/// All figures as members of an object.
pub fn members(tally: &Tally) -> String {
    let member = |(name, value): (&str, Option<f64>)| {
        let name = name.to_ascii_lowercase().replace([' ', '-'], "_");
        let value = if value.is_some() { number(value) } else { "null".to_string() };
        format!("\"{name}\":{value}")
    };
    tally.figures().into_iter().map(member).collect::<Vec<_>>().join(",")
}

fn session(state: &State, row: &db::Session) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let agent = row.agent.as_deref().map_or("null".to_string(), text);
    let number = |number: Option<u32>| number.map_or("null".to_string(), |n| n.to_string());
    format!(
        "{{\"id\":\"{}\",\"chat\":{},\"visitor\":{},\"agent\":{agent},\"began\":\"{}\",\
         \"ended\":\"{}\",\"outcome\":\"{}\",\"reason\":\"{}\",\"waited\":{},\"duration\":{},\
         \"rating\":{},\"comment\":{}}}",
        row.id,
        number(row.chat),
        text(&row.visitor),
        moment(state, row.began_ms),
        moment(state, row.ended_ms),
        row.outcome,
        row.reason,
        row.waited_ms as f64 / 1000.0,
        row.talked_ms as f64 / 1000.0,
        number(row.rating.map(u32::from)),
        text(&row.comment),
    )
}

/// The value of a key of the query.
fn asked(head: &Head<'_, '_>, key: &str) -> Option<String> {
    let query = head.target.query().unwrap_or_default();
    let found = { pairs(query) }.find(|(name, _)| name == key);
    found.map(|(_, value)| value.to_string())
}

fn wrong(detail: &str) -> Response {
    Style::Problem.error(400, detail)
}
