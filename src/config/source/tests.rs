//! Sources meet: which one wins, what is reported, and what the listeners come to.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::config::{Listen, LogFile, Service, Transports};

/// A file that lives as long as its test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> TempFile {
        let name = format!("pentad-config-{}-{name}.toml", std::process::id());
        let path = env::temp_dir().join(name);
        fs::write(&path, text).expect("the temporary directory is writable");
        TempFile(path)
    }

    fn flag(&self) -> String {
        format!("--config={}", self.0.display())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn with(args: &[&str], env: &[(&str, &str)]) -> Loaded {
    let around = Surroundings {
        env: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        ..Surroundings::default()
    };
    load(args.iter().map(OsString::from), &around)
}

fn config(args: &[&str]) -> Config {
    let loaded = with(args, &[]);
    assert_eq!(loaded.problems, [], "{args:?}");
    loaded.config
}

fn problems(args: &[&str], env: &[(&str, &str)]) -> Vec<String> {
    with(args, env).problems.iter().map(Problem::to_string).collect()
}

fn line(loaded: &Loaded, name: &str) -> String {
    let setting = loaded.settings.iter().find(|setting| setting.option.row.name == name);
    setting.map(Setting::to_string).expect("an option of the table")
}

fn addresses(config: &Config, service: Service) -> Vec<String> {
    let mine = config.listen.iter().filter(|listen| listen.service == service);
    mine.map(|listen| listen.address.to_string()).collect()
}

#[test]
fn each_source_overrules_the_weaker_ones() {
    let file = TempFile::new("order", "head-timeout = \"1s\"\nbody-timeout = \"1s\"\ngrace = '1s'");
    let env = [("PENTAD_HEAD_TIMEOUT", "2s"), ("PENTAD_BODY_TIMEOUT", "2s")];
    let loaded = with(&[&file.flag(), "--head-timeout", "3s"], &env);
    assert_eq!(loaded.problems, []);
    assert_eq!(line(&loaded, "head-timeout"), "head-timeout = \"3s\"   # flag");
    assert_eq!(line(&loaded, "body-timeout"), "body-timeout = \"2s\"   # env PENTAD_BODY_TIMEOUT");
    let path = file.0.display();
    assert_eq!(line(&loaded, "grace"), format!("grace = \"1s\"   # file {path}"));
    assert_eq!(line(&loaded, "send-timeout"), "send-timeout = \"30s\"   # default");
    assert_eq!(line(&loaded, "config"), format!("# config = \"{path}\"   # flag"));
    assert_eq!(loaded.config.limits.head_timeout.as_secs(), 3);
    assert_eq!(loaded.config.limits.body_timeout.as_secs(), 2);
    assert_eq!(loaded.config.grace.as_secs(), 1);
}

#[test]
fn the_environment_may_name_the_file_and_a_flag_another_or_none() {
    let one = TempFile::new("one", "workers = 1");
    let two = TempFile::new("two", "workers = 2");
    let env = [("PENTAD_CONFIG", one.0.to_str().expect("the name is ours"))];
    assert_eq!(with(&[], &env).config.workers, 1);
    assert_eq!(with(&[&two.flag()], &env).config.workers, 2);
    assert!(
        with(&["--config=none"], &env)
            .settings
            .iter()
            .all(|setting| { !matches!(setting.origin, Origin::File(_)) })
    );
}

#[test]
fn a_file_speaks_toml() {
    let text = "web = ['127.0.0.1:1', '[::1]:1']\nworkers = 0x2\nhead-bytes = 4_096\n\
                legacy-corruption = 0.25\nquiet = true\nonly = 'web,panel'\n";
    let file = TempFile::new("toml", text);
    let loaded = with(&[&file.flag()], &[]);
    assert_eq!(loaded.problems, []);
    assert_eq!(addresses(&loaded.config, Service::Web), ["127.0.0.1:1", "[::1]:1"]);
    assert_eq!(addresses(&loaded.config, Service::Panel), ["127.0.0.1:5000"]);
    assert_eq!((loaded.config.workers, loaded.config.limits.head_bytes), (2, 4096));
    assert!((loaded.config.legacy.corruption - 0.25).abs() < f64::EPSILON);
    assert_eq!(loaded.config.log_level, log::LevelFilter::Error);
}

#[test]
fn everything_wrong_with_a_file_is_told_with_its_line() {
    let text = "head-timout = '1s'\n[limits]\nx = 1\n";
    let file = TempFile::new("wrong", text);
    let path = file.0.display();
    let expected = [
        format!("{path}:1: head-timout: unknown key; did you mean head-timeout?"),
        format!("{path}:2: limits: unknown key"),
    ];
    assert_eq!(problems(&[&file.flag()], &[]), expected);

    let text = "\nhead-timeout = '0s'\nquiet = [true]\nweb = []\nconfig = 'x'\nseed = 1979-05-27\n\
                grace = {}\nhelp = true\n";
    let file = TempFile::new("wronger", text);
    let path = file.0.display();
    let expected = [
        format!("{path}:3: quiet: takes one value, not an array"),
        format!("{path}:4: web: an empty array says nothing"),
        format!("{path}:5: config: a flag only, no key of a configuration file"),
        format!("{path}:6: seed: takes no date"),
        format!("{path}:7: grace: takes a value, not a table: all keys stand at the top"),
        format!("{path}:8: help: a flag only, no key of a configuration file"),
        format!("{path}:2: head-timeout: 0s is too short: 1ms … 1h"),
    ];
    assert_eq!(problems(&[&file.flag()], &[]), expected);
}

#[test]
fn a_broken_or_missing_file_is_a_configuration_problem() {
    let file = TempFile::new("broken", "workers = 1\nworkers = \nweb = 'x\n");
    let loaded = with(&[&file.flag()], &[]);
    assert!(!loaded.problems.is_empty());
    let place = format!("{}:", file.0.display());
    for problem in &loaded.problems {
        assert_eq!(problem.kind, Kind::Configuration);
        assert!(problem.to_string().starts_with(&place), "{problem}");
    }
    let missing = with(&["--config", "/nonexistent/pentad.toml"], &[]);
    let told = missing.problems[0].to_string();
    assert!(told.starts_with("configuration file /nonexistent/pentad.toml: "), "{told}");
    assert_eq!(missing.problems[0].kind, Kind::Configuration);
}

#[test]
fn a_bad_value_is_blamed_on_its_source() {
    let flag = with(&["--head-timeout", "0s"], &[]);
    assert_eq!(flag.problems[0].kind, Kind::Usage);
    assert_eq!(flag.problems[0].to_string(), "--head-timeout: 0s is too short: 1ms … 1h");
    let env = with(&[], &[("PENTAD_HEAD_TIMEOUT", "0s")]);
    assert_eq!(env.problems[0].kind, Kind::Configuration);
    assert_eq!(env.problems[0].to_string(), "PENTAD_HEAD_TIMEOUT: 0s is too short: 1ms … 1h");
    // Also when a stronger source overrules it: it is wrong, and waits to bite.
    assert_eq!(problems(&["--head-timeout=1s"], &[("PENTAD_HEAD_TIMEOUT", "x")]).len(), 1);
}

#[test]
fn all_problems_are_reported_and_each_is_one_line() {
    let args = ["--wbe", "127.0.0.1:1", "--workers=0", "--seed", "x\ny", "stray", "--grace"];
    let env = [("PENTAD_GARCE", "1s"), ("PENTAD_QUIET", "yes")];
    let expected = [
        "unknown option --wbe; did you mean --web?",
        "unexpected argument stray: options begin with --, and a command comes first",
        "--grace needs a value: TIME",
        "PENTAD_GARCE: no option has this environment variable; did you mean PENTAD_GRACE?",
        "PENTAD_QUIET: `yes` is neither true (1) nor false (0)",
        "--workers: 0 is too small: 1 … 1024",
        "--seed: `x\\ny` is no number: 0 … 18446744073709551615",
    ];
    assert_eq!(problems(&args, &env), expected);
}

#[test]
fn an_empty_variable_is_as_if_there_were_none() {
    let empty = ["PENTAD_DATA", "PENTAD_CONFIG", "PENTAD_WEB", "PENTAD_HEADER", "PENTAD_QUIET"];
    let empty = [&empty[..], &["PENTAD_GARCE"]].concat();
    let env: Vec<_> = empty.into_iter().map(|name| (name, "")).collect();
    let loaded = with(&[], &env);
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.config, config(&[]));
    assert!(loaded.settings.iter().all(|setting| setting.origin == Origin::Default));
}

