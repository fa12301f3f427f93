//! From what a job found to what the cache keeps and a response is made of.

use super::resource::{Parts, Resource, Variant};
use super::table::Order;
use super::{Cache, State, fetch, media, with_index};
use crate::limits;
use crate::work::files::{self, Coding, Content, Depth, Found, Lookup, Wish};
use std::sync::Arc;
use std::time::Instant;

impl State {
    /// What to look up for such an order.
    pub(super) fn lookup(&self, path: &[u8], order: Order) -> Lookup {
        let most = if self.cache.enabled() {
            self.cache.entry_bytes_max()
        } else {
            limits::FILE_READ_BYTES
        };
        // What is to be compressed has to be at hand.
        let mut welcome = order.wish.codings().iter();
        let is_packed = cfg!(feature = "gzip")
            && welcome.any(|coding| *coding == Coding::Gzip)
            && media::is_compressible(&media::of(&with_index(path)));
        let may_be_sealed = self.cache.enabled() && !is_packed;
        Lookup {
            site: Arc::clone(&self.source),
            path: path.into(),
            wish: order.wish,
            depth: if order.head { Depth::State } else { Depth::Content(most as u64) },
            list: self.rules.list,
            seats: may_be_sealed.then(|| Arc::clone(&self.seats)),
            wall: None,
            known: None,
        }
    }

    /// What a response about a found file is made of.
    pub(super) fn variant(&self, path: &[u8], found: &Found, wish: Wish, now: Instant) -> Variant {
        let path = with_index(path);
        let packs = self.packs(&path, &found.state);
        // Who only wants the head is told of what a body would be, as far as that is known.
        let would_be_packed =
            matches!(found.content, Content::None) && packs && fetch::is_to_be_packed(found, wish);
        let coding = if would_be_packed { Coding::Gzip } else { found.coding };
        let parts = Parts {
            path: &path,
            coding,
            mark: found.mark,
            packed: would_be_packed,
            varies: packs || found.state.sidecars != [None; 3],
            content: found.content.clone(),
            bytes: (!would_be_packed).then_some(found.mark.bytes),
            read: now,
        };
        Variant::new(parts, &self.rules)
    }
}

/// Puts a file in the cache. Whether it is there.
pub(super) fn keep(
    cache: &mut Cache<Resource>,
    path: &[u8],
    state: files::State,
    packs: bool,
    variant: &Arc<Variant>,
    now: Instant,
) -> bool {
    let old = cache.remove(path).filter(|resource| resource.state == state);
    let mut resource = old.unwrap_or_else(|| Resource::new(state, packs, now));
    resource.checked = now;
    resource.add(Arc::clone(variant));
    let bytes = resource.bytes();
    match cache.insert(path, resource, bytes) {
        Ok(()) => true,
        // With all its encodings it takes too much; alone it may not.
        Err(_) => {
            let mut resource = Resource::new(state, packs, now);
            resource.add(Arc::clone(variant));
            let bytes = resource.bytes();
            cache.insert(path, resource, bytes).is_ok()
        }
    }
}
