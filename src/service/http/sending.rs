//! A file on its way out: stretch by stretch, each in memory before it is offered to the socket,
//! so that the loop never waits for a disk.
//!
//! ```text
//!   Asked ─warm→ Ready ─room→ offered, and the next one Asked ─▶ … ─▶ sent
//!     │ pool full
//!   Full ─a little later→ Asked
//! ```
//! The beginning is in memory since the file was opened, and goes out with the head. It holds no
//! byte of the file. A file that is not what it was ends the connection: what is missing is never
//! made up.

use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Refusal, Ticket};
use crate::stats::Close;
use crate::work::files::{self, Opened};
use crate::work::{Compute, Job, Outcome};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct Sending {
    file: Arc<Opened>,
    left: Range<u64>,
    /// Bytes of a stretch.
    most: u64,
    stretch: Stretch,
    ticket: Ticket,
    /// Why the connection closes after it, if it does.
    pub then: Option<Close>,
}

/// The next stretch.
#[derive(Debug)]
enum Stretch {
    /// A worker sees to it.
    Asked,
    /// It waits for room, up to this place.
    Ready(u64),
    /// No worker had time: until when to wait.
    Full(Instant),
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progressed {
    /// There is more to come.
    Some,
    /// All of it has been offered.
    All,
    /// The file is not what it was.
    Changed,
}

impl Sending {
    /// Begins with this part of a file, which is not empty.
    pub fn begin(
        file: &Arc<Opened>,
        left: Range<u64>,
        then: Option<Close>,
        ticket: Ticket,
        cx: &mut Cx<'_>,
    ) -> Sending {
        let file = Arc::clone(file);
        let most = (cx.world.web.limits.output_high * limits::FILE_STRETCH) as u64;
        let warm = left.start.max(file.warm().min(left.end));
        cx.send.push_file(&file, left.start..warm);
        let left = warm..left.end;
        let mut sending = Sending { file, left, most, stretch: Stretch::Asked, ticket, then };
        if sending.left() > 0 {
            sending.ask(cx);
        }
        sending
    }

    /// When to look at the time.
    pub fn deadline(&self) -> Option<Deadline> {
        match self.stretch {
            Stretch::Full(until) => Some(Deadline::Busy(until)),
            Stretch::Asked | Stretch::Ready(_) => None,
        }
    }

    /// Bytes that have not been offered yet.
    pub fn left(&self) -> u64 {
        self.left.end - self.left.start
    }

    /// Something has happened.
    pub fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Progressed {
        match event {
            Event::Done(ticket, Outcome::Files(files::Outcome::Warm)) if *ticket == self.ticket => {
                self.stretch = Stretch::Ready(self.end());
            }
            // It is not what it was, or the job panicked.
            Event::Done(..) => return Progressed::Changed,
            Event::Refused(Refusal::Job(_)) => {
                self.stretch = Stretch::Full(cx.now + limits::FILE_RETRY);
            }
            Event::Tick => {
                if let Stretch::Full(until) = self.stretch
                    && until <= cx.now
                {
                    self.ask(cx);
                }
            }
            Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Mail(_)
            | Event::Refused(Refusal::Input | Refusal::Connection) => {}
        }
        self.offer(cx)
    }

    /// Hands the next stretch over, if there is room for it.
    fn offer(&mut self, cx: &mut Cx<'_>) -> Progressed {
        let Stretch::Ready(end) = self.stretch else {
            return Progressed::Some;
        };
        if cx.send.len() > cx.world.web.limits.output_low {
            return Progressed::Some;
        }
        cx.send.push_file(&self.file, self.left.start..end);
        self.left.start = end;
        if self.left.is_empty() {
            return Progressed::All;
        }
        self.ask(cx);
        Progressed::Some
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        self.stretch = Stretch::Asked;
        let job = files::Job::warm(Arc::clone(&self.file), self.left.start..self.end());
        cx.effects.push(Effect::Submit(self.ticket, Job::Compute(Compute::Files(Box::new(job)))));
    }

    fn end(&self) -> u64 {
        self.left.end.min(self.left.start + self.most)
    }
}
