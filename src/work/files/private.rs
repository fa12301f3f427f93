//! The files that the process owns and never serves, wherever the root of the site is: the data
//! directory with its content, the log files, the configuration.
//!
//! Files are compared by device and inode, so that no other name, link or mount leads to them. A
//! neighbour of a log or configuration file with a longer name (`access.log.1`, `pentad.toml~`)
//! counts as an older version of it.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The identity of a file or directory, independent of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

/// The set of private files; see the module.
#[derive(Debug, Default)]
pub struct Private {
    folders: Vec<(FileId, PathBuf)>,
    files: Vec<PathBuf>,
    held: Vec<FileId>,
}

/// The facts about a file that are checked before it is served.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its identity.
    pub id: FileId,
    /// True if it may have several names, as directories do not.
    pub is_linked: bool,
    /// The last segment of its path.
    pub name: &'a [u8],
    /// The directory that contains it.
    pub folder: FileId,
}

/// Depth of a data directory, and the number of entries that are examined in it.
const DEPTH: usize = 4;
const ENTRIES: usize = 10_000;

impl FileId {
    /// Returns the identity of a file or directory.
    pub fn of(metadata: &Metadata) -> FileId {
        FileId::new(metadata.dev(), metadata.ino())
    }

    /// Creates an identity from its two numbers.
    pub fn new(device: u64, inode: u64) -> FileId {
        FileId { device, inode }
    }

    fn at(path: &Path) -> io::Result<FileId> {
        fs::metadata(path).map(|metadata| FileId::of(&metadata))
    }
}

impl Private {
    /// Adds a directory, with all present and future content.
    ///
    /// # Errors
    /// Returns the errors of stat(2).
    pub fn add_folder(&mut self, path: &Path) -> io::Result<()> {
        let path = fs::canonicalize(path)?;
        self.folders.push((FileId::at(&path)?, path));
        Ok(())
    }

    /// Adds the file that has this name at the time of a request.
    ///
    /// # Errors
    /// Fails if the current directory is gone.
    pub fn add_file(&mut self, path: &Path) -> io::Result<()> {
        self.files.push(std::path::absolute(path)?);
        Ok(())
    }

    /// Adds a file that stays open, such as standard output.
    ///
    /// # Errors
    /// Returns the errors of fstat(2).
    pub fn add_open(&mut self, file: impl AsFd) -> io::Result<()> {
        let metadata = File::from(file.as_fd().try_clone_to_owned()?).metadata()?;
        if metadata.is_file() {
            self.held.push(FileId::of(&metadata));
        }
        Ok(())
    }

    /// Returns true if nothing is private.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.files.is_empty() && self.held.is_empty()
    }

    /// Returns true for a private directory.
    pub fn is_folder(&self, id: FileId) -> bool {
        self.folders.iter().any(|(own, _)| *own == id)
    }

    /// Returns true if the candidate must be neither served nor listed.
    pub fn keeps(&self, candidate: &Candidate<'_>) -> bool {
        self.is_folder(candidate.id)
            || self.held.contains(&candidate.id)
            || self.files.iter().any(|path| is_or_was(path, candidate))
            || candidate.is_linked && self.is_inside(candidate.id)
    }

    /// Returns true if one of the names of a file lies in a private directory.
    fn is_inside(&self, id: FileId) -> bool {
        self.folders.iter().any(|(folder, path)| {
            folder.device == id.device && has_inode(path, id.inode, DEPTH, &mut ENTRIES.clone())
        })
    }
}

/// Returns true for the file at `path`, and for an older version with a longer name next to it.
fn is_or_was(path: &Path, candidate: &Candidate<'_>) -> bool {
    if FileId::at(path).is_ok_and(|id| id == candidate.id) {
        return true;
    }
    let name = path.file_name().map_or(&b""[..], |name| name.as_bytes());
    candidate.name.strip_prefix(name).is_some_and(is_of_an_older_one)
        && path
            .parent()
            .is_some_and(|folder| FileId::at(folder).is_ok_and(|id| id == candidate.folder))
}

/// Returns true for a suffix of rotated logs and backups: `.1`, `.2.gz`, `-20261129`, `.old`, `~`.
fn is_of_an_older_one(suffix: &[u8]) -> bool {
    const WORDS: [&[u8]; 7] = [b".old", b".bak", b".orig", b".save", b".gz", b".swp", b".tmp"];
    match suffix {
        [b'~' | b'#', ..] => true,
        [b'.' | b'-' | b'_', digit, ..] if digit.is_ascii_digit() => true,
        _ => WORDS.iter().any(|word| suffix.starts_with(word)),
    }
}

fn has_inode(folder: &Path, inode: u64, depth: usize, left: &mut usize) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    for entry in entries.filter_map(Result::ok) {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        let is_folder = || entry.file_type().is_ok_and(|kind| kind.is_dir());
        if entry.ino() == inode
            || depth > 1 && is_folder() && has_inode(&entry.path(), inode, depth - 1, left)
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
