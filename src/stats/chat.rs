//! What is known of the live chat: who is there, and how the day goes.

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chat {
    /// Agents who take chats.
    pub agents_online: u64,
    /// Agents who are signed in and do not.
    pub agents_away: u64,
    /// Visitors who wait.
    pub queue: u64,
    /// Chats that go on.
    pub chats: u64,
    /// Visitors who were attended to today, those of the chats that go on included.
    pub handled_today: u64,
    /// Visitors for whom nobody was free in time.
    pub lost_today: u64,
    /// Visitors who left the queue.
    pub abandoned_today: u64,
    /// … before anybody could have been quick enough.
    pub short_abandoned_today: u64,
    /// Visitors for whom there was no place in the queue.
    pub blocked_today: u64,
}
