//! `pentad study run`: a server for each model and number of clients, one after the other, the
//! same load against each, and what it took.
//!
//! The servers are this same program, started with `study serve`; a fresh one for each point, so
//! that no figure is left over from the one before. The clients are threads of this process.

use super::report::{Point, Report};
use super::serve::config;
use super::{Exit, Options, Service, affordable, complain, print};
use crate::client::once::{Once, Questions, Until};
use crate::study::gauge::Gauge;
use crate::study::shared::{Seed, SharedState};
use crate::study::{Model, load};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait of one client: longer than any useful study takes.
const PATIENCE: Duration = Duration::from_mins(30);

/// From `ready` to the first look: models that start threads or processes first do it now.
const SETTLE: Duration = Duration::from_millis(200);

/// From the common start to the first look at the server: all have come, hardly anyone has gone.
const FIRST_LOOK: Duration = Duration::from_millis(50);

/// Time for a server to end before it is killed.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Clients that come alone, to find out how long a service takes that has no set time.
const LONE_CLIENTS: usize = 5;

/// The command; the options have been checked.
pub(super) fn command(options: &Options) -> Exit {
    let caught = match Caught::start() {
        Ok(caught) => caught,
        Err(error) => {
            complain(format_args!("study: cannot catch signals: {error}"));
            return Exit::Failed;
        }
    };
    match study(options, &caught) {
        Ok(exit) => exit,
        Err(problem) => {
            complain(format_args!("study: {problem}"));
            Exit::Failed
        }
    }
}

fn study(options: &Options, caught: &Caught) -> Result<Exit, String> {
    fs::create_dir_all(&options.out)
        .map_err(|error| format!("cannot create {}: {error}", options.out.display()))?;
    let models = able(options);
    if models.is_empty() {
        return Ok(Exit::Usage);
    }
    let config = config(options);
    let shared = SharedState::new(config.limits, (), Seed::Drawn(0), PathBuf::from(":memory:"));
    let shared = Arc::new(shared);
    let (mean, longest) = service_time(options, models[0], &shared, caught)?;
    let mut report = Report::new(options, mean, longest);
    print(&report.heading());
    // Each client is a connection of this process.
    let most = affordable("study", options.clients.iter().copied().max().unwrap_or(0));
    let mut counts = options.clients.iter().map(|clients| *clients.min(&most)).collect::<Vec<_>>();
    counts.dedup();
    'points: for &model in &models {
        for &clients in &counts {
            let Some(point) = play(options, model, clients, &shared, caught)? else {
                break 'points;
            };
            print(&report.row(&point));
            report.points.push(point);
        }
    }
    if !report.points.is_empty() {
        for (name, text) in [
            ("study.json", report.json()),
            ("study.md", report.markdown()),
            ("study.svg", report.svg()),
        ] {
            let path = options.out.join(name);
            fs::write(&path, text)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            print(&format!("written {}\n", path.display()));
        }
    }
    Ok(caught.exit().unwrap_or(Exit::Ok))
}

/// The models that can serve it; what the others lack is said, and what those that can lack.
fn able(options: &Options) -> Vec<Model> {
    let mut models = options.models.clone();
    models.retain(|model| match options.service.refusal(*model) {
        None => true,
        Some(reason) => {
            let (model, service) = (model.name(), options.service.name());
            complain(format_args!("study: {model} cannot serve {service}: {reason}"));
            false
        }
    });
    models
}

