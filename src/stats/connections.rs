//! Open connections, by peer and by activity.

use super::label::{PeerClass, Presence};

/// Accepted connections that are open, by the kind of peer and by activity. Their owner reports
/// each that comes, changes or goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionCounts([[u64; Presence::ALL.len()]; 3]);

impl ConnectionCounts {
    /// Adds a connection that was accepted or changed to this activity.
    pub fn add(&mut self, class: PeerClass, presence: Presence) {
        self.0[class as usize][presence as usize] += 1;
    }

    /// Removes a connection that ended or changed from this activity.
    pub fn remove(&mut self, class: PeerClass, presence: Presence) {
        self.0[class as usize][presence as usize] -= 1;
    }

    /// Returns the number of connections of a kind of peer.
    pub fn of(&self, class: PeerClass) -> u64 {
        self.0[class as usize].iter().sum()
    }

    /// Returns the number of connections with this activity, without operators.
    pub fn doing(&self, presence: Presence) -> u64 {
        let classes = [PeerClass::Visitor, PeerClass::Line];
        classes.iter().map(|class| self.0[*class as usize][presence as usize]).sum()
    }
}
