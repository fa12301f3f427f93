//! `pentad bench chat`: a helpdesk over real sockets, and whether it loses as many visitors as
//! queueing theory says.
//!
//! The server is a child process; agents and visitors are client sessions of one loop. With
//! `--speed` all times shrink by the same factor, so that a long study takes a short while.

use super::super::{Exit, complain, print, read_options};
use super::server::Server;
use crate::app::{Endpoint, Transport};
use crate::client::chat::theory::{lost_share, standard_error};
use crate::client::chat::{Helpdesk, Kind, Plan, Run, Service};
use crate::config::table::{Group, Opt, help, put, valued};
use crate::config::{Config, Syntax, unexpected, value};
use crate::limits;
use crate::net::{self, Load, Loader, Stop};
use std::ffi::OsString;
use std::fmt::Write;
use std::time::Duration;
use std::{fs, io};

pub(super) const ABOUT: &str = "Agents who serve, and visitors who come by chance: what each \
    agent's screen says, load factors, and the share of lost visitors beside the one that is \
    predicted";

/// The arguments of the bench.
pub(super) static SYNTAX: Syntax<Options> =
    Syntax { groups: &GROUPS, operand: unexpected, finish: |_| Ok(()) };

static GROUPS: [Group<Options>; 1] = [Group { title: "Options of bench chat", options: &OPTIONS }];

static OPTIONS: [Opt<Options>; 9] = [
    valued("clients", "N", "1000", "Visitors", |d, v| {
        put(&mut d.clients, value::count(v, 1..=1_000_000))
    }),
    valued("agents", "N", "3", "Agents", |d, v| put(&mut d.agents, value::count(v, 1..=1000))),
    valued("arrival", "RATE", "9", "Visitors a second, by chance", |d, v| {
        put(&mut d.arrival, positive(v))
    }),
    valued(
        "service",
        "TIME",
        "100ms-500ms",
        "How long a visitor is served: exp:1s by chance, 100ms-500ms anything between, or always \
         the same",
        |d, v| put(&mut d.service, service(v)),
    ),
    valued("wait", "TIME", "2s", "How long a visitor waits", |d, v| {
        put(&mut d.wait, value::duration(v, Duration::ZERO..=TIME_MAX))
    }),
    valued("names", "FILE", "", "Names of visitors, one a line", |d, v| {
        put(&mut d.names, names(v))
    }),
    valued("speed", "X", "1", "How many times faster everything goes", |d, v| {
        put(&mut d.speed, positive(v))
    }),
    valued("seed", "N", "1", "Make chance repeatable", |d, v| {
        put(&mut d.seed, value::count(v, 0..=u64::MAX))
    }),
    help(),
];

/// The options of the bench.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    clients: u64,
    agents: u32,
    arrival: f64,
    service: Service,
    wait: Duration,
    names: Vec<String>,
    speed: f64,
    seed: u64,
}

/// Runs the bench with the arguments behind its name.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let options = match read_options("bench chat", SYNTAX.read(args, Options::default())) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    match run(&options) {
        Ok((run, stop)) => {
            let printed = print(&report(&options, &run));
            match stop {
                Stop::Interrupted => Exit::Interrupted,
                Stop::Terminated => Exit::Terminated,
                Stop::Time | Stop::Gone | Stop::Enough if run.settled() < options.clients => {
                    complain("bench chat: not all visitors came to an end");
                    Exit::Failed
                }
                Stop::Time | Stop::Gone | Stop::Enough => printed,
            }
        }
        Err(error) => {
            complain(format_args!("bench chat: {error}"));
            Exit::Failed
        }
    }
}

impl Default for Options {
    /// The table's defaults are written over it.
    fn default() -> Options {
        Options {
            clients: 0,
            agents: 0,
            arrival: 0.0,
            service: Service::Exponential(Duration::ZERO),
            wait: Duration::ZERO,
            names: Vec::new(),
            speed: 0.0,
            seed: 0,
        }
    }
}

impl Options {
    /// Names and secrets of the agents.
    fn agents(&self) -> Vec<(String, String)> {
        let agent = |number| (format!("agent-{number}"), format!("secret-{number}"));
        (1..=self.agents).map(agent).collect()
    }
}

/// A bench takes no longer than an hour.
const TIME_MAX: Duration = Duration::from_secs(3600);

