//! The other end: client sessions over the same waist as the services.

#![forbid(unsafe_code)]

pub mod chat;
pub mod http;
pub mod legacy;
pub mod line;
pub mod load;
pub mod once;
