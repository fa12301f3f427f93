//! House rules that the compiler does not enforce: dependencies, sizes, words, and the accuracy of
//! the code map in the README.

#![allow(clippy::unwrap_used)]

mod circles;
mod knowledge;
mod map;
mod paths;
mod sizes;
mod source;
mod words;

/// Fails if there are any problems, and prints them all.
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
