//! A regular file that is open, and the state that it was found in.
//!
//! Whoever sends from it asks at each step whether it is still that file. It is never read past
//! the length that it had, and never made longer.

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

/// See the module.
#[derive(Debug)]
pub struct Opened {
    file: File,
    mark: Mark,
    /// So many bytes from the first on were in memory when it was opened.
    warm: u64,
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

/// What tells one state of a file from another: its length, and when it was last written to.
/// Renaming a file or linking to it changes neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Its length.
    pub bytes: u64,
    /// Nanoseconds since 1970 for a file; of what was compiled in, a hash.
    pub stamp: i64,
    /// Whether the stamp is a time.
    pub dated: bool,
}

impl Mark {
    /// That of a file.
    pub fn of(metadata: &Metadata) -> Mark {
        let nanos = metadata.mtime().saturating_mul(1_000_000_000);
        let stamp = nanos.saturating_add(metadata.mtime_nsec());
        Mark { bytes: metadata.len(), stamp, dated: true }
    }
}

impl Opened {
    /// An open file in its present state.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn new(file: File) -> io::Result<Opened> {
        let mark = Mark::of(&file.metadata()?);
        Ok(Opened { file, mark, warm: 0, sealed: None })
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

    /// Nothing, if it is still as it was found.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is not, and those of fstat(2).
    pub fn check(&self) -> io::Result<()> {
        if self.sealed.is_some() || Mark::of(&self.file.metadata()?) == self.mark {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
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