#[test]
fn a_forgotten_value_does_not_eat_the_next_flag() {
    let loaded = with(&["--data", "--quiet"], &[]);
    assert_eq!(loaded.problems.len(), 1);
    assert_eq!(loaded.problems[0].to_string(), "--data needs a value: DIR");
    assert_eq!(loaded.config.log_level, log::LevelFilter::Error);
    assert_eq!(config(&["--data=--quiet"]).data, Path::new("--quiet"));
}

#[test]
fn one_dash_is_not_enough() {
    let told = problems(&["-web", "127.0.0.1:1"], &[]);
    assert_eq!(told, ["unknown option -web; did you mean --web?"]);
}

#[test]
fn switches_are_on_off_or_bare() {
    for (args, env, level) in [
        (&["--quiet"][..], "false", log::LevelFilter::Error),
        (&["--quiet=false"], "1", log::LevelFilter::Info),
        (&[], "1", log::LevelFilter::Error),
        (&[], "0", log::LevelFilter::Info),
    ] {
        assert_eq!(with(args, &[("PENTAD_QUIET", env)]).config.log_level, level);
    }
    assert!(!config(&["--no-server-header"]).server_header);
    assert!(config(&["--defer-accept"]).defer_accept);
    let loaded = with(&[], &[("PENTAD_QUIET", "1")]);
    assert_eq!(line(&loaded, "quiet"), "quiet = true   # env PENTAD_QUIET");
}

