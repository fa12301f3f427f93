//! The rows of proof of work.

use super::{AUTO, Opt};
use crate::config::table::{put, valued};
use crate::config::value;
use crate::work::pow::Kernel;
use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) static POW: [Opt; 4] = [
    valued(
        "pow-difficulty",
        "N",
        "3",
        "Zeros that a hash has to begin with, in hexadecimal digits: 0 to 7, more only with longer \
         seeds",
        |d, v| put(&mut d.config.pow.difficulty, digits(v)),
    ),
    valued("pow-seed-len", "N", "5", "Letters of a seed: 5 to 10. Clients expect 5", |d, v| {
        put(&mut d.config.pow.seed_len, seed_len(v))
    }),
    valued(
        "pow-kernel",
        "avx512|avx2|sha2",
        AUTO,
        "How hashes are computed; auto measures at the start which is fastest here",
        |d, v| put(&mut d.config.pow.kernel, kernel(v)),
    ),
    valued(
        "pow-spent-time",
        "TIME",
        "24h",
        "How long a proof that was spent is remembered, and not accepted again",
        |d, v| put(&mut d.config.pow.spent, value::duration(v, SPENT)),
    ),
];

/// From what a clock with seconds can tell to a year.
const SPENT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24 * 366);

/// A search for sixteen digits would take centuries.
const DIFFICULTY_MAX: u8 = 15;

fn digits(text: &str) -> Result<u8, String> {
    value::count(text, 0..=DIFFICULTY_MAX)
}

fn seed_len(text: &str) -> Result<u8, String> {
    value::count(text, 5..=10)
}

fn kernel(text: &str) -> Result<Option<Kernel>, String> {
    if text == AUTO { Ok(None) } else { value::kernel(text).map(Some) }
}
