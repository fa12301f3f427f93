//! What has changed between two runs.

use super::{FIGURES, Report, counted};
use std::fmt::Write;

/// A line for each figure: before, after, and how much that is.
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
            verdict(was, is, figure.more_is_better)
        );
    }
    let (was, is) = (before.errors(), after.errors());
    let (was, is) = (counted(Some(was)), counted(Some(is)));
    let _ = writeln!(text, "  {:<11} {was:>12} → {is:>12}", "errors");
    text
}

/// `+12.3 % (better)`; nothing where there is nothing to compare.
pub(super) fn verdict(was: Option<f64>, is: Option<f64>, more_is_better: Option<bool>) -> String {
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

/// Differences below this are called neither better nor worse: runs differ by as much anyway.
const ALIKE_PERCENT: f64 = 2.0;
