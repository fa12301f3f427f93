//! The access log: lines are made on the loop, rendered and written on a thread of their own, so
//! that a slow disk or terminal never holds a request up.

use super::complaints::Complaints;
use super::ending::join;
use super::mailbox::Mailbox;
use super::system::thread;
use crate::limits;
use crate::service::web::log::{Format, Record};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file, appended to, and opened anew when asked to: logs are rotated that way.
    File(PathBuf),
}

/// The loop's end of the access log.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    lines: Mailbox<(Record, Duration)>,
    dropped: AtomicU64,
    reopen: AtomicBool,
}

impl Log {
    /// Opens the target and starts the thread.
    ///
    /// # Errors
    /// When the file cannot be opened, or there is no thread to be had.
    pub fn start(target: Target, format: Format) -> io::Result<Log> {
        let shared = Arc::new(Shared {
            lines: Mailbox::new(limits::LOG_LINES),
            dropped: AtomicU64::new(0),
            reopen: AtomicBool::new(false),
        });
        let complaints = Complaints::default();
        let sink = open(&target)?;
        let page = Page { format, torn: false, lost: 0 };
        let mut writer = Writer { target, format, sink, page, complaints };
        let inbox = Arc::clone(&shared);
        let thread = thread("access-log", move || {
            let mut batch = Vec::new();
            while inbox.lines.wait(&mut batch) {
                writer.write(&batch, &inbox);
            }
            // What was lost since has nobody else to tell of it.
            writer.write(&[], &inbox);
        })?;
        Ok(Log { shared, thread: Some(thread) })
    }

    /// Hands the lines of a turn over. Durations end here: with the answer handled, and whatever
    /// came before it in the turn. Returns how many lines found no room.
    pub fn put(&self, records: &mut Vec<Record>) -> u64 {
        if records.is_empty() {
            return 0;
        }
        let now = Instant::now();
        let mut dropped = 0;
        for record in records.drain(..) {
            let took = now.saturating_duration_since(record.began);
            dropped += u64::from(self.shared.lines.put((record, took)).is_err());
        }
        if dropped > 0 {
            self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        dropped
    }

    /// Opens the file anew, at once.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Relaxed);
        self.shared.lines.nudge();
    }

    /// Nothing more will be written than what waits. The thread ends after that.
    pub fn end(&mut self) -> Option<JoinHandle<()>> {
        self.shared.lines.close();
        self.thread.take()
    }
}

impl Drop for Log {
    /// Everything that waits is still written.
    fn drop(&mut self) {
        join(self.end());
    }
}

struct Writer {
    target: Target,
    format: Format,
    sink: Sink,
    page: Page,
    complaints: Complaints,
}

enum Sink {
    Stdout(io::Stdout),
    File(File),
}

fn open(target: &Target) -> io::Result<Sink> {
    match target {
        Target::Stdout => Ok(Sink::Stdout(io::stdout())),
        Target::File(path) => {
            let named = |why| io::Error::other(format!("access log {}: {why}", path.display()));
            append(path).map(Sink::File).map_err(named)
        }
    }
}

/// Opens a file to append to, without waiting: a FIFO would wait for its reader. Writing waits, as
/// usual.
///
/// # Errors
/// Why that is not possible.
pub fn append(path: &Path) -> Result<File, String> {
    open_now(path).map_err(|error| match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NXIO) => "nobody reads from this FIFO".to_owned(),
        Some(_) | None => error.to_string(),
    })
}

fn open_now(path: &Path) -> io::Result<File> {
    let nonblocking = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().append(true).create(true).custom_flags(nonblocking).open(path)?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

impl Writer {
    fn write(&mut self, batch: &[(Record, Duration)], shared: &Shared) {
        if shared.reopen.swap(false, Ordering::Relaxed) {
            match open(&self.target) {
                Ok(sink) => (self.sink, self.page.torn) = (sink, false),
                Err(error) => log::error!("{error}; still writing to the file as it was"),
            }
        }
        let mut lines = String::new();
        for (record, took) in batch {
            record.render(self.format, *took, &mut lines);
        }
        self.page.lost += shared.dropped.swap(0, Ordering::Relaxed);
        let written = match &mut self.sink {
            Sink::Stdout(stdout) => self.page.add(&lines, stdout),
            Sink::File(file) => self.page.add(&lines, file),
        };
        if let Err(error) = written {
            self.complaints.note("access log", &error, Instant::now());
        }
    }
}

/// What is written to, as it was left.
#[derive(Debug)]
struct Page {
    format: Format,
    /// Whether it ends in the middle of a line.
    torn: bool,
    /// Lines that it lacks, and says nothing of yet.
    lost: u64,
}

impl Page {
    /// Adds lines, and before them how many are missing. A full disk is an everyday event: what
    /// there is no room for is lost, and counted as such.
    fn add(&mut self, lines: &str, sink: &mut impl Write) -> io::Result<()> {
        let mut text = if self.torn { "\n".to_string() } else { String::new() };
        if self.lost > 0 {
            self.format.gap(self.lost, &mut text);
        }
        let notes = text.len();
        text.push_str(lines);
        let (written, result) = put(text.as_bytes(), sink);
        let text = text.as_bytes();
        self.torn = text[..written].last().map_or(self.torn, |byte| *byte != b'\n');
        // A line that only lacks its end will have it.
        let kept = written + usize::from(text.get(written) == Some(&b'\n'));
        let untold = if kept < notes { self.lost } else { 0 };
        let missing = text[kept.max(notes)..].iter().filter(|byte| **byte == b'\n').count();
        self.lost = untold + missing as u64;
        result
    }
}

/// Writes as much of `text` as there is room for, and says how much that is.
fn put(text: &[u8], sink: &mut impl Write) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < text.len() {
        match sink.write(&text[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, sink.flush())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with so many bytes left.
    struct Disk {
        text: Vec<u8>,
        left: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.left).min(3);
            self.text.extend_from_slice(&bytes[..count]);
            self.left -= count;
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn on_a_disk_that_was_full_lines_are_whole_again_and_the_lost_ones_are_told() {
        let gap = |lost| {
            let mut text = String::new();
            Format::Json.gap(lost, &mut text);
            text
        };
        let note = gap(3);
        for left in 0..=note.len() + 13 {
            let mut page = Page { format: Format::Json, torn: false, lost: 0 };
            let mut disk = Disk { text: Vec::new(), left: 6 };
            page.add("1111\n2222\n3333\n4444\n", &mut disk).unwrap_err();
            assert_eq!((disk.text.as_slice(), page.lost), (&b"1111\n2"[..], 3));
            page.add("", &mut disk).unwrap_err();
            disk.left = left;
            let second = page.add("5555\n6666\n", &mut disk);
            let is_kept = |line: &&[u8]| *line == b"5555" || *line == b"6666";
            let kept = disk.text.split(|byte| *byte == b'\n').filter(is_kept).count();
            disk.left = 1000;
            page.add("7777\n", &mut disk).unwrap();
            let text = String::from_utf8(disk.text).unwrap();
            let told = |line: &str| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                line["lines_dropped"].as_u64()
            };
            let told = text.lines().filter_map(told).sum::<u64>();
            assert_eq!(told, 3 + 2 - kept as u64, "{left} bytes left:\n{text}");
            assert!(text.ends_with("\n7777\n"), "{text}");
            assert_eq!((page.lost, page.torn), (0, false));
            assert!(second.is_err() || kept == 2);
        }
    }
}
