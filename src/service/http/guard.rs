//! Who may call a path that controls the server: scripts and our own page, and not whatever other
//! page somebody has open in the browser that can reach us.
//!
//! It judges by what the caller cannot help sending. Browsers say where a request comes from, by
//! `Sec-Fetch-Site` or at least by `Origin`; a name that an attacker lets point here is in `Host`;
//! and where a connection comes from no field can deny.

use super::response::{Response, Style};
use super::routes::{Guard, Route};
use crate::service::{Cx, panel};
use crate::wire::http::{Head, Method};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Why a caller was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// `Host` is none of our names.
    ForeignHost,
    /// The request comes from another site's page, or might.
    CrossSite,
    /// The peer is on another machine and has no token.
    Remote,
    /// A token, but not ours.
    WrongToken,
}

impl Denied {
    fn response(self, style: Style) -> Response {
        match self {
            Denied::ForeignHost => {
                style.error(403, "Control paths are not served under this name.")
            }
            Denied::CrossSite => {
                style.error(403, "Control paths take no requests from other sites.")
            }
            Denied::Remote => {
                style.error(403, "From other machines, control paths need the panel's token.")
            }
            Denied::WrongToken => style
                .error(401, "This is not the token of this server.")
                .field("WWW-Authenticate", "Bearer realm=\"pentad\"".to_string()),
        }
    }
}

/// Lets a request through to its route, or says why not.
pub fn admit(
    route: &'static Route,
    head: &Head<'_, '_>,
    cx: &Cx<'_>,
) -> Result<&'static Route, Response> {
    match route.guard {
        Guard::Open => Ok(route),
        Guard::Store if is_ourselves(head, &cx.world.panel) => Ok(route),
        Guard::Control | Guard::Store => {
            let panel = &cx.world.panel;
            let store = panel.store_token.as_deref().filter(|_| route.guard == Guard::Store);
            match judge(head, cx.peer, panel, store) {
                Ok(()) => Ok(route),
                Err(denied) => Err(denied.response(route.style_for(head))),
            }
        }
    }
}

/// Whether this very process asks, by whatever address.
fn is_ourselves(head: &Head<'_, '_>, panel: &panel::State) -> bool {
    let given = head.field("authorization").and_then(bearer);
    given.zip(panel.own_token.as_deref()).is_some_and(|(given, own)| equal(given, own.as_bytes()))
}

/// `other` is a token that will do, too.
fn judge(
    head: &Head<'_, '_>,
    peer: SocketAddr,
    panel: &panel::State,
    other: Option<&str>,
) -> Result<(), Denied> {
    let host = head.host().and_then(Authority::parse).filter(|host| is_ours(host, panel));
    let host = host.ok_or(Denied::ForeignHost)?;
    if !is_same_origin(head, &host) {
        return Err(Denied::CrossSite);
    }
    let given = head.field("authorization").and_then(bearer);
    let mut tokens = panel.token.as_deref().into_iter().chain(other).peekable();
    let judged = tokens.peek().is_some();
    match given.filter(|_| judged) {
        Some(given) if tokens.any(|token| equal(given, token.as_bytes())) => Ok(()),
        Some(_) => Err(Denied::WrongToken),
        None if is_loopback(peer.ip()) => Ok(()),
        None => Err(Denied::Remote),
    }
}

/// A host, and a port if one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Authority<'a> {
    name: &'a str,
    port: Option<&'a str>,
}

impl<'a> Authority<'a> {
    fn parse(raw: &'a str) -> Option<Authority<'a>> {
        let bracket = raw.rfind(']').map_or(0, |end| end + 1);
        let (name, port) = match raw[bracket..].rfind(':') {
            Some(colon) => (&raw[..bracket + colon], Some(&raw[bracket + colon + 1..])),
            None => (raw, None),
        };
        let port = port.filter(|port| !port.is_empty());
        (!name.is_empty()).then_some(Authority { name, port })
    }

    fn ip(&self) -> Option<IpAddr> {
        match self.name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(ip) => ip.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => self.name.parse().ok(),
        }
    }

    fn is_at(&self, other: &Authority<'_>, default_port: &str) -> bool {
        self.name.eq_ignore_ascii_case(other.name)
            && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

/// A name of this machine for itself, an address that is listened on, or a name that we were told.
/// Behind a listener on every address, any address will do: nobody can let one point elsewhere.
fn is_ours(host: &Authority<'_>, panel: &panel::State) -> bool {
    let name = host.name.strip_suffix('.').unwrap_or(host.name).to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    if let Some(ip) = host.ip()
        && (is_loopback(ip)
            || panel.bound.iter().any(|at| at.ip() == ip || at.ip().is_unspecified()))
    {
        return true;
    }
    panel.hosts.iter().any(|known| {
        Authority::parse(known).is_some_and(|known| {
            known.name.eq_ignore_ascii_case(&name)
                && known.port.is_none_or(|port| host.port == Some(port))
        })
    })
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether the request comes from our own page, or from no page at all. A GET may have been caused
/// by any link or image, of which older browsers, and all of them on the way to other machines,
/// say less: so what looks like a browser has to prove itself.
fn is_same_origin(head: &Head<'_, '_>, host: &Authority<'_>) -> bool {
    if let Some(site) = head.field("sec-fetch-site") {
        return site == b"same-origin";
    }
    if let Some(origin) = head.field("origin") {
        return is_page_of(origin, host);
    }
    if let Some(referer) = head.field("referer") {
        return is_page_of(referer, host);
    }
    match head.method {
        Method::Get | Method::Head => !is_browser(head),
        Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Connect
        | Method::Trace
        | Method::Other => true,
    }
}

/// Whether a URL, of which only the beginning counts, is at `host`.
fn is_page_of(url: &[u8], host: &Authority<'_>) -> bool {
    let Ok(url) = std::str::from_utf8(url) else { return false };
    let (rest, default_port) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (rest, "80"),
        (None, Some(rest)) => (rest, "443"),
        (None, None) => return false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    Authority::parse(authority).is_some_and(|page| page.is_at(host, default_port))
}

/// What only browsers send: how a request came about, that they would rather be encrypted, and the
/// name that all of them have.
fn is_browser(head: &Head<'_, '_>) -> bool {
    let any = |name: &str| head.field(name).is_some();
    any("sec-fetch-mode")
        || any("sec-fetch-dest")
        || any("sec-ch-ua")
        || any("upgrade-insecure-requests")
        || head.field("user-agent").is_some_and(|agent| agent.starts_with(b"Mozilla/"))
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token.trim_ascii())
}

/// In a time that does not depend on where they differ.
fn equal(given: &[u8], token: &[u8]) -> bool {
    let differing =
        given.iter().zip(token).fold(0, |sum, (a, b)| std::hint::black_box(sum | a ^ b));
    given.len() == token.len() && differing == 0
}

#[cfg(test)]
mod tests;
