//! Moving bytes: read, handle and write in one go, until the socket has no more, the session wants
//! no more, or the turn's share is used up.
//!
//! ```text
//!      ┌─▶ digest ─▶ flush ─▶ done? ─▶ linger ─▶ discard
//!      └── fill ◀───────┘
//! ```
//! It never blocks, never examines a byte, and never stops without a pending report of the kernel
//! or a place in the ready queue.

use super::{Conn, End, Phase, PumpResult};
use crate::app::{App, Event, Id, Progress, Session};
use crate::buf::RecvBuf;
use crate::net::context::{LoopContext, Scratch};
use crate::net::socket::Socket;
use crate::stats::Close;
use std::io::{ErrorKind, IoSlice};
use std::time::Instant;

/// The remaining share of a turn, in bytes.
struct Share {
    read: usize,
    write: usize,
}

/// The result of a flush.
enum Flushed {
    /// Everything was sent.
    All,
    /// Output that waited since an earlier turn was sent.
    Drained,
    Blocked,
    Share,
}

/// A share stands for time, measured in copied bytes. Files are not copied, so their bytes count
/// less by this factor.
const FILE_DISCOUNT: usize = 4;

/// Bytes that are read from a broken connection: more than most answers have, and a bound on the
/// time.
const REST_BYTES: usize = 4 << 20;

/// Slices of output per call: a head and a shared body for each of eight answers.
const SLICES: usize = 16;

impl<S: Socket, A: App> Conn<S, A> {
    pub(super) fn run(
        &mut self,
        id: Id,
        event: Option<Event<A::Mail>>,
        scratch: &mut Scratch,
        cx: &mut LoopContext<A>,
    ) -> Result<PumpResult, Close> {
        if let Some(event) = event {
            self.starved = false;
            self.tell(id, event, scratch, cx)?;
        }
        match self.phase {
            Phase::Dialling if self.session.is_done().is_some() => {
                return Err(self.session.is_done().unwrap_or(Close::Finished));
            }
            Phase::Dialling if !self.ready.writable => return Ok(PumpResult::Waits),
            Phase::Dialling => self.establish(id, scratch, cx)?,
            Phase::Open | Phase::Lingering { .. } => {}
        }
        let bytes = cx.limits.turn_bytes;
        let mut share = Share { read: bytes, write: bytes };
        loop {
            if let Phase::Lingering { .. } = self.phase {
                return self.discard(&mut share, scratch, cx.now);
            }
            self.digest(id, scratch, cx)?;
            let flushed = match self.flush(&mut share, scratch, cx) {
                Err(Close::Lost) => return Err(self.read_rest(id, scratch, cx)),
                flushed => flushed?,
            };
            match (flushed, self.session.is_done()) {
                (Flushed::Share, _) => return Ok(PumpResult::Again),
                (Flushed::Blocked, Some(_)) => return Ok(PumpResult::Waits),
                (Flushed::All | Flushed::Drained, Some(why)) => {
                    if why == Close::Requested && self.is_read_out(scratch) {
                        return Ok(PumpResult::Over(why));
                    }
                    self.linger(why, cx.now)?;
                    continue;
                }
                (Flushed::Drained, None) => {
                    // The session may have been waiting for room, even if it does not read.
                    self.starved = self.tell(id, Event::Bytes, scratch, cx)? == Progress::Starved;
                    continue;
                }
                (Flushed::All | Flushed::Blocked, None) if self.can_digest(scratch) => continue,
                (Flushed::All | Flushed::Blocked, None) => {}
            }
            let reading = self.end == End::Ahead && !self.paused && self.session.wants_read();
            if !reading || !self.ready.readable {
                return Ok(PumpResult::Waits);
            }
            if share.read == 0 {
                return Ok(PumpResult::Again);
            }
            self.fill(&mut share, scratch)?;
        }
    }

    /// Handles the end of a connection attempt.
    fn establish(
        &mut self,
        id: Id,
        scratch: &mut Scratch,
        cx: &mut LoopContext<A>,
    ) -> Result<(), Close> {
        match self.socket.take_error() {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return Err(Close::Unreachable),
        }
        self.phase = Phase::Open;
        let local = self.socket.local();
        self.tell(id, Event::Opened { local }, scratch, cx)?;
        Ok(())
    }

    /// Returns true if no more input of the peer is known. After it has asked for the end it must
    /// not send anything (RFC 9112 §9.6).
    fn is_read_out(&self, scratch: &Scratch) -> bool {
        self.input(scratch).is_empty() && !self.ready.readable
    }

    /// Returns the input that was not consumed.
    fn input<'a>(&'a self, scratch: &'a Scratch) -> &'a RecvBuf {
        self.recv.as_ref().map_or(&scratch.recv, |tail| &tail.input)
    }

    fn can_digest(&self, scratch: &Scratch) -> bool {
        let unread = !self.input(scratch).is_empty();
        let wanted = self.session.wants_read() && !self.paused;
        wanted && ((unread && !self.starved) || self.end == End::Seen)
    }

