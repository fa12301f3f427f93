//! The option table: every flag, environment variable and configuration key, one row each.
//!
//! Parsing, merging, `--help`, `--print-config`, the manual page and the completions are all read
//! from here, so a new option is a new row and nothing else.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use log::LevelFilter;

use super::draft::{AccessLog, Draft};
use super::table::{self, Group, Section, ask, help, list, put, switch, valued};
use super::table::{Ask, Shell};
use super::value::{self, duration, optional, path, word};
use super::{Format, LogFile, Service, cores};
use crate::service::web::log::Format as LogFormat;

mod chat;
mod limits;
mod panel;
mod pow;
mod site;
mod store;

/// An option of `serve`.
pub type Opt = table::Opt<Draft>;

/// The table.
pub static TABLE: [Group<Draft>; 12] = [
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
    table::options(&TABLE).filter(|option| !option.row.is_hidden)
}

/// The option of that name.
pub fn find(name: &str) -> Option<&'static Opt> {
    table::options(&TABLE).find(|option| option.row.name == name)
}

/// Returns whether it may stand in a configuration file.
pub(super) fn is_key(option: &Opt) -> bool {
    option.is_setting() && option.row.name != FILE
}

/// The rows that the help explains.
pub fn sections() -> Vec<Section> {
    table::sections(&TABLE)
}

/// The option that says where a service listens.
pub fn listener(service: Service) -> &'static Opt {
    find(service.name()).expect("each service has a row of its name")
}

/// The row of a listener.
const fn listen(
    name: &'static str,
    default: &'static str,
    help: &'static str,
    clear: fn(&mut Draft),
    add: table::Setter<Draft>,
) -> Opt {
    list(name, "ADDR", default, help, clear, add)
}

static SERVICES: [Opt; 11] = [
    listen(
        "web",
        "127.0.0.1:8080",
        "HTTP: the static site and the JSON services",
        |d| d.clear_listen(Service::Web),
        |d, v| d.add_listen(Service::Web, v),
    ),
    listen(
        "panel",
        "127.0.0.1:5000",
        "HTTP: dashboard and control",
        |d| d.clear_listen(Service::Panel),
        |d, v| d.add_listen(Service::Panel, v),
    ),
    listen(
        "legacy",
        "127.0.0.1:31416",
        "The legacy server, TCP and UDP on the same port",
        |d| d.clear_listen(Service::Legacy),
        |d, v| d.add_listen(Service::Legacy, v),
    ),
    listen(
        "pow",
        "127.0.0.1:20000",
        "Proof of work, a line for a line",
        |d| d.clear_listen(Service::Pow),
        |d, v| d.add_listen(Service::Pow, v),
    ),
    listen(
        "chat",
        "127.0.0.1:4000",
        "Live-support chat, over lines",
        |d| d.clear_listen(Service::Chat),
        |d, v| d.add_listen(Service::Chat, v),
    ),
    listen(
        "catalog-1",
        "127.0.0.1:6001",
        "HTTP: the first catalog of the bookstore",
        |d| d.clear_listen(Service::Catalog1),
        |d, v| d.add_listen(Service::Catalog1, v),
    ),
    listen(
        "catalog-2",
        "127.0.0.1:6002",
        "HTTP: the second catalog",
        |d| d.clear_listen(Service::Catalog2),
        |d, v| d.add_listen(Service::Catalog2, v),
    ),
    listen(
        "order-1",
        "127.0.0.1:7002",
        "HTTP: the first order server of the bookstore",
        |d| d.clear_listen(Service::Order1),
        |d, v| d.add_listen(Service::Order1, v),
    ),
    listen(
        "order-2",
        "127.0.0.1:7001",
        "HTTP: the second order server",
        |d| d.clear_listen(Service::Order2),
        |d, v| d.add_listen(Service::Order2, v),
    ),
    list(
        "only",
        "NAMES",
        "all",
        "Start just these services, such as web,legacy. The others stay off, whatever their own \
         flags say",
        |d| d.only.clear(),
        Draft::add_only,
    ),
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
    valued(
        FILE,
        "FILE",
        value::NONE,
        "Read options from a TOML file, whose keys are the names of the flags",
        // The file is read before anything is set.
        |_, _| Ok(()),
    ),
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
    ask("print-config", "", "Print every option's value and where it came from", |_| {
        Ok(Ask::PrintConfig)
    }),
    ask("man", "", "Print the manual page", |_| Ok(Ask::Man)),
    ask("completions", "bash|zsh|fish", "Print a completion script", |v| {
        word(v, &SHELLS).map(Ask::Completions)
    }),
    help(),
    ask("version", "", "Print version and features", |_| Ok(Ask::Version)).short("V"),
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

/// Names the configuration file, and is therefore no key in it.
pub(super) const FILE: &str = "config";
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
