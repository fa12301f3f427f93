//! Fetches a file of the site for all requests that wait for it, with one job.
//!
//! ```text
//!   requested ─▶ looked up ─┬─ found ──────────────────────────▶ (kept) ─▶ all are told
//!      ▲                    ├─ found, to be compressed ─▶ packed ──▲
//!      │ a moment later     └─ being written: the old one is used meanwhile
//!      └────────────────────────┘
//! ```
//! A fetch has no peer: it outlives the requests, and its result is there for the next one.

use super::make::keep;
use super::resource::{PACK_BYTES_MIN, Variant};
use super::table::{Fetched, Kept, Name};
use crate::limits;
use crate::service::{Cx, Deadline, Effect, Event, Progress, Refusal, Ticket};
use crate::stats::Close;
use crate::work::files::{self, Coding, Content, Found, Mark, NoFile, Patience, Wish};
use crate::work::{Compute, Job, Outcome};
use std::sync::Arc;
use std::time::Instant;

/// The session of one fetch.
#[derive(Debug)]
pub struct Session {
    name: Name,
    /// The found file that is being compressed.
    packing: Option<Box<Found>>,
    /// Time of the next attempt.
    again: Option<Instant>,
    /// Time until which it waits for a descriptor.
    until: Option<Instant>,
    /// Number of times that the file was seen being written, and its last state.
    tries: u32,
    seen: Option<Mark>,
    /// The condition on which it is used next time.
    patience: Patience,
    done: Option<Close>,
}

/// The ticket of the only job of such a session.
const TICKET: Ticket = 0;

