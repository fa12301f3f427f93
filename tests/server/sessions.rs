//! Visitors of the site and their cookie, as a browser sees them.

use super::util::http::{Client, Reply};
use super::util::process::{Place, Server, eventually};
use super::util::site::Site;
use std::collections::HashSet;
use std::fs;

/// Returns the id in the cookie that a reply sets, if it sets one.
fn set_cookie(reply: &Reply) -> Option<String> {
    let fields = reply.head.lines().filter_map(|line| line.strip_prefix("Set-Cookie: "));
    let fields = fields.collect::<Vec<_>>();
    assert!(fields.len() < 2, "{fields:?}");
    let (pair, attributes) = fields.first()?.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/");
    let id = pair.strip_prefix("pentad_session=").unwrap();
    assert!(id.len() == 22 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    Some(id.to_string())
}

fn visit(client: &mut Client, path: &str, cookie: &str) -> Reply {
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    client.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n")).unwrap()
}

#[test]
fn a_visitor_is_given_a_cookie_once_and_a_stranger_another() {
    let server = Server::start(&["--seed=7"]);
    for addr in [server.web(), server.panel()] {
        let mut client = Client::connect(addr);
        let id = set_cookie(&visit(&mut client, "/", "")).unwrap();
        let own = format!("theme=dark; pentad_session={id}");
        assert_eq!(set_cookie(&visit(&mut client, "/", &own)), None, "the second time");
        assert_eq!(set_cookie(&visit(&mut Client::connect(addr), "/", &own)), None, "elsewhere");
        let forged = id.replace(|_| true, "A");
        for stranger in ["", "pentad_session=", &format!("pentad_session={forged}"), "a=b"] {
            let other = set_cookie(&visit(&mut client, "/", stranger)).unwrap();
            assert!(other != id && other != forged, "a new one, and never what was sent");
        }
    }
}

#[test]
fn pages_set_a_cookie_but_assets_and_polls_do_not() {
    let server = Server::start(&[]);
    let (web, panel) = (server.web(), server.panel());
    for (addr, path) in [(web, "/store/"), (web, "/nothing"), (panel, "/chat/"), (panel, "/")] {
        assert!(set_cookie(&Client::connect(addr).get(path)).is_some(), "{path}");
    }
    for path in ["/metrics", "/api/loop", "/test_status", "/assets/main.js", "/api/chat/status"] {
        assert_eq!(set_cookie(&Client::connect(panel).get(path)), None, "{path}");
    }
    for path in ["/site.css", "/logo.svg", "/store/store.css"] {
        assert_eq!(set_cookie(&Client::connect(web).get(path)), None, "{path}");
    }
}

/// Returns true for an answer that sets a cookie, and for one that is marked private.
fn cookie_and_privacy(site: &Site, path: &str, fields: &str) -> (bool, bool) {
    let answer = site.get_with(path, fields);
    let control = answer.field("Cache-Control").unwrap_or_default().to_lowercase();
    let is_private = control.contains("private") || control.contains("no-cache");
    (answer.field("Set-Cookie").is_some(), is_private)
}

#[test]
fn a_cookie_comes_only_with_pages_that_no_shared_cache_keeps() {
    let files: [(&str, &[u8]); 4] =
        [("index.html", b"<p>page"), ("a.js", b"1"), ("a.txt", b"text"), ("404.html", b"lost")];
    for (args, gives) in [
        (&[][..], true),
        (&["--max-age=60"], false),
        (&["--max-age=0"], false),
        (&["--header=Cache-Control: public, max-age=60"], false),
        (&["--header=Cache-Control: private, max-age=60"], true),
        (&["--header=Cache-Control: NO-CACHE"], true),
        (&["--max-age=60", "--header=Cache-Control: private"], true),
        (&["--cache-bytes=0"], true),
    ] {
        let site = Site::new(&files, args);
        for _ in 0..2 {
            let (cookie, private) = cookie_and_privacy(&site, "/", "");
            assert_eq!(cookie, gives, "{args:?}");
            assert!(!cookie || private, "{args:?}");
        }
        let tag = site.get("/").need("ETag");
        let known = site.get_with("/", &format!("If-None-Match: {tag}\r\n"));
        assert_eq!((known.status, known.field("Set-Cookie")), (304, None), "{args:?}");
        for path in ["/a.js", "/a.txt"] {
            assert!(!cookie_and_privacy(&site, path, "").0, "{path} {args:?}");
        }
        assert!(!cookie_and_privacy(&site, "/", "Range: bytes=0-1\r\n").0, "a part of a page");
        let lost = cookie_and_privacy(&site, "/nothing", "");
        assert_eq!(lost, (true, true), "a page for an error says itself that it is private");
        let problem = cookie_and_privacy(&site, "/nothing", "Accept: application/json\r\n");
        assert!(!problem.0, "for a program it is no page");
    }
}

/// Returns the number of counted visitors.
fn counted(server: &Server) -> u64 {
    let told = Client::connect(server.panel()).get("/metrics").json();
    told["unique_sessions"].as_u64().unwrap()
}

#[test]
fn clients_without_cookies_do_not_count_and_evict_no_others() {
    let server = Server::start(&["--sessions=10"]);
    let mut client = Client::connect(server.web());
    let faithful = (0..5).map(|_| {
        let id = set_cookie(&visit(&mut client, "/", "")).unwrap();
        let cookie = format!("pentad_session={id}");
        assert_eq!(set_cookie(&visit(&mut client, "/", &cookie)), None);
        cookie
    });
    let faithful = faithful.collect::<Vec<_>>();
    for _ in 0..100 {
        assert!(set_cookie(&visit(&mut client, "/", "")).is_some());
    }
    for cookie in &faithful {
        assert_eq!(set_cookie(&visit(&mut client, "/", cookie)), None, "still the same visitor");
    }
    assert_eq!(counted(&server), 5);
}

#[test]
fn api_calls_and_health_checks_set_no_cookie() {
    let server = Server::start(&[]);
    for addr in [server.web(), server.panel()] {
        let mut client = Client::connect(addr);
        for path in ["/healthz", "/readyz", "/api/pow/stats", "/pi", "/api/nothing"] {
            assert_eq!(set_cookie(&client.get(path)), None, "{path}");
        }
        assert_eq!(set_cookie(&client.post("/pi", "{}")), None);
    }
}

#[test]
fn the_seed_has_no_part_in_ids() {
    let ids = (0..3).map(|_| {
        let server = Server::start(&["--seed=7"]);
        set_cookie(&visit(&mut Client::connect(server.web()), "/", "")).unwrap()
    });
    assert_eq!(ids.collect::<HashSet<_>>().len(), 3);
}

#[test]
fn the_table_is_bounded_and_sessions_end() {
    let server = Server::start(&["--sessions=3"]);
    let mut client = Client::connect(server.web());
    let mut begin = || set_cookie(&visit(&mut client, "/", "")).unwrap();
    let ids = [begin(), begin(), begin(), begin()].map(|id| format!("pentad_session={id}"));
    assert!(set_cookie(&visit(&mut client, "/", &ids[0])).is_some(), "the oldest had to go");
    assert!(set_cookie(&visit(&mut client, "/", &ids[3])).is_none());
    let server = Server::start(&["--session-lifetime=1s"]);
    let mut client = Client::connect(server.web());
    let id = set_cookie(&visit(&mut client, "/", "")).unwrap();
    let cookie = format!("pentad_session={id}");
    let other =
        eventually("the end of a session", || set_cookie(&visit(&mut client, "/", &cookie)));
    assert_ne!(other, id);
    let off = Server::start(&["--sessions=0"]);
    assert_eq!(set_cookie(&visit(&mut Client::connect(off.web()), "/", "")), None);
}

#[test]
fn the_log_tells_visitors_apart_without_telling_their_ids() {
    let place = Place::new();
    let args = ["--log-file=access.log", "--log-format=json"];
    let server = Server::start_in(&place, &args);
    let mut client = Client::connect(server.web());
    let id = set_cookie(&visit(&mut client, "/", "")).unwrap();
    visit(&mut client, "/", &format!("pentad_session={id}"));
    visit(&mut client, "/", "");
    visit(&mut client, "/api/pow/stats", &format!("pentad_session={id}"));
    let text = eventually("four lines", || {
        let text = fs::read_to_string(place.path("access.log")).ok()?;
        (text.matches('\n').count() == 4).then_some(text)
    });
    assert!(!text.contains(&id), "{text}");
    let sessions = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["session"].as_str().map(str::to_string)
    });
    let sessions = sessions.collect::<Vec<_>>();
    assert_eq!(sessions[0].as_ref().map(String::len), Some(12));
    assert!(sessions[0] == sessions[1] && sessions[2].is_some() && sessions[0] != sessions[2]);
    assert_eq!(sessions[3], None, "a program that asks an API is no visitor");
    let digest = format!("pentad_session={}", sessions[0].as_deref().unwrap());
    assert!(set_cookie(&visit(&mut client, "/", &digest)).is_some(), "a digest is no key");
}
