//! Looking a path up: from its name to the state of the file, to an open file, or to its bytes.

use super::{Coding, Listing, Mark, Opened, Outcome, Page, Root, Seats, Site, Step, meaning};
use crate::limits;
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What to look up.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Where.
    pub site: Arc<Site>,
    /// A decoded path that [`super::is_served`]; a slash at its end asks for a directory.
    pub path: Box<[u8]>,
    /// The encodings that are welcome.
    pub wish: Wish,
    /// How far to go.
    pub depth: Depth,
    /// Whether a directory without an index may be listed.
    pub list: bool,
    /// The time. A file that was written to just before it is left to settle; without a time it
    /// is taken as it is.
    pub wall: Option<SystemTime>,
    /// Where a seat for a sealed copy can be had, if the content may be one.
    pub seats: Option<Arc<Seats>>,
    /// If the files are in this state, that is all there is to say.
    pub known: Option<State>,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only look.
    State,
    /// Read files up to this length, only open others.
    Content(u64),
}

/// Welcome encodings, the most welcome first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    codings: [Coding; 4],
    length: usize,
}

impl Wish {
    /// Nothing but the file itself.
    pub const PLAIN: Wish = Wish { codings: [Coding::Identity; 4], length: 1 };

    /// These, of which only the first four count.
    pub fn new(codings: impl IntoIterator<Item = Coding>) -> Wish {
        let mut wish = Wish { codings: [Coding::Identity; 4], length: 0 };
        for (slot, coding) in wish.codings.iter_mut().zip(codings) {
            *slot = coding;
            wish.length += 1;
        }
        wish
    }

    /// In their order.
    pub fn codings(&self) -> &[Coding] {
        &self.codings[..self.length]
    }
}

/// The state of a file and of those beside it that hold the same in other encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The file itself.
    pub base: Mark,
    /// Its other encodings, in the order of [`Coding::SIDECARS`].
    pub sidecars: [Option<Mark>; 3],
}

/// A file that was found.
#[derive(Debug)]
pub struct Found {
    /// The state of it and its companions.
    pub state: State,
    /// The most welcome encoding that is there.
    pub coding: Coding,
    /// The state of the file in that encoding.
    pub mark: Mark,
    /// What is in it, as far as was asked for.
    pub content: Content,
}

/// Content of a file.
#[derive(Debug, Clone)]
pub enum Content {
    /// Not asked for.
    None,
    /// All of it.
    Bytes(Arc<[u8]>),
    /// All of it, in a file in memory that can be sent without being copied again.
    Sealed(Arc<Opened>),
    /// Too long to be read at once.
    File(Arc<Opened>),
}

/// A file that is being read.
#[derive(Debug)]
pub struct Reading {
    found: Found,
    file: Opened,
    bytes: Vec<u8>,
    seats: Option<Arc<Seats>>,
}

impl Lookup {
    pub(super) fn run(self) -> Result<Step, Outcome> {
        let site = Arc::clone(&self.site);
        match &*site {
            Site::Embedded(pages) => Err(self.embedded(pages)),
            Site::Directory(root) => self.file(root),
        }
    }

    /// The path of the file that is meant: that of the index, if it is a directory's.
    fn file_path(&self) -> Vec<u8> {
        let index: &[u8] = if self.path.ends_with(b"/") { b"index.html" } else { b"" };
        [&self.path, index].concat()
    }

    fn embedded(&self, pages: &[Page]) -> Outcome {
        let path = self.file_path();
        let Some(page) = pages.iter().find(|page| page.path.as_bytes() == path) else {
            let inside = [&self.path, &b"/"[..]].concat();
            let is_directory = pages.iter().any(|page| page.path.as_bytes().starts_with(&inside));
            return if is_directory { Outcome::Directory } else { Outcome::Missing };
        };
        let mark = Mark { bytes: page.bytes.len() as u64, stamp: hash(page.bytes), dated: false };
        let state = State { base: mark, sidecars: [None; 3] };
        if self.known == Some(state) {
            return Outcome::Same;
        }
        let content = match self.depth {
            Depth::State => Content::None,
            Depth::Content(_) => Content::Bytes(page.bytes.into()),
        };
        Outcome::Found(Box::new(Found { state, coding: Coding::Identity, mark, content }))
    }

