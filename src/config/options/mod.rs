//! The option table: every flag, environment variable and configuration key, one row each.
//!
//! Parsing, merging, `--help`, `--print-config`, the manual page and the completions are all read
//! from here, so a new option is a new row and nothing else.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use log::LevelFilter;

use super::draft::{AccessLog, Draft};
use super::value::{self, duration, optional, path, word};
use super::{Format, LogFile, LogFormat, Service, Transports, cores};

mod chat;
mod limits;
mod panel;
mod pow;
mod row;
mod site;
mod store;

pub use row::{Ask, Group, Opt, PREFIX, Set, Shell};
use row::{ask, listener, switch, valued};

/// The table.
pub static TABLE: [Group; 12] = [
    Group { title: "Services", options: &SERVICES },
    Group { title: "Files", options: &FILES },
    Group { title: "Static site", options: &site::SITE },
    Group { title: "Process", options: &PROCESS },
    Group { title: "Panel", options: &panel::PANEL },
    Group { title: "Legacy service", options: &LEGACY },
    Group { title: "Proof of work", options: &pow::POW },
    Group { title: "Bookstore", options: &store::STORE },
    Group { title: "Live chat", options: &chat::CHAT },
    Group { title: "Logs and output", options: &OUTPUT },
    Group { title: "HTTP", options: &limits::HTTP },
    Group { title: "Instead of running", options: &ASKS },
];

/// All options that are explained anywhere.
pub fn all() -> impl Iterator<Item = &'static Opt> {
    TABLE.iter().flat_map(|group| group.options)
}

/// The option of that name.
pub fn find(name: &str) -> Option<&'static Opt> {
    all().chain(&panel::HIDDEN).find(|option| option.name == name)
}

/// The services and their options.
pub fn services() -> impl Iterator<Item = (Service, Transports, &'static Opt)> {
    all().filter_map(|option| match option.set {
        Set::Listen(service, transports) => Some((service, transports, option)),
        Set::Value(_)
        | Set::Switch(_)
        | Set::List { .. }
        | Set::Each { .. }
        | Set::File
        | Set::Ask(_) => None,
    })
}

/// Stores a value that parsed.
fn put<T>(slot: &mut T, value: Result<T, String>) -> Result<(), String> {
    *slot = value?;
    Ok(())
}

static SERVICES: [Opt; 11] = [
    listener(
        Service::Web,
        Transports::Tcp,
        "web",
        "127.0.0.1:8080",
        "HTTP: the static site and the JSON services",
    ),
    listener(
        Service::Panel,
        Transports::Tcp,
        "panel",
        "127.0.0.1:5000",
        "HTTP: dashboard and control",
    ),
    listener(
        Service::Legacy,
        Transports::TcpAndUdp,
        "legacy",
        "127.0.0.1:31416",
        "The legacy server, TCP and UDP on the same port",
    ),
    listener(
        Service::Pow,
        Transports::Tcp,
        "pow",
        "127.0.0.1:20000",
        "Proof of work, a line for a line",
    ),
    listener(
        Service::Chat,
        Transports::Tcp,
        "chat",
        "127.0.0.1:4000",
        "Live-support chat, over lines",
    ),
    store::replica(
        Service::Catalog1,
        "catalog-1",
        "127.0.0.1:6001",
        "HTTP: the first catalog of the bookstore",
    ),
    store::replica(Service::Catalog2, "catalog-2", "127.0.0.1:6002", "HTTP: the second catalog"),
    store::replica(
        Service::Order1,
        "order-1",
        "127.0.0.1:7002",
        "HTTP: the first order server of the bookstore",
    ),
    store::replica(Service::Order2, "order-2", "127.0.0.1:7001", "HTTP: the second order server"),
    Opt {
        name: "only",
        value: "NAMES",
        default: "all",
        help: "Start just these services, such as web,legacy. The others stay off, whatever \
               their own flags say",
        set: Set::List { clear: |d| d.only.clear(), add: Draft::add_only },
    },
    valued(
        "host",
        "HOST",
        "127.0.0.1",
        "The host of every default above: a name, an IPv4 or an IPv6 address",
        Draft::set_host,
    ),
];

static FILES: [Opt; 3] = [
    valued(
        "data",
        "DIR",
        "./pentad-data",
        "The data directory: created with mode 0700 if it is missing, locked while a server uses \
         it",
        |d, v| put(&mut d.config.data, path(v)),
    ),
    valued(
        "root",
        "DIR",
        value::NONE,
        "The directory of the static site. Without one, the embedded demo site is served",
        |d, v| put(&mut d.config.root, optional(v, path)),
    ),
    Opt {
        name: "config",
        value: "FILE",
        default: value::NONE,
        help: "Read options from a TOML file, whose keys are the names of the flags",
        set: Set::File,
    },
];