/// The mean and the longest time that the service takes for a client: as it was set or, where
/// nothing is set, as clients found it who came alone.
fn service_time(
    options: &Options,
    model: Model,
    shared: &Arc<SharedState<Questions>>,
    caught: &Caught,
) -> Result<(Duration, Duration), String> {
    if options.service == Service::Legacy {
        let range = &options.service_time;
        return Ok(((*range.start() + *range.end()) / 2, *range.end()));
    }
    let mut times = Vec::new();
    for _ in 0..LONE_CLIENTS {
        match play(options, model, 1, shared, caught)? {
            Some(point) => times.push(point.elapsed),
            None => break,
        }
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok((median, median))
}

/// One point of the picture; nothing if a signal came in between.
fn play(
    options: &Options,
    model: Model,
    clients: usize,
    shared: &Arc<SharedState<Questions>>,
    caught: &Caught,
) -> Result<Option<Point>, String> {
    if caught.exit().is_some() {
        return Ok(None);
    }
    let server = Server::start(options, model)?;
    thread::sleep(SETTLE);
    let mut gauge = Gauge::of(server.child.id());
    let once = question(options.service, Instant::now() + PATIENCE);
    let fates = load::start(server.addr, once, clients, shared)
        .map_err(|error| format!("cannot start threads for {clients} clients: {error}"))?;
    let mut ended = Vec::with_capacity(clients);
    let mut look_at = Instant::now() + FIRST_LOOK;
    while ended.len() < clients {
        if caught.exit().is_some() {
            return Ok(None);
        }
        match fates.recv_timeout(look_at.saturating_duration_since(Instant::now())) {
            Ok(fate) => ended.push(fate),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() >= look_at {
            look_at = Instant::now() + gauge.sample();
        }
    }
    gauge.sample();
    server.end();
    Ok(Some(Point::new(model, clients, &ended, &gauge)))
}

/// Returns the question of each client of a service, which `study` itself does not know.
fn question(service: Service, deadline: Instant) -> Once {
    match service {
        Service::Legacy => Once { say: b"\n", begins: b"", until: Until::End, deadline },
        Service::Pow => Once { say: b"pentad\n", begins: b"pentad,", until: Until::Line, deadline },
        Service::Web => Once {
            say: b"GET / HTTP/1.1\r\nHost: study\r\nConnection: close\r\n\r\n",
            begins: b"HTTP/1.1 200 ",
            until: Until::End,
            deadline,
        },
        Service::Chat => Once { say: b"/ping\n", begins: b"* HELLO", until: Until::Line, deadline },
    }
}

/// A server under one model, in a process of its own. Dropping it ends it.
struct Server {
    child: Child,
    addr: SocketAddr,
    data: PathBuf,
}

impl Server {
    fn start(options: &Options, model: Model) -> Result<Server, String> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let data = format!("pentad-study-{}-{number}", process::id());
        let data = std::env::temp_dir().join(data);
        let program = super::super::own_program()?;
        let mut command = Command::new(program);
        command.args(arguments(options, model, &data)).stdin(Stdio::null()).stdout(Stdio::piped());
        // What it lacks was said once, if it matters; what goes wrong later shows in the figures.
        command.stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|error| format!("cannot start {}: {error}", model.name()))?;
        let addr = child.stdout.take().and_then(|out| address(&mut BufReader::new(out)));
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let server = Server { child, addr: addr.unwrap_or(unknown), data };
        if addr.is_none() {
            let repeat = arguments(options, model, &server.data).join(" ");
            return Err(format!("the server did not start; see what pentad {repeat} says"));
        }
        Ok(server)
    }

    /// Asks it to end, and waits for it.
    fn end(mut self) {
        let pid = Pid::from_child(&self.child);
        let until = Instant::now() + END_PATIENCE;
        if kill_process(pid, Signal::TERM).is_ok() {
            while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both do nothing if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// The way to start that server by hand, but for the last two.
fn arguments(options: &Options, model: Model, data: &Path) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["study", "serve", "--model", model.name()].map(Into::into).to_vec();
    let mut flag = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
    flag("service", options.service.name().to_owned());
    flag("workers", options.workers.to_string());
    flag("listen", "127.0.0.1:0".to_owned());
    if options.service == Service::Legacy {
        let (from, to) = (options.service_time.start(), options.service_time.end());
        flag("service-time", format!("{}ms-{}ms", from.as_millis(), to.as_millis()));
    }
    if let Some(seed) = options.seed {
        flag("seed", seed.to_string());
    }
    flag("data", data.display().to_string());
    flag("with-parent", process::id().to_string());
    arguments
}

/// The address that a server says it listens on, once it has said that it is ready.
fn address(out: &mut impl BufRead) -> Option<SocketAddr> {
    let mut addr = None;
    for line in out.lines() {
        let line = line.ok()?;
        if line == "ready" {
            return addr;
        }
        addr = line.rsplit(' ').next().and_then(|text| text.parse().ok());
    }
    None
}

/// A signal that asks for the end, as something to look at.
struct Caught(Arc<AtomicUsize>);

impl Caught {
    fn start() -> io::Result<Caught> {
        let caught = Arc::new(AtomicUsize::new(0));
        for signal in [Signal::INT, Signal::TERM].map(Signal::as_raw) {
            signal_hook::flag::register_usize(signal, Arc::clone(&caught), signal as usize)?;
        }
        Ok(Caught(caught))
    }

    fn exit(&self) -> Option<Exit> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal if signal == Signal::INT.as_raw() as usize => Some(Exit::Interrupted),
            _ => Some(Exit::Terminated),
        }
    }
}
