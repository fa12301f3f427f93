//! `pentad study serve`: one service, one listener, one model.
//!
//! Nothing is started before the model starts it: no thread for diagnostics, no pool, no poll.
//! Models that fork do so in a process of one thread, and open their databases afterwards.

use super::super::{DataDir, chat, diagnostics, randomness, services};
use super::{Exit, Options, Service, complain};
use crate::config::{Config, Format, Listen, Service as Listed, Transports, options};
use crate::net;
use crate::service::web::AccessLog;
use crate::service::{Kind, Server, Transport, World, http};
use crate::study::shared::{Seed, SharedState};
use crate::study::{self, Model, Run};
use crate::work::{BatchCommitter, db::Database, pow::Kernel};
use log::LevelFilter;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Serves until a signal ends it. The loop ends gracefully; the other models end at once, and their
/// children with them.
pub(super) fn command(options: &Options) -> Exit {
    let [model, ..] = options.models[..] else { unreachable!("checked when the flags were read") };
    match start(options, model) {
        Ok(exit) => exit,
        Err(problem) => {
            complain(format_args!("study: {problem}"));
            Exit::Failed
        }
    }
}

fn start(options: &Options, model: Model) -> Result<Exit, String> {
    end_with_parent(options.parent)?;
    if let Some(gap) = options.service.gap(model) {
        complain(format_args!("study: {gap}"));
    }
    // These two write what they count.
    let data = match options.service {
        Service::Web | Service::Chat => {
            Some(DataDir::open(&options.data).map_err(|error| error.to_string())?)
        }
        Service::Legacy | Service::Pow => None,
    };
    let database =
        data.as_ref().map_or(PathBuf::from(":memory:"), |data| data.path().join("pentad.db"));
    let (kind, listed) = kind(options.service);
    let addr = options.listen.unwrap_or_else(|| default_address(listed));
    let listen = Listen { service: listed, transports: Transports::Tcp, address: addr };
    match model.run() {
        Some(run) => blocking(options, run, kind, &listen, database),
        None => looping(options, &listen, &database),
    }
}

fn blocking(
    options: &Options,
    run: Run<Server>,
    kind: Kind,
    listen: &Listen,
    database: PathBuf,
) -> Result<Exit, String> {
    let config = config(options);
    let name = listen.service.name();
    let unusable = |error| format!("{name} on {}: {}", listen.address, net::meaning(&error));
    let listener = study::listen(listen.address).map_err(unusable)?;
    let addr = listener.local_addr().map_err(unusable)?;
    end_at_signals().map_err(|error| format!("cannot catch signals: {error}"))?;
    let drawn = randomness::seed(&config)?;
    let seed = options.seed.map_or(Seed::Drawn(drawn), Seed::Fixed);
    let shared = SharedState::new(config.limits, world(&config, options), seed, database);
    let connections_max = match options.connections_max {
        0 => study::CONNECTIONS_MAX,
        most => most,
    };
    services::announce(&services::listening(name, "tcp", addr, Format::Text), Format::Text);
    let workers = options.workers;
    let setup = study::Setup { listener, kind, shared, workers, connections_max };
    match run(setup) {
        Err(error) => Err(format!("cannot serve on {addr}: {error}")),
    }
}

fn looping(options: &Options, listen: &Listen, database: &Path) -> Result<Exit, String> {
    let mut config = config(options);
    config.limits.max_connections = options.connections_max;
    let listeners =
        net::bind(&[services::plan(listen, false)]).map_err(|error| error.to_string())?;
    // Agents need the line that says how to sign in.
    let level = match options.service {
        Service::Chat => LevelFilter::Info,
        Service::Legacy | Service::Pow | Service::Web => LevelFilter::Warn,
    };
    let _diagnostics = diagnostics::start(level, false).map_err(|error| error.to_string())?;
    let mut database = Database::open(database).map_err(|error| error.to_string())?;
    config.listen = vec![*listen];
    let mut world = world(&config, options);
    if options.service == Service::Chat {
        world.chat = chat::state(&config, &mut database, randomness::secret()?)?;
    }
    let setup = net::Setup {
        program: Some(super::super::own_program()?),
        limits: config.limits,
        workers: options.workers,
        committers: vec![("database".to_owned(), BatchCommitter::Database(database))],
        seed: randomness::seed(&config)?,
        grace: config.grace,
        ..net::Setup::new(listeners, world)
    };
    Ok(services::serve(setup, Format::Text))
}

/// The defaults of `pentad serve`, as far as this command has no flags of its own.
pub(super) fn config(options: &Options) -> Config {
    let mut config = Config { seed: options.seed, ..Config::default() };
    // Ids that cannot be guessed would need a secret in each process.
    config.limits.sessions = 0;
    if options.service != Service::Pow {
        // Which is fastest need not be found out for those who compute no hashes.
        config.pow.kernel = Some(Kernel::Sha2);
    }
    config
}

/// The state of the services, with the service time that was asked for.
fn world(config: &Config, options: &Options) -> World {
    // The names of searches need no secret: none outlives its request here, so none is told.
    let mut world = services::world(config, &[], AccessLog::Off, [0; 32]);
    world.legacy.delay = options.service_time.clone();
    world
}

fn kind(service: Service) -> (Kind, Listed) {
    match service {
        Service::Legacy => (Kind::Legacy(Transport::Tcp), Listed::Legacy),
        Service::Pow => (Kind::Pow, Listed::Pow),
        Service::Web => (Kind::Http(http::ListenerRole::Web), Listed::Web),
        Service::Chat => (Kind::Chat, Listed::Chat),
    }
}

/// The row of the option table knows it.
fn default_address(service: Listed) -> SocketAddr {
    options::listener(service).row.default.parse().expect("a default of the table is an address")
}

/// Ends the process in the handler itself: a thread in a blocking call cannot look at a flag. The
/// default action would not do, since a shell's script starts background commands with SIGINT
/// ignored.
fn end_at_signals() -> io::Result<()> {
    for signal in [Signal::INT, Signal::TERM].map(Signal::as_raw) {
        let always = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_shutdown(signal, 0, always)?;
    }
    Ok(())
}

/// Asks the kernel to end this process when the one that started it ends.
fn end_with_parent(parent: Option<u32>) -> Result<(), String> {
    let Some(parent) = parent else { return Ok(()) };
    let expected = Pid::from_raw(parent as i32);
    set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|error| format!("cannot ask for a signal at the end of {parent}: {error}"))?;
    // It may have ended before this was asked.
    if getppid() != expected {
        return Err(format!("process {parent} did not start this one, or has ended"));
    }
    Ok(())
}
