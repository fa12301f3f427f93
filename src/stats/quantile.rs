//! Quantiles of a complete list of times.

use std::time::Duration;

/// Returns the smallest time that this share of `sorted` does not exceed.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let times = [1, 2, 3, 4].map(Duration::from_secs);
        let all = [0.0, 0.25, 0.5, 0.51, 0.99, 1.0].map(|share| quantile(&times, share).as_secs());
        assert_eq!(all, [1, 1, 2, 3, 4, 4]);
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
