//! An open regular file, and the state in which it was found.
//!
//! Senders call [`Opened::check`] at each step. A file is never read beyond its original length.

use crate::limits;
use rustix::fs::{Advice, MemfdFlags, SealFlags, fadvise, fcntl_add_seals, memfd_create};
use rustix::io::{ReadWriteFlags, preadv2};
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice};
use std::fs::{File, Metadata};
use std::io::{self, IoSliceMut, PipeReader, Write};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

/// An open file; see the module.
#[derive(Debug)]
pub struct Opened {
    file: File,
    mark: Mark,
    /// Length of the prefix that was in memory when the file was opened.
    warm: u64,
    /// Number of hard links when it was opened.
    links: u64,
    /// True if the file is being written all the time and is sent as it is.
    is_loose: bool,
    /// Set for a sealed copy, which is immutable and needs no checks.
    sealed: Option<Sealed>,
}

#[derive(Debug)]
struct Sealed {
    pages: Option<PipeReader>,
    _permit: Option<Permit>,
}

/// Distance between samples: the default readahead of Linux.
const SAMPLE_BYTES: usize = 128 * 1024;

/// Permits for sealed copies, each of which takes two descriptors.
#[derive(Debug)]
pub struct Permits(AtomicUsize);

/// A permit for one sealed copy, returned on drop.
#[derive(Debug)]
pub struct Permit(Arc<Permits>);

impl Permits {
    /// Creates this many permits.
    pub fn new(count: usize) -> Arc<Permits> {
        Arc::new(Permits(AtomicUsize::new(count)))
    }

    /// Reduces the number of permits to `most`, if none was taken yet.
    pub fn at_most(&self, most: usize) {
        self.0.fetch_min(most, Ordering::AcqRel);
    }

