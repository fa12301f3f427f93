//! Hashes per second of every proof-of-work kernel, compared with a plain scalar loop.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use pentad::work::pow::{Job, Kernel, kernel_speed, plain_speed};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for len in [11, 200] {
        let mut group = criterion.benchmark_group("pow");
        for kernel in Kernel::available() {
            // 256 zero bits: there is no solution, so the whole slice is tried.
            let mut job = Job::new(vec![b'x'; len], 256, 5, 0, kernel, 1);
            let slice = job.cut(kernel.slice_blocks()).expect("a new job has slices");
            group.throughput(Throughput::Elements(slice.blocks()));
            group.bench_function(BenchmarkId::new(kernel.name(), len), |b| {
                b.iter(|| slice.run());
            });
        }
        group.finish();
    }
    criterion.final_summary();
    ratios();
}

/// Prints ratios of one run with alternating turns, so that a slow moment affects all kernels.
fn ratios() {
    let started = Instant::now();
    let budget = Duration::from_millis(5);
    let mut plain = 0_f64;
    let mut best = [0_f64; Kernel::ALL.len()];
    for _ in 0..40 {
        plain = plain.max(plain_speed(budget, || started.elapsed()));
        for (kernel, best) in Kernel::available().zip(&mut best) {
            *best = best.max(kernel_speed(kernel, budget, || started.elapsed()));
        }
    }
    println!("{:<8} {:>8.2} MH/s", "plain", plain / 1e6);
    for (kernel, best) in Kernel::available().zip(best) {
        let slice_ms = kernel.slice_blocks() as f64 / best * 1e3;
        println!(
            "{:<8} {:>8.2} MH/s {:>6.2} x plain, {slice_ms:.2} ms a slice",
            kernel.name(),
            best / 1e6,
            best / plain
        );
    }
}
