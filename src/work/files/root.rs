//! The root directory of the site: nothing outside it is ever opened, and no private file.
//!
//! If possible, the kernel resolves names beneath the directory (openat2(2), since Linux 5.6).
//! Otherwise, and for names with symbolic links, the real path is determined first and compared
//! with the root, and so is the opened file.
//!
//! The directory is looked up by its name each time: it may have been deleted and created again, or
//! its name may be a link that now points to another one.

use super::private::{Candidate, FileId, Private};
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, openat, openat2, readlink, statat,
};
use rustix::io::Errno;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The name of the directory, and the directory found under it.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    private: Arc<Private>,
    /// The directory that was found last.
    place: RwLock<Arc<Place>>,
}

/// A directory that is or was the root.
#[derive(Debug)]
pub struct Place {
    dir: OwnedFd,
    real: PathBuf,
    id: FileId,
    /// True if the directory lies in a private one, and so all of its content is private.
    is_private: bool,
    private: Arc<Private>,
    /// True if the kernel resolves beneath a directory.
    beneath: AtomicBool,
}

/// Open for reading, do not wait (for a FIFO), and acquire no controlling terminal.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Attempts while another process renames directories on the way.
const TRIES: usize = 16;

impl Root {
    /// Opens an existing directory.
    ///
    /// # Errors
    /// Returns the errors of open(2).
    pub fn open(path: &Path) -> io::Result<Root> {
        Root::guarded(path, Private::default())
    }

    /// Opens an existing directory, of which private files are not served.
    ///
    /// # Errors
    /// Returns the errors of open(2).
    pub fn guarded(path: &Path, private: Private) -> io::Result<Root> {
        let (path, private) = (std::path::absolute(path)?, Arc::new(private));
        let place = RwLock::new(Arc::new(Place::open(&path, &private)?));
        Ok(Root { path, private, place })
    }

    /// Returns the directory that has the name now.
    ///
    /// # Errors
    /// Returns the errors of stat(2) and open(2): there may be no such directory at the moment.
    pub fn now(&self) -> io::Result<Arc<Place>> {
        let id = FileId::of(&fs::metadata(&self.path)?);
        let last = Arc::clone(&self.place.read().unwrap_or_else(PoisonError::into_inner));
        if last.id == id {
            return Ok(last);
        }
        let place = Arc::new(Place::open(&self.path, &self.private)?);
        let mut last = self.place.write().unwrap_or_else(PoisonError::into_inner);
        *last = Arc::clone(&place);
        Ok(place)
    }
}

impl Place {
    fn open(path: &Path, private: &Arc<Private>) -> io::Result<Place> {
        let real = fs::canonicalize(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&real, flags, Mode::empty())?;
        let id = id(&rustix::fs::fstat(&dir)?);
        let is_private = real.ancestors().any(|above| {
            fs::metadata(above).is_ok_and(|above| private.is_folder(FileId::of(&above)))
        });
        let private = Arc::clone(private);
        Ok(Place { dir, real, id, is_private, private, beneath: AtomicBool::new(true) })
    }

    /// Returns true if the directory is private, and so nothing in it is served.
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// Returns its path without links.
    pub fn real(&self) -> &Path {
        &self.real
    }

    /// Opens the file or directory called `name` beneath the root.
    ///
    /// # Errors
    /// Returns the errors of open(2), and [`ErrorKind::NotFound`] for a path outside the root or a
    /// private file.
    pub fn find(&self, name: &[u8]) -> io::Result<File> {
        self.find_with(name, READ)
    }

    /// Opens with `O_PATH`: for metadata only, not for reading.
    ///
    /// # Errors
    /// See [`Place::find`].
    pub fn look(&self, name: &[u8]) -> io::Result<File> {
        self.find_with(name, OFlags::PATH | OFlags::CLOEXEC)
    }

    fn find_with(&self, name: &[u8], flags: OFlags) -> io::Result<File> {
        let name = if name.is_empty() { b"." } else { name };
        let (file, real) = self.open_beneath(name, flags)?;
        if self.is_kept(&real, &file)? { Err(ErrorKind::NotFound.into()) } else { Ok(file) }
    }

