//! The files of the site: the only code that reads the disk for it.

mod opened;

pub use opened::{Mark, Opened};
