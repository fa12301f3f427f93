//! The client tools: each is an application on the loop.

#![forbid(unsafe_code)]

pub mod chat;
pub mod http;
pub mod line;
pub mod load;
pub mod once;
