//! The static site: from a request to a file, from memory where it can.
//!
//! ```text
//!   path ─▶ in the cache? ─ yes ─▶ response (checked on disk in the background once a second)
//!              │ no, or not checked for a while
//!              └─▶ fetch ─▶ wait ─mail─▶ response
//! ```
//! It never touches a disk. Names are bytes: nothing here takes them for text.

mod answer;
mod cache;
mod demo;
mod fetch;
mod listing;
mod make;
mod media;
mod pending;
mod ready;
mod resource;
mod table;

pub use cache::Counters;
pub use demo::{DEMO_POLICY, demo};
pub use fetch::Session;
pub use pending::Pending;
pub use ready::{Readiness, ready};
pub use resource::Resource;
pub use table::{Fetched, Fetches, Name};

use crate::limits;
use crate::service::http::allow::READ;
use crate::service::http::host::{Authority, is_loopback};
use crate::service::http::{
    CacheStatus, ListenerRole, Purpose, Request, Response, Route, Style, empty,
};
use crate::service::{Answer, Cx};
use crate::stats::{self, Handler, Stats};
use crate::wire::http::{Head, Method};
use crate::wire::target;
use crate::work::files::{self, Permits, Site};
use crate::work::{Compute, Job};
use cache::Cache;
use listing::Listings;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use table::Order;

/// The state of the site.
#[derive(Debug)]
pub struct State {
    /// The files in memory.
    pub cache: Cache<Resource>,
    /// The configuration.
    pub rules: Rules,
    /// The fetches in progress.
    pub fetches: Fetches,
    /// Listings of directories that are being sent.
    listings: Listings,
    source: Arc<Site>,
    permits: Arc<Permits>,
    /// Times until which the error pages are known to be missing: 404, then 50x.
    absent: [Option<Instant>; 2],
}

/// The configuration of the site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Seconds for which clients may use a file without revalidation; without it they always
    /// revalidate.
    pub max_age: Option<u64>,
    /// Further lines of every response with a file, each with its CRLF. A `Cache-Control` among
    /// them replaces our own.
    pub headers: String,
    /// True if directories without an index are listed.
    pub list: bool,
}

impl State {
    /// Toggles the cache; returns true if it is on now.
    pub fn toggle_cache(&mut self) -> bool {
        let enabled = !self.cache.enabled();
        self.cache.set_enabled(enabled);
        enabled
    }

    /// Copies the cache's own counts to the counters. It is called before they are read, which
    /// costs less than with every request.
    pub fn report(&self, stats: &mut Stats) {
        let enabled = self.cache.enabled();
        let Counters { hits, misses, bypasses, evictions, entries, bytes, max_bytes } =
            self.cache.counters();
        stats.cache =
            stats::Cache { enabled, hits, misses, bypasses, evictions, entries, bytes, max_bytes };
    }

    /// Creates a site from this source, with a cache of so many bytes.
    pub fn new(source: Site, rules: Rules, cache_bytes: usize) -> State {
        State {
            cache: Cache::new(cache_bytes),
            rules,
            fetches: Fetches::default(),
            listings: Listings::default(),
            source: Arc::new(source),
            permits: Permits::new(limits::SEALED),
            absent: [None; 2],
        }
    }

    /// Limits the number of sealed copies.
    pub fn seal_at_most(&self, most: usize) {
        self.permits.at_most(most);
    }

    /// Returns true if a file in this state would be compressed for clients that accept it: only if
    /// the cache has room for it in all its forms, or it would be compressed again and again.
    fn packs(&self, path: &[u8], state: &files::State) -> bool {
        let beside = state.sidecars.iter().flatten().map(|mark| mark.bytes).sum::<u64>();
        let lines = resource::LINES_BYTES + 8 * self.rules.headers.len() as u64;
        let forms = state.base.bytes.saturating_mul(2).saturating_add(beside + lines);
        cfg!(feature = "gzip")
            && state.sidecars[files::Coding::Gzip as usize].is_none()
            && state.base.bytes >= resource::PACK_BYTES_MIN
            && forms <= self.cache.entry_bytes_max() as u64
            && media::is_compressible(&with_index(path))
    }

    /// Returns the path of the file that answers a request for `path`: for a page of the program,
    /// the form with links that work for the visitor.
    fn path_for<'a>(
        &self,
        path: Cow<'a, [u8]>,
        head: &Head<'_, '_>,
        peer: IpAddr,
    ) -> Cow<'a, [u8]> {
        let form = match &*self.source {
            Site::Embedded(_) if is_loopback(peer) => head
                .host()
                .and_then(Authority::parse)
                .and_then(|host| demo::local_form(&path, host.name)),
            Site::Embedded(_) | Site::Directory(_) => None,
        };
        form.map_or(path, |form| Cow::Owned(form.into_bytes()))
    }

    /// Returns a job that checks whether there are files to serve, if that may change.
    pub fn probe(&self) -> Option<Job> {
        let job = || files::Job::root(Arc::clone(&self.source));
        match &*self.source {
            Site::Embedded(_) => None,
            Site::Directory(_) => Some(Job::Compute(Compute::Files(Box::new(job())))),
        }
    }
}

impl Rules {
    /// Returns the configured `Cache-Control`, which replaces the default one.
    fn cache_control(&self) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("cache-control").then_some(value)
        })
    }

    /// Returns true if the configuration keeps shared caches from giving one visitor's response to
    /// another.
    fn is_personal(&self) -> bool {
        match self.cache_control() {
            None => self.max_age.is_none(),
            Some(value) => {
                let value = value.to_ascii_lowercase();
                ["private", "no-cache", "no-store"].iter().any(|word| value.contains(word))
            }
        }
    }
}

