//! Snapshot install: replicas that lack folded entries take the leader's snapshot in, page by page.
//!
//! All of them take the same pages. The next one is asked for when each of them has the last one on
//! its disk, so no more than a page is ever in memory.

use super::Follower;
use crate::service::Effect;
use crate::service::store::log::{Log, submit};
use crate::work::db::store::Request;
use crate::work::store::Seq;
use crate::work::store::page::{Cursor, Page};
use std::sync::Arc;

/// See the module.
#[derive(Debug, Default)]
pub struct SnapshotInstall {
    /// Files of the replicas that take the snapshot in.
    pub files: Vec<usize>,
    /// Those of them that have not taken in the last page.
    waiting: Vec<usize>,
    /// The entry that the snapshot includes last.
    seq: Option<Seq>,
    /// The page after the last one.
    next: Option<Cursor>,
}

impl Follower {
    /// Begins with the first page, together with the replicas that have begun before.
    pub fn install_snapshot(&mut self, mut files: Vec<usize>) {
        if files.is_empty() {
            return;
        }
        let install = self.install.get_or_insert_default();
        install.files.append(&mut files);
        install.waiting.clear();
        self.first_page();
    }

    /// Begins with the first page, once more.
    pub(super) fn first_page(&mut self) {
        if let Some(install) = &mut self.install {
            (install.seq, install.next) = (None, None);
            self.read_page(Cursor::FIRST, None);
        }
    }

    /// A page has come.
    pub(super) fn turn_page(&mut self, at: Cursor, page: Page, effects: &mut Vec<Effect>) {
        let Some(install) = &mut self.install else { return };
        let is_next =
            if at == Cursor::FIRST { install.seq.is_none() } else { install.next == Some(at) };
        if !is_next || install.seq.is_some_and(|seq| seq != page.seq) {
            return;
        }
        (install.seq, install.next) = (Some(page.seq), page.next);
        install.waiting.clone_from(&install.files);
        let page = Arc::new(page);
        for file in &install.files {
            submit(*file as u32, *file, Request::Stage(at, Arc::clone(&page)), effects);
        }
        if install.next.is_none() {
            // The files report their state themselves.
            self.install = None;
        }
    }

    fn staged(&mut self, file: usize) {
        let Some(install) = &mut self.install else { return };
        install.waiting.retain(|waiting| *waiting != file);
        let (next, seq) = (install.next, install.seq);
        if let Some(at) = next.filter(|_| install.waiting.is_empty() && seq.is_some()) {
            self.read_page(at, seq);
        }
    }
}

impl Log {
    /// A replica has taken the page in.
    pub fn staged(&mut self, file: usize) {
        if let Some(follower) = self.follower() {
            follower.staged(file);
        }
    }

    /// A replica is down and takes no pages in.
    pub(in crate::service::store::log) fn cancel_install(&mut self, file: usize) {
        let Some(follower) = self.follower() else { return };
        let Some(install) = &mut follower.install else { return };
        if !install.files.contains(&file) {
            return;
        }
        install.files.retain(|own| *own != file);
        if install.files.is_empty() {
            follower.install = None;
        } else {
            follower.staged(file);
        }
    }
}
