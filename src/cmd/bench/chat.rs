//! `pentad bench chat`: a helpdesk over real sockets, and whether it loses as many visitors as
//! queueing theory says.
//!
//! The server is a child process; agents and visitors are client sessions of one loop. With
//! `--speed` all times shrink by the same factor, so that a long study takes a short while.

use super::super::{Exit, complain, print};
use super::server::Server;
use super::world;
use crate::client::chat::theory::{lost_share, standard_error};
use crate::client::chat::{Plan, Run, Service};
use crate::config::{Config, suggest, value};
use crate::limits;
use crate::net::{self, Load, Loader, Stop};
use crate::service::{Endpoint, Kind, Transport};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::fmt::Write;
use std::time::Duration;
use std::{fs, io};

pub(super) const HELP: &str = "\
Usage: pentad bench chat [OPTIONS]

  chat      Agents who serve, and visitors who come by chance: what each agent's screen says,
            load factors, and the share of lost visitors beside the one that is predicted

Options:
  --clients N       Visitors [default: 1000]
  --agents N        Agents [default: 3]
  --arrival RATE    Visitors a second, by chance [default: 9]
  --service TIME    How long a visitor is served: exp:1s by chance, 100ms-500ms anything between,
                    or always the same [default: 100ms-500ms]
  --wait TIME       How long a visitor waits [default: 2s]
  --names FILE      What visitors are called, a name a line
  --speed X         All times are this much shorter [default: 1]
  --seed N          Make chance repeatable
";

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
struct Options {
    clients: u64,
    agents: u32,
    arrival: f64,
    service: Service,
    wait: Duration,
    names: Vec<String>,
    speed: f64,
    seed: u64,
}

/// The command with its arguments, behind `chat`.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let options = match Options::read(args) {
        Ok(Some(options)) => options,
        Ok(None) => return print(HELP),
        Err(error) => {
            let error = suggest::explained(&error, HELP);
            complain(format_args!("bench chat: {error}\n\n{HELP}"));
            return Exit::Usage;
        }
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

impl Options {
    fn read(args: Vec<OsString>) -> Result<Option<Options>, lexopt::Error> {
        let mut options = Options {
            clients: 1000,
            agents: 3,
            arrival: 9.0,
            service: Service::Uniform(Duration::from_millis(100), Duration::from_millis(500)),
            wait: Duration::from_secs(2),
            names: Vec::new(),
            speed: 1.0,
            seed: 1,
        };
        let mut parser = Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            let name = match arg {
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Long(name) => name.to_owned(),
                Arg::Short(_) | Arg::Value(_) => return Err(arg.unexpected()),
            };
            if !NAMES.contains(&name.as_str()) {
                return Err(lexopt::Error::UnexpectedOption(format!("--{name}")));
            }
            let text = parser.value()?.string()?;
            let flag = |why: String| lexopt::Error::from(format!("--{name}: {why}"));
            options.set(&name, &text).map_err(flag)?;
        }
        Ok(Some(options))
    }

    fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        match name {
            "clients" => self.clients = value::count(text, 1..=1_000_000)?,
            "agents" => self.agents = value::count(text, 1..=1000)?,
            "arrival" => self.arrival = positive(text)?,
            "service" => self.service = service(text)?,
            "wait" => self.wait = value::duration(text, Duration::ZERO..=TIME_MAX)?,
            "speed" => self.speed = positive(text)?,
            "seed" => self.seed = value::count(text, 0..=u64::MAX)?,
            "names" => {
                let lines = fs::read_to_string(text).map_err(|error| format!("{text}: {error}"))?;
                let names = lines.lines().map(str::trim).filter(|name| !name.is_empty());
                self.names = names.map(str::to_owned).collect();
                if let Some(bad) = self.names.iter().find(|name| !crate::wire::chat::is_name(name))
                {
                    return Err(format!("`{bad}` cannot be the name of a visitor"));
                }
            }
            other => unreachable!("{other} is among the known names"),
        }
        Ok(())
    }

    /// Names and secrets of the agents.
    fn agents(&self) -> Vec<(String, String)> {
        let agent = |number| (format!("agent-{number}"), format!("secret-{number}"));
        (1..=self.agents).map(agent).collect()
    }
}

const NAMES: [&str; 8] =
    ["clients", "agents", "arrival", "service", "wait", "names", "speed", "seed"];

/// Longer than anybody waits for a figure.
const TIME_MAX: Duration = Duration::from_secs(3600);

fn positive(text: &str) -> Result<f64, String> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = text.parse::<f64>().ok().filter(|n| plain && *n > 0.0 && *n <= 100_000.0);
    number.ok_or_else(|| format!("`{text}` is no number above 0 and up to 100000"))
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
    let mut world = world();
    let expected = Duration::from_secs_f64(options.clients as f64 / plan.arrival);
    world.helpdesk = Run::new(plan);
    let loaded = loader.run(Load {
        to,
        kind: Kind::Helper,
        connections: options.agents as usize,
        time: expected * 3 + service.mean() * 20 + options.wait + GRACE,
        world,
        limits: config.limits,
        seed: options.seed,
        farewell: None,
    })?;
    Ok((loaded.world.helpdesk, loaded.stop))
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

/// What the server counted, and what its visitors did.
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
        let args = args.split_whitespace().map(OsString::from).collect();
        Options::read(args).map_err(|error| error.to_string())
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
