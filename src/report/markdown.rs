//! Reports side by side as a table of Markdown.

use super::{FIGURES, Report, counted};

/// Renders a column for each report.
pub fn table(reports: &[Report]) -> String {
    let row = |name: &str, cell: &dyn Fn(&Report) -> String| {
        let cells = reports.iter().map(|report| format!(" {} |", cell(report)));
        format!("| {name} |{}\n", cells.collect::<String>())
    };
    let mut text = row("", &|report| report.name(reports));
    text += &format!("|---|{}\n", "--:|".repeat(reports.len()));
    for figure in &FIGURES {
        let name = match figure.unit {
            "" | "/s" => figure.name.to_owned(),
            unit => format!("{}, {unit}", figure.name),
        };
        text += &row(&name, &|report| figure.of(report));
    }
    text += &row("errors", &|report| counted(Some(report.errors())));
    text += &row("cache", &|report| report.text(&["cache", "state"]).to_owned());
    text += &row("id", &|report| report.id.clone());
    text
}
