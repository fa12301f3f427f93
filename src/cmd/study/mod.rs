//! `pentad study serve | run`: the same sessions under seven serving models.
//!
//! `serve` is a server under one model, for looking at; `run` starts one for each model, plays
//! the same load against them and shows what differs.

use super::{Exit, affordable, complain, print};
use crate::config::{suggest, value};
use crate::study::{self, Model, Need};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

mod report;
mod run;
mod serve;

/// The command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let options = match Options::read(args) {
        Ok(Some(options)) => options,
        Ok(None) => return print(HELP),
        Err(error) => {
            let error = suggest::explained(&error, HELP);
            complain(format_args!("study: {error}; pentad study --help explains"));
            return Exit::Usage;
        }
    };
    match options.what {
        What::Serve => serve::command(&options),
        What::Run => run::command(&options),
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
struct Options {
    what: What,
    models: Vec<Model>,
    service: Service,
    workers: usize,
    connections_max: usize,
    /// Between these the legacy service draws its delay.
    service_time: RangeInclusive<Duration>,
    seed: Option<u64>,
    listen: Option<SocketAddr>,
    data: PathBuf,
    /// The process that started this one, if its end is to be the end of this one.
    parent: Option<u32>,
    clients: Vec<usize>,
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Serve,
    Run,
}

/// A service that can be studied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Legacy,
    Pow,
    Web,
    /// Its peers hear of each other, which only the loop lets them.
    Chat,
}

impl Service {
    const ALL: [(&str, Service); 4] = [
        ("legacy", Service::Legacy),
        ("pow", Service::Pow),
        ("web", Service::Web),
        ("chat", Service::Chat),
    ];

    fn name(self) -> &'static str {
        match self {
            Service::Legacy => "legacy",
            Service::Pow => "pow",
            Service::Web => "web",
            Service::Chat => "chat",
        }
    }

    /// Why it cannot be served under that model at all, if so.
    fn refusal(self, model: Model) -> Option<&'static str> {
        match self {
            Service::Legacy | Service::Pow | Service::Web => None,
            Service::Chat => model.lacks(Need::Letters),
        }
    }

    /// What does not work under that model, although the rest does.
    fn gap(self, model: Model) -> Option<String> {
        match self {
            Service::Legacy | Service::Pow | Service::Chat => None,
            Service::Web => {
                let reason = model.lacks(Need::Dialling)?;
                Some(format!("{}: /legacy_pi gets no answers: {reason}", model.name()))
            }
        }
    }
}

impl Options {
    fn new(what: What) -> Options {
        Options {
            what,
            models: Vec::new(),
            service: Service::Legacy,
            workers: 8,
            connections_max: 0,
            service_time: match what {
                What::Serve => Duration::from_millis(500)..=Duration::from_millis(500),
                What::Run => Duration::from_millis(100)..=Duration::from_millis(500),
            },
            seed: None,
            listen: None,
            data: PathBuf::from("./pentad-data"),
            parent: None,
            clients: vec![50, 100, 150, 200, 250, 300],
            out: PathBuf::from("."),
        }
    }

    /// The options, or nothing if help was wanted.
    fn read(args: Vec<OsString>) -> Result<Option<Options>, lexopt::Error> {
        let mut parser = Parser::from_args(args);
        let what = match parser.next()? {
            Some(Arg::Value(word)) if word == "serve" => What::Serve,
            Some(Arg::Value(word)) if word == "run" => What::Run,
            Some(Arg::Long("help") | Arg::Short('h')) => return Ok(None),
            Some(Arg::Value(word)) => {
                let hint = suggest::hint(&word.to_string_lossy(), ["serve", "run"]);
                return Err(format!("neither serve nor run: {word:?}{hint}").into());
            }
            Some(other) => return Err(other.unexpected()),
            None => return Err("serve or run?".into()),
        };
        let mut options = Options::new(what);
        let mut timed = false;
        while let Some(arg) = parser.next()? {
            let name = match arg {
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Long(name) => name.to_owned(),
                Arg::Short(_) | Arg::Value(_) => return Err(arg.unexpected()),
            };
            timed |= name == "service-time";
            options.set(&name, &mut parser)?;
        }
        options.check(timed)?;
        Ok(Some(options))
    }

