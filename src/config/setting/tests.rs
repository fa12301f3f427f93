//! The printed settings are a file that reads back as it was.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::config::{Config, Loaded, Surroundings, load};

#[test]
fn texts_become_values_of_toml() {
    let plain = options::find("data").expect("an option of the table");
    let switch = options::find("quiet").expect("an option of the table");
    let shown = |option, values: &[&str]| {
        toml(option, &values.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(shown(switch, &["true"]), "true");
    assert_eq!(shown(plain, &["true"]), "\"true\"");
    assert_eq!(shown(plain, &["7"]), "7");
    assert_eq!(shown(plain, &["007"]), "\"007\"");
    assert_eq!(shown(plain, &["18446744073709551615"]), "\"18446744073709551615\"");
    assert_eq!(shown(plain, &["a\"b\\c\n#"]), r#""a\"b\\c\u000A#""#);
    assert_eq!(shown(plain, &["a, b", "c"]), r#"["a, b", "c"]"#);
}

/// A file that lives as long as its test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> TempFile {
        let name = format!("pentad-setting-{}-{name}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).expect("the temporary directory is writable");
        TempFile(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn loaded(args: &[String]) -> Loaded {
    load(args.iter().map(OsString::from), &Surroundings::default())
}

/// All but the name of the configuration file.
fn without_files(loaded: &Loaded) -> Config {
    Config { files: Vec::new(), ..loaded.config.clone() }
}

/// Reads the output of `--print-config` for these arguments as a file.
fn read_back(loaded: &Loaded, name: &str) -> Loaded {
    let printed: String = loaded.settings.iter().map(|setting| format!("{setting}\n")).collect();
    let file = TempFile::new(name, &printed);
    let again = self::loaded(&[format!("--config={}", file.0.display())]);
    assert_eq!(again.problems, [], "{printed}");
    again
}

/// Texts of every shape that an option of the table takes.
const SAMPLES: [&str; 24] = [
    "true",
    "7",
    "77s",
    "7ms",
    "77KiB",
    "7MiB",
    "77/s:99",
    "0.25",
    "127.0.0.1:7777",
    "http://127.0.0.1:7777",
    "web,pow",
    "localhost",
    "json",
    "debug",
    "least-inflight",
    "sha2",
    "-07:30",
    "X-Odd: a, \"b\\c\" # d",
    "bo:secret",
    "panel.example.org",
    "127.0.0.0/8",
    "https://example.org",
    "a \"quoted\" \\ path, # and more",
    "6",
];

/// The first sample that the option takes, and that is not what it has by default.
fn sample(option: &Opt, files: &[String]) -> Option<Loaded> {
    let samples = SAMPLES.iter().map(|sample| (*sample).to_owned()).chain(files.iter().cloned());
    let mut taken = samples.map(|sample| loaded(&[format!("--{}={sample}", option.row.name)]));
    let default = loaded(&[]);
    taken.find(|taken| taken.problems.is_empty() && taken.config != default.config)
}

#[test]
fn what_is_printed_reads_back_for_every_option() {
    let agents = format!("[[agent]]\nname = \"cy\"\nsecret_sha256 = \"{}\"\n", "0f".repeat(32));
    let agents = TempFile::new("accounts-of", &agents);
    let files = [agents.0.display().to_string()];
    // It would look up every sample.
    let tried = |option: &&Opt| options::is_key(option) && option.row.name != "host";
    // These need a terminal, or a processor with the instructions.
    let beside = ["no-color", "pow-kernel"];
    for option in options::all().filter(tried) {
        let found = match sample(option, &files) {
            Some(found) => found,
            None if beside.contains(&option.row.name) => continue,
            None => panic!("no sample for --{}: add one", option.row.name),
        };
        let again = read_back(&found, option.row.name);
        let hidden = found.settings.iter().any(|setting| setting.hidden);
        assert!(hidden || without_files(&again) == without_files(&found), "--{}", option.row.name);
    }
}

#[test]
fn lists_and_what_belongs_together_read_back() {
    for args in [
        &[][..],
        &["--host=::1"],
        &["--only=web", "--store-log=http://127.0.0.1:7"],
        &["--web=127.0.0.1:7", "--web=[::1]:7", "--panel=off"],
        &["--only=web,legacy", "--only=pow", "--quiet"],
        &["--header=A: 1, 2", "--header=B: \"3\"", "--panel-host=a.b", "--panel-host=c:7"],
        &["--catalog=http://127.0.0.1:7", "--catalog=http://127.0.0.1:8"],
    ] {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
        let found = loaded(&args);
        assert_eq!(found.problems, [], "{args:?}");
        let again = read_back(&found, "together");
        assert!(without_files(&again) == without_files(&found), "{args:?}");
    }
}

#[test]
fn a_secret_is_neither_printed_nor_read_back_as_another() {
    let args = ["--panel-token=hush", "--store-log-token=hush", "--agent=bo:hush"];
    let found = loaded(&args.map(str::to_owned));
    assert_eq!(found.problems, []);
    assert!(found.settings.iter().all(|setting| !setting.to_string().contains("hush")));
    let again = read_back(&found, "secret");
    assert_eq!(without_files(&again), loaded(&[]).config, "as if it had not been said");
}
