//! pentad: five servers in one thread.

pub mod limits;
pub mod wire;
pub mod work;