#[test]
fn services_listen_where_they_are_told() {
    let config = config(&["--web", "127.0.0.1:0", "--web=[::1]:0", "--panel", "off"]);
    assert_eq!(addresses(&config, Service::Web), ["127.0.0.1:0", "[::1]:0"]);
    assert_eq!(addresses(&config, Service::Panel), [""; 0]);
    let legacy = Listen {
        service: Service::Legacy,
        transports: Transports::TcpAndUdp,
        address: "127.0.0.1:31416".parse().expect("an address"),
    };
    assert!(config.listen.contains(&legacy));
}

#[test]
fn a_stronger_source_replaces_a_whole_list() {
    let env = [("PENTAD_WEB", "127.0.0.1:1,127.0.0.1:2")];
    let loaded = with(&[], &env);
    assert_eq!(addresses(&loaded.config, Service::Web), ["127.0.0.1:1", "127.0.0.1:2"]);
    let loaded = with(&["--web", "127.0.0.1:3"], &env);
    assert_eq!(addresses(&loaded.config, Service::Web), ["127.0.0.1:3"]);
    let loaded = with(&["--web", "off"], &env);
    assert_eq!(addresses(&loaded.config, Service::Web), [""; 0]);
}

#[test]
fn only_starts_just_those_whatever_the_others_say() {
    let loaded = with(&["--only", "web,legacy", "--panel", "127.0.0.1:1"], &[]);
    assert_eq!(loaded.problems, []);
    let services: Vec<Service> = loaded.config.listen.iter().map(|l| l.service).collect();
    assert_eq!(services, [Service::Web, Service::Legacy]);
    assert_eq!(line(&loaded, "panel"), "panel = \"off\"   # flag");
    assert_eq!(line(&loaded, "web"), "web = \"127.0.0.1:8080\"   # default");
    assert_eq!(config(&["--only", "web", "--only=panel"]).listen.len(), 2);
    let told = problems(&["--only", "wbe"], &[]);
    let known = "web, panel, legacy, pow, chat, catalog-1, catalog-2, order-1, order-2";
    assert_eq!(told, [format!("--only: `wbe` is no service of {known}; did you mean web?")]);
}

#[test]
fn a_host_moves_the_defaults_and_nothing_else() {
    for host in ["::1", "[::1]"] {
        let loaded = with(&["--host", host, "--panel", "127.0.0.1:1"], &[]);
        assert_eq!(loaded.problems, []);
        assert_eq!(addresses(&loaded.config, Service::Web), ["[::1]:8080"]);
        assert_eq!(addresses(&loaded.config, Service::Panel), ["127.0.0.1:1"]);
        assert_eq!(line(&loaded, "web"), "web = \"[::1]:8080\"   # flag");
    }
}

