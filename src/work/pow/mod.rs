//! Proof of work: a short seed before a message that makes SHA-256 begin with zeros.
//!
//! A [`Job`] enumerates the seeds from a given start, each of them once. Its slices may run on any
//! number of workers at the same time; the first find ends the job. Nothing here reads a clock,
//! starts a thread or draws a random number: those are inputs.
//!
//! ```text
//! Job::cut ──▶ Slice ──run()──▶ Piece ──▶ Job::merge ──▶ Outcome
//! ```
//!
//! Cost is counted in compression blocks of SHA-256, which dominate the time.

/// Repeats a block for t = 0 … 15, each a literal. SHA-256 is fast only if neither the eight
/// working variables nor the sixteen words of the schedule ever move, which takes unrolling by at
/// least eight; the compiler leaves a loop of this size rolled.
macro_rules! sixteen {
    ($t:ident => $body:block) => {
        repeat!($t => $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
}

macro_rules! repeat {
    ($t:ident => $body:block, $($value:literal)*) => {
        $({ let $t: usize = $value; $body })*
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod job;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod puzzle;
mod scalar;
mod sha256;
mod speed;
#[cfg(test)]
mod tests;

pub use job::{Job, Outcome, Piece, Slice};
pub use puzzle::Seed;
pub use speed::{fastest, kernel_speed, plain_speed};

use std::ops::Range;

use puzzle::Puzzle;
use sha2::{Digest, Sha256};

/// The letters of a seed, in the order of their enumeration.
pub const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The minimum length of a seed, and the length that existing clients expect.
pub const SEED_LEN_MIN: u8 = 5;

/// The maximum length of a seed: 62¹⁰ still counts in 64 bits, and would take a core centuries.
pub const SEED_LEN_MAX: u8 = 10;

/// The implementation that tries seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 32 seeds at a time, in pairs of 512-bit registers.
    Avx512,
    /// 16 seeds at a time, in pairs of 256-bit registers.
    Avx2,
    /// One seed at a time with the `sha2` crate, which uses the SHA extensions of the CPU.
    Sha2,
}

impl Kernel {
    /// Every kernel. On most CPUs the first available one is the fastest.
    pub const ALL: [Kernel; 3] = [Kernel::Avx512, Kernel::Avx2, Kernel::Sha2];

    /// Iterates over the kernels that this CPU can run.
    pub fn available() -> impl Iterator<Item = Kernel> {
        Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Returns the kernel to use where [measuring](fastest) is not worth the milliseconds.
    pub fn detect() -> Kernel {
        Kernel::available().next().unwrap_or(Kernel::Sha2)
    }

    /// Returns true if this CPU has the instructions. The result is cached: a load and a bit test.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx512 | Kernel::Avx2 => false,
            Kernel::Sha2 => true,
        }
    }

    /// Returns the name for options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Avx512 => "avx512",
            Kernel::Avx2 => "avx2",
            Kernel::Sha2 => "sha2",
        }
    }

    /// Returns the blocks of one slice: about half a millisecond on a current core, so that a core
    /// with a quarter of that speed stays under two.
    pub fn slice_blocks(self) -> u64 {
        match self {
            Kernel::Avx512 => 1 << 16,
            Kernel::Avx2 => 1 << 14,
            Kernel::Sha2 => 1 << 12,
        }
    }

    /// Returns the number of seeds tried at a time; fewer cost as much.
    pub fn lanes(self) -> u64 {
        match self {
            Kernel::Avx512 => 32,
            Kernel::Avx2 => 16,
            Kernel::Sha2 => 1,
        }
    }
}

/// Returns the compression blocks of one try: seed, message, a bit and a length, in units of 64
/// bytes.
pub fn cost_blocks(message_len: usize, seed_len: u8) -> u64 {
    (message_len as u64 + u64::from(seed_len) + 9).div_ceil(64)
}

/// Returns the maximum of zero bits that may be required of seeds of this length. With three seeds
/// for each try that is needed on average, a twentieth of the messages has no proof.
pub fn bits_max(seed_len: u8) -> u32 {
    ((LETTERS.len() as u64).pow(seed_len.into()) / 3).ilog2()
}

/// Computes SHA-256 of the seed followed by the message.
///
/// ```
/// use pentad::work::pow::{hash, leading_zero_bits};
///
/// assert!(leading_zero_bits(&hash(b"AAAAA", b"message")) < 256);
/// ```
pub fn hash(seed: &[u8], message: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(seed).chain_update(message).finalize().into()
}

/// Counts the bits before the first one that is set, from the most significant of the first byte.
pub fn leading_zero_bits(hash: &[u8; 32]) -> u32 {
    let zero_bytes = hash.iter().take_while(|&&byte| byte == 0).count();
    let rest = hash.get(zero_bytes).map_or(0, |byte| byte.leading_zeros());
    8 * zero_bytes as u32 + rest
}

/// Returns the first seed in `range` that solves the puzzle.
///
/// # Panics
///
/// If the CPU lacks the instructions of `kernel`; see [`Kernel::available`].
#[allow(unsafe_code)]
fn search(kernel: Kernel, puzzle: &Puzzle, range: Range<u64>) -> Option<u64> {
    assert!(kernel.is_available(), "the CPU cannot run the {} kernel", kernel.name());
    match kernel {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `is_available` has just found the feature that the function is compiled for.
        Kernel::Avx512 => unsafe { avx512::search(puzzle, range) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kernel::Avx2 => unsafe { avx2::search(puzzle, range) },
        #[cfg(not(target_arch = "x86_64"))]
        Kernel::Avx512 | Kernel::Avx2 => scalar::search(puzzle, range),
        Kernel::Sha2 => scalar::search(puzzle, range),
    }
}