    /// Lets the session advance with its input, within its share.
    fn digest(
        &mut self,
        id: Id,
        scratch: &mut Scratch,
        cx: &mut LoopContext<A>,
    ) -> Result<(), Close> {
        while self.can_digest(scratch) && self.session.is_done().is_none() {
            let unread = !self.input(scratch).is_empty();
            if unread && !self.starved {
                self.starved = self.tell(id, Event::Bytes, scratch, cx)? == Progress::Starved;
            } else {
                self.end = End::Told;
                self.tell(id, Event::Eof, scratch, cx)?;
            }
            let output = self.send.as_deref().map_or(&scratch.send, |held| &held.output);
            self.paused = output.len() >= cx.limits.output_high;
        }
        Ok(())
    }

    fn flush(
        &mut self,
        share: &mut Share,
        scratch: &mut Scratch,
        cx: &mut LoopContext<A>,
    ) -> Result<Flushed, Close> {
        loop {
            let output =
                self.send.as_deref_mut().map_or(&mut scratch.send, |held| &mut held.output);
            if self.paused && output.len() <= cx.limits.output_low {
                self.paused = false;
            }
            if output.is_empty() {
                let waited = self.send.take().is_some();
                return Ok(if waited { Flushed::Drained } else { Flushed::All });
            }
            if !self.ready.writable {
                return Ok(Flushed::Blocked);
            }
            if share.write == 0 {
                return Ok(Flushed::Share);
            }
            // Slightly more than the share, instead of a rest that would take another turn.
            let most = if output.len() <= 2 * share.write { output.len() } else { share.write };
            let (sent, full, price) = match output.file() {
                None => {
                    let mut slices = [IoSlice::new(b""); SLICES];
                    let (filled, offered) = output.slices(&mut slices, most);
                    let more = output.is_file_at(offered);
                    (self.socket.write(&slices[..filled], more), offered, 1)
                }
                Some((file, range)) => {
                    let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
                    let offered = left.min(share.write * FILE_DISCOUNT);
                    // Less may be sent for other reasons than a full socket.
                    (
                        self.socket.send_file(file, range.start, offered, &mut scratch.splice_pipe),
                        0,
                        FILE_DISCOUNT,
                    )
                }
            };
            match sent {
                Ok(0) => return Err(Close::Lost),
                Ok(count) => {
                    output.advance(count);
                    share.write = share.write.saturating_sub(count.div_ceil(price));
                    self.ready.writable = count >= full;
                    if let Some(held) = &mut self.send {
                        held.pace.moved(count, cx.now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::InvalidData => return Err(Close::Changed),
                Err(_) => return Err(Close::Lost),
            }
        }
    }

    fn fill(&mut self, share: &mut Share, scratch: &mut Scratch) -> Result<(), Close> {
        let most = share.read;
        let before = scratch.recv.len();
        match scratch.recv.fill(most, |into| self.socket.read(into)) {
            Ok(0) => {
                self.end = End::Seen;
                self.ready.readable = false;
            }
            Ok(count) => {
                share.read -= count;
                self.starved = false;
                self.ready.readable = count == most || self.ready.ending;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(Close::Lost),
        }
        if let Some(tail) = &mut self.recv {
            debug_assert_eq!(before, 0, "with a tail, the scratch buffer is only passed through");
            tail.input.extend(scratch.recv.bytes());
            scratch.recv.clear();
        }
        Ok(())
    }

    /// Reads the input of a dialled connection that broke, and passes it to the session: a server
    /// may answer and close while the request is still being sent. Returns the reason of the end.
    pub(super) fn read_rest(
        &mut self,
        id: Id,
        scratch: &mut Scratch,
        cx: &mut LoopContext<A>,
    ) -> Close {
        let mut left = if self.dialled { REST_BYTES } else { 0 };
        while left > 0 && self.end == End::Ahead && self.session.is_done().is_none() {
            self.paused = false;
            if let Err(why) = self.digest(id, scratch, cx) {
                return why;
            }
            let most = left.min(cx.limits.turn_bytes);
            let mut share = Share { read: most, write: 0 };
            if !self.session.wants_read() || self.fill(&mut share, scratch).is_err() {
                break;
            }
            if share.read == most {
                break;
            }
            left -= most - share.read;
        }
        self.session.is_done().unwrap_or(Close::Lost)
    }

    fn discard(
        &mut self,
        share: &mut Share,
        scratch: &mut Scratch,
        now: Instant,
    ) -> Result<PumpResult, Close> {
        let Phase::Lingering { why, linger } = &mut self.phase else {
            unreachable!("called in this phase only")
        };
        self.recv = None;
        scratch.recv.clear();
        while self.ready.readable {
            let most = share.read.min(linger.left());
            if linger.left() == 0 {
                return Err(*why);
            }
            if most == 0 {
                return Ok(PumpResult::Again);
            }
            match scratch.recv.fill(most, |into| self.socket.read(into)) {
                Ok(0) => return Err(*why),
                Ok(count) => {
                    scratch.recv.clear();
                    linger.discarded(count, now);
                    share.read -= count;
                    self.ready.readable = count == most || self.ready.ending;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(*why),
            }
        }
        Ok(PumpResult::Waits)
    }
}
