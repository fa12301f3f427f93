//! Values in the order of their last use, for tables that evict the oldest first.
//!
//! Each value has a place, which stays the same until the value is removed: tables have an index of
//! their own. Every operation takes constant time.

use slab::Slab;

/// The values; see the module. There may be several lists, of which each value is in one.
#[derive(Debug)]
pub struct Recent<V, const LISTS: usize = 1> {
    slots: Slab<Slot<V>>,
    lists: [List; LISTS],
}

#[derive(Debug, Clone, Copy, Default)]
struct List {
    newest: Option<u32>,
    oldest: Option<u32>,
    length: usize,
}

/// A link of a doubly linked list.
#[derive(Debug)]
struct Slot<V> {
    value: V,
    newer: Option<u32>,
    older: Option<u32>,
    list: u8,
}

impl<V, const LISTS: usize> Default for Recent<V, LISTS> {
    fn default() -> Recent<V, LISTS> {
        Recent { slots: Slab::new(), lists: [List::default(); LISTS] }
    }
}

impl<V, const LISTS: usize> Recent<V, LISTS> {
    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns the number of values in this list.
    pub fn len_of(&self, list: u8) -> usize {
        self.lists[usize::from(list)].length
    }

    /// Returns the value at this place, if there is one. This does not count as use.
    pub fn get(&self, place: u32) -> Option<&V> {
        self.slots.get(place as usize).map(|slot| &slot.value)
    }

    /// Returns the value at this place for changes.
    pub fn get_mut(&mut self, place: u32) -> Option<&mut V> {
        self.slots.get_mut(place as usize).map(|slot| &mut slot.value)
    }

    /// Returns the place of the least recently used value of the first list.
    pub fn oldest(&self) -> Option<u32> {
        self.oldest_of(0)
    }

    /// Returns the same for any list.
    pub fn oldest_of(&self, list: u8) -> Option<u32> {
        self.lists[usize::from(list)].oldest
    }

    /// Inserts a value into the first list, as used now. Returns its place.
    ///
    /// # Panics
    /// With more than 2³² values.
    pub fn push(&mut self, value: V) -> u32 {
        let place = self.slots.insert(Slot { value, newer: None, older: None, list: 0 });
        let place = u32::try_from(place).expect("tables are bounded far below it");
        self.link(place, 0);
        place
    }

    /// Marks the value at this place as used now.
    ///
    /// # Panics
    /// If there is none.
    pub fn touch(&mut self, place: u32) -> &mut V {
        let list = self.slots[place as usize].list;
        if self.lists[usize::from(list)].newest != Some(place) {
            self.unlink(place);
            self.link(place, list);
        }
        &mut self.slots[place as usize].value
    }

    /// Does the same, and moves it to this list.
    ///
    /// # Panics
    /// If there is none.
    pub fn move_to(&mut self, place: u32, list: u8) -> &mut V {
        self.unlink(place);
        self.link(place, list);
        &mut self.slots[place as usize].value
    }

    /// Removes the value. Its place may be reused from now on.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, place: u32) -> V {
        self.unlink(place);
        self.slots.remove(place as usize).value
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        *self = Recent::default();
    }

    fn link(&mut self, place: u32, list: u8) {
        let ends = &mut self.lists[usize::from(list)];
        ends.length += 1;
        let older = ends.newest.replace(place);
        match older {
            Some(older) => self.slots[older as usize].newer = Some(place),
            None => ends.oldest = Some(place),
        }
        let slot = &mut self.slots[place as usize];
        (slot.newer, slot.older, slot.list) = (None, older, list);
    }

    fn unlink(&mut self, place: u32) {
        let Slot { newer, older, list, .. } = self.slots[place as usize];
        let ends = usize::from(list);
        self.lists[ends].length -= 1;
        match newer {
            Some(newer) => self.slots[newer as usize].older = older,
            None => self.lists[ends].newest = older,
        }
        match older {
            Some(older) => self.slots[older as usize].newer = newer,
            None => self.lists[ends].oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values are their own names, so that a reused place would show.
    #[test]
    fn whatever_is_done_it_is_a_list_in_order_of_use() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut recent, mut twin) = (Recent::<u64>::default(), Vec::<(u32, u64)>::new());
            for value in 0..300 {
                let at = (!twin.is_empty()).then(|| rng.usize(..twin.len()));
                match (rng.u8(..8), at) {
                    (0..3, _) | (_, None) => twin.insert(0, (recent.push(value), value)),
                    (3..5, Some(at)) => {
                        let used = twin.remove(at);
                        assert_eq!(*recent.touch(used.0), used.1);
                        twin.insert(0, used);
                    }
                    (5 | 6, Some(at)) => {
                        let (place, value) = twin.remove(at);
                        assert_eq!(recent.remove(place), value);
                        assert_eq!(recent.get(place), None);
                    }
                    (_, Some(_)) if rng.u8(..20) == 0 => {
                        recent.clear();
                        twin.clear();
                    }
                    (_, Some(_)) => {
                        let (place, value) = twin.pop().unwrap();
                        assert_eq!(recent.oldest(), Some(place));
                        assert_eq!(recent.remove(place), value);
                    }
                }
                assert_eq!(recent.oldest(), twin.last().map(|entry| entry.0));
                assert_eq!(recent.len(), twin.len());
                assert!(twin.iter().all(|(place, value)| recent.get(*place) == Some(value)));
            }
        }
    }

    #[test]
    fn each_list_has_an_order_of_its_own() {
        let mut recent = Recent::<&str, 2>::default();
        let places = ["a", "b", "c"].map(|value| recent.push(value));
        recent.move_to(places[0], 1);
        recent.move_to(places[2], 1);
        assert_eq!((recent.oldest_of(0), recent.oldest_of(1)), (Some(places[1]), Some(places[0])));
        recent.touch(places[0]);
        assert_eq!(recent.oldest_of(1), Some(places[2]), "it stays in its list");
        assert_eq!((recent.len_of(0), recent.len_of(1), recent.len()), (1, 2, 3));
        recent.remove(places[1]);
        assert_eq!((recent.oldest_of(0), recent.len_of(0)), (None, 0));
    }
}
