//! The code map of the README is the real tree.

use super::assert_none;
use super::source::{files, root};
use std::fs;

const HEADING: &str = "## Code map";

#[test]
fn the_map_is_the_territory() {
    let readme = fs::read_to_string(root().join("README.md"))
        .unwrap_or_else(|error| panic!("README.md, whose code map is checked here: {error}"));
    let real = files(&["src"]).iter().map(|source| source.path.clone()).collect::<Vec<_>>();
    assert_none(&differences(&readme, &real));
}

/// Lines of the map that fit on a screen.
const MAP_LINES_MAX: usize = 45;

/// Returns the paths in the fenced block under the heading: the first words of its lines.
fn named(readme: &str) -> Option<Vec<&str>> {
    let section = readme.split_once(HEADING)?.1;
    let block = section.split_once("\n```")?.1.split_once("\n```")?.0;
    Some(block.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect())
}

/// Returns the differences between the map and the real files. A file is on the map itself, or
/// within a folder (`src/work/pi/`) that is there as a whole; files of tests are part of the code
/// that they test.
fn differences(readme: &str, real: &[String]) -> Vec<String> {
    let Some(named) = named(readme).filter(|named| !named.is_empty()) else {
        return vec![format!("README.md has no fenced block under {HEADING:?} that names files")];
    };
    let mut problems = Vec::new();
    if named.len() > MAP_LINES_MAX {
        problems.push(format!("the map has {} lines, more than {MAP_LINES_MAX}", named.len()));
    }
    for (number, path) in named.iter().enumerate() {
        let exists = match path.strip_suffix('/') {
            Some(folder) if !path.starts_with("src/") => root().join(folder).is_dir(),
            Some(_) => real.iter().any(|file| file.starts_with(path)),
            None => real.iter().any(|file| file == path),
        };
        if !exists {
            problems.push(format!("on the map, but not there: {path}"));
        }
        if named[..number].contains(path) {
            problems.push(format!("twice on the map: {path}"));
        }
    }
    // `src/limits.rs` is the root of the module whose folder is `src/limits/`.
    let is_on = |file: &str| {
        named.iter().any(|path| match path.strip_suffix('/') {
            Some(folder) => file.starts_with(path) || file.strip_suffix(".rs") == Some(folder),
            None => *path == file,
        })
    };
    let missing = real.iter().filter(|file| !is_on(file));
    problems.extend(missing.map(|file| format!("not on the map: {file}")));
    problems
}

#[test]
fn a_wrong_map_is_noticed() {
    let map =
        |lines: &str| format!("# A\n\n{HEADING}\n\n```text\n{lines}\n```\n\nsrc/not/here.rs\n");
    let real = ["src/a.rs", "src/b/mod.rs", "src/b/tests.rs", "src/c/d.rs"].map(str::to_string);
    let right = "src/a.rs   alone\n\nsrc/b/  a folder\n  src/b/mod.rs  …\nsrc/c/  another\ntests/";
    assert_eq!(differences(&map(right), &real), [""; 0]);
    let long = format!("{right}\n{}", "tests/\n".repeat(MAP_LINES_MAX));
    assert!(differences(&map(&long), &real)[0].starts_with("the map has 50 lines"));
    for (lines, problem) in [
        ("src/a.rs\nsrc/b/", "not on the map: src/c/d.rs"),
        ("src/a.rs\nsrc/b/\nsrc/c/\nsrc/e.rs", "on the map, but not there: src/e.rs"),
        ("src/a.rs\nsrc/b/\nsrc/c/\nsrc/f/", "on the map, but not there: src/f/"),
        ("src/a.rs\nsrc/b/\nsrc/c/\nnone/", "on the map, but not there: none/"),
        ("src/a.rs\nsrc/a.rs\nsrc/b/\nsrc/c/", "twice on the map: src/a.rs"),
        ("", "README.md has no fenced block under \"## Code map\" that names files"),
    ] {
        assert_eq!(differences(&map(lines), &real), [problem], "{lines}");
    }
    assert_eq!(differences("# A\n", &real).len(), 1);
}
