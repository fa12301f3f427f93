//! Lookup of a path: from its name to the state of the file, to an open file, or to its bytes.

use super::read::{Reading, tag, tag_of};
use super::root::Place;
use super::{
    Coding, Form, Glance, Listing, Mark, NoFile, Opened, Outcome, Page, Permits, Site, Step,
    meaning,
};
use crate::limits;
use sha2::{Digest, Sha256};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A path to look up, and the conditions.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The files to search.
    pub site: Arc<Site>,
    /// A decoded path that [`super::is_served`]; a slash at its end names a directory.
    pub path: Box<[u8]>,
    /// The acceptable encodings.
    pub wish: Wish,
    /// The amount of work to do.
    pub depth: Depth,
    /// True if neighbouring files may hold the same content in other encodings.
    pub sidecars: bool,
    /// The form of the listing for a directory without an index, if there is to be one.
    pub list: Option<Form>,
    /// The time.
    pub wall: SystemTime,
    /// The treatment of a file that is being written.
    pub patience: Patience,
    /// The permits for sealed copies, if the content may become one.
    pub permits: Option<Arc<Permits>>,
    /// A known state: if the files are still in it, the result is [`Outcome::Same`].
    pub known: Option<State>,
}

/// The depth of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only the state.
    State,
    /// Read files up to this length, only open longer ones.
    Content(u64),
}

/// The condition on which a recently written file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It was not written for a while.
    Settled,
    /// It is in the state seen shortly before, and keeps it while it is read.
    Quiet(Mark),
    /// It keeps its state while it is read.
    Whole,
    /// None.
    Any,
}

/// Acceptable encodings, the preferred first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    codings: [Coding; 4],
    length: usize,
}

impl Wish {
    /// Only the file itself.
    pub const PLAIN: Wish = Wish { codings: [Coding::Identity; 4], length: 1 };

    /// Creates a list from these codings, of which only the first four count.
    pub fn new(codings: impl IntoIterator<Item = Coding>) -> Wish {
        let mut wish = Wish { codings: [Coding::Identity; 4], length: 0 };
        for (slot, coding) in wish.codings.iter_mut().zip(codings) {
            *slot = coding;
            wish.length += 1;
        }
        wish
    }

    /// Returns the codings in their order.
    pub fn codings(&self) -> &[Coding] {
        &self.codings[..self.length]
    }
}

/// The state of a file and of its sidecars, which hold the same content in other encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The file itself.
    pub base: Mark,
    /// Its sidecars, in the order of [`Coding::SIDECARS`].
    pub sidecars: [Option<Mark>; 3],
}

/// A file that was found.
#[derive(Debug)]
pub struct Found {
    /// The state of the file and its sidecars.
    pub state: State,
    /// The preferred encoding among those available.
    pub coding: Coding,
    /// The state of the file in that encoding.
    pub mark: Mark,
    /// An identifier of its content: a digest of the bytes if all were read, else of the metadata.
    /// `None` if neither is certain.
    pub tag: Option<u128>,
    /// True if the file changed so recently that another change might not alter its timestamps; a
    /// later lookup has to read it again.
    pub is_young: bool,
    /// Facts from the first bytes of the unencoded file.
    pub glance: Glance,
    /// The content, as far as requested.
    pub content: Content,
}

/// The content of a file.
#[derive(Debug, Clone)]
pub enum Content {
    /// Not requested.
    None,
    /// All bytes.
    Bytes(Arc<[u8]>),
    /// All bytes, in a memory file that can be sent without another copy.
    Sealed(Arc<Opened>),
    /// An open file, too long to be read at once.
    File(Arc<Opened>),
}

impl Lookup {
    pub(super) fn run(self) -> Result<Step, Outcome> {
        let site = Arc::clone(&self.site);
        match &*site {
            Site::Embedded(pages) => Err(self.embedded(pages)),
            Site::Directory(root) => {
                let place = root.now().map_err(|error| {
                    let is_busy = matches!(meaning(&error), Outcome::No(NoFile::Busy));
                    if is_busy { Outcome::No(NoFile::Busy) } else { Outcome::No(NoFile::Rootless) }
                })?;
                self.file(&place)
            }
        }
    }

    /// Returns the path of the file to serve, which is the index for a directory.
    fn file_path(&self) -> Vec<u8> {
        let index: &[u8] = if self.path.ends_with(b"/") { b"index.html" } else { b"" };
        [&self.path, index].concat()
    }