    /// Takes a permit, if one is left.
    pub fn take(self: &Arc<Permits>) -> Option<Permit> {
        let left =
            self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        left.ok().map(|_| Permit(Arc::clone(self)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// The identity and state of a file: which file it is, its length, and the times of its last
/// changes. Length and modification time are not enough: tools that preserve times put other bytes
/// of the same length under the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The number of its file system.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Creation time of the inode in nanoseconds since 1970; 0 where the file system does not
    /// record it. An inode number is reused after its file is deleted.
    pub born: i64,
    /// Its length.
    pub bytes: u64,
    /// Modification time in nanoseconds since 1970, which programs can set.
    pub modified: i64,
    /// Time of the last change of content or metadata, which programs cannot set.
    pub changed: i64,
    /// True for a file; compiled-in pages have no times.
    pub dated: bool,
}

impl Mark {
    /// The mark of a compiled-in page, except for its number and length.
    pub const UNDATED: Mark =
        Mark { device: 0, inode: 0, born: 0, bytes: 0, modified: 0, changed: 0, dated: false };

    /// Returns the mark of a file.
    pub fn of(metadata: &Metadata) -> Mark {
        let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Mark {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: born.map_or(0, |born| born.as_nanos() as i64),
            bytes: metadata.len(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            dated: true,
        }
    }

    /// Returns true if both marks are of the same file, in any state.
    pub fn is_file(&self, other: &Mark) -> bool {
        (self.device, self.inode, self.born) == (other.device, other.inode, other.born)
    }
}

fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

impl Opened {
    /// Wraps an open file in its present state.
    ///
    /// # Errors
    /// Returns the errors of fstat(2).
    pub fn new(file: File) -> io::Result<Opened> {
        let metadata = file.metadata()?;
        let (mark, links) = (Mark::of(&metadata), metadata.nlink());
        Ok(Opened { file, mark, warm: 0, links, is_loose: false, sealed: None })
    }

    /// Creates an immutable memory file with a copy of `bytes`.
    ///
    /// # Errors
    /// Returns the operating system's error if no descriptor or no memory is available.
    pub fn sealed(bytes: &[u8], permit: Option<Permit>) -> io::Result<Opened> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("pentad-file", flags)?);
        file.write_all(bytes)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        let sealed = Sealed { pages: pages(&file, bytes.len()).ok().flatten(), _permit: permit };
        Ok(Opened { sealed: Some(sealed), ..Opened::new(file)? })
    }

    /// Returns the pages of a short sealed copy, in a pipe that must never be read from: it is
    /// duplicated with tee(2).
    pub fn pages(&self) -> Option<&PipeReader> {
        self.sealed.as_ref()?.pages.as_ref()
    }

    /// Loads the beginning of the file into memory, so that sending can start at once.
    ///
    /// # Errors
    /// See [`Opened::warm_up`].
    pub fn begun(self) -> io::Result<Opened> {
        let warm = self.mark.bytes.min(limits::FILE_READ_BYTES as u64);
        self.warm_up(0..warm)?;
        Ok(Opened { warm, ..self })
    }

    /// Takes the present state of the file, and marks it as one to be sent whatever it contains by
    /// then, unless it gets shorter.
    ///
    /// # Errors
    /// Returns the errors of fstat(2).
    pub fn loose(self) -> io::Result<Opened> {
        Ok(Opened { is_loose: true, ..Opened::new(self.file)? })
    }

    /// Loads a range into memory, so that sending it does not wait for the disk.
    ///
    /// # Errors
    /// Returns the errors of [`Opened::read_at`] and [`Opened::check`].
    pub fn warm_up(&self, range: Range<u64>) -> io::Result<()> {
        if let Some(length) = NonZeroU64::new(range.end - range.start) {
            if !self.is_cached(&range) {
                // Ignored advice is not a failure: then the sender waits a little.
                let _ = fadvise(&self.file, range.start, Some(length), Advice::WillNeed);
            }
            self.read_at(&mut [0], range.end - 1)?;
        }
        self.check()
    }

    /// Samples whether a range is in memory, which takes less than half the time of the advice.
    /// Pages that were read ahead together are mostly evicted together.
    fn is_cached(&self, range: &Range<u64>) -> bool {
        range.clone().step_by(SAMPLE_BYTES).all(|at| {
            let mut byte = [0];
            let mut into = [IoSliceMut::new(&mut byte)];
            preadv2(&self.file, &mut into, at, ReadWriteFlags::NOWAIT) == Ok(1)
        })
    }

    /// Returns the end of the prefix that was in memory at first.
    pub fn warm(&self) -> u64 {
        self.warm
    }

    /// Returns the state in which the file was found.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the file itself.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Checks that the content is still as it was found. A change in the number of links, as when
    /// the file is replaced or deleted, is not a change of the content.
    ///
    /// # Errors
    /// Returns [`io::ErrorKind::InvalidData`] if it changed, and the errors of fstat(2).
    pub fn check(&self) -> io::Result<()> {
        if self.sealed.is_some() {
            return Ok(());
        }
        let metadata = self.file.metadata()?;
        if self.is_loose && metadata.len() >= self.mark.bytes {
            return Ok(());
        }
        let changed = nanos(metadata.ctime(), metadata.ctime_nsec());
        let modified = nanos(metadata.mtime(), metadata.mtime_nsec());
        let is_explained = changed == self.mark.changed || metadata.nlink() != self.links;
        if metadata.len() == self.mark.bytes && modified == self.mark.modified && is_explained {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    /// Reads at `offset`, at least one byte if `into` has room.
    ///
    /// # Errors
    /// Returns [`io::ErrorKind::UnexpectedEof`] at the end of the file, and the errors of pread(2).
    pub fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.file.read_at(into, offset)? {
            0 if !into.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

/// Puts the pages of a file into a pipe, if they fit.
fn pages(file: &File, bytes: usize) -> io::Result<Option<PipeReader>> {
    if bytes > limits::PAGES_BYTES_MAX {
        return Ok(None);
    }
    let (reader, writer) = io::pipe()?;
    fcntl_setpipe_size(&writer, bytes)?;
    let mut offset = 0;
    while (offset as usize) < bytes {
        let left = bytes - offset as usize;
        let count = splice(file, Some(&mut offset), &writer, None, left, SpliceFlags::NONBLOCK)?;
        if count == 0 {
            return Ok(None);
        }
    }
    Ok(Some(reader))
}
