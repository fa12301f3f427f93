//! Diagnostics: what the `log` macros say, as `level target: message` lines on standard error.
//!
//! Logging never waits: lines go to a thread through a bounded queue, and while standard error
//! is not read they are dropped and counted. A message stays one line, whatever a peer wrote
//! into it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::config::one_line;
use crate::net::cannot;

/// Diagnostics are written while this lives. Dropping it waits for the last lines, briefly.
#[derive(Debug)]
pub struct Diagnostics {
    queue: SyncSender<Message>,
}

/// Starts writing diagnostics of `level` and more severe ones. The first call in a process
/// decides; later ones change nothing.
pub fn start(level: LevelFilter, color: bool) -> io::Result<Diagnostics> {
    let (queue, lines) = mpsc::sync_channel(QUEUE_LINES);
    let dropped = Arc::new(AtomicU64::new(0));
    let logger = Logger { queue: queue.clone(), dropped: Arc::clone(&dropped), color };
    thread::Builder::new()
        .name("diagnostics".to_owned())
        .spawn(move || write_lines(&lines, &dropped, &mut io::stderr()))
        .map_err(cannot("start the thread diagnostics"))?;
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(level);
    }
    Ok(Diagnostics { queue })
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        let (done, wait) = mpsc::sync_channel(1);
        // A full queue means that standard error is not read: there is nothing to wait for.
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

#[derive(Debug)]
enum Message {
    Line(String),
    Flush(SyncSender<()>),
}

struct Logger {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    color: bool,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = line(record, self.color);
        if self.queue.try_send(Message::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// The thread: ends when no logger is left.
fn write_lines(lines: &Receiver<Message>, dropped: &AtomicU64, out: &mut impl Write) {
    for message in lines {
        match message {
            Message::Line(line) => {
                // Standard error may be closed; there is no better place to say so.
                let _ = out.write_all(line.as_bytes());
                let lost = dropped.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(out, "warn {}: {lost} lines dropped", module_path!());
                }
            }
            Message::Flush(done) => {
                let _ = out.flush();
                let _ = done.try_send(());
            }
        }
    }
}

fn line(record: &Record<'_>, color: bool) -> String {
    let (name, sgr) = match record.level() {
        Level::Error => ("error", 31),
        Level::Warn => ("warn", 33),
        Level::Info => ("info", 32),
        Level::Debug => ("debug", 34),
        Level::Trace => ("trace", 90),
    };
    // A peer's bytes can neither forge a line nor colour one.
    let text = one_line(&format!("{}: {}", record.target(), record.args()));
    if color { format!("\x1b[{sgr}m{name}\x1b[0m {text}\n") } else { format!("{name} {text}\n") }
}

/// Lines that may wait: a burst at a connection storm, and not much memory.
const QUEUE_LINES: usize = 1024;
/// Longest wait for the last lines at the end of the process.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(level: Level, text: &str, color: bool) -> String {
        line(
            &Record::builder()
                .level(level)
                .target("pentad::net")
                .args(format_args!("{text}"))
                .build(),
            color,
        )
    }

    #[test]
    fn a_line_is_level_target_and_message() {
        assert_eq!(shown(Level::Info, "up", false), "info pentad::net: up\n");
        assert_eq!(shown(Level::Error, "up", true), "\x1b[31merror\x1b[0m pentad::net: up\n");
    }

    #[test]
    fn a_message_cannot_forge_lines_or_colours() {
        let line = shown(Level::Warn, "a\nerror b: \x1b[31mc\r", false);
        assert_eq!(line, "warn pentad::net: a\\nerror b: \\u{1b}[31mc\\r\n");
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_says_so_later() {
        let (queue, lines) = mpsc::sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let logger = Logger { queue, dropped: Arc::clone(&dropped), color: false };
        log::set_max_level(LevelFilter::Info);
        for text in ["one", "two", "three"] {
            let args = format_args!("{text}");
            logger.log(&Record::builder().level(Level::Info).target("t").args(args).build());
        }
        drop(logger);
        let mut out = Vec::new();
        write_lines(&lines, &dropped, &mut out);
        let out = String::from_utf8(out).expect("lines are text");
        let expected = "info t: one\nwarn pentad::cmd::diagnostics: 2 lines dropped\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn the_end_waits_for_the_last_line() {
        let diagnostics = start(LevelFilter::Info, false).expect("a thread can be had");
        drop(diagnostics);
    }
}
