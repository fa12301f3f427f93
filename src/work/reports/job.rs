//! Reads and renders reports, one report per slice.

use super::Reports;
use crate::report::{self, Report};
use std::collections::VecDeque;
use std::io::ErrorKind;

/// Expected nanoseconds of a slice: fifty kibibytes to read and to parse.
pub const SLICE_COST: i64 = 500_000;

/// The requested view of the reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// All reports, as HTML.
    Listing,
    /// All reports, as JSON.
    ListingAsJson,
    /// One report, as HTML with the history of all.
    Page(String),
    /// One report, as it was stored.
    Document(String),
    /// One report, as SVG.
    Picture(String),
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The rendered text.
    Text(String),
    /// There is no such report.
    Missing,
    /// The disk could not be read.
    Failed,
}

/// A job; see the module.
#[derive(Debug)]
pub struct Job {
    reports: Reports,
    view: View,
    /// The listed reports that are not read yet; `None` before the listing.
    todo: Option<VecDeque<String>>,
    read: Vec<Report>,
    /// The text of the requested report.
    text: Option<String>,
    out: bool,
}

/// A part of the work.
#[derive(Debug)]
pub struct Slice {
    reports: Reports,
    work: Work,
}

#[derive(Debug)]
enum Work {
    List,
    Read(String),
    Render { view: View, read: Vec<Report>, text: Option<String> },
}

/// The result of a slice.
#[derive(Debug)]
pub enum Piece {
    /// The names of all reports.
    Listed(Vec<String>),
    /// A report and its text, if it could be read and parsed.
    Read(Option<(Report, String)>),
    /// The final result.
    Rendered(Outcome),
    /// The disk could not be read.
    Failed,
}

impl Job {
    /// Creates a job that renders `view`.
    pub fn new(reports: Reports, view: View) -> Job {
        let todo = match &view {
            View::Listing | View::ListingAsJson | View::Page(_) => None,
            View::Document(id) | View::Picture(id) => Some([id.clone()].into()),
        };
        Job { reports, view, todo, read: Vec::new(), text: None, out: false }
    }

    /// Returns the next slice, once the previous one is merged.
    pub fn cut(&mut self) -> Option<Slice> {
        if std::mem::replace(&mut self.out, true) {
            return None;
        }
        let work = match &mut self.todo {
            None => Work::List,
            Some(todo) => match todo.pop_front() {
                Some(id) => Work::Read(id),
                None => Work::Render {
                    view: self.view.clone(),
                    read: std::mem::take(&mut self.read),
                    text: self.text.take(),
                },
            },
        };
        Some(Slice { reports: self.reports.clone(), work })
    }

    /// Merges the result of a slice; returns the outcome with the last one.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        self.out = false;
        match piece {
            Piece::Listed(ids) => self.todo = Some(ids.into()),
            Piece::Read(None) => {}
            Piece::Read(Some((report, text))) => {
                if self.view == View::Document(report.id.clone()) {
                    self.text = Some(text);
                }
                self.read.push(report);
            }
            Piece::Rendered(outcome) => return Some(outcome),
            Piece::Failed => return Some(Outcome::Failed),
        }
        None
    }
}

impl Slice {
    /// Runs the slice.
    pub fn run(self) -> Piece {
        match self.work {
            Work::List => self.reports.ids().map_or(Piece::Failed, Piece::Listed),
            Work::Read(id) => match self.reports.read(&id) {
                Ok(text) => Piece::Read(
                    serde_json::from_str(&text)
                        .ok()
                        .map(|document| (Report { id, document }, text)),
                ),
                Err(error) if error.kind() == ErrorKind::NotFound => Piece::Read(None),
                Err(_) => Piece::Failed,
            },
            Work::Render { view, read, text } => Piece::Rendered(rendered(&view, &read, text)),
        }
    }
}

fn rendered(view: &View, read: &[Report], text: Option<String>) -> Outcome {
    let found = |id: &String| read.iter().find(|report| report.id == *id);
    let text = match view {
        View::Listing => Some(report::listing(read)),
        View::ListingAsJson => Some(report::listing_as_json(read)),
        View::Page(id) => found(id).map(|one| report::page(std::slice::from_ref(one), read)),
        View::Document(_) => text,
        View::Picture(id) => found(id).map(report::overview),
    };
    text.map_or(Outcome::Missing, Outcome::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn rendered_by_job(reports: &Reports, view: View) -> Outcome {
        let mut job = Job::new(reports.clone(), view);
        loop {
            let slice = job.cut().expect("the last one is merged");
            assert!(job.cut().is_none(), "one after the other");
            if let Some(outcome) = job.merge(slice.run()) {
                return outcome;
            }
        }
    }

    #[test]
    fn what_is_kept_is_shown_in_every_form() {
        let data = std::env::temp_dir().join(format!("pentad-archive-{}", std::process::id()));
        let reports = Reports::of(&data);
        reports.keep("1-a", "{\"label\":\"a\"}").unwrap();
        reports.keep("2-broken", "{").unwrap();
        let text = |view| match rendered_by_job(&reports, view) {
            Outcome::Text(text) => text,
            other @ (Outcome::Missing | Outcome::Failed) => panic!("{other:?}"),
        };
        assert!(text(View::Listing).contains("1-a.html"));
        assert!(text(View::ListingAsJson).starts_with("[{\"id\":\"1-a\""));
        assert!(text(View::Page("1-a".into())).contains("Load test: a"));
        assert_eq!(text(View::Document("1-a".into())), "{\"label\":\"a\"}");
        assert!(text(View::Picture("1-a".into())).starts_with("<svg"));
        for id in ["3", "2-broken"] {
            assert_eq!(rendered_by_job(&reports, View::Page(id.into())), Outcome::Missing);
        }
        fs::remove_dir_all(&data).unwrap();
        assert!(text(View::Listing).contains("none yet"));
    }
}
