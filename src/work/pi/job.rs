//! An estimation of π, cut into slices.
//!
//! The job itself is a few counters. Its owner cuts and merges it; the slices in between may run on
//! any thread, in any order.

use super::{Kernel, hits, splitmix64};

/// An estimation in progress.
///
/// Slice `i` has its own seed, derived from the job's seed and `i`. The result therefore does not
/// depend on the number of slices that run at once, on the threads, or on the order of completion.
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

/// A part of a job, to be [run](Slice::run) on any thread. An abandoned job is simply dropped: its
/// slices need not be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    kernel: Kernel,
    seed: u64,
    samples: u32,
}

/// The result of one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub(super) samples: u32,
    pub(super) hits: u32,
}

/// The result: `hits` of `simulations` points fell into the circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Points drawn: exactly as many as requested.
    pub simulations: u32,
    /// Those inside the circle.
    pub hits: u32,
}

impl Job {
    /// Creates a job of `simulations` points, of which at most `concurrency` slices run at a time.
    ///
    /// # Panics
    ///
    /// If either is 0: such a job could never end. The callers check their input.
    pub fn new(simulations: u32, concurrency: u8, seed: u64, kernel: Kernel) -> Job {
        assert!(simulations > 0 && concurrency > 0, "a job needs points and at least one slice");
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

    /// Returns the next slice; `None` while as many run as the job allows, and when all are cut.
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

    /// Merges the result of a slice; returns the outcome with the last one.
    ///
    /// # Panics
    ///
    /// If no slice is running: the piece belongs to another job.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        assert!(self.slices_out > 0, "a piece that this job did not cut");
        self.slices_out -= 1;
        self.samples_merged += piece.samples;
        self.hits += piece.hits;
        (self.samples_merged == self.simulations)
            .then_some(Outcome { simulations: self.simulations, hits: self.hits })
    }

    /// Returns the points drawn so far, and the points requested.
    pub fn progress(&self) -> (u32, u32) {
        (self.samples_merged, self.simulations)
    }
}

impl Slice {
    /// Draws the points of this slice: up to a millisecond of pure computation.
    pub fn run(self) -> Piece {
        Piece { samples: self.samples, hits: hits(self.kernel, self.seed, self.samples) }
    }

    /// Returns the expected nanoseconds: a full slice takes about half a millisecond.
    pub fn cost(self) -> i64 {
        i64::from(self.samples) * 500_000 / i64::from(self.kernel.slice_samples())
    }

    /// Returns the number of points in this slice.
    pub fn samples(self) -> u32 {
        self.samples
    }
}

impl Outcome {
    /// Returns the estimate of π.
    pub fn pi(self) -> f64 {
        4.0 * f64::from(self.hits) / f64::from(self.simulations)
    }
}
