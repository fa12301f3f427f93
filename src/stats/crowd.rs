//! Open connections, by peer and by activity.

use super::label::{Party, Presence};

/// Accepted connections that are open, by the kind of peer and by activity. Their owner reports
/// each that comes, changes or goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd([[u64; Presence::ALL.len()]; 3]);

impl Crowd {
    /// Adds a connection that was accepted or changed to this activity.
    pub fn add(&mut self, party: Party, presence: Presence) {
        self.0[party as usize][presence as usize] += 1;
    }

    /// Removes a connection that ended or changed from this activity.
    pub fn remove(&mut self, party: Party, presence: Presence) {
        self.0[party as usize][presence as usize] -= 1;
    }

    /// Returns the number of connections of a kind of peer.
    pub fn of(&self, party: Party) -> u64 {
        self.0[party as usize].iter().sum()
    }

    /// Returns the number of connections with this activity, without operators.
    pub fn doing(&self, presence: Presence) -> u64 {
        let parties = [Party::Visitor, Party::Line];
        parties.iter().map(|party| self.0[*party as usize][presence as usize]).sum()
    }
}