fn positive(text: &str) -> Result<f64, String> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = text.parse::<f64>().ok().filter(|n| plain && *n > 0.0 && *n <= 100_000.0);
    number.ok_or_else(|| format!("`{text}` is no number above 0 and up to 100000"))
}

fn names(path: &str) -> Result<Vec<String>, String> {
    let lines = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let names = lines.lines().map(str::trim).filter(|name| !name.is_empty());
    let names = names.map(str::to_owned).collect::<Vec<_>>();
    match names.iter().find(|name| !crate::wire::chat::is_name(name)) {
        Some(bad) => Err(format!("{path}: `{bad}` cannot be the name of a visitor")),
        None => Ok(names),
    }
}

/// `exp:1s`, `100ms-500ms` or `300ms`.
fn service(text: &str) -> Result<Service, String> {
    let one = |text| value::duration(text, Duration::from_millis(1)..=TIME_MAX);
    if let Some(mean) = text.strip_prefix("exp:") {
        return one(mean).map(Service::Exponential);
    }
    match text.split_once('-') {
        None => one(text).map(|time| Service::Uniform(time, time)),
        Some((least, most)) => match (one(least)?, one(most)?) {
            (least, most) if least <= most => Ok(Service::Uniform(least, most)),
            (..) => Err(format!("{text} ends before it begins")),
        },
    }
}

fn run(options: &Options) -> io::Result<(Run, Stop)> {
    let agents = options.agents();
    if net::affordable(agents.len() + 1) <= agents.len() {
        let few = format!("no descriptors for {} agents: raise ulimit -n", agents.len());
        return Err(io::Error::other(few));
    }
    let faster = |time: Duration| time.div_f64(options.speed);
    let wait = format!("{}ms", faster(options.wait).as_secs_f64() * 1000.0);
    let mut args = vec!["--chat-wait".to_owned(), round(&wait)];
    args.extend(["--chat-queue".to_owned(), QUEUE.to_string()]);
    for (name, secret) in &agents {
        args.extend(["--agent".to_owned(), format!("{name}:{secret}")]);
    }
    // First, so that a signal lets go of everything on its way out.
    let mut loader = Loader::start()?;
    let server = match Server::start(&["chat"], &args) {
        Ok(server) => server,
        Err(error) => return loader.signalled().map(|stop| (Run::default(), stop)).ok_or(error),
    };
    let service = match options.service {
        Service::Exponential(mean) => Service::Exponential(faster(mean)),
        Service::Uniform(least, most) => Service::Uniform(faster(least), faster(most)),
    };
    let to = Endpoint { transport: Transport::Tcp, addr: server.addr("chat") };
    let plan = Plan {
        to,
        clients: options.clients,
        arrival: options.arrival * options.speed,
        service,
        names: options.names.clone().into(),
        agents,
    };
    let mut config = Config::default();
    // Visitors come while others still wait for the server's end of their connection.
    config.limits.max_connections = limits::CONNECTIONS_MAX;
    let expected = Duration::from_secs_f64(options.clients as f64 / plan.arrival);
    let loaded = loader.run::<Helpdesk>(Load {
        to,
        kind: Kind::Agent,
        connections: options.agents as usize,
        time: expected * 3 + service.mean() * 20 + options.wait + GRACE,
        world: Run::new(plan),
        limits: config.limits,
        seed: options.seed,
        farewell: None,
    })?;
    Ok((loaded.world, loaded.stop))
}

/// Whole milliseconds, which is what flags take.
fn round(ms: &str) -> String {
    let number = ms.trim_end_matches("ms").parse::<f64>().unwrap_or(0.0);
    format!("{number:.0}ms")
}

/// The server's bound: what waits longer than a patience is lost before it is reached.
const QUEUE: usize = 10_000;

/// For the last visitors, and for the figures.
const GRACE: Duration = Duration::from_secs(20);

fn report(options: &Options, run: &Run) -> String {
    let mut text = String::new();
    let factors = agents(&mut text, run);
    let mean = factors.iter().sum::<f64>() / factors.len().max(1) as f64;
    let _ = writeln!(text, "Average load factor: {mean:.4}\n");
    identity(&mut text, run);
    compare(&mut text, options, run);
    text
}

/// The eight fields of each agent, and its load factor.
fn agents(text: &mut String, run: &Run) -> Vec<f64> {
    let mut factors = Vec::new();
    for screen in &run.screens {
        for line in screen.iter().take(8) {
            let _ = writeln!(text, "{line}");
        }
        let factor = figure(screen, "total load factor");
        let shown = factor.map_or("none".to_owned(), |factor| format!("{factor:.4}"));
        let _ = writeln!(text, "Load factor: {shown}\n");
        factors.extend(factor);
    }
    factors
}

