//! The waiting visitors, in order. Every operation takes logarithmic time: the queue is never
//! traversed, however many visitors leave it at once.
//!
//! Each visitor has a step of a staircase that grows at both ends. The number of visitors before a
//! step is a sum over a Fenwick tree of the occupied steps. When either end is reached, all move to
//! the middle of a new staircase.

use super::Visit;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The queue; see the module.
#[derive(Debug)]
pub struct Queue {
    steps: BTreeMap<u32, Visit>,
    places: HashMap<Visit, u32>,
    /// The steps of connected visitors.
    here: BTreeSet<u32>,
    taken: Fenwick,
    /// The next free step after the last, and one more than the one before the first.
    ends: (u32, u32),
    /// Entries that were examined or moved.
    #[cfg(test)]
    work: u64,
}

/// Minimum number of steps of a new staircase.
const STEPS: u32 = 64;

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            steps: BTreeMap::new(),
            places: HashMap::new(),
            here: BTreeSet::new(),
            taken: Fenwick::new(STEPS),
            ends: (STEPS / 2, STEPS / 2),
            #[cfg(test)]
            work: 0,
        }
    }
}

impl Queue {
    /// Returns the number of waiting visitors.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Inserts a visitor at the head or at the end.
    pub fn push(&mut self, visit: Visit, head: bool, here: bool) {
        let (front, back) = self.ends;
        if (head && front == 0) || (!head && back == self.taken.len()) {
            self.move_to_the_middle();
        }
        let (front, back) = &mut self.ends;
        let step = if head {
            *front -= 1;
            *front
        } else {
            *back += 1;
            *back - 1
        };
        let before = self.places.insert(visit, step);
        debug_assert!(before.is_none(), "no visitor waits twice");
        self.steps.insert(step, visit);
        self.taken.add(step, true);
        if here {
            self.here.insert(step);
        }
        self.count(1);
    }

    /// Removes a visitor; returns false if it does not wait.
    pub fn remove(&mut self, visit: Visit) -> bool {
        let Some(step) = self.places.remove(&visit) else { return false };
        self.steps.remove(&step);
        self.here.remove(&step);
        self.taken.add(step, false);
        self.count(1);
        true
    }

    /// Sets whether a waiting visitor is connected.
    pub fn set_here(&mut self, visit: Visit, here: bool) {
        let Some(step) = self.places.get(&visit) else { return };
        if here {
            self.here.insert(*step);
        } else {
            self.here.remove(step);
        }
        self.count(1);
    }

    /// Returns the position of a waiting visitor, from 1.
    pub fn place(&self, visit: Visit) -> Option<u32> {
        self.places.get(&visit).map(|step| self.taken.before(*step) + 1)
    }

    /// Returns the first visitor.
    pub fn first(&self) -> Option<Visit> {
        self.steps.values().next().copied()
    }

    /// Returns the first connected visitor.
    pub fn first_here(&self) -> Option<Visit> {
        self.here.first().map(|step| self.steps[step])
    }

    /// Iterates over all visitors, in order.
    pub fn iter(&self) -> impl Iterator<Item = Visit> {
        self.steps.values().copied()
    }

    /// Iterates over the visitors after the first `skipped` ones, in order.
    pub fn behind(&self, skipped: u32) -> impl Iterator<Item = Visit> {
        let from = self.taken.step_behind(skipped);
        self.steps.range(from..).map(|(_, visit)| *visit)
    }

    fn move_to_the_middle(&mut self) {
        let visits = std::mem::take(&mut self.steps).into_values().collect::<Vec<_>>();
        let was_here = std::mem::take(&mut self.here);
        let count = visits.len() as u32;
        let steps = (4 * count).next_power_of_two().max(STEPS);
        let front = (steps - count) / 2;
        self.taken = Fenwick::new(steps);
        self.ends = (front, front + count);
        for (step, visit) in (front..).zip(visits) {
            let old = self.places.insert(visit, step);
            if old.is_some_and(|old| was_here.contains(&old)) {
                self.here.insert(step);
            }
            self.steps.insert(step, visit);
            self.taken.add(step, true);
        }
        self.count(u64::from(count));
    }

