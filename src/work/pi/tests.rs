//! Every kernel against a naive implementation, and jobs against their slices.
//!
//! A correct kernel fails the bounds of the statistical tests once in 10⁹ times. Seeds are fixed: a
//! test that passes once always passes.

use std::f64::consts::FRAC_PI_4;

use super::lanes::{Buffer, Lanes, POINTS};
use super::{Job, Kernel, Outcome, Piece, hits, is_hit, portable};

/// A standard normal variable exceeds this on either side once in 10⁹ times.
const Z_MAX: f64 = 6.11;

/// The obvious implementation: two floating-point numbers, one comparison.
fn naive(seed: u64, samples: u32) -> u32 {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut hits = 0;
    for _ in 0..samples {
        let (x, y) = (random.f64(), random.f64());
        hits += u32::from(x * x + y * y < 1.0);
    }
    hits
}

/// Draws the first points of the family that `kernel` belongs to.
fn points(kernel: Kernel, seed: u64, samples: usize) -> Vec<[i16; 2]> {
    let mut points = Vec::new();
    match kernel {
        Kernel::Avx512 | Kernel::Avx2 => {
            let (mut lanes, mut buffer) = (Lanes::new(seed), Buffer::new());
            while points.len() < samples {
                lanes.fill(&mut buffer);
                points.extend_from_slice(buffer.points());
            }
        }
        Kernel::Portable => {
            let mut random = fastrand::Rng::with_seed(seed);
            while points.len() < samples {
                points.extend(portable::pair(&mut random));
            }
        }
    }
    points.truncate(samples);
    points
}

/// Returns the mean of the standardised hits over many seeds, itself standardised, and the same for
/// their variance (Wilson and Hilferty's cube root, which makes χ² normal far into its tails).
fn mean_and_variance(draw: impl Fn(u64, u32) -> u32) -> (f64, f64) {
    const SEEDS: u32 = 1500;
    const SAMPLES: u32 = 3000;
    let deviation = (f64::from(SAMPLES) * FRAC_PI_4 * (1.0 - FRAC_PI_4)).sqrt();
    let (mut sum, mut squares) = (0.0, 0.0);
    for seed in 0..u64::from(SEEDS) {
        let z = (f64::from(draw(seed, SAMPLES)) - f64::from(SAMPLES) * FRAC_PI_4) / deviation;
        sum += z;
        squares += z * z;
    }
    (sum / f64::from(SEEDS).sqrt(), chi_square_z(squares, f64::from(SEEDS)))
}

