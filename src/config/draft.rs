//! A [`Config`] in the making: what the table's setters write to, and how it is finished.
//!
//! Finishing is where options meet: `--host` and `--only` with the services, `--quiet` with the
//! level, the terminal with the access log. A value alone is judged in the table.

use std::net::SocketAddr;

use log::LevelFilter;

use super::options::{self, Opt};
use super::setting::Settings;
use super::source::{Kind, Problem, Surroundings};
use super::{Account, Config, Listen, LogFile, Pow, Service, suggest, value};
use crate::work::pow::bits_max;

/// The options as they were given, before they have met.
pub struct Draft {
    pub(super) config: Config,
    pub(super) only: Vec<Service>,
    pub(super) access_log: AccessLog,
    pub(super) quiet: bool,
    pub(super) no_color: bool,
    /// Those of `--agents`, and those of each `--agent`.
    pub(super) agents_in_file: Vec<Account>,
    pub(super) agents: Vec<Account>,
    host: String,
    asked: Vec<(Service, Asked)>,
}

/// What `--log-file` says.
pub(super) enum AccessLog {
    /// Standard output if it is a terminal, and nobody wants quiet.
    Auto,
    /// Nowhere.
    Off,
    /// There.
    To(LogFile),
}

/// What a service's own option says.
#[derive(PartialEq)]
enum Asked {
    Off,
    At(SocketAddr),
}

impl Draft {
    pub(super) fn new() -> Draft {
        Draft {
            config: Config::blank(),
            only: Vec::new(),
            access_log: AccessLog::Auto,
            quiet: false,
            no_color: false,
            agents_in_file: Vec::new(),
            agents: Vec::new(),
            host: String::new(),
            asked: Vec::new(),
        }
    }

    /// One name of `--only`.
    pub(super) fn add_only(&mut self, name: &str) -> Result<(), String> {
        if name == ALL {
            self.only.extend(options::services().map(|(service, ..)| service));
            return Ok(());
        }
        let mut names = options::services().map(|(service, _, option)| (service, option.name));
        let Some((service, _)) = names.find(|(_, known)| *known == name) else {
            let known: Vec<&str> = options::services().map(|(.., option)| option.name).collect();
            let hint = suggest::hint(name, known.iter().copied());
            return Err(format!("`{name}` is no service of {}{hint}", known.join(", ")));
        };
        self.only.push(service);
        Ok(())
    }

    /// The host of all defaults.
    pub(super) fn set_host(&mut self, host: &str) -> Result<(), String> {
        // The name has to resolve once: then each default with a port of its own will, too.
        value::host_at(host, 0)?;
        host.clone_into(&mut self.host);
        Ok(())
    }

    /// Forgets what a weaker source said about a service.
    pub(super) fn clear_listen(&mut self, service: Service) {
        self.asked.retain(|(asked, _)| *asked != service);
    }

    /// One address of a service, or `off`.
    pub(super) fn add_listen(&mut self, service: Service, text: &str) -> Result<(), String> {
        let asked = if text == OFF { Asked::Off } else { Asked::At(value::address(text)?) };
        let off = asked == Asked::Off;
        if self.asked.iter().any(|(s, other)| *s == service && (*other == Asked::Off) != off) {
            return Err("off and an address exclude each other".to_owned());
        }
        self.asked.push((service, asked));
        Ok(())
    }

