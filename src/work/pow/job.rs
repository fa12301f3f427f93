//! The search for a seed to a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::puzzle::{Alphabet, Puzzle, Seed};
use super::{Kernel, SEED_LEN_MAX, SEED_LEN_MIN, hash, leading_zero_bits, search};

/// A search in progress.
///
/// Seeds are tried from a start that the caller draws at random, once around, each exactly once. So
/// a job that ends without a seed has proved that there is none.
#[derive(Debug)]
pub struct Job {
    puzzle: Arc<Puzzle>,
    kernel: Kernel,
    weight: u8,
    start: u64,
    /// Seeds handed out, and seeds of merged slices, whether or not all of them had to be tried.
    /// The order of completion does not matter.
    seeds_cut: u64,
    seeds_merged: u64,
    tried: u64,
    is_done: bool,
    counters: Vec<Arc<AtomicU64>>,
}

/// A part of a job, to be [run](Slice::run) on any thread.
#[derive(Debug)]
pub struct Slice {
    puzzle: Arc<Puzzle>,
    kernel: Kernel,
    from: u64,
    to: u64,
}

/// The result of one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    seeds: u64,
    tried: u64,
    found: Option<u64>,
    saved: i64,
}

/// The outcome of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// SHA-256 of this seed and the message begins with enough zeros.
    Found {
        /// The seed.
        seed: Seed,
        /// The digest, as the `sha2` crate computes it.
        hash: [u8; 32],
        /// Seeds tried in merged slices.
        tried: u64,
    },
    /// No seed of that length solves the puzzle: every one was tried.
    Exhausted {
        /// The number of seeds.
        tried: u64,
    },
}

/// Expected nanoseconds of a slice of [`Kernel::slice_blocks`].
const SLICE_NANOS: u64 = 500_000;

impl Job {
    /// Creates a search for a seed of `seed_len` letters that makes the hash begin with `bits` zero
    /// bits, four for each hexadecimal digit. Any `start` will do. `weight` is the job's share
    /// where several compete; it is kept for the pool and not used here.
    ///
    /// # Panics
    ///
    /// If `seed_len` is out of bounds. Callers check their input.
    pub fn new(
        message: Vec<u8>,
        bits: u32,
        seed_len: u8,
        start: u64,
        kernel: Kernel,
        weight: u8,
    ) -> Job {
        assert!((SEED_LEN_MIN..=SEED_LEN_MAX).contains(&seed_len), "seeds have 5 to 10 letters");
        let puzzle = Puzzle::new(message, bits, seed_len, Alphabet::letters());
        Job::of_puzzle(puzzle, start, kernel, weight)
    }

    pub(super) fn of_puzzle(puzzle: Puzzle, start: u64, kernel: Kernel, weight: u8) -> Job {
        // The high half of the product: all starts are equally likely, without a division.
        let start = ((u128::from(start) * u128::from(puzzle.seeds())) >> 64) as u64;
        Job {
            puzzle: Arc::new(puzzle),
            kernel,
            weight,
            start,
            seeds_cut: 0,
            seeds_merged: 0,
            tried: 0,
            is_done: false,
            counters: Vec::new(),
        }
    }

    /// Also adds the number of seeds tried to `counter` as pieces are merged, for observers of a
    /// search that another thread owns.
    pub fn count_in(&mut self, counter: Arc<AtomicU64>) {
        self.counters.push(counter);
    }

    /// Returns the next slice of about `blocks` blocks, but at least one batch of lanes; `None`
    /// when all seeds are handed out, and after the end.
    pub fn cut(&mut self, blocks: u64) -> Option<Slice> {
        let lanes = self.kernel.lanes();
        let batches = (blocks / (lanes * self.puzzle.cost())).max(1);
        self.cut_seeds(batches * lanes)
    }

    /// Returns the next slice of a suitable size: no longer than the kernel's, and no larger than
    /// is likely to be needed, since an easy search wastes the second slice.
    pub fn cut_fair(&mut self) -> Option<Slice> {
        let expected = self.puzzle.cost() << self.puzzle.bits().min(32);
        self.cut(expected.min(self.kernel.slice_blocks()))
    }

