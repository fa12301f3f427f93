//! The chat over HTTP: status, figures, agents, sessions, and transcripts.

use super::report::{Figures, moment, number, said};
use super::tally::{Tally, groups_of};
use super::{State, page, zone};
use crate::limits;
use crate::service::database::{NoAnswer, Query};
use crate::service::http::{
    Guard, ListenerRole, Purpose, Request, Response, Route, Style, json, lines,
};
use crate::service::{Answer, Cx, Event, Wait};
use crate::stats::Handler;
use crate::wire::http::Head;
use crate::wire::target::pairs;
use crate::work::db::chat as db;
use serde_json::Value;
use std::time::Instant;
use std::vec;

/// For all, on both listeners.
const API: Route = Route::new(Handler::Chat).style(Style::Problem).purpose(Purpose::View);
/// For operators, on the panel.
const PANEL: Route = API.only(ListenerRole::Panel).guard(Guard::Operator);
/// The page.
const PAGE: Route = Route::new(Handler::Chat).only(ListenerRole::Panel).purpose(Purpose::Page);

/// The routes of this service.
pub const ROUTES: &[Route] = &[
    API.get("/api/chat/status", status, "Reports the queue, the agents and today's figures."),
    PANEL.get("/api/chat/stats", stats, "Reports figures of a day, a month or all time."),
    PANEL.get("/api/chat/agents", agents, "Lists the agents that are signed in."),
    PANEL.get("/api/chat/sessions", sessions, "Lists the sessions of a day that are over."),
    PANEL.get("/api/chat/sessions/{id}/transcript", transcript, "Sends a transcript."),
    PAGE.get("/chat/", page::page, "Shows the chat at a glance."),
    PAGE.get("/chat/{file}", page::asset, "Sends a part of that page.").purpose(Purpose::View),
    PANEL.get("/api/chat/sessions/{id}/transcript.txt", transcript, "Sends it as text."),
    PANEL.get("/api/chat/sessions/{id}/transcript.json", transcript, "Sends it as JSON."),
];

/// A request that waits for the database, and then for its answer to be printed piece by piece.
#[derive(Debug)]
pub struct Pending {
    query: Query,
    wants: Wants,
    making: Option<Making>,
    /// Time of the next piece.
    next: Option<Instant>,
}

/// An answer made of rows.
#[derive(Debug)]
struct Making {
    text: String,
    rows: Rows,
    /// The text after the last row.
    end: &'static str,
}

/// Rows that are not in the text yet.
#[derive(Debug)]
enum Rows {
    Sessions(vec::IntoIter<db::Session>),
    Json(vec::IntoIter<db::Line>),
    Plain(vec::IntoIter<db::Line>),
}

/// Bytes of an answer printed in one turn: some tenths of a millisecond.
const PIECE: usize = 64 * 1024;

#[derive(Debug)]
enum Wants {
    Figures { label: String, live: bool, unwritten: Vec<crate::work::db::chat::Group> },
    Sessions(String),
    Transcript { text: bool },
}

/// Answers `GET /api/chat/status`.
fn status(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
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
    .into()
}

/// Returns the figures of today, including chats in progress.
fn today(state: &State, cx: &Cx<'_>) -> Tally {
    let settled = state.today.on(&state.zone.day(cx.wall));
    let mut figures = Figures::new(Vec::new(), Vec::new());
    figures.add_live(state, cx.now);
    figures.tally(state, None, true).plus(&settled)
}

/// Answers `GET /api/chat/agents`.
fn agents(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
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
    json(200, format!("[{}]", agents.collect::<Vec<_>>().join(","))).into()
}

/// Answers `GET /api/chat/stats?range=…`, or `?day=…`.
fn stats(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
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
            _ => return wrong("range is one of today, month, total").into(),
        },
        (Some(_), None) => return wrong("day is YYYY-MM-DD").into(),
        (Some(_), Some(_)) => return wrong("range and day exclude each other").into(),
    };
    let live = days.to == today.to;
    let unwritten = groups_of(state.books.unwritten(), &days.from, &days.to);
    let wants = Wants::Figures { label, live, unwritten };
    ask(request, wants, db::Request::Figures(vec![days]), cx)
}

/// Answers `GET /api/chat/sessions?day=…`; without a day, those of today.
fn sessions(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let today = || cx.world.chat.zone.day(cx.wall);
    let day = asked(request.head, "day").unwrap_or_else(today);
    if !zone::is_day(&day) {
        return wrong("day is YYYY-MM-DD").into();
    }
    let wanted = db::Request::Sessions(day.clone(), limits::CHAT_ROWS);
    ask(request, Wants::Sessions(day), wanted, cx)
}

/// Answers `GET /api/chat/sessions/{id}/transcript`, as JSON or, with `.txt`, as text.
fn transcript(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let text = request.head.target.path().ends_with(".txt");
    let id = request.segment().to_string();
    ask(request, Wants::Transcript { text }, db::Request::Transcript(id), cx)
}

