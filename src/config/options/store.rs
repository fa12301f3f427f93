//! The rows of the bookstore.

use super::panel::token;
use super::{FROM_NOTHING, Opt};
use crate::config::table::{list, put, switch, valued};
use crate::config::value::{self, duration, optional};
use crate::service::store::front::Balance;
use std::net::SocketAddr;

pub(super) static STORE: [Opt; 9] = [
    list(
        "catalog",
        "URL",
        value::NONE,
        "Where the front reaches catalogs, such as http://127.0.0.1:6001. Without one, our own",
        |d| d.config.store.catalogs.clear(),
        |d, v| add(&mut d.config.store.catalogs, v),
    ),
    list(
        "order",
        "URL",
        value::NONE,
        "Where the front reaches order servers. Without one, our own",
        |d| d.config.store.orders.clear(),
        |d, v| add(&mut d.config.store.orders, v),
    ),
    valued(
        "balance",
        "round-robin|least-inflight",
        "round-robin",
        "Which replica the front asks next",
        |d, v| put(&mut d.config.store.balance, value::word(v, &BALANCES)),
    ),
    valued("store-cache", "N", "100", "Answers that the front keeps; 0 keeps none", |d, v| {
        put(&mut d.config.store.cache, value::count(v, 0..=CACHE_MAX))
    }),
    valued(
        "store-ttl",
        "TIME",
        "60s",
        "How long the front shows an answer that it keeps",
        |d, v| put(&mut d.config.store.ttl, duration(v, FROM_NOTHING)),
    ),
    valued(
        "stale-if-error",
        "TIME",
        "0s",
        "How much longer it shows one while no catalog can be asked",
        |d, v| put(&mut d.config.store.stale, duration(v, FROM_NOTHING)),
    ),
    switch(
        "require-if-match",
        "Take changes of books only from who names the version that is changed",
        |d, on| d.config.store.require_if_match = on,
    ),
    valued(
        "store-log",
        "URL",
        value::NONE,
        "Follow the log of another process, which offers it on its panel listener: \
         http://127.0.0.1:5000. Without one, the log is kept here",
        |d, v| put(&mut d.config.store.log, optional(v, url)),
    ),
    valued(
        "store-log-token",
        "TOKEN",
        value::NONE,
        "What processes of one bookstore on several machines tell each other, the same for all. \
         Without one, the panel's",
        |d, v| put(&mut d.config.store.token, optional(v, token)),
    ),
];

fn add(list: &mut Vec<SocketAddr>, text: &str) -> Result<(), String> {
    list.extend(optional(text, url)?);
    Ok(())
}

fn url(text: &str) -> Result<SocketAddr, String> {
    let rest = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let Some(rest) = rest else {
        return Err(format!("`{text}` is no URL such as http://127.0.0.1:6001"));
    };
    let address = value::address(rest)?;
    if address.port() == 0 {
        return Err(format!("`{text}` cannot be reached: port 0 is no port"));
    }
    Ok(address)
}

/// More answers than this are a mistyped number.
const CACHE_MAX: usize = 1_000_000;

const BALANCES: [(&str, Balance); 2] =
    [("round-robin", Balance::RoundRobin), ("least-inflight", Balance::LeastInflight)];
