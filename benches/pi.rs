//! Points per second of every π kernel, compared with a naive loop.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use pentad::work::pi::{self, Kernel};

const SAMPLES: u32 = 1 << 20;

/// A scalar loop with two `f64` per point.
fn naive(seed: u64, samples: u32) -> u32 {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut hits = 0;
    for _ in 0..samples {
        let (x, y) = (random.f64(), random.f64());
        hits += u32::from(x * x + y * y < 1.0);
    }
    hits
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("pi");
    group.throughput(Throughput::Elements(u64::from(SAMPLES)));
    group.bench_function("naive", |b| b.iter(|| naive(black_box(1), SAMPLES)));
    for kernel in Kernel::available() {
        let draw = || pi::hits(kernel, black_box(1), SAMPLES);
        group.bench_function(kernel.name(), |b| b.iter(draw));
    }
    group.finish();
    criterion.final_summary();
    ratios();
}

/// Prints ratios of one run with alternating turns, so that a slow moment affects all kernels.
fn ratios() {
    let mut best = [Duration::MAX; 1 + Kernel::ALL.len()];
    for _ in 0..50 {
        best[0] = best[0].min(timed(|| naive(black_box(1), SAMPLES)));
        for (kernel, best) in Kernel::available().zip(&mut best[1..]) {
            *best = (*best).min(timed(|| pi::hits(kernel, black_box(1), SAMPLES)));
        }
    }
    let per_point = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(SAMPLES);
    println!("{:<10} {:>8.4} ns a point", "naive", per_point(best[0]));
    for (kernel, time) in Kernel::available().zip(&best[1..]) {
        let ratio = best[0].as_secs_f64() / time.as_secs_f64();
        let slice_ms = per_point(*time) * f64::from(kernel.slice_samples()) / 1e6;
        println!(
            "{:<10} {:>8.4} ns a point {ratio:>6.1} x naive, {slice_ms:.2} ms a slice",
            kernel.name(),
            per_point(*time)
        );
    }
}

fn timed(draw: impl FnOnce() -> u32) -> Duration {
    let start = Instant::now();
    black_box(draw());
    start.elapsed()
}
