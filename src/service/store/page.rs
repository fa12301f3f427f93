//! The shop: a page, its style and its script, all of them part of the program.

use crate::service::http::{Embedded, Request, send};
use crate::service::{Answer, Cx};

/// The policy of the page: it loads only resources of this server, and makes no markup from text. A
/// form that the script handles is never sent.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

static PAGE: Embedded = Embedded::new(
    "index.html",
    "text/html; charset=utf-8",
    include_bytes!("../../../assets/store/index.html"),
);

static FILES: [Embedded; 3] = [
    Embedded::new("icon.svg", "image/svg+xml", include_bytes!("../../../assets/store/icon.svg")),
    Embedded::new(
        "store.css",
        "text/css; charset=utf-8",
        include_bytes!("../../../assets/store/store.css"),
    ),
    Embedded::new(
        "store.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../assets/store/store.js"),
    ),
];

/// `/store/`.
pub fn page(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    PAGE.answer(request).field("Content-Security-Policy", POLICY).into()
}

/// The parts of the page.
pub fn asset(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    send(&FILES, request).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "/store/";

    #[test]
    fn the_page_names_what_is_there_and_makes_no_markup() {
        let page = std::str::from_utf8(PAGE.bytes).unwrap();
        for file in &FILES {
            assert!(page.contains(&format!("\"{FOLDER}{}\"", file.name)), "{}", file.name);
            let text = std::str::from_utf8(file.bytes).unwrap();
            let http = text.replace("http://www.w3.org/2000/svg", "").contains("http");
            assert!(!text.contains("innerHTML") && !http, "{}", file.name);
        }
        assert_eq!(page.matches(FOLDER).count(), FILES.len(), "and nothing else");
        assert!(!page.contains("style=") && !page.contains("onclick"));
    }
}
