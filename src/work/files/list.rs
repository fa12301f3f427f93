//! Directory listings: the names that would be served, read in slices.

use super::print::{Form, Printing};
use super::root::Place;
use super::{NoFile, Outcome, Step, is_hidden, meaning};
use crate::limits;
use rustix::fs::{AtFlags, Dir, FileType, statat};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The name as the file system has it: bytes.
    pub name: Box<[u8]>,
    /// True for a directory.
    pub is_directory: bool,
    /// Length of a file.
    pub bytes: u64,
    /// Modification time in seconds since 1970.
    pub modified: i64,
}

/// A listing in progress.
pub struct Listing {
    place: Arc<Place>,
    path: Box<[u8]>,
    form: Form,
    dir: Dir,
    file: File,
    names: Vec<Name>,
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing").field("names", &self.names.len()).finish_non_exhaustive()
    }
}

/// Names examined in one slice: about half a millisecond.
const NAMES_PER_SLICE: usize = 256;

impl Listing {
    /// Begins a listing of an open directory at `path` of the site.
    pub(super) fn begin(
        place: Arc<Place>,
        path: Box<[u8]>,
        form: Form,
        file: File,
    ) -> io::Result<Listing> {
        Ok(Listing { place, path, form, dir: Dir::read_from(&file)?, file, names: Vec::new() })
    }

    /// Examines some more names.
    pub(super) fn run(mut self) -> Result<Step, Outcome> {
        for _ in 0..NAMES_PER_SLICE {
            if self.names.len() > limits::LISTING_NAMES_MAX {
                return Ok(self.end());
            }
            let Some(entry) = self.dir.read() else {
                return Ok(self.end());
            };
            let entry = entry.map_err(|error| meaning(&error.into()))?;
            let name = entry.file_name().to_bytes();
            if !is_hidden(name) {
                let found = self.look(name)?;
                self.names.extend(found);
            }
        }
        Ok(Step::List(self))
    }

    fn end(mut self) -> Step {
        let truncated = self.names.len() > limits::LISTING_NAMES_MAX;
        self.names.truncate(limits::LISTING_NAMES_MAX);
        self.names.sort_unstable();
        Step::Print(Printing::begin(self.form, &self.path, self.names, truncated))
    }

    /// Returns the entry for a name, if it would be served.
    fn look(&self, name: &[u8]) -> Result<Option<Name>, Outcome> {
        // The file may have been deleted since its name was read.
        let Ok(stat) = statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) else {
            return Ok(None);
        };
        if self.place.is_kept_entry(&self.file, name, &stat).unwrap_or(true) {
            return Ok(None);
        }
        let named = |is_directory, bytes, modified| Name {
            name: name.into(),
            is_directory,
            bytes: if is_directory { 0 } else { bytes },
            modified,
        };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Some(named(true, 0, stat.st_mtime)),
            FileType::RegularFile => Some(named(false, stat.st_size as u64, stat.st_mtime)),
            FileType::Symlink => {
                let Some(metadata) = self.follow(name)? else { return Ok(None) };
                let is_served = metadata.is_dir() || metadata.is_file();
                is_served.then(|| named(metadata.is_dir(), metadata.len(), metadata.mtime()))
            }
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => None,
        })
    }

    /// Returns the metadata of a link's target, if that lies inside the root. Fails without a free
    /// descriptor.
    fn follow(&self, name: &[u8]) -> Result<Option<Metadata>, Outcome> {
        let path = [&self.path[1..], name].concat();
        match self.place.look(&path).and_then(|file| file.metadata()) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if matches!(meaning(&error), Outcome::No(NoFile::Busy)) => {
                Err(Outcome::No(NoFile::Busy))
            }
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
