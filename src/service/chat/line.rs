//! The chat over TCP: lines in, lines out, for visitors and agents alike.
//!
//! `caller` handles the commands; this file only has the line protocol: endings, telnet, lines that
//! are too long, and readers that are too slow.

use super::at;
use super::caller::{Asking, Caller, bye};
use super::lobby::{Notice, Out, Reason};
use super::role::Role;
use crate::buf::RecvBuf;
use crate::limits;
use crate::service::{Cx, Deadline, Event, Mail, Progress, Refusal};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::chat::{Bad, Piece, Printer, Reader};
use std::time::{Duration, Instant};

/// A connection.
#[derive(Debug)]
pub struct Session {
    reader: Reader,
    caller: Box<Caller>,
    /// True if the client ends its lines in CRLF; it gets the same.
    crlf: bool,
    /// Lines in a row that were too long.
    too_long: u8,
    /// Time until which a client has to introduce itself.
    until: Instant,
    /// True if it knows that the server is shutting down.
    ending: bool,
    /// Time of the next piece of pending lines.
    next: Option<Instant>,
    /// True if the pending output is a requested list, which does not make the client slow.
    listed: bool,
}

/// Lines in a row that may be too long.
const TOO_LONG_MAX: u8 = 3;

/// Timeout of a client in the lobby, which has timeouts of its own.
const FAR: Duration = Duration::from_secs(24 * 3600);

impl Session {
    /// Creates a session for a new client.
    pub fn open(now: Instant) -> Session {
        Session {
            reader: Reader::default(),
            caller: Box::new(Caller::new(now)),
            crlf: false,
            too_long: 0,
            until: now + limits::CHAT_SILENT,
            ending: false,
            next: None,
            listed: false,
        }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if self.caller.done.is_some() {
            return Progress::Starved;
        }
        match event {
            Event::Opened { .. } => {
                let version = env!("CARGO_PKG_VERSION");
                self.print(cx, |_, _, p| {
                    p.event(format_args!("HELLO server=pentad version={version} :Say /help"));
                });
            }
            // Output has drained, or input has arrived: pending lines go first.
            Event::Bytes if !self.caller.rows.is_empty() => self.proceed(cx),
            Event::Bytes if !self.wants_read() => return Progress::Starved,
            Event::Bytes => return self.input(recv, cx),
            Event::Eof => self.end_of_input(recv, cx),
            Event::Mail(Mail::Chat(notice)) => self.told(notice, cx),
            event @ (Event::Done(..) | Event::Refused(Refusal::Job(_))) => {
                self.print(cx, |caller, cx, p| caller.answered(event, cx, p));
                self.proceed(cx);
            }
            Event::Refused(Refusal::Connection(_)) => {
                self.caller.leave_behind(Close::Lost, cx);
                return Progress::Starved;
            }
            // The driver ends a session that does not answer.
            Event::Refused(Refusal::Input) => return Progress::Starved,
            Event::Tick => self.overdue(cx),
            Event::Mail(
                Mail::Probed(..)
                | Mail::Searched(_)
                | Mail::Fetched(..)
                | Mail::Store(_)
                | Mail::Cancelled,
            ) => {}
        }
        Progress::Advanced
    }

    /// See [`crate::app::Session::deadline`]. No session is evicted to make room, and each is
    /// told when the server shuts down; from then on a last line is owed.
    pub fn deadline(&self) -> Option<Deadline> {
        let at = self.next.map_or(self.until, |next| next.min(self.until));
        let owed = self.ending || self.next.is_some();
        Some(if owed { Deadline::Busy(at) } else { Deadline::Standing(at) })
    }

    /// See [`crate::app::Session::wants_read`].
    pub fn wants_read(&self) -> bool {
        let listens = matches!(self.caller.asking, Asking::Nothing) && self.caller.rows.is_empty();
        self.caller.done.is_none() && listens
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.caller.done
    }

