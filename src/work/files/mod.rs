//! The files of the site: the only code that reads the disk for it.
//!
//! A [`Job`] looks a path up, and reads what it finds in slices of one disk operation each, so
//! that many downloads share a thread, and one whose requester is gone ends at the next slice.
//! It knows no protocol: whether a found file is sent, and how, is for others to say.
//!
//! ```text
//!   Find ─┬─ file ─▶ Read ─▶ Read ─▶ … ─▶ still the same? ─▶ Found
//!         ├─ directory ─▶ List ─▶ … ─▶ Print ─▶ … ─▶ Listing
//!         └─ nothing, somebody is writing to it, unchanged, …
//! ```

mod draft;
mod find;
mod glance;
mod list;
mod opened;
mod print;
mod private;
mod read;
mod room;
mod root;

pub use draft::{Draft, refusal};
pub use find::{Content, Depth, Found, Lookup, Patience, State, Wish};
pub use glance::Glance;
pub use list::Name;
pub use opened::{Mark, Opened, Seats};
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

/// Where the files of the site are.
#[derive(Debug)]
pub enum Site {
    /// In the program itself.
    Embedded(Vec<Page>),
    /// In a directory.
    Directory(Root),
}

/// A file of the program: compiled in, or made of what was.
#[derive(Debug)]
pub struct Page {
    /// Its path, from the first slash.
    pub path: Cow<'static, str>,
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
}

/// How a file may be encoded at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Brotli.
    Br,
    /// Zstandard.
    Zstd,
    /// Gzip.
    Gzip,
    /// Not at all.
    Identity,
}

impl Coding {
    /// Those that have files of their own, in the order of [`State::sidecars`].
    pub const SIDECARS: [Coding; 3] = [Coding::Br, Coding::Zstd, Coding::Gzip];

    /// What is appended to the name of the file.
    fn suffix(self) -> &'static [u8] {
        match self {
            Coding::Br => b".br",
            Coding::Zstd => b".zst",
            Coding::Gzip => b".gz",
            Coding::Identity => b"",
        }
    }
}

/// What a job came to.
#[derive(Debug)]
pub enum Outcome {
    /// A file.
    Found(Box<Found>),
    /// The file is in the state that was known.
    Same,
    /// A directory, which was not asked for.
    Directory,
    /// The names in a directory that was asked for.
    Listing(Document),
    /// There is nothing of that name that would be served.
    Missing,
    /// It is there, but not for us to read.
    Denied,
    /// It is being written to, or was a moment ago: this is how far it is.
    Unsettled(Mark),
    /// There is no directory of the root's name at the moment.
    Rootless,
    /// There is one.
    Rooted,
    /// There is no descriptor free, or no memory.
    Busy,
    /// The disk failed.
    Failed,
    /// The stretch is in memory, and the file still what it was.
    Warm,
    /// The file is not what it was.
    Changed,
}

/// See the module.
#[derive(Debug)]
pub struct Job(Option<Step>);

/// One disk operation, or a few that belong together.
#[derive(Debug)]
pub struct Slice(Step);

/// What it came to.
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
    /// Looks a path up.
    pub fn lookup(lookup: Lookup) -> Job {
        Job(Some(Step::Find(Box::new(lookup))))
    }

    /// Looks whether there is a root to serve files from.
    pub fn root(site: Arc<Site>) -> Job {
        Job(Some(Step::Root(site)))
    }

    /// Has a stretch of a file in memory when it is sent, so that who sends it does not wait for
    /// the disk.
    pub fn warm(file: Arc<Opened>, range: Range<u64>) -> Job {
        Job(Some(Step::Warm(file, range)))
    }

    /// The next slice; `None` while one is out.
    pub fn cut(&mut self) -> Option<Slice> {
        self.0.take().map(Slice)
    }

    /// Takes back what a slice came to; the outcome with the last one.
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
    /// Does it.
    pub fn run(self) -> Piece {
        Piece(match self.0 {
            Step::Find(lookup) => lookup.run(),
            Step::Read(reading) => reading.run(),
            Step::List(listing) => listing.run(),
            Step::Print(printing) => printing.run(),
            Step::Root(site) => Err(match &*site {
                Site::Directory(root) if root.now().is_err() => Outcome::Rootless,
                Site::Directory(_) | Site::Embedded(_) => Outcome::Rooted,
            }),
            Step::Warm(file, range) => Err(match file.warm_up(range) {
                Ok(()) => Outcome::Warm,
                Err(_) => Outcome::Changed,
            }),
        })
    }

    /// About what it takes of a processor, in nanoseconds: waiting for a disk costs nobody else.
    pub fn cost(&self) -> i64 {
        match &self.0 {
            Step::Find(_) | Step::Warm(..) | Step::Root(_) => 10_000,
            Step::Read(_) => 50_000,
            Step::List(_) | Step::Print(_) => 500_000,
        }
    }
}

/// Whether a decoded path may be looked up: it begins with a slash, has no empty segment but at
/// its end, and none that is hidden.
pub fn is_served(path: &[u8]) -> bool {
    let Some(path) = path.strip_prefix(b"/") else {
        return false;
    };
    let names = path.strip_suffix(b"/").unwrap_or(path);
    path.is_empty()
        || !names.split(|byte| *byte == b'/').any(|name| name.is_empty() || is_hidden(name))
}

/// Whether a name is not shown to anybody: those that begin with a dot, but for the one that RFC
/// 8615 has given to the public.
fn is_hidden(name: &[u8]) -> bool {
    name.first() == Some(&b'.') && name != b".well-known"
}

/// What a failure to open or to look means to who asked.
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
        Some(errno) if MISSING.contains(&errno) => Outcome::Missing,
        Some(Errno::ACCESS | Errno::PERM) => Outcome::Denied,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => Outcome::Busy,
        None if error.kind() == io::ErrorKind::NotFound => Outcome::Missing,
        Some(_) | None => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests;
