//! The front's cache: the least recently used entry goes first, an old one is not shown, and a
//! changed book is forgotten before its writer is answered.
//!
//! A fill belongs to the generation of its key. When that moves, the fill still answers those that
//! wait for it, but it is never kept, and no later read joins it.

use super::peers::Reply;
use crate::service::recent::Recent;
use crate::service::store::wait::Waiter;
use crate::stats::store::CacheFigures;
use crate::work::store::Seq;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The name of a read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A book.
    Item(u32),
    /// The books whose topic contains this, in small letters; `all` is all books.
    Topic(String),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Item(id) => write!(f, "item {id}"),
            Key::Topic(text) => write!(f, "topic {text:?}"),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Cache {
    most: usize,
    ttl: Duration,
    stale: Duration,
    places: HashMap<Key, u32>,
    entries: Recent<Entry>,
    /// The fill under way for each key.
    current: HashMap<Key, u64>,
    fills: HashMap<u64, Fill>,
    next_fill: u64,
    /// Changes that a replica of another process may not have applied yet: of this book, with its
    /// topic, or of anything.
    unsettled: VecDeque<(Seq, Option<(u32, String)>)>,
    /// Counts since the start; the sizes in it are not kept up.
    counts: CacheFigures,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    reply: Arc<Reply>,
    lines: Arc<[u8]>,
    at: Instant,
}

impl Entry {
    fn found(&self, now: Instant) -> Found {
        let age = now.saturating_duration_since(self.at);
        Found { reply: Arc::clone(&self.reply), lines: Arc::clone(&self.lines), age }
    }
}

/// The reads that wait for a fill.
#[derive(Debug)]
struct Fill {
    key: Key,
    waiting: Vec<Waiter>,
}

/// A hit.
#[derive(Debug, Clone)]
pub struct Found {
    /// The replica's reply.
    pub reply: Arc<Reply>,
    /// Fields of the answer, as they are printed.
    pub lines: Arc<[u8]>,
    /// Its age.
    pub age: Duration,
}

/// The role of a miss: it begins a fill or joins one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss {
    /// It has to be asked for, by this name.
    First(u64),
    /// It has been asked for.
    Joined,
}

impl Cache {
    /// A cache for so many entries, each shown for `ttl`, and for `stale` longer when no catalog
    /// can be asked.
    pub fn new(most: usize, ttl: Duration, stale: Duration) -> Cache {
        Cache {
            most,
            ttl,
            stale,
            places: HashMap::new(),
            entries: Recent::default(),
            current: HashMap::new(),
            fills: HashMap::new(),
            next_fill: 0,
            unsettled: VecDeque::new(),
            counts: CacheFigures::default(),
        }
    }

    /// Its counters and size, for the panel.
    pub fn figures(&self) -> CacheFigures {
        CacheFigures { entries: self.entries.len(), max_entries: self.most, ..self.counts }
    }

    /// The time for which an entry is shown.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// A fresh entry.
    pub fn find(&mut self, key: &Key, now: Instant) -> Option<Found> {
        let place = *self.places.get(key)?;
        let found = self.entries.get(place)?.found(now);
        if found.age >= self.ttl {
            return None;
        }
        self.entries.touch(place);
        self.counts.hits += 1;
        Some(found)
    }

    /// An entry that is no longer fresh, but better than nothing.
    pub fn find_stale(&self, key: &Key, now: Instant) -> Option<Found> {
        let found = self.entries.get(*self.places.get(key)?)?.found(now);
        (found.age < self.ttl + self.stale).then_some(found)
    }

    /// A miss by this waiter.
    pub fn miss(&mut self, key: Key, waiter: Waiter) -> Miss {
        if let Some(fill) = self.current.get(&key).and_then(|fill| self.fills.get_mut(fill)) {
            fill.waiting.push(waiter);
            self.counts.collapsed += 1;
            return Miss::Joined;
        }
        self.counts.misses += 1;
        self.next_fill += 1;
        if !self.is_unsettled(&key) {
            self.current.insert(key.clone(), self.next_fill);
        }
        self.fills.insert(self.next_fill, Fill { key, waiting: vec![waiter] });
        Miss::First(self.next_fill)
    }