    fn cut_seeds(&mut self, most: u64) -> Option<Slice> {
        let left = self.puzzle.seeds() - self.seeds_cut;
        if left == 0 || self.is_done {
            return None;
        }
        // A slice ends at the last seed, where the numbering wraps around.
        let from = (self.start + self.seeds_cut) % self.puzzle.seeds();
        let to = from + left.min(most).min(self.puzzle.seeds() - from);
        self.seeds_cut += to - from;
        Some(Slice { puzzle: Arc::clone(&self.puzzle), kernel: self.kernel, from, to })
    }

    /// Merges the result of a slice. Returns `Some` once: for the first find, or when the last seed
    /// has failed. Later pieces are ignored.
    ///
    /// # Panics
    ///
    /// If the `sha2` crate does not confirm the find: then a kernel is wrong.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        self.seeds_merged += piece.seeds;
        self.tried += piece.tried;
        for counter in &self.counters {
            counter.fetch_add(piece.tried, Ordering::Relaxed);
        }
        if self.is_done {
            return None;
        }
        let outcome = match piece.found {
            Some(index) => self.found(index),
            None if self.seeds_merged == self.puzzle.seeds() => {
                Outcome::Exhausted { tried: self.tried }
            }
            None => return None,
        };
        self.is_done = true;
        Some(outcome)
    }

    /// Tries some seeds immediately; `None` means that the rest is for [`Job::cut`].
    pub fn try_few(&mut self, seeds: u64) -> Option<Outcome> {
        let slice = self.cut_seeds(seeds)?;
        self.merge(slice.run())
    }

    fn found(&self, index: u64) -> Outcome {
        let seed = self.puzzle.seed(index);
        let hash = hash(seed.as_bytes(), self.puzzle.message());
        let zeros = leading_zero_bits(&hash);
        assert!(
            zeros >= self.puzzle.bits(),
            "the {} kernel claims {seed} for {} zero bits, but its hash has {zeros}",
            self.kernel.name(),
            self.puzzle.bits(),
        );
        Outcome::Found { seed, hash, tried: self.tried }
    }

    /// Returns the message that the seed is for.
    pub fn message(&self) -> &[u8] {
        self.puzzle.message()
    }

    /// Returns the required zero bits.
    pub fn bits(&self) -> u32 {
        self.puzzle.bits()
    }

    /// Returns the job's share, as given.
    pub fn weight(&self) -> u8 {
        self.weight
    }

    /// Returns the number of seeds tried in merged slices.
    pub fn tried(&self) -> u64 {
        self.tried
    }

    /// Returns the number of seeds.
    pub fn seeds(&self) -> u64 {
        self.puzzle.seeds()
    }

    /// Returns the compression blocks of one try.
    pub fn cost_blocks(&self) -> u64 {
        self.puzzle.cost()
    }
}

impl Slice {
    /// Tries the seeds of this slice, up to the first solution.
    pub fn run(&self) -> Piece {
        let found = search(self.kernel, &self.puzzle, self.from..self.to);
        let tried = found.map_or(self.to, |index| index + 1) - self.from;
        Piece { seeds: self.to - self.from, tried, found, saved: self.cost() - self.nanos(tried) }
    }

    /// Returns the expected nanoseconds if nothing is found.
    pub fn cost(&self) -> i64 {
        self.nanos(self.to - self.from)
    }

    fn nanos(&self, seeds: u64) -> i64 {
        let blocks = seeds * self.puzzle.cost();
        (blocks * SLICE_NANOS / self.kernel.slice_blocks()) as i64
    }

    /// Returns the compression blocks of the slice if nothing is found.
    pub fn blocks(&self) -> u64 {
        (self.to - self.from) * self.puzzle.cost()
    }
}

impl Piece {
    /// Returns the part of the slice's cost that was not needed, since a search ends at its first
    /// find.
    pub fn saved(&self) -> i64 {
        self.saved
    }

    /// Returns the number of seeds tried.
    pub fn tried(&self) -> u64 {
        self.tried
    }
}
