//! Commands: argv comes in, an [`Exit`] goes out.
//!
//! One file a command. Standard output is for what was asked for, standard error for what went
//! wrong, as lines that begin with `pentad: `. No command calls `exit`: guards and locks are
//! dropped on the way back to `main`.

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use crate::config::options as serve_options;
use crate::config::table::{Ask, Section};
use crate::config::{Loaded, Problem, suggest};

mod bench;
mod chat;
mod check;
mod completions;
mod data_dir;
pub mod diagnostics;
mod exit;
mod help;
mod load;
mod man;
mod parse;
mod pow;
mod randomness;
mod report;
pub mod serve;
mod services;
mod store;
mod study;

pub use data_dir::{DataDir, DataDirError};
pub use exit::Exit;

/// One command. Help, manual and completions say what stands here, and no more.
pub(crate) struct Command {
    name: &'static str,
    /// Its purpose, in a line.
    about: &'static str,
    /// The arguments, a line for each way to call it.
    usage: &'static [&'static str],
    /// Words with a meaning, under headings; the first argument is one of the first list.
    lists: fn() -> Vec<List>,
    /// Its options.
    sections: fn() -> Vec<Section>,
    /// True if it takes the options of `serve`, which the environment and a file set, too.
    configured: bool,
    /// Paragraphs at the end of its help.
    notes: &'static [&'static str],
    /// Runs it with the arguments behind its name.
    run: fn(Vec<OsString>) -> Exit,
}

/// A heading, and words with their meanings.
type List = (&'static str, Vec<(&'static str, &'static str)>);

/// All commands, in the order of the help.
static COMMANDS: [Command; 8] = [
    Command {
        name: "serve",
        about: "Run the services until SIGTERM or SIGINT; the default command",
        usage: &["[serve] [OPTIONS]"],
        lists: Vec::new,
        sections: serve_options::sections,
        configured: true,
        notes: &[],
        run: serve::command,
    },
    Command {
        name: "check",
        about: "Check flags, environment, configuration file, ports and directories",
        usage: &["check [OPTIONS]"],
        lists: Vec::new,
        sections: serve_options::sections,
        configured: true,
        notes: &[],
        run: check::command,
    },
    Command {
        name: "load",
        about: "Load a web server and say how it did",
        usage: &["load [OPTIONS] URL"],
        lists: Vec::new,
        sections: || load::SYNTAX.sections(),
        configured: false,
        notes: &[
            "URL is http://HOST[:PORT][/PATH]. The name is resolved once, at the start. A TIME \
             without a unit is in seconds.",
            "Exit code: 0 done, 1 not one good answer, 2 usage, 99 a --fail-if held, 130 and 143 \
             by signal.",
        ],
        run: load::command,
    },
    Command {
        name: "report",
        about: "Show what load tests have found: a page with graphs, and a table",
        usage: &["report [OPTIONS] [ID]..."],
        lists: Vec::new,
        sections: || report::SYNTAX.sections(),
        configured: false,
        notes: &[
            "Without an ID the last run; several are compared side by side. Runs of one load \
                  with the cache on and off are set against each other. `pentad report --list` \
                  prints the ids.",
        ],
        run: report::command,
    },
    Command {
        name: "pow",
        about: "Find, check and time proofs of work",
        usage: &[
            "pow solve [-d N | --bits N] [--seed-len N] [--kernel NAME] MESSAGE",
            "pow verify PROOF [-d N | --bits N] [--seed-len N]",
            "pow speed",
        ],
        lists: || vec![("Commands", pow::COMMANDS.to_vec())],
        sections: || pow::SYNTAX.sections(),
        configured: false,
        notes: &["Behind -- nothing is an option: for a MESSAGE that begins with a dash."],
        run: pow::command,
    },
    Command {
        name: "bench",
        about: "Measure a service from outside, as its classic clients use it",
        usage: &["bench pow [OPTIONS] [ADDR]", "bench chat [OPTIONS]", "bench store [OPTIONS]"],
        lists: bench::lists,
        sections: bench::sections,
        configured: false,
        notes: &[],
        run: bench::command,
    },
    Command {
        name: "parse",
        about: "Show what the server's own parsers make of the bytes on standard input",
        usage: &["parse PARSER [--explain] < BYTES"],
        lists: parse::lists,
        sections: || parse::SYNTAX.sections(),
        configured: false,
        notes: &["Exit code: 0 done, 10 more bytes are needed, 11 bad."],
        run: parse::command,
    },
    Command {
        name: "study",
        about: "Serve the same sessions under seven serving models, and compare them",
        usage: &["study serve --model MODEL [OPTIONS]", "study run [OPTIONS]"],
        lists: study::lists,
        sections: study::sections,
        configured: false,
        notes: &[
            "For example: pentad study serve --model preforked --workers 4 --listen 127.0.0.1:0",
            "Or: pentad study run --service legacy --clients 10,20,40 --out study",
        ],
        run: study::command,
    },
];

/// Runs the command that the arguments name; `args` begin behind the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let first = args.first().map(|first| first.to_string_lossy().into_owned());
    match first.as_deref() {
        Some("-h" | "--help") => print(&help::short()),
        Some("-V" | "--version") => print(&version()),
        Some("help") => explain(&args[1..]),
        Some(name) if !name.starts_with('-') => match find(name) {
            Some(command) => (command.run)(args.split_off(1)),
            None => unknown(name),
        },
        Some(_) | None => serve::command(args),
    }
}

