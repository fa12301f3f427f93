//! Passes each request to the handler of its row: one table for each kind of HTTP listener,
//! composed of the tables of the services.
//!
//! ```text
//!   head ─▶ guard: Host, other sites ─▶ table: row? ─▶ guard: operator? ─▶ the row's handler
//!                                          └─ none: 404, 405, 501, OPTIONS
//! ```

mod guard;
mod table;

use super::http::{self, ListenerRole, Response, Route, Style};
use super::{Cx, chat, panel, pi, pow, site, store};
use crate::stats::Handler;
use crate::wire::http::Head;
use table::Table;

static OPEN: Table = Table::new(
    &[store::FRONT, panel::ROUTES, pi::ROUTES, pow::api::ROUTES, chat::ROUTES],
    Some(site::route),
);
static CATALOG: Table = Table::new(&[store::CATALOG], None);
static ORDERING: Table = Table::new(&[store::ORDERING], None);

/// Returns the table of a listener.
fn table(face: ListenerRole) -> &'static Table {
    match face {
        ListenerRole::Web | ListenerRole::Panel => &OPEN,
        ListenerRole::Catalog(_) => &CATALOG,
        ListenerRole::Order(_) => &ORDERING,
    }
}

/// Returns the row of a table for a request, if its sender has access.
fn route(
    table: &'static Table,
    face: ListenerRole,
    head: &Head<'_, '_>,
    cx: &mut Cx<'_>,
) -> Result<&'static Route, Response> {
    guard::enter(table, face, head, cx)?;
    match table.find(face, head) {
        Ok(route) => guard::admit(face, route, head, cx),
        Err(answer) => Err(guard::answer(face, answer, head, cx)),
    }
}

impl http::Router for ListenerRole {
    fn face(self) -> ListenerRole {
        self
    }

    fn route(self, head: &Head<'_, '_>, cx: &mut Cx<'_>) -> Result<&'static Route, Response> {
        route(table(self), self, head, cx)
    }

    fn style(self, path: &str) -> Option<Style> {
        table(self).style(self, path)
    }

    fn area(self) -> Handler {
        match self {
            ListenerRole::Panel => Handler::Panel,
            ListenerRole::Web => Handler::None,
            ListenerRole::Catalog(_) | ListenerRole::Order(_) => Handler::Store,
        }
    }

    fn closed(self, cx: &mut Cx<'_>) {
        // The connection may be of another process of the bookstore: writes wait for followers.
        cx.world.store.left(cx.id, cx.effects);
    }
}

#[cfg(test)]
mod tests;
