//! The four sources and their order: flags over environment over file over defaults.
//!
//! Nothing stops at the first mistake: every value of every source is judged, also one that a
//! stronger source overrules, and all that is wrong is reported together.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::draft::Draft;
use super::options::{self, Ask, Opt, PREFIX, Set};
use super::setting::{Setting, Settings};
use super::{Config, args, file, suggest, value};

/// What the sources came to.
pub struct Loaded {
    /// The configuration. With problems it is only good for finding more of them.
    pub config: Config,
    /// Every option's value and where it came from, in the order of the table.
    pub settings: Vec<Setting>,
    /// What was wrong; empty is the leave to use `config`.
    pub problems: Vec<Problem>,
    /// What a flag asked for instead of running.
    pub ask: Option<Ask>,
}

/// What a process finds around itself: an input, so that tests are alone with theirs.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The environment.
    pub env: Vec<(OsString, OsString)>,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table.
    Default,
    /// The configuration file of that path.
    File(PathBuf),
    /// The environment variable of that name.
    Env(String),
    /// The command line.
    Flag,
}

/// One thing that is wrong, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whose mistake it is.
    pub kind: Kind,
    text: String,
}

/// Whose mistake a problem is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Environment and file.
    Configuration,
    /// The command line.
    Usage,
}

/// Reads all sources. Never fails: what is wrong is in [`Loaded::problems`].
pub fn load(args: impl IntoIterator<Item = OsString>, around: &Surroundings) -> Loaded {
    let mut problems = Vec::new();
    let flags = args::read(args, &mut problems);
    let variables = variables(&around.env, &mut problems);
    let mut draft = Draft::new();
    let mut settings = Settings::defaults(&mut draft);

    let named = [&flags.given, &variables].into_iter().flatten();
    let named = named.filter(|given| matches!(given.option.set, Set::File));
    let keys = match named.map(Given::last).next() {
        None | Some(value::NONE) => Vec::new(),
        Some(path) => file::read(path.as_ref(), &mut problems),
    };
    for given in [keys, variables, flags.given].into_iter().flatten() {
        given.apply(&mut draft, &mut settings, &mut problems);
    }
    let mut config = draft.finish(&mut settings, around, &mut problems);
    config.files = settings.files();
    Loaded { config, settings: settings.into_list(), problems, ask: flags.ask }
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Surroundings {
        Surroundings {
            env: env::vars_os().collect(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// <https://no-color.org>: present and not empty.
    pub(super) fn no_color(&self) -> bool {
        self.env.iter().any(|(name, value)| name == "NO_COLOR" && !value.is_empty())
    }
}

impl Origin {
    pub(super) fn is_default(&self) -> bool {
        *self == Origin::Default
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Origin::Flag => Kind::Usage,
            Origin::Default | Origin::File(_) | Origin::Env(_) => Kind::Configuration,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Env(name) => write!(f, "env {name}"),
            Origin::Flag => f.write_str("flag"),
        }
    }
}

impl Problem {
    /// A problem of that kind.
    pub fn new(kind: Kind, text: impl AsRef<str>) -> Problem {
        Problem { kind, text: one_line(text.as_ref()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What one source says about one option.
pub(super) struct Given {
    pub(super) option: &'static Opt,
    /// At least one.
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
    /// How a complaint about it begins: `--web`, `PENTAD_WEB`, `FILE:3: web`.
    pub(super) place: String,
}

impl Given {
    fn last(&self) -> &str {
        self.values.last().map_or("", String::as_str)
    }

    fn apply(self, draft: &mut Draft, settings: &mut Settings, problems: &mut Vec<Problem>) {
        let last = self.values.len().saturating_sub(1);
        let mut shown = self.values[if self.option.is_list() { 0 } else { last }..].to_vec();
        self.option.clear(draft);
        for value in self.option.pieces(&self.values) {
            match self.option.take(draft, value) {
                Ok(Some(on)) => shown = vec![on.to_string()],
                Ok(None) => {}
                Err(why) => {
                    let text = format!("{}: {why}", self.place);
                    problems.push(Problem::new(self.origin.kind(), text));
                }
            }
        }
        settings.settle(self.option.name, shown, self.origin);
    }
}

impl Opt {
    /// Forgets the list that a weaker source gave.
    fn clear(&self, draft: &mut Draft) {
        match self.set {
            Set::List { clear, .. } | Set::Each { clear, .. } => clear(draft),
            Set::Listen(service, _) => draft.clear_listen(service),
            Set::Value(_) | Set::Switch(_) | Set::File | Set::Ask(_) => {}
        }
    }

    /// The single values: those of most lists may be joined by commas, and `none` is no value of
    /// the others.
    pub(super) fn pieces<'a>(&self, values: &'a [String]) -> Vec<&'a str> {
        let values = values.iter().map(String::as_str);
        match self.set {
            Set::List { .. } | Set::Listen(..) => {
                values.flat_map(|value| value.split(',')).map(str::trim).collect()
            }
            Set::Each { .. } => values.filter(|value| *value != value::NONE).collect(),
            Set::Value(_) | Set::Switch(_) | Set::File | Set::Ask(_) => values.collect(),
        }
    }

    /// Sets one value; a switch answers with what it was set to.
    pub(super) fn take(&self, draft: &mut Draft, value: &str) -> Result<Option<bool>, String> {
        match self.set {
            Set::Value(set) | Set::List { add: set, .. } | Set::Each { add: set, .. } => {
                set(draft, value)?;
            }
            Set::Listen(service, _) => draft.add_listen(service, value)?,
            Set::Switch(set) => {
                let on = value::switch(value)?;
                set(draft, on);
                return Ok(Some(on));
            }
            // The file was read before anything was set, and who asks sets nothing.
            Set::File | Set::Ask(_) => {}
        }
        Ok(None)
    }
}

/// The options that the environment sets, in the order of their names. An empty variable is as if
/// there were none: that is how a script or a unit file takes one back.
fn variables(env: &[(OsString, OsString)], problems: &mut Vec<Problem>) -> Vec<Given> {
    let mut given = Vec::new();
    let mut named: Vec<(String, &OsString)> = env
        .iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .collect();
    named.sort();
    for (name, value) in named {
        let settings = || options::all().filter(|option| option.is_setting());
        let Some(option) = settings().find(|option| option.variable() == name) else {
            // One that resembles none of ours belongs to somebody else: a wrapper, a test.
            let known: Vec<String> = settings().map(Opt::variable).collect();
            let bare = known.iter().map(|known| &known[PREFIX.len()..]);
            if let Some(near) = suggest::nearest(&name[PREFIX.len()..], bare) {
                let text = format!(
                    "{name}: no option has this environment variable; did you mean {PREFIX}{near}?"
                );
                problems.push(Problem::new(Kind::Configuration, text));
            }
            continue;
        };
        let Some(value) = value.to_str() else {
            problems.push(Problem::new(Kind::Configuration, format!("{name}: not UTF-8")));
            continue;
        };
        given.push(Given {
            option,
            values: vec![value.to_owned()],
            origin: Origin::Env(name.clone()),
            place: name,
        });
    }
    given
}

/// Control characters escaped, so that one line stays one line whatever was typed.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests;
