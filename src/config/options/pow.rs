//! The rows of proof of work.

use super::row::{Opt, valued};
use super::{AUTO, put};
use crate::config::value;
use crate::work::pow::Kernel;

pub(super) static POW: [Opt; 3] = [
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
];

/// A search for sixteen digits would take centuries.
const DIFFICULTY_MAX: u8 = 15;

fn digits(text: &str) -> Result<u8, String> {
    value::count(text, 0..=DIFFICULTY_MAX)
}

fn seed_len(text: &str) -> Result<u8, String> {
    value::count(text, 5..=10)
}

fn kernel(text: &str) -> Result<Option<Kernel>, String> {
    if text == AUTO {
        return Ok(None);
    }
    let kernel = Kernel::from_name(text)
        .ok_or_else(|| format!("`{text}` is none of auto, avx512, avx2, sha2"))?;
    if !kernel.is_available() {
        return Err(format!("this processor cannot run `{text}`"));
    }
    Ok(Some(kernel))
}
