//! The memory cache of the site: the least recently used entry is evicted first, and the bound is
//! in bytes.
//!
//! It reads nothing and keeps no clock: the caller decides whether an entry is still valid, and
//! reports the result of a request with [`Cache::note`].

use crate::limits;
use crate::service::http::CacheStatus;
use crate::service::recent::Recent;
use std::collections::HashMap;

/// The statistics of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests answered from memory.
    pub hits: u64,
    /// Requests for which a file was read.
    pub misses: u64,
    /// Requests that did not use the cache.
    pub bypasses: u64,
    /// Entries evicted to make room for others.
    pub evictions: u64,
    /// Current number of entries.
    pub entries: usize,
    /// Bytes in use.
    pub bytes: usize,
    /// Maximum bytes.
    pub max_bytes: usize,
}

/// The cache; see the module.
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

/// The fraction of the cache that one entry may take, as a divisor.
const SHARE: usize = 8;

/// Overhead of an entry besides its value and its key: a place in two tables, and allocations.
pub const ENTRY_BYTES: usize = 256;

impl<V> Cache<V> {
    /// Creates an empty cache, enabled unless its bound is 0.
    pub fn new(max_bytes: usize) -> Cache<V> {
        Cache {
            enabled: max_bytes > 0,
            max_bytes,
            places: HashMap::new(),
            entries: Recent::default(),
            counters: Counters { max_bytes, ..Counters::default() },
        }
    }

    /// Returns true if it is enabled.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Enables or disables it at run time. A disabled cache holds nothing; a cache with the bound 0
    /// gets the default bound when it is enabled.
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

    /// Returns the statistics.
    pub fn counters(&self) -> Counters {
        Counters { entries: self.entries.len(), max_bytes: self.max_bytes, ..self.counters }
    }

    /// Counts the status of a request.
    pub fn note(&mut self, status: CacheStatus) {
        match status {
            CacheStatus::Hit => self.counters.hits += 1,
            CacheStatus::Miss => self.counters.misses += 1,
            CacheStatus::Bypass => self.counters.bypasses += 1,
        }
    }

    /// Returns the maximum bytes of one entry, overhead included.
    pub fn entry_bytes_max(&self) -> usize {
        if self.enabled { self.max_bytes / SHARE } else { 0 }
    }

    /// Returns the entry of that key, which becomes the most recently used one.
    pub fn find(&mut self, key: &[u8]) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        Some(&mut self.entries.touch(place).value)
    }

    /// Returns the entry of that key without changing the order.
    pub fn peek(&mut self, key: &[u8]) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        self.entries.get_mut(place).map(|entry| &mut entry.value)
    }

    /// Inserts an entry, and replaces the one with the same key, if there is one. Others are
    /// evicted until there is room.
    ///
    /// # Errors
    /// Returns the value if it exceeds the share of one entry; the entry with the same key is
    /// removed all the same.
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

    /// Removes the entry of that key.
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
