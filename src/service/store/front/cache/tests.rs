//! Orders of misses, fills and writes.

use super::*;
use crate::service::Id;

const TTL: Duration = Duration::from_secs(60);

fn reply(body: &str) -> Arc<Reply> {
    let (replica, began, took) = ("catalog-1".to_string(), Instant::now(), Duration::ZERO);
    let body = body.as_bytes().into();
    Arc::new(Reply { status: 200, body, fields: Vec::new(), replica, began, took, stored: true })
}

fn waiter(slot: u32) -> Waiter {
    Waiter { id: Id { slot, generation: 1 }, ticket: slot }
}

/// Misses `key` and fills it with `body`.
fn put(cache: &mut Cache, key: &Key, body: &str, now: Instant) {
    let Miss::First(fill) = cache.miss(key.clone(), waiter(1)) else {
        panic!("no other request is waiting")
    };
    assert_eq!(cache.fill(fill, Some((reply(body), Arc::default())), now), [waiter(1)]);
}

fn topic(text: &str) -> Key {
    Key::Topic(text.to_string())
}

#[test]
fn the_least_recently_used_goes_first_and_the_old_is_not_shown() {
    let (mut cache, now) = (Cache::new(2, TTL, TTL), Instant::now());
    put(&mut cache, &Key::Item(1), "1", now);
    put(&mut cache, &Key::Item(2), "2", now);
    assert!(cache.find(&Key::Item(1), now).is_some());
    put(&mut cache, &Key::Item(3), "3", now);
    assert!(cache.find(&Key::Item(2), now).is_none(), "it was used longest ago");
    assert!(cache.find(&Key::Item(1), now).is_some() && cache.find(&Key::Item(3), now).is_some());
    let late = now + TTL;
    assert!(cache.find(&Key::Item(1), late).is_none());
    assert!(cache.find_stale(&Key::Item(1), late).is_some());
    assert!(cache.find_stale(&Key::Item(1), late + TTL).is_none());
    assert_eq!(cache.counts.evictions, 1);
}

#[test]
fn a_fill_begun_before_a_write_is_neither_kept_nor_joined() {
    let (mut cache, now) = (Cache::new(9, TTL, TTL), Instant::now());
    let Miss::First(old) = cache.miss(Key::Item(1), waiter(1)) else { panic!() };
    assert_eq!(cache.miss(Key::Item(1), waiter(2)), Miss::Joined);
    cache.invalidate(1, "Fiction");
    let Miss::First(new) = cache.miss(Key::Item(1), waiter(3)) else {
        panic!("who asks after the write must not get what was read before it")
    };
    let kept = || Some((reply("old"), Arc::default()));
    assert_eq!(cache.fill(old, kept(), now), [waiter(1), waiter(2)]);
    assert!(cache.find(&Key::Item(1), now).is_none());
    assert_eq!(cache.fill(new, Some((reply("new"), Arc::default())), now), [waiter(3)]);
    assert_eq!(&*cache.find(&Key::Item(1), now).unwrap().reply.body, b"new");
    // The other order of the same two fills.
    cache.invalidate(1, "Fiction");
    let Miss::First(old) = cache.miss(Key::Item(1), waiter(1)) else { panic!() };
    cache.invalidate(1, "Fiction");
    let Miss::First(new) = cache.miss(Key::Item(1), waiter(2)) else { panic!() };
    cache.fill(new, Some((reply("newest"), Arc::default())), now);
    cache.fill(old, kept(), now);
    assert_eq!(&*cache.find(&Key::Item(1), now).unwrap().reply.body, b"newest");
    assert_eq!(cache.counts.refused_fills, 2);
}

#[test]
fn a_write_takes_its_book_and_its_lists_and_nothing_else() {
    let (mut cache, now) = (Cache::new(9, TTL, TTL), Instant::now());
    let book = |id: u32| format!("[{{\"id\":{id},\"price\":1.0}}]");
    put(&mut cache, &Key::Item(1), "1", now);
    put(&mut cache, &Key::Item(11), "11", now);
    for (key, body) in [("fic", book(1)), ("prog", book(11)), ("art", book(1)), ("all", book(11))] {
        put(&mut cache, &topic(key), &body, now);
    }
    // Book 1 turns from art to fiction: the list that held it, and those that could hold it now.
    cache.invalidate(1, "Fiction");
    let mut has = |key: &Key| cache.find(key, now).is_some();
    assert!(!has(&Key::Item(1)) && has(&Key::Item(11)));
    assert!(!has(&topic("fic")) && !has(&topic("art")) && !has(&topic("all")));
    assert!(has(&topic("prog")), "book 11 is not book 1");
}

#[test]
fn a_cache_of_nothing_keeps_nothing_but_still_asks_once() {
    let (mut cache, now) = (Cache::new(0, TTL, TTL), Instant::now());
    let Miss::First(fill) = cache.miss(Key::Item(1), waiter(1)) else { panic!() };
    assert_eq!(cache.miss(Key::Item(1), waiter(2)), Miss::Joined);
    let told = cache.fill(fill, Some((reply("1"), Arc::default())), now);
    assert_eq!(told, [waiter(1), waiter(2)]);
    assert!(cache.find(&Key::Item(1), now).is_none() && cache.figures().entries == 0);
}

#[test]
fn what_is_not_settled_everywhere_is_not_kept() {
    let (mut cache, now) = (Cache::new(9, TTL, TTL), Instant::now());
    let keeps = |cache: &mut Cache, key: &Key| {
        put(cache, key, "x", now);
        cache.find(key, now).is_some()
    };
    cache.invalidate(1, "Art");
    cache.unsettle(5, Some((1, "Art".to_string())));
    assert!(!keeps(&mut cache, &Key::Item(1)), "who is asked may not have applied it");
    assert!(!keeps(&mut cache, &topic("art")));
    assert!(keeps(&mut cache, &Key::Item(2)), "this one did not change");
    cache.settle(4);
    assert!(!keeps(&mut cache, &Key::Item(1)));
    cache.settle(5);
    assert!(keeps(&mut cache, &Key::Item(1)));
    cache.unsettle(7, None);
    assert!(!keeps(&mut cache, &Key::Item(3)), "whatever it was");
    cache.settle(7);
    for seq in 8..8 + 2 * UNSETTLED_MAX as u64 {
        cache.unsettle(seq, Some((9, String::new())));
    }
    assert!(cache.unsettled.len() <= UNSETTLED_MAX);
    assert!(!keeps(&mut cache, &Key::Item(4)), "too many to tell them apart");
}
