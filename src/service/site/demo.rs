//! The site that is built into the program.
//!
//! Its pages link to the panel, whose address depends on the visitor: one on this machine reaches
//! it under the name in the request's `Host`, one on another machine where `--panel-url` says, if
//! it does. The few forms of each page are made at the start, under paths that no request can
//! name, and [`State::path_for`](super::State::path_for) chooses among them.

use crate::work::files::{Page, Site};
use std::borrow::Cow;
use std::net::SocketAddr;

macro_rules! page {
    ($path:literal) => {
        ($path, include_bytes!(concat!("../../../assets", $path)))
    };
}

/// Pages with links to the panel.
const PAGES: [(&str, &str); 2] = [
    ("/index.html", include_str!("../../../assets/index.html")),
    ("/about.html", include_str!("../../../assets/about.html")),
];

/// Files that are the same for everyone.
const FILES: [(&str, &[u8]); 3] = [page!("/site.css"), page!("/logo.svg"), page!("/favicon.ico")];

/// Allows the pages styles and pictures of this site, and nothing else.
pub const DEMO_POLICY: (&str, &str) = (
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// The names under which a visitor on this machine may have asked.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The address of the panel in a page; lines with it are left out where there is no panel.
const PANEL: &str = "{panel}";

/// Returns the site with links to a panel that listens on these addresses, and that visitors on
/// other machines find at `panel_url`.
pub fn demo(panel: &[SocketAddr], panel_url: Option<&str>) -> Site {
    let mut pages = FILES
        .map(|(path, bytes)| Page { path: path.into(), bytes: bytes.into() })
        .into_iter()
        .collect::<Vec<_>>();
    for (path, text) in PAGES {
        pages.push(linked(path.into(), text, panel_url));
        for name in LOCAL_NAMES {
            let url = local_url(name, panel);
            pages.push(linked(local_path(name, path), text, url.as_deref()));
        }
    }
    Site::Embedded(pages)
}

/// Returns the path of the form of a page for a visitor on this machine who asked under the name
/// `host`, if `path` is a page that has one.
pub(super) fn local_form(path: &[u8], host: &str) -> Option<String> {
    let path = if path == b"/" { b"/index.html" } else { path };
    let (page, _) = PAGES.iter().find(|(page, _)| page.as_bytes() == path)?;
    let name = LOCAL_NAMES.iter().find(|name| name.eq_ignore_ascii_case(host))?;
    Some(local_path(name, page))
}

/// Returns a path that no request can name: the leading dot makes it hidden.
fn local_path(name: &str, path: &str) -> String {
    format!("/.{name}{path}")
}

/// Returns the address of the panel as `name` reaches it: by that name, or by `localhost` if it
/// listens on another loopback address only.
fn local_url(name: &str, panel: &[SocketAddr]) -> Option<String> {
    let is_at = |name: &str, at: &SocketAddr| match name {
        "127.0.0.1" => at.ip().to_string() == name || at.ip().is_unspecified(),
        "[::1]" => at.is_ipv6() && (at.ip().is_loopback() || at.ip().is_unspecified()),
        _ => at.ip().is_loopback() || at.ip().is_unspecified(),
    };
    let url = |name: &str| {
        let at = panel.iter().find(|at| is_at(name, at))?;
        Some(format!("http://{name}:{}", at.port()))
    };
    url(name).or_else(|| url("localhost"))
}

/// Returns the page with its links to `panel`, or without them.
fn linked(path: String, text: &'static str, panel: Option<&str>) -> Page {
    let lines = text.split_inclusive('\n');
    let text = match panel {
        Some(url) => text.replace(PANEL, url.trim_end_matches('/')),
        None => lines.filter(|line| !line.contains(PANEL)).collect(),
    };
    Page { path: path.into(), bytes: Cow::Owned(text.into_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| address.parse().expect("an address")).collect()
    }

    #[test]
    fn a_local_name_leads_to_a_panel_that_listens_there() {
        let both = panel(&["127.0.0.1:1", "[::1]:2"]);
        let everywhere = panel(&["0.0.0.0:1"]);
        let cases = [
            (&both, "127.0.0.1", Some("http://127.0.0.1:1")),
            (&both, "[::1]", Some("http://[::1]:2")),
            (&both, "localhost", Some("http://localhost:1")),
            (&everywhere, "127.0.0.1", Some("http://127.0.0.1:1")),
            (&everywhere, "[::1]", Some("http://localhost:1")),
            (&panel(&["10.0.0.1:1"]), "localhost", None),
            (&panel(&[]), "127.0.0.1", None),
        ];
        for (panel, name, url) in cases {
            assert_eq!(local_url(name, panel).as_deref(), url, "{name} of {panel:?}");
        }
    }

    #[test]
    fn only_pages_have_a_form_for_local_visitors() {
        assert_eq!(local_form(b"/", "LocalHost").as_deref(), Some("/.localhost/index.html"));
        assert_eq!(local_form(b"/about.html", "[::1]").as_deref(), Some("/.[::1]/about.html"));
        assert_eq!(local_form(b"/site.css", "localhost"), None);
        assert_eq!(local_form(b"/", "example.org"), None);
    }
}
