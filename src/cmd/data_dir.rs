//! The data directory: created privately, and used by one server at a time.
//!
//! The lock is the kernel's (`flock`): it cannot outlive its process, however that ends, so a
//! stale one never has to be told from a live one. The file stays when the lock goes: deleting
//! it would let two servers lock two files of the same name.

use crate::net::cannot;
use rustix::fs::Mode;
use rustix::process::umask;
use std::error::Error;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

/// The mode of a data directory: its owner's alone.
const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why there is no data directory.
#[derive(Debug)]
pub enum DataDirError {
    /// Another process holds the lock.
    InUse {
        /// The directory.
        path: PathBuf,
        /// The holder, if it had got around to writing its number.
        pid: Option<u32>,
    },
    /// It cannot be created, entered or written to.
    Unusable {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl DataDir {
    /// Creates the directory if it is missing, mode 0700, and locks it. From now on whatever this
    /// process creates is for its owner only, whatever it was started with.
    pub fn open(path: &Path) -> Result<DataDir, DataDirError> {
        umask(OTHERS);
        let unusable = |error| DataDirError::Unusable { path: path.to_owned(), error };
        create(path).map_err(unusable)?;
        let mut lock = open_lock(path).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataDirError::InUse { path: path.to_owned(), pid: holder(&mut lock) });
            }
            Err(TryLockError::Error(error)) => {
                return Err(unusable(cannot("lock the file lock in it")(error)));
            }
        }
        // The number is a courtesy to a process that is refused: a full disk must not stop us here.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", process::id()));
        Ok(DataDir { path: path.to_owned(), _lock: lock })
    }

    /// Does something in the directory, which is created if it is missing: for those who only add
    /// to it, beside the server whose it may be. What is created meanwhile is for its owner only.
    pub fn add<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, DataDirError> {
        let before = umask(OTHERS);
        let done = create(path).map(|()| work());
        umask(before);
        done.map_err(|error| DataDirError::Unusable { path: path.to_owned(), error })
    }

    /// Returns the mode if others than the owner may use it.
    pub fn open_to_others(&self) -> Option<u32> {
        let mode = fs::metadata(&self.path).ok()?.permissions().mode() & 0o777;
        (mode & OTHERS.as_raw_mode() != 0).then_some(mode)
    }

    /// Has `look` look around in the directory as [`DataDir::open`] would find it, if it succeeded
    /// now. A directory that was missing is missing afterwards.
    pub fn probe<T>(path: &Path, look: impl FnOnce(&Path) -> T) -> Result<T, DataDirError> {
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|part| !part.as_os_str().is_empty() && !part.exists())
            .collect();
        let looked = DataDir::open(path).map(|data| look(data.path()));
        if !missing.is_empty() {
            let _ = fs::remove_file(path.join(LOCK));
        }
        for part in missing {
            // Refuses a directory that another process has begun to use in between, which is right.
            let _ = fs::remove_dir(part);
        }
        looked
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a database in it. One that was here before, and is not, begins anew: that is
    /// said, since its reader would take it for all there ever was.
    pub fn file(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        let list = self.path.join(KNOWN);
        let known = fs::read_to_string(&list).unwrap_or_default();
        let is_known = known.lines().any(|line| line == name);
        let bytes = fs::metadata(&path).map(|found| found.len());
        match bytes {
            Err(error) if is_known && error.kind() == ErrorKind::NotFound => {
                log::warn!("{} was here and is missing: it begins anew", path.display());
            }
            Ok(0) if is_known => {
                log::warn!("{} was emptied: it begins anew", path.display());
            }
            Ok(_) | Err(_) => {}
        }
        if !is_known {
            // A courtesy to those who start the next server: a full disk must not stop this one.
            let _ = fs::write(&list, known + name + "\n");
        }
        path
    }
}

/// The names of the databases that were ever here, one a line.
const KNOWN: &str = "databases";

impl fmt::Display for DataDirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataDirError::InUse { path, pid } => {
                write!(f, "data directory {} is in use by another pentad", path.display())?;
                pid.map_or(Ok(()), |pid| write!(f, " (pid {pid})"))
            }
            DataDirError::Unusable { path, error } => {
                write!(f, "data directory {}: {error}", path.display())
            }
        }
    }
}

impl Error for DataDirError {}

/// The file that is locked.
const LOCK: &str = "lock";

fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(cannot("create it"))
}

fn open_lock(path: &Path) -> io::Result<File> {
    // Not truncated: until the lock is ours, the number in it is another's.
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join(LOCK))
        .map_err(cannot("open the file lock in it"))
}

fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that lives as long as its test.
    struct TempDir(PathBuf);

    impl TempDir {
        fn new(name: &str) -> TempDir {
            let path = std::env::temp_dir().join(format!("pentad-data-{}-{name}", process::id()));
            fs::create_dir_all(&path).expect("the temporary directory is writable");
            TempDir(path)
        }
    }

    impl Drop for TempDir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn it_is_created_for_its_owner_only() {
        let dir = TempDir::new("private");
        let path = dir.0.join("a/b");
        let data = DataDir::open(&path).expect("it can be created");
        let mode = fs::metadata(data.path()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_second_server_is_told_who_the_first_is_and_may_follow_it() {
        let dir = TempDir::new("locked");
        let first = DataDir::open(&dir.0).expect("it is free");
        let refused = DataDir::open(&dir.0).expect_err("it is taken").to_string();
        let pid = process::id();
        let path = dir.0.display();
        let expected = format!("data directory {path} is in use by another pentad (pid {pid})");
        assert_eq!(refused, expected);
        assert!(DataDir::probe(&dir.0, |_| ()).is_err());
        drop(first);
        assert!(DataDir::probe(&dir.0, |_| ()).is_ok());
        DataDir::open(&dir.0).expect("it is free again");
    }

    #[test]
    fn a_lock_without_a_number_still_refuses() {
        let dir = TempDir::new("numberless");
        let lock = open_lock(&dir.0).expect("it can be created");
        lock.try_lock().expect("it is free");
        let refused = DataDir::open(&dir.0).expect_err("it is taken").to_string();
        assert!(refused.ends_with(" is in use by another pentad"), "{refused}");
    }

    #[test]
    fn a_file_in_its_place_is_an_error_with_the_path() {
        let dir = TempDir::new("file");
        let file = dir.0.join("file");
        fs::write(&file, "").expect("it can be written");
        for path in [file.clone(), file.join("below")] {
            let opened = DataDir::open(&path).expect_err("a file is no directory").to_string();
            let probed =
                DataDir::probe(&path, |_| ()).expect_err("a file is no directory").to_string();
            let begin = format!("data directory {}: ", path.display());
            assert!(opened.starts_with(&begin) && probed.starts_with(&begin), "{opened} {probed}");
        }
    }

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let dir = TempDir::new("probe");
        DataDir::probe(&dir.0.join("a/b/c"), |_| ()).expect("it could be created");
        assert!(!dir.0.join("a").exists());
    }
}
