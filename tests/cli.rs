//! The real binary from outside: its output and its exit codes.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};

use pentad::cmd::DataDir;

/// A working directory of its own, so that `./pentad-data` is not shared.
struct Place(PathBuf);

/// The result of a run.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("pentad-cli-{}-{name}", process::id()));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        Place(path)
    }

    fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
        command.current_dir(&self.0).env_clear().args(args).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        ended(&mut self.command(args))
    }

    fn run_in(&self, env: &[(&str, &str)], args: &[&str]) -> Run {
        ended(self.command(args).envs(env.iter().copied()))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("the directory is ours");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ended(command: &mut Command) -> Run {
    let output = command.output().expect("the binary was built");
    let text = |bytes| String::from_utf8(bytes).expect("we print text");
    Run {
        code: output.status.code().expect("no signal ended it"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Flags that bind no particular address.
const FREE: [&str; 9] = [
    "--web=127.0.0.1:0",
    "--panel=127.0.0.1:0",
    "--legacy=127.0.0.1:0",
    "--pow=127.0.0.1:0",
    "--catalog-1=127.0.0.1:0",
    "--catalog-2=127.0.0.1:0",
    "--order-1=127.0.0.1:0",
    "--order-2=127.0.0.1:0",
    "--chat=127.0.0.1:0",
];

fn check(place: &Place, args: &[&str]) -> Run {
    let args: Vec<&str> = ["check"].iter().chain(&FREE).chain(args).copied().collect();
    place.run(&args)
}

#[test]
fn help_is_short_for_the_program_and_long_for_serve() {
    let place = Place::new("help");
    let short = place.run(&["--help"]);
    assert_eq!((short.code, short.stderr.as_str()), (0, ""));
    for command in ["serve", "check", "load", "report", "pow", "bench", "parse", "study", "help"] {
        assert!(short.stdout.contains(&format!("\n  {command} ")), "{}", short.stdout);
    }
    assert!(!short.stdout.contains("--head-bytes"));
    assert_eq!(place.run(&["help"]).stdout, short.stdout);

    let long = place.run(&["serve", "--help"]);
    assert_eq!(long.code, 0);
    assert!(long.stdout.contains("--head-bytes SIZE") && long.stdout.contains("[default: 16KiB]"));
    assert_eq!(place.run(&["help", "serve"]).stdout, long.stdout);
    for command in ["check", "load", "report", "pow", "bench", "parse", "study"] {
        let help = place.run(&[command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains(&format!("Usage: pentad {command}")), "{}", help.stdout);
        assert_eq!(place.run(&["help", command]).stdout, help.stdout);
    }
}

#[test]
fn the_version_names_its_features() {
    let place = Place::new("version");
    let expected = concat!("pentad ", env!("CARGO_PKG_VERSION"), " (");
    for args in [&["--version"][..], &["-V"], &["serve", "--version"]] {
        let run = place.run(args);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.starts_with(expected) && run.stdout.ends_with(")\n"), "{}", run.stdout);
        assert_eq!(run.stdout.lines().count(), 1);
    }
}

#[test]
fn a_slip_gets_a_suggestion_and_two() {
    let place = Place::new("slips");
    for (args, expected) in [
        (&["srve"][..], "pentad: unknown command srve; did you mean serve?\n"),
        (&["help", "chekc"], "pentad: unknown command chekc; did you mean check?\n"),
        (&["dance"], "pentad: unknown command dance; pentad --help lists all\n"),
        (&["--wbe", "x"], "pentad: unknown option --wbe; did you mean --web?\n"),
        (
            &["--only", "pannel"],
            "pentad: --only: `pannel` is no service of web, panel, legacy, pow, chat, \
             catalog-1, catalog-2, order-1, order-2; did you mean panel?\n",
        ),
        (&["--head-timeout", "0s"], "pentad: --head-timeout: 0s is too short: 1ms … 1h\n"),
        (&["--data"], "pentad: --data needs a value: DIR\n"),
        (&["--version=2"], "pentad: --version takes no value\n"),
    ] {
        let run = place.run(args);
        assert_eq!(run.stderr, expected, "{args:?}");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}");
    }
}

#[test]
fn a_study_of_what_a_model_cannot_do_is_refused_with_the_reason() {
    let place = Place::new("study");
    for (args, expected) in [
        (
            &["--model=iterative", "--service=chat"][..],
            "iterative cannot serve chat: the second peer waits until the first left",
        ),
        (
            &["--model=forked", "--service=chat"],
            "forked cannot serve chat: processes share no lobby",
        ),
        (&["--model=loop", "--workers=0"], "--workers: 0 is too small: 1 … 1000"),
        (&["--modle=loop"], "unknown option --modle; did you mean --model?"),
    ] {
        let run = place.run(&[&["study", "serve"], args].concat());
        let expected = format!("pentad: study: {expected}; pentad study --help explains\n");
        assert_eq!((run.code, run.stderr), (2, expected), "{args:?}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    for model in ["iterative", "loop"] {
        let run = place.run(&["study", "serve", "--model", model, "--listen", &address]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let expected = format!("pentad: study: legacy on {address}: the address is in use\n");
        assert_eq!(run.stderr, expected, "{model}");
    }
}

#[test]
fn the_same_mistake_is_three_in_environment_and_file() {
    let place = Place::new("three");
    let run = place.run_in(&[("PENTAD_WORKERS", "none")], &["serve"]);
    assert_eq!(run.stderr, "pentad: PENTAD_WORKERS: `none` is no number: 1 … 1024\n");
    assert_eq!(run.code, 3);

    let run = place.run_in(&[("PENTAD_WROKERS", "1")], &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.ends_with("; did you mean PENTAD_WORKERS?\n"), "{}", run.stderr);

    place.write("p.toml", "workers = 0\n\nwrokers = 1\n");
    let run = place.run(&["--config", "p.toml"]);
    assert_eq!(run.code, 3);
    let expected = "pentad: p.toml:3: wrokers: unknown key; did you mean workers?\n\
                    pentad: p.toml:1: workers: 0 is too small: 1 … 1024\n";
    assert_eq!(run.stderr, expected);

    let run = place.run(&["--config", "missing.toml"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.starts_with("pentad: configuration file missing.toml: "), "{}", run.stderr);
}

#[test]
fn every_problem_is_reported_and_the_command_line_decides() {
    let place = Place::new("all");
    let run = place.run_in(&[("PENTAD_GRACE", "soon")], &["--nonsense", "--workers=0"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.stderr.lines().count(), 3, "{}", run.stderr);
    assert!(run.stderr.lines().all(|line| line.starts_with("pentad: ")), "{}", run.stderr);
}

#[test]
fn print_config_tells_where_each_value_came_from() {
    let place = Place::new("print");
    place.write("p.toml", "grace = \"3s\"\nquiet = true\n");
    let env = [("PENTAD_BODY_TIMEOUT", "7s"), ("PENTAD_GRACE", "4s")];
    let args = ["--config", "p.toml", "--head-timeout=5s", "--print-config", "--only=web,legacy"];
    let run = place.run_in(&env, &args);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for line in [
        "head-timeout = \"5s\"   # flag",
        "body-timeout = \"7s\"   # env PENTAD_BODY_TIMEOUT",
        "grace = \"4s\"   # env PENTAD_GRACE",
        "quiet = true   # file p.toml",
        "send-timeout = \"30s\"   # default",
        "web = \"127.0.0.1:8080\"   # default",
        "panel = \"off\"   # flag",
        "# config = \"p.toml\"   # flag",
    ] {
        assert!(run.stdout.lines().any(|printed| printed == line), "{line}\n{}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.contains(" = ") && line.contains("   # ")));
    assert!(!place.0.join("pentad-data").exists(), "printing starts nothing");
    assert_eq!(place.run(&["--print-config", "--grace=x"]).code, 2);
}

#[test]
fn manual_and_completions_are_printed() {
    let place = Place::new("man");
    let man = place.run(&["serve", "--man"]);
    assert!(man.code == 0 && man.stdout.starts_with(".TH PENTAD 1 "), "{}", man.stdout);
    for (shell, begin) in
        [("bash", "_pentad() {"), ("zsh", "#compdef pentad"), ("fish", "complete -c pentad ")]
    {
        let script = place.run(&["serve", "--completions", shell]);
        assert!(script.code == 0 && script.stdout.starts_with(begin), "{}", script.stdout);
    }
    assert_eq!(place.run(&["serve", "--completions", "tcsh"]).code, 2);
}

#[test]
fn what_is_parsed_has_a_verdict_and_a_number_for_it() {
    let place = Place::new("parse");
    for (what, input, verdict, code) in [
        ("http", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "done", 0),
        ("http", "GET / HTTP/1.1\r\nHost: a\r\n", "more", 10),
        ("http", "GET / HTTP/1.1\nHost: a\n\n", "bad", 11),
        ("chunked", "1\r\nx\r\n0\r\n\r\n", "done", 0),
        ("chunked", "+1\r\n", "bad", 11),
    ] {
        place.write("input", input);
        let stdin = fs::File::open(place.0.join("input")).expect("it is there");
        let run = ended(place.command(["parse", what]).stdin(stdin));
        let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!((run.code, &told["verdict"]), (code, &verdict.into()), "{what} {input:?}");
        assert!(told["used"].is_u64() && told.get("value").is_some(), "{told}");
        let source = told["source"].as_str().unwrap_or_default();
        let is_bad = verdict == "bad";
        assert_eq!((told["reason"].is_string(), source.starts_with("RFC 911")), (is_bad, is_bad));
    }
    assert_eq!(place.run(&["parse", "nothing"]).code, 2);
}

#[test]
fn a_reader_that_left_is_no_error() {
    let place = Place::new("pipe");
    let (reader, writer) = std::io::pipe().expect("a pipe can be had");
    drop(reader);
    let run = ended(place.command(["serve", "--help"]).stdout(writer));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn check_is_content_and_leaves_nothing_behind() {
    let place = Place::new("content");
    let run = check(&place, &["--log-file", "access.log", "--data", "a/b"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "ok\n", ""));
    assert_eq!(fs::read_dir(&place.0).expect("it is ours").count(), 0);
}

#[test]
fn check_finds_all_that_serve_would_stumble_over() {
    let place = Place::new("stumble");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound");
    place.write("file", "");
    // A repeated flag adds an address.
    let web = format!("--web={address}");
    let args = [&web, "--data=file", "--root=missing", "--log-file=missing/access.log"];
    let run = check(&place, &args);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    let begins = [
        format!("pentad: web on {address}: "),
        "pentad: data directory file: ".to_owned(),
        "pentad: root missing: ".to_owned(),
        "pentad: log file missing/access.log: ".to_owned(),
    ];
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), begins.len(), "{}", run.stderr);
    for (line, begin) in lines.iter().zip(&begins) {
        assert!(line.starts_with(begin.as_str()), "{line}");
    }

    // A mistake on the command line decides the exit code; the other checks are reported all the
    // same.
    let run = check(&place, &["--workers=0", "--root=missing"]);
    assert_eq!((run.code, run.stderr.lines().count()), (2, 2), "{}", run.stderr);
    // Once everything is corrected, no problem remains.
    assert_eq!(check(&place, &[]).code, 0);
}

#[test]
fn one_server_at_a_time_uses_a_data_directory() {
    let place = Place::new("locked");
    let held = DataDir::open(&place.0.join("data")).expect("it is free");
    let told = format!(
        "pentad: data directory ./data is in use by another pentad (pid {})\n",
        process::id()
    );
    let serve: Vec<&str> = FREE.iter().copied().chain(["--data", "./data"]).collect();
    let run = place.run(&serve);
    assert_eq!((run.code, run.stderr), (1, told.clone()));
    let run = check(&place, &["--data", "./data"]);
    assert_eq!((run.code, run.stderr), (3, told));
    drop(held);
    // A process that another test starts at this moment holds a copy of the lock until it executes.
    let deadline = Instant::now() + Duration::from_secs(10);
    while check(&place, &["--data", "./data"]).code != 0 {
        assert!(Instant::now() < deadline, "the lock outlives its owner");
    }
    assert_eq!(mode_of(&place.0.join("data")), 0o700);
}

fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}
