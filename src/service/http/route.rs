//! Rows of the tables of routes. Each service owns its table; a row holds everything about a path
//! and a method, so that a new one is one function and one row:
//!
//! ```text
//! const API: Route = Route::new(Handler::Pow).style(Style::Problem);
//!
//! pub const ROUTES: &[Route] = &[
//!     API.get("/api/pow/stats", stats, "Reports hash rates and the luck of searches."),
//!     API.post("/api/pow/solve", solve, "Searches for a proof.").takes(limits::POW_BODY_BYTES),
//! ];
//!
//! fn stats(_: &Request<'_>, cx: &mut Cx<'_>) -> Answer {
//!     json(200, format!("{{\"open\":{}}}", cx.world.pow.jobs.open())).into()
//! }
//! ```

use super::pattern::Pattern;
use super::request::Request;
use super::response::{Response, Style};
use crate::limits::Limits;
use crate::service::{Answer, Cx};
use crate::stats::Handler;
use crate::wire::http::{Head, Method};

/// The HTTP listener that a client connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenerRole {
    /// The public one.
    Web,
    /// The operators' one.
    Panel,
    /// That of a catalog of the bookstore, from 1.
    Catalog(u8),
    /// That of an order server of the bookstore, from 1.
    Order(u8),
}

/// Answers a request, or begins to.
pub type HandlerFn = fn(&Request<'_, '_, '_>, &mut Cx<'_>) -> Answer;

/// The body that a request may have. The limit for APIs holds for every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None at all.
    Refused,
    /// So many bytes at most, all of them thrown away as they come.
    Discarded(usize),
    /// So many bytes at most, which the handler reads.
    Kept(usize),
}

impl Body {
    /// Returns the greatest length.
    pub fn most(self, limits: &Limits) -> usize {
        match self {
            Body::Refused => 0,
            Body::Discarded(bytes) | Body::Kept(bytes) => limits.body_bytes.min(bytes),
        }
    }

    /// Returns true if the handler reads it. If not, none of it is buffered.
    pub fn is_wanted(self) -> bool {
        match self {
            Body::Kept(_) => true,
            Body::Refused | Body::Discarded(_) => false,
        }
    }
}

/// The clients that may send a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// All that reach the listener, the panel's included.
    Public,
    /// All that reach the listener; on the panel, operators.
    Open,
    /// Operators.
    Operator,
    /// Operators, unless the metrics were opened to all.
    Metrics,
    /// Operators, and no link of another site: GET changes something there. HEAD is not offered.
    Control,
    /// Operators, and other processes of the bookstore.
    Store,
    /// All that know the order's key; without one, operators.
    Keyed,
}

impl Guard {
    /// Returns the guard that this one amounts to on a listener.
    pub fn on(self, face: ListenerRole) -> Guard {
        match (self, face) {
            (Guard::Open, ListenerRole::Panel) => Guard::Operator,
            (Guard::Keyed, ListenerRole::Panel) => Guard::Store,
            (guard, _) => guard,
        }
    }
}

/// The use that clients make of a path: how its requests are logged and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Programs call it.
    Call,
    /// A page for people, who get a session with it. On the panel, it counts as the panel's.
    Page,
    /// A part of the pages of operators: on the panel, it counts as the panel's.
    View,
    /// Probes that come every few seconds, and may be left out of the access log.
    Probe,
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method. A row for GET answers HEAD, too.
    pub method: Method,
    /// The paths.
    pub path: Pattern,
    /// The function that answers.
    pub handler: HandlerFn,
    /// One sentence of description.
    pub about: &'static str,
    /// The area of service that its requests are counted under.
    pub area: Handler,
    /// The clients that may send it.
    pub guard: Guard,
    /// The body that may come with it.
    pub body: Body,
    /// The form of its errors; none if that is up to the client.
    pub style: Option<Style>,
    /// The only listener of its table that has it; none if all of them have.
    pub only: Option<ListenerRole>,
    /// The use that clients make of it.
    pub purpose: Purpose,
}

impl Route {
    /// Returns the beginning of the rows of a service: on every listener, open, without a body.
    pub const fn new(area: Handler) -> Route {
        Route {
            method: Method::Get,
            path: Pattern::new(""),
            handler: no_handler,
            about: "",
            area,
            guard: Guard::Open,
            body: Body::Refused,
            style: None,
            only: None,
            purpose: Purpose::Call,
        }
    }

    /// Returns a row for GET and HEAD.
    pub const fn get(self, path: &'static str, handler: HandlerFn, about: &'static str) -> Route {
        self.on(Method::Get, path, handler, about)
    }

    /// Returns a row for POST.
    pub const fn post(self, path: &'static str, handler: HandlerFn, about: &'static str) -> Route {
        self.on(Method::Post, path, handler, about)
    }

    /// Returns a row for any method.
    pub const fn on(
        self,
        method: Method,
        path: &'static str,
        handler: HandlerFn,
        about: &'static str,
    ) -> Route {
        Route { method, path: Pattern::new(path), handler, about, ..self }
    }

    /// With the clients that may send it.
    pub const fn guard(self, guard: Guard) -> Route {
        Route { guard, ..self }
    }

    /// With a body of at most so many bytes.
    pub const fn takes(self, bytes: usize) -> Route {
        Route { body: Body::Kept(bytes), ..self }
    }

    /// With a body of at most so many bytes, which is not read.
    pub const fn discards(self, bytes: usize) -> Route {
        Route { body: Body::Discarded(bytes), ..self }
    }

    /// With this form of errors.
    pub const fn style(self, style: Style) -> Route {
        Route { style: Some(style), ..self }
    }

    /// On this listener alone.
    pub const fn only(self, face: ListenerRole) -> Route {
        Route { only: Some(face), ..self }
    }

    /// For this purpose.
    pub const fn purpose(self, purpose: Purpose) -> Route {
        Route { purpose, ..self }
    }

    /// Returns true if the row answers this method; a GET row also answers HEAD.
    pub fn offers(&self, method: Method) -> bool {
        method != Method::Head || self.guard != Guard::Control
    }

    /// Returns true if its answers are for some clients only, so that they must not be cached.
    pub fn is_private(&self, face: ListenerRole) -> bool {
        !matches!(self.guard.on(face), Guard::Public | Guard::Open)
    }

    /// Returns the form of its errors for the sender of `head`.
    pub fn style_for(&self, head: &Head<'_, '_>) -> Style {
        self.style.unwrap_or_else(|| Style::of(head))
    }
}

fn no_handler(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    Style::of(request.head).error(501, "No handler answers this path.").into()
}

/// The router above the protocol, as the session of one listener sees it.
pub trait Router: Copy {
    /// Returns the listener.
    fn face(self) -> ListenerRole;

    /// Returns the row for a request.
    ///
    /// # Errors
    /// The answer, if no handler is called: an unknown path or method, or a client that may not.
    fn route(self, head: &Head<'_, '_>, cx: &mut Cx<'_>) -> Result<&'static Route, Response>;

    /// Returns the form of errors of the rows for a path, with any method.
    fn style(self, path: &str) -> Option<Style>;

    /// Returns the area that requests without a row are counted under.
    fn area(self) -> Handler;

    /// Handles the end of the client's input.
    fn closed(self, cx: &mut Cx<'_>);
}
