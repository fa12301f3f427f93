//! The load tester against our own server, and against servers that misbehave.

#![allow(clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod cookies;
mod faults;
mod figures;
mod limits;
mod slow;
mod tester;
mod words;
