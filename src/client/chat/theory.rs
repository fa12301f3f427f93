//! The prediction of queueing theory: the share of visitors that no agent serves in time.
//!
//! The model is M/M/N+D: Poisson arrivals (λ per second), exponential service times (μ per second
//! and agent), N agents, and the same patience for all visitors. See Boots and Tijms, "A
//! multiserver queueing system with impatient customers", Management Science 45 (1999).

/// Returns the share of visitors that are lost, 0 to 1. `lambda` and `mu` are per second, the
/// patience is in seconds.
pub fn lost_share(lambda: f64, mu: f64, agents: u32, patience_s: f64) -> f64 {
    let served = f64::from(agents) * mu;
    let (load, spare) = (lambda / mu, served - lambda);
    let epsilon = 1.0 / blocking(agents.saturating_sub(1), load);
    let j = if spare.abs() < 1e-9 {
        patience_s + 1.0 / served
    } else {
        let decay = (-spare * patience_s).exp();
        (1.0 - decay) / spare + decay / served
    };
    if !j.is_finite() {
        // With endless patience, only the load beyond the capacity is lost.
        return 1.0 - served / lambda;
    }
    (1.0 + (lambda - served) * j) / (epsilon + lambda * j)
}

/// Erlang's B formula: the share of arrivals that find all `agents` busy, without a queue, for a
/// load in erlangs.
fn blocking(agents: u32, load: f64) -> f64 {
    (1..=agents).fold(1.0, |b, n| load * b / (f64::from(n) + load * b))
}

/// Returns the standard error of a share that was measured on `count` visitors.
pub fn standard_error(share: f64, count: u64) -> f64 {
    (share * (1.0 - share) / count.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_the_known_shares() {
        assert_eq!(format!("{:.2}", 100.0 * lost_share(2.0, 1.0, 3, 1.0)), "6.12");
        assert_eq!(format!("{:.2}", 100.0 * lost_share(3.0, 1.0, 3, 0.5)), "22.78");
    }

    #[test]
    fn erlang_b_without_patience_and_the_excess_with_much_of_it() {
        let (lambda, mu) = (5.0, 1.0);
        assert!((lost_share(lambda, mu, 3, 0.0) - blocking(3, lambda)).abs() < 1e-12);
        assert!((lost_share(lambda, mu, 3, 1e3) - 0.4).abs() < 1e-9);
        assert!(lost_share(1.0, 1.0, 3, 100.0) < 1e-9);
    }

    #[test]
    fn at_full_load_the_limit_is_taken_from_both_sides() {
        let at = |lambda| lost_share(lambda, 1.0, 3, 0.7);
        assert!((at(3.0) - at(3.0 + 1e-6)).abs() < 1e-5 && (at(3.0) - at(3.0 - 1e-6)).abs() < 1e-5);
    }

    /// A simulation of the chain in small steps of time; it uses nothing of the formula.
    #[test]
    fn a_simulation_agrees() {
        let mut rng = fastrand::Rng::with_seed(3);
        let (lambda, mu, agents, patience) = (2.0, 1.0, 3, 1.0);
        let mut free_at = vec![0.0_f64; agents];
        let (mut now, mut lost) = (0.0, 0);
        let count = 200_000;
        for _ in 0..count {
            now -= rng.f64().ln() / lambda;
            let next = free_at.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("there are agents");
            if *next > now + patience {
                lost += 1;
            } else {
                *next = next.max(now) - rng.f64().ln() / mu;
            }
        }
        let (measured, predicted) =
            (f64::from(lost) / f64::from(count), lost_share(lambda, mu, agents as u32, patience));
        let error = standard_error(predicted, count as u64);
        assert!((measured - predicted).abs() < 4.0 * error, "{measured} {predicted}");
    }
}
