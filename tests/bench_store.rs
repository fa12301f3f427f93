//! `pentad bench store` with real servers, clients and a crash, and its reports.

#![allow(clippy::unwrap_used)]

mod util;

use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use util::process::{Place, eventually};

/// Creates `pentad bench store` with these arguments; its servers store their files in `place`.
fn bench(place: &Place, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
    let data = place.path("servers");
    fs::create_dir_all(&data).unwrap();
    command.args(["bench", "store", "--data"]).arg(data).args(args);
    command.current_dir(place.path("")).env_clear().stdin(Stdio::null());
    command
}

fn left_behind(place: &Place) -> usize {
    fs::read_dir(place.path("servers")).unwrap().count()
}

/// Returns the rows of each table, by its title.
fn tables(markdown: &str) -> HashMap<&str, Vec<Vec<&str>>> {
    let mut tables = HashMap::<_, Vec<_>>::new();
    let mut title = "";
    for line in markdown.lines() {
        if let Some(next) = line.strip_prefix("## ") {
            title = next;
        }
        if let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) {
            tables.entry(title).or_default().push(row.split(" | ").collect());
        }
    }
    tables
}

#[test]
fn a_quick_bench_prints_every_table_and_finds_nothing_lost() {
    let place = Place::new();
    let out = place.path("out");
    let args = ["--quick", "--missed", "300", "-o", out.to_str().unwrap()];
    let run = bench(&place, &args).output().unwrap();
    let (text, said) =
        (String::from_utf8(run.stdout).unwrap(), String::from_utf8_lossy(&run.stderr));
    assert_eq!(run.status.code(), Some(0), "{said}\n{text}");
    let tables = tables(&text);
    // With the header and the rule.
    for (title, rows) in [
        ("Durable purchases", 3),
        ("Latency of search, info and buy", 45),
        ("What a write costs", 2),
        ("Scarce books, all buyers at once", 2),
        ("Requests by replica", 4),
        ("A catalog crashes and comes back", 4),
        ("What clients notice of that", 6),
        ("The server is killed while others buy", 3),
        ("The follower is killed while others buy", 3),
        ("A catalog that missed very much", 1),
    ] {
        let table = tables.get(title).unwrap_or_else(|| panic!("no {title}: {text}"));
        assert_eq!(table.len(), rows + 2, "{title}: {text}");
        assert!(table.iter().all(|row| row.len() == table[0].len()), "{title}: {text}");
    }
    let sales = &tables["Scarce books, all buyers at once"][2..];
    assert_eq!(sales[0][..7], ["200", "1", "1", "199", "0", "0", "1"]);
    assert_eq!(sales[1][..7], ["200", "100", "100", "100", "0", "0", "100"]);
    assert_eq!(tables["A catalog that missed very much"][2][0], "300");
    assert!(text.contains("An fsync takes ") && text.contains("- holds: "), "{text}");
    assert!(!text.contains("DOES NOT HOLD"), "{text}");
    let written = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(written("store.md"), text);
    let csv = written("store.csv");
    assert!(csv.starts_with("table,row,figure,value\n"), "{csv}");
    assert_eq!(csv.lines().filter(|line| line.starts_with("latency,")).count(), 45 * 5);
    assert!(csv.contains("\nsales,200 / 1,sold,1\n"), "{csv}");
    let svg = written("store.svg");
    assert!(svg.starts_with("<svg") && svg.contains(">cache miss<") && !svg.contains("NaN"));
    assert_eq!(left_behind(&place), 0, "servers leave nothing behind");
}

#[test]
fn an_interrupted_bench_prints_results_and_leaves_no_process() {
    let place = Place::new();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut command = bench(&place, &["--quick"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(said.any(|line| line.starts_with("search, cache off")), "a first latency");
        kill_process(Pid::from_child(&child), signal).unwrap();
        said.for_each(drop);
        let status = eventually("the end of the bench", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(code));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut text).unwrap();
        let tables = tables(&text);
        assert_eq!(tables["Durable purchases"].len(), 3 + 2, "{text}");
        assert!(tables["Latency of search, info and buy"].len() < 45 + 2, "{text}");
        assert_eq!(left_behind(&place), 0);
    }
}

#[test]
fn a_bench_that_cannot_be_says_why() {
    let place = Place::new();
    let run = |args: &[&str]| {
        let output = bench(&place, args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["--data", "/dev/null/nowhere"]);
    assert!(code == Some(1) && said.contains("/dev/null/nowhere"), "{said}");
    let (code, said) = run(&["--seconds", "0"]);
    assert!(code == Some(2) && said.contains("--seconds"), "{said}");
}
