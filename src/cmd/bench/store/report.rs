//! Results: tables as Markdown and as CSV, and checks.
//!
//! Pure: values in, text out. A table has a few columns that name a row, then figures. In CSV each
//! figure is a line of its own: table, row, figure, value.

use std::fmt::Write;
use std::time::Duration;

/// A table of figures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// Its word in CSV.
    pub(super) name: &'static str,
    /// Its title.
    pub(super) title: String,
    /// The first so many columns name a row.
    pub(super) keys: usize,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// Warnings that the figures do not give by themselves.
    pub(super) notes: Vec<String>,
}

impl Table {
    /// An empty one.
    pub(super) fn new(
        name: &'static str,
        title: &str,
        keys: usize,
        columns: &[&'static str],
    ) -> Table {
        let (title, columns) = (title.to_owned(), columns.to_vec());
        Table { name, title, keys, columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// With one more row.
    pub(super) fn row(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        assert_eq!(cells.len(), self.columns.len(), "a row of {} is as wide as it", self.name);
        self.rows.push(cells);
    }

    /// With one more note.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        let mut line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.map(|cell| format!(" {cell} |")).collect::<String>();
            let _ = writeln!(text, "|{cells}");
        };
        line(&mut self.columns.iter().copied());
        let rules = (0..self.columns.len()).map(|at| if at < self.keys { "---" } else { "--:" });
        line(&mut rules.collect::<Vec<_>>().into_iter());
        for row in &self.rows {
            line(&mut row.iter().map(String::as_str));
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let (keys, figures) = row.split_at(self.keys);
            let keys = field(&keys.join(" / "));
            for (column, figure) in self.columns[self.keys..].iter().zip(figures) {
                let (column, figure) = (field(column), field(figure));
                let _ = writeln!(text, "{},{keys},{column},{figure}", self.name);
            }
        }
        text
    }
}

/// A field of CSV (RFC 4180).
fn field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// Something that has to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) what: String,
    pub(super) holds: bool,
}

/// A point of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) operation: &'static str,
    pub(super) cache: &'static str,
    pub(super) clients: usize,
    pub(super) p50_ms: f64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) tables: Vec<Table>,
    pub(super) checks: Vec<Check>,
    pub(super) points: Vec<Point>,
    /// The name of a bar, and its purchases a second.
    pub(super) rates: Vec<(String, f64)>,
}

impl Report {
    /// Notes that this is, or is not, as it has to be.
    pub(super) fn check(&mut self, holds: bool, what: impl Into<String>) {
        self.checks.push(Check { what: what.into(), holds });
    }

    /// Returns the checks that failed.
    pub(super) fn broken(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(|check| !check.holds).map(|check| check.what.as_str())
    }

    pub(super) fn markdown(&self) -> String {
        let tables = self.tables.iter().map(Table::markdown);
        let mut parts = tables.collect::<Vec<_>>();
        if !self.checks.is_empty() {
            let line = |check: &Check| {
                let mark = if check.holds { "holds" } else { "DOES NOT HOLD" };
                format!("- {mark}: {}\n", check.what)
            };
            let lines = self.checks.iter().map(line).collect::<String>();
            parts.push(format!("## Checks\n\n{lines}"));
        }
        parts.join("\n")
    }

    pub(super) fn csv(&self) -> String {
        let mut text = "table,row,figure,value\n".to_owned();
        text.extend(self.tables.iter().map(Table::csv));
        for check in &self.checks {
            let _ = writeln!(text, "checks,{},holds,{}", field(&check.what), check.holds);
        }
        text
    }
}

/// Milliseconds, with as many digits as count.
pub(super) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    match ms {
        100.0.. => format!("{ms:.0}"),
        10.0.. => format!("{ms:.1}"),
        1.0.. => format!("{ms:.2}"),
        _ => format!("{ms:.3}"),
    }
}

/// So many in this time, per second.
pub(super) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut table = Table::new("sales", "Sales", 2, &["what", "copies", "sold", "p50 ms"]);
        table.row(["the last, and only".to_owned(), "1".into(), "1".into(), "0.5".into()]);
        table.note("A note.");
        let mut report = Report { tables: vec![table], ..Report::default() };
        report.check(true, "one was sold");
        report
    }

    #[test]
    fn a_table_is_markdown_and_csv() {
        assert_eq!(
            report().markdown(),
            "## Sales\n\n| what | copies | sold | p50 ms |\n| --- | --- | --: | --: |\n\
             | the last, and only | 1 | 1 | 0.5 |\n\nA note.\n\n\
             ## Checks\n\n- holds: one was sold\n"
        );
        assert_eq!(
            report().csv(),
            "table,row,figure,value\nsales,\"the last, and only / 1\",sold,1\n\
             sales,\"the last, and only / 1\",p50 ms,0.5\nchecks,one was sold,holds,true\n"
        );
        assert_eq!(Report::default().markdown(), "");
    }

    #[test]
    fn what_does_not_hold_is_found() {
        let mut report = report();
        assert_eq!(report.broken().count(), 0);
        report.check(false, "digests are equal");
        assert_eq!(report.broken().collect::<Vec<_>>(), ["digests are equal"]);
        assert!(report.markdown().contains("- DOES NOT HOLD: digests are equal\n"));
    }

    #[test]
    fn figures_have_the_digits_that_count() {
        for (us, text) in [(5, "0.005"), (1_234, "1.23"), (12_345, "12.3"), (123_456, "123")] {
            assert_eq!(ms(Duration::from_micros(us)), text);
        }
        assert_eq!(rate(50, Duration::from_millis(500)), 100.0);
    }
}
