//! One line for a client that has not been printed.

use super::lobby::Notice;
use crate::work::db::chat::Line;
use std::sync::Arc;
use std::time::Duration;

/// A line that has not been printed.
#[derive(Debug)]
pub(super) enum Row {
    /// A notice.
    Notice(Notice),
    /// An item of a list.
    Text(String),
    /// A line of a chat in progress: milliseconds, sender, text.
    Said(u32, Arc<str>, Arc<str>),
    /// A line of a finished chat.
    Past(Line),
    /// A waiting visitor.
    Waiting(Waiting),
}

/// A waiting visitor, as agents see it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) pos: u32,
    pub(super) name: Arc<str>,
    pub(super) short: u16,
    pub(super) waited: Duration,
    pub(super) here: bool,
}

impl Waiting {
    pub(super) fn line(&self) -> String {
        let Waiting { pos, name, short, waited, here } = self;
        let (waited, here) = (waited.as_secs(), if *here { "here" } else { "detached" });
        format!("pos={pos} visitor={name} id={short:04x} waited={waited} {here}")
    }
}
