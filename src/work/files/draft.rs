//! Temporary files next to their targets, and the reasons why a database cannot be opened.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A temporary path next to a file. Everything written there is deleted on drop.
#[derive(Debug)]
pub struct Draft(PathBuf);

impl Draft {
    /// Creates the path for this file, for one user at a time.
    pub fn beside(path: &Path) -> Draft {
        Draft(path.with_extension("check"))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Draft {
    /// Deletes the file and the files that SQLite puts next to a database.
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.0.clone().into_os_string();
            name.push(ending);
            let _ = fs::remove_file(name);
        }
    }
}

/// Descriptors of a database: its own, its journal, the journal's index, and the folder.
const DESCRIPTORS: usize = 4;

/// Returns the reason why a database cannot be opened, unless it is missing. The probe opens with
/// `O_PATH`: closing an ordinary descriptor would release SQLite's locks.
pub fn refusal(path: &Path) -> Option<io::Error> {
    let look = |_| rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    // All at once: the last one may be the one that fails for lack of descriptors.
    let held = (0..DESCRIPTORS).map(look).collect::<Result<Vec<_>, _>>();
    held.err().filter(|why| *why != Errno::NOENT).map(Into::into)
}