/// The purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The file itself.
    File,
    /// To describe an error: status and sentence.
    Error(u16, &'static str),
    /// To distinguish it from a missing file: the method is not for files.
    Refusal,
}

/// The row for a path that no service claims …
static FILES: Route = Route::new(Handler::Site)
    .get("", ask, "Sends a file of the site.")
    .only(ListenerRole::Web)
    .purpose(Purpose::Page);

/// … and for methods that no file is for: that is said of files, and of nothing else. The body is
/// thrown away as it comes, so that another request may follow.
static REFUSED: Route = FILES.discards(usize::MAX);

/// Returns the row for a path that no service claims, or the answer to a method that does not read.
pub fn route(head: &Head<'_, '_>) -> Result<&'static Route, Response> {
    match head.method {
        Method::Get | Method::Head => Ok(&FILES),
        Method::Options => Err(empty(204).allow(READ)),
        // A body that is asked for first is better not sent at all.
        Method::Post | Method::Put | Method::Patch | Method::Delete if !head.expect_continue => {
            Ok(&REFUSED)
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

/// Returns the answer where a file is, or may be, and the method is not for it.
fn only_read(head: &Head<'_, '_>) -> Response {
    Style::of(head).error(405, "Files of this site can only be read.").allow(READ)
}

/// A request for a file.
fn ask(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let head = request.head;
    let path = match target::decode_path(head.target.path()) {
        Ok(path) => path,
        Err(bad) => return Style::of(head).error(bad.status(), bad.text()).into(),
    };
    if !files::is_served(&path) {
        return fail(head, request, 404, NOWHERE, cx);
    }
    let path = cx.world.site.path_for(path, head, cx.peer.ip());
    let reads = matches!(head.method, Method::Get | Method::Head);
    let goal = if reads { Goal::File } else { Goal::Refusal };
    match hit(&path, head, goal, false, cx) {
        Some(response) => response.into(),
        None => begin(&path, goal, head, request, cx),
    }
}

/// Answers with an error: with the site's own page for it, if there is one and the client wants a
/// page.
fn fail(
    head: &Head<'_, '_>,
    request: &Request<'_, '_, '_>,
    status: u16,
    detail: &'static str,
    cx: &mut Cx<'_>,
) -> Answer {
    let style = Style::of(head);
    let goal = Goal::Error(status, detail);
    let absent = cx.world.site.absent[usize::from(status != 404)];
    if style != Style::Page || absent.is_some_and(|until| until > cx.now) {
        return style.error(status, detail).into();
    }
    match hit(goal.error_path(), head, goal, false, cx) {
        Some(response) => response.into(),
        None => begin(goal.error_path(), goal, head, request, cx),
    }
}

impl Goal {
    fn error_path(self) -> &'static [u8] {
        match self {
            Goal::Error(404, _) => b"/404.html",
            Goal::Error(..) | Goal::File | Goal::Refusal => b"/50x.html",
        }
    }
}

const NOWHERE: &str = "There is nothing at this path.";
const BUSY: &str = "The server has more to read than it can just now.";

/// Returns the response from memory, if there is a suitable one. An entry that was not requested
/// lately is checked first, unless that was `just` done; one in steady use is served meanwhile.
fn hit(
    path: &[u8],
    head: &Head<'_, '_>,
    goal: Goal,
    just: bool,
    cx: &mut Cx<'_>,
) -> Option<Response> {
    let site = &mut cx.world.site;
    let resource = site.cache.find(path)?;
    let is_due = cx.now.saturating_duration_since(resource.checked) >= limits::RECHECK;
    let was_idle = cx.now.saturating_duration_since(resource.used) >= limits::RECHECK;
    resource.used = cx.now;
    if is_due && was_idle && !just {
        return None;
    }
    let coding = resource.choose(head.fields("accept-encoding"));
    let variant = Arc::clone(resource.variant(coding)?);
    if is_due && !std::mem::replace(&mut resource.checking, true) {
        let order = order(head);
        if site.fetches.join(path, order, None, cx.effects).is_err()
            && let Some(resource) = site.cache.peek(path)
        {
            resource.checking = false;
        }
    }
    Some(respond(&variant, head, goal, CacheStatus::Hit, cx))
}

fn respond(
    variant: &resource::Variant,
    head: &Head<'_, '_>,
    goal: Goal,
    status: CacheStatus,
    cx: &mut Cx<'_>,
) -> Response {
    cx.world.site.cache.note(status);
    match goal {
        Goal::File => answer::of(variant, head, status),
        Goal::Error(status, _) => answer::page(status, variant, head).personal(),
        Goal::Refusal => only_read(head),
    }
}

fn order(head: &Head<'_, '_>) -> Order {
    let accepted: Vec<_> = head.fields("accept-encoding").collect();
    let wish = resource::wish(&accepted.iter().copied());
    let probe = !matches!(head.method, Method::Get | Method::Head);
    Order { wish, probe, form: listing::form(head) }
}

/// Begins to wait for a fetch.
fn begin(
    path: &[u8],
    goal: Goal,
    head: &Head<'_, '_>,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    let waiter = Some((cx.id, request.ticket));
    if cx.world.site.fetches.join(path, order(head), waiter, cx.effects).is_err() {
        return Style::of(head).error(503, BUSY).retry_after(1).into();
    }
    Pending {
        head: request.raw.into(),
        path: path.into(),
        goal,
        ticket: request.ticket,
        until: cx.now + limits::FETCH_WAIT,
        tries: 0,
    }
    .into()
}

/// Returns the path of the file to serve: that of the index for a directory.
fn with_index(path: &[u8]) -> Cow<'_, [u8]> {
    match path.last() {
        Some(b'/') => [path, b"index.html"].concat().into(),
        Some(_) | None => path.into(),
    }
}
