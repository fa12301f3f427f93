//! Reports of load tests on disk: one file each, the last hundred.
//!
//! A file is complete or does not exist: it is written under another name and renamed. Names begin
//! with the time, so that their order is that of the runs. These functions wait for the disk and
//! are never called on the loop.

mod job;

pub use job::{Job, Outcome, Piece, SLICE_COST, Slice, View};

use crate::limits::{REPORT_BYTES, REPORTS};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// A folder of reports. It need not exist.
#[derive(Debug, Clone)]
pub struct Reports(PathBuf);

/// Suffix of the files.
const ENDING: &str = ".json";

impl Reports {
    /// Returns the folder in the data directory `data`.
    pub fn of(data: &Path) -> Reports {
        Reports(data.join("reports"))
    }

    /// Stores `text` under the name `id`, and deletes all but the last hundred. Returns the path.
    ///
    /// # Errors
    /// Fails if the folder or the file cannot be written. No partial file is left under its name.
    pub fn keep(&self, id: &str, text: &str) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0).map_err(failed("create", &self.0))?;
        let path = self.path(id);
        let unfinished = self.0.join(format!(".{id}"));
        let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&unfinished);
            return Err(failed("write", &path)(error));
        }
        let ids = self.ids()?;
        for old in ids.iter().take(ids.len().saturating_sub(REPORTS)) {
            match fs::remove_file(self.path(old)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(failed("remove", &self.path(old))(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(path)
    }

    /// Returns the names of all reports, the oldest first.
    ///
    /// # Errors
    /// Fails if the folder exists but cannot be read.
    pub fn ids(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed("list", &self.0))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", &self.0))?;
            let name = entry.file_name().into_string().unwrap_or_default();
            let id = name.strip_suffix(ENDING).filter(|id| !id.starts_with('.'));
            ids.extend(id.map(str::to_owned));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Returns the text of a report.
    ///
    /// # Errors
    /// Fails if there is no such report, or if it is larger than reports can be.
    pub fn read(&self, id: &str) -> io::Result<String> {
        let mut text = String::new();
        let path = self.path(id);
        let file = File::open(&path).map_err(failed("open", &path))?;
        let read = file.take(REPORT_BYTES as u64 + 1).read_to_string(&mut text);
        read.map_err(failed("read", &path))?;
        if text.len() > REPORT_BYTES {
            let why = format!("{} is larger than {REPORT_BYTES} bytes", path.display());
            return Err(io::Error::other(why));
        }
        Ok(text)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}{ENDING}"))
    }
}

/// Adds the attempted action to an error of the operating system.
fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hundred_are_kept_and_nothing_else_is_left() {
        let data = std::env::temp_dir().join(format!("pentad-reports-{}", std::process::id()));
        let reports = Reports::of(&data);
        assert!(reports.ids().unwrap().is_empty());
        for number in 0..REPORTS + 5 {
            reports.keep(&format!("{number:04}-load"), "{}").unwrap();
        }
        let ids = reports.ids().unwrap();
        assert_eq!((ids.len(), &*ids[0]), (REPORTS, "0005-load"));
        assert_eq!(fs::read_dir(data.join("reports")).unwrap().count(), REPORTS);
        assert_eq!(reports.read("0005-load").unwrap(), "{}");
        assert_eq!(reports.read("0004-load").unwrap_err().kind(), ErrorKind::NotFound);
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn a_report_that_cannot_be_written_leaves_nothing() {
        let data = std::env::temp_dir().join(format!("pentad-reports-no-{}", std::process::id()));
        let reports = Reports::of(&data);
        // A folder stands where the file would be.
        fs::create_dir_all(data.join("reports/a.json/b")).unwrap();
        assert!(reports.keep("a", "{}").is_err());
        assert_eq!(fs::read_dir(data.join("reports")).unwrap().count(), 1);
        fs::remove_dir_all(&data).unwrap();
    }
}
