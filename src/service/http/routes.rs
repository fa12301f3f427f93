//! Which path means what: one table. That a path is unknown, that a method is not for it, what
//! OPTIONS and HEAD answer: all of it follows from the rows.

mod endpoint;

pub use endpoint::Endpoint;

use crate::limits::{self, Limits};
use crate::service::http::allow::{Allow, METHODS, READ, only_read};
use crate::service::http::pattern::{Pattern, Table};
use crate::service::http::response::{Response, Style, empty};
use crate::service::http::stores;
use crate::service::{chat, panel, pow};
use crate::stats::Handler;
use crate::wire::http::{Head, Method};
use crate::wire::target::Target;

/// Which of the HTTP listeners a client came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    /// The public one.
    Web,
    /// The operators' one.
    Panel,
    /// That of a catalog of the bookstore, from 1.
    Catalog(u8),
    /// That of an order server of the bookstore, from 1.
    Order(u8),
}

/// The area that a request is counted under, whether or not a row was found for it.
pub fn area(face: Face, found: &Result<&'static Route, Response>) -> Handler {
    match (found, face) {
        (Ok(route), _) => route.endpoint.area(),
        (Err(_), Face::Panel) => Handler::Panel,
        (Err(_), Face::Web) => Handler::None,
        (Err(_), Face::Catalog(_) | Face::Order(_)) => Handler::Store,
    }
}

/// How much body a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None at all.
    Refused,
    /// As much as the limit for APIs, all of it thrown away as it comes.
    Unwanted,
    /// So many bytes, or the limit for APIs if that is less.
    AtMost(usize),
}

impl Body {
    /// How many bytes that is.
    pub fn most(self, limits: &Limits) -> usize {
        match self {
            Body::Refused => 0,
            Body::Unwanted => limits.body_bytes,
            Body::AtMost(bytes) => limits.body_bytes.min(bytes),
        }
    }

    /// Whether anybody reads it.
    pub fn is_wanted(self) -> bool {
        match self {
            Body::AtMost(_) => true,
            Body::Refused | Body::Unwanted => false,
        }
    }
}

/// Who may call a path; see the module of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Whoever reaches the listener, the panel's included.
    Public,
    /// Whoever reaches the listener; on the panel, operators.
    Open,
    /// Operators.
    Operator,
    /// Operators, and no link of another site: GET changes something there. HEAD is not offered.
    Control,
    /// Operators, and other processes of our bookstore.
    Store,
    /// Whoever knows the order's key; without one, operators.
    Keyed,
}

