//! `pentad load`: the load tester. One loop, many client sessions, one plan.
//!
//! The name is looked up and the request is rendered once, before anything is measured.

mod condition;
mod document;
mod options;
mod result;
mod text;
mod url;
mod watch;

use super::{DataDir, Exit, affordable, complain, print, read_options};
use crate::app::{Endpoint, Transport};
use crate::client::load::{Ask, LoadTest, Plan, Run, RunOver, SLOW_BODY_BYTES, Scope, Seat};
use crate::limits::{KIB, Limits};
use crate::net::{Clock, Load, Loaded, Loader, NoAddress, Shortage, Stop, Watch, cannot};
use crate::report::{Report, changes};
use crate::wire::http::Method;
use crate::wire::request::{self, Request};
use crate::work::reports::Reports;
use document::Document;
pub(super) use options::SYNTAX;
use options::{Format, Options};
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};
use watch::Progress;

/// The command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let options = match read_options("load", options::parse(args)) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let run = if options.debug { debug(&options) } else { measure(options) };
    run.unwrap_or_else(|early| match early {
        Early::Stopped(exit) => exit,
        Early::Failed(error) => {
            complain(format_args!("load: {error}"));
            Exit::Failed
        }
    })
}

/// Why there is no result.
enum Early {
    /// A signal came before the run.
    Stopped(Exit),
    Failed(io::Error),
}

impl From<io::Error> for Early {
    fn from(error: io::Error) -> Early {
        Early::Failed(error)
    }
}

fn measure(mut options: Options) -> Result<Exit, Early> {
    let before = options.compare.as_deref().map(|id| earlier(&options, id)).transpose()?;
    options.connections = affordable("load", options.connections);
    let options = &options;
    let began = SystemTime::now();
    let loaded = drive(options, None)?;
    let run = &loaded.world;
    let counted = loaded.elapsed.saturating_sub(options.warmup);
    let document = Document::new(options, run, counted, began);
    let report = document.report();
    let written = text::rendered(options, run, counted, &report, &document.result());
    let printed = match &options.output {
        Some(file) => {
            let named = cannot(format!("write {}", file.display()));
            std::fs::write(file, &written).map(|()| Exit::Ok).map_err(named)?
        }
        None => print(&written),
    };
    warn(options, &loaded);
    if saw_something(run) || options.format == Format::Lines {
        keep(options, &document);
    }
    if let Some(before) = before {
        let text = changes(&before, &report);
        match (options.format, &options.output) {
            (Format::Text, None) => {
                let _ = print(&format!("\n{text}"));
            }
            (_, _) => text.lines().for_each(complain),
        }
    }
    let at_least = result::at_least(run);
    let held = options.fail_if.iter().filter_map(|condition| {
        let measured = condition.held(document.value(), &at_least)?;
        complain(format_args!("load: {} ({measured})", condition.text()));
        Some(())
    });
    let held = held.count();
    Ok(match loaded.stop {
        Stop::Interrupted => Exit::Interrupted,
        Stop::Terminated => Exit::Terminated,
        Stop::Time | Stop::Gone | Stop::Enough if is_useless(run) => {
            complain(format_args!("load: nothing worked ({})", document::errors(run)));
            Exit::Failed
        }
        Stop::Time | Stop::Gone | Stop::Enough if held > 0 => Exit::Threshold,
        Stop::Time | Stop::Gone | Stop::Enough => printed,
    })
}

/// Returns whether there is anything to report: an answer, or a connection of a slow client.
fn saw_something(run: &Run) -> bool {
    match run.plan.slow {
        None => result::answers(run) > 0,
        Some(_) => run.tally.connected > 0,
    }
}

/// Not one answer that is of use: none at all, or errors alone. To a slow client, not one
/// connection.
fn is_useless(run: &Run) -> bool {
    match run.plan.slow {
        None => run.tally.ok == 0,
        Some(_) => run.tally.connected == 0,
    }
}

