//! A regular file that is open, and the state that it was found in.
//!
//! Whoever sends from it asks at each step whether it is still that file. It is never read past
//! the length that it had, and never made longer.

use super::glance::{GLANCE_BYTES, Glance};
use crate::limits;
use rustix::fs::{Advice, MemfdFlags, SealFlags, fadvise, fcntl_add_seals, memfd_create};
use rustix::io::{ReadWriteFlags, preadv2};
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, IoSliceMut, PipeReader, Write};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

/// See the module.
#[derive(Debug)]
pub struct Opened {
    file: File,
    mark: Mark,
    /// So many bytes from the first on were in memory when it was opened.
    warm: u64,
    /// Names that it had.
    links: u64,
    /// It is being written to all the time, and sent as it is.
    is_loose: bool,
    /// Nobody can change it, so that nobody need look.
    sealed: Option<Sealed>,
}

#[derive(Debug)]
struct Sealed {
    pages: Option<PipeReader>,
    _seat: Option<Seat>,
}

/// From one sample to the next: what Linux reads ahead in one go unless it is told otherwise.
const SAMPLE_BYTES: usize = 128 * 1024;

/// How many sealed copies there may be at a time: each takes two descriptors.
#[derive(Debug)]
pub struct Seats(AtomicUsize);

/// Room for one of them, given back when it goes.
#[derive(Debug)]
pub struct Seat(Arc<Seats>);

impl Seats {
    /// Room for so many.
    pub fn new(count: usize) -> Arc<Seats> {
        Arc::new(Seats(AtomicUsize::new(count)))
    }

    /// Leaves room for no more than `most`, if nobody has taken any yet.
    pub fn at_most(&self, most: usize) {
        self.0.fetch_min(most, Ordering::AcqRel);
    }

    /// Room for one, if there is any.
    pub fn take(self: &Arc<Seats>) -> Option<Seat> {
        let left =
            self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        left.ok().map(|_| Seat(Arc::clone(self)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// What tells one state of a file from another: which file it is, its length, and when it and what
/// is said of it last changed. Length and time of writing alone do not tell: tools that keep times
/// put other bytes of the same length under the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The file system that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// When that number was given to it, in nanoseconds since 1970; 0 where nobody keeps that. A
    /// number is free for another file once its own is gone.
    pub born: i64,
    /// Its length.
    pub bytes: u64,
    /// When it was last written to, in nanoseconds since 1970, as far as is said: that can be set.
    pub modified: i64,
    /// When any of this last changed. Nobody can set it.
    pub changed: i64,
    /// Whether these are times: what was compiled in has none.
    pub dated: bool,
}

impl Mark {
    /// That of what was compiled in, but for its number and its length.
    pub const UNDATED: Mark =
        Mark { device: 0, inode: 0, born: 0, bytes: 0, modified: 0, changed: 0, dated: false };

    /// That of a file.
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

    /// Whether it is the same file, in whatever state.
    pub fn is_file(&self, other: &Mark) -> bool {
        (self.device, self.inode, self.born) == (other.device, other.inode, other.born)
    }
}

impl Mark {
    /// What tells its bytes from those that it had before, without reading them. Nothing in it can
    /// be read back, and it is the same after a restart.
    pub fn tag(&self) -> u128 {
        let known = [self.inode as i64, self.bytes as i64, self.modified, self.changed];
        let digest = known
            .iter()
            .fold(Sha256::new(), |digest, number| digest.chain_update(number.to_be_bytes()));
        super::read::tag(&digest.finalize())
    }
}

fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

impl Opened {
    /// An open file in its present state.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn new(file: File) -> io::Result<Opened> {
        let metadata = file.metadata()?;
        let (mark, links) = (Mark::of(&metadata), metadata.nlink());
        Ok(Opened { file, mark, warm: 0, links, is_loose: false, sealed: None })
    }

    /// A file in memory that holds a copy of `bytes`, which nobody can change any more.
    ///
    /// # Errors
    /// The operating system's, when it has no descriptor or no memory to give.
    pub fn sealed(bytes: &[u8], seat: Option<Seat>) -> io::Result<Opened> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("pentad-file", flags)?);
        file.write_all(bytes)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        let sealed = Sealed { pages: pages(&file, bytes.len()).ok().flatten(), _seat: seat };
        Ok(Opened { sealed: Some(sealed), ..Opened::new(file)? })
    }

    /// All of a sealed copy that is not too long, in a pipe that must never be read from: it is
    /// there to be duplicated, see tee(2).
    pub fn pages(&self) -> Option<&PipeReader> {
        self.sealed.as_ref()?.pages.as_ref()
    }

    /// The same file with its beginning in memory, so that who sends it can begin at once.
    ///
    /// # Errors
    /// As of [`Opened::warm_up`].
    pub fn begun(self) -> io::Result<Opened> {
        let warm = self.mark.bytes.min(limits::FILE_READ_BYTES as u64);
        self.warm_up(0..warm)?;
        Ok(Opened { warm, ..self })
    }

    /// The same file as it is now, to be sent as it is by then, as long as it does not get shorter.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn loose(self) -> io::Result<Opened> {
        Ok(Opened { is_loose: true, ..Opened::new(self.file)? })
    }

    /// Has a stretch of it in memory, so that who sends that does not wait for the disk.
    ///
    /// # Errors
    /// Those of [`Opened::read_at`] and [`Opened::check`].
    pub fn warm_up(&self, range: Range<u64>) -> io::Result<()> {
        if let Some(length) = NonZeroU64::new(range.end - range.start) {
            if !self.is_cached(&range) {
                // Advice that is not taken is no failure: then the sender waits a little.
                let _ = fadvise(&self.file, range.start, Some(length), Advice::WillNeed);
            }
            self.read_at(&mut [0], range.end - 1)?;
        }
        self.check()
    }

    /// Whether a stretch is in memory, as far as samples tell, which take less than half the time
    /// of the advice: what was read ahead in one go is mostly forgotten in one go.
    fn is_cached(&self, range: &Range<u64>) -> bool {
        range.clone().step_by(SAMPLE_BYTES).all(|at| {
            let mut byte = [0];
            let mut into = [IoSliceMut::new(&mut byte)];
            preadv2(&self.file, &mut into, at, ReadWriteFlags::NOWAIT) == Ok(1)
        })
    }

    /// Where what was in memory at first ends.
    pub fn warm(&self) -> u64 {
        self.warm
    }

    /// The state that it was found in.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Nothing, if what is in it is still as it was found. A name more or less, as when it is
    /// replaced or deleted, is no change of that.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is not, and those of fstat(2).
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

    /// What its first bytes tell. Those that cannot be read tell nothing.
    pub fn glance(&self) -> Glance {
        let mut first = [0; GLANCE_BYTES];
        let count = self.read_at(&mut first, 0).unwrap_or(0);
        Glance::at(&first[..count])
    }

    /// Reads from `offset` on, at least one byte if `into` has room.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where nothing is left, and those of pread(2).
    pub fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.file.read_at(into, offset)? {
            0 if !into.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

/// The pages of a file in a pipe, if they are not too many for one.
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