    fn set(&mut self, name: &str, parser: &mut Parser) -> Result<(), lexopt::Error> {
        let both = ["service", "workers", "service-time", "seed"];
        let own: &[&str] = match self.what {
            What::Serve => &["model", "listen", "max-connections", "data", "with-parent"],
            What::Run => &["models", "clients", "out"],
        };
        let known = || both.iter().chain(own).copied();
        if !known().any(|known| known == name) {
            let hint = suggest::nearest(name, known());
            let hint = hint.map_or(String::new(), |near| format!("; did you mean --{near}?"));
            return Err(format!("unknown option --{name}{hint}").into());
        }
        let text = parser.value()?.string()?;
        let flag = |why: String| lexopt::Error::from(format!("--{name}: {why}"));
        self.store(name, &text).map_err(flag)
    }

    fn store(&mut self, name: &str, text: &str) -> Result<(), String> {
        match name {
            "service" => self.service = value::word(text, &Service::ALL)?,
            "workers" => self.workers = value::count(text, 1..=study::CONNECTIONS_MAX)?,
            "service-time" => self.service_time = range(text)?,
            "seed" => self.seed = Some(value::count(text, 0..=u64::MAX)?),
            "model" => self.models = vec![model(text)?],
            "models" => self.models = text.split(',').map(model).collect::<Result<_, _>>()?,
            "listen" => self.listen = Some(value::address(text)?),
            "max-connections" => {
                self.connections_max = value::count(text, 0..=study::CONNECTIONS_MAX)?;
            }
            "data" => self.data = value::path(text)?,
            "with-parent" => self.parent = Some(value::count(text, 1..=i32::MAX as u32)?),
            "clients" => {
                let count = |text| value::count(text, 1..=CLIENTS_MAX);
                self.clients = text.split(',').map(count).collect::<Result<_, _>>()?;
                self.clients.sort_unstable();
                self.clients.dedup();
            }
            "out" => self.out = value::path(text)?,
            other => unreachable!("{other} is among the known names"),
        }
        Ok(())
    }

    fn check(&mut self, timed: bool) -> Result<(), String> {
        if timed && self.service != Service::Legacy {
            return Err(format!("--service-time is for legacy, not {}", self.service.name()));
        }
        match self.what {
            What::Serve => match self.models[..] {
                [] => return Err(format!("--model is needed: {}", names(&Model::ALL))),
                [model] => {
                    if let Some(reason) = self.service.refusal(model) {
                        let (model, service) = (model.name(), self.service.name());
                        return Err(format!("{model} cannot serve {service}: {reason}"));
                    }
                }
                [..] => unreachable!("--model sets one"),
            },
            What::Run if self.models.is_empty() => self.models = Model::ALL.to_vec(),
            What::Run => {}
        }
        Ok(())
    }
}

fn model(text: &str) -> Result<Model, String> {
    value::word(text, &Model::ALL.map(|model| (model.name(), model)))
}

/// `300ms`, or `100ms-500ms`.
fn range(text: &str) -> Result<RangeInclusive<Duration>, String> {
    let one = |text| value::duration(text, Duration::ZERO..=SERVICE_TIME_MAX);
    match text.split_once('-') {
        None => one(text).map(|time| time..=time),
        Some((from, to)) => {
            let (from, to) = (one(from)?, one(to)?);
            if from > to { Err(format!("{text} ends before it begins")) } else { Ok(from..=to) }
        }
    }
}

fn names(models: &[Model]) -> String {
    models.iter().map(|model| model.name()).collect::<Vec<_>>().join(", ")
}

/// Clients at once: each is a thread and a descriptor here.
const CLIENTS_MAX: usize = 900;

/// A study is over before the reader has forgotten what it was about.
const SERVICE_TIME_MAX: Duration = Duration::from_mins(1);

