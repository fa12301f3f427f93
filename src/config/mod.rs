//! The configuration of the server: one table of options, and the plain struct that it fills.
//!
//! ```text
//!   flags ──────────┐
//!   PENTAD_* ───────┤            set                 finish
//!   --config TOML ──┼─ source ───────────▶ Draft ─────────────▶ Config + where each came from
//!   defaults ───────┘   (options: the table)   (listeners, cross-checks)
//! ```
//!
//! Every value, the default included, takes the same way through the table's `set`. Nothing here
//! prints, exits, binds or creates anything; beyond the configuration file and that of agents it
//! reads nothing, and it asks the machine only for the addresses of host names and the number of
//! cores.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use log::LevelFilter;

use crate::limits::Limits;
use crate::service::chat::lobby::Settings;
use crate::service::chat::{Account, zone::Zone};
use crate::service::store::front::Balance;
use crate::service::web::log::Format as LogFormat;
use crate::work::pow::Kernel;

mod accounts;
mod args;
mod draft;
mod file;
mod finish;
pub mod options;
mod problem;
mod service;
mod setting;
mod source;
pub mod suggest;
mod surroundings;
mod syntax;
pub mod table;
pub mod value;
mod zone;

pub use accounts::{DEMO, demo};
pub(crate) use problem::one_line;
pub use problem::{Kind, Origin, Problem};
pub use service::{Listen, Service, Transports};
pub use setting::Setting;
pub use source::{Loaded, load};
pub use surroundings::Surroundings;
pub use syntax::{Syntax, unexpected};
pub use value::Rate;
pub use zone::local as local_zone;

/// Everything that `serve` needs to know. Plain data: checked where it was set, true ever after.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The listeners, in the order of the services; several entries for one service when its
    /// flag was repeated. Never empty when [`Loaded::problems`] is.
    pub listen: Vec<Listen>,
    /// Every bound that a flag may move.
    pub limits: Limits,
    /// Where the database, reports and the lock live.
    pub data: PathBuf,
    /// Files that options name: configuration, accounts, logs, keys. None of them is ever served.
    pub files: Vec<PathBuf>,
    /// The directory of the static site; `None` is the embedded demo site.
    pub root: Option<PathBuf>,
    /// Options of the static site.
    pub site: Site,
    /// Worker threads, at least one.
    pub workers: usize,
    /// Deterministic randomness for tests. Never used for session ids.
    pub seed: Option<u64>,
    /// Time limit of a graceful end.
    pub grace: Duration,
    /// True if responses carry `Server`.
    pub server_header: bool,
    /// True if the kernel may hold new connections back until their first byte, for a second.
    pub defer_accept: bool,
    /// Options of the panel.
    pub panel: Panel,
    /// Other sites whose pages may do what programs may.
    pub cors_origins: Vec<String>,
    /// True if the loop measures itself.
    pub metrics: bool,
    /// Options of the legacy service and of the web service's way to it.
    pub legacy: Legacy,
    /// Options of the proof-of-work service.
    pub pow: Pow,
    /// Options of the bookstore.
    pub store: Store,
    /// Options of the live chat.
    pub chat: Chat,
    /// The least severe diagnostics that are written; `--quiet` is already counted in.
    pub log_level: LevelFilter,
    /// Where the access log goes; `None` is nowhere. That standard output is a terminal is
    /// already counted in.
    pub log_file: Option<LogFile>,
    /// The format of the access log.
    pub log_format: LogFormat,
    /// The format of the lines about listeners.
    pub format: Format,
    /// True if diagnostics may be coloured: on a terminal, unless an option forbids it.
    pub color: bool,
}

/// Options of the static site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Memory for files; 0 starts without a cache.
    pub cache_bytes: usize,
    /// Seconds for which clients may use a file without asking.
    pub max_age: Option<u64>,
    /// Further fields of responses with a file, names and values.
    pub headers: Vec<(String, String)>,
    /// True if directories without an index are listed.
    pub list: bool,
}

/// Options of the panel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Panel {
    /// Further values of `Host`, in lower case, that the panel and the replicas accept.
    pub hosts: Vec<String>,
    /// The secret of operators.
    pub token: Option<String>,
    /// Its address for visitors from other machines.
    pub url: Option<String>,
    /// True if it may listen beyond the loopback without encryption.
    pub insecure: bool,
    /// True if its metrics are public.
    pub metrics_open: bool,
}

