//! The dashboard: a page with its style and scripts, all of them part of the program. They come
//! from this listener and load nothing from anywhere else, which their policy enforces.

use crate::service::http::{Embedded, Request, Response, send};
use crate::service::{Answer, Cx};

/// The policy of the page: it may run and load content of this origin, and must not turn text into
/// markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; \
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

/// The pages on the panel.
pub const PAGES: [&str; 4] = ["/", "/reports/", "/chat/", "/store/"];

/// The parts of the page.
static FILES: [Embedded; 19] = [
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
    embedded!("session.js", SCRIPT),
    embedded!("store.js", SCRIPT),
    embedded!("text.js", SCRIPT),
    embedded!("uplot.css", STYLE, "vendor/uplot/uPlot.min.css"),
    embedded!("uplot.js", SCRIPT, "vendor/uplot/uPlot.iife.min.js"),
    embedded!("uplot-licence.txt", "text/plain; charset=utf-8", "vendor/uplot/LICENSE"),
];

static FAVICON: Embedded =
    Embedded::new("favicon.ico", "image/x-icon", include_bytes!("../../../assets/favicon.ico"));

/// Serves `/favicon.ico`, which browsers request for any page.
pub fn favicon(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    FAVICON.answer(request).into()
}

/// Serves the page.
pub fn page(request: &Request<'_, '_, '_>) -> Response {
    PAGE.answer(request).field("Content-Security-Policy", POLICY)
}

/// Serves a part of the page.
pub fn asset(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    send(&FILES, request).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::thread;

    /// Bytes of the whole page, compressed: the download on a slow line.
    const PAGE_BYTES_MAX: usize = 60 * 1024;

    fn gzipped(bytes: &'static [u8]) -> usize {
        let mut gzip = Command::new("gzip");
        let mut gzip =
            gzip.arg("-9c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = gzip.stdin.take().unwrap();
        let writer = thread::spawn(move || input.write_all(bytes));
        let output = gzip.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        output.stdout.len()
    }

    #[test]
    fn the_page_is_light() {
        let weight = FILES.iter().chain([&PAGE]).map(|file| gzipped(file.bytes)).sum::<usize>();
        assert!((1024..PAGE_BYTES_MAX).contains(&weight), "{weight} bytes");
    }

    #[test]
    fn the_vendored_files_are_the_published_ones() {
        let recorded = include_str!("../../../assets/vendor/uplot/SHA256SUMS");
        for (name, file) in [
            ("LICENSE", "uplot-licence.txt"),
            ("uPlot.iife.min.js", "uplot.js"),
            ("uPlot.min.css", "uplot.css"),
        ] {
            let file = FILES.iter().find(|embedded| embedded.name == file).unwrap();
            let digest = Sha256::digest(file.bytes);
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert!(recorded.lines().any(|line| line == format!("{digest}  {name}")), "{name}");
        }
        assert!(FILES.iter().any(|file| {
            file.bytes.starts_with(b"/*! https://github.com/leeoniya/uPlot (v1.6.32) */")
        }));
    }

    /// Returns the names that the page and its scripts refer to.
    fn named(text: &str) -> Vec<&str> {
        let after = |start: &'static str| {
            text.split(start).skip(1).map(|rest| &rest[..rest.find('"').unwrap_or(0)])
        };
        after("\"/assets/").chain(after("from \"./")).collect()
    }

    #[test]
    fn nothing_is_missing_and_nothing_lies_around() {
        let mut all = Vec::new();
        for file in FILES.iter().chain([&PAGE]).filter(|file| file.name != "uplot.js") {
            let text = std::str::from_utf8(file.bytes).unwrap();
            assert!(!text.contains("innerHTML") && !text.contains("style="), "{}", file.name);
            all.extend(named(text));
        }
        for name in &all {
            assert!(FILES.iter().any(|file| file.name == *name), "{name} is not there");
        }
        for file in &FILES {
            assert!(all.contains(&file.name), "no page refers to {}", file.name);
        }
    }
}
