//! Visitors of the site and their cookie, as a browser sees them.

use super::util::http::{Client, Reply};
use super::util::process::{Place, Server, eventually};
use std::collections::HashSet;
use std::fs;

/// The id in the cookie that a reply sets, if it sets one.
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
    client.ask(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n{cookie}\r\n")).unwrap()
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
fn every_page_gives_one_and_what_it_is_made_of_or_polls_does_not() {
    let server = Server::start(&[]);
    let (web, panel) = (server.web(), server.panel());
    for (addr, path) in [(web, "/store/"), (web, "/nothing"), (panel, "/chat/"), (panel, "/")] {
        assert!(set_cookie(&Client::connect(addr).get(path)).is_some(), "{path}");
    }
    for path in ["/metrics", "/api/loop", "/test_status", "/assets/main.js", "/api/chat/status"] {
        assert_eq!(set_cookie(&Client::connect(panel).get(path)), None, "{path}");
    }
}

#[test]
fn nobody_is_given_one_for_asking_an_api_or_whether_the_server_lives() {
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
