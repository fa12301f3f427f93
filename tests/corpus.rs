//! Replays the committed corpus of every fuzz target under plain `cargo test`, and asserts that
//! laws, targets and corpora match one to one.

use pentad::check::LAWS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Returns the entries of a directory below `fuzz/`.
fn entries(directory: &str) -> Vec<PathBuf> {
    let listing = fs::read_dir(fuzz().join(directory)).expect("a directory of the repository");
    listing.map(|entry| entry.expect("a readable directory").path()).collect()
}

/// Returns their names without extensions.
fn names(directory: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    entries(directory).iter().filter_map(stem).collect()
}

#[test]
fn every_law_holds_on_its_corpus() {
    for (name, law) in LAWS {
        let files = entries(&format!("corpus/{name}"));
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
