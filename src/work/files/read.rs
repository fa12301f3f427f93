//! Reads a found file completely, in slices, and only if it does not change meanwhile.

use super::find::{Content, Found, Patience};
use super::{Coding, Glance, Mark, Opened, Outcome, Permits, Step, meaning};
use crate::limits;
use sha2::{Digest, Sha256};
use std::io;
use std::sync::Arc;

/// A read in progress; see the module.
#[derive(Debug)]
pub struct Reading {
    found: Found,
    file: Opened,
    bytes: Vec<u8>,
    digest: Sha256,
    patience: Patience,
    permits: Option<Arc<Permits>>,
}

/// Shortens a digest to 128 bits, which still identify a file.
pub(super) fn tag(digest: &[u8]) -> u128 {
    u128::from_be_bytes(*digest.first_chunk().expect("a digest is longer"))
}

/// Returns an identifier of the content that needs no reading. It reveals nothing about the file,
/// and is stable across restarts.
pub(super) fn tag_of(mark: &Mark) -> u128 {
    let known = [mark.inode as i64, mark.bytes as i64, mark.modified, mark.changed];
    let digest = known
        .iter()
        .fold(Sha256::new(), |digest, number| digest.chain_update(number.to_be_bytes()));
    tag(&digest.finalize())
}

impl Reading {
    /// Begins to read an open file.
    pub(super) fn begin(
        found: Found,
        file: Opened,
        patience: Patience,
        permits: Option<Arc<Permits>>,
    ) -> Reading {
        let bytes = Vec::with_capacity(found.mark.bytes as usize);
        Reading { found, file, bytes, digest: Sha256::new(), patience, permits }
    }

    pub(super) fn run(mut self: Box<Reading>) -> Result<Step, Outcome> {
        let at = self.bytes.len();
        let left = self.found.mark.bytes as usize - at;
        let is_any = self.patience == Patience::Any;
        let mut is_at_end = left == 0;
        if left > 0 {
            self.bytes.resize(at + left.min(limits::FILE_READ_BYTES), 0);
            match self.file.read_at(&mut self.bytes[at..], at as u64) {
                Ok(count) => self.bytes.truncate(at + count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => self.bytes.truncate(at),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.bytes.truncate(at);
                    is_at_end = true;
                }
                Err(error) => return Err(meaning(&error)),
            }
            self.digest.update(&self.bytes[at..]);
            if is_at_end && !is_any {
                return Err(self.unsettled());
            }
            if !is_at_end && self.bytes.len() < self.found.mark.bytes as usize {
                return Ok(Step::Read(self));
            }
        }
        if self.file.check().is_err() {
            if !is_any {
                return Err(self.unsettled());
            }
            self.found.is_young = true;
        }
        Err(self.end())
    }

    fn end(self) -> Outcome {
        let mut found = Box::new(self.found);
        // A file that is used as it is may be shorter than it was.
        found.mark.bytes = self.bytes.len() as u64;
        found.tag = Some(tag(&self.digest.finalize()));
        if found.coding == Coding::Identity {
            found.glance = Glance::at(&self.bytes);
        }
        found.content = match sealed(&self.bytes, self.permits.as_ref()) {
            Some(file) => Content::Sealed(Arc::new(file)),
            None => Content::Bytes(self.bytes.into()),
        };
        Outcome::Found(found)
    }

    /// Returns the outcome for a file that was written while it was read.
    fn unsettled(&self) -> Outcome {
        Outcome::Unsettled(self.found.mark)
    }
}

/// Copies the bytes into a memory file, if they are long enough to be worth a descriptor.
fn sealed(bytes: &[u8], permits: Option<&Arc<Permits>>) -> Option<Opened> {
    let permits = permits.filter(|_| bytes.len() >= limits::SEAL_BYTES_MIN)?;
    Opened::sealed(bytes, Some(permits.take()?)).ok()
}

#[cfg(test)]
mod tests;