#[test]
fn nothing_to_start_is_refused() {
    let off = Service::ALL.map(|service| format!("--{}=off", service.name())).to_vec();
    let off: Vec<&str> = off.iter().map(String::as_str).collect();
    let loaded = with(&off, &[]);
    assert_eq!(loaded.problems[0].to_string(), "nothing to start: every service is off");
    assert_eq!(loaded.problems[0].kind, Kind::Usage);
    assert_eq!(with(&["--only=web", "--web=off"], &[]).problems.len(), 1);
    let env = [("PENTAD_ONLY", "web"), ("PENTAD_WEB", "off")];
    assert_eq!(with(&[], &env).problems[0].kind, Kind::Configuration);
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let told = problems(&["--web=127.0.0.1:5000"], &[]);
    assert_eq!(told, ["web and panel both listen on 127.0.0.1:5000"]);
    let told = problems(&["--web=off", "--web=127.0.0.1:1"], &[]);
    assert_eq!(told, ["--web: off and an address exclude each other"]);
    let told = problems(&["--output-high", "64KiB"], &[]);
    assert_eq!(told, ["output-low 64KiB is not below output-high 64KiB"]);
    let told = problems(&["--pow-difficulty", "8"], &[]);
    assert!(told[0].ends_with("raise --pow-seed-len"), "{told:?}");
    assert_eq!(config(&["--pow-difficulty=8", "--pow-seed-len=6"]).pow.difficulty, 8);
    // Two services may both take any free port.
    let both = config(&["--only=web,panel", "--web=127.0.0.1:0", "--panel=127.0.0.1:0"]);
    assert_eq!(both.listen.len(), 2);
}

#[test]
fn terminals_decide_about_colour_and_access_log() {
    let terminal = |env: &[(&str, &str)], args: &[&str]| {
        let around = Surroundings {
            env: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            stdout_is_terminal: true,
            stderr_is_terminal: true,
        };
        load(args.iter().map(OsString::from), &around).config
    };
    let plain = terminal(&[], &[]);
    assert_eq!((plain.color, plain.log_file), (true, Some(LogFile::Stdout)));
    assert!(!terminal(&[("NO_COLOR", "1")], &[]).color);
    assert!(terminal(&[("NO_COLOR", "")], &[]).color);
    assert!(!terminal(&[], &["--no-color"]).color);
    assert_eq!(terminal(&[], &["--quiet"]).log_file, None);
    assert_eq!(terminal(&[], &["--log-file=none"]).log_file, None);
    assert_eq!(config(&["--log-file", "-"]).log_file, Some(LogFile::Stdout));
    assert_eq!(config(&["--log-file=a.log"]).log_file, Some(LogFile::Path("a.log".into())));
}

#[test]
fn who_asks_for_help_gets_it_before_anything_else() {
    assert_eq!(with(&["--version", "--nonsense", "-h"], &[]).ask, Some(Ask::Help));
    assert_eq!(with(&["--print-config", "--man"], &[]).ask, Some(Ask::PrintConfig));
    let zsh = Ask::Completions(table::Shell::Zsh);
    assert_eq!(with(&["--completions", "zsh"], &[]).ask, Some(zsh));
    let told = problems(&["--completions", "tcsh"], &[]);
    assert_eq!(told, ["--completions: `tcsh` is none of bash, zsh, fish"]);
}

#[test]
fn unix_bytes_that_are_no_text_are_a_problem_not_a_panic() {
    use std::os::unix::ffi::OsStringExt;
    let strange = || OsString::from_vec(b"\xff\xfe".to_vec());
    let around = Surroundings {
        env: vec![("PENTAD_DATA".into(), strange()), (strange(), strange())],
        ..Surroundings::default()
    };
    let loaded = load(["--data".into(), strange(), strange()], &around);
    assert_eq!(loaded.problems.len(), 3);
}

#[test]
fn a_log_is_followed_by_somebody_and_never_by_its_own_process() {
    let told = |args: &[&str]| {
        let loaded = with(args, &[]);
        loaded.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let log = "--store-log=http://127.0.0.1:5000";
    assert_eq!(told(&["--only=catalog-2,order-2", log]), "");
    assert_eq!(told(&["--only=web", log]), "", "a front follows, too");
    assert!(told(&[log]).contains("is our own panel listener"));
    assert!(told(&["--only=pow,chat", log]).contains("nothing here follows a log"));
    for wrong in ["--store-log=127.0.0.1:5000", "--store-log=http://127.0.0.1:0"] {
        assert!(told(&["--only=web", wrong]).contains("store-log"), "{wrong}");
    }
    let secret = with(&["--only=web", log, "--store-log-token=hush"], &[]);
    assert!(secret.settings.iter().all(|setting| !setting.to_string().contains("hush")));
}
