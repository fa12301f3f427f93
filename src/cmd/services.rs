//! From a valid configuration to listening services, and to their graceful end.

use super::{DataDir, Exit, complain, randomness};
use crate::config::{Config, Format, Listen, LogFile, Service, Transports};
use crate::net::{self, Clock, Ended, Listener, Log, Plan, Setup};
use crate::service::http::ListenerRole;
use crate::service::site::{self, Rules};
use crate::service::web::log::{Format as LineFormat, Record};
use crate::service::web::{AccessLog, Cors};

use crate::service::panel::tester::{self, reachable};
use crate::service::{Kind, Server, Transport, World, legacy, panel, pi, pow, web};
use crate::stats::PeerClass;
use crate::work::files::{Place, Private, Root, Site};
use crate::work::pi::Kernel;
use crate::work::{self, BatchCommitter, db::Database};
use log::LevelFilter;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

/// The file of counts and chats.
pub(super) const DATABASE: &str = "pentad.db";

/// Runs the services. The data directory stays locked until this returns.
pub(super) fn run(config: &Config, data: DataDir) -> Exit {
    let exit = match start(config, &data) {
        Ok(setup) => serve(setup, config.format),
        Err(problem) => {
            complain(problem);
            Exit::Failed
        }
    };
    drop(data);
    exit
}

/// Returns the plan of the loop for a listener of the configuration; see [`Plan::defer`].
pub(super) fn plan(listen: &Listen, defer: bool) -> Plan<Kind> {
    let kind = match listen.service {
        Service::Web => Kind::Http(ListenerRole::Web),
        Service::Panel => Kind::Http(ListenerRole::Panel),
        Service::Legacy => Kind::Legacy(Transport::Tcp),
        Service::Pow => Kind::Pow,
        Service::Catalog1 => Kind::Http(ListenerRole::Catalog(1)),
        Service::Catalog2 => Kind::Http(ListenerRole::Catalog(2)),
        Service::Order1 => Kind::Http(ListenerRole::Order(1)),
        Service::Order2 => Kind::Http(ListenerRole::Order(2)),
        Service::Chat => Kind::Chat,
    };
    let datagrams = match listen.transports {
        Transports::Tcp => None,
        Transports::TcpAndUdp => Some(Kind::Legacy(Transport::Udp)),
    };
    let class = match listen.service {
        Service::Web => PeerClass::Visitor,
        Service::Panel => PeerClass::Operator,
        Service::Legacy
        | Service::Pow
        | Service::Catalog1
        | Service::Catalog2
        | Service::Order1
        | Service::Order2
        | Service::Chat => PeerClass::Line,
    };
    // These two send the first word.
    let defer = defer && !matches!(listen.service, Service::Legacy | Service::Chat);
    Plan { service: listen.service.name(), addr: listen.address, kind, datagrams, defer, class }
}

/// Everything that can fail, before the first client is let in.
fn start(config: &Config, data: &DataDir) -> Result<Setup<Server>, String> {
    let plans = config.listen.iter().map(|listen| plan(listen, config.defer_accept));
    let plans = plans.collect::<Vec<_>>();
    let listeners = net::bind(&plans).map_err(|error| error.to_string())?;
    if let Some(mode) = data.open_to_others() {
        let path = data.path().display();
        log::warn!("data directory {path}: others may read it (mode {mode:04o}); chmod 700 {path}");
    }
    let mut database = Database::open(&data.file(DATABASE))
        .map_err(|failure| format!("the database cannot be used: {failure}"))?;
    let site = site(config, &listeners, data)?;
    let log = match &config.log_file {
        None => None,
        Some(file) => Some(log(file, config.log_format).map_err(|error| error.to_string())?),
    };
    let access_log = match &log {
        None => AccessLog::Off,
        Some(_) if config.log_level < LevelFilter::Debug => AccessLog::Visitors,
        Some(_) => AccessLog::Everything,
    };
    let mut world = world(config, &listeners, access_log, randomness::secret()?);
    let program =
        super::own_program().inspect_err(|why| log::warn!("no load test at a click: {why}"));
    world.panel.tests.data = absolute(data.path())?;
    world.panel.tests.is_off = program.is_err();
    world.chat = super::chat::state(config, &mut database, randomness::secret()?)?;
    world.site = site;
    let own_token = format!("{:016x}", randomness::number()?);
    let store = super::store::open(config, &listeners, data, &own_token)?;
    world.panel.own_token = Some(own_token);
    world.store = store.state;
    let files = store.files.into_iter().map(|(name, file)| (name, BatchCommitter::Store(file)));
    let database = ("database".to_owned(), BatchCommitter::Database(database));
    Ok(Setup {
        world,
        committers: [database].into_iter().chain(files).collect(),
        clock: if store.leases { Clock::PerEvent } else { Clock::PerTurn },
        tasks: if store.begins { vec![Kind::LogTask] } else { Vec::new() },
        listeners,
        limits: config.limits,
        program: program.ok(),
        workers: config.workers,
        log,
        seed: randomness::seed(config)?,
        grace: config.grace,
        metrics: config.metrics,
    })
}

