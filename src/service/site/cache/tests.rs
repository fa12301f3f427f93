//! The cache against an oracle that is just a list.

use super::*;

/// Key, value and bytes, the most recently used first.
#[derive(Default)]
struct Twin {
    entries: Vec<(Vec<u8>, u32, usize)>,
    evictions: u64,
}

impl Twin {
    fn position(&self, key: &[u8]) -> Option<usize> {
        self.entries.iter().position(|(own, ..)| own == key)
    }

    fn find(&mut self, key: &[u8]) -> Option<u32> {
        let entry = self.entries.remove(self.position(key)?);
        self.entries.insert(0, entry);
        Some(self.entries[0].1)
    }

    fn remove(&mut self, key: &[u8]) -> Option<u32> {
        Some(self.entries.remove(self.position(key)?).1)
    }

    fn bytes(&self) -> usize {
        self.entries.iter().map(|(.., bytes)| bytes).sum()
    }

    fn insert(&mut self, key: &[u8], value: u32, bytes: usize, max_bytes: usize) -> bool {
        self.remove(key);
        let bytes = bytes + key.len() + ENTRY_BYTES;
        if bytes > max_bytes / SHARE {
            return false;
        }
        while self.bytes() + bytes > max_bytes {
            self.entries.pop();
            self.evictions += 1;
        }
        self.entries.insert(0, (key.to_vec(), value, bytes));
        true
    }
}

#[test]
fn whatever_is_done_to_it_it_holds_what_a_list_would_hold() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let max_bytes = rng.usize(..20_000);
        let (mut cache, mut twin) = (Cache::new(max_bytes), Twin::default());
        for value in 0..400 {
            let key = vec![b'k'; rng.usize(..30)];
            match rng.u8(..8) {
                0..4 => {
                    let bytes = rng.usize(..max_bytes / 6 + 300);
                    let taken = cache.insert(&key, value, bytes);
                    let fits = twin.insert(&key, value, bytes, max_bytes);
                    assert_eq!(taken, if fits { Ok(()) } else { Err(value) });
                }
                4..6 => assert_eq!(cache.find(&key).copied(), twin.find(&key)),
                6 => {
                    let expected = twin.position(&key).map(|place| twin.entries[place].1);
                    assert_eq!(cache.peek(&key).copied(), expected);
                }
                _ => assert_eq!(cache.remove(&key), twin.remove(&key)),
            }
            let counters = cache.counters();
            assert_eq!((counters.entries, counters.bytes), (twin.entries.len(), twin.bytes()));
            assert_eq!((counters.evictions, counters.max_bytes), (twin.evictions, max_bytes));
            assert!(
                counters.bytes <= max_bytes && cache.entries.len() <= 1 + max_bytes / ENTRY_BYTES
            );
        }
    }
}

#[test]
fn what_is_off_holds_nothing_and_can_be_turned_on_again() {
    let mut cache = Cache::new(0);
    assert!(!cache.enabled());
    assert_eq!(cache.insert(b"a", 1, 1), Err(1));
    cache.set_enabled(true);
    assert_eq!(cache.insert(b"a", 1, 1), Ok(()));
    assert_eq!(cache.find(b"a"), Some(&mut 1));
    cache.note(CacheStatus::Hit);
    cache.set_enabled(false);
    assert_eq!(cache.find(b"a"), None);
    assert_eq!(cache.insert(b"a", 1, 1), Err(1));
    let counters = cache.counters();
    assert_eq!((counters.hits, counters.entries, counters.bytes), (1, 0, 0));
    cache.set_enabled(true);
    assert_eq!(
        cache.counters().max_bytes,
        limits::CACHE_BYTES,
        "the room that it had it has again"
    );
}
