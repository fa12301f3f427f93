//! Beginning anew from the log's first state, page by page, where the entries that a replica lacks
//! were folded.
//!
//! All replicas that need it take the same pages. The next one is asked for when each of them has
//! the last one on its disk, so no more than a page is ever in memory.

use super::Follower;
use crate::service::Effect;
use crate::service::store::State;
use crate::service::store::log::submit;
use crate::service::store::replicas::{Phase, Replica};
use crate::work::db::store::Request;
use crate::work::store::Seq;
use crate::work::store::page::{Cursor, Page};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct SnapshotInstall {
    /// Files of the replicas that begin anew.
    pub files: Vec<usize>,
    /// Those of them that have not taken the page in.
    waiting: Vec<usize>,
    /// The state whose pages these are.
    seq: Option<Seq>,
    /// The page after this one.
    next: Option<Cursor>,
}

impl Follower {
    /// These replicas begin anew.
    pub fn install_snapshot<'r>(&mut self, behind: impl Iterator<Item = &'r mut Replica>) {
        let mut files = Vec::new();
        for replica in behind {
            replica.phase = Phase::Opening;
            files.push(replica.file);
        }
        match &mut self.anew {
            _ if files.is_empty() => {}
            // Those who are late begin with the others, from the first page.
            Some(anew) => {
                anew.files.append(&mut files);
                anew.waiting.clear();
                (anew.seq, anew.next) = (None, None);
                self.ask_for_page(Cursor::FIRST, None);
            }
            None => {
                self.anew =
                    Some(SnapshotInstall { files, waiting: Vec::new(), seq: None, next: None });
                self.ask_for_page(Cursor::FIRST, None);
            }
        }
    }
}

impl State {
    /// Begins with the first page, once more.
    pub(super) fn first_page(&mut self) {
        let Some(elsewhere) = self.follower() else { return };
        if let Some(anew) = &mut elsewhere.anew {
            (anew.seq, anew.next) = (None, None);
            elsewhere.ask_for_page(Cursor::FIRST, None);
        }
    }

    /// A page has come.
    pub(super) fn turn_page(&mut self, at: Cursor, page: Page, effects: &mut Vec<Effect>) {
        let Some(elsewhere) = self.follower() else { return };
        let Some(anew) = &mut elsewhere.anew else { return };
        let is_next = if at == Cursor::FIRST { anew.seq.is_none() } else { anew.next == Some(at) };
        if !is_next || anew.seq.is_some_and(|seq| seq != page.seq) {
            return;
        }
        (anew.seq, anew.next) = (Some(page.seq), page.next);
        anew.waiting.clone_from(&anew.files);
        let page = Arc::new(page);
        for file in &anew.files {
            submit(*file, Request::Stage(at, Arc::clone(&page)), effects);
        }
        if anew.next.is_none() {
            // What is in them now, the files say themselves.
            elsewhere.anew = None;
        }
    }

    /// A replica has taken the page in.
    pub(in crate::service::store) fn staged(&mut self, file: usize) {
        let Some(elsewhere) = self.follower() else { return };
        let Some(anew) = &mut elsewhere.anew else { return };
        anew.waiting.retain(|waiting| *waiting != file);
        let (next, seq) = (anew.next, anew.seq);
        if let Some(at) = next.filter(|_| anew.waiting.is_empty() && seq.is_some()) {
            elsewhere.ask_for_page(at, seq);
        }
    }

    /// A replica begins anew no longer.
    pub(in crate::service::store) fn unstage(&mut self, file: usize) {
        let Some(anew) = self.follower().and_then(|elsewhere| elsewhere.anew.as_mut()) else {
            return;
        };
        if !anew.files.contains(&file) {
            return;
        }
        anew.files.retain(|own| *own != file);
        if anew.files.is_empty() {
            if let Some(elsewhere) = self.follower() {
                elsewhere.anew = None;
            }
        } else {
            self.staged(file);
        }
    }
}
