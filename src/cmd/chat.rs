//! The live chat at the start of a server: who may sign in, when a day begins, what was before.

use crate::config::{self, Config, DEMO, Service};
use crate::service::chat::zone::Zone;
use crate::service::chat::{self, Account, Opening, RESERVED};
use crate::wire::chat::looks;
use crate::work::db::chat::{Answer, Days, Request};
use crate::work::db::{self, Database};
use std::env;
use std::time::SystemTime;

/// The state of the service on top of what the database knows.
pub(super) fn state(
    config: &Config,
    database: &mut Database,
    secret: [u8; 32],
) -> Result<chat::State, String> {
    let mut opening = opening(config, zone(config));
    let day = opening.zone.day(SystemTime::now());
    let days = Days { from: day.clone(), to: day.clone() };
    let request = db::Request::Chat(Request::Opening(days));
    match database.commit(&[request]).remove(0) {
        Ok(db::Answer::Chat(Answer::Opening(last_chat, groups, shifts))) => {
            opening.last_chat = last_chat;
            opening.today = (day, groups, shifts);
        }
        Ok(other) => unreachable!("that was not asked for: {other:?}"),
        Err(failure) => return Err(format!("the chat's tables cannot be read: {failure}")),
    }
    if config.listen.iter().any(|listen| listen.service == Service::Chat) {
        announce(config);
    }
    Ok(chat::State::new(opening, secret))
}

/// The state of a service that nothing was before.
pub(super) fn fresh(config: &Config, secret: [u8; 32]) -> chat::State {
    chat::State::new(opening(config, Zone::Fixed(0)), secret)
}

fn opening(config: &Config, zone: Zone) -> Opening {
    Opening {
        settings: config.chat.settings,
        accounts: agents(config),
        zone,
        last_chat: 0,
        today: (String::new(), Vec::new(), Vec::new()),
    }
}

/// Returns the configured agents, or those for demonstration if the chat is local.
fn agents(config: &Config) -> Vec<Account> {
    if config.chat.agents.is_empty() && is_local(config) {
        return config::demo();
    }
    config.chat.agents.clone()
}

/// Returns whether the chat listens on the loopback only.
fn is_local(config: &Config) -> bool {
    let mut chat = config.listen.iter().filter(|listen| listen.service == Service::Chat);
    chat.all(|listen| listen.address.ip().is_loopback())
}

fn announce(config: &Config) {
    for account in &config.chat.agents {
        let taken = |name: &&str| looks(name).iter().any(|l| looks(&account.name).contains(l));
        if RESERVED.iter().any(taken) {
            log::warn!("an agent is called {}: visitors will take it for us", account.name);
        }
    }
    if !config.chat.agents.is_empty() {
        return;
    }
    if is_local(config) {
        for name in DEMO {
            log::info!("demo agent, on the loopback only: /agent {name} {name}-demo");
        }
    } else {
        log::warn!("the chat has no agents: name some with --agents or --agent");
    }
}

/// Returns the zone in which a day begins. Where the variable `TZ` names none, days are those of
/// UTC, as for all programs of that environment.
fn zone(config: &Config) -> Zone {
    let local = || config::local_zone(env::var_os("TZ").as_deref());
    config.chat.zone.clone().map_or_else(local, Ok).unwrap_or_else(|why| {
        log::warn!("the variable TZ: {why}; days of the chat begin by UTC");
        Zone::Fixed(0)
    })
}
