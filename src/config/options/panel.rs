//! The rows of the panel: who is an operator, and from where.

use super::{Draft, Opt};
use crate::config::table::{each, put, switch, valued};
use crate::config::value::{self, optional};

pub(super) static PANEL: [Opt; 7] = [
    each(
        "panel-host",
        "HOST",
        "A further name that the panel and the replicas are reached by, as the Host field says \
         it: they refuse names that are neither loopback ones nor addresses listened on. May be \
         repeated",
        |d| d.config.panel.hosts.clear(),
        |d, v| host(v).map(|host| d.config.panel.hosts.push(host)),
    ),
    valued(
        "panel-token",
        "TOKEN",
        value::NONE,
        "What operators have to know, wherever they are: as Authorization: Bearer TOKEN, or on \
         the panel's sign-in page. Without one, every client on this machine is an operator",
        |d, v| put(&mut d.config.panel.token, optional(v, token)),
    ),
    valued(
        "panel-url",
        "URL",
        value::NONE,
        "Where visitors from other machines find the panel: pages of the built-in site link to \
         it. Without one, only visitors on this machine get a link",
        |d, v| put(&mut d.config.panel.url, optional(v, url)),
    ),
    switch(
        "insecure-panel",
        "Let the panel listen beyond the loopback although the network in between can read the \
         token",
        |d, on| d.config.panel.insecure = on,
    ),
    switch(
        "metrics-open",
        "Let every client that reaches the panel read /metrics, and no more",
        |d, on| {
            d.config.panel.metrics_open = on;
        },
    ),
    each(
        "cors-origin",
        "ORIGIN",
        "Another site whose pages may send what programs may, and read the answers, such as \
         https://shop.example. May be repeated",
        |d| d.config.cors_origins.clear(),
        |d, v| origin(v).map(|origin| d.config.cors_origins.push(origin)),
    ),
    // For our own measurements.
    switch("no-metrics", "Measure nothing", |d: &mut Draft, on| d.config.metrics = !on).hidden(),
];

/// A name or an address, with a port or without.
fn host(text: &str) -> Result<String, String> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if text.is_empty() || !text.bytes().all(is_part) {
        return Err(format!("`{text}` is no host such as panel.example.org"));
    }
    Ok(text.to_ascii_lowercase())
}

/// The beginning of a URL, as browsers send it: no path, no slash at its end, no default port.
fn origin(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no origin such as https://shop.example");
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return Err(wrong()),
    };
    let host = host(rest).map_err(|_| wrong())?;
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    Ok(format!("{scheme}://{host}"))
}

/// The address of a page, without characters that mean something in HTML.
fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@%+=".contains(&b);
    if !rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_part)) {
        return Err(format!("`{text}` is not a URL such as https://panel.example.org"));
    }
    Ok(text.to_owned())
}

/// A text that may follow `Bearer` (RFC 6750 §2.1).
pub(super) fn token(text: &str) -> Result<String, String> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if text.is_empty() || !text.bytes().all(is_part) {
        // The text is not repeated: it may be a real secret with a slip in it.
        return Err("may consist of letters, digits and -._~+/= only".to_owned());
    }
    Ok(text.to_owned())
}
