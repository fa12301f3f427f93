//! Connections to replicas: a few to each, kept alive, one request at a time on each.
//!
//! ```text
//!   Dialling ─▶ Idle ─Work─▶ Asking ─reply─▶ Idle … ─▶ Done
//!       └─ unreachable ──────────┴─ lost ─▶ asked elsewhere, once
//! ```

use super::Call;
use crate::buf::RecvBuf;
use crate::client::http::{Part, Reader};
use crate::limits;
use crate::service::store::Notice;
use crate::service::store::replicas::changes::OUTCOME;
use crate::service::{Cx, Deadline, Event, Mail, Progress};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::http::{Fields, Method};
use crate::wire::reply::Field;
use std::time::{Duration, Instant};

/// A replica's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: std::sync::Arc<[u8]>,
    /// Fields that are passed on.
    pub fields: Vec<Field>,
    /// The name of the replica.
    pub replica: String,
    /// The time at which it was asked, …
    pub began: Instant,
    /// … and the time that the reply took.
    pub took: Duration,
    /// True if the cache has it now.
    pub stored: bool,
}

impl Reply {
    /// Returns true if it reports that the outcome of the request is unknown.
    pub fn is_unsure(&self) -> bool {
        self.fields.iter().any(|(name, _)| *name == OUTCOME)
    }
}

/// Fields of a reply that the front passes on to its clients.
const PASSED: [&str; 8] = [
    "ETag",
    "Location",
    "Link",
    "Retry-After",
    "Idempotent-Replayed",
    "Content-Type",
    "Cache-Control",
    OUTCOME,
];

/// Which replica a connection leads to: its place among the peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub usize);

/// A connection to a replica.
#[derive(Debug)]
pub struct Session {
    peer: Peer,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Dialling(Instant),
    Idle(Instant),
    Asking(Box<Asking>),
    Done(Close),
}

#[derive(Debug)]
struct Asking {
    call: Call,
    until: Instant,
    began: Instant,
    reader: Reader,
    status: u16,
    fields: Vec<Field>,
    body: Vec<u8>,
}

impl Session {
    /// A connection that is being made.
    pub fn open(peer: Peer, now: Instant) -> Session {
        Session { peer, stage: Stage::Dialling(now + limits::DIAL_TIMEOUT) }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: &Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match event {
            Event::Opened { .. } => self.next(cx),
            Event::Mail(Mail::Store(Notice::Leave)) => {
                if let Stage::Asking(_) = self.stage {
                    self.end(Close::ReplyTimeout, cx);
                }
            }
            Event::Mail(_) => {
                if let Stage::Idle(_) = self.stage {
                    self.next(cx);
                }
            }
            Event::Bytes => return self.input(recv, cx),
            Event::Eof => self.ended(recv, cx),
            Event::Tick => self.overdue(cx),
            Event::Refused(_) => self.end(Close::Lost, cx),
            Event::Done(..) => {}
        }
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        match &self.stage {
            Stage::Dialling(until) => Some(Deadline::Busy(*until)),
            Stage::Idle(until) => Some(Deadline::Idle(*until)),
            Stage::Asking(asking) => Some(Deadline::Busy(asking.until)),
            Stage::Done(_) => None,
        }
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        match self.stage {
            Stage::Done(why) => Some(why),
            Stage::Dialling(_) | Stage::Idle(_) | Stage::Asking(_) => None,
        }
    }

    /// Sends the next call, or waits for one.
    fn next(&mut self, cx: &mut Cx<'_>) {
        let front = &mut cx.world.store.front;
        let Some(call) = front.take_call(self.peer, cx.id) else {
            front.idle(self.peer, cx.id);
            self.stage = Stage::Idle(cx.now + limits::STORE_IDLE);
            return;
        };
        let (host, token) = front.host(self.peer);
        call.print(&host, token, cx.send.tail());
        let reader = Reader::new(Method::of(call.method));
        let (until, began) = (cx.now + limits::STORE_REPLY, cx.now);
        let (fields, body) = (Vec::new(), Vec::new());
        self.stage =
            Stage::Asking(Box::new(Asking { call, until, began, reader, status: 0, fields, body }));
    }

