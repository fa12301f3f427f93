//! A [`Config`] in the making: the target of the table's setters.

use std::net::SocketAddr;

use super::{Config, LogFile, Service, suggest, value};
use crate::service::chat::Account;

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
    pub(super) host: String,
    pub(super) listeners: Vec<(Service, ListenOption)>,
}

/// The value of `--log-file`.
pub(super) enum AccessLog {
    /// Standard output if it is a terminal, unless `--quiet` is given.
    Auto,
    /// Nowhere.
    Off,
    /// There.
    To(LogFile),
}

/// The value of a service's own option.
#[derive(PartialEq)]
pub(super) enum ListenOption {
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
            listeners: Vec::new(),
        }
    }

    /// Adds one name of `--only`.
    pub(super) fn add_only(&mut self, name: &str) -> Result<(), String> {
        if name == ALL {
            self.only.extend(Service::ALL);
            return Ok(());
        }
        let Some(service) = Service::ALL.into_iter().find(|service| service.name() == name) else {
            let known = Service::ALL.map(Service::name);
            let hint = suggest::hint(name, known);
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
        self.listeners.retain(|(asked, _)| *asked != service);
    }

    /// One address of a service, or `off`.
    pub(super) fn add_listen(&mut self, service: Service, text: &str) -> Result<(), String> {
        let asked =
            if text == OFF { ListenOption::Off } else { ListenOption::At(value::address(text)?) };
        let off = asked == ListenOption::Off;
        if self
            .listeners
            .iter()
            .any(|(s, other)| *s == service && (*other == ListenOption::Off) != off)
        {
            return Err("off and an address exclude each other".to_owned());
        }
        self.listeners.push((service, asked));
        Ok(())
    }
}

const ALL: &str = "all";
pub(super) const OFF: &str = "off";
