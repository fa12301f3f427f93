//! What is kept in memory of the site: the least recently used goes first, and the bound is in
//! bytes.
//!
//! It reads nothing and keeps no clock: whoever finds an entry decides whether it is still good,
//! and says what became of the request by [`Cache::note`].

use crate::limits;
use crate::service::recent::Recent;
use std::collections::HashMap;

/// What the cache had to say about a request, as `X-Cache` and the access log say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answered from memory.
    Hit,
    /// Read for this request, or for another one that came at the same time.
    Miss,
    /// Not for the cache: it is off, or the file is too large for it.
    Bypass,
}

impl Verdict {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Hit => "HIT",
            Verdict::Miss => "MISS",
            Verdict::Bypass => "BYPASS",
        }
    }
}

/// The statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests answered from memory.
    pub hits: u64,
    /// Requests that a file was read for.
    pub misses: u64,
    /// Requests that the cache had no part in.
    pub bypasses: u64,
    /// Entries that had to make room for others.
    pub evictions: u64,
    /// Entries there are.
    pub entries: usize,
    /// Bytes that they take.
    pub bytes: usize,
    /// Bytes that they may take.
    pub max_bytes: usize,
}

/// See the module.
#[derive(Debug)]
pub struct Cache<V> {
    enabled: bool,
    max_bytes: usize,
    places: HashMap<Box<[u8]>, u32>,
    entries: Recent<Entry<V>>,
    counters: Counters,
}

#[derive(Debug)]
struct Entry<V> {
    key: Box<[u8]>,
    value: V,
    bytes: usize,
}

/// The share of the cache that one entry may take.
const SHARE: usize = 8;

/// What an entry takes besides its value and its key: a place in two tables, and allocations.
pub const ENTRY_BYTES: usize = 256;

impl<V> Cache<V> {
    /// An empty cache, on unless there is no room in it.
    pub fn new(max_bytes: usize) -> Cache<V> {
        Cache {
            enabled: max_bytes > 0,
            max_bytes,
            places: HashMap::new(),
            entries: Recent::default(),
            counters: Counters { max_bytes, ..Counters::default() },
        }
    }

    /// Whether it is in use.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Turns it on or off while running. What is off holds nothing; a cache that was given no
    /// room gets that of the default when it is turned on.
    pub fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
        if enabled && self.max_bytes == 0 {
            self.max_bytes = limits::CACHE_BYTES;
        }
        if !enabled {
            self.places.clear();
            self.entries.clear();
            self.counters.bytes = 0;
        }
    }

    /// The statistics.
    pub fn counters(&self) -> Counters {
        Counters { entries: self.entries.len(), max_bytes: self.max_bytes, ..self.counters }
    }

    /// Counts what became of a request.
    pub fn note(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Hit => self.counters.hits += 1,
            Verdict::Miss => self.counters.misses += 1,
            Verdict::Bypass => self.counters.bypasses += 1,
        }
    }

    /// Bytes that one entry may take, all in all.
    pub fn entry_bytes_max(&self) -> usize {
        if self.enabled { self.max_bytes / SHARE } else { 0 }
    }

    /// The entry of that key, which is the most recently used one from now on.
    pub fn find(&mut self, key: &[u8]) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        Some(&mut self.entries.touch(place).value)
    }

    /// The entry of that key, whose place in the order stays as it is.
    pub fn peek(&mut self, key: &[u8]) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        self.entries.get_mut(place).map(|entry| &mut entry.value)
    }

    /// Puts an entry in, in place of the one that has the same key, if there is one. Others go
    /// until there is room. What takes more than its share is given back.
    ///
    /// # Errors
    /// The value; the one that had the same key is gone all the same.
    pub fn insert(&mut self, key: &[u8], value: V, bytes: usize) -> Result<(), V> {
        self.remove(key);
        let bytes = bytes + key.len() + ENTRY_BYTES;
        if bytes > self.entry_bytes_max() {
            return Err(value);
        }
        while self.counters.bytes + bytes > self.max_bytes {
            let oldest = self.entries.oldest().expect("what takes bytes is in the list");
            self.take(oldest);
            self.counters.evictions += 1;
        }
        let place = self.entries.push(Entry { key: key.into(), value, bytes });
        self.places.insert(key.into(), place);
        self.counters.bytes += bytes;
        Ok(())
    }

    /// Takes the entry of that key out.
    pub fn remove(&mut self, key: &[u8]) -> Option<V> {
        let place = *self.places.get(key)?;
        Some(self.take(place))
    }

    fn take(&mut self, place: u32) -> V {
        let Entry { key, value, bytes } = self.entries.remove(place);
        self.places.remove(&key);
        self.counters.bytes -= bytes;
        value
    }
}

#[cfg(test)]
mod tests;
