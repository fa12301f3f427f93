//! Access rules: which clients may send a request – all, operators, or other processes of the
//! bookstore.
//!
//! ```text
//!   request ─▶ enter: Host (panel, replicas) ─▶ from another site? ─▶ route ─▶ admit: operator?
//! ```
//! The decision depends on facts that the sender cannot choose. Browsers send the origin of a
//! request in `Sec-Fetch-Site` or at least in `Origin`; `Host` shows a name that an attacker has
//! pointed at this server; and no field can hide the address of a connection.

use super::table::Table;
use crate::service::http::host::{Authority, is_loopback, is_page_of};
use crate::service::http::{Guard, ListenerRole, Response, Route, Style, empty};
use crate::service::store::replicas::orders::NO_ORDER;
use crate::service::web::PREFLIGHT;
use crate::service::{Cx, lockout, panel};
use crate::wire::http::{Head, Method};
use crate::wire::target::pair;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The reason why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// `Host` is not a name of this server.
    ForeignHost,
    /// The request comes from a page of another site, or possibly does.
    CrossSite,
    /// The peer is on another machine, and this server has no token.
    Remote,
    /// The token is missing.
    NoToken,
    /// The token is wrong.
    WrongToken,
    /// Too many wrong tokens came from this address.
    LockedOut(Duration),
}

impl Denied {
    fn response(self, style: Style) -> Response {
        let challenge =
            |response: Response| response.field("WWW-Authenticate", "Bearer realm=\"pentad\"");
        match self {
            Denied::ForeignHost => style.error(403, "This listener has no such name: --panel-host"),
            Denied::CrossSite => style.error(403, "Requests from other sites change nothing here."),
            Denied::Remote => {
                style.error(403, "From other machines this needs a token: --panel-token.")
            }
            Denied::NoToken => challenge(style.error(401, "This needs the token of the panel.")),
            Denied::WrongToken => {
                challenge(style.error(401, "This is not the token of this server."))
            }
            Denied::LockedOut(remaining) => lockout::locked_out(style, remaining),
        }
        .momentary()
    }
}

/// Checks that apply to all paths: the request uses a name of this server, and no other site sends
/// it to change something. Answers preflights (Fetch standard §4.8).
pub fn enter(
    table: &Table,
    face: ListenerRole,
    head: &Head<'_, '_>,
    cx: &Cx<'_>,
) -> Result<(), Response> {
    let panel = &cx.world.panel;
    if !matches!(face, ListenerRole::Web) && !is_ourselves(head, panel) {
        let host = head.host().and_then(Authority::parse);
        if host.is_some_and(|host| !is_ours(&host, panel)) {
            let style = table.style(face, head.target.path());
            let style = style.unwrap_or_else(|| Style::of(head));
            return Err(Denied::ForeignHost.response(style));
        }
    }
    let cors = &cx.world.web.cors;
    if cors.is_preflight(head) {
        let fields = PREFLIGHT.into_iter();
        return Err(fields.fold(empty(204), |answer, (name, value)| answer.field(name, value)));
    }
    if is_from_elsewhere(head) && !cors.names(head) {
        return Err(Denied::CrossSite.response(Style::Problem));
    }
    Ok(())
}

/// Returns true if a page of another site sends the request, and it may change something.
fn is_from_elsewhere(head: &Head<'_, '_>) -> bool {
    match head.method {
        Method::Get | Method::Head | Method::Options => return false,
        Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Connect
        | Method::Trace
        | Method::Other => {}
    }
    match head.field("sec-fetch-site") {
        // The browser confirms the origin, even if a proxy changes `Host`.
        Some(b"same-origin") => false,
        Some(b"none") | None => is_for_another_page(head),
        Some(_) => true,
    }
}

/// Lets a request through to its route, or returns the refusal.
pub fn admit(
    face: ListenerRole,
    route: &'static Route,
    head: &Head<'_, '_>,
    cx: &mut Cx<'_>,
) -> Result<&'static Route, Response> {
    let judged = match route.guard.on(face) {
        Guard::Public | Guard::Open => Ok(()),
        Guard::Metrics if cx.world.panel.metrics_open => Ok(()),
        Guard::Operator | Guard::Metrics => judge_here(face, head, false, cx),
        Guard::Control if is_caused_by_a_link(head) && !cx.world.web.cors.names(head) => {
            Err(Denied::CrossSite)
        }
        Guard::Control => judge_here(face, head, false, cx),
        Guard::Keyed if has_key(head) => Ok(()),
        // Only operators and owners of a key learn which numbers exist.
        Guard::Keyed if face == ListenerRole::Web => {
            return Err(route.style_for(head).error(404, NO_ORDER));
        }
        // No page of this server reads the protocol between processes of a store.
        Guard::Store if is_for_another_page(head) && !cx.world.web.cors.names(head) => {
            Err(Denied::CrossSite)
        }
        Guard::Keyed | Guard::Store => judge_here(face, head, true, cx),
    };
    judged.map(|()| route).map_err(|denied| denied_by(face, denied, route.style_for(head), head))
}

/// Returns the table's own answer, which the panel gives only to operators.
pub fn answer(
    face: ListenerRole,
    answer: Response,
    head: &Head<'_, '_>,
    cx: &mut Cx<'_>,
) -> Response {
    if face != ListenerRole::Panel {
        return answer;
    }
    match judge_here(face, head, true, cx) {
        Ok(()) => answer,
        Err(denied) => denied_by(face, denied, Style::of(head), head),
    }
}

