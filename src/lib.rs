//! pentad: five servers in one thread.

pub mod cmd;
pub mod config;
pub mod limits;
pub mod wire;
pub mod work;
