//! The operators' page about the chat, on the panel's listener. Its style and its script come from
//! there too, and it loads nothing from anywhere else.

use crate::service::http::{Embedded, Request, send};
use crate::service::{Answer, Cx};

/// The policy of the page: it may load content of this origin, and must not turn text into markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

macro_rules! embedded {
    ($name:literal, $type:literal) => {
        Embedded::new($name, $type, include_bytes!(concat!("../../../assets/chat/", $name)))
    };
}

static PAGE: Embedded = embedded!("index.html", "text/html; charset=utf-8");

static FILES: [Embedded; 2] = [
    embedded!("chat.css", "text/css; charset=utf-8"),
    embedded!("chat.js", "text/javascript; charset=utf-8"),
];

/// Serves `/chat/`.
pub fn page(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    PAGE.answer(request).field("Content-Security-Policy", POLICY).into()
}

/// Serves a part of the page.
pub fn asset(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    send(&FILES, request).into()
}
