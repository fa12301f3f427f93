//! The log of the sessions: records are made on the loop, formatted and written on a separate
//! thread, so that a slow disk or terminal never delays a request.

use super::batch_queue::BatchQueue;
use super::ending::join;
use super::system::thread;
use crate::limits::{self, RateLimitedLog};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// Turns records into lines.
pub trait Format<R>: Send + 'static {
    /// Appends the line of a record that was passed at `at`.
    fn line(&self, record: &R, at: Instant, out: &mut String);

    /// Appends a line about so many missing lines.
    fn gap(&self, lines: u64, out: &mut String);
}

/// The loop's end of the log.
#[derive(Debug)]
pub struct Log<R> {
    shared: Arc<Shared<R>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<R> {
    lines: BatchQueue<(R, Instant)>,
    dropped: AtomicU64,
    reopen: AtomicBool,
}

impl<R: Send + 'static> Log<R> {
    /// Starts the thread of the log `name`, which writes to a file, or to standard output. The file
    /// is appended to, and opened again by [`Log::reopen`], for log rotation.
    ///
    /// # Errors
    /// Fails if the file cannot be opened, or there is no thread.
    pub fn start(
        name: &'static str,
        file: Option<PathBuf>,
        format: impl Format<R>,
    ) -> io::Result<Log<R>> {
        let shared = Arc::new(Shared {
            lines: BatchQueue::new(limits::LOG_LINES),
            dropped: AtomicU64::new(0),
            reopen: AtomicBool::new(false),
        });
        let sink = open(name, file.as_deref())?;
        let failures = RateLimitedLog::new(module_path!(), log::Level::Warn, 1);
        let mut writer = Writer { name, file, format, sink, page: Page::default(), failures };
        let inbox = Arc::clone(&shared);
        let thread = thread(&name.replace(' ', "-"), move || {
            let mut batch = Vec::new();
            while inbox.lines.wait(&mut batch) {
                writer.write(&batch, &inbox);
            }
            // Lines that were lost since then are reported at the end.
            writer.write(&[], &inbox);
        })?;
        Ok(Log { shared, thread: Some(thread) })
    }

    /// Passes the records of a turn to the thread. Durations end here: they include the handling of
    /// the answer, and everything before it in the turn. Returns the number of records that were
    /// dropped.
    pub fn put(&self, records: &mut Vec<R>) -> u64 {
        if records.is_empty() {
            return 0;
        }
        let now = Instant::now();
        let mut dropped = 0;
        for record in records.drain(..) {
            dropped += u64::from(self.shared.lines.put((record, now)).is_err());
        }
        if dropped > 0 {
            self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        dropped
    }

    /// Opens the file again, immediately.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Relaxed);
        self.shared.lines.nudge();
    }
}

impl<R> Log<R> {
    /// Closes the queue. The thread ends once the pending records are written.
    pub fn end(&mut self) -> Option<JoinHandle<()>> {
        self.shared.lines.close();
        self.thread.take()
    }
}

impl<R> Drop for Log<R> {
    /// Writes pending records.
    fn drop(&mut self) {
        join(self.end());
    }
}

struct Writer<F> {
    name: &'static str,
    file: Option<PathBuf>,
    format: F,
    sink: Sink,
    page: Page,
    failures: RateLimitedLog,
}

enum Sink {
    Stdout(io::Stdout),
    File(File),
}

fn open(name: &str, file: Option<&Path>) -> io::Result<Sink> {
    let Some(path) = file else { return Ok(Sink::Stdout(io::stdout())) };
    let named = |why| io::Error::other(format!("{name} {}: {why}", path.display()));
    append(path).map(Sink::File).map_err(named)
}

/// Opens a file to append to, without waiting: a FIFO would wait for its reader. Writing may wait,
/// as usual.
///
/// # Errors
/// Returns the reason as a text.
pub fn append(path: &Path) -> Result<File, String> {
    open_now(path).map_err(|error| match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NXIO) => "this FIFO has no reader".to_owned(),
        Some(_) | None => error.to_string(),
    })
}

