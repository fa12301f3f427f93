//! Lines on their way to one client: a list, a conversation, what was missed. However many there
//! are, they are printed piece by piece, as the client takes them.
//!
//! ```text
//!   list, replay ─▶ rows ─piece→ output ─▶ …
//!                    ▲   └─ another turn, or output that has drained: the next piece
//!                    └─ what happens meanwhile comes after them
//! ```

use super::caller::Caller;
use super::lobby::Notice;
use super::report;
use crate::wire::chat::Printer;
use crate::work::db::chat::Line;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a piece: with what may wait before it, no more than the high mark of the output.
const PIECE: usize = 192 * 1024;

/// What is told at once of all that a command has come to.
const AT_ONCE: usize = 8;

/// What may happen while rows are on their way; whoever reads more slowly is cut off.
const BEHIND_MAX: usize = 1024;

/// A line that has not been printed.
#[derive(Debug)]
pub(super) enum Row {
    /// Something happened.
    Notice(Notice),
    /// An item of a list.
    Text(String),
    /// Something that was said in a chat that goes on: milliseconds, by whom, what.
    Said(u32, Arc<str>, Arc<str>),
    /// Something that was said in a chat that is over.
    Past(Line),
    /// A visitor who waits.
    Waiting(Waiting),
}

/// A visitor who waits, as agents see it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) pos: u32,
    pub(super) name: Arc<str>,
    pub(super) short: u16,
    pub(super) waited: Duration,
    pub(super) here: bool,
}

impl Caller {
    /// A list: how many lines it has, then the lines.
    pub(super) fn list(&mut self, rows: impl ExactSizeIterator<Item = Row>, p: &mut Printer<'_>) {
        p.ok(215, format_args!("lines={}", rows.len()));
        self.rows.extend(rows);
    }

    /// Everything that this caller is told by what it has just done, in order.
    pub(super) fn told_all(&mut self, notices: Vec<Notice>, p: &mut Printer<'_>) {
        for (number, notice) in notices.into_iter().enumerate() {
            if number < AT_ONCE && self.rows.is_empty() {
                self.told(&notice, p);
            } else {
                self.rows.push_back(Row::Notice(notice));
            }
        }
    }

    /// Something happens while rows are on their way. False if that were too much.
    pub(super) fn told_behind(&mut self, notice: Notice) -> bool {
        self.behind += 1;
        self.rows.push_back(Row::Notice(notice));
        self.behind <= BEHIND_MAX
    }

    /// Prints a piece of what is on its way.
    pub(super) fn unroll(&mut self, p: &mut Printer<'_>) {
        let most = p.out.len() + PIECE;
        while p.out.len() < most
            && let Some(row) = self.rows.pop_front()
        {
            match row {
                Row::Notice(notice) => self.told(&notice, p),
                Row::Text(text) => p.item(&text),
                Row::Said(ms, who, text) => p.item(&report::spoken(ms, &who, &text)),
                Row::Past(line) => p.item(&report::said(&line)),
                Row::Waiting(waiting) => p.item(&waiting.line()),
            }
        }
        if self.done.is_some() {
            self.rows.clear();
        }
        if self.rows.is_empty() {
            self.behind = 0;
        }
    }
}

impl Waiting {
    fn line(&self) -> String {
        let Waiting { pos, name, short, waited, here } = self;
        let (waited, here) = (waited.as_secs(), if *here { "here" } else { "detached" });
        format!("pos={pos} visitor={name} id={short:04x} waited={waited} {here}")
    }
}
