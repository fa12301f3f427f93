//! Measures the kernels on this machine. The clock is passed in.

use std::hint::black_box;
use std::time::Duration;

use super::puzzle::{Alphabet, PAIR, Puzzle};
use super::sha256::{self, START};
use super::{Kernel, SEED_LEN_MIN, search};

/// Returns the fastest of the available kernels, in some ten milliseconds.
///
/// Each kernel has several short turns, and the best one counts, so that other load on the machine
/// does not decide.
pub fn fastest(mut clock: impl FnMut() -> Duration) -> Kernel {
    let mut best = (0.0, Kernel::detect());
    for _ in 0..TURNS {
        for kernel in Kernel::available() {
            let speed = kernel_speed(kernel, TURN, &mut clock);
            if speed > best.0 {
                best = (speed, kernel);
            }
        }
    }
    best.1
}

/// Returns the hashes per second for one-block messages, measured for at least `budget`. `clock`
/// returns the time since any fixed moment.
///
/// # Panics
///
/// If the CPU lacks the instructions of `kernel`.
pub fn kernel_speed(kernel: Kernel, budget: Duration, clock: impl FnMut() -> Duration) -> f64 {
    let puzzle = unsolvable();
    let mut from = 0;
    measure(budget, clock, || {
        black_box(search(kernel, &puzzle, from..from + puzzle.page_len()));
        from += puzzle.page_len();
        puzzle.page_len()
    })
}

/// Returns the hashes per second of the plain loop that kernels are compared with: one seed at a
/// time, in scalar code.
///
/// The code is our own. The software path of the `sha2` crate is selected by a flag for the whole
/// build, or else by the CPU at run time, so a binary that should use the SHA extensions cannot
/// call it. This loop is unrolled in the same way and is the stricter reference: in a build with
/// `--cfg sha2_256_backend="soft"` it was 7 % faster than the same loop over the crate.
pub fn plain_speed(budget: Duration, clock: impl FnMut() -> Duration) -> f64 {
    let puzzle = unsolvable();
    let mut block = puzzle.blocks()[0];
    let mut page = 0;
    measure(budget, clock, || {
        puzzle.write_page(page, &mut block);
        page += 1;
        let seeds = &puzzle.pairs()[..PLAIN_SEEDS];
        for pair in seeds {
            block[PAIR[0]] = *pair as u8;
            block[PAIR[1]] = (pair >> 24) as u8;
            let mut state = START;
            sha256::compress(&mut state, black_box(&block));
            black_box(state[0] & puzzle.first_word_mask() == 0);
        }
        seeds.len() as u64
    })
}

fn unsolvable() -> Puzzle {
    Puzzle::new(b"unsolvable".to_vec(), 256, SEED_LEN_MIN, Alphabet::letters())
}

fn measure(
    budget: Duration,
    mut clock: impl FnMut() -> Duration,
    mut work: impl FnMut() -> u64,
) -> f64 {
    work();
    let start = clock();
    let mut hashes = 0;
    loop {
        hashes += work();
        let elapsed = clock().saturating_sub(start);
        if elapsed >= budget {
            return hashes as f64 / elapsed.as_secs_f64().max(1e-9);
        }
    }
}

/// Turns of each kernel in [`fastest`], and the length of one.
const TURNS: u32 = 4;
const TURN: Duration = Duration::from_micros(500);

/// Seeds between two readings of the clock: some hundred microseconds.
const PLAIN_SEEDS: usize = 1000;
