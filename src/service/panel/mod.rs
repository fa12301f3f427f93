//! The panel: what the server is doing, for its operators.

use crate::service::http::{Response, json};

/// State of the panel.
#[derive(Debug, Default)]
pub struct State {
    /// Services of this server that listen, in the order of their listeners.
    pub services: Vec<&'static str>,
}

/// `GET /` on the panel listener.
pub fn index(state: &State) -> Response {
    let body = serde_json::json!({
        "application": "pentad",
        "version": env!("CARGO_PKG_VERSION"),
        "services": state.services,
    });
    json(200, body.to_string())
}
