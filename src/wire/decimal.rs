//! Times as exact decimals, without trailing zeros.

use std::time::Duration;

/// Formats milliseconds for JSON: `3.360162`, `500.0`.
pub fn milliseconds(time: Duration) -> String {
    decimal(time.as_nanos(), 6)
}

/// Returns seconds as the `f64` that prints as the exact decimal.
pub fn seconds(time: Duration) -> f64 {
    decimal(time.as_nanos(), 9).parse().expect("digits and a point are a number")
}

/// Rounds a ratio to four decimals.
pub fn rounded(ratio: f64) -> f64 {
    (ratio * 1e4).round() / 1e4
}

/// Formats `units`, of which ten to the power of `digits` make a whole.
fn decimal(units: u128, digits: u32) -> String {
    let whole = 10_u128.pow(digits);
    let part = format!("{:0width$}", units % whole, width = digits as usize);
    let part = part.trim_end_matches('0');
    format!("{}.{}", units / whole, if part.is_empty() { "0" } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_prints_as_it_was_measured() {
        for (nanos, text) in [
            (501_382_306, "501.382306"),
            (3_360_162, "3.360162"),
            (500_000_000, "500.0"),
            (1, "0.000001"),
            (0, "0.0"),
            (100_000, "0.1"),
        ] {
            assert_eq!(milliseconds(Duration::from_nanos(nanos)), text);
        }
        for nanos in [1_100_000_001, 501_382_306_000, 86_400_123_456_789, 7] {
            let printed = format!("{}", seconds(Duration::from_nanos(nanos)));
            assert_eq!(printed, decimal(nanos.into(), 9), "{nanos}");
        }
    }
}
