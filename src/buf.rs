//! The two buffers between sockets and sessions.
//!
//! [`RecvBuf`] holds received bytes that are not consumed yet, [`SendBuf`] output that is not sent
//! yet. Neither does I/O: `net` fills one and drains the other, sessions do the reverse. Buffers do
//! not limit themselves; the code that adds to one enforces the bound.

mod opened;

pub use opened::{Mark, Opened, Permits};

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::Arc;

/// Received bytes, consumed from the front, and the part of them that a session keeps.
///
/// Its memory stays initialised when it is emptied, so that a reused buffer is zeroed once.
#[derive(Debug, Default)]
pub struct RecvBuf {
    memory: Vec<u8>,
    live: Range<usize>,
    /// The beginning of an incomplete message, without its framing. It is kept here so that it
    /// counts towards the bound on the input of all connections.
    kept: Vec<u8>,
}

impl RecvBuf {
    /// Returns the received bytes that are not consumed.
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.live.clone()]
    }

    /// Returns the number of bytes that are not consumed.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Returns true if everything was consumed.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Consumes the first `count` bytes.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.len(), "consumed {count} of {} bytes", self.len());
        self.live.start += count;
        if self.live.is_empty() {
            self.live = 0..0;
        }
    }

    /// Drops everything, but keeps the memory for received bytes.
    pub fn clear(&mut self) {
        self.live = 0..0;
        self.kept = Vec::new();
    }

    /// Consumes the first `count` bytes and keeps those of them in `range`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn keep(&mut self, range: Range<usize>, count: usize) {
        let from = self.live.start;
        self.kept.extend_from_slice(&self.memory[from + range.start..from + range.end]);
        self.consume(count);
    }

    /// Takes the bytes that were kept.
    pub fn take_kept(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.kept)
    }

    /// Returns true if there are neither received nor kept bytes.
    pub fn holds_nothing(&self) -> bool {
        self.is_empty() && self.kept.is_empty()
    }

    /// Returns the bytes of memory in use.
    pub fn held(&self) -> usize {
        self.memory.len() + self.kept.len()
    }

    /// Takes over the bytes that `other` keeps, unless it has unread ones; returns true if it did.
    pub fn adopt(&mut self, other: &mut RecvBuf) -> bool {
        debug_assert!(self.kept.is_empty(), "kept bytes belong to one message");
        let adopts = other.is_empty();
        if adopts {
            self.kept = std::mem::take(&mut other.kept);
        }
        adopts
    }

    /// Appends a copy of `bytes`.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.live.end += bytes.len();
    }

    /// Appends the bytes that `read` puts into a slice of `most` bytes, and returns its result.
    ///
    /// # Errors
    /// Returns the error of `read`; nothing is appended then.
    pub fn fill(
        &mut self,
        most: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let count = read(self.room(most))?;
        self.live.end += count.min(most);
        Ok(count)
    }

    /// Moves the remaining and kept bytes into a buffer of exactly their size, and leaves this one
    /// empty, with its memory. Returns `None` if nothing remains.
    pub fn park(&mut self) -> Option<RecvBuf> {
        if self.holds_nothing() {
            return None;
        }
        let (memory, kept) = (self.bytes().to_vec(), self.take_kept());
        self.clear();
        Some(RecvBuf { live: 0..memory.len(), memory, kept })
    }

    /// Returns `most` bytes of memory after the live ones: by growth (doubling, as `Vec` does) or,
    /// if at least half of the memory in front is consumed, by moving. Either way every byte is
    /// moved a bounded number of times, even if it arrives alone.
    fn room(&mut self, most: usize) -> &mut [u8] {
        if self.live.end + most > self.memory.len() && self.live.start > self.memory.len() / 2 {
            self.memory.copy_within(self.live.clone(), 0);
            self.live = 0..self.live.len();
        }
        let end = self.live.end + most;
        if self.memory.len() < end {
            self.memory.resize(end, 0);
        }
        &mut self.memory[self.live.end..end]
    }
}

/// A part of the output that is complete.
#[derive(Debug)]
enum Chunk {
    Owned(Vec<u8>),
    Shared(Arc<[u8]>, Range<usize>),
    Static(&'static [u8]),
    File(Arc<Opened>, Range<u64>),
}

impl Chunk {
    /// Returns the bytes, if they are in memory.
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Chunk::Owned(bytes) => Some(bytes),
            Chunk::Shared(bytes, range) => Some(&bytes[range.clone()]),
            Chunk::Static(bytes) => Some(bytes),
            Chunk::File(..) => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Chunk::Owned(bytes) => bytes.len(),
            Chunk::Shared(_, range) => range.len(),
            Chunk::Static(bytes) => bytes.len(),
            Chunk::File(_, range) => (range.end - range.start) as usize,
        }
    }
}

/// Shared bytes below this size are copied: a short copy costs less than another slice, and
/// adjacent answers stay in one slice.
const COPY_BELOW: usize = 4096;

/// Memory that an emptied buffer keeps for its next use.
const KEEP_CAPACITY: usize = 64 * 1024;

