//! The rows of the panel: who may control the server from elsewhere.

use super::row::{Opt, Set, switch, valued};
use super::{put, value};
use crate::config::value::optional;

pub(super) static PANEL: [Opt; 2] = [
    Opt {
        name: "panel-host",
        value: "HOST",
        default: value::NONE,
        help: "A further name that the panel is reached by, as the Host field says it: control \
               paths refuse names that are neither loopback ones nor addresses listened on. May \
               be repeated",
        set: Set::Each {
            clear: |d| d.config.panel.hosts.clear(),
            add: |d, v| {
                d.config.panel.hosts.push(host(v)?);
                Ok(())
            },
        },
    },
    valued(
        "panel-token",
        "TOKEN",
        value::NONE,
        "What clients from other machines have to send with control paths, as Authorization: \
         Bearer TOKEN. Without one they are refused",
        |d, v| put(&mut d.config.panel.token, optional(v, token)),
    ),
];

/// Flags that are for our own measurements, and that no help lists.
pub(super) static HIDDEN: [Opt; 1] = [switch("no-metrics", "Measure nothing", |d, on| {
    d.config.metrics = !on;
})];

/// A name or an address, with a port or without.
fn host(text: &str) -> Result<String, String> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if text.is_empty() || !text.bytes().all(is_part) {
        return Err(format!("`{text}` is no host such as panel.example.org"));
    }
    Ok(text.to_ascii_lowercase())
}

/// What may follow `Bearer` (RFC 6750 §2.1).
pub(super) fn token(text: &str) -> Result<String, String> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if text.is_empty() || !text.bytes().all(is_part) {
        // The text is not repeated: it may be a real secret with a slip in it.
        return Err("may consist of letters, digits and -._~+/= only".to_owned());
    }
    Ok(text.to_owned())
}
