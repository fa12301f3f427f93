//! `pentad report`: a page and a table about runs of the load tester.

use super::{Exit, complain, print, read_options};
use crate::config::Syntax;
use crate::config::table::{Group, Opt, help, pathed, switch};
use crate::net::cannot;
use crate::report::{Report, is_id, page, table};
use crate::work::reports::Reports;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::{fs, io};

/// The arguments of the command.
pub(super) static SYNTAX: Syntax<Options> =
    Syntax { groups: &GROUPS, operand: Options::operand, finish: |_| Ok(()) };

static GROUPS: [Group<Options>; 1] = [Group { title: "Options", options: &OPTIONS }];

static OPTIONS: [Opt<Options>; 4] = [
    pathed(
        "output",
        "FILE",
        "pentad-report.html",
        "Write the page there",
        |d: &mut Options, path| {
            d.output = path;
        },
    )
    .short("o"),
    switch("list", "Print the ids of all reports, the oldest first", |d, on| d.list = on),
    pathed(
        "data",
        "DIR",
        "",
        "Read reports from DIR/reports; without it, from that of PENTAD_DATA or of ./pentad-data",
        |d, path| d.data = path,
    ),
    help(),
];

/// The options of the command.
#[derive(Debug)]
pub(super) struct Options {
    ids: Vec<String>,
    output: PathBuf,
    list: bool,
    data: PathBuf,
}

/// Reports on one page: more could not be told apart.
const REPORTS_MAX: usize = 7;

/// Runs the command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let draft =
        Options { ids: Vec::new(), output: PathBuf::new(), list: false, data: super::data_named() };
    let options = match read_options("report", SYNTAX.read(args, draft)) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    run(&options).unwrap_or_else(|error| {
        complain(format_args!("report: {error}"));
        Exit::Failed
    })
}

impl Options {
    fn operand(&mut self, id: &OsStr) -> Result<(), String> {
        let id = id.to_string_lossy().into_owned();
        if self.ids.len() == REPORTS_MAX {
            return Err(format!("{id} is one too many: {REPORTS_MAX} runs fit on a page"));
        }
        if !is_id(&id) {
            return Err(format!("`{id}` is no id: one that pentad report --list prints"));
        }
        self.ids.push(id);
        Ok(())
    }
}

fn run(options: &Options) -> io::Result<Exit> {
    let kept = Reports::of(&options.data);
    let all = kept.ids()?;
    if options.list {
        return Ok(print(&all.iter().map(|id| format!("{id}\n")).collect::<String>()));
    }
    let wanted = match &options.ids[..] {
        [] => all.iter().rev().take(1).cloned().collect(),
        ids => ids.to_vec(),
    };
    if wanted.is_empty() {
        return Err(io::Error::other("no report is kept yet; pentad load makes one"));
    }
    let last = |id: String| match (id.as_str(), all.last()) {
        ("last", Some(last)) => last.clone(),
        (_, _) => id,
    };
    let wanted = wanted.into_iter().map(last).map(|id| read(&kept, &id));
    let wanted = wanted.collect::<io::Result<Vec<_>>>()?;
    // What cannot be read is missing from the history, and that is all.
    let history = all.iter().filter_map(|id| read(&kept, id).ok()).collect::<Vec<_>>();
    fs::write(&options.output, page(&wanted, &history))
        .map_err(cannot(format_args!("write {}", options.output.display())))?;
    Ok(print(&table(&wanted)))
}

/// One report, by its id.
pub(super) fn read(kept: &Reports, id: &str) -> io::Result<Report> {
    let named = |error: &dyn std::fmt::Display| io::Error::other(format!("report {id}: {error}"));
    let text = kept.read(id).map_err(|error| named(&error))?;
    let document = serde_json::from_str(&text).map_err(|error| named(&error))?;
    Ok(Report { id: id.to_owned(), document })
}
