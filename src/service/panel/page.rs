//! The dashboard: a page, its style and its scripts, all of them part of the program. They come
//! from this listener and load nothing from anywhere else, which their policy makes sure of.

use crate::service::http::{Embedded, Request, Response, Style};

/// What the page may do: run and load what comes from here. It never makes markup out of text,
/// and the browser holds it to that.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! embedded {
    ($name:literal, $type:expr, $path:literal) => {
        Embedded::new($name, $type, include_bytes!(concat!("../../../assets/", $path)))
    };
    ($name:literal, $type:expr) => {
        Embedded::new($name, $type, include_bytes!(concat!("../../../assets/panel/", $name)))
    };
}

/// `/`.
static PAGE: Embedded = embedded!("index.html", "text/html; charset=utf-8");

/// Where the rest of the page is.
pub const ASSETS: &str = "/assets/";

/// What is there.
static FILES: &[Embedded] = &[
    embedded!("panel.css", STYLE),
    embedded!("icon.svg", "image/svg+xml"),
    embedded!("cache.js", SCRIPT),
    embedded!("control.js", SCRIPT),
    embedded!("figures.js", SCRIPT),
    embedded!("format.js", SCRIPT),
    embedded!("graphs.js", SCRIPT),
    embedded!("history.js", SCRIPT),
    embedded!("load-test.js", SCRIPT),
    embedded!("main.js", SCRIPT),
    embedded!("poll.js", SCRIPT),
    embedded!("requests.js", SCRIPT),
    embedded!("server.js", SCRIPT),
    embedded!("text.js", SCRIPT),
    embedded!("uplot.css", STYLE, "vendor/uplot/uPlot.min.css"),
    embedded!("uplot.js", SCRIPT, "vendor/uplot/uPlot.iife.min.js"),
    embedded!("uplot-licence.txt", "text/plain; charset=utf-8", "vendor/uplot/LICENSE"),
];

/// The page.
pub fn page(request: &Request<'_, '_, '_>) -> Response {
    PAGE.answer(request).field("Content-Security-Policy", POLICY.to_string())
}

/// What the page is made of.
pub fn asset(request: &Request<'_, '_, '_>) -> Response {
    let name = request.head.target.path().strip_prefix(ASSETS).unwrap_or("");
    match FILES.iter().find(|file| file.name == name) {
        Some(file) => file.answer(request),
        None => Style::of(request.head).error(404, "There is nothing at this path."),
    }
}
