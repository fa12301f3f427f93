//! Commands from outside: their suggestions, output and files.

use super::util::process::{Place, Run};
use std::fs;

#[test]
fn every_command_suggests_what_was_perhaps_meant() {
    let place = Place::new();
    for (args, meant) in [
        (&["serve", "--worker=1"][..], "did you mean --workers?"),
        (&["check", "--dta=x"], "did you mean --data?"),
        (&["load", "--conections", "1", "http://a/"], "did you mean --connections?"),
        (&["load", "--fail_if", "p99>1s", "http://a/"], "did you mean --fail-if?"),
        (&["report", "--lsit"], "did you mean --list?"),
        (&["pow", "solve", "--seedlen", "5", "x"], "did you mean --seed-len?"),
        (&["pow", "slove", "x"], "did you mean solve?"),
        (&["bench", "chta"], "did you mean chat?"),
        (&["bench", "pow", "--second", "1"], "did you mean --seconds?"),
        (&["bench", "chat", "--client", "1"], "did you mean --clients?"),
        (&["bench", "store", "--quik"], "did you mean --quick?"),
        (&["study", "rnu"], "did you mean run?"),
        (&["study", "run", "--modles", "loop"], "did you mean --models?"),
        (&["study", "serve", "--modle", "loop"], "did you mean --model?"),
        (&["parse", "htpp"], "did you mean http?"),
        (&["parse", "http", "--explian"], "did you mean --explain?"),
    ] {
        let run = place.pentad(args);
        assert_eq!(run.status.code(), Some(2), "{args:?}: {}", run.stderr);
        let first = run.stderr.lines().next().unwrap_or_default();
        assert!(first.contains(meant), "{args:?}: {first}");
    }
}

#[test]
fn a_configuration_that_is_printed_is_read_back() {
    let place = Place::new();
    let args = ["--only=web,pow", "--header=X: \"a, b\"", "--grace=3s", "--panel-token=hush"];
    let printed = place.pentad(&[&args[..], &["--print-config"]].concat());
    assert_eq!(printed.status.code(), Some(0), "{}", printed.stderr);
    fs::write(place.path("printed.toml"), &printed.stdout).unwrap();
    let again = place.pentad(&["--config=printed.toml", "--print-config"]);
    assert_eq!(again.status.code(), Some(0), "{}", again.stderr);
    let values = |run: &Run| {
        let lines = run.stdout.lines().filter(|line| !line.starts_with("# "));
        lines.map(|line| line.split("   # ").next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (before, after) = (values(&printed), values(&again));
    let added = after.iter().filter(|line| !before.contains(line)).collect::<Vec<_>>();
    assert_eq!(added, [&Some("panel-token = \"none\"".to_owned())], "but the secret");
    assert_eq!(before.len() + 1, after.len());
}

#[test]
fn a_load_test_that_saves_nothing_makes_no_directory() {
    let place = Place::new();
    let unreachable = ["load", "-n", "1", "-c", "1", "http://127.0.0.1:1/"];
    assert_eq!(place.pentad(&unreachable).status.code(), Some(1));
    assert_eq!(place.pentad(&[&unreachable[..], &["--debug"]].concat()).status.code(), Some(1));
    assert!(!place.path("pentad-data").exists());
}
