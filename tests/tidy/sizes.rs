//! Sizes of lines, functions and files. Exceptions are listed with their size: a ratchet that
//! prevents growth, and requires removing those that shrank.

use super::assert_none;
use super::source::{Source, files};

/// Maximum characters of a line.
const COLUMNS: usize = 100;
/// Maximum lines of a function, its signature included.
const FUNCTION: usize = 70;
/// Maximum lines of a file, its tests excluded.
const FILE: usize = 400;
/// Maximum characters of the name of a test.
const TEST_NAME: usize = 60;

/// The exceptions: file, function or nothing, length.
const EXCEPTIONS: &[(&str, &str, usize)] = &[];

/// Returns the items that are too long: file, function or nothing, length.
fn long(source: &Source) -> Vec<(String, String, usize)> {
    let own = |name: &str, length| (source.path.clone(), name.to_string(), length);
    let mut long = Vec::new();
    if source.lines() > FILE {
        long.push(own("", source.lines()));
    }
    for (name, _, lines) in source.functions() {
        if lines > FUNCTION {
            long.push(own(&name, lines));
        }
    }
    long
}

#[test]
fn functions_and_files_stay_short() {
    let mut problems = Vec::new();
    let mut needed = Vec::new();
    for source in files(&["src", "tests", "benches", "fuzz/fuzz_targets"]) {
        for (path, name, lines) in long(&source) {
            let what = if name.is_empty() { path.clone() } else { format!("{path}: fn {name}") };
            let exception =
                |(file, function, _): &&(&str, &str, usize)| *file == path && *function == name;
            match EXCEPTIONS.iter().find(exception) {
                None => problems.push(format!("{what} has {lines} lines: too long")),
                Some((_, _, most)) if lines > *most => {
                    problems.push(format!("{what} has grown from {most} lines to {lines}"));
                }
                Some(_) => {}
            }
            needed.push((path, name));
        }
    }
    for (path, name, _) in EXCEPTIONS {
        if !needed.iter().any(|(file, function)| file == path && function == name) {
            problems.push(format!("{path} {name} is short by now: take it from the exceptions"));
        }
    }
    assert_none(&problems);
}

#[test]
fn lines_fit() {
    let mut problems = Vec::new();
    for source in files(&["src", "tests", "benches", "fuzz/fuzz_targets"]) {
        for (number, line) in source.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS {
                problems.push(format!("{}:{}: {columns} columns", source.path, number + 1));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn names_of_tests_fit() {
    let mut problems = Vec::new();
    for source in files(&["src", "tests"]) {
        let lines = source.code.lines().map(str::trim).collect::<Vec<_>>();
        for (name, line, _) in source.functions() {
            let mut above =
                lines[..line - 1].iter().rev().take_while(|line| line.starts_with("#["));
            if name.len() > TEST_NAME && above.any(|line| *line == "#[test]") {
                problems.push(format!(
                    "{}:{line}: {name} has {} characters",
                    source.path,
                    name.len()
                ));
            }
        }
    }
    assert_none(&problems);
}
