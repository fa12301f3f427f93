//! Reading a file that was found: all of it, in slices, and only if it holds still.

use super::find::{Content, Found, Patience};
use super::{Coding, Glance, Opened, Outcome, Seats, Step, meaning};
use crate::limits;
use sha2::{Digest, Sha256};
use std::io;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Reading {
    found: Found,
    file: Opened,
    bytes: Vec<u8>,
    digest: Sha256,
    patience: Patience,
    seats: Option<Arc<Seats>>,
}

/// As much of a digest as tells two files apart, however many there are.
pub(super) fn tag(digest: &[u8]) -> u128 {
    u128::from_be_bytes(*digest.first_chunk().expect("a digest is longer"))
}

impl Reading {
    /// Begins with a file that was found, and is open.
    pub(super) fn begin(
        found: Found,
        file: Opened,
        patience: Patience,
        seats: Option<Arc<Seats>>,
    ) -> Reading {
        let bytes = Vec::with_capacity(found.mark.bytes as usize);
        Reading { found, file, bytes, digest: Sha256::new(), patience, seats }
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
        // Of what is taken as it is there may be less than there was.
        found.mark.bytes = self.bytes.len() as u64;
        found.tag = Some(tag(&self.digest.finalize()));
        if found.coding == Coding::Identity {
            found.glance = Glance::at(&self.bytes);
        }
        found.content = match sealed(&self.bytes, self.seats.as_ref()) {
            Some(file) => Content::Sealed(Arc::new(file)),
            None => Content::Bytes(self.bytes.into()),
        };
        Outcome::Found(found)
    }

    /// It was written to while it was read.
    fn unsettled(&self) -> Outcome {
        Outcome::Unsettled(self.found.mark)
    }
}

/// What was read, in a file in memory, if it is long enough for that to be worth a descriptor.
fn sealed(bytes: &[u8], seats: Option<&Arc<Seats>>) -> Option<Opened> {
    let seats = seats.filter(|_| bytes.len() >= limits::SEAL_BYTES_MIN)?;
    Opened::sealed(bytes, Some(seats.take()?)).ok()
}

#[cfg(test)]
mod tests;