    fn input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let Stage::Asking(asking) = &mut self.stage else {
            // No request is under way.
            recv.clear();
            self.end(Close::BadInput, cx);
            return Progress::Advanced;
        };
        match asking.take(recv, cx) {
            Took::More => Progress::Starved,
            Took::All => {
                self.answered(cx);
                Progress::Advanced
            }
            Took::Bad => {
                recv.clear();
                self.end(Close::BadInput, cx);
                Progress::Advanced
            }
        }
    }

    fn ended(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) {
        if let Stage::Asking(asking) = &mut self.stage
            && asking.reader.end_of_input().is_ok()
        {
            self.answered(cx);
        }
        recv.clear();
        self.end(Close::Peer, cx);
    }

    fn answered(&mut self, cx: &mut Cx<'_>) {
        let Stage::Asking(asking) =
            std::mem::replace(&mut self.stage, Stage::Done(Close::Finished))
        else {
            return;
        };
        let Asking { call, began, reader, status, fields, body, .. } = *asking;
        let took = cx.now.saturating_duration_since(began);
        let replica = cx.world.store.front.name(self.peer);
        let body = body.into();
        let reply = Reply { status, body, fields, replica, began, took, stored: false };
        cx.world.store.front.answered(self.peer, cx.id);
        let keep = reader.keeps_alive();
        super::calls::answered(self.peer, call, reply, cx);
        if keep {
            self.next(cx);
        } else {
            super::calls::closed(self.peer, cx);
        }
    }

    fn overdue(&mut self, cx: &mut Cx<'_>) {
        match &self.stage {
            Stage::Idle(until) if *until <= cx.now => self.end(Close::Idle, cx),
            Stage::Dialling(until) if *until <= cx.now => self.end(Close::Unreachable, cx),
            Stage::Asking(asking) if asking.until <= cx.now => self.end(Close::ReplyTimeout, cx),
            Stage::Idle(_) | Stage::Dialling(_) | Stage::Asking(_) | Stage::Done(_) => {}
        }
    }

    /// The connection is over. Its call goes to another replica.
    fn end(&mut self, why: Close, cx: &mut Cx<'_>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Done(why));
        if let Stage::Done(before) = stage {
            self.stage = Stage::Done(before);
            return;
        }
        match stage {
            Stage::Dialling(_) => super::calls::unreachable(self.peer, cx),
            Stage::Asking(asking) => {
                cx.world.store.front.answered(self.peer, cx.id);
                super::calls::lost(self.peer, asking.call, cx);
            }
            Stage::Idle(_) | Stage::Done(_) => super::calls::closed(self.peer, cx),
        }
    }
}

enum Took {
    More,
    All,
    Bad,
}

impl Asking {
    fn take(&mut self, recv: &mut RecvBuf, cx: &Cx<'_>) -> Took {
        loop {
            let mut fields = Fields::new();
            let used = match self.reader.next(recv.bytes(), &cx.world.web.limits, &mut fields) {
                Parse::Done(Part::Head(head), used) => {
                    // None is defined above: an error of the replica (RFC 9110 §15).
                    self.status = if head.status < 600 { head.status } else { 502 };
                    self.fields.clear();
                    for field in head.fields {
                        let name = PASSED.iter().find(|name| name.eq_ignore_ascii_case(field.name));
                        if let Some(name) = name {
                            let value = String::from_utf8_lossy(field.value).into_owned();
                            self.fields.push((name, value.into()));
                        }
                    }
                    used
                }
                Parse::Done(Part::Body(bytes), used) => {
                    if self.body.len() + bytes.len() > limits::STORE_REPLY_BYTES {
                        return Took::Bad;
                    }
                    self.body.extend_from_slice(bytes);
                    used
                }
                Parse::Done(Part::Nothing, used) => used,
                Parse::Done(Part::End, _) => return Took::All,
                Parse::More if self.reader.is_over() => return Took::All,
                Parse::More => return Took::More,
                Parse::Bad(_) => return Took::Bad,
            };
            recv.consume(used);
        }
    }
}
