//! Gzip compression of a file, in slices.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A compression in progress.
#[derive(Debug)]
pub struct Job {
    from: Arc<[u8]>,
    step: Option<Step>,
}

/// The next part to compress.
#[derive(Debug)]
pub struct Slice {
    from: Arc<[u8]>,
    step: Step,
}

/// The state after a slice.
#[derive(Debug)]
pub struct Piece(Step);

#[derive(Debug)]
struct Step {
    encoder: GzEncoder<Vec<u8>>,
    at: usize,
}

/// Bytes compressed in one slice: about a millisecond.
const SLICE_BYTES: usize = 64 * 1024;

/// Estimated nanoseconds per byte.
const NANOS_PER_BYTE: usize = 15;

/// Compresses in one go what fits a slice.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("a Vec takes every write");
    encoder.finish().expect("a Vec takes every write")
}

impl Job {
    /// Creates a job that compresses `from`.
    pub fn new(from: Arc<[u8]>) -> Job {
        let encoder = GzEncoder::new(Vec::new(), Compression::default());
        Job { from, step: Some(Step { encoder, at: 0 }) }
    }

    /// Returns the next slice; `None` while one is in progress.
    pub fn cut(&mut self) -> Option<Slice> {
        Some(Slice { from: Arc::clone(&self.from), step: self.step.take()? })
    }

    /// Merges the result of a slice; returns the compressed file with the last one.
    pub fn merge(&mut self, piece: Piece) -> Option<Arc<[u8]>> {
        if piece.0.at < self.from.len() {
            self.step = Some(piece.0);
            return None;
        }
        Some(piece.0.encoder.finish().expect("a Vec takes every write").into())
    }
}

impl Slice {
    /// Compresses the slice.
    pub fn run(mut self) -> Piece {
        let end = self.from.len().min(self.step.at + SLICE_BYTES);
        let part = &self.from[self.step.at..end];
        self.step.encoder.write_all(part).expect("a Vec takes every write");
        self.step.at = end;
        Piece(self.step)
    }

    /// Returns the expected nanoseconds.
    pub fn cost(&self) -> i64 {
        ((self.from.len() - self.step.at).min(SLICE_BYTES) * NANOS_PER_BYTE) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        for length in [0, 1, 1000, SLICE_BYTES, SLICE_BYTES + 1, 300_000] {
            let from = (0..length).map(|place| (place % 251) as u8).collect::<Vec<_>>();
            let mut job = Job::new(from.clone().into());
            let packed = loop {
                let piece = job.cut().unwrap().run();
                assert!(job.cut().is_none(), "one slice at a time");
                if let Some(packed) = job.merge(piece) {
                    break packed;
                }
            };
            let mut unpacked = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, from);
            assert!(length < 1000 || packed.len() < length / 2);
        }
    }
}
