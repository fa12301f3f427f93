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

/// The paths that the fenced block under the heading names: the first word of each line that
/// begins, after blanks, with `src/`.
fn named(readme: &str) -> Option<Vec<&str>> {
    let section = readme.split_once(HEADING)?.1;
    let block = section.split_once("\n```")?.1.split_once("\n```")?.0;
    let words = block.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    Some(words.filter(|word| word.starts_with("src/")).collect())
}

/// Where the map and the real files differ. A file is on the map by itself, or within a folder
/// (`src/work/pi/`) that is there as a whole; files of tests are part of what they test.
fn differences(readme: &str, real: &[String]) -> Vec<String> {
    let Some(named) = named(readme).filter(|named| !named.is_empty()) else {
        return vec![format!("README.md has no fenced block under {HEADING:?} that names files")];
    };
    let mut problems = Vec::new();
    for (number, path) in named.iter().enumerate() {
        let exists = match path.strip_suffix('/') {
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
    for file in real.iter().filter(|file| !file.ends_with("/tests.rs")) {
        let by_itself = named.contains(&file.as_str());
        let folders = named.iter().filter(|path| path.ends_with('/'));
        match (by_itself, folders.filter(|folder| file.starts_with(**folder)).count()) {
            (true, 0) | (false, 1) => {}
            (false, 0) => problems.push(format!("not on the map: {file}")),
            (_, _) => problems.push(format!("twice on the map, with its folder: {file}")),
        }
    }
    problems
}

#[test]
fn a_wrong_map_is_noticed() {
    let map =
        |lines: &str| format!("# A\n\n{HEADING}\n\n```text\n{lines}\n```\n\nsrc/not/here.rs\n");
    let real = ["src/a.rs", "src/b/mod.rs", "src/b/tests.rs", "src/c/d.rs"].map(str::to_string);
    let right = "src/a.rs   what it is\n\n  src/b/mod.rs  …\nsrc/c/  all of it\n… of it";
    assert_eq!(differences(&map(right), &real), [""; 0]);
    for (lines, problem) in [
        ("src/a.rs\nsrc/b/mod.rs", "not on the map: src/c/d.rs"),
        ("src/a.rs\nsrc/b/\nsrc/c/\nsrc/e.rs", "on the map, but not there: src/e.rs"),
        ("src/a.rs\nsrc/b/\nsrc/c/\nsrc/f/", "on the map, but not there: src/f/"),
        ("src/a.rs\nsrc/a.rs\nsrc/b/\nsrc/c/", "twice on the map: src/a.rs"),
        ("src/a.rs\nsrc/b/\nsrc/c/\nsrc/c/d.rs", "twice on the map, with its folder: src/c/d.rs"),
        ("nothing", "README.md has no fenced block under \"## Code map\" that names files"),
    ] {
        assert_eq!(differences(&map(lines), &real), [problem], "{lines}");
    }
    assert_eq!(differences("# A\n", &real).len(), 1);
}