/// Returns a refusal; for browsers on the panel it redirects to the sign-in page.
fn denied_by(face: ListenerRole, denied: Denied, style: Style, head: &Head<'_, '_>) -> Response {
    let navigates = || {
        let reads = matches!(head.method, Method::Get | Method::Head);
        reads && head.fields("accept").any(|value| value.starts_with(b"text/html"))
    };
    match denied {
        Denied::NoToken if face == ListenerRole::Panel && navigates() => {
            panel::login::redirect(head.target.path())
        }
        Denied::ForeignHost
        | Denied::CrossSite
        | Denied::Remote
        | Denied::NoToken
        | Denied::WrongToken
        | Denied::LockedOut(_) => denied.response(style),
    }
}

fn has_key(head: &Head<'_, '_>) -> bool {
    head.target.query().is_some_and(|query| pair(query, "key").is_some())
}

/// Returns true if the request comes from this process itself, through any address.
fn is_ourselves(head: &Head<'_, '_>, panel: &panel::State) -> bool {
    let given = head.field("authorization").and_then(bearer);
    let own = given.zip(panel.own_token.as_deref());
    own.is_some_and(|(given, own)| lockout::is_same(given, own.as_bytes()))
}

fn judge_here(
    face: ListenerRole,
    head: &Head<'_, '_>,
    store: bool,
    cx: &mut Cx<'_>,
) -> Result<(), Denied> {
    if store && is_ourselves(head, &cx.world.panel) {
        return Ok(());
    }
    let remaining = cx.world.lockout.remaining(cx.peer.ip(), cx.now);
    let judged = judge(face, head, (cx.peer, cx.now, remaining), store, &mut cx.world.panel);
    if judged == Err(Denied::WrongToken) {
        cx.world.lockout.note(cx.peer.ip(), "token", cx.now);
    }
    judged
}

/// Checks that an operator sends the request. With `store`, other processes of the bookstore may
/// send it, too.
fn judge(
    face: ListenerRole,
    head: &Head<'_, '_>,
    (peer, now, locked_out): (SocketAddr, Instant, Option<Duration>),
    store: bool,
    panel: &mut panel::State,
) -> Result<(), Denied> {
    let host = head.host().and_then(Authority::parse).filter(|host| is_ours(host, panel));
    if host.is_none() {
        return Err(Denied::ForeignHost);
    }
    let other = panel.store_token.as_deref().filter(|_| store);
    let mut tokens = panel.token.as_deref().into_iter().chain(other).peekable();
    let given = head.field("authorization").and_then(bearer);
    if let Some(given) = given.filter(|_| tokens.peek().is_some()) {
        return match locked_out {
            Some(remaining) => Err(Denied::LockedOut(remaining)),
            None if tokens.any(|token| lockout::is_same(given, token.as_bytes())) => Ok(()),
            None => Err(Denied::WrongToken),
        };
    }
    if panel.token.is_none() {
        return if is_loopback(peer.ip()) { Ok(()) } else { Err(Denied::Remote) };
    }
    if face == ListenerRole::Panel && panel.operators.knows(head.fields("cookie"), now) {
        return Ok(());
    }
    Err(Denied::NoToken)
}

/// Returns true if a page of another origin requests the answer, with any method.
fn is_for_another_page(head: &Head<'_, '_>) -> bool {
    let host = head.host().and_then(Authority::parse);
    let is_ours = |origin| host.is_some_and(|host| is_page_of(origin, &host));
    head.field("origin").is_some_and(|origin| !is_ours(origin))
}

/// Returns true if a GET that changes something may come from a link or an image of another site.
/// Older browsers, and all browsers on the way to other machines, send fewer fields about that. So
/// a request that looks like a browser's has to show its origin. Requests from the address bar do.
fn is_caused_by_a_link(head: &Head<'_, '_>) -> bool {
    if !matches!(head.method, Method::Get | Method::Head) {
        return false;
    }
    if let Some(site) = head.field("sec-fetch-site") {
        return !matches!(site, b"same-origin" | b"none");
    }
    let host = head.host().and_then(Authority::parse);
    match head.field("origin").or_else(|| head.field("referer")) {
        Some(url) => !host.is_some_and(|host| is_page_of(url, &host)),
        None => is_browser(head),
    }
}

/// Returns true if the request has fields that only browsers send: about its cause or about
/// upgrades to encryption, or the usual name of a browser.
fn is_browser(head: &Head<'_, '_>) -> bool {
    let any = |name: &str| head.field(name).is_some();
    any("sec-fetch-mode")
        || any("sec-fetch-dest")
        || any("sec-ch-ua")
        || any("upgrade-insecure-requests")
        || head.field("user-agent").is_some_and(|agent| agent.starts_with(b"Mozilla/"))
}

/// Returns true for names of this machine, addresses of listeners, and configured names. Behind a
/// listener on all addresses every address is allowed, because an address cannot be pointed
/// elsewhere.
fn is_ours(host: &Authority<'_>, panel: &panel::State) -> bool {
    if host.is_local() {
        return true;
    }
    if let Some(ip) = host.ip()
        && panel.bound.iter().any(|at| at.ip() == ip || at.ip().is_unspecified())
    {
        return true;
    }
    let name = host.name.strip_suffix('.').unwrap_or(host.name);
    panel.hosts.iter().any(|known| {
        Authority::parse(known).is_some_and(|known| {
            known.name.eq_ignore_ascii_case(name)
                && known.port.is_none_or(|port| host.port == Some(port))
        })
    })
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token.trim_ascii())
}

#[cfg(test)]
mod tests;