    fn file(self, root: &Root) -> Result<Step, Outcome> {
        let path = self.file_path();
        // Without the slash at its beginning: beneath the root.
        let name = &path[1..];
        let file = match root.find(name) {
            Ok(file) => file,
            Err(error) => return self.without_index(root, &error),
        };
        let metadata = file.metadata().map_err(|error| meaning(&error))?;
        if metadata.is_dir() && !self.path.ends_with(b"/") {
            return Err(Outcome::Directory);
        }
        if !metadata.is_file() {
            return Err(Outcome::Missing);
        }
        let base = Opened::new(file).map_err(|error| meaning(&error))?;
        let mut sidecars = [const { None }; 3];
        for (place, coding) in sidecars.iter_mut().zip(Coding::SIDECARS) {
            *place = sidecar(root, name, coding)?;
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
        let chosen = match coding {
            Coding::Identity => base,
            Coding::Br | Coding::Zstd | Coding::Gzip => {
                sidecars[coding as usize].take().expect("it is there")
            }
        };
        self.read(state, coding, chosen)
    }

    fn read(&self, state: State, coding: Coding, file: Opened) -> Result<Step, Outcome> {
        let mark = file.mark();
        if self.wall.is_some_and(|wall| is_recent(mark, wall) || is_recent(state.base, wall)) {
            return Err(Outcome::Unsettled(mark));
        }
        let found = |content| Box::new(Found { state, coding, mark, content });
        match self.depth {
            Depth::State => Err(Outcome::Found(found(Content::None))),
            Depth::Content(most) if mark.bytes > most => Err(match file.begun() {
                Ok(file) => Outcome::Found(found(Content::File(Arc::new(file)))),
                Err(error) if is_changed(&error) => Outcome::Unsettled(mark),
                Err(error) => meaning(&error),
            }),
            Depth::Content(_) => {
                let bytes = Vec::with_capacity(mark.bytes as usize);
                let seats = self.seats.clone();
                Ok(Step::Read(Reading { found: *found(Content::None), file, bytes, seats }))
            }
        }
    }

    /// The path could not be opened: it may be a directory that has no index, but names.
    fn without_index(self, root: &Root, error: &io::Error) -> Result<Step, Outcome> {
        let outcome = meaning(error);
        if !self.list || !self.path.ends_with(b"/") || !matches!(outcome, Outcome::Missing) {
            return Err(outcome);
        }
        let dir = root.find(&self.path[1..self.path.len().max(2) - 1]);
        let dir = dir.map_err(|error| meaning(&error))?;
        if !dir.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Outcome::Missing);
        }
        let listing = Listing::begin(self.site, self.path, dir);
        listing.map(Step::List).map_err(|error| meaning(&error))
    }
}

impl Reading {
    pub(super) fn run(mut self) -> Result<Step, Outcome> {
        let at = self.bytes.len();
        let left = self.found.mark.bytes as usize - at;
        if left > 0 {
            self.bytes.resize(at + left.min(limits::FILE_READ_BYTES), 0);
            match self.file.read_at(&mut self.bytes[at..], at as u64) {
                Ok(count) => self.bytes.truncate(at + count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => self.bytes.truncate(at),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(self.unsettled());
                }
                Err(error) => return Err(meaning(&error)),
            }
            if self.bytes.len() < self.found.mark.bytes as usize {
                return Ok(Step::Read(self));
            }
        }
        if self.file.check().is_err() {
            return Err(self.unsettled());
        }
        let content = match self.sealed() {
            Some(file) => Content::Sealed(Arc::new(file)),
            None => Content::Bytes(self.bytes.into()),
        };
        Err(Outcome::Found(Box::new(Found { content, ..self.found })))
    }

    /// What was read, in a file in memory, if it is long enough for that to be worth a descriptor.
    fn sealed(&self) -> Option<Opened> {
        let seats = self.seats.as_ref().filter(|_| self.bytes.len() >= limits::SEAL_BYTES_MIN)?;
        Opened::sealed(&self.bytes, Some(seats.take()?)).ok()
    }

    /// It was written to while it was read.
    fn unsettled(&self) -> Outcome {
        let metadata = self.file.file().metadata();
        Outcome::Unsettled(metadata.map_or(self.found.mark, |metadata| Mark::of(&metadata)))
    }
}

/// A file beside another one that holds the same in another encoding. One that cannot be read is
/// none; but that there is no descriptor for it says nothing about it.
fn sidecar(root: &Root, name: &[u8], coding: Coding) -> Result<Option<Opened>, Outcome> {
    let file = root.find(&[name, coding.suffix()].concat());
    let file = file.and_then(|file| Ok((file.metadata()?.is_file(), Opened::new(file)?)));
    match file {
        Ok((is_file, file)) => Ok(is_file.then_some(file)),
        Err(error) if matches!(meaning(&error), Outcome::Busy) => Err(Outcome::Busy),
        Err(_) => Ok(None),
    }
}

/// Whether a file could not be read because it is no longer what it was.
fn is_changed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData)
}

/// Whether a file was written to so short a time ago that more may be about to come.
fn is_recent(mark: Mark, wall: SystemTime) -> bool {
    let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let age = now as i128 - i128::from(mark.stamp);
    // A job may have waited since it was told the time. What is further ahead than that was made
    // by another clock.
    let settle = if mark.bytes == 0 { limits::SETTLE_EMPTY } else { limits::SETTLE };
    let (ahead, settle) = (limits::SETTLE_AHEAD.as_nanos(), settle.as_nanos());
    mark.dated && (-(ahead as i128)..settle as i128).contains(&age)
}

/// FNV-1a: tells one page of the program from another.
fn hash(bytes: &[u8]) -> i64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }) as i64
}