/// `pentad help [COMMAND]`: what `--help` of that command says.
fn explain(args: &[OsString]) -> Exit {
    let names: Vec<_> = args.iter().map(|name| name.to_string_lossy()).collect();
    match &names[..] {
        [] => print(&help::short()),
        [name] => match find(name) {
            Some(command) => (command.run)(vec!["--help".into()]),
            None => unknown(name),
        },
        [_, rest @ ..] => {
            complain(format_args!("help explains one command at a time, not also {}", rest[0]));
            Exit::Usage
        }
    }
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

fn unknown(name: &str) -> Exit {
    let names = COMMANDS.iter().map(|command| command.name).chain(["help"]);
    let hint = suggest::nearest(name, names);
    let hint = hint.map_or("pentad --help lists all".to_owned(), |n| format!("did you mean {n}?"));
    report(&[Problem::new(crate::config::Kind::Usage, format!("unknown command {name}; {hint}"))])
}

/// The options of a command that were read from its arguments, or the exit after its help or a
/// mistake. A bench is named by two words.
fn read_options<T>(name: &str, read: Result<Option<T>, String>) -> Result<T, Exit> {
    let command = name.split(' ').next().unwrap_or_default();
    match read {
        Ok(Some(options)) => Ok(options),
        Ok(None) => Err(print(&help::page(command))),
        Err(problem) => {
            complain(format_args!("{name}: {problem}; pentad {command} --help explains"));
            Err(Exit::Usage)
        }
    }
}

/// Answers a flag that asks for something else than to run, if there is one.
fn answer(command: &str, loaded: &Loaded) -> Option<Exit> {
    let text = match loaded.ask? {
        Ask::Help => help::page(command),
        Ask::Version => version(),
        Ask::Man => man::page(),
        Ask::Completions(shell) => completions::script(shell),
        Ask::PrintConfig if !loaded.problems.is_empty() => return Some(report(&loaded.problems)),
        Ask::PrintConfig => loaded.settings.iter().map(|setting| format!("{setting}\n")).collect(),
    };
    Some(print(&text))
}

/// Prints each problem on a line.
fn report(problems: &[Problem]) -> Exit {
    problems.iter().for_each(complain);
    Exit::of(problems)
}

/// Prints one line on standard error. A closed standard error is no reason to stop.
fn complain(what: impl Display) {
    let _ = writeln!(io::stderr(), "pentad: {what}");
}

/// Writes what was asked for to standard output. A reader that has seen enough is content.
fn print(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(format_args!("cannot write to standard output: {error}"));
            Exit::Failed
        }
    }
}

/// The data directory of commands that only add to it or read from it, unless a flag names it.
fn data_named() -> PathBuf {
    let named = env::var_os("PENTAD_DATA").filter(|name| !name.is_empty());
    named.map_or_else(|| "pentad-data".into(), PathBuf::from)
}

/// This program's own file, for children that are the same program.
fn own_program() -> Result<PathBuf, String> {
    env::current_exe()
        .map_err(|error| format!("cannot find this program's own file in /proc: {error}"))
}

/// `pentad X.Y.Z (features)`
fn version() -> String {
    let enabled: Vec<&str> =
        FEATURES.iter().filter(|(_, enabled)| *enabled).map(|(name, _)| *name).collect();
    let features =
        if enabled.is_empty() { "no optional features".to_owned() } else { enabled.join(", ") };
    format!("pentad {} ({features})\n", env!("CARGO_PKG_VERSION"))
}

/// Optional cargo features, each with `cfg!(feature = "…")`.
const FEATURES: [(&str, bool); 1] = [("gzip", cfg!(feature = "gzip"))];

/// As many of so many connections as this process may have descriptors for. That there are fewer is
/// said: the figures are those of fewer clients.
fn affordable(tool: &str, connections: usize) -> usize {
    let most = crate::net::affordable(connections);
    if most < connections {
        complain(format_args!(
            "{tool}: this process may have descriptors for {most} connections, not for \
             {connections}: going on with {most}; ulimit -n raises the limit"
        ));
    }
    most
}
