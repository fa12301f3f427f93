//! Words that must or must not appear, and forbidden dependencies.

use super::assert_none;
use super::source::{files, root};
use std::fs;

/// Unfinished code, and tests that do not test.
const NEVER: &[&str] = &["todo!", "unimplemented!", "dbg!", "#[ignore", "#[should_panic"];

#[test]
fn nothing_is_left_for_later() {
    let mut problems = Vec::new();
    for source in files(&["src", "tests", "benches", "fuzz/fuzz_targets"]) {
        for (number, line) in source.code.lines().enumerate() {
            for word in NEVER.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn every_file_says_first_what_it_is() {
    let problems = files(&["src", "tests", "benches"])
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{} does not begin with `//! `", source.path))
        .collect::<Vec<_>>();
    assert_none(&problems);
}

/// Executors, and crates that only they need.
const RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "futures", "async-executor", "mio-aio"];

#[test]
fn no_async_runtime_comes_in_through_the_back_door() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let names = names.collect::<Vec<_>>();
    assert!(names.contains(&"mio"), "the lock file was read");
    let found = names.iter().filter(|name| {
        RUNTIMES.iter().any(|runtime| *name == runtime || name.starts_with("futures-"))
    });
    assert_none(&found.map(|name| format!("{name} is in Cargo.lock")).collect::<Vec<_>>());
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut problems = Vec::new();
    let (mut in_dependencies, mut seen) = (false, 0);
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
            if line.contains("dependencies.") {
                problems.push(format!("{line}: one line each, please, with its reason"));
            }
        } else if in_dependencies && line.contains(" = ") && !line.starts_with('#') {
            seen += 1;
            let reason = line.rsplit_once("# ").map_or("", |(_, reason)| reason);
            if reason.len() < 8 {
                problems.push(format!("why? {line}"));
            }
        }
    }
    assert!(seen > 10, "the manifest was read");
    assert_none(&problems);
}

/// Folders whose comments and texts are held to plain English.
const PLAIN: &[&str] = &["src/", "docs/", "README.md"];

/// Words for persons, where there are connections, requests and files.
const PERSONS: &[&str] = &["whoever", "somebody", "nobody", "anybody", "everybody"];

/// Doc comments begin with a verb or a noun phrase, not with a clause.
const CLAUSES: &[&str] = &["What", "Who", "Whether", "How"];

#[test]
fn comments_and_texts_are_plain_english() {
    let mut problems = Vec::new();
    for source in files(&["src"]).iter().filter(|source| is_plain(&source.path)) {
        let prose = prose(&source.text, &source.code);
        let mut in_doc = false;
        for (number, line) in prose.lines().enumerate() {
            let place = format!("{}:{}", source.path, number + 1);
            problems.extend(persons(line).map(|word| format!("{place}: {word}")));
            let doc = line.trim().strip_prefix("///").or(line.trim().strip_prefix("//!"));
            let first = doc.and_then(|doc| doc.split_whitespace().next());
            if let Some(word) = first.filter(|word| !in_doc && CLAUSES.contains(word)) {
                problems.push(format!("{place}: a doc comment that begins with {word}"));
            }
            in_doc = doc.is_some();
        }
    }
    for (path, text) in documents() {
        for (number, line) in text.lines().enumerate().filter(|_| is_plain(&path)) {
            problems.extend(persons(line).map(|word| format!("{path}:{}: {word}", number + 1)));
        }
    }
    assert_none(&problems);
}

fn is_plain(path: &str) -> bool {
    PLAIN.iter().any(|folder| path.starts_with(folder))
}

fn persons(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| PERSONS.contains(&word.to_lowercase().as_str()))
}

/// Returns the comments and the literals of a file: everything that is blank in its code.
fn prose(text: &str, code: &str) -> String {
    let keep = |(own, code): (char, char)| if code.is_whitespace() { own } else { ' ' };
    text.chars().zip(code.chars()).map(keep).collect()
}

/// Returns the pages of `docs/` and the README, each with its path.
fn documents() -> Vec<(String, String)> {
    let names = fs::read_dir(root().join("docs")).unwrap();
    let names = names.map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    let pages = names.filter(|name| name.ends_with(".md")).chain(["README.md".to_string()]);
    pages.map(|path| (path.clone(), fs::read_to_string(root().join(path)).unwrap())).collect()
}

#[test]
fn documents_name_files_that_exist() {
    let mut problems = Vec::new();
    for (path, text) in documents() {
        let quoted = text.split('`').skip(1).step_by(2);
        let named = quoted.filter(|name| name.starts_with("src/") || name.starts_with("tests/"));
        let gone =
            named.filter(|name| !name.contains(['*', ' ', '\n']) && !root().join(name).exists());
        problems.extend(gone.map(|name| format!("{path} names {name}, which does not exist")));
    }
    assert_none(&problems);
}
