//! `pentad bench store`: the replicated bookstore from outside.
//!
//! ```text
//!   fsync ─▶ latency ─▶ invalidation ─▶ sales ─▶ shares ─▶ crash ─▶ kill ─▶ follower ─▶ recovery
//!     each adds a table, and checks of what has to be true; a signal ends it with those so far
//! ```
//! The servers are this program in processes of its own, the clients one loop here: neither
//! waits for the other's thread.

mod client;
mod crash;
mod durable;
mod kill;
mod latency;
mod options;
mod picture;
mod report;
mod sales;
mod shop;

pub(super) use options::{ABOUT, SYNTAX};

use super::super::{Exit, complain, print, read_options};
use client::{BenchClient, Broken};
use options::{Format, Options, Part};
use report::Report;
use shop::Shop;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fs, process};

/// The context of all measurements.
struct Bench<'a> {
    options: &'a Options,
    client: &'a mut BenchClient,
    /// Where the files of servers are.
    data: &'a Path,
    report: &'a mut Report,
}

/// Runs the bench with the arguments behind its name.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let options = match read_options("bench store", SYNTAX.read(args, Options::default())) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let mut report = Report::default();
    let ended = play(&options, &mut report);
    let printed = print(&match options.format {
        Format::Markdown => report.markdown(),
        Format::Csv => report.csv(),
        Format::Svg => picture::svg(&report),
    });
    let written = options.out.as_deref().map_or(Ok(()), |out| write(out, &report));
    for broken in report.broken() {
        complain(format_args!("bench store: does not hold: {broken}"));
    }
    match (ended, written) {
        (Err(Broken::Stopped(exit)), _) => exit,
        (Err(Broken::Failed(problem)), _) | (Ok(()), Err(problem)) => {
            complain(format_args!("bench store: {problem}"));
            Exit::Failed
        }
        (Ok(()), Ok(())) if report.broken().next().is_some() => Exit::Failed,
        (Ok(()), Ok(())) => printed,
    }
}

/// All of it, as far as it gets.
fn play(options: &Options, report: &mut Report) -> Result<(), Broken> {
    // First, so that a signal lets go of everything on its way out.
    let mut client = BenchClient::start()?;
    play_at(&mut client, options, report).map_err(|why| client.broken(why))
}

fn play_at(client: &mut BenchClient, options: &Options, report: &mut Report) -> Result<(), Broken> {
    let place = Place::new(&options.data)?;
    let bench = &mut Bench { options, client, data: &place.0, report };
    let shop = |bench: &mut Bench<'_>, name: &str, cache: &str| {
        Shop::open(bench.client, &bench.data.join(name), &[cache, "--store-ttl=1h"])
    };
    let mut off = shop(bench, "off", "--store-cache=0")?;
    let on = shop(bench, "on", "--store-cache=100")?;
    for part in &options.parts {
        match part {
            Part::Durable => durable::measure(bench, &off)?,
            Part::Latency => latency::measure(bench, &off, &on)?,
            Part::Invalidation => latency::invalidation(bench, &off, &on)?,
            Part::Sales => sales::measure(bench, &on)?,
            Part::Replicas => sales::shares(bench, &off)?,
            Part::Crash => crash::timeline(bench, &off)?,
            Part::Kill => kill::measure(bench, &mut off, KILL)?,
            Part::Follower => {
                let mut two = Shop::open_two(bench.client, &bench.data.join("two"))?;
                kill::measure(bench, &mut two, FOLLOWER)?;
            }
            Part::Recovery => crash::recovery(bench, &off)?,
        }
    }
    Ok(())
}

const KILL: (&str, &str) = ("kill", "The server is killed while others buy");
const FOLLOWER: (&str, &str) = ("follower", "The follower is killed while others buy");

/// A directory that is gone when this is.
struct Place(PathBuf);

impl Place {
    fn new(within: &Path) -> Result<Place, Broken> {
        let path = within.join(format!("pentad-bench-{}", process::id()));
        let refused = |error| Broken::Failed(format!("cannot create {}: {error}", path.display()));
        fs::create_dir_all(&path).map_err(refused)?;
        Ok(Place(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn write(out: &Path, report: &Report) -> Result<(), String> {
    let refused =
        |path: &Path, error: io::Error| format!("cannot write {}: {error}", path.display());
    fs::create_dir_all(out).map_err(|error| refused(out, error))?;
    let files = [
        ("store.md", report.markdown()),
        ("store.csv", report.csv()),
        ("store.svg", picture::svg(report)),
    ];
    for (name, text) in files {
        let path = out.join(name);
        fs::write(&path, text).map_err(|error| refused(&path, error))?;
    }
    Ok(())
}

/// Reports the progress on standard error.
fn say(what: impl Display) {
    let _ = writeln!(io::stderr(), "{what}");
}
