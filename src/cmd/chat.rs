//! The live chat at the start of a server: who may sign in, when a day begins, what was before.

use crate::config::{self, Account, Config, DEMO, Service, Timezone};
use crate::service::chat::lobby::Settings;
use crate::service::chat::zone::Zone;
use crate::service::chat::{self, Opening, RESERVED};
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
    let chat = &config.chat;
    let account = |account: Account| chat::Account {
        name: account.name,
        secret_sha256: account.secret_sha256,
        capacity: account.capacity.unwrap_or(chat.capacity),
    };
    Opening {
        settings: Settings {
            wait: chat.wait,
            queue: chat.queue,
            agent_grace: chat.agent_grace,
            visitor_grace: chat.visitor_grace,
            queue_grace: chat.queue_grace,
            rating_time: chat.rating_time,
            idle: chat.idle,
        },
        accounts: agents(config).into_iter().map(account).collect(),
        zone,
        last_chat: 0,
        today: (String::new(), Vec::new(), Vec::new()),
    }
}

/// Whoever was named; else, on the loopback only, those for demonstration.
fn agents(config: &Config) -> Vec<Account> {
    if config.chat.agents.is_empty() && is_local(config) {
        return config::demo();
    }
    config.chat.agents.clone()
}

/// Whether nobody from elsewhere reaches the chat.
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

/// When a day begins. A variable `TZ` that names no zone is told, and days are those of UTC: so it
/// is for all programs of that environment.
fn zone(config: &Config) -> Zone {
    let timezone = match &config.chat.timezone {
        Timezone::Local => config::local_zone(env::var_os("TZ").as_deref()),
        zone @ (Timezone::Ahead(_) | Timezone::Rules(_)) => Ok(zone.clone()),
    };
    match timezone {
        Ok(Timezone::Ahead(seconds)) => Zone::Fixed(seconds),
        Ok(Timezone::Rules(rules)) => Zone::Rules(*rules),
        Ok(Timezone::Local) => unreachable!("it was looked up"),
        Err(why) => {
            log::warn!("the variable TZ: {why}; days of the chat begin by UTC");
            Zone::Fixed(0)
        }
    }
}