/// Compares the server's counts with those of its visitors.
fn identity(text: &mut String, run: &Run) {
    let of = |name: &str| figure(&run.overall, &format!("total {name}")).unwrap_or(0.0);
    let abandoned = of("abandoned") + of("short-abandoned");
    let (handled, lost, blocked) = (of("handled"), of("lost"), of("blocked"));
    let sum = handled + lost + abandoned + blocked;
    let sign = if sum == run.sent as f64 { "=" } else { "≠" };
    let _ = writeln!(
        text,
        "offered {} {sign} handled {handled} + lost {lost} + abandoned {abandoned} + \
         blocked {blocked}",
        run.sent
    );
    let same = handled == run.handled as f64 && lost == run.lost as f64;
    if !same || run.failed > 0 {
        let Run { handled, lost, failed, .. } = run;
        let _ = writeln!(text, "visitors say: handled {handled}, lost {lost}, failed {failed}");
    }
}

fn compare(text: &mut String, options: &Options, run: &Run) {
    let mean = options.service.mean().as_secs_f64();
    let share =
        |mu: f64| lost_share(options.arrival, mu, options.agents, options.wait.as_secs_f64());
    let predicted = share(1.0 / mean);
    let count = run.settled();
    let measured = run.lost as f64 / count.max(1) as f64;
    let error = standard_error(predicted, count);
    let approximate = match options.service {
        Service::Exponential(_) => "",
        Service::Uniform(..) => " (approximate: the formula assumes exp)",
    };
    let _ = writeln!(
        text,
        "lost: measured {:.2} %, predicted {:.2} %{approximate}, difference {:+.2} standard errors \
         of {:.2} %",
        100.0 * measured,
        100.0 * predicted,
        (measured - predicted) / error.max(1e-12),
        100.0 * error
    );
    if let Some(aht) = figure(&run.overall, "total AHT") {
        let aht = aht * options.speed;
        let with = 100.0 * share(1.0 / aht);
        let _ = writeln!(text, "AHT: measured {aht:.4} s, asked {mean:.4} s; with it {with:.2} %");
    }
}

/// The value of a line `name: value`.
fn figure(lines: &[String], name: &str) -> Option<f64> {
    let mut values = lines.iter().filter_map(|line| line.split_once(": "));
    values.find(|(other, _)| *other == name)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Options>, String> {
        SYNTAX.read(args.split_whitespace().map(OsString::from).collect(), Options::default())
    }

    #[test]
    fn flags_become_options() {
        let options =
            read("--clients 5 --arrival 2.5 --service exp:1s --agents=2").unwrap().unwrap();
        assert_eq!((options.clients, options.agents, options.arrival), (5, 2, 2.5));
        assert_eq!(options.service, Service::Exponential(Duration::from_secs(1)));
        assert_eq!(service("300ms").unwrap().mean(), Duration::from_millis(300));
        assert_eq!(service("100ms-500ms").unwrap().mean(), Duration::from_millis(300));
        assert_eq!(read("--help"), Ok(None));
        for wrong in
            ["x", "--dance 1", "--clients 0", "--arrival 0", "--service 5s-1s", "--names /missing"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_report_has_the_fields_the_identity_and_both_shares() {
        let options = read("--service exp:1s --arrival 2 --wait 1s").unwrap().unwrap();
        let screen = ["Name: agent-1", "total load factor: 0.9"].map(str::to_owned).to_vec();
        let overall = ["total handled: 90", "total lost: 10", "total AHT: 1.1"];
        let mut run = Run::default();
        (run.sent, run.handled, run.lost) = (100, 90, 10);
        run.screens = vec![screen];
        run.overall = overall.map(str::to_owned).to_vec();
        let text = report(&options, &run);
        assert!(text.starts_with("Name: agent-1\n"), "{text}");
        assert!(text.contains("Load factor: 0.9000\n\nAverage load factor: 0.9000\n"), "{text}");
        assert!(
            text.contains("offered 100 = handled 90 + lost 10 + abandoned 0 + blocked 0\n"),
            "{text}"
        );
        assert!(text.contains("measured 10.00 %, predicted 6.12 %, difference +1.62"), "{text}");
    }
}
