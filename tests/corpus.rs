//! Replays the committed corpus of every fuzz target under plain `cargo test`, and holds laws,
//! targets and corpora together: none of the three may be without the others.

use pentad::check::LAWS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Names in a directory below `fuzz/`, without their extensions.
fn names(directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz().join(directory)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_law_holds_on_its_corpus() {
    for (name, law) in LAWS {
        let entries = fs::read_dir(fuzz().join("corpus").join(name)).unwrap();
        let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has an empty corpus");
        for file in files {
            let input = fs::read(&file).unwrap();
            let held = std::panic::catch_unwind(|| law(&input));
            assert!(held.is_ok(), "the law {name} is broken by {}", file.display());
        }
    }
}

#[test]
fn laws_targets_and_corpora_are_the_same_list() {
    let laws: BTreeSet<String> = LAWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), laws);
    assert_eq!(names("corpus"), laws);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in laws {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in the manifest");
    }
}
