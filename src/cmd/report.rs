//! `pentad report`: a page and a table about runs of the load tester.

use super::{Exit, complain, print};
use crate::config::suggest;
use crate::net::cannot;
use crate::report::{Report, is_id, page, table};
use crate::work::reports::Reports;
use lexopt::Arg;
use std::ffi::OsString;
use std::path::PathBuf;
use std::{fs, io};

const HELP: &str = "\
Show what load tests have found: a page with graphs, and a table on standard output

Usage: pentad report [OPTIONS] [ID]...

  Without an ID the last run; several are compared side by side. Runs of one load with the cache
  on and off are set against each other. `pentad report --list` prints the ids.

Options:
  -o, --output FILE  Where the page goes [default: pentad-report.html]
      --list         Print the ids of all reports, the oldest first
      --data DIR     Where reports are kept: DIR/reports [env PENTAD_DATA; default: ./pentad-data]
";

#[derive(Debug)]
struct Options {
    ids: Vec<String>,
    output: PathBuf,
    list: bool,
    data: PathBuf,
}

/// Reports on one page: more could not be told apart.
const REPORTS_MAX: usize = 7;

/// The command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let options = match parse(args) {
        Ok(Some(options)) => options,
        Ok(None) => return print(HELP),
        Err(error) => {
            let error = suggest::explained(&error, HELP);
            complain(format_args!("report: {error}\n\n{HELP}"));
            return Exit::Usage;
        }
    };
    run(&options).unwrap_or_else(|error| {
        complain(format_args!("report: {error}"));
        Exit::Failed
    })
}

fn parse(args: Vec<OsString>) -> Result<Option<Options>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(args);
    let output = "pentad-report.html".into();
    let mut options = Options { ids: Vec::new(), output, list: false, data: super::data_named() };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Short('o') | Arg::Long("output") => options.output = parser.value()?.into(),
            Arg::Long("data") => options.data = parser.value()?.into(),
            Arg::Long("list") => options.list = true,
            Arg::Value(id) if options.ids.len() < REPORTS_MAX => {
                let id = id.to_string_lossy().into_owned();
                if !is_id(&id) {
                    return Err(format!("{id} is no id").into());
                }
                options.ids.push(id);
            }
            Arg::Value(_) => return Err("seven runs are as many as fit on a page".into()),
            Arg::Short(_) | Arg::Long(_) => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
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
