//! The tables of the live chat: closed sessions, their transcripts, and agents' shifts.
//!
//! Figures are computed from these rows, in groups of sessions that differ only in numbers.

mod figures;

pub use figures::{Days, Group, Shifts};

use super::{Failure, Sums};
use rusqlite::{OptionalExtension, Transaction, params};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Stores a closed session with its transcript.
    Keep(Box<Session>, Vec<Line>),
    /// Stores the rating of a session: the stars and the comment.
    Rate(String, u8, String),
    /// Stores an agent's shift.
    Shift(Shift),
    /// Returns the highest number of a chat, and the figures of these days.
    Opening(Days),
    /// Returns the figures of each of these ranges of days.
    Figures(Vec<Days>),
    /// Returns the sessions that ended on this day, at most this many.
    Sessions(String, usize),
    /// Returns a session and its transcript.
    Transcript(String),
    /// Returns a session and its transcript by the number of its chat.
    History(u32),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The row is stored.
    Kept,
    /// The highest number of a chat, and figures.
    Opening(u32, Vec<Group>, Vec<Shifts>),
    /// Groups and shifts for each range of days.
    Figures(Vec<(Vec<Group>, Vec<Shifts>)>),
    /// Sessions in the order of their ends.
    Sessions(Vec<Session>),
    /// A session and its transcript, if it exists.
    Transcript(Option<(Box<Session>, Vec<Line>)>),
}

/// A closed session. Durations are in milliseconds, times in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Its identifier.
    pub id: String,
    /// The number of its chat.
    pub chat: Option<u32>,
    /// The visitor.
    pub visitor: String,
    /// The agent who served it.
    pub agent: Option<String>,
    /// The day of its end, `YYYY-MM-DD`.
    pub day: String,
    /// The time of its beginning.
    pub began_ms: i64,
    /// The time of its end.
    pub ended_ms: i64,
    /// Its outcome.
    pub outcome: String,
    /// The reason of its end.
    pub reason: String,
    /// The waiting time of the visitor.
    pub waited_ms: i64,
    /// The talking time.
    pub talked_ms: i64,
    /// The stars, 1 to 5.
    pub rating: Option<u8>,
    /// The comment that came with the stars.
    pub comment: String,
    /// The agents who were signed in at its end, separated by commas.
    pub present: String,
    /// The agents who missed it, separated by commas.
    pub missed: String,
}

/// A line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since the session began.
    pub at_ms: u32,
    /// The author.
    pub who: String,
    /// The text.
    pub text: String,
}

/// An agent's shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The name of the agent.
    pub agent: String,
    /// The day of its end.
    pub day: String,
    /// Its beginning in milliseconds since 1970.
    pub began_ms: i64,
    /// Its end in milliseconds since 1970.
    pub ended_ms: i64,
    /// Milliseconds during which the agent took chats.
    pub online_ms: i64,
    /// Milliseconds during which the agent was in a chat.
    pub busy_ms: i64,
}

/// The table of closed sessions.
pub(super) const SESSIONS: &str = "chat_sessions";
/// The table of their transcripts.
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
    /// Returns true if the request changes a table.
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

/// Stores a rating. It fails if its session was not stored.
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