    /// A fill has come, with the fields that show it; none if it is not worth keeping. Returns who
    /// waits for it.
    pub fn fill(
        &mut self,
        fill: u64,
        kept: Option<(Arc<Reply>, Arc<[u8]>)>,
        now: Instant,
    ) -> Vec<Waiter> {
        let Some(Fill { key, waiting }) = self.fills.remove(&fill) else {
            return Vec::new();
        };
        let is_current = self.current.get(&key) == Some(&fill);
        if is_current {
            self.current.remove(&key);
        }
        match kept {
            Some((reply, lines)) if is_current => self.insert(key, reply, lines, now),
            Some(_) => self.counts.refused_fills += 1,
            None => {}
        }
        waiting
    }

    /// Returns true if what this fill brings would be kept.
    pub fn takes(&self, fill: u64) -> bool {
        let key = self.fills.get(&fill).map(|fill| &fill.key);
        self.most > 0 && key.is_some_and(|key| self.current.get(key) == Some(&fill))
    }

    /// Returns true if there is an entry of any age.
    pub fn holds(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    fn insert(&mut self, key: Key, reply: Arc<Reply>, lines: Arc<[u8]>, now: Instant) {
        if self.most == 0 {
            return;
        }
        self.forget(&key);
        if self.entries.len() >= self.most
            && let Some(oldest) = self.entries.oldest()
        {
            self.places.remove(&self.entries.remove(oldest).key);
            self.counts.evictions += 1;
        }
        let place = self.entries.push(Entry { key: key.clone(), reply, lines, at: now });
        self.places.insert(key, place);
    }

    fn forget(&mut self, key: &Key) -> bool {
        let Some(place) = self.places.remove(key) else {
            return false;
        };
        self.entries.remove(place);
        true
    }

    /// A book was written and is of this topic now: it, every list that holds it and every list
    /// that could hold it now are forgotten, and fills of them are not kept.
    pub fn invalidate(&mut self, id: u32, topic: &str) {
        let item = Key::Item(id);
        self.counts.invalidations += u64::from(self.forget(&item));
        self.current.remove(&item);
        let topic = topic.to_lowercase();
        let named = format!("\"id\":{id},");
        let could_hold = |list: &str| list == ALL || topic.contains(list);
        let concerned = |key: &Key, entry: Option<&Entry>| match key {
            Key::Item(_) => false,
            Key::Topic(list) => {
                let holds = |entry: &Entry| contains(&entry.reply.body, named.as_bytes());
                could_hold(list) || entry.is_some_and(holds)
            }
        };
        let lists = self.places.iter();
        let lists = lists.filter(|(key, place)| concerned(key, self.entries.get(**place)));
        for key in lists.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.counts.invalidations += u64::from(self.forget(&key));
        }
        // What a list under way will hold is not known: it may hold the book as it was.
        self.current.retain(|key, _| matches!(key, Key::Item(_)));
    }

    /// A change was applied here, and not everywhere yet: a replica that is asked from now on may
    /// still answer with what was before. So nothing that it concerns is kept before it is settled.
    pub fn unsettle(&mut self, seq: Seq, change: Option<(u32, String)>) {
        if self.most == 0 {
            return;
        }
        let full = self.unsettled.len() >= UNSETTLED_MAX;
        if full {
            self.unsettled.clear();
        }
        self.unsettled.push_back((seq, change.filter(|_| !full)));
    }

    /// Every replica that may be asked has applied what was written up to here.
    pub fn settle(&mut self, until: Seq) {
        while self.unsettled.front().is_some_and(|(seq, _)| *seq <= until) {
            self.unsettled.pop_front();
        }
    }

    fn is_unsettled(&self, key: &Key) -> bool {
        self.unsettled.iter().any(|(_, change)| match (key, change) {
            (Key::Item(id), Some((changed, _))) => id == changed,
            (Key::Item(_) | Key::Topic(_), _) => true,
        })
    }

    /// Everything is forgotten, and no fill under way is kept.
    pub fn clear(&mut self) {
        self.counts.invalidations += self.entries.len() as u64;
        self.places.clear();
        self.entries.clear();
        self.current.clear();
        self.unsettled.clear();
    }
}

/// More changes that are not settled than this count as a change of everything.
const UNSETTLED_MAX: usize = 256;

/// The list of all books.
pub const ALL: &str = "all";

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests;
