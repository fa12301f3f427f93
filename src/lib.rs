//! pentad: five servers in one thread.

pub mod config;
pub mod limits;
pub mod wire;
pub mod work;
