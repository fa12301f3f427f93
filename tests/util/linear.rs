//! A linearizability checker: the search of Wing and Gong, with Lowe's memory of visited states.
//!
//! An operation takes effect at one moment between its request and its answer. One without an
//! answer may take effect at any later moment, or never.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::Hash;

/// An operation with the times of its request and its answer. Times are increasing numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<O> {
    /// The request and the answer.
    pub op: O,
    /// Time of the request.
    pub from: u64,
    /// Time of the answer, if there was one.
    pub until: Option<u64>,
}

/// Returns true if there is an order of the operations that starts in this state, and in which none
/// precedes one that was answered before its request. `step` returns the state after an operation,
/// or `None` if the answer is impossible in that state.
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
        // An operation that was answered early has most likely happened early, one without an
        // answer may not have happened: the last candidate is tried next.
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
