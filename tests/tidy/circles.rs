//! No circles of imports: a file that another one depends on does not depend on it.
//!
//! A module and its submodules are one thing here: a file may use the modules that it is in, and
//! they may use it.

use super::assert_none;
use super::paths::{mentions, module};
use super::source::{Source, files};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Folders with circles today, and the number of files in them at most: a list that shrinks. A
/// folder without any leaves it.
const KNOWN: &[(&str, usize)] = &[
    ("src/net", 8),
    ("src/service/http", 2),
    ("src/service/pow", 2),
    ("src/service/store", 20),
    ("src/work/files", 2),
];

/// The files that each file uses, but for the modules that it is in or that are in it.
fn uses(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let places = sources.iter().map(|source| (module(&source.path), source.path.as_str()));
    let places = places.collect::<HashMap<_, _>>();
    let mut uses = BTreeMap::new();
    for source in sources {
        let own = module(&source.path);
        let mut used = BTreeSet::new();
        for mention in mentions(source).iter().filter(|mention| mention.layer().is_some()) {
            let path = &mention.path[1..];
            // The longest beginning of a path that is a module; what follows is an item of it.
            let found = (1..=path.len()).rev().find(|length| places.contains_key(&path[..*length]));
            let Some(other) = found.map(|length| &path[..length]) else { continue };
            if !own.starts_with(other) && !other.starts_with(&own) {
                used.insert(places[other]);
            }
        }
        uses.insert(source.path.as_str(), used);
    }
    uses
}

/// All files that a file depends on, directly or by way of others.
fn reached<'a>(from: &str, uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = uses[from].iter().copied().collect::<Vec<_>>();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(&uses[file]);
        }
    }
    reached
}

/// The files that depend on themselves, each with the files of its circle that it uses.
fn in_circles(sources: &[Source]) -> Vec<(&str, Vec<&str>)> {
    let uses = uses(sources);
    let reached = uses.keys().map(|file| (*file, reached(file, &uses)));
    let reached = reached.collect::<BTreeMap<_, _>>();
    let circle = |file: &&str| reached[*file].contains(*file);
    let next = |file: &str| {
        let used = uses[file].iter().copied();
        used.filter(|used| reached[used].contains(file)).collect()
    };
    uses.keys().filter(|file| circle(file)).map(|file| (*file, next(file))).collect()
}

#[test]
fn no_file_depends_on_itself() {
    let sources = files(&["src"]);
    let sources = sources.into_iter().filter(|source| !source.is_tests()).collect::<Vec<_>>();
    let found = in_circles(&sources);
    let mut problems = Vec::new();
    let mut counts = vec![0; KNOWN.len()];
    for (file, used) in &found {
        // The most exact folder: `src/service/http` before `src/service`.
        let known = KNOWN.iter().enumerate().filter(|(_, (folder, _))| file.starts_with(folder));
        match known.max_by_key(|(_, (folder, _))| folder.len()) {
            Some((place, _)) => counts[place] += 1,
            None => problems.push(format!("{file} is in a circle, by {}", used.join(", "))),
        }
    }
    for ((folder, most), count) in KNOWN.iter().zip(counts) {
        if count > *most {
            let own = found.iter().filter(|(file, _)| file.starts_with(folder));
            let own = own.map(|(file, used)| format!("{file} by {}", used.join(", ")));
            let own = own.collect::<Vec<_>>().join("\n  ");
            problems.push(format!("{folder}: {count} files in circles, not {most}:\n  {own}"));
        } else if count == 0 {
            problems.push(format!("{folder} has no circles by now: take it from the list"));
        }
    }
    assert_none(&problems);
}

#[test]
fn circles_are_found_and_modules_may_use_their_own() {
    let source = |path: &str, text: &str| {
        let code = super::source::blanked(text);
        Source { path: path.to_string(), text: text.to_string(), code }
    };
    let sources = [
        source("src/a/mod.rs", "use self::one::One;"),
        source("src/a/one.rs", "use super::Two;\nuse crate::b::Three;"),
        source("src/b.rs", "fn f() { crate::c::g() }"),
        source("src/c.rs", "use crate::a::one;"),
        source("src/d.rs", "use crate::a::one::One;"),
    ];
    let found = in_circles(&sources);
    let expected = [
        ("src/a/one.rs", vec!["src/b.rs"]),
        ("src/b.rs", vec!["src/c.rs"]),
        ("src/c.rs", vec!["src/a/one.rs"]),
    ];
    assert_eq!(found, expected);
}
