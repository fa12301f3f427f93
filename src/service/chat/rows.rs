//! Pending lines to one client: a list, a transcript, missed lines. Any number of them is printed
//! piece by piece, as the client reads them.
//!
//! ```text
//!   list, replay ─▶ rows ─piece→ output ─▶ …
//!                    ▲   └─ another turn, or output that has drained: the next piece
//!                    └─ later notices come after them
//! ```

use super::caller::Caller;
use super::lobby::Notice;
use super::report;
use super::row::Row;
use crate::wire::chat::Printer;

/// Bytes of a piece: with earlier pending output, no more than the high mark.
const PIECE: usize = 192 * 1024;

/// Notices of one command that are sent at once.
const AT_ONCE: usize = 8;

/// Maximum notices that arrive while rows are pending; a slower reader is disconnected.
const BEHIND_MAX: usize = 1024;

impl Caller {
    /// Prints a list: the number of lines, then the lines.
    pub(super) fn list(&mut self, rows: impl ExactSizeIterator<Item = Row>, p: &mut Printer<'_>) {
        p.ok(215, format_args!("lines={}", rows.len()));
        self.rows.extend(rows);
    }

    /// Prints the notices that this caller's own command has caused, in order.
    pub(super) fn told_all(&mut self, notices: Vec<Notice>, p: &mut Printer<'_>) {
        for (number, notice) in notices.into_iter().enumerate() {
            if number < AT_ONCE && self.rows.is_empty() {
                self.told(&notice, p);
            } else {
                self.rows.push_back(Row::Notice(notice));
            }
        }
    }

    /// Queues a notice after the pending rows; returns false if there are too many.
    pub(super) fn told_behind(&mut self, notice: Notice) -> bool {
        self.behind += 1;
        self.rows.push_back(Row::Notice(notice));
        self.behind <= BEHIND_MAX
    }

    /// Prints a piece of the pending rows.
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
