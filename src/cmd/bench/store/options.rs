//! The command line of `pentad bench store`.

use crate::config::value;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fmt};

pub(in super::super) const HELP: &str = "\
Usage: pentad bench store [OPTIONS]

  store     The replicated bookstore: latencies with the cache and without, what a write costs
            the cache, a crash and the recovery from it, 200 buyers of the last copies, who is
            asked how often, a process that is killed meanwhile (the only one, or the follower of
            two), and what durability costs beside an fsync of this disk. Tables as Markdown. The
            servers are started for it. Exits with 1 if a sale was lost or doubled, or replicas
            differ in the end

Options:
  --seconds N       How long each figure is measured: 1 to 3600 [default: 1]
  --only PARTS      Just these: durable, latency, invalidation, sales, replicas, crash, kill,
                    follower, recovery
  --quick           A few milliseconds for each figure: whether it works, not how fast
  --missed N        Entries that a replica misses before it recovers [default: 100000; 500 if
                    quick]
  --data DIR        Where the servers' files are meanwhile: what an fsync costs depends on the
                    disk [default: the directory for temporary files]
  --format F        markdown, csv or svg [default: markdown]
  -o, --out DIR     Write store.md, store.csv and store.svg there too
";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// How long each figure is measured.
    pub(super) time: Duration,
    /// Whether figures do not matter.
    pub(super) quick: bool,
    /// What is measured.
    pub(super) parts: Vec<Part>,
    /// Entries that a replica misses.
    pub(super) missed: u64,
    /// In which directory servers have theirs.
    pub(super) data: PathBuf,
    pub(super) format: Format,
    pub(super) out: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What durability costs.
    Durable,
    /// Reads and purchases with the cache and without.
    Latency,
    /// What a write costs the cache.
    Invalidation,
    /// Many buyers of few copies.
    Sales,
    /// Who is asked how often.
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

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Markdown,
    Csv,
    Svg,
}

const FORMATS: [(&str, Format); 3] =
    [("markdown", Format::Markdown), ("csv", Format::Csv), ("svg", Format::Svg)];

/// How long a figure is measured if it does not matter.
const QUICK: Duration = Duration::from_millis(40);
const MISSED: u64 = 100_000;
const MISSED_QUICK: u64 = 500;
const MISSED_MAX: u64 = 1_000_000;

impl Options {
    /// The options, or nothing if help was wanted.
    pub(super) fn read(args: Vec<OsString>) -> Result<Option<Options>, lexopt::Error> {
        let mut parser = Parser::from_args(args);
        let (mut time, mut quick, mut missed, mut out) = (None, false, None, None);
        let (mut data, mut format) = (env::temp_dir(), Format::Markdown);
        let mut wanted = Part::ALL.map(|(_, part)| part).to_vec();
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                Arg::Long("quick") => quick = true,
                Arg::Long("only") => wanted = parts(&parser.value()?.string()?)?,
                Arg::Long("seconds") => {
                    time = Some(Duration::from_secs(number(&mut parser, "--seconds", 3600)?));
                }
                Arg::Long("missed") => missed = Some(number(&mut parser, "--missed", MISSED_MAX)?),
                Arg::Long("data") => data = parser.value()?.into(),
                Arg::Long("format") => {
                    let text = parser.value()?.string()?;
                    format =
                        value::word(&text, &FORMATS).map_err(|error| named("format", error))?;
                }
                Arg::Short('o') | Arg::Long("out") => out = Some(parser.value()?.into()),
                Arg::Value(extra) => return Err(Arg::Value(extra).unexpected()),
                Arg::Short(_) | Arg::Long(_) => return Err(arg.unexpected()),
            }
        }
        Ok(Some(Options {
            time: time.unwrap_or(if quick { QUICK } else { Duration::from_secs(1) }),
            quick,
            parts: wanted,
            missed: missed.unwrap_or(if quick { MISSED_QUICK } else { MISSED }),
            data,
            format,
            out,
        }))
    }
}

/// Names of parts, in any order.
fn parts(text: &str) -> Result<Vec<Part>, lexopt::Error> {
    let one = |name| value::word(name, &Part::ALL).map_err(|error| named("only", error));
    let wanted = text.split(',').map(one).collect::<Result<Vec<_>, _>>()?;
    let all = Part::ALL.into_iter().map(|(_, part)| part);
    Ok(all.filter(|part| wanted.contains(part)).collect())
}

fn named(name: &str, error: impl fmt::Display) -> lexopt::Error {
    format!("--{name}: {error}").into()
}

fn number(parser: &mut Parser, name: &str, most: u64) -> Result<u64, lexopt::Error> {
    let value = parser.value()?;
    let number = value.to_str().and_then(|text| text.parse().ok());
    let number = number.filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("{name}: a number from 1 to {most}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Options>, String> {
        let args = args.split_whitespace().map(OsString::from).collect();
        Options::read(args).map_err(|error| error.to_string())
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
