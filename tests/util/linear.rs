//! Whether a history could have happened one operation at a time: the search of Wing and Gong,
//! which remembers where it has been as Lowe's does.
//!
//! An operation takes effect at one moment between its question and its answer. One without an
//! answer may take effect at any later moment, or never.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::Hash;

/// An operation, and when it was asked for and answered. Moments are numbers that grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<O> {
    /// What was asked, and what was told.
    pub op: O,
    /// When it was asked for.
    pub from: u64,
    /// When it was answered, if it was.
    pub until: Option<u64>,
}

/// Whether there is an order of the operations, one after the other, that starts in this state and
/// in which none comes before one that was answered before it was asked for. `step` is the state
/// after an operation, or nothing if it could not have been told in that state what it was told.
pub fn is_linearizable<S: Clone + Eq + Hash, O>(
    start: S,
    history: &[Span<O>],
    step: impl Fn(&S, &O) -> Option<S>,
) -> bool {
    let mut seen = HashSet::new();
    let mut ways = vec![(vec![false; history.len()], start)];
    while let Some((done, state)) = ways.pop() {
        let left = || history.iter().zip(&done).filter(|(_, done)| !**done).map(|(span, _)| span);
        let Some(first_end) = left().filter_map(|span| span.until).min() else {
            return true;
        };
        let able = |place: &usize| !done[*place] && history[*place].from <= first_end;
        let mut able = (0..history.len()).filter(able).collect::<Vec<_>>();
        // What was answered first has most likely happened first, what was never answered may not
        // have happened: the last one is tried next.
        able.sort_by_key(|place| Reverse(history[*place].until.unwrap_or(u64::MAX)));
        for place in able {
            let span = &history[place];
            if let Some(next) = step(&state, &span.op) {
                let mut done = done.clone();
                done[place] = true;
                if seen.insert((done.clone(), next.clone())) {
                    ways.push((done, next));
                }
            }
        }
    }
    false
}
