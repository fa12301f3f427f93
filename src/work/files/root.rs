//! The directory of the site, and opening beneath it: nothing outside of it is ever opened.
//!
//! Where the kernel can, it resolves names beneath the directory itself (openat2(2), since Linux
//! 5.6). Where it cannot, and for symbolic links with an absolute target, the real path is found
//! first, held against the root, and what was opened is held against it once more.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2, readlink};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// See the module.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
    real: PathBuf,
    /// Whether the kernel resolves beneath a directory.
    beneath: AtomicBool,
}

/// What is opened is only read, never waited for (a FIFO), and becomes nobody's terminal.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Tries while somebody renames directories on the way.
const TRIES: usize = 16;

impl Root {
    /// A directory that exists.
    ///
    /// # Errors
    /// Those of open(2).
    pub fn open(path: &Path) -> io::Result<Root> {
        let real = fs::canonicalize(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&real, flags, Mode::empty())?;
        Ok(Root { dir, real, beneath: AtomicBool::new(true) })
    }

    /// Opens what is called `name` beneath the root, whatever it is.
    ///
    /// # Errors
    /// Those of open(2), and [`ErrorKind::NotFound`] for what lies outside.
    pub fn find(&self, name: &[u8]) -> io::Result<File> {
        self.find_with(name, READ)
    }

    /// The same, but only to look at: nothing of it can be read.
    ///
    /// # Errors
    /// Those of [`Root::find`].
    pub fn look(&self, name: &[u8]) -> io::Result<File> {
        self.find_with(name, OFlags::PATH | OFlags::CLOEXEC)
    }

    fn find_with(&self, name: &[u8], flags: OFlags) -> io::Result<File> {
        let name = if name.is_empty() { b"." } else { name };
        if !self.beneath.load(Ordering::Relaxed) {
            return self.resolve(name, flags);
        }
        for _ in 0..TRIES {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
            match openat2(&self.dir, name, flags, Mode::empty(), resolve) {
                Ok(file) => return Ok(file.into()),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::XDEV) => return self.resolve(name, flags),
                Err(Errno::NOSYS | Errno::PERM) => {
                    self.beneath.store(false, Ordering::Relaxed);
                    return self.resolve(name, flags);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(ErrorKind::NotFound.into())
    }

    /// Finds out where `name` really is, and opens that if it is beneath the root.
    fn resolve(&self, name: &[u8], flags: OFlags) -> io::Result<File> {
        let real = fs::canonicalize(self.real.join(OsStr::from_bytes(name)))?;
        let inside = real.strip_prefix(&self.real).map_err(|_| ErrorKind::NotFound)?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        if self.beneath.load(Ordering::Relaxed) {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            return Ok(openat2(&self.dir, inside, flags, Mode::empty(), resolve)?.into());
        }
        let file = File::from(openat(&self.dir, inside, flags | OFlags::NOFOLLOW, Mode::empty())?);
        // Somebody may have put a link on the way since.
        let opened = readlink(format!("/proc/self/fd/{}", file.as_raw_fd()), Vec::new())?;
        let opened = Path::new(OsStr::from_bytes(opened.as_bytes()));
        if opened.starts_with(&self.real) { Ok(file) } else { Err(ErrorKind::NotFound.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    /// A root with a secret beside it, seen by both ways of resolving.
    fn both(name: &str) -> (PathBuf, [Root; 2]) {
        let place = std::env::temp_dir().join(format!("pentad-{name}-{}", std::process::id()));
        let root = place.join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(place.join("secret"), "secret").unwrap();
        fs::write(root.join("sub/file"), "inside").unwrap();
        let roots = [Root::open(&root).unwrap(), Root::open(&root).unwrap()];
        roots[1].beneath.store(false, Ordering::Relaxed);
        (place, roots)
    }

    fn read(root: &Root, name: &str) -> Option<String> {
        let mut text = String::new();
        root.find(name.as_bytes()).ok()?.read_to_string(&mut text).ok()?;
        Some(text)
    }

    #[test]
    fn links_are_followed_inside_and_never_out() {
        let (place, roots) = both("root-links");
        let inside = place.join("root");
        for (link, target) in [
            ("relative", "sub/file".to_string()),
            ("absolute", inside.join("sub/file").to_str().unwrap().to_string()),
            ("up", "../secret".to_string()),
            ("out", place.join("secret").to_str().unwrap().to_string()),
            ("away", "/".to_string()),
            ("loop", "loop".to_string()),
            ("self", "/proc/self/root".to_string()),
            ("in-and-out", "sub/../../secret".to_string()),
            ("out-and-in", "../root/sub/file".to_string()),
        ] {
            symlink(target, inside.join(link)).unwrap();
        }
        for root in &roots {
            for name in ["sub/file", "relative", "absolute", "out-and-in"] {
                assert_eq!(read(root, name).as_deref(), Some("inside"), "{name}");
            }
            for name in [
                "up",
                "out",
                "loop",
                "in-and-out",
                "../secret",
                "sub/../../secret",
                "/etc/passwd",
                "away/etc/passwd",
                "self/etc/passwd",
                "nothing",
            ] {
                assert_eq!(read(root, name), None, "{name}");
            }
        }
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_fifo_keeps_nobody_waiting() {
        let (place, roots) = both("root-fifo");
        let fifo = place.join("root/fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR, 0)
            .unwrap();
        for root in &roots {
            assert!(!root.find(b"fifo").unwrap().metadata().unwrap().is_file());
        }
        fs::remove_dir_all(place).unwrap();
    }
}
