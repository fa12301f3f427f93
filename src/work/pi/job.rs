//! A request for π, cut into slices.
//!
//! The job itself is a few counters. It is cut and merged by its owner; the slices in between
//! are run by anyone, anywhere, in any order.

use super::{Kernel, hits, splitmix64};

/// A request that is under way.
///
/// Slice `i` has its own seed, made from the job's seed and `i`. The result therefore does not
/// depend on how many slices run at once, on who runs them, or on the order of their return.
#[derive(Debug)]
pub struct Job {
    simulations: u32,
    concurrency: u8,
    seed: u64,
    kernel: Kernel,
    slices_cut: u32,
    samples_cut: u32,
    samples_merged: u32,
    slices_out: u8,
    hits: u32,
}

/// A part of a job, to be [run](Slice::run) on any thread. Dropping it without its piece having
/// been merged leaves the job unfinished, which is how an abandoned one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    kernel: Kernel,
    seed: u64,
    samples: u32,
}

/// What one slice found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub(super) samples: u32,
    pub(super) hits: u32,
}

/// The answer: `hits` of `simulations` points fell into the circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Points drawn: exactly as many as were asked for.
    pub simulations: u32,
    /// Those inside the circle.
    pub hits: u32,
}

impl Job {
    /// A job of `simulations` points, of which at most `concurrency` slices are out at a time.
    ///
    /// # Panics
    ///
    /// If either is 0: such a job could never end. The callers check their input.
    pub fn new(simulations: u32, concurrency: u8, seed: u64, kernel: Kernel) -> Job {
        assert!(simulations > 0 && concurrency > 0, "a job needs work and someone to do it");
        Job {
            simulations,
            concurrency,
            seed,
            kernel,
            slices_cut: 0,
            samples_cut: 0,
            samples_merged: 0,
            slices_out: 0,
            hits: 0,
        }
    }

    /// The next slice. `None` while as many are out as the job allows, and when all are cut.
    pub fn cut(&mut self) -> Option<Slice> {
        let left = self.simulations - self.samples_cut;
        if left == 0 || self.slices_out == self.concurrency {
            return None;
        }
        let slice = Slice {
            kernel: self.kernel,
            seed: splitmix64(self.seed, u64::from(self.slices_cut)),
            samples: left.min(self.kernel.slice_samples()),
        };
        self.slices_cut += 1;
        self.slices_out += 1;
        self.samples_cut += slice.samples;
        Some(slice)
    }

    /// Takes a piece of this job back; the last one brings the outcome.
    ///
    /// # Panics
    ///
    /// If no slice is out: the piece is another job's.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        assert!(self.slices_out > 0, "a piece that this job did not cut");
        self.slices_out -= 1;
        self.samples_merged += piece.samples;
        self.hits += piece.hits;
        (self.samples_merged == self.simulations)
            .then_some(Outcome { simulations: self.simulations, hits: self.hits })
    }

    /// Points drawn so far, and points asked for.
    pub fn progress(&self) -> (u32, u32) {
        (self.samples_merged, self.simulations)
    }
}

impl Slice {
    /// Draws the points of this slice: up to a millisecond of pure computation.
    pub fn run(self) -> Piece {
        Piece { samples: self.samples, hits: hits(self.kernel, self.seed, self.samples) }
    }

    /// Expected time, in nanoseconds: a full slice takes about half a millisecond.
    pub fn cost(self) -> i64 {
        i64::from(self.samples) * 500_000 / i64::from(self.kernel.slice_samples())
    }

    /// Points in this slice.
    pub fn samples(self) -> u32 {
        self.samples
    }
}

impl Outcome {
    /// The estimate of π.
    pub fn pi(self) -> f64 {
        4.0 * f64::from(self.hits) / f64::from(self.simulations)
    }
}