    #[cfg(test)]
    fn count(&mut self, entries: u64) {
        self.work += entries;
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "only tests count")]
    fn count(&self, _entries: u64) {}
}

/// The numbers of occupied steps before each step (Fenwick 1994). The number of steps is a power of
/// two.
#[derive(Debug)]
struct Fenwick(Vec<u32>);

impl Fenwick {
    fn new(steps: u32) -> Fenwick {
        debug_assert!(steps.is_power_of_two());
        Fenwick(vec![0; steps as usize + 1])
    }

    fn len(&self) -> u32 {
        self.0.len() as u32 - 1
    }

    fn add(&mut self, step: u32, taken: bool) {
        let mut at = step as usize + 1;
        while let Some(sum) = self.0.get_mut(at) {
            *sum = if taken { *sum + 1 } else { *sum - 1 };
            at += at & at.wrapping_neg();
        }
    }

    fn before(&self, step: u32) -> u32 {
        let (mut at, mut sum) = (step as usize, 0);
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }

    /// Returns the first step with `count` occupied ones before it.
    fn step_behind(&self, count: u32) -> u32 {
        let (mut at, mut left, mut width) = (0, count, self.len());
        while width > 0 {
            let next = (at + width) as usize;
            if self.0.get(next).is_some_and(|sum| *sum <= left) {
                at += width;
                left -= self.0[next];
            }
            width /= 2;
        }
        // Free steps may follow the last counted one.
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn it_is_a_list_in_which_places_are_known() {
        for seed in 0..60 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut queue, mut twin) = (Queue::default(), VecDeque::<(Visit, bool)>::new());
            for number in 0..600 {
                let at = (!twin.is_empty()).then(|| rng.usize(..twin.len()));
                match (rng.u8(..9), at) {
                    (0..5, _) | (_, None) => {
                        let (head, here) = (rng.u8(..3) == 0, rng.bool());
                        queue.push(Visit(number), head, here);
                        if head {
                            twin.push_front((Visit(number), here));
                        } else {
                            twin.push_back((Visit(number), here));
                        }
                    }
                    (5 | 6, Some(at)) => {
                        let (visit, _) = twin.remove(at).unwrap();
                        assert!(queue.remove(visit) && !queue.remove(visit));
                        assert_eq!(queue.place(visit), None);
                    }
                    (_, Some(at)) => {
                        twin[at].1 = !twin[at].1;
                        queue.set_here(twin[at].0, twin[at].1);
                    }
                }
                assert!(queue.iter().eq(twin.iter().map(|entry| entry.0)));
                let first = twin.iter().find(|entry| entry.1).map(|entry| entry.0);
                assert_eq!(queue.first_here(), first);
                assert_eq!(queue.first(), twin.front().map(|entry| entry.0));
                let skipped = rng.usize(..twin.len() + 2);
                let rest = twin.iter().skip(skipped).map(|entry| entry.0);
                assert!(queue.behind(skipped as u32).eq(rest), "behind {skipped}");
                for (place, (visit, _)) in twin.iter().enumerate() {
                    assert_eq!(queue.place(*visit), Some(place as u32 + 1));
                }
            }
        }
    }

    #[test]
    fn thousands_who_leave_at_once_cost_what_each_of_them_costs() {
        let mut queue = Queue::default();
        let visits = (0..9_900).map(Visit).collect::<Vec<_>>();
        visits.iter().for_each(|visit| queue.push(*visit, false, true));
        let joined = queue.work;
        assert!(joined <= 4 * 9_900, "{joined} entries were moved to let 9900 in");
        visits.iter().for_each(|visit| queue.set_here(*visit, false));
        assert_eq!(queue.first_here(), None);
        visits.iter().rev().for_each(|visit| assert!(queue.remove(*visit)));
        assert_eq!(queue.work - joined, 2 * 9_900, "each was looked at twice");
        assert!(queue.is_empty());
    }
}
