//! The live chat: sessions that are over, what was said in them, and agents' shifts.
//!
//! Figures are computed from these rows, by groups of sessions that differ in nothing but numbers.

mod figures;

pub use figures::{Days, Group, Shifts};

use super::{Failure, Sums};
use rusqlite::{OptionalExtension, Transaction, params};

/// What to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Keep a session that is over, with all that was said in it.
    Keep(Box<Session>, Vec<Line>),
    /// Keep the rating of a session: stars, and words.
    Rate(String, u8, String),
    /// Keep an agent's shift.
    Shift(Shift),
    /// The highest number of a chat, and the figures of these days.
    Opening(Days),
    /// The figures of each of these stretches of days.
    Figures(Vec<Days>),
    /// The sessions that ended on this day, at most so many.
    Sessions(String, usize),
    /// A session and what was said in it.
    Transcript(String),
    /// The same, by the number of its chat.
    History(u32),
}

/// What was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is kept.
    Kept,
    /// The highest number of a chat, and figures.
    Opening(u32, Vec<Group>, Vec<Shifts>),
    /// Groups and shifts, for each stretch of days.
    Figures(Vec<(Vec<Group>, Vec<Shifts>)>),
    /// Sessions, in the order of their ends.
    Sessions(Vec<Session>),
    /// A session and what was said in it, if there is one.
    Transcript(Option<(Box<Session>, Vec<Line>)>),
}

/// A session that is over. Times are milliseconds, moments since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Its name.
    pub id: String,
    /// The number of its chat.
    pub chat: Option<u32>,
    /// The visitor.
    pub visitor: String,
    /// The agent who attended to it.
    pub agent: Option<String>,
    /// The day of its end, `YYYY-MM-DD`.
    pub day: String,
    /// When it began.
    pub began_ms: i64,
    /// When it ended.
    pub ended_ms: i64,
    /// What became of it.
    pub outcome: String,
    /// Why it ended.
    pub reason: String,
    /// How long the visitor waited.
    pub waited_ms: i64,
    /// How long it talked.
    pub talked_ms: i64,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Why.
    pub comment: String,
    /// Agents who were signed in at its end, by commas.
    pub present: String,
    /// Agents who left it, by commas.
    pub missed: String,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since the session began.
    pub at_ms: u32,
    /// By whom.
    pub who: String,
    /// The words.
    pub text: String,
}

/// An agent's time at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub agent: String,
    /// The day of its end.
    pub day: String,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// When it ended.
    pub ended_ms: i64,
    /// How long of it the agent took chats.
    pub online_ms: i64,
    /// How long of it the agent was in one.
    pub busy_ms: i64,
}

