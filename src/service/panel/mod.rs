//! The panel: what the server is doing, for its operators.

pub mod archive;
pub mod login;
pub mod loop_view;
pub mod metrics;
pub mod operators;
pub mod page;
mod prometheus;
pub mod tester;

use crate::service::Cx;
use crate::service::http::{Request, Response, json};
use crate::wire::accept;
use std::net::SocketAddr;
use std::time::Instant;

/// State of the panel.
#[derive(Debug, Default)]
pub struct State {
    /// Services of this server that listen, in the order of their listeners.
    pub services: Vec<&'static str>,
    /// Where they listen.
    pub bound: Vec<SocketAddr>,
    /// Further names that the panel and the replicas are reached by, in lower case.
    pub hosts: Vec<String>,
    /// What operators have to know; without one, whoever is on this machine is an operator.
    pub token: Option<String>,
    /// Whether anybody may read the metrics.
    pub metrics_open: bool,
    /// Those who signed in with it.
    pub operators: operators::Operators,
    /// What other processes of our bookstore have to know instead, …
    pub store_token: Option<String>,
    /// … and what only this process knows, for what it asks of itself.
    pub own_token: Option<String>,
    /// The load test at a click.
    pub tests: tester::Tests,
    /// When the figures of the process were last asked for.
    pub asked: Option<Instant>,
}

/// `GET /` on the panel listener: the dashboard, or what it says of the server to programs.
pub fn index(request: &Request<'_, '_, '_>, state: &State) -> Response {
    let response = if accept::prefers_json(&request.head.fields("accept")) {
        description(state)
    } else {
        page::page(request)
    };
    response.field("Vary", "Accept".to_string())
}

fn description(state: &State) -> Response {
    let body = serde_json::json!({
        "application": "pentad",
        "version": env!("CARGO_PKG_VERSION"),
        "services": state.services,
    });
    json(200, body.to_string())
}

/// `POST /toggle_cache`, and GET for clients that know no better.
pub fn toggle_cache(cx: &mut Cx<'_>) -> Response {
    let enabled = cx.world.web.toggle_cache();
    json(200, format!("{{\"cache_enabled\":{enabled}}}"))
}
