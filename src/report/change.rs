//! Differences between two runs.

use super::{FIGURES, Report, counted};
use std::fmt::Write;

/// Prints a line for each figure: before, after, and the difference.
pub fn changes(before: &Report, after: &Report) -> String {
    let mut text = format!("compared with {}\n", before.id);
    for figure in &FIGURES {
        let (was, is) = (before.number(figure.path), after.number(figure.path));
        let _ = writeln!(
            text,
            "  {:<11} {:>12} → {:>12} {:<3} {}",
            figure.name,
            figure.of(before),
            figure.of(after),
            figure.unit,
            delta(was, is, figure.more_is_better)
        );
    }
    let (was, is) = (before.errors(), after.errors());
    let (was, is) = (counted(Some(was)), counted(Some(is)));
    let _ = writeln!(text, "  {:<11} {was:>12} → {is:>12}", "errors");
    text
}

/// Formats a difference as `+12.3 % (better)`; empty if a value is missing.
pub(super) fn delta(was: Option<f64>, is: Option<f64>, more_is_better: Option<bool>) -> String {
    let (Some(was), Some(is)) = (was, is) else { return String::new() };
    if was == 0.0 {
        return String::new();
    }
    let percent = (is / was - 1.0) * 100.0;
    if percent.abs() < 0.05 {
        return "0.0 %".to_owned();
    }
    let word = match more_is_better {
        Some(more) if percent.abs() >= ALIKE_PERCENT => {
            if (percent > 0.0) == more {
                " (better)"
            } else {
                " (worse)"
            }
        }
        Some(_) | None => "",
    };
    format!("{percent:+.1} %{word}")
}

/// Smaller differences count as neither better nor worse: they are within the variation of runs.
const ALIKE_PERCENT: f64 = 2.0;
