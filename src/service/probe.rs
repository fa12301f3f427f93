//! One query to a legacy π server: connect or send a datagram, read to the end, and post the answer
//! to the session that asked. On any error the answer is `None`.
//!
//! ```text
//!   Dialling ─opened→ Asking ─end of input→ Done
//!       └── refused, reset, silent, too long ──▶
//! ```

use crate::buf::RecvBuf;
use crate::service::{Cx, Deadline, Effect, Event, Id, Mail, Progress, Ticket, Transport};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::legacy::{READING_BYTES_MAX, reading};
use std::net::SocketAddr;
use std::time::Instant;

/// The parameters of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The session that gets [`Mail::Probed`], exactly once.
    pub client: Id,
    /// Its ticket for this query.
    pub ticket: Ticket,
    /// The transport to the server.
    pub transport: Transport,
    /// The deadline of the answer.
    pub until: Instant,
}

/// A query in progress.
#[derive(Debug)]
pub struct Session {
    probe: Probe,
    local: Option<SocketAddr>,
    done: Option<Close>,
}

impl Session {
    /// Creates a query.
    pub fn open(probe: Probe) -> Session {
        Session { probe, local: None, done: None }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: &Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        match event {
            Event::Opened { local } => self.opened(*local, cx),
            Event::Bytes if recv.len() > READING_BYTES_MAX => {
                self.finish(None, Close::TooLarge, cx);
            }
            Event::Eof => {
                let value = match reading(recv.bytes()) {
                    Parse::Done(value, _) => Some(value),
                    Parse::More | Parse::Bad(_) => None,
                };
                recv.clear();
                self.finish(value, Close::Finished, cx);
            }
            Event::Tick => self.finish(None, Close::ReplyTimeout, cx),
            Event::Refused(_) => self.finish(None, Close::Lost, cx),
            Event::Bytes | Event::Done(..) | Event::Mail(_) => {}
        }
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        Some(Deadline::Busy(self.probe.until))
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    fn opened(&mut self, local: Option<SocketAddr>, cx: &mut Cx<'_>) {
        match self.probe.transport {
            Transport::Tcp => {}
            Transport::Udp => {
                self.local = local;
                cx.world.legacy.probes.extend(local);
                cx.send.push(b"\n");
            }
        }
    }

    fn finish(&mut self, value: Option<f64>, why: Close, cx: &mut Cx<'_>) {
        if let Some(local) = self.local.take() {
            cx.world.legacy.probes.remove(&local);
        }
        self.done = Some(why);
        cx.effects.push(Effect::Post(self.probe.client, Mail::Probed(self.probe.ticket, value)));
    }
}
