//! Signing in with the panel's token: the page, its form, and signing out.

use super::page;
use crate::service::http::{Embedded, Request, Response, Style, content, empty, json, send};
use crate::service::lockout::{self, locked_out};
use crate::service::{Answer, Cx};
use crate::wire::accept;
use crate::wire::target::{pair, pairs};
use std::borrow::Cow;

/// The path of the page.
pub const PATH: &str = "/login";

/// The policy of the page: it may use styles below its own path, and sends its form here.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'";

static PAGE: Embedded = Embedded::new(
    "index.html",
    "text/html; charset=utf-8",
    include_bytes!("../../../assets/login/index.html"),
);

/// The place of a message in the page.
const SAID: &str = "<p id=\"said\" role=\"alert\"></p>";

static FILES: [Embedded; 1] = [Embedded::new(
    "login.css",
    "text/css; charset=utf-8",
    include_bytes!("../../../assets/login/login.css"),
)];

/// Answers `GET /login`: the page; for programs, whether a token is required and the request has
/// it.
pub fn show(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let head = request.head;
    if accept::prefers_json(&head.fields("accept")) {
        let wanted = cx.world.panel.token.is_some();
        let signed_in = cx.world.panel.operators.knows(head.fields("cookie"), cx.now);
        let body = format!("{{\"token_wanted\":{wanted},\"signed_in\":{signed_in}}}");
        return json(200, body).momentary().varying().into();
    }
    if cx.world.panel.token.is_none() {
        return saying(200, NO_TOKEN).varying().into();
    }
    PAGE.answer(request).field("Content-Security-Policy", POLICY).varying().into()
}

const NO_TOKEN: &str = "This panel has no token: it is open to this machine alone.";

/// Serves a part of the page.
pub fn asset(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    send(&FILES, request).into()
}

/// Answers `POST /login`, with the token as a field of a form.
pub fn sign_in(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let style = Style::of(request.head);
    let error = |status, detail| match style {
        Style::Page => Answer::from(saying(status, detail).varying()),
        Style::Plain | Style::Problem | Style::ProblemAsked => style.error(status, detail).into(),
    };
    let Some(token) = cx.world.panel.token.as_deref() else {
        return error(403, NO_TOKEN);
    };
    if let Some(remaining) = cx.world.lockout.remaining(cx.peer.ip(), cx.now) {
        let seconds = lockout::retry_after(remaining);
        return match style {
            Style::Page => {
                saying(429, &format!("Too many wrong tokens. Try again in {seconds} s."))
                    .varying()
                    .retry_after(seconds)
            }
            Style::Plain | Style::Problem | Style::ProblemAsked => locked_out(style, remaining),
        }
        .into();
    }
    let form = std::str::from_utf8(request.body).unwrap_or_default();
    let Some(given) = pair(form, "token") else {
        return error(400, "The form has no field token.");
    };
    if !lockout::is_same(given.trim().as_bytes(), token.as_bytes()) {
        cx.world.lockout.note(cx.peer.ip(), "token", cx.now);
        return error(401, "This is not the token of this server.");
    }
    let cookie = cx.world.panel.operators.sign_in(cx.now);
    see(wanted_page(request)).field("Set-Cookie", cookie).into()
}

/// Answers `POST /logout`.
pub fn sign_out(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let cookie = cx.world.panel.operators.sign_out(request.head.fields("cookie"));
    see(Cow::Borrowed(PATH)).field("Set-Cookie", cookie).into()
}

/// Redirects to the sign-in page, which redirects back to `path`.
pub fn redirect(path: &str) -> Response {
    match page::PAGES.iter().find(|known| **known == path && path != "/") {
        Some(known) => see(format!("{PATH}?to={known}").into()),
        None => see(Cow::Borrowed(PATH)),
    }
}

/// Returns the page that was requested before signing in: one of ours, or the dashboard.
fn wanted_page(request: &Request<'_, '_, '_>) -> Cow<'static, str> {
    let query = request.head.target.query().unwrap_or_default();
    let wanted = pairs(query).find(|(name, _)| name == "to").map(|(_, to)| to);
    let known = page::PAGES.iter().find(|known| wanted.as_deref() == Some(**known));
    Cow::Borrowed(known.copied().unwrap_or("/"))
}

fn see(path: Cow<'static, str>) -> Response {
    empty(303).field("Location", path.into_owned()).momentary()
}

/// Renders the page with an error message.
fn saying(status: u16, text: &str) -> Response {
    let page = String::from_utf8_lossy(PAGE.bytes);
    let said = page.replace(SAID, &format!("<p id=\"said\" role=\"alert\">{text}</p>"));
    content(status, PAGE.content_type, said).field("Content-Security-Policy", POLICY).momentary()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::http::Content;

    #[test]
    fn the_page_has_its_place_for_a_word_and_loads_what_is_there() {
        let page = std::str::from_utf8(PAGE.bytes).unwrap();
        assert_eq!(page.matches(SAID).count(), 1);
        assert!(FILES.iter().all(|file| page.contains(&format!("\"/login/{}\"", file.name))));
        assert!(!page.contains("<script") && !page.contains("style="));
        let Content::Bytes(bytes) = saying(401, "no").body else { panic!("a page is bytes") };
        assert!(String::from_utf8_lossy(&bytes).contains("role=\"alert\">no</p>"));
    }

    #[test]
    fn the_way_back_leads_to_pages_of_ours_only() {
        let location = |path| {
            let response = redirect(path);
            response.fields.into_iter().find(|(name, _)| *name == "Location").unwrap().1
        };
        assert_eq!(location("/chat/"), "/login?to=/chat/");
        for other in ["/", "//evil.example/", "/metrics", "/chat/\r\nX: y"] {
            assert_eq!(location(other), "/login", "{other:?}");
        }
    }
}
