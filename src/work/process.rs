//! The state of this process as the operating system reports it.
//!
//! It is a job because reading `/proc` takes a dozen system calls, some of which walk through all
//! descriptors or all memory areas, and the loop makes only the system calls that its clients need.
//! Values that cannot be read are zero.

use std::fs;
use std::time::Duration;

/// A reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Resident memory in bytes.
    pub rss_bytes: u64,
    /// Open descriptors.
    pub fds: u64,
    /// Threads.
    pub threads: u64,
    /// Processor time of all threads.
    pub cpu: Duration,
}

/// One reading: a job of a single slice.
#[derive(Debug, Default)]
pub struct Job {
    cut: bool,
}

/// A reading to be made.
#[derive(Debug)]
pub struct Slice;

/// A finished reading.
#[derive(Debug)]
pub struct Piece(Outcome);

impl Job {
    /// Returns the only slice, once.
    pub fn cut(&mut self) -> Option<Slice> {
        (!std::mem::replace(&mut self.cut, true)).then_some(Slice)
    }

    /// Returns the outcome: a single slice makes all of it.
    pub fn merge(&self, piece: &Piece) -> Outcome {
        piece.0
    }
}

impl Slice {
    /// Takes the reading.
    pub fn run(self) -> Piece {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Piece(Outcome {
            rss_bytes: number(&status, "VmRSS:") * 1024,
            fds: descriptors(),
            threads: number(&status, "Threads:"),
            cpu: cpu(&stat),
        })
    }

    /// Returns the expected work: some tens of microseconds.
    pub fn cost(&self) -> i64 {
        50_000
    }
}

/// Returns the number in the line that begins with `name`.
fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// Counts open descriptors. Since Linux 6.2 the size of the directory is their number; before, they
/// are counted, without the one that counts.
///
/// Without `/proc` it is 0.
pub fn descriptors() -> u64 {
    const PATH: &str = "/proc/self/fd";
    match fs::metadata(PATH).map_or(0, |directory| directory.len()) {
        0 => fs::read_dir(PATH).map_or(0, |entries| (entries.count() as u64).saturating_sub(1)),
        count => count,
    }
}

/// Returns the sum of the fields `utime` and `stime` of proc(5), which are hundredths of a second.
/// The name of the program, which may contain anything, ends at the last parenthesis.
fn cpu(stat: &str) -> Duration {
    const UTIME: usize = 11;
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    let ticks = fields.skip(UTIME).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen() {
        let mut job = Job::default();
        let piece = job.cut().unwrap().run();
        assert!(job.cut().is_none());
        let Outcome { rss_bytes, fds, threads, .. } = job.merge(&piece);
        assert!(rss_bytes > 100_000 && fds >= 3 && threads >= 1);
    }

    #[test]
    fn what_the_kernel_prints_is_understood() {
        let status = "Name:\tpentad\nVmRSS:\t    5236 kB\nThreads:\t5\n";
        assert_eq!((number(status, "VmRSS:"), number(status, "Threads:")), (5236, 5));
        assert_eq!(number(status, "VmSwap:"), 0);
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 220 0 0 0 150 25 0 0 20 0 5 0 91 0 0";
        assert_eq!(cpu(stat), Duration::from_millis(1750));
        assert_eq!(cpu(""), Duration::ZERO);
    }
}