/// Output in order: sealed chunks, then a tail that answers are printed into. Shared chunks and
/// files are sent without being copied here.
#[derive(Debug, Default)]
pub struct SendBuf {
    chunks: VecDeque<Chunk>,
    chunk_bytes: usize,
    tail: Vec<u8>,
    sent: usize,
}

impl SendBuf {
    /// Returns the number of bytes that are not sent.
    pub fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len() - self.sent
    }

    /// Returns true if everything was sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the tail to print into: append only.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Appends a copy of `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends `range` of `bytes` without copying it, unless it is short.
    pub fn push_shared(&mut self, bytes: &Arc<[u8]>, range: Range<usize>) {
        if range.len() < COPY_BELOW {
            return self.push(&bytes[range]);
        }
        self.seal(Chunk::Shared(Arc::clone(bytes), range));
    }

    /// Appends static bytes without copying them, unless they are short.
    pub fn push_static(&mut self, bytes: &'static [u8]) {
        if bytes.len() < COPY_BELOW {
            return self.push(bytes);
        }
        self.seal(Chunk::Static(bytes));
    }

    /// Appends `bytes` by taking ownership, unless they are short.
    pub fn push_owned(&mut self, bytes: Vec<u8>) {
        if bytes.len() < COPY_BELOW {
            return self.push(&bytes);
        }
        self.seal(Chunk::Owned(bytes));
    }

    /// Appends `range` of a file, which is read when it is sent. Only its length is held here.
    pub fn push_file(&mut self, file: &Arc<Opened>, range: Range<u64>) {
        if !range.is_empty() {
            self.seal(Chunk::File(Arc::clone(file), range));
        }
    }

    /// Returns the file at the front and its unsent range, if a file is next.
    pub fn file(&self) -> Option<(&Arc<Opened>, Range<u64>)> {
        match self.chunks.front()? {
            Chunk::File(file, range) => Some((file, range.start + self.sent as u64..range.end)),
            Chunk::Owned(_) | Chunk::Shared(..) | Chunk::Static(_) => None,
        }
    }

    /// Fills `slices` from the front with at most `most` bytes, up to the next file. Returns the
    /// number of slices and of bytes.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>], most: usize) -> (usize, usize) {
        let parts = self.chunks.iter().map(Chunk::bytes).chain([Some(self.tail.as_slice())]);
        let parts = parts.map_while(|part| part);
        let (mut skip, mut filled, mut bytes) = (self.sent, 0, 0);
        for (part, slot) in parts.filter(|part| !part.is_empty()).zip(slices.iter_mut()) {
            let part = &part[skip..];
            let part = &part[..part.len().min(most - bytes)];
            if part.is_empty() {
                break;
            }
            *slot = IoSlice::new(part);
            skip = 0;
            filled += 1;
            bytes += part.len();
        }
        (filled, bytes)
    }

    /// Returns true if a file begins at this offset.
    pub fn is_file_at(&self, offset: usize) -> bool {
        let mut ahead = self.sent + offset;
        for chunk in &self.chunks {
            match ahead.checked_sub(chunk.len()) {
                _ if ahead == 0 => return matches!(chunk, Chunk::File(..)),
                Some(rest) => ahead = rest,
                None => return false,
            }
        }
        false
    }

    /// Drops the first `count` bytes, which the kernel has taken.
    ///
    /// # Panics
    /// If fewer are waiting.
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.len(), "sent {count} of {} bytes", self.len());
        self.sent += count;
        while let Some(front) = self.chunks.front() {
            let size = front.len();
            if self.sent < size {
                return;
            }
            self.sent -= size;
            self.chunk_bytes -= size;
            match self.chunks.pop_front() {
                // Its memory serves the next tail, unless that already has some.
                Some(Chunk::Owned(mut bytes)) if self.tail.capacity() == 0 => {
                    bytes.clear();
                    bytes.shrink_to(KEEP_CAPACITY);
                    self.tail = bytes;
                }
                Some(_) | None => {}
            }
        }
        if self.sent == self.tail.len() {
            self.tail.clear();
            self.tail.shrink_to(KEEP_CAPACITY);
            self.sent = 0;
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.advance(self.len());
    }

    /// Moves the unsent output into a buffer of exactly its size and leaves this one empty, with
    /// its memory. Returns `None` if everything was sent.
    pub fn park(&mut self) -> Option<Box<SendBuf>> {
        if self.is_empty() {
            return None;
        }
        let mut rest = SendBuf::default();
        let mut skip = std::mem::take(&mut self.sent);
        if self.chunks.is_empty() {
            rest.tail.extend_from_slice(&self.tail[skip..]);
            skip = 0;
        } else {
            rest.tail.extend_from_slice(&self.tail);
        }
        rest.chunks = std::mem::take(&mut self.chunks);
        rest.chunk_bytes = std::mem::take(&mut self.chunk_bytes);
        rest.sent = skip;
        self.tail.clear();
        self.tail.shrink_to(KEEP_CAPACITY);
        Some(Box::new(rest))
    }

    fn seal(&mut self, chunk: Chunk) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.chunk_bytes += tail.len();
            self.chunks.push_back(Chunk::Owned(tail));
        }
        self.chunk_bytes += chunk.len();
        self.chunks.push_back(chunk);
    }
}
