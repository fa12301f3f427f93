//! The last step from the sources to a configuration: options meet.
//!
//! `--host` and `--only` meet the services, `--quiet` the level, the terminal the access log. A
//! value alone is judged in the table.

use super::draft::{AccessLog, Draft, ListenOption, OFF};
use super::options::{self, Opt};
use super::problem::{Kind, Problem};
use super::setting::Settings;
use super::surroundings::Surroundings;
use super::{Config, Listen, LogFile, Pow, Service, value};
use crate::service::chat::Account;
use crate::work::pow::bits_max;
use log::LevelFilter;
use std::net::SocketAddr;

/// Lets the options meet. `settings` learns what they came to, so that what is printed is
/// what is done.
pub(super) fn finish(
    mut draft: Draft,
    settings: &mut Settings,
    around: &Surroundings,
    problems: &mut Vec<Problem>,
) -> Config {
    draft.config.listen = listeners(&draft, settings);
    check_listeners(&draft, settings, problems);
    check_output(&draft, settings, problems);
    check_seeds(&draft, settings, problems);
    check_agents(&mut draft, settings, problems);
    check_store(&draft, settings, problems);
    check_panel(&draft, problems);
    if draft.quiet {
        draft.config.log_level = LevelFilter::Error;
    }
    draft.config.color = around.stderr_is_terminal && !draft.no_color && !around.no_color();
    let on_terminal = around.stdout_is_terminal && !draft.quiet;
    draft.config.log_file = match draft.access_log {
        AccessLog::Auto => on_terminal.then_some(LogFile::Stdout),
        AccessLog::Off => None,
        AccessLog::To(target) => Some(target),
    };
    settings.found(
        "log-file",
        match &draft.config.log_file {
            None => value::NONE.to_owned(),
            Some(LogFile::Stdout) => "-".to_owned(),
            Some(LogFile::Path(path)) => path.display().to_string(),
        },
    );
    if draft.config.panel.token.is_some() {
        settings.hide("panel-token", SECRET.to_owned());
    }
    if draft.config.store.token.is_some() {
        settings.hide("store-log-token", SECRET.to_owned());
    }
    settings.found("workers", draft.config.workers.to_string());
    draft.config
}

fn listeners(draft: &Draft, settings: &mut Settings) -> Vec<Listen> {
    let mut listen = Vec::new();
    for service in Service::ALL {
        let option = options::listener(service);
        if !draft.only.contains(&service) {
            let origin = settings.origin("only").clone();
            settings.settle(option.row.name, vec![OFF.to_owned()], origin);
            continue;
        }
        let at = |address| Listen { service, transports: service.transports(), address };
        if settings.origin(option.row.name).is_default() {
            let address = default_address(draft, option);
            let origin = settings.origin("host").clone();
            settings.settle(option.row.name, vec![address.to_string()], origin);
            listen.push(at(address));
            continue;
        }
        listen.extend(draft.listeners.iter().filter_map(|(asked, what)| match what {
            ListenOption::At(address) if *asked == service => Some(at(*address)),
            ListenOption::At(_) | ListenOption::Off => None,
        }));
    }
    listen
}

/// A row's own address, moved to `--host`.
fn default_address(draft: &Draft, option: &Opt) -> SocketAddr {
    let row: SocketAddr = option.row.default.parse().expect("a default of the table is an address");
    // It resolved when it was set; should the name vanish in between, loopback is safe.
    value::host_at(&draft.host, row.port()).unwrap_or(row)
}

fn check_listeners(draft: &Draft, settings: &Settings, problems: &mut Vec<Problem>) {
    let listen = &draft.config.listen;
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
        let mut names = Service::ALL.map(Service::name).to_vec();
        names.push("only");
        let text = "nothing to start: every service is off".to_owned();
        problems.push(Problem::new(settings.kind(&names), text));
    }
}

fn check_output(draft: &Draft, settings: &Settings, problems: &mut Vec<Problem>) {
    let (low, high) = (draft.config.limits.output_low, draft.config.limits.output_high);
    if low >= high {
        let (low, high) = (value::show_size(low), value::show_size(high));
        problems.push(Problem::new(
            settings.kind(&["output-low", "output-high"]),
            format!("output-low {low} is not below output-high {high}"),
        ));
    }
}

/// Checks the agents of both sources: no two have one name, and no secret is shown.
fn check_agents(draft: &mut Draft, settings: &mut Settings, problems: &mut Vec<Problem>) {
    if !draft.agents.is_empty() {
        let shown = draft.agents.iter().map(|account| format!("{}:***", account.name));
        settings.hide("agent", shown.collect::<Vec<_>>().join(","));
    }
    let mut agents = std::mem::take(&mut draft.agents_in_file);
    agents.append(&mut draft.agents);
    for (place, agent) in agents.iter().enumerate() {
        let same = |other: &Account| other.name.eq_ignore_ascii_case(&agent.name);
        if agents[..place].iter().any(same) {
            let text = format!("two agents are called {}", agent.name);
            problems.push(Problem::new(settings.kind(&["agents", "agent"]), text));
        }
    }
    draft.config.chat.agents = agents;
}

/// A process that follows a log has to have something that follows it, and no log can be its
/// own source.
fn check_store(draft: &Draft, settings: &Settings, problems: &mut Vec<Problem>) {
    let Some(log) = draft.config.store.log else { return };
    let mut say = |names: &[&str], text: String| {
        problems.push(Problem::new(settings.kind(names), text));
    };
    if let Some(own) = draft.config.listen.iter().find(|listen| listen.address == log) {
        let text = format!(
            "store-log http://{log} is our own {} listener: it names another process",
            own.service.name()
        );
        say(&["store-log", own.service.name()], text);
    }
    let is_store = |listen: &Listen| listen.service.is_of_the_store();
    if !draft.config.listen.iter().any(is_store) {
        let text = "store-log: nothing here follows a log; start a replica, or a front (web \
                    or panel)";
        say(&["store-log", "only"], text.to_owned());
    }
}

/// Checks a panel beyond the loopback, whose traffic the network in between can read: that takes a
/// token and an explicit option. Without them the configuration is wrong, whatever its sources.
fn check_panel(draft: &Draft, problems: &mut Vec<Problem>) {
    let beyond = |listen: &&Listen| {
        let ip = listen.address.ip().to_canonical();
        listen.service == Service::Panel && !ip.is_loopback()
    };
    let Some(listen) = draft.config.listen.iter().find(beyond) else { return };
    let at = listen.address;
    let mut say = |text: String| problems.push(Problem::new(Kind::Configuration, text));
    if draft.config.panel.token.is_none() {
        say(format!("panel on {at} is open to other machines: set --panel-token"));
    }
    if !draft.config.panel.insecure {
        say(format!(
            "panel on {at} would receive its token unencrypted from other machines: \
             set --insecure-panel if that is acceptable"
        ));
    }
}

/// Where there are too few seeds, many messages have no proof.
fn check_seeds(draft: &Draft, settings: &Settings, problems: &mut Vec<Problem>) {
    let Pow { difficulty, seed_len, .. } = draft.config.pow;
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

/// Printed instead of a secret.
const SECRET: &str = "(not shown)";
