//! From a route to the service behind it, and what is remembered while that takes time.

use super::request::Request;
use super::response::{Response, text};
use super::routes::Endpoint;
use crate::service::{Cx, Event, chat, panel, pi, pow, store, web};
use std::time::Instant;

/// What an endpoint has to say at once.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Ready(Response),
    /// Nothing yet.
    Wait(Pending),
}

/// What an endpoint remembers while it waits.
#[derive(Debug)]
pub enum Pending {
    /// The π web service.
    Pi(pi::Pending),
    /// Proof of work.
    Pow(pow::api::Pending),
    /// A proof that is being spent.
    Spend(pow::spend::Pending),
    /// Reports of load tests.
    Reports(panel::archive::Pending),
    /// The bookstore.
    Store(store::Pending),
    /// The live chat.
    Chat(chat::api::Pending),
    /// The figures of the process.
    Metrics(panel::metrics::Pending),
    /// A file of the site.
    Site(Box<web::site::Pending>),
    /// Whether the site has a directory.
    Ready(web::site::Readiness),
}

impl Pending {
    /// When time itself is news.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Pending::Pi(pending) => pending.deadline(),
            Pending::Pow(pending) => Some(pending.deadline()),
            Pending::Spend(_) | Pending::Reports(_) => None,
            Pending::Store(pending) => Some(pending.deadline()),
            Pending::Chat(pending) => pending.deadline(),
            Pending::Metrics(pending) => Some(pending.deadline()),
            Pending::Site(pending) => Some(pending.deadline()),
            Pending::Ready(pending) => Some(pending.deadline()),
        }
    }

    /// Whether the peer's end is news before it is answered.
    pub(super) fn minds_the_end(&self) -> bool {
        matches!(self, Pending::Store(pending) if pending.minds_the_end())
    }

    /// The peer says more before it is answered.
    pub(super) fn interrupted(&mut self) {
        if let Pending::Store(pending) = self {
            pending.interrupted();
        }
    }

    /// Something has happened; the response, if it can be given now.
    pub(super) fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match self {
            Pending::Pi(pending) => pending.news(event, cx),
            Pending::Pow(pending) => pending.news(&event, cx),
            Pending::Spend(pending) => pending.news(&event, cx),
            Pending::Reports(pending) => pending.news(event),
            Pending::Store(pending) => pending.news(event, cx),
            Pending::Chat(pending) => pending.news(event, cx),
            Pending::Metrics(pending) => pending.news(&event, cx),
            Pending::Site(pending) => pending.news(event, cx),
            Pending::Ready(pending) => pending.news(&event, cx),
        }
    }
}

/// Hands a whole request to its endpoint.
pub fn ask(endpoint: Endpoint, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    cx.stats.at_work(endpoint.area());
    match endpoint {
        Endpoint::File => web::site::ask(request, cx),
        Endpoint::PanelIndex => Answer::Ready(panel::index(request, &cx.world.panel)),
        Endpoint::PanelAsset => Answer::Ready(panel::page::asset(request)),
        Endpoint::Login => Answer::Ready(panel::login::show(request, cx)),
        Endpoint::LoginAsset => Answer::Ready(panel::login::asset(request)),
        Endpoint::SignIn => Answer::Ready(panel::login::sign_in(request, cx)),
        Endpoint::SignOut => Answer::Ready(panel::login::sign_out(request, &mut cx.world.panel)),
        Endpoint::Favicon => Answer::Ready(panel::page::favicon(request)),
        Endpoint::StartTest => Answer::Ready(panel::tester::start(request, cx)),
        Endpoint::StopTest => Answer::Ready(panel::tester::stop(cx)),
        Endpoint::TestStatus => Answer::Ready(panel::tester::status(cx)),
        Endpoint::Reports => panel::archive::show(request, cx),
        Endpoint::Metrics => panel::metrics::metrics(request, cx),
        Endpoint::LoopView => Answer::Ready(panel::loop_view::view(cx)),
        Endpoint::ToggleCache => Answer::Ready(panel::toggle_cache(cx)),
        Endpoint::Healthz => Answer::Ready(text(200, "ok\n").momentary()),
        Endpoint::Readyz if cx.draining => Answer::Ready(text(503, "draining\n").momentary()),
        Endpoint::Readyz => web::site::ready(request, cx),
        Endpoint::Pi => pi::estimate(request, cx),
        Endpoint::LegacyPi => pi::query_legacy(request, cx),
        Endpoint::Statistics => pi::statistics(request, cx),
        Endpoint::PowSolve => pow::api::solve(request, cx),
        Endpoint::PowJob => Answer::Ready(pow::api::status(request, cx)),
        Endpoint::PowCancel => Answer::Ready(pow::api::cancel(request, cx)),
        Endpoint::PowVerify => pow::api::verify(request, cx),
        Endpoint::PowStats => Answer::Ready(pow::api::stats(cx)),
        Endpoint::Store(ask) => store::ask(ask, request, cx),
        Endpoint::ChatStatus => Answer::Ready(chat::api::status(cx)),
        Endpoint::ChatStats => chat::api::stats(request, cx),
        Endpoint::ChatAgents => Answer::Ready(chat::api::agents(cx)),
        Endpoint::ChatSessions => chat::api::sessions(request, cx),
        Endpoint::ChatTranscript => chat::api::transcript(request, cx),
        Endpoint::ChatPage => Answer::Ready(chat::page::page(request)),
        Endpoint::ChatAsset => Answer::Ready(chat::page::asset(request)),
    }
}
