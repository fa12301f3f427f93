//! pentad: five servers in one thread.

#[doc(hidden)]
pub mod check;
pub mod cmd;
pub mod limits;
pub mod wire;
pub mod work;