impl Session {
    /// Creates the session of a fetch in the table.
    pub fn open(name: Name) -> Session {
        let patience = Patience::Settled;
        Session {
            name,
            packing: None,
            again: None,
            until: None,
            tries: 0,
            seen: None,
            patience,
            done: None,
        }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: Event, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        match event {
            Event::Opened { .. } => self.look(cx),
            Event::Done(TICKET, Outcome::Files(outcome)) => self.looked(outcome, cx),
            Event::Done(TICKET, Outcome::Packed(bytes)) => self.packed(bytes, cx),
            Event::Done(..) => self.end(&Fetched::No(NoFile::Failed), cx),
            Event::Refused(Refusal::Job(_)) => self.refused(cx),
            Event::Refused(Refusal::Connection(_)) => self.end(&Fetched::Alone, cx),
            Event::Tick => {
                if self.again.is_some_and(|at| at <= cx.now) {
                    self.again = None;
                    self.look(cx);
                }
            }
            Event::Bytes | Event::Eof | Event::Mail(_) | Event::Refused(Refusal::Input) => {}
        }
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        self.again.map(Deadline::Busy)
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    fn look(&mut self, cx: &mut Cx<'_>) {
        let site = &mut cx.world.site;
        let Some(fetch) = site.fetches.find(self.name) else {
            self.done = Some(Close::Finished);
            return;
        };
        let mut lookup = site.lookup(&fetch.path, fetch.order, cx.wall);
        // A file without the requested encoding has to be read again, even if it is unchanged.
        let known = site.cache.peek(&fetch.path);
        let known = known.filter(|resource| resource.has(fetch.order.wish) && !resource.is_young);
        lookup.known = known.map(|resource| resource.state);
        lookup.patience = self.patience;
        let job = files::Job::lookup(lookup);
        cx.effects.push(Effect::Submit(TICKET, Job::Compute(Compute::Files(Box::new(job)))));
    }

    fn looked(&mut self, outcome: files::Outcome, cx: &mut Cx<'_>) {
        let fetched = match outcome {
            files::Outcome::Found(found) => return self.found(found, cx),
            files::Outcome::Unsettled(mark) => return self.unsettled(mark, cx),
            files::Outcome::Same => return self.known(cx),
            files::Outcome::No(NoFile::Busy) => return self.wait_for_a_descriptor(cx),
            files::Outcome::No(no) => cx.world.site.without_file(no),
            files::Outcome::Warm | files::Outcome::Changed | files::Outcome::Rooted => {
                Fetched::No(NoFile::Failed)
            }
        };
        if !matches!(fetched, Fetched::No(NoFile::Failed)) {
            self.forget(cx);
        }
        self.end(&fetched, cx);
    }

    fn found(&mut self, found: Box<Found>, cx: &mut Cx<'_>) {
        let site = &cx.world.site;
        let Some(fetch) = site.fetches.find(self.name) else {
            self.done = Some(Close::Finished);
            return;
        };
        // A file that is about to change would be compressed in vain.
        let packs =
            site.packs(&fetch.path, &found.state) && !found.glance.is_compressed && !found.is_young;
        if let Content::Bytes(bytes) = &found.content
            && packs
            && is_to_be_packed(&found, fetch.order.wish)
        {
            let job = Effect::Submit(TICKET, pack(Arc::clone(bytes)));
            self.packing = Some(found);
            cx.effects.push(job);
            return;
        }
        let variant = site.variant(&fetch.path, &found, packs, cx.wall);
        self.keep(&found, packs, variant, cx);
    }

    fn packed(&mut self, bytes: Arc<[u8]>, cx: &mut Cx<'_>) {
        let site = &cx.world.site;
        let (Some(found), Some(fetch)) = (self.packing.take(), site.fetches.find(self.name)) else {
            self.done = Some(Close::Finished);
            return;
        };
        // A file that does not get shorter is sent as it is.
        let packs = (bytes.len() as u64) < found.mark.bytes;
        let variant = if packs {
            site.packed_variant(&fetch.path, &found, bytes, cx.wall)
        } else {
            site.variant(&fetch.path, &found, false, cx.wall)
        };
        self.keep(&found, packs, variant, cx);
    }

    /// Finishes with a file: caches it if possible, and tells all.
    fn keep(&mut self, found: &Found, packs: bool, variant: Variant, cx: &mut Cx<'_>) {
        let site = &mut cx.world.site;
        let Some(fetch) = site.fetches.find(self.name) else {
            self.done = Some(Close::Finished);
            return;
        };
        let variant = Arc::new(variant);
        let kept = match &variant.content {
            Content::Bytes(_) | Content::Sealed(_) => {
                keep(&mut site.cache, &fetch.path, found, packs, &variant, cx.now)
            }
            Content::File(_) => {
                site.cache.remove(&fetch.path);
                false
            }
            Content::None => false,
        };
        let kept = Kept { state: found.state, packs, variant, kept };
        self.end(&Fetched::File(Arc::new(kept)), cx);
    }

    /// Finishes with the cached file, which is still valid, or good enough for now.
    fn known(&mut self, cx: &mut Cx<'_>) {
        self.touch(cx);
        self.end(&Fetched::Known, cx);
    }

    /// Handles a file that is being written. Requests that accept the previous version get it.
    fn unsettled(&mut self, mark: Mark, cx: &mut Cx<'_>) {
        self.tries += 1;
        let before = self.seen.replace(mark);
        let is_replaced = before.is_some_and(|before| !before.is_file(&mark));
        let is_known = self.touch(cx);
        self.patience = match self.tries / limits::SETTLE_TRIES {
            0 if is_replaced => Patience::Whole,
            0 => Patience::Settled,
            1 => Patience::Quiet(mark),
            2 => Patience::Whole,
            _ if is_known => return self.end(&Fetched::Known, cx),
            _ => Patience::Any,
        };
        if is_known {
            cx.world.site.fetches.tell(self.name, &Fetched::Known, cx.effects);
        }
        match self.patience {
            Patience::Any => self.look(cx),
            Patience::Whole if is_replaced => self.look(cx),
            Patience::Settled | Patience::Quiet(_) | Patience::Whole => {
                self.again = Some(cx.now + limits::SETTLE_PAUSE);
            }
        }
    }

    /// Waits for a free descriptor. Idle connections are closed meanwhile, so there will be one
    /// soon.
    fn wait_for_a_descriptor(&mut self, cx: &mut Cx<'_>) {
        let until = *self.until.get_or_insert(cx.now + limits::DESCRIPTOR_WAIT);
        if cx.now >= until || self.touch(cx) {
            return self.refused(cx);
        }
        self.again = Some(cx.now + limits::FILE_RETRY);
    }

    /// Handles a refusal by the full pool.
    fn refused(&mut self, cx: &mut Cx<'_>) {
        if let Some(found) = self.packing.take() {
            // Uncompressed is better than nothing.
            let site = &cx.world.site;
            if let Some(fetch) = site.fetches.find(self.name) {
                let variant = site.variant(&fetch.path, &found, false, cx.wall);
                return self.keep(&found, false, variant, cx);
            }
        }
        let is_known = self.touch(cx);
        self.end(if is_known { &Fetched::Known } else { &Fetched::No(NoFile::Busy) }, cx);
    }

    /// Records a check of the cached entry; returns true if it has the requested encoding.
    fn touch(&self, cx: &mut Cx<'_>) -> bool {
        let site = &mut cx.world.site;
        let Some(fetch) = site.fetches.find(self.name) else {
            return false;
        };
        let Some(resource) = site.cache.peek(&fetch.path) else {
            return false;
        };
        resource.checked = cx.now;
        resource.has(fetch.order.wish)
    }

    fn forget(&self, cx: &mut Cx<'_>) {
        let site = &mut cx.world.site;
        if let Some(fetch) = site.fetches.find(self.name) {
            site.cache.remove(&fetch.path);
        }
    }

    fn end(&mut self, fetched: &Fetched, cx: &mut Cx<'_>) {
        let site = &mut cx.world.site;
        if let Some(fetch) = site.fetches.find(self.name)
            && let Some(resource) = site.cache.peek(&fetch.path)
        {
            resource.checking = false;
        }
        site.fetches.tell(self.name, fetched, cx.effects);
        site.fetches.close(self.name);
        self.done = Some(Close::Finished);
    }
}

/// Returns true if a found file should be sent compressed.
pub(super) fn is_to_be_packed(found: &Found, wish: Wish) -> bool {
    let welcome = wish.codings().iter().take_while(|coding| **coding != Coding::Identity);
    found.coding == Coding::Identity
        && found.mark.bytes >= PACK_BYTES_MIN
        && welcome.into_iter().any(|coding| *coding == Coding::Gzip)
}

#[cfg(feature = "gzip")]
fn pack(bytes: Arc<[u8]>) -> Job {
    Job::Compute(Compute::Pack(Box::new(crate::work::pack::Job::new(bytes))))
}

#[cfg(not(feature = "gzip"))]
fn pack(_bytes: Arc<[u8]>) -> Job {
    unreachable!("without the feature nothing is found worth it")
}
