//! Which connections there are, and what they are doing at the moment.

use super::label::{Party, Presence};

/// Accepted connections that are open, by who is at the other end and what they are doing. Whoever
/// owns them says when one comes, changes or goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd([[u64; Presence::ALL.len()]; 3]);

impl Crowd {
    /// One comes, or turns to this.
    pub fn add(&mut self, party: Party, presence: Presence) {
        self.0[party as usize][presence as usize] += 1;
    }

    /// One goes, or turns from this to something else.
    pub fn remove(&mut self, party: Party, presence: Presence) {
        self.0[party as usize][presence as usize] -= 1;
    }

    /// How many of a party there are.
    pub fn of(&self, party: Party) -> u64 {
        self.0[party as usize].iter().sum()
    }

    /// How many are doing this, operators left out.
    pub fn doing(&self, presence: Presence) -> u64 {
        let parties = [Party::Visitor, Party::Line];
        parties.iter().map(|party| self.0[*party as usize][presence as usize]).sum()
    }
}