/// The table of sessions that are over.
pub(super) const SESSIONS: &str = "chat_sessions";
/// The table of what was said in them.
pub(super) const LINES: &str = "chat_lines";
/// The table of shifts.
pub(super) const SHIFTS: &str = "chat_shifts";

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS chat_sessions(
    id TEXT PRIMARY KEY, chat INTEGER, visitor TEXT NOT NULL, agent TEXT, day TEXT NOT NULL,
    began_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, outcome TEXT NOT NULL,
    reason TEXT NOT NULL, waited_ms INTEGER NOT NULL, talked_ms INTEGER NOT NULL,
    rating INTEGER, comment TEXT NOT NULL, present TEXT NOT NULL, missed TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS chat_sessions_by_day ON chat_sessions(day, ended_ms);
CREATE INDEX IF NOT EXISTS chat_sessions_by_chat ON chat_sessions(chat);
CREATE TABLE IF NOT EXISTS chat_lines(
    session TEXT NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, who TEXT NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY(session, number)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS chat_shifts(
    agent TEXT NOT NULL, day TEXT NOT NULL, began_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
    online_ms INTEGER NOT NULL, busy_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS chat_shifts_by_day ON chat_shifts(day)";

impl Request {
    /// Whether it changes anything.
    pub(super) fn writes(&self) -> bool {
        match self {
            Request::Keep(..) | Request::Rate(..) | Request::Shift(_) => true,
            Request::Opening(_)
            | Request::Figures(_)
            | Request::Sessions(..)
            | Request::Transcript(_)
            | Request::History(_) => false,
        }
    }
}

pub(super) fn answer(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    request: &Request,
) -> Result<Answer, Failure> {
    let answer = match request {
        Request::Keep(session, lines) => keep(transaction, sums, session, lines)?,
        Request::Rate(id, stars, comment) => rate(transaction, sums, id, *stars, comment)?,
        Request::Shift(shift) => shift_over(transaction, sums, shift)?,
        Request::Opening(days) => {
            let sql = "SELECT COALESCE(MAX(chat), 0) FROM chat_sessions";
            let chat = transaction.query_row(sql, [], |row| row.get(0))?;
            let (groups, shifts) = figures::of(transaction, days)?;
            Answer::Opening(chat, groups, shifts)
        }
        Request::Figures(stretches) => {
            let figures = stretches.iter().map(|days| figures::of(transaction, days));
            Answer::Figures(figures.collect::<Result<_, _>>()?)
        }
        Request::Sessions(day, most) => sessions(transaction, day, *most)?,
        Request::Transcript(id) => transcript(transaction, "id", params![id])?,
        Request::History(chat) => transcript(transaction, "chat", params![chat])?,
    };
    Ok(answer)
}

fn keep(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    session: &Session,
    lines: &[Line],
) -> rusqlite::Result<Answer> {
    let sql = "INSERT INTO chat_sessions VALUES
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) RETURNING *";
    let s = session;
    let values = params![
        s.id,
        s.chat,
        s.visitor,
        s.agent,
        s.day,
        s.began_ms,
        s.ended_ms,
        s.outcome,
        s.reason,
        s.waited_ms,
        s.talked_ms,
        s.rating,
        s.comment,
        s.present,
        s.missed
    ];
    sums.put(SESSIONS, transaction, (sql, values))?;
    let sql = "INSERT INTO chat_lines VALUES (?, ?, ?, ?, ?) RETURNING *";
    for (number, line) in lines.iter().enumerate() {
        let values = params![s.id, number as i64, line.at_ms, line.who, line.text];
        sums.put(LINES, transaction, (sql, values))?;
    }
    Ok(Answer::Kept)
}

/// A rating belongs to a session: one without it was not written, and is not said to be.
fn rate(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    id: &str,
    stars: u8,
    comment: &str,
) -> Result<Answer, Failure> {
    let sql = "SELECT * FROM chat_sessions WHERE id = ?1";
    sums.take(SESSIONS, transaction, (sql, [id]))?;
    let sql = "UPDATE chat_sessions SET rating = ?2, comment = ?3 WHERE id = ?1 RETURNING *";
    match sums.put(SESSIONS, transaction, (sql, params![id, stars, comment]))? {
        0 => Err(Failure::new(format!("there is no session {id} to rate"))),
        _ => Ok(Answer::Kept),
    }
}

fn shift_over(
    transaction: &Transaction<'_>,
    sums: &mut Sums,
    shift: &Shift,
) -> rusqlite::Result<Answer> {
    let sql = "INSERT INTO chat_shifts VALUES (?, ?, ?, ?, ?, ?) RETURNING *";
    let Shift { agent, day, began_ms, ended_ms, online_ms, busy_ms } = shift;
    let values = params![agent, day, began_ms, ended_ms, online_ms, busy_ms];
    sums.put(SHIFTS, transaction, (sql, values))?;
    Ok(Answer::Kept)
}

fn session(row: &rusqlite::Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        chat: row.get(1)?,
        visitor: row.get(2)?,
        agent: row.get(3)?,
        day: row.get(4)?,
        began_ms: row.get(5)?,
        ended_ms: row.get(6)?,
        outcome: row.get(7)?,
        reason: row.get(8)?,
        waited_ms: row.get(9)?,
        talked_ms: row.get(10)?,
        rating: row.get(11)?,
        comment: row.get(12)?,
        present: row.get(13)?,
        missed: row.get(14)?,
    })
}

fn sessions(transaction: &Transaction<'_>, day: &str, most: usize) -> rusqlite::Result<Answer> {
    let sql = "SELECT * FROM chat_sessions WHERE day = ?1 ORDER BY ended_ms, id LIMIT ?2";
    let mut select = transaction.prepare_cached(sql)?;
    let rows = select.query_map(params![day, most as i64], session)?;
    rows.collect::<Result<_, _>>().map(Answer::Sessions)
}

fn transcript(
    transaction: &Transaction<'_>,
    column: &str,
    value: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Answer> {
    let sql = format!("SELECT * FROM chat_sessions WHERE {column} = ?1");
    let found = transaction.prepare_cached(&sql)?.query_row(value, session).optional()?;
    let Some(found) = found else { return Ok(Answer::Transcript(None)) };
    let sql = "SELECT at_ms, who, text FROM chat_lines WHERE session = ?1 ORDER BY number";
    let mut select = transaction.prepare_cached(sql)?;
    let line = |row: &rusqlite::Row<'_>| {
        Ok(Line { at_ms: row.get(0)?, who: row.get(1)?, text: row.get(2)? })
    };
    let lines = select.query_map(params![found.id], line)?.collect::<Result<_, _>>()?;
    Ok(Answer::Transcript(Some((Box::new(found), lines))))
}

#[cfg(test)]
mod tests;
