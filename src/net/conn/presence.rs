//! As what a connection is counted: by whom it was made, and what it is doing.

use super::{Conn, Phase};
use crate::net::socket::Socket;
use crate::service::Deadline;
use crate::stats::{Crowd, Party, Presence};

impl<S: Socket> Conn<S> {
    /// From now on it is counted as one of these.
    pub fn join(&mut self, party: Party, crowd: &mut Crowd) {
        let presence = self.presence();
        crowd.add(party, presence);
        self.counted = Some((party, presence));
    }

    /// Counts it as what it is doing now.
    pub fn turn_to(&mut self, crowd: &mut Crowd) {
        let Some((party, before)) = self.counted else { return };
        let now = self.presence();
        if now != before {
            crowd.remove(party, before);
            crowd.add(party, now);
            self.counted = Some((party, now));
        }
    }

    /// It is counted no longer.
    pub fn leave(&mut self, crowd: &mut Crowd) {
        if let Some((party, presence)) = self.counted.take() {
            crowd.remove(party, presence);
        }
    }

    fn presence(&self) -> Presence {
        let Phase::Open = self.phase else { return Presence::Writing };
        if self.send.is_some() || !self.session.wants_read() {
            return Presence::Writing;
        }
        match self.session.deadline() {
            Some(Deadline::Fresh(_) | Deadline::Idle(_) | Deadline::Standing(_))
                if self.recv.is_none() =>
            {
                Presence::Idle
            }
            Some(
                Deadline::Fresh(_) | Deadline::Idle(_) | Deadline::Standing(_) | Deadline::Busy(_),
            ) => Presence::Reading,
            None => Presence::Writing,
        }
    }
}