impl Guard {
    /// What it comes to on this listener.
    pub fn on(self, face: Face) -> Guard {
        match (self, face) {
            (Guard::Open, Face::Panel) => Guard::Operator,
            (Guard::Keyed, Face::Panel) => Guard::Store,
            (guard, _) => guard,
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// On which listener of its table; none if on all of them.
    pub face: Option<Face>,
    /// For which paths.
    pub path: Pattern,
    /// For which method.
    pub method: Method,
    /// What answers.
    pub endpoint: Endpoint,
    /// What may come with the request.
    pub body: Body,
    /// Who may ask.
    pub guard: Guard,
    /// How its errors look; none if that is up to the client.
    pub style: Option<Style>,
}

impl Route {
    fn offers(&self, method: Method) -> bool {
        method != Method::Head || self.guard != Guard::Control
    }

    /// How errors of this row look to the sender of `head`.
    pub fn style_for(&self, head: &Head<'_, '_>) -> Style {
        self.style.unwrap_or_else(|| Style::of(head))
    }
}

const fn get(face: Option<Face>, path: &'static str, endpoint: Endpoint) -> Route {
    let path = Pattern::Exact(path);
    let (body, guard) = (Body::Refused, Guard::Open);
    Route { face, path, method: Method::Get, endpoint, body, guard, style: None }
}

/// A row for what a page is made of.
const fn part(face: Face, folder: &'static str, endpoint: Endpoint) -> Route {
    let path = Pattern::Under(folder);
    Route { path, ..get(Some(face), folder, endpoint) }
}

/// A row of the newer services: on both faces, with problem details.
const fn api(method: Method, path: Pattern, endpoint: Endpoint) -> Route {
    let takes = matches!(method, Method::Post);
    let body = if takes { Body::AtMost(limits::POW_BODY_BYTES) } else { Body::Refused };
    let (guard, style) = (Guard::Open, Some(Style::Problem));
    Route { face: None, path, method, endpoint, body, guard, style }
}

const fn post(path: &'static str, endpoint: Endpoint) -> Route {
    let (path, style) = (Pattern::Exact(path), Some(Style::Plain));
    let (body, guard) = (Body::AtMost(limits::PI_BODY_BYTES), Guard::Open);
    Route { face: None, path, method: Method::Post, endpoint, body, guard, style }
}

/// A row of the panel that only reads.
const fn view(path: &'static str, endpoint: Endpoint) -> Route {
    let style = Some(Style::Problem);
    Route { style, guard: Guard::Operator, ..get(Some(Face::Panel), path, endpoint) }
}

/// The same, for paths of a pattern.
const fn views(path: Pattern, endpoint: Endpoint) -> Route {
    Route { path, ..view("/", endpoint) }
}

/// A row that is for everybody, on the panel too.
const fn public(row: Route) -> Route {
    Route { guard: Guard::Public, ..row }
}

/// A form of the panel; errors look as the sender would have them.
const fn form(path: &'static str, endpoint: Endpoint) -> Route {
    let body = Body::AtMost(limits::SIGN_IN_BYTES);
    Route { method: Method::Post, body, ..get(Some(Face::Panel), path, endpoint) }
}

/// A row of the panel that changes something.
const fn control(method: Method, path: &'static str, endpoint: Endpoint) -> Route {
    Route { method, guard: Guard::Control, body: Body::Unwanted, ..view(path, endpoint) }
}

const fn transcript(form: usize) -> Pattern {
    Pattern::Between(chat::api::SESSIONS, chat::api::TRANSCRIPTS[form])
}

const ROWS: &[Route] = &[
    get(Some(Face::Panel), "/", Endpoint::PanelIndex),
    part(Face::Panel, panel::page::ASSETS, Endpoint::PanelAsset),
    public(get(Some(Face::Panel), panel::login::PATH, Endpoint::Login)),
    public(form(panel::login::PATH, Endpoint::SignIn)),
    public(part(Face::Panel, panel::login::FOLDER, Endpoint::LoginAsset)),
    public(get(Some(Face::Panel), "/favicon.ico", Endpoint::Favicon)),
    form("/logout", Endpoint::SignOut),
    public(get(None, "/healthz", Endpoint::Healthz)),
    public(get(None, "/readyz", Endpoint::Readyz)),
    view("/metrics", Endpoint::Metrics),
    view("/api/loop", Endpoint::LoopView),
    control(Method::Post, "/toggle_cache", Endpoint::ToggleCache),
    control(Method::Get, "/toggle_cache", Endpoint::ToggleCache),
    control(Method::Post, "/start_test", Endpoint::StartTest),
    control(Method::Get, "/start_test", Endpoint::StartTest),
    control(Method::Post, "/stop_test", Endpoint::StopTest),
    view("/test_status", Endpoint::TestStatus),
    view(panel::archive::FOLDER, Endpoint::Reports),
    part(Face::Panel, panel::archive::FOLDER, Endpoint::Reports),
    post("/pi", Endpoint::Pi),
    post("/legacy_pi", Endpoint::LegacyPi),
    post("/statistics", Endpoint::Statistics),
    api(Method::Post, Pattern::Exact("/api/pow/solve"), Endpoint::PowSolve),
    api(Method::Get, Pattern::Under(pow::api::JOBS), Endpoint::PowJob),
    api(Method::Delete, Pattern::Under(pow::api::JOBS), Endpoint::PowCancel),
    api(Method::Post, Pattern::Exact("/api/pow/verify"), Endpoint::PowVerify),
    api(Method::Get, Pattern::Exact("/api/pow/stats"), Endpoint::PowStats),
    api(Method::Get, Pattern::Exact("/api/chat/status"), Endpoint::ChatStatus),
    view("/api/chat/stats", Endpoint::ChatStats),
    view("/api/chat/agents", Endpoint::ChatAgents),
    view("/api/chat/sessions", Endpoint::ChatSessions),
    views(transcript(0), Endpoint::ChatTranscript),
    get(Some(Face::Panel), chat::page::PLACE, Endpoint::ChatPage),
    part(Face::Panel, chat::page::PLACE, Endpoint::ChatAsset),
    views(transcript(1), Endpoint::ChatTranscript),
    views(transcript(2), Endpoint::ChatTranscript),
];

static OPEN: Table = Table::of([stores::FRONT, ROWS]);
static CATALOG: Table = Table::of([stores::CATALOG, &[]]);
static ORDERING: Table = Table::of([stores::ORDERING, &[]]);

/// The table of a listener.
pub fn table(face: Face) -> &'static Table {
    match face {
        Face::Web | Face::Panel => &OPEN,
        Face::Catalog(_) => &CATALOG,
        Face::Order(_) => &ORDERING,
    }
}

/// The row for whatever no other row claims on the web listener …
const FILES: Route = get(Some(Face::Web), "", Endpoint::File);

/// … and for methods that no file is for: that is said of files, and of nothing else. What comes
/// with them is thrown away as it comes, so that another request may follow.
const NO_FILES: Route = Route { body: Body::Unwanted, ..FILES };

/// The row for a request, or the answer that the table itself gives.
pub fn find(face: Face, head: &Head<'_, '_>) -> Result<&'static Route, Response> {
    if matches!(head.target, Target::Asterisk) {
        return Err(empty(204).allow(Allow(METHODS)));
    }
    let path = head.target.path();
    if head.method == Method::Other {
        let style = style(face, path, &head.fields("accept"));
        return Err(style.error(501, "This server knows no such method."));
    }
    let wanted = if head.method == Method::Head { Method::Get } else { head.method };
    let mut known = None;
    for route in rows(face, path) {
        if route.method == wanted && route.offers(head.method) {
            return Ok(route);
        }
        known = Some(route);
    }
    let Some(route) = known else {
        return if face == Face::Web { file(head) } else { Err(nowhere(head)) };
    };
    let is_elsewhere = |row: &Route| row.method == wanted && row.face != Some(face);
    if table(face).rows(path).any(is_elsewhere) {
        // What operators do to a path is unknown where nobody is one.
        return Err(route.style_for(head).error(404, "There is nothing at this path."));
    }
    let allow = Allow(&allowed(face, path));
    if head.method == Method::Options {
        return Err(empty(204).allow(allow));
    }
    Err(route.style_for(head).error(405, "This path does not offer that method.").allow(allow))
}