/// Runs the plan to its end.
fn drive(options: &Options, transcript: Option<Vec<u8>>) -> Result<Loaded<Run>, Early> {
    let mut loader = Loader::start()?;
    let url = &options.url;
    let addr = loader.look_up(&url.address, options.timeout).map_err(|none| match none {
        NoAddress::Stopped(Stop::Terminated) => Early::Stopped(Exit::Terminated),
        NoAddress::Stopped(_) => Early::Stopped(Exit::Interrupted),
        NoAddress::Unknown(error) => {
            Early::Failed(io::Error::other(format!("{}: {error}", url.address)))
        }
    })?;
    let time = options.warmup + options.duration;
    let limits = Limits {
        // The only patience is that of -t, if any; a body is read from while it is sent.
        send_timeout: time + options.timeout * 2,
        min_rate: 0,
        output_high: usize::MAX,
        head_bytes: HEAD_BYTES,
        ..Limits::default()
    };
    // Last: the clock of the plan starts with it.
    let plan = plan(options, addr);
    let (to, connections, kind) = (plan.to, plan.connections, Seat::first(&plan));
    let world = Run::new(plan, limits, transcript);
    let farewell = Some(RunOver);
    let mut progress = Progress::new(options);
    let mut loaded = loader.run_watched::<LoadTest>(
        Load { to, kind, connections, time, world, limits, seed: 0, farewell },
        Clock::PerEvent,
        &mut Watch { every: watch::EVERY, look: &mut |run, now| progress.look(run, now) },
    )?;
    progress.wipe();
    loaded.world.end(loaded.world.plan.start + loaded.elapsed);
    Ok(loaded)
}

/// Bytes of a response head: as many as browsers read, whatever our own server accepts.
const HEAD_BYTES: usize = 256 * KIB;

fn plan(options: &Options, addr: SocketAddr) -> Plan {
    let start = Instant::now();
    let count_from = start + if options.debug { Duration::ZERO } else { options.warmup };
    let own = |name: &str| options.fields.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let scope = || {
        let (host, path) = options.url.host_and_path();
        Scope { host: host.to_owned(), path: path.to_owned() }
    };
    Plan {
        to: Endpoint { transport: Transport::Tcp, addr },
        asks: [rendered(options)].into(),
        connections: if options.debug { 1 } else { options.connections },
        depth: if options.slow.is_some() { 1 } else { options.pipeline },
        keep_alive: options.keep_alive,
        timeout: options.timeout,
        rate: options.rate,
        requests: if options.debug { Some(1) } else { options.requests },
        slow: options.slow,
        start,
        count_from,
        until: start + options.warmup + options.duration,
        cookies: (options.cookies && !own("cookie")).then(scope),
    }
}

/// The request as it goes out each time.
fn rendered(options: &Options) -> Ask {
    let given = |name: &str| options.fields.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let mut fields = Vec::new();
    if !given("user-agent") {
        fields.push(("User-Agent", concat!("pentad-load/", env!("CARGO_PKG_VERSION"))));
    }
    if !given("accept") {
        fields.push(("Accept", "*/*"));
    }
    if !options.keep_alive {
        fields.push(("Connection", "close"));
    }
    let own = options.fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host"));
    fields.extend(own.map(|(name, value)| (name.as_str(), value.as_str())));
    let host = options.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let mut request = Vec::new();
    let length = match (&options.body, options.slow) {
        // A body that never ends has a length that is never reached.
        (None, Some(crate::client::load::Slow::Body)) => Some(SLOW_BODY_BYTES),
        (body, _) => body.as_ref().map(Vec::len),
    };
    let head = Request {
        method: &options.method,
        target: &options.url.target,
        host: host.map_or(&options.url.authority, |(_, host)| host),
        fields: &fields,
        length,
    };
    request::print(&head, &mut request);
    let body_at = request.len();
    request.extend(options.body.iter().flatten());
    Ask { method: Method::of(&options.method), bytes: request.into(), body_at, number: None }
}

