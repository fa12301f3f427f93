//! Sums over sessions and shifts.

use rusqlite::{Transaction, params};

/// A stretch of days, both ends included, as `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
}

/// Sessions with the same outcome, agent and agents beside it: how many, and their sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// What became of them.
    pub outcome: String,
    /// Who attended to them.
    pub agent: Option<String>,
    /// Who was signed in at their end, by commas.
    pub present: String,
    /// Who left them, by commas.
    pub missed: String,
    /// How many there are.
    pub count: u64,
    /// Milliseconds that they waited.
    pub waited_ms: u64,
    /// Milliseconds that they talked.
    pub talked_ms: u64,
    /// The longest wait.
    pub longest_ms: u64,
    /// How many waited no longer than good service allows.
    pub within: u64,
    /// How many were rated.
    pub rated: u64,
    /// The sum of their stars.
    pub stars: u64,
    /// How many have four or five.
    pub good: u64,
}

/// The shifts of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shifts {
    /// Who.
    pub agent: String,
    /// Milliseconds that it took chats.
    pub online_ms: u64,
    /// Milliseconds that it was in one.
    pub busy_ms: u64,
}

const GROUPS: &str = "SELECT outcome, agent, present, missed, COUNT(*), SUM(waited_ms),
        SUM(talked_ms), MAX(waited_ms), SUM(waited_ms <= ?3), COUNT(rating),
        COALESCE(SUM(rating), 0), COALESCE(SUM(rating >= 4), 0)
    FROM chat_sessions WHERE day BETWEEN ?1 AND ?2 GROUP BY 1, 2, 3, 4";

const SHIFTS: &str = "SELECT agent, SUM(online_ms), SUM(busy_ms)
    FROM chat_shifts WHERE day BETWEEN ?1 AND ?2 GROUP BY 1";

pub(super) fn of(
    transaction: &Transaction<'_>,
    days: &Days,
) -> rusqlite::Result<(Vec<Group>, Vec<Shifts>)> {
    let group = |row: &rusqlite::Row<'_>| {
        Ok(Group {
            outcome: row.get(0)?,
            agent: row.get(1)?,
            present: row.get(2)?,
            missed: row.get(3)?,
            count: row.get::<_, i64>(4)? as u64,
            waited_ms: row.get::<_, i64>(5)? as u64,
            talked_ms: row.get::<_, i64>(6)? as u64,
            longest_ms: row.get::<_, i64>(7)? as u64,
            within: row.get::<_, i64>(8)? as u64,
            rated: row.get::<_, i64>(9)? as u64,
            stars: row.get::<_, i64>(10)? as u64,
            good: row.get::<_, i64>(11)? as u64,
        })
    };
    let level = crate::limits::CHAT_SERVICE_LEVEL.as_millis() as i64;
    let mut select = transaction.prepare_cached(GROUPS)?;
    let groups = select.query_map(params![days.from, days.to, level], group)?;
    let groups = groups.collect::<Result<_, _>>()?;
    let shifts = |row: &rusqlite::Row<'_>| {
        let ms = |column| row.get::<_, i64>(column).map(|ms| ms as u64);
        Ok(Shifts { agent: row.get(0)?, online_ms: ms(1)?, busy_ms: ms(2)? })
    };
    let mut select = transaction.prepare_cached(SHIFTS)?;
    let shifts = select.query_map(params![days.from, days.to], shifts)?;
    Ok((groups, shifts.collect::<Result<_, _>>()?))
}