/// Options of the legacy service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Legacy {
    /// Where `/legacy_pi` asks; `None` is our own legacy service.
    pub upstream: Option<SocketAddr>,
    /// Longest wait of `/legacy_pi` for each answer.
    pub timeout: Duration,
    /// Delay of the legacy service before it answers.
    pub delay: Duration,
    /// Probability that a text has one character replaced: 0 … 1.
    pub corruption: f64,
    /// Datagrams that one source address gets back.
    pub udp_rate: Rate,
}

/// Options of the proof-of-work service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pow {
    /// Zeros that a hash has to begin with, in hexadecimal digits. There are seeds enough for it.
    pub difficulty: u8,
    /// Letters of a seed.
    pub seed_len: u8,
    /// The kernel that computes hashes; `None` is the fastest one.
    pub kernel: Option<Kernel>,
    /// Time for which a spent proof is remembered.
    pub spent: Duration,
}

/// Options of the bookstore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Where the front reaches catalogs; our own if there are none.
    pub catalogs: Vec<SocketAddr>,
    /// Where it reaches order servers; our own if there are none.
    pub orders: Vec<SocketAddr>,
    /// Which of them it asks next.
    pub balance: Balance,
    /// Answers that it keeps.
    pub cache: usize,
    /// Time for which it shows them …
    pub ttl: Duration,
    /// … and how much longer while no catalog can be asked.
    pub stale: Duration,
    /// True if a change of a book has to name the version that it changes.
    pub require_if_match: bool,
    /// Where the log is kept; here if nowhere else.
    pub log: Option<SocketAddr>,
    /// The secret that processes of one store share; without it, the panel's token.
    pub token: Option<String>,
}

/// Options of the live chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// Its bounds.
    pub settings: Settings,
    /// The agents who may sign in.
    pub agents: Vec<Account>,
    /// The zone in which a day begins; `None` is that of `TZ` or of this machine.
    pub zone: Option<Zone>,
}

/// Where the access log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFile {
    /// Standard output, after `ready`.
    Stdout,
    /// A file, appended to.
    Path(PathBuf),
}

/// The format of the lines about listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `listening web tcp 127.0.0.1:8080`
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    /// Returns the configuration of `pentad` without arguments, environment and terminal.
    fn default() -> Config {
        load([], &Surroundings::default()).config
    }
}

impl Config {
    /// Returns the values that the table's defaults replace. None survives: a test in `options`
    /// holds every default of [`Limits`] against its row.
    fn blank() -> Config {
        Config {
            listen: Vec::new(),
            limits: Limits::default(),
            data: PathBuf::new(),
            files: Vec::new(),
            root: None,
            site: Site { cache_bytes: 0, max_age: None, headers: Vec::new(), list: false },
            workers: 1,
            seed: None,
            grace: Duration::ZERO,
            server_header: true,
            defer_accept: false,
            panel: Panel::default(),
            cors_origins: Vec::new(),
            metrics: true,
            legacy: Legacy {
                upstream: None,
                timeout: Duration::ZERO,
                delay: Duration::ZERO,
                corruption: 0.0,
                udp_rate: Rate { per_second: 0, burst: 0 },
            },
            pow: Pow { difficulty: 0, seed_len: 5, kernel: None, spent: Duration::ZERO },
            store: Store {
                catalogs: Vec::new(),
                orders: Vec::new(),
                balance: Balance::RoundRobin,
                cache: 0,
                ttl: Duration::ZERO,
                stale: Duration::ZERO,
                require_if_match: false,
                log: None,
                token: None,
            },
            chat: Chat {
                settings: Settings {
                    wait: Duration::ZERO,
                    queue: 0,
                    agent_grace: Duration::ZERO,
                    visitor_grace: Duration::ZERO,
                    queue_grace: Duration::ZERO,
                    rating_time: Duration::ZERO,
                    idle: Duration::ZERO,
                    capacity: 1,
                },
                agents: Vec::new(),
                zone: None,
            },
            log_level: LevelFilter::Info,
            log_file: None,
            log_format: LogFormat::Combined,
            format: Format::Text,
            color: false,
        }
    }
}

/// The number of cores that this process may use.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