    fn embedded(&self, pages: &[Page]) -> Outcome {
        let path = self.file_path();
        let Some(at) = pages.iter().position(|page| page.path.as_bytes() == path) else {
            let inside = [&self.path, &b"/"[..]].concat();
            let is_directory = pages.iter().any(|page| page.path.as_bytes().starts_with(&inside));
            return if is_directory {
                Outcome::No(NoFile::Directory)
            } else {
                Outcome::No(NoFile::Missing)
            };
        };
        let bytes = &*pages[at].bytes;
        let (inode, length) = (at as u64, bytes.len() as u64);
        let mark = Mark { inode, bytes: length, ..Mark::UNDATED };
        let state = State { base: mark, sidecars: [None; 3] };
        if self.known == Some(state) {
            return Outcome::Same;
        }
        let content = match self.depth {
            Depth::State => Content::None,
            Depth::Content(_) => Content::Bytes(bytes.into()),
        };
        Outcome::Found(Box::new(Found {
            state,
            coding: Coding::Identity,
            mark,
            tag: Some(tag(&Sha256::digest(bytes))),
            is_young: false,
            glance: Glance::at(bytes),
            content,
        }))
    }

    fn file(self, place: &Arc<Place>) -> Result<Step, Outcome> {
        let path = self.file_path();
        // Relative to the root: without the leading slash.
        let name = &path[1..];
        let file = match place.find(name) {
            Ok(file) => file,
            Err(error) => return self.without_index(place, &error),
        };
        let metadata = file.metadata().map_err(|error| meaning(&error))?;
        if metadata.is_dir() && !self.path.ends_with(b"/") {
            return Err(Outcome::No(NoFile::Directory));
        }
        if !metadata.is_file() {
            return Err(Outcome::No(NoFile::Missing));
        }
        let base = Opened::new(file).map_err(|error| meaning(&error))?;
        let mut sidecars = [const { None }; 3];
        if self.sidecars {
            for (slot, coding) in sidecars.iter_mut().zip(Coding::SIDECARS) {
                *slot = sidecar(place, name, coding, base.mark())?;
            }
        }
        let state = State {
            base: base.mark(),
            sidecars: sidecars.each_ref().map(|file| file.as_ref().map(Opened::mark)),
        };
        if self.known == Some(state) {
            return Err(Outcome::Same);
        }
        let is_there = |coding: &Coding| match coding {
            Coding::Identity => true,
            Coding::Br | Coding::Zstd | Coding::Gzip => sidecars[*coding as usize].is_some(),
        };
        let wished = self.wish.codings().iter().copied().find(is_there);
        let coding = wished.unwrap_or(Coding::Identity);
        match coding {
            Coding::Identity => self.read(state, coding, base, None),
            Coding::Br | Coding::Zstd | Coding::Gzip => {
                let chosen = sidecars[coding as usize].take().expect("it is there");
                self.read(state, coding, chosen, Some(&base))
            }
        }
    }

    /// Reads the chosen file. If it is a sidecar, `base` provides the facts about the file itself.
    fn read(
        &self,
        state: State,
        coding: Coding,
        file: Opened,
        base: Option<&Opened>,
    ) -> Result<Step, Outcome> {
        let mark = file.mark();
        let is_recent = is_recent(mark, self.wall) || is_recent(state.base, self.wall);
        let is_taken = match self.patience {
            Patience::Settled => !is_recent,
            Patience::Quiet(before) => before == mark && mark.bytes > 0 || !is_recent,
            Patience::Whole => mark.bytes > 0 || !is_recent,
            Patience::Any => true,
        };
        if !is_taken {
            return Err(Outcome::Unsettled(mark));
        }
        let is_young = is_young(mark, self.wall) || is_young(state.base, self.wall);
        let glance = base.map_or(Glance::default(), Glance::of);
        let content = Content::None;
        let found = Box::new(Found { state, coding, mark, tag: None, is_young, glance, content });
        match self.depth {
            Depth::State => Err(Outcome::Found(found)),
            Depth::Content(most) if mark.bytes > most => {
                Err(self.open(found, file, base.is_none(), is_recent))
            }
            Depth::Content(_) => {
                let permits = self.permits.clone();
                Ok(Step::Read(Box::new(Reading::begin(*found, file, self.patience, permits))))
            }
        }
    }

