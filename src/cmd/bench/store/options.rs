//! The command line of `pentad bench store`.

use crate::config::table::{Group, Opt, help, pathed, put, switch, valued};
use crate::config::{Syntax, unexpected, value};
use std::env;
use std::path::PathBuf;
use std::time::Duration;

pub(in super::super) const ABOUT: &str = "The replicated bookstore: latencies with the cache and \
    without, what a write costs the cache, a crash and the recovery from it, 200 buyers of the \
    last copies, who is asked how often, a process that is killed meanwhile (the only one, or the \
    follower of two), and what durability costs beside an fsync of this disk. Tables as Markdown. \
    The servers are started for it. Exits with 1 if a sale was lost or doubled, or replicas differ \
    in the end";

/// The arguments of the bench.
pub(in super::super) static SYNTAX: Syntax<Options> =
    Syntax { groups: &GROUPS, operand: unexpected, finish: Options::finish };

static GROUPS: [Group<Options>; 1] = [Group { title: "Options of bench store", options: &OPTIONS }];

static OPTIONS: [Opt<Options>; 8] = [
    valued(
        "seconds",
        "N",
        "",
        "How long each figure is measured: 1 to 3600; without it 1, or less if quick",
        |d, v| put(&mut d.seconds, value::count(v, 1..=3600).map(Some)),
    ),
    valued(
        "only",
        "PARTS",
        "",
        "Just these parts, of durable, latency, invalidation, sales, replicas, crash, kill, \
         follower and recovery; without it, all",
        |d, v| put(&mut d.parts, parts(v)),
    ),
    switch(
        "quick",
        "A few milliseconds for each figure: whether it works, not how fast",
        |d, on| d.quick = on,
    ),
    valued(
        "missed",
        "N",
        "",
        "Entries that a replica misses before it recovers; without it 100000, or 500 if quick",
        |d, v| put(&mut d.entries, value::count(v, 1..=MISSED_MAX).map(Some)),
    ),
    pathed(
        "data",
        "DIR",
        "",
        "Where the servers' files are meanwhile: what an fsync costs depends on the disk; without \
         it, the directory for temporary files",
        |d, path| d.data = path,
    ),
    valued("format", "markdown|csv|svg", "markdown", "The format of the tables", |d, v| {
        put(&mut d.format, value::word(v, &FORMATS))
    }),
    pathed(
        "out",
        "DIR",
        "",
        "Write store.md, store.csv and store.svg there, too",
        |d: &mut Options, path| {
            d.out = Some(path);
        },
    )
    .short("o"),
    help(),
];

/// The options of the bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Options {
    seconds: Option<u64>,
    entries: Option<u64>,
    /// Time for each figure.
    pub(super) time: Duration,
    /// True if figures do not matter.
    pub(super) quick: bool,
    /// The parts to measure.
    pub(super) parts: Vec<Part>,
    /// Entries that a replica misses.
    pub(super) missed: u64,
    /// In which directory servers have theirs.
    pub(super) data: PathBuf,
    pub(super) format: Format,
    pub(super) out: Option<PathBuf>,
}

/// A part that can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The cost of durability.
    Durable,
    /// Reads and purchases with the cache and without.
    Latency,
    /// The cost of a write to the cache.
    Invalidation,
    /// Many buyers of few copies.
    Sales,
    /// Requests by replica.
    Replicas,
    /// A catalog that crashes while others read and buy.
    Crash,
    /// The whole server, killed while others buy.
    Kill,
    /// The second of two processes, killed while others buy.
    Follower,
    /// A catalog that missed very much.
    Recovery,
}

impl Part {
    /// All of them, in the order in which they are played.
    const ALL: [(&str, Part); 9] = [
        ("durable", Part::Durable),
        ("latency", Part::Latency),
        ("invalidation", Part::Invalidation),
        ("sales", Part::Sales),
        ("replicas", Part::Replicas),
        ("crash", Part::Crash),
        ("kill", Part::Kill),
        ("follower", Part::Follower),
        ("recovery", Part::Recovery),
    ];
}

/// The format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Markdown,
    Csv,
    Svg,
}

const FORMATS: [(&str, Format); 3] =
    [("markdown", Format::Markdown), ("csv", Format::Csv), ("svg", Format::Svg)];

/// Time for each figure if it does not matter.
const QUICK: Duration = Duration::from_millis(40);
const MISSED: u64 = 100_000;
const MISSED_QUICK: u64 = 500;
const MISSED_MAX: u64 = 1_000_000;

impl Default for Options {
    fn default() -> Options {
        Options {
            seconds: None,
            entries: None,
            time: Duration::ZERO,
            quick: false,
            parts: Part::ALL.map(|(_, part)| part).to_vec(),
            missed: 0,
            data: env::temp_dir(),
            format: Format::Markdown,
            out: None,
        }
    }
}

impl Options {
    /// Completes what depends on whether figures matter.
    fn finish(&mut self) -> Result<(), String> {
        let (time, missed) =
            if self.quick { (QUICK, MISSED_QUICK) } else { (Duration::from_secs(1), MISSED) };
        self.time = self.seconds.map_or(time, Duration::from_secs);
        self.missed = self.entries.unwrap_or(missed);
        Ok(())
    }
}

/// Names of parts, in any order.
fn parts(text: &str) -> Result<Vec<Part>, String> {
    let one = |name| value::word(name, &Part::ALL);
    let wanted = text.split(',').map(one).collect::<Result<Vec<_>, _>>()?;
    let all = Part::ALL.into_iter().map(|(_, part)| part);
    Ok(all.filter(|part| wanted.contains(part)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn read(args: &str) -> Result<Option<Options>, String> {
        SYNTAX.read(args.split_whitespace().map(OsString::from).collect(), Options::default())
    }

    #[test]
    fn flags_become_options() {
        let options = read("").unwrap().unwrap();
        assert_eq!((options.time, options.missed), (Duration::from_secs(1), 100_000));
        let options = read("--quick --missed 7 -o there --format csv").unwrap().unwrap();
        assert_eq!((options.time, options.missed), (QUICK, 7));
        assert_eq!((options.format, options.out), (Format::Csv, Some("there".into())));
        let options = read("--only recovery,durable").unwrap().unwrap();
        assert_eq!(options.parts, [Part::Durable, Part::Recovery]);
        assert_eq!(read("-h"), Ok(None));
        for wrong in ["x", "--seconds 0", "--missed -1", "--format png", "--dance", "--only x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
