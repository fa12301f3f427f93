//! Reading reports and making pages of them, for a worker: a report a slice.

use super::Reports;
use crate::report::{self, Report};
use std::collections::VecDeque;
use std::io::ErrorKind;

/// Expected work of a slice, in nanoseconds: fifty kibibytes to read and to take apart.
pub const SLICE_COST: i64 = 500_000;

/// What somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// All reports, as a page.
    Listing,
    /// All reports, as JSON.
    ListingAsJson,
    /// One of them, as a page with the history of all.
    Page(String),
    /// One of them, as it is kept.
    Document(String),
    /// One of them, as a picture.
    Picture(String),
}

/// What there is to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// This.
    Text(String),
    /// No such report.
    Missing,
    /// The disk could not be read.
    Failed,
}

/// See the module.
#[derive(Debug)]
pub struct Job {
    reports: Reports,
    ask: Ask,
    /// What was listed and not read yet; none before the list is there.
    todo: Option<VecDeque<String>>,
    read: Vec<Report>,
    /// The text of the one that was asked for.
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
    Render { ask: Ask, read: Vec<Report>, text: Option<String> },
}

/// What it made.
#[derive(Debug)]
pub enum Piece {
    /// The names of all reports.
    Listed(Vec<String>),
    /// A report and its text, if it could be read and understood.
    Read(Option<(Report, String)>),
    /// All that was wanted.
    Rendered(Outcome),
    /// The disk could not be read.
    Failed,
}

impl Job {
    /// A job that answers `ask`.
    pub fn new(reports: Reports, ask: Ask) -> Job {
        let todo = match &ask {
            Ask::Listing | Ask::ListingAsJson | Ask::Page(_) => None,
            Ask::Document(id) | Ask::Picture(id) => Some([id.clone()].into()),
        };
        Job { reports, ask, todo, read: Vec::new(), text: None, out: false }
    }

    /// The next slice, once the one before is merged.
    pub fn cut(&mut self) -> Option<Slice> {
        if std::mem::replace(&mut self.out, true) {
            return None;
        }
        let work = match &mut self.todo {
            None => Work::List,
            Some(todo) => match todo.pop_front() {
                Some(id) => Work::Read(id),
                None => Work::Render {
                    ask: self.ask.clone(),
                    read: std::mem::take(&mut self.read),
                    text: self.text.take(),
                },
            },
        };
        Some(Slice { reports: self.reports.clone(), work })
    }

    /// Takes back what a slice made; the outcome with the last one.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        self.out = false;
        match piece {
            Piece::Listed(ids) => self.todo = Some(ids.into()),
            Piece::Read(None) => {}
            Piece::Read(Some((report, text))) => {
                if self.ask == Ask::Document(report.id.clone()) {
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
    /// Does the work.
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
            Work::Render { ask, read, text } => Piece::Rendered(rendered(&ask, &read, text)),
        }
    }
}

fn rendered(ask: &Ask, read: &[Report], text: Option<String>) -> Outcome {
    let found = |id: &String| read.iter().find(|report| report.id == *id);
    let text = match ask {
        Ask::Listing => Some(report::listing(read)),
        Ask::ListingAsJson => Some(report::listing_as_json(read)),
        Ask::Page(id) => found(id).map(|one| report::page(std::slice::from_ref(one), read)),
        Ask::Document(_) => text,
        Ask::Picture(id) => found(id).map(report::overview),
    };
    text.map_or(Outcome::Missing, Outcome::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn asked(reports: &Reports, ask: Ask) -> Outcome {
        let mut job = Job::new(reports.clone(), ask);
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
        let text = |ask| match asked(&reports, ask) {
            Outcome::Text(text) => text,
            other @ (Outcome::Missing | Outcome::Failed) => panic!("{other:?}"),
        };
        assert!(text(Ask::Listing).contains("1-a.html"));
        assert!(text(Ask::ListingAsJson).starts_with("[{\"id\":\"1-a\""));
        assert!(text(Ask::Page("1-a".into())).contains("Load test: a"));
        assert_eq!(text(Ask::Document("1-a".into())), "{\"label\":\"a\"}");
        assert!(text(Ask::Picture("1-a".into())).starts_with("<svg"));
        for id in ["3", "2-broken"] {
            assert_eq!(asked(&reports, Ask::Page(id.into())), Outcome::Missing);
        }
        fs::remove_dir_all(&data).unwrap();
        assert!(text(Ask::Listing).contains("none yet"));
    }
}
