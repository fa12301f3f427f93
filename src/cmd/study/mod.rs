//! `pentad study serve | run`: the same sessions under seven serving models.
//!
//! `serve` is a server under one model, for looking at; `run` starts one for each model, plays
//! the same load against them and shows what differs.

use super::{Exit, affordable, complain, print, read_options};
use crate::config::table::{Group, Opt, Section, help, put, valued};
use crate::config::{Syntax, suggest, unexpected, value};
use crate::study::{self, Model, Need};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

mod report;
mod run;
mod serve;

/// Runs the command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    match read_options("study", Options::read(args)) {
        Ok(options) if options.what == What::Serve => serve::command(&options),
        Ok(options) => run::command(&options),
        Err(exit) => exit,
    }
}

static SERVE: Syntax<Options> =
    Syntax { groups: &SERVE_GROUPS, operand: unexpected, finish: Options::finish };
static RUN: Syntax<Options> =
    Syntax { groups: &RUN_GROUPS, operand: unexpected, finish: Options::finish };

/// The two commands, and the models.
pub(super) fn lists() -> Vec<super::List> {
    let models = Model::ALL.map(|model| (model.name(), model.about()));
    let commands = [
        ("serve", "Serve under one model, for a look at it"),
        ("run", "Start a server for each model, and compare them under the same load"),
    ];
    vec![("Commands", commands.to_vec()), ("Models", models.to_vec())]
}

/// The options of both commands.
pub(super) fn sections() -> Vec<Section> {
    let run = RUN.sections().into_iter().filter(|(title, _)| *title != BOTH_TITLE);
    SERVE.sections().into_iter().chain(run).collect()
}

const BOTH_TITLE: &str = "Options of both";

static SERVE_GROUPS: [Group<Options>; 2] = [
    Group { title: BOTH_TITLE, options: &BOTH_OPTIONS },
    Group { title: "Options of study serve", options: &SERVE_OPTIONS },
];

static RUN_GROUPS: [Group<Options>; 2] = [
    Group { title: BOTH_TITLE, options: &BOTH_OPTIONS },
    Group { title: "Options of study run", options: &RUN_OPTIONS },
];

static BOTH_OPTIONS: [Opt<Options>; 5] = [
    valued("service", "legacy|pow|web|chat", "legacy", "The service", |d, v| {
        put(&mut d.service, value::word(v, &Service::ALL))
    }),
    valued(
        "workers",
        "N",
        "8",
        "Threads or processes of the models that start them first, and workers of the loop",
        |d, v| put(&mut d.workers, value::count(v, 1..=study::CONNECTIONS_MAX)),
    ),
    valued(
        "service-time",
        "TIME[-TIME]",
        "",
        "How long the legacy service takes for a client, drawn from this range; without it 500ms \
         for serve, 100ms-500ms for run",
        |d, v| put(&mut d.timed, range(v).map(Some)),
    ),
    valued("seed", "N", "", "Make randomness repeatable", |d, v| {
        put(&mut d.seed, value::count(v, 0..=u64::MAX).map(Some))
    }),
    help(),
];

static SERVE_OPTIONS: [Opt<Options>; 5] = [
    valued("model", "MODEL", "", "The model", |d, v| {
        put(&mut d.models, model(v).map(|one| vec![one]))
    }),
    valued(
        "listen",
        "ADDR",
        "",
        "The address; without it, the one that pentad serve has for the service",
        |d, v| put(&mut d.listen, value::address(v).map(Some)),
    ),
    valued(
        "max-connections",
        "N",
        "0",
        "Clients at a time of threaded, forked and loop; 0 is 1000, or 65536 for loop",
        |d, v| put(&mut d.connections_max, value::count(v, 0..=study::CONNECTIONS_MAX)),
    ),
    valued("data", "DIR", "./pentad-data", "Where the web service counts", |d, v| {
        put(&mut d.data, value::path(v))
    }),
    valued("with-parent", "PID", "", "End when the process that started this one ends", |d, v| {
        put(&mut d.parent, value::count(v, 1..=i32::MAX as u32).map(Some))
    }),
];