    /// Opens the file and returns it with its name without links.
    fn open_beneath<'n>(&self, name: &'n [u8], flags: OFlags) -> io::Result<(File, Cow<'n, [u8]>)> {
        if !self.beneath.load(Ordering::Relaxed) {
            return self.resolve(name, flags);
        }
        for _ in 0..TRIES {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            match openat2(&self.dir, name, flags, Mode::empty(), resolve) {
                Ok(file) => return Ok((file.into(), name.into())),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::XDEV | Errno::LOOP) => return self.resolve(name, flags),
                Err(Errno::NOSYS | Errno::PERM) => {
                    self.beneath.store(false, Ordering::Relaxed);
                    return self.resolve(name, flags);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(ErrorKind::NotFound.into())
    }

    /// Resolves links in `name`, and opens the result if it is beneath the root.
    fn resolve(&self, name: &[u8], flags: OFlags) -> io::Result<(File, Cow<'static, [u8]>)> {
        let real = fs::canonicalize(self.real.join(OsStr::from_bytes(name)))?;
        let inside = real.strip_prefix(&self.real).map_err(|_| ErrorKind::NotFound)?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        let own = Cow::Owned(inside.as_os_str().as_bytes().to_vec());
        if self.beneath.load(Ordering::Relaxed) {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            let file = openat2(&self.dir, inside, flags, Mode::empty(), resolve)?;
            return Ok((file.into(), own));
        }
        let file = File::from(openat(&self.dir, inside, flags | OFlags::NOFOLLOW, Mode::empty())?);
        // Another process may have put a link on the way since.
        let opened = readlink(format!("/proc/self/fd/{}", file.as_raw_fd()), Vec::new())?;
        let opened = Path::new(OsStr::from_bytes(opened.as_bytes()));
        if opened.starts_with(&self.real) {
            Ok((file, own))
        } else {
            Err(ErrorKind::NotFound.into())
        }
    }

    /// Returns true if the opened file is private, or lies in a private directory.
    fn is_kept(&self, name: &[u8], file: &File) -> io::Result<bool> {
        if self.is_private {
            return Ok(true);
        }
        if self.private.is_empty() || name == b"." {
            return Ok(false);
        }
        let mut folder = self.id;
        let ends = name.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for (end, _) in ends {
            folder = id(&statat(&self.dir, &name[..end], AtFlags::empty())?);
            if self.private.is_folder(folder) {
                return Ok(true);
            }
        }
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        let metadata = file.metadata()?;
        let is_linked = metadata.nlink() > 1 && !metadata.is_dir();
        let id = FileId::of(&metadata);
        Ok(self.private.keeps(&Candidate { id, is_linked, name: last, folder }))
    }

    /// Returns true for a private entry of an open directory. Links are followed by
    /// [`Place::look`].
    pub fn is_kept_entry(&self, folder: impl AsFd, name: &[u8], stat: &Stat) -> io::Result<bool> {
        if self.private.is_empty() {
            return Ok(false);
        }
        let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        let is_linked = is_regular && stat.st_nlink > 1;
        let folder = id(&rustix::fs::fstat(folder)?);
        Ok(self.private.keeps(&Candidate { id: id(stat), is_linked, name, folder }))
    }
}

fn id(stat: &Stat) -> FileId {
    FileId::new(stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    /// Creates a root with a secret next to it, opened with both ways of resolving.
    fn both(name: &str) -> (PathBuf, [Arc<Place>; 2]) {
        let place = std::env::temp_dir().join(format!("pentad-{name}-{}", std::process::id()));
        let root = place.join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(place.join("secret"), "secret").unwrap();
        fs::write(root.join("sub/file"), "inside").unwrap();
        let roots = [(); 2].map(|()| Root::open(&root).unwrap().now().unwrap());
        roots[1].beneath.store(false, Ordering::Relaxed);
        (place, roots)
    }

    fn read(root: &Place, name: &str) -> Option<String> {
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
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        for root in &roots {
            assert!(!root.find(b"fifo").unwrap().metadata().unwrap().is_file());
        }
        fs::remove_dir_all(place).unwrap();
    }
}