    /// Lets the options meet. `settings` learns what they came to, so that what is printed is
    /// what is done.
    pub(super) fn finish(
        mut self,
        settings: &mut Settings,
        around: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Config {
        let listen = self.listeners(settings);
        self.config.listen = listen;
        self.check_listeners(settings, problems);
        self.check_output(settings, problems);
        self.check_seeds(settings, problems);
        self.check_agents(settings, problems);
        self.check_store(settings, problems);
        self.check_panel(problems);
        if self.quiet {
            self.config.log_level = LevelFilter::Error;
        }
        self.config.color = around.stderr_is_terminal && !self.no_color && !around.no_color();
        let on_terminal = around.stdout_is_terminal && !self.quiet;
        self.config.log_file = match self.access_log {
            AccessLog::Auto => on_terminal.then_some(LogFile::Stdout),
            AccessLog::Off => None,
            AccessLog::To(target) => Some(target),
        };
        settings.found(
            "log-file",
            match &self.config.log_file {
                None => value::NONE.to_owned(),
                Some(LogFile::Stdout) => "-".to_owned(),
                Some(LogFile::Path(path)) => path.display().to_string(),
            },
        );
        if self.config.panel.token.is_some() {
            settings.hide("panel-token", SECRET.to_owned());
        }
        if self.config.store.token.is_some() {
            settings.hide("store-log-token", SECRET.to_owned());
        }
        settings.found("workers", self.config.workers.to_string());
        self.config
    }

    fn listeners(&self, settings: &mut Settings) -> Vec<Listen> {
        let mut listen = Vec::new();
        for (service, transports, option) in options::services() {
            if !self.only.contains(&service) {
                let origin = settings.origin("only").clone();
                settings.settle(option.name, vec![OFF.to_owned()], origin);
                continue;
            }
            let at = |address| Listen { service, transports, address };
            if settings.origin(option.name).is_default() {
                let address = self.default_address(option);
                let origin = settings.origin("host").clone();
                settings.settle(option.name, vec![address.to_string()], origin);
                listen.push(at(address));
                continue;
            }
            listen.extend(self.asked.iter().filter_map(|(asked, what)| match what {
                Asked::At(address) if *asked == service => Some(at(*address)),
                Asked::At(_) | Asked::Off => None,
            }));
        }
        listen
    }

    /// A row's own address, moved to `--host`.
    fn default_address(&self, option: &Opt) -> SocketAddr {
        let row: SocketAddr = option.default.parse().expect("a default of the table is an address");
        // It resolved when it was set; should the name vanish in between, loopback is safe.
        value::host_at(&self.host, row.port()).unwrap_or(row)
    }

    fn check_listeners(&self, settings: &Settings, problems: &mut Vec<Problem>) {
        let listen = &self.config.listen;
        for (i, one) in listen.iter().enumerate() {
            let same = |other: &&Listen| other.address == one.address && one.address.port() != 0;
            if let Some(other) = listen[..i].iter().find(same) {
                let names = [other.service.name(), one.service.name()];
                problems.push(Problem::new(
                    settings.kind(&names),
                    format!("{} and {} both listen on {}", names[0], names[1], one.address),
                ));
            }
        }
        // A listener that could not be read is a problem already, and not a wish for nothing.
        if listen.is_empty() && problems.is_empty() {
            let mut names: Vec<&str> = options::services().map(|(.., o)| o.name).collect();
            names.push("only");
            let text = "nothing to start: every service is off".to_owned();
            problems.push(Problem::new(settings.kind(&names), text));
        }
    }

    fn check_output(&self, settings: &Settings, problems: &mut Vec<Problem>) {
        let (low, high) = (self.config.limits.output_low, self.config.limits.output_high);
        if low >= high {
            let (low, high) = (value::show_size(low), value::show_size(high));
            problems.push(Problem::new(
                settings.kind(&["output-low", "output-high"]),
                format!("output-low {low} is not below output-high {high}"),
            ));
        }
    }

    /// Agents of both sources; no two of one name, and nobody's secret is shown.
    fn check_agents(&mut self, settings: &mut Settings, problems: &mut Vec<Problem>) {
        if !self.agents.is_empty() {
            let shown = self.agents.iter().map(|account| format!("{}:***", account.name));
            settings.hide("agent", shown.collect::<Vec<_>>().join(","));
        }
        let mut agents = std::mem::take(&mut self.agents_in_file);
        agents.append(&mut self.agents);
        for (place, agent) in agents.iter().enumerate() {
            let same = |other: &Account| other.name.eq_ignore_ascii_case(&agent.name);
            if agents[..place].iter().any(same) {
                let text = format!("two agents are called {}", agent.name);
                problems.push(Problem::new(settings.kind(&["agents", "agent"]), text));
            }
        }
        self.config.chat.agents = agents;
    }

    /// A process that follows a log has to have something that follows it, and no log can be its
    /// own source.
    fn check_store(&self, settings: &Settings, problems: &mut Vec<Problem>) {
        let Some(log) = self.config.store.log else { return };
        let mut say = |names: &[&str], text: String| {
            problems.push(Problem::new(settings.kind(names), text));
        };
        if let Some(own) = self.config.listen.iter().find(|listen| listen.address == log) {
            let text = format!(
                "store-log http://{log} is our own {} listener: it names another process",
                own.service.name()
            );
            say(&["store-log", own.service.name()], text);
        }
        let is_store = |listen: &Listen| listen.service.is_of_the_store();
        if !self.config.listen.iter().any(is_store) {
            let text = "store-log: nothing here follows a log; start a replica, or a front (web \
                        or panel)";
            say(&["store-log", "only"], text.to_owned());
        }
    }

    /// Whoever is on the way to a panel beyond the loopback reads what goes there: that takes a
    /// token, and somebody who said so. Whatever the sources, it is the configuration that is
    /// wrong, and no flag.
    fn check_panel(&self, problems: &mut Vec<Problem>) {
        let beyond = |listen: &&Listen| {
            let ip = listen.address.ip().to_canonical();
            listen.service == Service::Panel && !ip.is_loopback()
        };
        let Some(listen) = self.config.listen.iter().find(beyond) else { return };
        let at = listen.address;
        let mut say = |text: String| problems.push(Problem::new(Kind::Configuration, text));
        if self.config.panel.token.is_none() {
            say(format!("panel on {at} is open to other machines: set --panel-token"));
        }
        if !self.config.panel.insecure {
            say(format!(
                "panel on {at} would receive its token unencrypted from other machines: \
                 set --insecure-panel if that is acceptable"
            ));
        }
    }

    /// Where there are too few seeds, many messages have no proof.
    fn check_seeds(&self, settings: &Settings, problems: &mut Vec<Problem>) {
        let Pow { difficulty, seed_len, .. } = self.config.pow;
        if u32::from(difficulty) * 4 > bits_max(seed_len) {
            problems.push(Problem::new(
                settings.kind(&["pow-difficulty", "pow-seed-len"]),
                format!(
                    "pow-difficulty {difficulty}: seeds of {seed_len} letters are too few for it; \
                     raise --pow-seed-len"
                ),
            ));
        }
    }
}

const ALL: &str = "all";
const OFF: &str = "off";
/// What is printed instead of a secret.
const SECRET: &str = "(not shown)";
