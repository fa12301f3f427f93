//! Commands: argv comes in, an exit code goes out.

mod data_dir;
pub mod diagnostics;

pub use data_dir::{DataDir, DataDirError};
