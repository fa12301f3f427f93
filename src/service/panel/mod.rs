//! The panel: the server's activity, for its operators.

pub mod archive;
pub mod login;
pub mod loop_view;
pub mod metrics;
pub mod operators;
pub mod page;
mod prometheus;
pub mod tester;

use crate::limits::SIGN_IN_BYTES;
use crate::service::http::{
    Guard, ListenerRole, Purpose, Request, Response, Route, Style, json, text,
};
use crate::service::site;
use crate::service::{Answer, Cx};
use crate::stats::Handler;
use crate::wire::accept;
use crate::wire::http::Method::Get;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The state of the panel.
#[derive(Debug, Default)]
pub struct State {
    /// Services of this server that listen, in the order of their listeners.
    pub services: Vec<&'static str>,
    /// Their addresses.
    pub bound: Vec<SocketAddr>,
    /// Further host names of the panel and the replicas, in lower case.
    pub hosts: Vec<String>,
    /// The token of operators; without one, every client on this machine is an operator.
    pub token: Option<String>,
    /// True if the metrics are public.
    pub metrics_open: bool,
    /// Operators who signed in with the token.
    pub operators: operators::Operators,
    /// The token for other processes of our bookstore, …
    pub store_token: Option<String>,
    /// … and the one for requests of this process to itself.
    pub own_token: Option<String>,
    /// Load tests started from the panel.
    pub tests: tester::Tests,
    /// Time at which the figures of the process were last requested.
    pub asked: Option<Instant>,
}

/// Pages, on the panel alone.
const PAGE: Route = Route::new(Handler::Panel).only(ListenerRole::Panel);
/// Reads for operators.
const VIEW: Route = PAGE.guard(Guard::Operator).style(Style::Problem);
/// Changes by operators, also by GET for clients that know no better.
const CONTROL: Route = VIEW.guard(Guard::Control).discards(usize::MAX);
/// Probes of the server's health, on both listeners.
const PROBE: Route = Route::new(Handler::Health).guard(Guard::Public).purpose(Purpose::Probe);

/// The routes of the panel.
pub const ROUTES: &[Route] = &[
    PAGE.get("/", index, "Shows the dashboard, or describes the server.").purpose(Purpose::Page),
    PAGE.get("/assets/{file}", page::asset, "Sends a part of the dashboard."),
    PAGE.get(login::PATH, login::show, "Shows the sign-in page.").guard(Guard::Public),
    PAGE.post(login::PATH, login::sign_in, "Signs an operator in.")
        .guard(Guard::Public)
        .takes(SIGN_IN_BYTES),
    PAGE.get("/login/{file}", login::asset, "Sends a part of the sign-in page.")
        .guard(Guard::Public),
    PAGE.get("/favicon.ico", page::favicon, "Sends the icon.").guard(Guard::Public),
    PAGE.post("/logout", login::sign_out, "Signs the operator out.").discards(SIGN_IN_BYTES),
    PROBE.get("/healthz", healthz, "Tells that the server is alive."),
    PROBE.get("/readyz", readyz, "Tells whether the server is ready for requests."),
    VIEW.get("/metrics", metrics::metrics, "Reports all figures.").guard(Guard::Metrics),
    VIEW.get("/api/loop", loop_view::view, "Reports the figures of the event loop."),
    CONTROL.post("/toggle_cache", toggle_cache, "Turns the site's cache on or off."),
    CONTROL.on(Get, "/toggle_cache", toggle_cache, "Turns the site's cache on or off."),
    CONTROL.post("/start_test", tester::start, "Starts a load test."),
    CONTROL.on(Get, "/start_test", tester::start, "Starts a load test."),
    CONTROL.post("/stop_test", tester::stop, "Stops the load test."),
    VIEW.get("/test_status", tester::status, "Reports the progress of the load test."),
    VIEW.get("/reports/", archive::show, "Lists the reports of load tests."),
    PAGE.get("/reports/{file}", archive::show, "Sends a report of a load test."),
];

/// `GET /healthz`.
fn healthz(_: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    text(200, "ok\n").momentary().into()
}

/// `GET /readyz`.
fn readyz(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    if cx.draining {
        return text(503, "draining\n").momentary().into();
    }
    site::ready(request, cx)
}

/// Returns the time since the start.
fn uptime(cx: &Cx<'_>) -> Duration {
    cx.stats.since.map_or(Duration::ZERO, |(at, _)| cx.now.saturating_duration_since(at))
}

/// `GET /` on the panel listener: the dashboard, or what it says of the server to programs.
fn index(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let response = if accept::prefers_json(&request.head.fields("accept")) {
        description(&cx.world.panel)
    } else {
        page::page(request)
    };
    response.field("Vary", "Accept").into()
}

fn description(state: &State) -> Response {
    let body = serde_json::json!({
        "application": "pentad",
        "version": env!("CARGO_PKG_VERSION"),
        "services": state.services,
    });
    json(200, body.to_string())
}

/// Answers `POST /toggle_cache`, and GET for older clients.
fn toggle_cache(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let enabled = cx.world.site.toggle_cache();
    json(200, format!("{{\"cache_enabled\":{enabled}}}")).into()
}
