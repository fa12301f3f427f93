//! Connections by slot, with names that never match another occupant.

use crate::app::Id;
use slab::Slab;

/// A table whose slots are reused. Every occupant of a slot gets a new generation, so a stale name
/// (of an event, a timer, a completion, a message) matches nothing.
#[derive(Debug)]
pub struct Slots<T> {
    slab: Slab<(u32, T)>,
    generation: u32,
}

impl<T> Default for Slots<T> {
    fn default() -> Slots<T> {
        Slots { slab: Slab::new(), generation: 0 }
    }
}

impl<T> Slots<T> {
    /// Returns the number of occupants.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// Returns the name of the next occupant.
    pub fn next_id(&self) -> Id {
        let slot = self.slab.vacant_key();
        let slot = u32::try_from(slot).expect("connections are bounded far below 2^32");
        Id { slot, generation: self.generation }
    }

    /// Inserts an occupant, under the name that [`Slots::next_id`] has returned.
    pub fn insert(&mut self, occupant: T) -> Id {
        let id = self.next_id();
        self.slab.insert((id.generation, occupant));
        self.generation = self.generation.wrapping_add(1);
        id
    }

    /// Returns the occupant with this name, if it is still there.
    pub fn find(&mut self, id: Id) -> Option<&mut T> {
        match self.slab.get_mut(id.slot as usize) {
            Some((generation, occupant)) if *generation == id.generation => Some(occupant),
            _ => None,
        }
    }

    /// Removes the occupant with this name, if it is still there.
    pub fn remove(&mut self, id: Id) -> Option<T> {
        self.find(id)?;
        self.slab.try_remove(id.slot as usize).map(|(_, occupant)| occupant)
    }

    /// Iterates over all occupants with their names.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.slab.iter().map(|(slot, (generation, occupant))| {
            (Id { slot: slot as u32, generation: *generation }, occupant)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The oracle: every name ever given, and whether it is still valid.
    #[test]
    fn a_name_finds_its_own_occupant_or_nothing() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut slots = Slots::default();
        let mut twin: Vec<(Id, Option<u32>)> = Vec::new();
        for step in 0..5000_u32 {
            if slots.len() < 50 {
                let id = slots.insert(step);
                twin.push((id, Some(step)));
            }
            let pick = rng.usize(..twin.len());
            let (id, value) = &mut twin[pick];
            assert_eq!(slots.find(*id).copied(), *value);
            if rng.bool() {
                assert_eq!(slots.remove(*id), value.take());
            }
            assert_eq!(slots.len(), twin.iter().filter(|(_, value)| value.is_some()).count());
        }
    }

    #[test]
    fn names_are_foretold_and_places_are_used_again() {
        let mut slots = Slots::default();
        let first = slots.next_id();
        assert_eq!(slots.insert(1), first);
        slots.remove(first);
        let second = slots.insert(2);
        assert_eq!(first.slot, second.slot);
        assert_eq!(slots.find(first), None);
        assert_eq!(slots.iter().collect::<Vec<_>>(), [(second, &2)]);
    }
}
