//! What answers requests: a closed list.

use crate::service::store::asks::Ask;
use crate::stats::Handler;

/// What answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// A file of the site.
    File,
    /// The dashboard, or the description of the server.
    PanelIndex,
    /// Start the load test at a click.
    StartTest,
    /// Cancel it.
    StopTest,
    /// How it is getting on.
    TestStatus,
    /// What load tests have found.
    Reports,
    /// What was counted.
    Metrics,
    /// The event loop from inside.
    LoopView,
    /// Turn the cache on or off.
    ToggleCache,
    /// What the dashboard is made of.
    PanelAsset,
    /// The sign-in page.
    Login,
    /// What that is made of.
    LoginAsset,
    /// Sign in.
    SignIn,
    /// Sign out.
    SignOut,
    /// The icon that browsers ask for by themselves.
    Favicon,
    /// Alive?
    Healthz,
    /// Ready for more?
    Readyz,
    /// Estimate π here.
    Pi,
    /// Ask the legacy server.
    LegacyPi,
    /// Who asked how often.
    Statistics,
    /// Search for a proof of work.
    PowSolve,
    /// How a search is getting on.
    PowJob,
    /// Give a search up.
    PowCancel,
    /// Is this a proof of work?
    PowVerify,
    /// How fast and how lucky the searches are.
    PowStats,
    /// The bookstore.
    Store(Ask),
    /// How the live chat goes.
    ChatStatus,
    /// The figures of the live chat.
    ChatStats,
    /// Its agents.
    ChatAgents,
    /// Its sessions that are over.
    ChatSessions,
    /// What was said in one.
    ChatTranscript,
    /// The chat at a glance.
    ChatPage,
    /// What that is made of.
    ChatAsset,
}

impl Endpoint {
    /// The area of service that its requests are counted under.
    pub fn area(self) -> Handler {
        match self {
            Endpoint::File => Handler::Site,
            Endpoint::PanelIndex
            | Endpoint::PanelAsset
            | Endpoint::Login
            | Endpoint::LoginAsset
            | Endpoint::SignIn
            | Endpoint::SignOut
            | Endpoint::Favicon
            | Endpoint::StartTest
            | Endpoint::StopTest
            | Endpoint::TestStatus
            | Endpoint::Reports
            | Endpoint::Metrics
            | Endpoint::LoopView
            | Endpoint::ToggleCache => Handler::Panel,
            Endpoint::Healthz | Endpoint::Readyz => Handler::Health,
            Endpoint::Pi | Endpoint::Statistics => Handler::Pi,
            Endpoint::LegacyPi => Handler::Legacy,
            Endpoint::PowSolve
            | Endpoint::PowJob
            | Endpoint::PowCancel
            | Endpoint::PowVerify
            | Endpoint::PowStats => Handler::Pow,
            Endpoint::Store(_) => Handler::Store,
            Endpoint::ChatStatus
            | Endpoint::ChatStats
            | Endpoint::ChatAgents
            | Endpoint::ChatSessions
            | Endpoint::ChatTranscript
            | Endpoint::ChatPage
            | Endpoint::ChatAsset => Handler::Chat,
        }
    }

    /// Whether this is a page for people to look at, and not for programs to ask: only who visits
    /// one is given a session.
    pub fn is_page(self) -> bool {
        let shop = Endpoint::Store(Ask::Page);
        matches!(self, Endpoint::File | Endpoint::PanelIndex | Endpoint::ChatPage) || self == shop
    }
}
