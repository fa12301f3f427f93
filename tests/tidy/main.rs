//! The house rules that a compiler does not know: who may know whom, how long things may get,
//! what is never written, and that the map in the README is the territory.

#![allow(clippy::unwrap_used)]

mod knowledge;
mod map;
mod paths;
mod sizes;
mod source;
mod words;

/// Fails with all of them, if there are any.
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
