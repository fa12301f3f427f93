//! Monte Carlo π: random points in a square, and the share of them that fall into the circle.
//!
//! The single entry point, [`hits`], has several implementations. It is a pure function of its
//! arguments: no clock, no threads, no state that outlives the call. [`Job`] cuts an estimation
//! into slices that any number of workers may run.
//!
//! ```text
//! Job::cut ──▶ Slice ──run()──▶ Piece ──▶ Job::merge ──▶ Outcome
//! ```

mod job;
mod lanes;
mod portable;
#[cfg(test)]
mod tests;

pub use job::{Job, Outcome, Piece, Slice};

/// The implementation that draws the points.
///
/// The two vector kernels are one family: the same source compiled twice, with the same result for
/// the same seed. The portable kernel draws other points of the same quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 512-bit registers: 32 points at a time.
    Avx512,
    /// 256-bit registers: 16 points at a time.
    Avx2,
    /// A scalar loop.
    Portable,
}

impl Kernel {
    /// Every kernel, the fastest first.
    pub const ALL: [Kernel; 3] = [Kernel::Avx512, Kernel::Avx2, Kernel::Portable];

    /// Returns the fastest kernel that this CPU can run.
    pub fn detect() -> Kernel {
        Kernel::available().next().unwrap_or(Kernel::Portable)
    }

    /// Iterates over the kernels that this CPU can run, the fastest first.
    pub fn available() -> impl Iterator<Item = Kernel> {
        Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Returns true if this CPU has the instructions. The result is cached: a load and a bit test.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx512 | Kernel::Avx2 => false,
            Kernel::Portable => true,
        }
    }

    /// Returns the name for options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Avx512 => "avx512",
            Kernel::Avx2 => "avx2",
            Kernel::Portable => "portable",
        }
    }

    /// Returns the number of points in one slice of a job.
    ///
    /// The slower kernel of a family takes about half a millisecond for it on a current core, so
    /// that a core with a third of that speed stays under two. The vector kernels share one number
    /// because a slice is the unit of seeding: so they also share results.
    pub fn slice_samples(self) -> u32 {
        match self {
            Kernel::Avx512 | Kernel::Avx2 => 1 << 22,
            Kernel::Portable => 1 << 19,
        }
    }
}

/// Draws `samples` points and counts those inside the circle; π ≈ 4 × hits / samples.
///
/// The result depends on the arguments alone, and is the same for both vector kernels.
///
/// ```
/// use pentad::work::pi::{Kernel, hits};
///
/// let hits = hits(Kernel::Portable, 1, 1_000_000);
/// assert!((4.0 * f64::from(hits) / 1e6 - 3.1416).abs() < 0.01);
/// ```
///
/// # Panics
///
/// If the CPU lacks the instructions of `kernel`; see [`Kernel::available`].
#[allow(unsafe_code)]
pub fn hits(kernel: Kernel, seed: u64, samples: u32) -> u32 {
    assert!(kernel.is_available(), "the CPU cannot run the {} kernel", kernel.name());
    match kernel {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `is_available` has just found every feature that the function is compiled for.
        Kernel::Avx512 => unsafe { lanes::hits_avx512(seed, samples) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kernel::Avx2 => unsafe { lanes::hits_avx2(seed, samples) },
        #[cfg(not(target_arch = "x86_64"))]
        Kernel::Avx512 | Kernel::Avx2 => lanes::hits(seed, samples),
        Kernel::Portable => portable::hits(seed, samples),
    }
}

/// Returns true if a point lies in the circle: the test that all kernels share.
///
/// Coordinates are integers in −2¹⁵ … 2¹⁵−1, the circle has radius 2¹⁵ around the origin, and the
/// comparison is strict, so that x² + y² < 2³⁰ is a hit. On this lattice the share of hits is π/4 −
/// 2.2·10⁻⁷ (Gauss's circle problem). The standard error of 10⁸ samples, the most that a request
/// may ask for, is 4.1·10⁻⁵ in the same unit, 180 times as much.
///
/// The sum fits into an `i32` except for one point of 2³², the corner where both coordinates are
/// −2¹⁵. It wraps and counts as a hit, which moves the share by 2.3·10⁻¹⁰: a thousandth of the
/// lattice's own error, and less than an unsigned comparison would cost on AVX2.
#[inline(always)]
fn is_hit(x: i16, y: i16) -> bool {
    let (x, y) = (i32::from(x), i32::from(y));
    x.wrapping_mul(x).wrapping_add(y.wrapping_mul(y)) < 1 << 30
}

/// Returns output `index` of the splitmix64 sequence that starts at `seed` (Steele, Lea and Flood,
/// 2014): distant states from seeds and indices that are close together.
#[inline]
fn splitmix64(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
