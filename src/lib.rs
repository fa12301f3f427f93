//! pentad: five servers in one thread.

pub mod buf;
#[doc(hidden)]
pub mod check;
pub mod client;
pub mod cmd;
pub mod config;
pub mod limits;
pub mod net;
pub mod service;
pub mod stats;
pub mod wire;
pub mod work;
