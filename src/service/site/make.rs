//! Converts the results of jobs to cache entries and parts of responses.

use super::resource::{Parts, Resource, Variant};
use super::table::{Fetched, Order};
use super::{Cache, State, media, with_index};
use crate::limits;
use crate::work::files::{Coding, Content, Depth, Found, Lookup, NoFile, Patience};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

impl State {
    /// Returns the lookup for an order.
    pub(super) fn lookup(&self, path: &[u8], order: Order, wall: SystemTime) -> Lookup {
        let most = if self.cache.enabled() {
            self.cache.entry_bytes_max()
        } else {
            limits::FILE_READ_BYTES
        };
        // A file that is to be compressed has to be in memory.
        let mut welcome = order.wish.codings().iter();
        let file = with_index(path);
        let is_packed = cfg!(feature = "gzip")
            && welcome.any(|coding| *coding == Coding::Gzip)
            && media::is_compressible(&file);
        let may_be_sealed = self.cache.enabled() && !is_packed;
        Lookup {
            site: Arc::clone(&self.source),
            path: path.into(),
            wish: order.wish,
            depth: if order.probe { Depth::State } else { Depth::Content(most as u64) },
            sidecars: media::encoding(&file).is_none(),
            list: self.rules.list.then_some(order.form),
            permits: may_be_sealed.then(|| Arc::clone(&self.permits)),
            wall,
            patience: Patience::Any,
            known: None,
        }
    }

    /// Returns the news for those that wait for a path without a file. Listings that are still
    /// being sent are counted: the memory that they take is bounded, however slow their readers.
    pub(super) fn without_file(&mut self, no: NoFile) -> Fetched {
        Fetched::No(match no {
            NoFile::Listing(document) => {
                self.listings.take_in(document).map_or(NoFile::Busy, NoFile::Listing)
            }
            NoFile::Directory
            | NoFile::Missing
            | NoFile::Denied
            | NoFile::Rootless
            | NoFile::Busy
            | NoFile::Failed => no,
        })
    }

    /// Returns the response parts of a found file.
    pub(super) fn variant(
        &self,
        path: &[u8],
        found: &Found,
        packs: bool,
        wall: SystemTime,
    ) -> Variant {
        let content = found.content.clone();
        self.variant_of(path, found, found.coding, packs, content, wall)
    }

    /// Returns the response parts of a file that was compressed to these bytes.
    pub(super) fn packed_variant(
        &self,
        path: &[u8],
        found: &Found,
        bytes: Arc<[u8]>,
        wall: SystemTime,
    ) -> Variant {
        self.variant_of(path, found, Coding::Gzip, true, Content::Bytes(bytes), wall)
    }

    fn variant_of(
        &self,
        path: &[u8],
        found: &Found,
        coding: Coding,
        packs: bool,
        content: Content,
        wall: SystemTime,
    ) -> Variant {
        let bytes = match &content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Sealed(_) | Content::File(_) | Content::None => found.mark.bytes,
        };
        let parts = Parts {
            path: &with_index(path),
            coding,
            found,
            varies: packs || found.state.sidecars != [None; 3],
            bytes,
            content,
            wall,
        };
        Variant::new(parts, &self.rules)
    }
}

/// Puts a file in the cache; returns true if it is there.
pub(super) fn keep(
    cache: &mut Cache<Resource>,
    path: &[u8],
    found: &Found,
    packs: bool,
    variant: &Arc<Variant>,
    now: Instant,
) -> bool {
    // A file that may have changed without a trace is not combined with older encodings.
    let is_same = |old: &Resource| {
        old.state == found.state && old.packs == packs && !old.is_young && !found.is_young
    };
    let new = || Resource::new(found, packs, now);
    let mut resource = cache.remove(path).filter(is_same).unwrap_or_else(new);
    resource.checked = now;
    resource.add(Arc::clone(variant));
    let bytes = resource.bytes();
    match cache.insert(path, resource, bytes) {
        Ok(()) => true,
        // With all its encodings it takes too much; alone it may fit.
        Err(_) => {
            let mut resource = new();
            resource.add(Arc::clone(variant));
            let bytes = resource.bytes();
            cache.insert(path, resource, bytes).is_ok()
        }
    }
}