fn chi_square_z(chi_square: f64, freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    ((chi_square / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

#[test]
fn every_kernel_has_the_mean_and_the_variance_of_the_naive_twin() {
    let (mean, variance) = mean_and_variance(naive);
    assert!(mean.abs() < Z_MAX && variance.abs() < Z_MAX, "naive: {mean} {variance}");
    for kernel in Kernel::available() {
        let (mean, variance) = mean_and_variance(|seed, samples| hits(kernel, seed, samples));
        let name = kernel.name();
        assert!(mean.abs() < Z_MAX, "{name}: the mean is {mean} deviations off");
        assert!(variance.abs() < Z_MAX, "{name}: the variance is {variance} deviations off");
    }
}

#[test]
fn the_statistics_notice_a_kernel_that_is_a_little_wrong() {
    let biased = |seed, samples| naive(seed, samples) + samples / 400;
    assert!(mean_and_variance(biased).0 > Z_MAX);
    let half_as_many = |seed, samples| 2 * naive(seed, samples / 2);
    assert!(mean_and_variance(half_as_many).1 > Z_MAX);
}

#[test]
fn points_fall_evenly_on_a_grid() {
    const SAMPLES: usize = 1 << 18;
    for kernel in Kernel::ALL {
        for seed in 0..4 {
            let mut cells = [0_u32; 256];
            for [x, y] in points(kernel, seed, SAMPLES) {
                let (column, row) = ((x as u16) >> 12, (y as u16) >> 12);
                cells[usize::from(16 * row + column)] += 1;
            }
            let expected = SAMPLES as f64 / 256.0;
            let chi_square =
                cells.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
            let z = chi_square_z(chi_square, 255.0);
            assert!(z.abs() < Z_MAX, "{}, seed {seed}: {z}", kernel.name());
        }
    }
}

#[test]
fn hits_are_those_of_the_points_whatever_their_number() {
    let around_a_buffer = (POINTS - 2..POINTS + 3).chain(3 * POINTS - 1..3 * POINTS + 2);
    for samples in (0..200).chain(around_a_buffer).chain([10_000]) {
        let seed = samples as u64;
        for kernel in Kernel::available() {
            let points = points(kernel, seed, samples);
            let expected = points.iter().filter(|&&[x, y]| is_hit(x, y)).count();
            let found = hits(kernel, seed, samples as u32) as usize;
            assert_eq!(found, expected, "{} samples, {}", samples, kernel.name());
        }
    }
}

#[test]
fn both_vector_kernels_agree_bit_for_bit() {
    if !Kernel::Avx512.is_available() {
        return;
    }
    for seed in 0..50 {
        let samples = 20_000 + 7 * seed as u32;
        assert_eq!(hits(Kernel::Avx512, seed, samples), hits(Kernel::Avx2, seed, samples));
    }
}

#[test]
fn a_hit_is_what_geometry_says_but_for_one_corner() {
    let edge = [i16::MIN, i16::MIN + 1, -23171, -23170, -1, 0, 1, 23170, 23171, i16::MAX];
    for x in edge {
        for y in edge {
            let inside = i64::from(x).pow(2) + i64::from(y).pow(2) < 1 << 30;
            assert_eq!(is_hit(x, y), inside || (x, y) == (i16::MIN, i16::MIN), "{x} {y}");
        }
    }
}

#[test]
fn the_lattice_is_fine_enough_for_the_largest_request() {
    let column = |x: u64| 2 * ((1 << 30) - 1 - x * x).isqrt() + 1;
    let inside = column(0) + 2 * (1..1 << 15).map(column).sum::<u64>();
    let bias = (inside + 1) as f64 / 2_f64.powi(32) - FRAC_PI_4;
    let standard_error = (FRAC_PI_4 * (1.0 - FRAC_PI_4) / 1e8).sqrt();
    assert!(bias.abs() < 2.3e-7 && bias.abs() * 180.0 < standard_error, "{bias}");
}

/// Runs a job whose pieces are merged in an order that `pick` chooses.
fn run(mut job: Job, mut pick: impl FnMut(usize) -> usize) -> (Outcome, usize) {
    let (mut out, mut most_out) = (Vec::new(), 0);
    loop {
        while let Some(slice) = job.cut() {
            out.push(slice);
        }
        most_out = most_out.max(out.len());
        let slice = out.swap_remove(pick(out.len()));
        if let Some(outcome) = job.merge(slice.run()) {
            assert!(out.is_empty() && job.cut().is_none(), "done means that nothing is left");
            return (outcome, most_out);
        }
    }
}

#[test]
fn a_job_gives_the_same_answer_in_any_order() {
    let kernel = Kernel::detect();
    let simulations = 5 * kernel.slice_samples() / 2;
    let (first, _) = run(Job::new(simulations, 1, 42, kernel), |_| 0);
    assert_eq!(first.simulations, simulations);
    assert!((first.pi() - std::f64::consts::PI).abs() < 0.01);
    for concurrency in [2, 3, 8] {
        let mut random = fastrand::Rng::with_seed(u64::from(concurrency));
        let job = Job::new(simulations, concurrency, 42, kernel);
        let (outcome, most_out) = run(job, |n| random.usize(..n));
        assert_eq!(outcome, first);
        assert_eq!(most_out, usize::from(concurrency.min(3)));
    }
    assert_ne!(run(Job::new(simulations, 1, 43, kernel), |_| 0).0, first);
}

#[test]
fn slices_sum_to_exactly_what_was_asked_for() {
    for kernel in Kernel::ALL {
        for simulations in [1, 99, 100, 101, 3 << 20, (1 << 22) + 1, 99_999_999, 100_000_000] {
            let mut job = Job::new(simulations, u8::MAX, 7, kernel);
            let (mut samples, mut outcome) = (0, None);
            while let Some(slice) = job.cut() {
                samples += slice.samples();
                assert!(outcome.is_none() && slice.samples() <= kernel.slice_samples());
                outcome = job.merge(Piece { samples: slice.samples(), hits: 1 });
            }
            assert_eq!(samples, simulations);
            assert_eq!(outcome.map(|o| o.simulations), Some(simulations));
            assert_eq!(job.progress(), (simulations, simulations));
        }
    }
}