static PROCESS: [Opt; 3] = [
    valued(
        "workers",
        "N",
        "auto",
        "Worker threads for slow work; auto is the number of cores",
        |d, v| put(&mut d.config.workers, workers(v)),
    ),
    valued(
        "grace",
        "TIME",
        "10s",
        "After SIGTERM or SIGINT, how long requests in flight, the log and the databases may \
         take to finish",
        |d, v| put(&mut d.config.grace, duration(v, FROM_NOTHING)),
    ),
    valued(
        "seed",
        "N",
        value::NONE,
        "Make randomness repeatable, for tests. Session ids stay unpredictable",
        |d, v| put(&mut d.config.seed, optional(v, |v| value::count(v, 0..=u64::MAX))),
    ),
];

static LEGACY: [Opt; 5] = [
    valued(
        "legacy-upstream",
        "ADDR",
        value::NONE,
        "Where the web service reaches a legacy server. Without one, our own",
        |d, v| put(&mut d.config.legacy.upstream, optional(v, upstream)),
    ),
    valued(
        "legacy-timeout",
        "TIME",
        "2s",
        "How long the web service waits for each of its answers",
        |d, v| put(&mut d.config.legacy.timeout, duration(v, PATIENCE)),
    ),
    valued(
        "legacy-delay",
        "TIME",
        "500ms",
        "How long our legacy server waits before it answers",
        |d, v| put(&mut d.config.legacy.delay, duration(v, FROM_NOTHING)),
    ),
    valued(
        "legacy-corruption",
        "P",
        "0.5",
        "Probability, 0 to 1, that an answer has one character replaced",
        |d, v| put(&mut d.config.legacy.corruption, value::probability(v)),
    ),
    valued(
        "legacy-udp-rate",
        "RATE",
        "20/s",
        "Datagrams that one address gets back: 20/s allows bursts of twice as many, 20/s:100 of \
         100",
        |d, v| put(&mut d.config.legacy.udp_rate, value::rate(v)),
    ),
];

static OUTPUT: [Opt; 6] = [
    valued(
        "log-file",
        "FILE",
        "auto",
        "Where the access log goes: a file, - for standard output, or none; auto is standard \
         output when that is a terminal, else none",
        |d, v| put(&mut d.access_log, access_log(v)),
    ),
    valued("log-format", "combined|json", "combined", "How the access log is written", |d, v| {
        put(&mut d.config.log_format, word(v, &LOG_FORMATS))
    }),
    valued(
        "log-level",
        "error|warn|info|debug|trace",
        "info",
        "The least severe diagnostics that are written to standard error",
        |d, v| put(&mut d.config.log_level, word(v, &LEVELS)),
    ),
    valued(
        "format",
        "text|json",
        "text",
        "How listeners are announced on standard output",
        |d, v| put(&mut d.config.format, word(v, &FORMATS)),
    ),
    switch("quiet", "Write no diagnostics but errors", |d, on| {
        d.quiet = on;
    }),
    switch("no-color", "Never colour diagnostics; the variable NO_COLOR does the same", |d, on| {
        d.no_color = on;
    }),
];

static ASKS: [Opt; 5] = [
    ask("print-config", "Print every option's value and where it came from", |_| {
        Ok(Ask::PrintConfig)
    }),
    ask("man", "Print the manual page", |_| Ok(Ask::Man)),
    Opt {
        name: "completions",
        value: "bash|zsh|fish",
        default: "",
        help: "Print a completion script",
        set: Set::Ask(|v| word(v, &SHELLS).map(Ask::Completions)),
    },
    ask("help", "Print this help", |_| Ok(Ask::Help)),
    ask("version", "Print version and features", |_| Ok(Ask::Version)),
];

fn workers(text: &str) -> Result<usize, String> {
    if text == AUTO { Ok(cores()) } else { value::count(text, 1..=WORKERS_MAX) }
}

fn access_log(text: &str) -> Result<AccessLog, String> {
    match text {
        AUTO => Ok(AccessLog::Auto),
        value::NONE => Ok(AccessLog::Off),
        "-" => Ok(AccessLog::To(LogFile::Stdout)),
        _ => path(text).map(|path| AccessLog::To(LogFile::Path(path))),
    }
}

fn upstream(text: &str) -> Result<SocketAddr, String> {
    let address = value::address(text)?;
    if address.port() == 0 {
        return Err(format!("`{text}` cannot be reached: port 0 is no port"));
    }
    Ok(address)
}

const AUTO: &str = "auto";
/// More threads than this are a mistyped number.
const WORKERS_MAX: usize = 1024;
/// Deadlines: shorter than a millisecond the clock of a turn cannot tell.
const PATIENCE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3600);
/// Waits that may be left out.
const FROM_NOTHING: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);

const LOG_FORMATS: [(&str, LogFormat); 2] =
    [("combined", LogFormat::Combined), ("json", LogFormat::Json)];
const FORMATS: [(&str, Format); 2] = [("text", Format::Text), ("json", Format::Json)];
const SHELLS: [(&str, Shell); 3] =
    [("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish)];
const LEVELS: [(&str, LevelFilter); 5] = [
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
    ("trace", LevelFilter::Trace),
];

#[cfg(test)]
mod tests;