static RUN_OPTIONS: [Opt<Options>; 3] = [
    valued("models", "NAMES", "", "Just these, such as forked,loop; without it, all", |d, v| {
        put(&mut d.models, v.split(',').map(model).collect())
    }),
    valued(
        "clients",
        "NUMBERS",
        "50,100,150,200,250,300",
        "How many come at once, run by run",
        |d, v| put(&mut d.clients, counts(v)),
    ),
    valued("out", "DIR", ".", "Where study.json, study.md and study.svg go", |d, v| {
        put(&mut d.out, value::path(v))
    }),
];

/// The options of both commands.
#[derive(Debug, Clone, PartialEq)]
struct Options {
    what: What,
    models: Vec<Model>,
    service: Service,
    workers: usize,
    connections_max: usize,
    /// Between these the legacy service draws its delay.
    service_time: RangeInclusive<Duration>,
    /// The same, if it was set.
    timed: Option<RangeInclusive<Duration>>,
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
            Service::Chat => model.lacks(Need::Messages),
        }
    }

    /// Returns the part that does not work under that model, although the rest does.
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
            workers: 0,
            connections_max: 0,
            service_time: Duration::ZERO..=Duration::ZERO,
            timed: None,
            seed: None,
            listen: None,
            data: PathBuf::new(),
            parent: None,
            clients: Vec::new(),
            out: PathBuf::new(),
        }
    }

    /// Reads the arguments; `None` if they ask for help.
    fn read(mut args: Vec<OsString>) -> Result<Option<Options>, String> {
        let first = args.first().map(|word| word.to_string_lossy().into_owned());
        let (syntax, what) = match first.as_deref() {
            None => return Err("serve or run?".into()),
            Some("-h" | "--help") => return Ok(None),
            Some("serve") => (&SERVE, What::Serve),
            Some("run") => (&RUN, What::Run),
            Some(word) => {
                let hint = suggest::hint(word, ["serve", "run"]);
                return Err(format!("neither serve nor run: {word:?}{hint}"));
            }
        };
        syntax.read(args.split_off(1), Options::new(what))
    }

    /// Checks the options together.
    fn finish(&mut self) -> Result<(), String> {
        if self.timed.is_some() && self.service != Service::Legacy {
            return Err(format!("--service-time is for legacy, not {}", self.service.name()));
        }
        let ms = Duration::from_millis;
        match (self.what, &self.models[..]) {
            (What::Serve, []) => {
                return Err(format!("--model is needed: {}", names(&Model::ALL)));
            }
            (What::Serve, [model, ..]) => {
                if let Some(reason) = self.service.refusal(*model) {
                    let (model, service) = (model.name(), self.service.name());
                    return Err(format!("{model} cannot serve {service}: {reason}"));
                }
            }
            (What::Run, []) => self.models = Model::ALL.to_vec(),
            (What::Run, [..]) => {}
        }
        self.service_time = self.timed.clone().unwrap_or(match self.what {
            What::Serve => ms(500)..=ms(500),
            What::Run => ms(100)..=ms(500),
        });
        Ok(())
    }
}

/// Numbers of clients, in order.
fn counts(text: &str) -> Result<Vec<usize>, String> {
    let count = |text| value::count(text, 1..=CLIENTS_MAX);
    let mut counts = text.split(',').map(count).collect::<Result<Vec<_>, _>>()?;
    counts.sort_unstable();
    counts.dedup();
    Ok(counts)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Options>, String> {
        Options::read(args.split_whitespace().map(OsString::from).collect())
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
        let help = super::super::help::page("study");
        for model in Model::ALL {
            let line = format!("  {:<14}{}\n", model.name(), model.about());
            assert!(help.contains(&line), "{line}");
        }
    }
}
