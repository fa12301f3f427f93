//! The counting of connections, by the class of the peer and by activity.

use super::{Conn, Phase};
use crate::app::{App, Deadline, Session};
use crate::net::socket::Socket;
use crate::stats::{ConnectionCounts, PeerClass, Presence};

impl<S: Socket, A: App> Conn<S, A> {
    /// Counts the connection under `class` from now on.
    pub fn join(&mut self, class: PeerClass, connections: &mut ConnectionCounts) {
        let presence = self.presence();
        connections.add(class, presence);
        self.counted = Some((class, presence));
    }

    /// Counts it under its present activity.
    pub fn turn_to(&mut self, connections: &mut ConnectionCounts) {
        let Some((class, before)) = self.counted else { return };
        let now = self.presence();
        if now != before {
            connections.remove(class, before);
            connections.add(class, now);
            self.counted = Some((class, now));
        }
    }

    /// Stops counting it.
    pub fn leave(&mut self, connections: &mut ConnectionCounts) {
        if let Some((class, presence)) = self.counted.take() {
            connections.remove(class, presence);
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
