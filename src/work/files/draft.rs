//! What is tried of a file before it is there, and why one cannot be opened.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A place beside a file. What is written there is gone with this.
#[derive(Debug)]
pub struct Draft(PathBuf);

impl Draft {
    /// The place beside this file: for one user at a time.
    pub fn beside(path: &Path) -> Draft {
        Draft(path.with_extension("check"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Draft {
    /// With what SQLite has beside a database.
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.0.clone().into_os_string();
            name.push(ending);
            let _ = fs::remove_file(name);
        }
    }
}

/// Descriptors of a database: its own, its journal, the index of that, and the folder.
const DESCRIPTORS: usize = 4;

/// Why a database cannot be opened, if that is not because it is missing. What is only looked at
/// has no locks, which closing it would let go of.
pub fn refusal(path: &Path) -> Option<io::Error> {
    let look = |_| rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    // All at once: the last one may be the one that there is no descriptor for.
    let held = (0..DESCRIPTORS).map(look).collect::<Result<Vec<_>, _>>();
    held.err().filter(|why| *why != Errno::NOENT).map(Into::into)
}