/// The path as a child process is to be told it, wherever that runs.
fn absolute(path: &Path) -> Result<String, String> {
    let absolute = std::path::absolute(path)
        .map_err(|error| format!("cannot find the data directory {}: {error}", path.display()))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("the data directory {} is no text", path.display()))
}

/// The static site: the directory that was named, or what is in the program.
fn site(
    config: &Config,
    listeners: &[Listener<Kind>],
    data: &DataDir,
) -> Result<site::State, String> {
    let source = match &config.root {
        None => {
            let panel =
                listeners.iter().filter(|listener| listener.service == Service::Panel.name());
            let panel = panel.map(|listener| listener.addr).collect::<Vec<_>>();
            site::demo(&panel, config.panel.url.as_deref())
        }
        Some(root) => {
            let told =
                |error: io::Error| format!("root {}: cannot open it: {error}", root.display());
            let opened = Root::guarded(root, private(config, data)?).map_err(told)?;
            let place = opened.now().map_err(told)?;
            warn_of_root(root, &place, data);
            Site::Directory(opened)
        }
    };
    let own = config.root.is_none().then_some(site::DEMO_POLICY);
    let is_given =
        |name: &str| config.site.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let own = own.filter(|(name, _)| !is_given(name));
    let given = config.site.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = own.into_iter().chain(given);
    let rules = Rules {
        max_age: config.site.max_age,
        headers: headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect(),
        list: config.site.list,
    };
    Ok(site::State::new(source, rules, config.site.cache_bytes))
}

/// Returns the files of the process, which it never serves: the data directory, the files that
/// options name, and those of its own output.
fn private(config: &Config, data: &DataDir) -> Result<Private, String> {
    let mut private = Private::default();
    let unknown = |path: &Path, error| format!("{}: {error}", path.display());
    private.add_folder(data.path()).map_err(|error| unknown(data.path(), error))?;
    for file in &config.files {
        private.add_file(file).map_err(|error| unknown(file, error))?;
    }
    private.add_open(io::stdout()).map_err(|error| format!("standard output: {error}"))?;
    private.add_open(io::stderr()).map_err(|error| format!("standard error: {error}"))?;
    Ok(private)
}

fn warn_of_root(root: &Path, place: &Place, data: &DataDir) {
    let (root, path) = (root.display(), data.path().display());
    if place.is_private() {
        log::warn!("root {root} is in the data directory {path}: nothing of it is served");
    } else if data.path().canonicalize().is_ok_and(|real| real.starts_with(place.real())) {
        log::warn!("root {root} contains the data directory {path}, which is not served");
    }
}

impl net::Format<Record> for LineFormat {
    fn line(&self, record: &Record, at: Instant, out: &mut String) {
        record.render(*self, at.saturating_duration_since(record.began), out);
    }

    fn gap(&self, lines: u64, out: &mut String) {
        LineFormat::gap(*self, lines, out);
    }
}

fn log(file: &LogFile, format: LineFormat) -> io::Result<Log<Record>> {
    let file = match file {
        LogFile::Stdout => None,
        LogFile::Path(path) => Some(path.clone()),
    };
    Log::start("access log", file, format)
}

