//! The models, from the outside: the real binary under each of them, over real sockets.
//!
//! What clients see must not depend on who waits for them; how long it takes may. No test sleeps
//! for luck: each waits for what it wants to see, with a deadline.

#![allow(clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod clients;
mod processes;
mod server;
mod study;
