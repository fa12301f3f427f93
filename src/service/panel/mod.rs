//! The panel: what the server is doing, for its operators.

pub mod page;

use crate::service::http::{Request, Response, json};
use crate::wire::accept;

/// State of the panel.
#[derive(Debug, Default)]
pub struct State {
    /// Services of this server that listen, in the order of their listeners.
    pub services: Vec<&'static str>,
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
