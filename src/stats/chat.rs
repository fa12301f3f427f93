//! The state of the live chat: agents and visitors now, and the counts of the day.

/// The figures of the chat; see the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chat {
    /// Agents who take chats.
    pub agents_online: u64,
    /// Agents who are signed in but take no chats.
    pub agents_away: u64,
    /// Visitors who wait.
    pub queue: u64,
    /// Chats in progress.
    pub chats: u64,
    /// Visitors who were served today, including chats in progress.
    pub handled_today: u64,
    /// Visitors who waited too long for a free agent.
    pub lost_today: u64,
    /// Visitors who left the queue.
    pub abandoned_today: u64,
    /// … before an agent could have answered.
    pub short_abandoned_today: u64,
    /// Visitors refused because the queue was full.
    pub blocked_today: u64,
}