/// The state of the services at the start.
pub(super) fn world(
    config: &Config,
    listeners: &[Listener<Kind>],
    access_log: AccessLog,
    secret: [u8; 32],
) -> World {
    let own = listeners.iter().find(|listener| listener.service == Service::Legacy.name());
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, LEGACY_PORT));
    let upstream = config.legacy.upstream.or_else(|| own.map(|listener| reachable(listener.addr)));
    let web = listeners.iter().find(|listener| listener.service == Service::Web.name());
    let mut services = listeners.iter().map(|listener| listener.service).collect::<Vec<_>>();
    services.dedup();
    let mut web_state = web::State::new(config.limits, config.server_header, access_log, secret);
    web_state.cors = Cors::new(&config.cors_origins);
    World {
        web: web_state,
        site: site::State::new(site::demo(&[], None), Rules::default(), crate::limits::CACHE_BYTES),
        pi: pi::State {
            upstream: upstream.unwrap_or(default),
            timeout: config.legacy.timeout,
            kernel: Kernel::detect(),
        },
        legacy: legacy::State {
            delay: config.legacy.delay..=config.legacy.delay,
            corruption: config.legacy.corruption,
            rate: f64::from(config.legacy.udp_rate.per_second),
            burst: f64::from(config.legacy.udp_rate.burst),
            ports: datagram_ports(listeners),
            probes: Default::default(),
            sources: legacy::Sources::default(),
        },
        pow: proof_of_work(config, secret),
        store: crate::service::store::State::off(),
        chat: super::chat::fresh(config, secret),
        panel: panel::State {
            services,
            bound: listeners.iter().map(|listener| listener.addr).collect(),
            hosts: config.panel.hosts.clone(),
            token: config.panel.token.clone(),
            metrics_open: config.panel.metrics_open,
            operators: panel::operators::Operators::new(secret),
            store_token: config.store.token.clone(),
            own_token: None,
            tests: tester::Tests::of(web.map(|listener| listener.addr)),
            asked: None,
        },
        lockout: Default::default(),
    }
}

/// Which kernel computes hashes fastest on this machine, and how fast the workers are together,
/// is found out in some ten milliseconds.
fn proof_of_work(config: &Config, secret: [u8; 32]) -> pow::State {
    let start = Instant::now();
    let clock = || start.elapsed();
    let kernel = config.pow.kernel.unwrap_or_else(|| work::pow::fastest(clock));
    let speed = work::pow::kernel_speed(kernel, SPEED_TURN, clock);
    let bits = u32::from(config.pow.difficulty) * 4;
    let capacity = speed * config.workers as f64;
    let state = pow::State::new(bits, config.pow.seed_len, kernel, capacity, secret);
    pow::State { spent_kept: config.pow.spent, ..state }
}

/// Time for which the speed of the kernel is measured.
const SPEED_TURN: Duration = Duration::from_millis(2);

/// Where `/legacy_pi` asks when the legacy service is off and nothing else was said.
const LEGACY_PORT: u16 = 31416;

fn datagram_ports(listeners: &[Listener<Kind>]) -> Vec<u16> {
    let datagrams = listeners.iter().filter(|listener| listener.transport() == Transport::Udp);
    datagrams.map(|listener| listener.addr.port()).collect()
}

/// Runs the loop to its end.
pub(super) fn serve(setup: Setup<Server>, format: Format) -> Exit {
    let line = |listener: &Listener<Kind>| {
        listening(listener.service, proto(listener), listener.addr, format)
    };
    let announcement = setup.listeners.iter().map(line).collect::<String>();
    let ready = |world: &mut World, shares: net::Shares| {
        world.site.seal_at_most(shares.sealed);
        announce(&announcement, format);
    };
    match net::run(setup, ready) {
        Ok(Ended::Clean) => Exit::Ok,
        Ok(Ended::Aborted { in_flight, threads }) => {
            if in_flight > 0 {
                complain(format_args!("ended with {in_flight} connections in flight"));
            }
            if !threads.is_empty() {
                let names = threads.join(", ");
                complain(format_args!("ended without waiting for the threads {names}"));
            }
            Exit::Failed
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn proto(listener: &Listener<Kind>) -> &'static str {
    match listener.transport() {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

/// Says what is listened on, and that everything is in place.
pub(super) fn announce(listening: &str, format: Format) {
    let ready = match format {
        Format::Text => "ready\n",
        Format::Json => "{\"event\":\"ready\"}\n",
    };
    // It is no error if the reader has left.
    let mut out = io::stdout().lock();
    let _ = out.write_all(listening.as_bytes());
    let _ = out.write_all(ready.as_bytes());
    let _ = out.flush();
}

/// One line about a listener.
pub(super) fn listening(service: &str, proto: &str, addr: SocketAddr, format: Format) -> String {
    match format {
        Format::Text => format!("listening {service} {proto} {addr}\n"),
        Format::Json => format!(
            "{{\"event\":\"listening\",\"service\":\"{service}\",\"proto\":\"{proto}\",\
             \"addr\":\"{addr}\"}}\n"
        ),
    }
}