/// How errors look to whoever asks for this path, with whatever method.
pub fn style<'b>(
    face: Face,
    path: &str,
    accepted: &(impl Iterator<Item = &'b [u8]> + Clone),
) -> Style {
    let own = rows(face, path).next().and_then(|route| route.style);
    own.unwrap_or_else(|| Style::wanted(path, accepted))
}

/// The row for a file, or what is said to those who do not want to read one.
fn file(head: &Head<'_, '_>) -> Result<&'static Route, Response> {
    match head.method {
        Method::Get | Method::Head => Ok(&FILES),
        Method::Options => Err(empty(204).allow(READ)),
        // A body that is asked for first is better not sent at all.
        Method::Post | Method::Put | Method::Patch | Method::Delete if !head.expect_continue => {
            Ok(&NO_FILES)
        }
        Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Connect
        | Method::Trace
        | Method::Other => Err(only_read(head)),
    }
}

/// The answer for a path that no row has. The two methods that no path offers say so.
fn nowhere(head: &Head<'_, '_>) -> Response {
    match head.method {
        Method::Connect | Method::Trace => Style::of(head)
            .error(405, "No path of this server offers that method.")
            .allow(Allow(METHODS)),
        Method::Get
        | Method::Head
        | Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Other => Style::of(head).error(404, "There is nothing at this path."),
    }
}

fn rows(face: Face, path: &str) -> impl Iterator<Item = &'static Route> {
    let rows = table(face).rows(path);
    rows.filter(move |route| route.face.is_none_or(|only| only == face))
}

fn allowed(face: Face, path: &str) -> Vec<Method> {
    let mut methods = Vec::new();
    for route in rows(face, path) {
        methods.push(route.method);
        if route.method == Method::Get && route.offers(Method::Head) {
            methods.push(Method::Head);
        }
    }
    methods.push(Method::Options);
    methods
}
