//! The four sources and their order: flags over environment over file over defaults.
//!
//! Nothing stops at the first mistake: every value of every source is judged, also one that a
//! stronger source overrules, and all that is wrong is reported together.

use std::ffi::OsString;

use super::args::{self, Arg};
use super::draft::Draft;
use super::options;
use super::problem::{Given, Kind, Origin, Problem};
use super::setting::{Setting, Settings};
use super::surroundings::Surroundings;
use super::table::{self, Ask, PREFIX, Set};
use super::{Config, file, finish, suggest, value};

/// The result of all sources.
pub struct Loaded {
    /// The configuration. With problems it is only good for finding more of them.
    pub config: Config,
    /// Every option's value and where it came from, in the order of the table.
    pub settings: Vec<Setting>,
    /// Everything that is wrong; `config` may be used if this is empty.
    pub problems: Vec<Problem>,
    /// The request of a flag for something else than to run.
    pub ask: Option<Ask>,
}

/// Reads all sources. Never fails: what is wrong is in [`Loaded::problems`].
pub fn load(args: impl IntoIterator<Item = OsString>, around: &Surroundings) -> Loaded {
    let mut problems = Vec::new();
    let (flags, ask) = flags(args, &mut problems);
    let variables = variables(&around.env, &mut problems);
    let mut draft = Draft::new();
    let mut settings = Settings::defaults(&mut draft);

    let named = [&flags, &variables].into_iter().flatten();
    let named = named.filter(|given| given.option.row.name == options::FILE);
    let keys = match named.map(Given::last).next() {
        None | Some(value::NONE) => Vec::new(),
        Some(path) => file::read(path.as_ref(), &mut problems),
    };
    for given in [keys, variables, flags].into_iter().flatten() {
        apply(given, &mut draft, &mut settings, &mut problems);
    }
    let mut config = finish::finish(draft, &mut settings, around, &mut problems);
    config.files = settings.files();
    Loaded { config, settings: settings.into_list(), problems, ask }
}

/// Sets what a source says about an option.
fn apply(given: Given, draft: &mut Draft, settings: &mut Settings, problems: &mut Vec<Problem>) {
    let Given { option, values, origin, place } = given;
    let last = values.len().saturating_sub(1);
    let mut shown = values[if option.row.is_list { 0 } else { last }..].to_vec();
    option.clear(draft);
    for value in option.pieces(&values) {
        match option.take(draft, value) {
            Ok(Some(on)) => shown = vec![on.to_string()],
            Ok(None) => {}
            Err(why) => problems.push(Problem::new(origin.kind(), format!("{place}: {why}"))),
        }
    }
    settings.settle(option.row.name, shown, origin);
}

/// The options that the command line sets, one entry for each, and its request for something else
/// than to run: help before anything else.
fn flags(
    args: impl IntoIterator<Item = OsString>,
    problems: &mut Vec<Problem>,
) -> (Vec<Given>, Option<Ask>) {
    let (mut given, mut asked) = (Vec::<Given>::new(), None);
    let wrong = args::read(args, &options::TABLE, "; pentad serve --help lists all", |arg| {
        let (option, value) = match arg {
            Arg::Flag(option, value) => (option, table::text(value)?),
            Arg::Operand(word) => {
                let word = word.display();
                return Err(format!(
                    "unexpected argument {word}: options begin with --, and a command comes first"
                ));
            }
        };
        if let Set::Ask(ask) = option.set {
            let ask = ask(&value)?;
            if asked.is_none() || ask == Ask::Help {
                asked = Some(ask);
            }
            return Ok(());
        }
        match given.iter_mut().find(|given| given.option.row.name == option.row.name) {
            Some(given) => given.values.push(value),
            None => {
                let place = format!("--{}", option.row.name);
                given.push(Given { option, values: vec![value], origin: Origin::Flag, place });
            }
        }
        Ok(())
    });
    problems.extend(wrong.iter().map(|text| Problem::new(Kind::Usage, text)));
    (given, asked)
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
        let Some(option) = settings().find(|option| option.row.variable() == name) else {
            // One that resembles none of ours belongs to another program: a wrapper, a test.
            let known: Vec<String> = settings().map(|option| option.row.variable()).collect();
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

#[cfg(test)]
mod tests;
