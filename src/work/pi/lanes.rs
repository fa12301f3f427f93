//! The vector kernels: plain loops over arrays, compiled once for each register width.
//!
//! There is no intrinsic here. [`Lanes::fill`] is a loop over independent generators, which the
//! compiler turns into vectors of generators, and [`count`] is the loop over pairs of 16-bit
//! numbers that `vpmaddwd` was made for (a multiplication and an addition for each point in one
//! instruction). Both are inlined into two functions that differ in their `target_feature`
//! alone, so the results are the same bit for bit.
//!
//! The points travel through a small buffer. It costs a store and a load for each vector of
//! points, which the otherwise idle load and store units do, and it buys two loops that are
//! simple enough to be vectorised reliably. Written as one loop with the generators in
//! registers, this was as fast on a good day and several times slower after a harmless edit.

use super::{is_hit, splitmix64};

/// Generators, side by side. The state is 1 KiB, and eight vectors of 512 bits are enough
/// independent work to hide the latency of a step.
const LANES: usize = 64;

/// Steps of each generator for one buffer. More would save loads and stores of the state, but
/// steps of one lane wait for each other: with three, the CPU finds other lanes to work on.
const STEPS: usize = 3;

/// Points in a buffer: an output of 64 bits is two of them.
pub(super) const POINTS: usize = 2 * LANES * STEPS;

/// One xoroshiro128+ generator in each lane (Blackman and Vigna, 2018).
///
/// Of the xoshiro family because a step is nothing but additions, shifts and exclusive ors,
/// which every vector unit has for 64-bit lanes; this member because it needs the fewest of
/// them for each point. The `+` scrambler leaves linear structure in the lowest bits. Here they
/// are the lowest bits of a coordinate, 2⁻¹⁵ of the radius, where only the points that are
/// closest to the circle could tell; the `++` scrambler would cost a third more.
#[repr(align(64))]
pub(super) struct Lanes {
    low: [u64; LANES],
    high: [u64; LANES],
}

/// Outputs that are waiting to be counted.
#[repr(align(64))]
pub(super) struct Buffer([u64; LANES * STEPS]);

impl Lanes {
    /// Generators at positions of the sequence that are far apart, for any seed.
    #[inline(always)]
    pub(super) fn new(seed: u64) -> Lanes {
        let mut lanes = Lanes { low: [0; LANES], high: [0; LANES] };
        for i in 0..LANES {
            lanes.low[i] = splitmix64(seed, 2 * i as u64);
            lanes.high[i] = splitmix64(seed, 2 * i as u64 + 1);
        }
        lanes
    }

    /// The next [`POINTS`] points.
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

    /// The outputs as (x, y) pairs.
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

/// The source of both kernels.
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

/// The kernel in 256-bit registers. It is all whole numbers: FMA would have nothing to do.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub(super) fn hits_avx2(seed: u64, samples: u32) -> u32 {
    hits(seed, samples)
}