    fn input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match self.reader.next(recv.bytes()) {
            Parse::Done(piece, used) => {
                recv.consume(used);
                self.piece(piece, cx);
                Progress::Advanced
            }
            Parse::More => Progress::Starved,
            Parse::Bad(never) => match never {},
        }
    }

    fn piece(&mut self, piece: Piece, cx: &mut Cx<'_>) {
        match piece {
            Piece::Nothing => return,
            Piece::Line { text, crlf } => {
                self.too_long = 0;
                self.crlf |= crlf;
                self.print(cx, |caller, cx, p| caller.on_line(&text, cx, p));
                self.proceed(cx);
            }
            Piece::Refused(bad) => {
                self.too_long = if bad == Bad::TooLong { self.too_long + 1 } else { 0 };
                let last = self.too_long >= TOO_LONG_MAX;
                self.print(cx, |caller, cx, p| {
                    caller.on_bad_line(bad, cx, p);
                    if last {
                        bye(p, Reason::Flood);
                        caller.leave_behind(Close::TooLarge, cx);
                    }
                });
            }
        }
        self.rest(cx);
    }

    /// Handles the end of input: the client counts as disconnected, and may resume.
    fn end_of_input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) {
        recv.clear();
        if let Some(piece) = self.reader.last() {
            self.piece(piece, cx);
        }
        self.caller.leave_behind(Close::Peer, cx);
    }

    /// Prints a notice. A slow reader misses outdated ones; a slower one is disconnected, and can
    /// resume for the lines it has missed.
    fn told(&mut self, notice: Notice, cx: &mut Cx<'_>) {
        let waiting = cx.send.len();
        self.listed &= waiting > cx.world.web.limits.output_low;
        if self.listed || !self.caller.rows.is_empty() {
            if !self.caller.told_behind(notice) {
                self.cut_off(cx);
            }
            return;
        }
        if waiting > limits::CHAT_SLOW_LOSSY && notice.is_coalescible() {
            return;
        }
        if waiting > limits::CHAT_SLOW {
            return self.cut_off(cx);
        }
        self.print(cx, |caller, _, p| caller.told(&notice, p));
        self.rest(cx);
    }

    fn cut_off(&mut self, cx: &mut Cx<'_>) {
        self.caller.rows.clear();
        self.print(cx, |_, _, p| p.event(format_args!("BYE reason=slow")));
        self.caller.leave_behind(Close::SlowReader, cx);
    }

    /// Prints a piece of the pending lines, unless the client has not read the previous one. The
    /// next one is for another turn, or for when output has drained.
    fn proceed(&mut self, cx: &mut Cx<'_>) {
        self.next = None;
        if self.caller.rows.is_empty() || cx.send.len() > cx.world.web.limits.output_low {
            return;
        }
        self.print(cx, |caller, _, p| caller.unroll(p));
        self.listed = true;
        self.rest(cx);
        if !self.caller.rows.is_empty() {
            self.next = Some(cx.now + limits::NEXT_TURN);
        }
    }

    fn overdue(&mut self, cx: &mut Cx<'_>) {
        if cx.draining && !self.ending {
            return self.dismiss(cx);
        }
        if self.next.is_some_and(|next| next <= cx.now) {
            self.proceed(cx);
        }
        if self.until > cx.now {
            return;
        }
        if self.caller.role == Role::Unknown {
            self.print(cx, |caller, _, p| {
                p.err(408, "silent", "Say who you are, or anything.");
                bye(p, Reason::Idle);
                caller.done = Some(Close::Idle);
            });
        }
        self.rest(cx);
    }

    /// Handles the shutdown. Clients in the lobby get their last line from it, as soon as their
    /// outcome is on disk; a client that has not introduced itself gets it here.
    fn dismiss(&mut self, cx: &mut Cx<'_>) {
        self.ending = true;
        self.print(cx, |caller, cx, p| match caller.role {
            Role::Unknown => {
                bye(p, Reason::Shutdown);
                caller.done = Some(Close::Draining);
            }
            Role::Visitor(_) | Role::Agent(_) => {
                let mut out = Out::default();
                cx.world.chat.lobby.shut_down(at(cx), &mut out);
                caller.settle(out, cx, p);
            }
        });
        self.rest(cx);
        self.proceed(cx);
    }

    /// Extends the timeout of a client in the lobby, which has timeouts of its own.
    fn rest(&mut self, cx: &Cx<'_>) {
        if self.caller.role != Role::Unknown {
            self.until = cx.now + FAR;
        }
    }

    /// Lets the caller print into the output.
    fn print(
        &mut self,
        cx: &mut Cx<'_>,
        act: impl FnOnce(&mut Caller, &mut Cx<'_>, &mut Printer<'_>),
    ) {
        let mut out = std::mem::take(cx.send.tail());
        act(&mut self.caller, cx, &mut Printer { out: &mut out, crlf: self.crlf });
        debug_assert!(cx.send.tail().is_empty(), "only one prints at a time");
        *cx.send.tail() = out;
    }
}
