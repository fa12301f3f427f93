//! The vector kernels: plain loops over arrays, compiled once for each register width.
//!
//! No intrinsics are used. [`Lanes::fill`] is a loop over independent generators, which the
//! compiler turns into vectors of generators, and [`count`] is the loop over pairs of 16-bit
//! numbers for which `vpmaddwd` exists (a multiplication and an addition for each point in one
//! instruction). Both are inlined into two functions that differ only in their `target_feature`, so
//! the results are bit-for-bit the same.
//!
//! The points pass through a small buffer. It costs a store and a load for each vector of points,
//! on units that are otherwise idle, and yields two loops that are simple enough to be vectorised
//! reliably. A single loop with the generators in registers was just as fast at best, and several
//! times slower after a harmless edit.

use super::{is_hit, splitmix64};

/// Generators side by side. The state is 1 KiB, and eight vectors of 512 bits are enough
/// independent work to hide the latency of a step.
const LANES: usize = 64;

/// Steps of each generator per buffer. More would save loads and stores of the state, but the steps
/// of one lane depend on each other: with three, the CPU finds other lanes to work on.
const STEPS: usize = 3;

/// Points in a buffer: an output of 64 bits makes two of them.
pub(super) const POINTS: usize = 2 * LANES * STEPS;

/// One xoroshiro128+ generator in each lane (Blackman and Vigna, 2018).
/// The xoshiro family, because a step consists of additions, shifts and exclusive ors, which every
/// vector unit has for 64-bit lanes; this member, because it needs the fewest of them per point.
/// The `+` scrambler leaves linear structure in the lowest bits. Here they are the lowest bits of a
/// coordinate, 2⁻¹⁵ of the radius, which matter only for the points closest to the circle; the `++`
/// scrambler would cost a third more.
#[repr(align(64))]
pub(super) struct Lanes {
    low: [u64; LANES],
    high: [u64; LANES],
}

/// Outputs that wait to be counted.
#[repr(align(64))]
pub(super) struct Buffer([u64; LANES * STEPS]);

impl Lanes {
    /// Creates generators at distant positions of the sequence, for any seed.
    #[inline(always)]
    pub(super) fn new(seed: u64) -> Lanes {
        let mut lanes = Lanes { low: [0; LANES], high: [0; LANES] };
        for i in 0..LANES {
            lanes.low[i] = splitmix64(seed, 2 * i as u64);
            lanes.high[i] = splitmix64(seed, 2 * i as u64 + 1);
        }
        lanes
    }

    /// Draws the next [`POINTS`] points.
    #[inline(always)]
    pub(super) fn fill(&mut self, buffer: &mut Buffer) {
        for i in 0..LANES {
            let (mut low, mut high) = (self.low[i], self.high[i]);
            for step in 0..STEPS {
                buffer.0[step * LANES + i] = low.wrapping_add(high);
                high ^= low;
                low = low.rotate_left(24) ^ high ^ (high << 16);
                high = high.rotate_left(37);
            }
            (self.low[i], self.high[i]) = (low, high);
        }
    }
}

impl Buffer {
    #[inline(always)]
    pub(super) fn new() -> Buffer {
        Buffer([0; LANES * STEPS])
    }

    /// Returns the outputs as (x, y) pairs.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(super) fn points(&self) -> &[[i16; 2]; POINTS] {
        // SAFETY: both are arrays of the same number of bytes, any bytes are valid numbers, and
        // the alignment of `i16` is weaker than that of `u64`.
        unsafe { &*(&raw const self.0).cast() }
    }
}

#[inline(always)]
fn count(points: &[[i16; 2]]) -> u32 {
    let mut hits = 0;
    for &[x, y] in points {
        hits += u32::from(is_hit(x, y));
    }
    hits
}

/// The source of both vector kernels.
#[inline(always)]
pub(super) fn hits(seed: u64, samples: u32) -> u32 {
    let mut lanes = Lanes::new(seed);
    let mut buffer = Buffer::new();
    let mut hits = 0;
    for _ in 0..samples / POINTS as u32 {
        lanes.fill(&mut buffer);
        hits += count(buffer.points());
    }
    lanes.fill(&mut buffer);
    hits + count(&buffer.points()[..samples as usize % POINTS])
}

/// The kernel in 512-bit registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn hits_avx512(seed: u64, samples: u32) -> u32 {
    hits(seed, samples)
}

/// The kernel in 256-bit registers. It is pure integer arithmetic, so FMA would not help.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub(super) fn hits_avx2(seed: u64, samples: u32) -> u32 {
    hits(seed, samples)
}
