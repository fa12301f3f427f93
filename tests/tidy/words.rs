//! What is never written, what always is, and what is not depended on.

use super::assert_none;
use super::source::{files, root};
use std::fs;

/// Unfinished business, and tests that do not test.
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

/// Executors, and what only they need.
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
