//! Commands: argv comes in, an exit code goes out.

mod data_dir;

pub use data_dir::{DataDir, DataDirError};
