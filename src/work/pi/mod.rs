//! Monte-Carlo π: random points in a square, and how many of them fall into the circle.
//!
//! One entry point, [`hits`], with several implementations behind it. It is a pure function of
//! its arguments: no clock, no threads, no state that outlives the call. [`Job`] cuts a request
//! into slices of it that any number of workers may run.
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

/// How points are drawn.
///
/// The two vector kernels are one family: the same source, compiled twice, with the same result
/// for the same seed. The portable kernel draws other points, as good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 512-bit registers: 32 points at a time.
    Avx512,
    /// 256-bit registers: 16 points at a time.
    Avx2,
    /// Whatever the compiler makes of a scalar loop.
    Portable,
}

impl Kernel {
    /// Every kernel, the fastest first.
    pub const ALL: [Kernel; 3] = [Kernel::Avx512, Kernel::Avx2, Kernel::Portable];

    /// The fastest kernel that this CPU can run.
    pub fn detect() -> Kernel {
        Kernel::available().next().unwrap_or(Kernel::Portable)
    }

    /// The kernels that this CPU can run, the fastest first.
    pub fn available() -> impl Iterator<Item = Kernel> {
        Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Whether this CPU has the instructions. The answer is cached: a load and a bit test.
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

    /// The name for options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Avx512 => "avx512",
            Kernel::Avx2 => "avx2",
            Kernel::Portable => "portable",
        }
    }

    /// Samples in one slice of a job.
    ///
    /// About half a millisecond on a current core for the slower kernel of a family, so that a
    /// core of a third of that speed still keeps a slice under two. The vector kernels share
    /// one number because a slice is the unit of seeding: with it, they share results as well.
    pub fn slice_samples(self) -> u32 {
        match self {
            Kernel::Avx512 | Kernel::Avx2 => 1 << 22,
            Kernel::Portable => 1 << 19,
        }
    }
}

/// Draws `samples` points and counts those inside the circle; π ≈ 4 × hits / samples.
///
/// The result is a function of the arguments alone, and the same for both vector kernels.
///
/// # Panics
///
/// If the CPU lacks the instructions of `kernel`; [`Kernel::available`] says which it has.
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

/// Whether a point lies in the circle: the one test that all kernels share.
///
/// Coordinates are whole numbers in −2¹⁵ … 2¹⁵−1, the circle has radius 2¹⁵ around the origin,
/// and the comparison is strict, so that x² + y² < 2³⁰ is a hit. On this lattice the share of
/// hits is π/4 − 2.2·10⁻⁷ (Gauss's circle problem). The standard error of 10⁸ samples, the
/// most that a request may ask for, is 4.1·10⁻⁵ in the same unit, 180 times as much.
///
/// The sum stays within an `i32` but for one point of 2³², the corner where both coordinates
/// are −2¹⁵. It wraps and counts as a hit, which moves the share by 2.3·10⁻¹⁰: a thousandth of
/// the lattice's own error, and less than what an unsigned comparison costs on AVX2.
#[inline(always)]
fn is_hit(x: i16, y: i16) -> bool {
    let (x, y) = (i32::from(x), i32::from(y));
    x.wrapping_mul(x).wrapping_add(y.wrapping_mul(y)) < 1 << 30
}

/// The `index`-th output of the splitmix64 sequence that starts at `seed` (Steele, Lea and
/// Flood, 2014): far-apart states from seeds and indices that are close together.
#[inline]
fn splitmix64(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