    /// Finishes with a file that is too long to be read at once.
    fn open(&self, mut found: Box<Found>, file: Opened, is_base: bool, is_recent: bool) -> Outcome {
        let is_loose = self.patience == Patience::Any && is_recent;
        let opened = if is_loose { file.loose() } else { file.begun() };
        let file = match opened {
            Ok(file) => file,
            Err(error) if is_changed(&error) => return Outcome::Unsettled(found.mark),
            Err(error) => return meaning(&error),
        };
        found.mark = file.mark();
        if is_base {
            found.glance = Glance::of(&file);
        }
        found.tag = (!found.is_young).then(|| tag_of(&found.mark));
        found.content = Content::File(Arc::new(file));
        Outcome::Found(found)
    }

    /// Handles a path that could not be opened: it may be a directory without an index.
    fn without_index(self, place: &Arc<Place>, error: &io::Error) -> Result<Step, Outcome> {
        let outcome = meaning(error);
        let Some(form) = self.list else { return Err(outcome) };
        if !self.path.ends_with(b"/") || !matches!(outcome, Outcome::No(NoFile::Missing)) {
            return Err(outcome);
        }
        let dir = place.find(&self.path[1..self.path.len().max(2) - 1]);
        let dir = dir.map_err(|error| meaning(&error))?;
        if !dir.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Outcome::No(NoFile::Missing));
        }
        let listing = Listing::begin(Arc::clone(place), self.path, form, dir);
        listing.map(Step::List).map_err(|error| meaning(&error))
    }
}

/// Opens a sidecar. One that cannot be read, or is older than the file, does not count; a lack of
/// descriptors is reported, as it says nothing about the sidecar.
/// for it says nothing about it.
fn sidecar(
    place: &Place,
    name: &[u8],
    coding: Coding,
    base: Mark,
) -> Result<Option<Opened>, Outcome> {
    let file = place.find(&[name, coding.suffix()].concat());
    let file = file.and_then(|file| Ok((file.metadata()?.is_file(), Opened::new(file)?)));
    match file {
        Ok((is_file, file)) => Ok((is_file && !is_stale(file.mark(), base)).then_some(file)),
        Err(error) if matches!(meaning(&error), Outcome::No(NoFile::Busy)) => {
            Err(Outcome::No(NoFile::Busy))
        }
        Err(_) => Ok(None),
    }
}

/// Returns true if a sidecar is older than its file. Tools that copy the file's time to the sidecar
/// may truncate it to seconds or microseconds.
fn is_stale(sidecar: Mark, base: Mark) -> bool {
    const SECOND: i64 = 1_000_000_000;
    const MICROSECOND: i64 = 1_000;
    let unit = match sidecar.modified {
        whole if whole % SECOND == 0 => SECOND,
        _ => MICROSECOND,
    };
    sidecar.modified.div_euclid(unit) < base.modified.div_euclid(unit)
}

/// Returns true if reading failed because the file has changed.
fn is_changed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData)
}

/// Returns the nanoseconds from `stamp` to `wall`.
fn age(stamp: i64, wall: SystemTime) -> i128 {
    let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    now as i128 - i128::from(stamp)
}

/// Returns true if a file was written so recently that more writes are likely. A modification time
/// that was set explicitly, even to the future, does not count.
fn is_recent(mark: Mark, wall: SystemTime) -> bool {
    let settle = if mark.bytes == 0 { limits::SETTLE_EMPTY } else { limits::SETTLE };
    changed_within(settle, mark, wall) && age(mark.modified, wall) < settle.as_nanos() as i128
}

/// Returns true if a file changed so recently that the next change may get the same timestamp: file
/// system clocks tick about a hundred times a second.
fn is_young(mark: Mark, wall: SystemTime) -> bool {
    changed_within(limits::SETTLE, mark, wall)
}

/// Returns true if the file changed within `time`. A job may run later than its time stamp; a
/// change further ahead than that comes from another clock.
fn changed_within(time: Duration, mark: Mark, wall: SystemTime) -> bool {
    let (ahead, time) = (limits::SETTLE_AHEAD.as_nanos() as i128, time.as_nanos() as i128);
    mark.dated && (-ahead..time).contains(&age(mark.changed, wall))
}
