//! The files of the site: the only code that reads the disk for it.
//!
//! A [`Job`] looks a path up and reads the file in slices of one disk operation each, so that many
//! downloads share a thread, and an abandoned one ends at the next slice. It knows no protocol:
//! callers decide whether and how a file is sent.
//!
//! ```text
//!   Find ─┬─ file ─▶ Read ─▶ Read ─▶ … ─▶ still the same? ─▶ Found
//!         ├─ directory ─▶ List ─▶ … ─▶ Print ─▶ … ─▶ Listing
//!         └─ nothing, being written, unchanged, …
//! ```

mod draft;
mod find;
mod glance;
mod list;
mod print;
mod private;
mod read;
mod room;
mod root;

pub use crate::buf::{Mark, Opened, Permits};
pub use crate::names::Coding;
pub use draft::{Draft, refusal};
pub use find::{Content, Depth, Found, Lookup, Patience, State, Wish};
pub use glance::Glance;
pub use list::Name;
pub use print::{Document, Form, SEGMENT};
pub use private::Private;
pub use room::room;
pub use root::{Place, Root};

use list::Listing;
use print::Printing;
use read::Reading;
use rustix::io::Errno;
use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// The source of the site's files.
#[derive(Debug)]
pub enum Site {
    /// Pages of the program itself.
    Embedded(Vec<Page>),
    /// A directory.
    Directory(Root),
}

/// A page of the program: compiled in, or derived from one that is.
#[derive(Debug)]
pub struct Page {
    /// Its path, from the first slash.
    pub path: Cow<'static, str>,
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
}

impl Coding {
    /// Returns the suffix of the sidecar's name.
    fn suffix(self) -> &'static [u8] {
        match self {
            Coding::Br => b".br",
            Coding::Zstd => b".zst",
            Coding::Gzip => b".gz",
            Coding::Identity => b"",
        }
    }
}

/// The outcome of a job.
#[derive(Debug)]
pub enum Outcome {
    /// A file.
    Found(Box<Found>),
    /// The file is in the known state.
    Same,
    /// The file is being written, or was a moment ago; holds its present state.
    Unsettled(Mark),
    /// No file.
    No(NoFile),
    /// The root directory exists.
    Rooted,
    /// The range is in memory, and the file has not changed.
    Warm,
    /// The file has changed.
    Changed,
}

/// The reason why a path has no file, and the listing that may take its place.
#[derive(Debug, Clone)]
pub enum NoFile {
    /// A directory, but its path has no slash at its end.
    Directory,
    /// The listing of a directory.
    Listing(Document),
    /// There is no such file, or it is not served.
    Missing,
    /// The file exists, but we may not read it.
    Denied,
    /// The root directory does not exist at the moment.
    Rootless,
    /// No descriptor or no memory is available.
    Busy,
    /// The disk failed.
    Failed,
}

/// A file job; see the module.
#[derive(Debug)]
pub struct Job(Option<Step>);

/// One disk operation, or a few that belong together.
#[derive(Debug)]
pub struct Slice(Step);

/// The result of a slice.
#[derive(Debug)]
pub struct Piece(Result<Step, Outcome>);

#[derive(Debug)]
enum Step {
    Find(Box<Lookup>),
    Read(Box<Reading>),
    List(Listing),
    Print(Printing),
    Root(Arc<Site>),
    Warm(Arc<Opened>, Range<u64>),
}

impl Job {
    /// Creates a job that looks a path up.
    pub fn lookup(lookup: Lookup) -> Job {
        Job(Some(Step::Find(Box::new(lookup))))
    }

    /// Creates a job that checks whether the root exists.
    pub fn root(site: Arc<Site>) -> Job {
        Job(Some(Step::Root(site)))
    }

    /// Creates a job that loads a range of a file into memory, so that sending it does not wait for
    /// the disk.
    pub fn warm(file: Arc<Opened>, range: Range<u64>) -> Job {
        Job(Some(Step::Warm(file, range)))
    }

    /// Returns the next slice; `None` while one is in progress.
    pub fn cut(&mut self) -> Option<Slice> {
        self.0.take().map(Slice)
    }

    /// Merges the result of a slice; returns the outcome with the last one.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        match piece.0 {
            Ok(step) => {
                self.0 = Some(step);
                None
            }
            Err(outcome) => Some(outcome),
        }
    }
}

impl Slice {
    /// Runs the slice.
    pub fn run(self) -> Piece {
        Piece(match self.0 {
            Step::Find(lookup) => lookup.run(),
            Step::Read(reading) => reading.run(),
            Step::List(listing) => listing.run(),
            Step::Print(printing) => printing.run(),
            Step::Root(site) => Err(match &*site {
                Site::Directory(root) if root.now().is_err() => Outcome::No(NoFile::Rootless),
                Site::Directory(_) | Site::Embedded(_) => Outcome::Rooted,
            }),
            Step::Warm(file, range) => Err(match file.warm_up(range) {
                Ok(()) => Outcome::Warm,
                Err(_) => Outcome::Changed,
            }),
        })
    }

    /// Returns the estimated processor time in nanoseconds; waiting for the disk does not count.
    pub fn cost(&self) -> i64 {
        match &self.0 {
            Step::Find(_) | Step::Warm(..) | Step::Root(_) => 10_000,
            Step::Read(_) => 50_000,
            Step::List(_) | Step::Print(_) => 500_000,
        }
    }
}

/// Returns true if a decoded path may be looked up: it begins with a slash, has no empty segment
/// except at its end, and no hidden one.
pub fn is_served(path: &[u8]) -> bool {
    let Some(path) = path.strip_prefix(b"/") else {
        return false;
    };
    let names = path.strip_suffix(b"/").unwrap_or(path);
    path.is_empty()
        || !names.split(|byte| *byte == b'/').any(|name| name.is_empty() || is_hidden(name))
}

/// Returns true for a hidden name: one that begins with a dot, except `.well-known` of RFC 8615.
fn is_hidden(name: &[u8]) -> bool {
    name.first() == Some(&b'.') && name != b".well-known"
}

/// Maps a failure of open or stat to an outcome.
fn meaning(error: &io::Error) -> Outcome {
    // NXIO and NODEV: a socket, or a device without a driver.
    const MISSING: [Errno; 7] = [
        Errno::NOENT,
        Errno::NOTDIR,
        Errno::LOOP,
        Errno::NAMETOOLONG,
        Errno::ISDIR,
        Errno::NXIO,
        Errno::NODEV,
    ];
    match Errno::from_io_error(error) {
        Some(errno) if MISSING.contains(&errno) => Outcome::No(NoFile::Missing),
        Some(Errno::ACCESS | Errno::PERM) => Outcome::No(NoFile::Denied),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => Outcome::No(NoFile::Busy),
        None if error.kind() == io::ErrorKind::NotFound => Outcome::No(NoFile::Missing),
        Some(_) | None => Outcome::No(NoFile::Failed),
    }
}

#[cfg(test)]
mod tests;
