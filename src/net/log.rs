//! The access log: lines are made on the loop, rendered and written on a thread of their own, so
//! that a slow disk or terminal never holds a request up.

use super::complaints::Complaints;
use super::mailbox::Mailbox;
use crate::limits;
use crate::service::web::log::{Format, Record};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
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
        let mut writer = Writer { sink: open(&target)?, target, format, complaints };
        let inbox = Arc::clone(&shared);
        let thread = thread::Builder::new().name("access-log".to_string());
        let thread = thread.spawn(move || {
            let mut batch = Vec::new();
            while inbox.lines.wait(&mut batch) {
                writer.write(&batch, &inbox);
            }
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

    /// Asks for the file to be opened anew before the next line.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Relaxed);
    }
}

impl Drop for Log {
    /// Everything that waits is still written.
    fn drop(&mut self) {
        self.shared.lines.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the access log thread had panicked");
        }
    }
}

struct Writer {
    target: Target,
    format: Format,
    sink: Sink,
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
            let file = OpenOptions::new().append(true).create(true).open(path);
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("access log {}: {error}", path.display()))
            };
            Ok(Sink::File(file.map_err(named)?))
        }
    }
}

impl Writer {
    fn write(&mut self, batch: &[(Record, Duration)], shared: &Shared) {
        if shared.reopen.swap(false, Ordering::Relaxed) {
            match open(&self.target) {
                Ok(sink) => self.sink = sink,
                Err(error) => log::error!("{error}; still writing to the file as it was"),
            }
        }
        let mut text = String::new();
        for (record, took) in batch {
            record.render(self.format, *took, &mut text);
        }
        let dropped = shared.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            text.push_str(&format!("# {dropped} lines dropped: the log could not keep up\n"));
        }
        let written = match &mut self.sink {
            Sink::Stdout(stdout) => stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()),
            Sink::File(file) => file.write_all(text.as_bytes()),
        };
        if let Err(error) = written {
            // A full disk is an everyday event: the lines are lost, and counted as such.
            shared.dropped.fetch_add(batch.len() as u64 + dropped, Ordering::Relaxed);
            self.complaints.note("access log", &error, Instant::now());
        }
    }
}