/// The report that is compared with, read before the run: it is no use without it.
fn earlier(options: &Options, id: &str) -> io::Result<Report> {
    let reports = Reports::of(&options.data);
    let id = match id {
        "last" => reports.ids()?.pop().ok_or_else(|| io::Error::other("no report is kept yet"))?,
        id => id.to_owned(),
    };
    super::report::read(&reports, &id)
}

/// Keeps the report and says where. One that cannot be kept is no reason to lose the result.
fn keep(options: &Options, document: &Document) {
    let reports = Reports::of(&options.data);
    let kept = DataDir::add(&options.data, || reports.keep(document.id(), &document.file()));
    let kept = kept.map_err(|error| error.to_string());
    let kept = kept.and_then(|kept| kept.map_err(|error| error.to_string()));
    match kept {
        // The server that started this knows the path.
        Ok(_) if options.format == Format::Lines => {}
        Ok(path) if options.format == Format::Text && options.output.is_none() => {
            let _ = print(&format!("\nreport {} in {}\n", document.id(), path.display()));
        }
        Ok(path) => complain(format_args!("load: report {} in {}", document.id(), path.display())),
        Err(error) => complain(format_args!("load: the report was not kept: {error}")),
    }
}

/// Warnings that the figures do not give by themselves.
fn warn(options: &Options, loaded: &Loaded<Run>) {
    let run = &loaded.world;
    if options.format == Format::Lines {
        return;
    }
    let busy = loaded.busy.as_secs_f64() / loaded.elapsed.as_secs_f64().max(1e-9);
    let long_enough = loaded.elapsed >= Duration::from_secs(1);
    if busy > BOTTLENECK && long_enough && options.slow.is_none() {
        complain(format_args!(
            "load: the client itself was busy {:.0} % of the time: it is slower than the server",
            busy * 100.0
        ));
    }
    let never_sent = run.tally.never_sent;
    if never_sent > options.connections as u64 {
        complain(format_args!(
            "load: {never_sent} requests were due and never sent: every connection was waiting; \
             with more of them (-c) the figures would be worse"
        ));
    }
    let Shortage { descriptors, ports } = loaded.shortage;
    for (count, of, remedy) in [
        (descriptors, "descriptors", "ulimit -n raises the limit"),
        (
            ports,
            "local ports",
            "those of connections that ended are kept for a minute; fewer \
            connections a second need fewer, so do more addresses",
        ),
    ] {
        if count > 0 {
            complain(format_args!(
                "load: {count} connections could not be begun for want of {of} on this machine, \
                 which says nothing of the server: {remedy}"
            ));
        }
    }
}

/// The client's own busy share beyond which its speed, and not the server's, is measured; in a run
/// that is long enough that making the connections is not most of it.
const BOTTLENECK: f64 = 0.9;

/// One exchange, both sides of it.
fn debug(options: &Options) -> Result<Exit, Early> {
    let loaded = drive(options, Some(Vec::new()))?;
    let run = &loaded.world;
    let side = |mark: &str, bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.split_inclusive('\n')
            .map(|line| format!("{mark} {}", visible(line)))
            .collect::<String>()
    };
    let answer = run.transcript.as_deref().unwrap_or_default();
    let text = format!("{}\n{}", side(">", &run.plan.asks[0].bytes), side("<", answer));
    let exit = print(&text);
    Ok(match loaded.stop {
        Stop::Interrupted => Exit::Interrupted,
        Stop::Terminated => Exit::Terminated,
        Stop::Time | Stop::Gone | Stop::Enough if result::answers(run) == 0 => {
            let errors = document::errors(run);
            complain(format_args!("load: no answer ({errors})"));
            Exit::Failed
        }
        Stop::Time | Stop::Gone | Stop::Enough => exit,
    })
}

/// A line with its ending, control bytes made harmless for a terminal.
fn visible(line: &str) -> String {
    let bare = line.trim_end_matches(['\r', '\n']);
    let shown = bare.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c });
    format!("{}\n", shown.collect::<String>())
}