fn open_now(path: &Path) -> io::Result<File> {
    let nonblocking = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().append(true).create(true).custom_flags(nonblocking).open(path)?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

impl<F> Writer<F> {
    fn write<R>(&mut self, batch: &[(R, Instant)], shared: &Shared<R>)
    where
        F: Format<R>,
    {
        if shared.reopen.swap(false, Ordering::Relaxed) {
            match open(self.name, self.file.as_deref()) {
                Ok(sink) => (self.sink, self.page.torn) = (sink, false),
                Err(error) => log::error!("{error}; still writing to the file as it was"),
            }
        }
        let mut lines = String::new();
        for (record, at) in batch {
            self.format.line(record, *at, &mut lines);
        }
        self.page.lost += shared.dropped.swap(0, Ordering::Relaxed);
        let gap = |lost, out: &mut String| self.format.gap(lost, out);
        let written = match &mut self.sink {
            Sink::Stdout(stdout) => self.page.add(&lines, gap, stdout),
            Sink::File(file) => self.page.add(&lines, gap, file),
        };
        if let Err(error) = written {
            self.failures.note(&format_args!("{}: {error}", self.name), Instant::now());
        }
    }
}

/// The state of the file.
#[derive(Debug, Default)]
struct Page {
    /// True if it ends in the middle of a line.
    torn: bool,
    /// Missing lines that are not reported in the file yet.
    lost: u64,
}

impl Page {
    /// Adds lines, preceded by the number of missing ones. A full disk is a normal event: lines
    /// without room are lost, and counted.
    fn add(
        &mut self,
        lines: &str,
        gap: impl Fn(u64, &mut String),
        sink: &mut impl Write,
    ) -> io::Result<()> {
        let mut text = if self.torn { "\n".to_string() } else { String::new() };
        if self.lost > 0 {
            gap(self.lost, &mut text);
        }
        let notes = text.len();
        text.push_str(lines);
        let (written, result) = put(text.as_bytes(), sink);
        let text = text.as_bytes();
        self.torn = text[..written].last().map_or(self.torn, |byte| *byte != b'\n');
        // A line that only lacks its line ending will get it.
        let kept = written + usize::from(text.get(written) == Some(&b'\n'));
        let untold = if kept < notes { self.lost } else { 0 };
        let missing = text[kept.max(notes)..].iter().filter(|byte| **byte == b'\n').count();
        self.lost = untold + missing as u64;
        result
    }
}

/// Writes as much of `text` as there is room for; returns the number of bytes.
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
    fn after_a_full_disk_lines_are_whole_and_lost_ones_counted() {
        let gap = |lost, out: &mut String| out.push_str(&format!("lost {lost}\n"));
        for left in 0..="lost 3\n".len() + 13 {
            let mut page = Page::default();
            let mut disk = Disk { text: Vec::new(), left: 6 };
            page.add("1111\n2222\n3333\n4444\n", gap, &mut disk).unwrap_err();
            assert_eq!((disk.text.as_slice(), page.lost), (&b"1111\n2"[..], 3));
            page.add("", gap, &mut disk).unwrap_err();
            disk.left = left;
            let second = page.add("5555\n6666\n", gap, &mut disk);
            let is_kept = |line: &&[u8]| *line == b"5555" || *line == b"6666";
            let kept = disk.text.split(|byte| *byte == b'\n').filter(is_kept).count();
            disk.left = 1000;
            page.add("7777\n", gap, &mut disk).unwrap();
            let text = String::from_utf8(disk.text).unwrap();
            let told = |line: &str| line.strip_prefix("lost ")?.parse::<u64>().ok();
            let told = text.lines().filter_map(told).sum::<u64>();
            assert_eq!(told, 3 + 2 - kept as u64, "{left} bytes left:\n{text}");
            assert!(text.ends_with("\n7777\n"), "{text}");
            assert_eq!((page.lost, page.torn), (0, false));
            assert!(second.is_err() || kept == 2);
        }
    }
}
