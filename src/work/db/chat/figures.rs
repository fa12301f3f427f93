//! Sums over sessions and shifts.

use rusqlite::{Transaction, params};

/// A range of days, both ends included, as `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
}

/// Sessions with the same outcome and agents: their number and their sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Their outcome.
    pub outcome: String,
    /// The agent who served them.
    pub agent: Option<String>,
    /// The agents who were signed in at their end, separated by commas.
    pub present: String,
    /// The agents who missed them, separated by commas.
    pub missed: String,
    /// Their number.
    pub count: u64,
    /// The sum of the waiting times in milliseconds.
    pub waited_ms: u64,
    /// The sum of the talking times in milliseconds.
    pub talked_ms: u64,
    /// The longest wait in milliseconds.
    pub longest_ms: u64,
    /// The number of sessions whose wait was within the target of good service.
    pub within: u64,
    /// The number of rated sessions.
    pub rated: u64,
    /// The sum of their stars.
    pub stars: u64,
    /// The number of sessions with four or five stars.
    pub good: u64,
}

/// The sum of the shifts of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shifts {
    /// The name of the agent.
    pub agent: String,
    /// Milliseconds during which the agent took chats.
    pub online_ms: u64,
    /// Milliseconds during which the agent was in a chat.
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
