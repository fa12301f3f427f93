//! The other end: each client tool is an application of its own on the loop.

#![forbid(unsafe_code)]

pub mod chat;
pub mod http;
pub mod line;
pub mod load;
pub mod once;