const HELP: &str = "\
The same sessions under seven serving models

Usage: pentad study serve --model MODEL [OPTIONS]
       pentad study run [OPTIONS]

Models:
  iterative     one client at a time
  threaded      a thread per connection
  forked        a process per connection
  prethreaded   N threads, one accepting at a time
  preforked     N processes on one listener
  acceptor      an acceptor and a pool of N threads
  loop          the event loop, one thread

Options of both:
  --service legacy|pow|web|chat  What is served [default: legacy]
  --workers N                    Threads or processes of the models that start them first, and
                                 workers of the loop [default: 8]
  --service-time TIME[-TIME]     How long the legacy service takes for a client, drawn from this
                                 range [default: 500ms for serve, 100ms-500ms for run]
  --seed N                       Make randomness repeatable

serve:
  --model MODEL                  The model
  --listen ADDR                  Where [default: the address that `pentad serve` has for it]
  --max-connections N            Clients at a time of threaded, forked and loop
                                 [default: 1000; 65536 for loop]
  --data DIR                     Where the web service counts [default: ./pentad-data]
  --with-parent PID              End when that process, which started this one, ends

run:
  --models NAMES                 Just these, such as forked,loop [default: all]
  --clients NUMBERS              How many come at once, run by run
                                 [default: 50,100,150,200,250,300]
  --out DIR                      Where study.json, study.md and study.svg go [default: .]

Examples:
  pentad study serve --model preforked --workers 4 --listen 127.0.0.1:0
  pentad study run --service legacy --clients 10,20,40 --out study
";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Options>, String> {
        Options::read(args.split_whitespace().map(OsString::from).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn flags_become_options() {
        let run = "run --models loop,forked --clients 3,1,3 --service-time 100ms-0.5s --workers=2";
        let options = read(run).unwrap().unwrap();
        assert_eq!(options.models, [Model::Loop, Model::Forked]);
        assert_eq!(options.clients, [1, 3]);
        assert_eq!(options.service_time, Duration::from_millis(100)..=Duration::from_millis(500));
        assert_eq!(options.workers, 2);
        assert_eq!(read("run").unwrap().unwrap().models, Model::ALL);
        assert_eq!(read("serve --help"), Ok(None));
    }

    #[test]
    fn mistakes_are_named() {
        for (args, expected) in [
            ("", "serve or run?"),
            ("dance", "neither serve nor run: \"dance\""),
            ("serve", "--model is needed: iterative, threaded"),
            ("serve --model thraeded", "did you mean threaded?"),
            ("serve --modle loop", "unknown option --modle; did you mean --model?"),
            ("serve --model loop --clients 3", "unknown option --clients"),
            ("run --service-time 500ms-100ms", "ends before it begins"),
            ("run --service pow --service-time 1s", "--service-time is for legacy, not pow"),
            ("run --clients 0", "--clients: 0 is too small"),
        ] {
            let error = read(args).unwrap_err();
            assert!(error.contains(expected), "{args}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_served_has_its_reason() {
        for (model, reason) in [
            ("iterative", "iterative cannot serve chat: the second peer waits"),
            ("forked", "forked cannot serve chat: processes share no lobby"),
            ("preforked", "preforked cannot serve chat: processes share no lobby"),
            ("threaded", "threaded cannot serve chat: a thread that waits in a read"),
        ] {
            let error = read(&format!("serve --service chat --model {model}")).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
        assert_eq!(Service::Chat.refusal(Model::Loop), None);
        assert!(Service::Web.gap(Model::Forked).is_some_and(|gap| gap.contains("/legacy_pi")));
        assert_eq!(Service::Web.gap(Model::Loop), None);
    }

    #[test]
    fn the_help_knows_every_model() {
        for model in Model::ALL {
            let line = format!("  {:<14}{}\n", model.name(), model.about());
            assert!(HELP.contains(&line), "{line}");
        }
        assert!(HELP.lines().all(|line| line.chars().count() <= 99));
    }
}