fn ask(
    request: &Request<'_, '_, '_>,
    wants: Wants,
    question: db::Request,
    cx: &mut Cx<'_>,
) -> Answer {
    let question = crate::work::db::Request::Chat(question);
    let query = Query::submit(question, request.ticket, cx);
    Pending { query, wants, making: None, next: None }.into()
}

impl Wait for Pending {
    fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match self.query.answer(event) {
            Ok(Ok(answer)) => self.answer(answer, cx),
            Ok(Err(NoAnswer::Failed(_))) => Some(unavailable("The database is not available.")),
            Ok(Err(NoAnswer::Busy)) => Some(unavailable("The database has too much to do.")),
            Err(Event::Tick) if self.next.is_some_and(|at| at <= cx.now) => self.proceed(cx),
            Err(_) => None,
        }
    }
}

fn unavailable(detail: &str) -> Response {
    Style::Problem.error(503, detail).retry_after(1)
}

impl Pending {
    fn answer(&mut self, answer: db::Answer, cx: &mut Cx<'_>) -> Option<Response> {
        let state = &cx.world.chat;
        let (text, rows, end) = match (&self.wants, answer) {
            (Wants::Figures { label, live, unwritten }, db::Answer::Figures(found)) => {
                let (groups, shifts) = found.into_iter().next().unwrap_or_default();
                let mut figures = Figures::new([groups, unwritten.clone()].concat(), shifts);
                if *live {
                    figures.add_live(state, cx.now);
                }
                return Some(report(state, label, &figures, *live));
            }
            (Wants::Sessions(day), db::Answer::Sessions(rows)) => {
                let begin = format!("{{\"day\":\"{day}\",\"sessions\":[");
                (begin, Rows::Sessions(rows.into_iter()), "]}")
            }
            (Wants::Transcript { text: true }, db::Answer::Transcript(Some((_, lines)))) => {
                (String::new(), Rows::Plain(lines.into_iter()), "")
            }
            (Wants::Transcript { .. }, db::Answer::Transcript(Some((row, lines)))) => {
                let begin = format!("{{\"session\":{},\"lines\":[", session(state, &row));
                (begin, Rows::Json(lines.into_iter()), "]}")
            }
            (Wants::Figures { .. } | Wants::Sessions(_) | Wants::Transcript { .. }, _) => {
                return Some(Style::Problem.error(404, "No session that is over has this name."));
            }
        };
        self.making = Some(Making { text, rows, end });
        self.proceed(cx)
    }

    /// Prints a piece of the answer. The next one is for another turn.
    fn proceed(&mut self, cx: &mut Cx<'_>) -> Option<Response> {
        let making = self.making.as_mut()?;
        if making.piece(&cx.world.chat) {
            self.next = Some(cx.now + limits::NEXT_TURN);
            return None;
        }
        let Making { mut text, rows, end } = self.making.take()?;
        text.push_str(end);
        Some(match rows {
            Rows::Sessions(_) | Rows::Json(_) => json(200, text),
            Rows::Plain(_) => lines(200, text),
        })
    }
}

impl Making {
    /// Adds rows; returns true if there are more.
    fn piece(&mut self, state: &State) -> bool {
        let most = self.text.len() + PIECE;
        while self.text.len() < most {
            let row = match &mut self.rows {
                Rows::Sessions(rows) => rows.next().map(|row| session(state, &row)),
                Rows::Json(rows) => rows.next().map(|line| member(&line)),
                Rows::Plain(rows) => rows.next().map(|line| said(&line) + "\n"),
            };
            let Some(row) = row else { return false };
            if matches!(self.rows, Rows::Sessions(_) | Rows::Json(_)) && !self.text.ends_with('[') {
                self.text.push(',');
            }
            self.text.push_str(&row);
        }
        true
    }
}

/// Prints a line of a transcript.
fn member(line: &db::Line) -> String {
    let (who, text) = (Value::from(&*line.who), Value::from(&*line.text));
    format!("{{\"at_ms\":{},\"who\":{who},\"text\":{text}}}", line.at_ms)
}

fn report(state: &State, range: &str, figures: &Figures, live: bool) -> Response {
    let overall = members(&figures.tally(state, None, live));
    let mut names = figures.agents();
    names.extend(state.lobby.agents().iter().map(|agent| agent.name.to_string()));
    names.sort_unstable();
    names.dedup();
    let by_agent = figures.by_agent();
    let agents = names.iter().map(|name| {
        let own = members(&by_agent.get(name.as_str()).copied().unwrap_or_default());
        format!("{{\"name\":{},{own}}}", Value::from(name.as_str()))
    });
    let agents = agents.collect::<Vec<_>>().join(",");
    json(200, format!("{{\"range\":\"{range}\",\"overall\":{{{overall}}},\"agents\":[{agents}]}}"))
}

/// Prints all figures as members of an object.
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

/// Returns the value of a key of the query.
fn asked(head: &Head<'_, '_>, key: &str) -> Option<String> {
    let query = head.target.query().unwrap_or_default();
    let found = { pairs(query) }.find(|(name, _)| name == key);
    found.map(|(_, value)| value.to_string())
}

fn wrong(detail: &str) -> Response {
    Style::Problem.error(400, detail)
}
