//! Tests of requests from browsers, scripts and attackers, field by field.

use super::*;
use crate::limits::Limits;
use crate::wire::Parse;
use crate::wire::http::{Fields, Scan, head};

const LOCAL: &str = "127.0.0.1:40000";
const REMOTE: &str = "192.0.2.7:40000";

fn panel() -> panel::State {
    panel::State {
        bound: vec!["10.0.0.5:5000".parse().unwrap(), "127.0.0.1:8080".parse().unwrap()],
        hosts: vec!["panel.example.org".into(), "proxy.example.org:8443".into()],
        ..panel::State::default()
    }
}

fn judged(peer: &str, panel: &panel::State, method: &str, fields: &str) -> Result<(), Denied> {
    let text = format!("{method} /toggle_cache HTTP/1.1\r\n{fields}\r\n").replace('\n', "\r\n");
    let text = text.replace("\r\r\n", "\r\n");
    let (mut scan, mut room) = (Scan::default(), Fields::new());
    let Parse::Done(head, _) = head(text.as_bytes(), &mut scan, &Limits::default(), &mut room)
    else {
        panic!("no head: {text}")
    };
    let host = head.host().and_then(Authority::parse);
    if host.is_some_and(|host| !is_ours(&host, panel)) {
        return Err(Denied::ForeignHost);
    }
    if is_from_elsewhere(&head) || is_caused_by_a_link(&head) {
        return Err(Denied::CrossSite);
    }
    let peer = (peer.parse().unwrap(), Instant::now(), None);
    let mut panel = panel::State {
        bound: panel.bound.clone(),
        hosts: panel.hosts.clone(),
        token: panel.token.clone(),
        ..panel::State::default()
    };
    judge(ListenerRole::Panel, &head, peer, false, &mut panel)
}

fn local(method: &str, fields: &str) -> Result<(), Denied> {
    judged(LOCAL, &panel(), method, &format!("Host: 127.0.0.1:5000\n{fields}"))
}

const AGENT: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like \
                     Gecko) Chrome/141.0.0.0 Safari/537.36\n";

#[test]
fn scripts_may_get_and_post() {
    for agent in ["", "User-Agent: curl/8.14.1\nAccept: */*\n", "User-Agent: python-requests/2\n"] {
        assert_eq!(local("GET", agent), Ok(()));
        assert_eq!(local("POST", agent), Ok(()));
    }
}

#[test]
fn our_own_page_may_post_and_get() {
    let fetch = format!(
        "{AGENT}Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty\n\
         Origin: http://127.0.0.1:5000\n"
    );
    assert_eq!(local("POST", &fetch), Ok(()));
    assert_eq!(local("GET", &fetch.replace("Origin: http://127.0.0.1:5000\n", "")), Ok(()));
    // Browsers without `Sec-Fetch-Site`, and all browsers when this server is on another machine.
    let older = format!("{AGENT}Origin: http://127.0.0.1:5000\n");
    assert_eq!(local("POST", &older), Ok(()));
    assert_eq!(local("GET", &format!("{AGENT}Referer: http://127.0.0.1:5000/x?y\n")), Ok(()));
    // The address bar, where the browser says so.
    let typed = format!("{AGENT}Sec-Fetch-Site: none\nSec-Fetch-Mode: navigate\n");
    assert_eq!(local("GET", &typed), Ok(()));
    // Behind a proxy that changes `Host`, only the browser's field is available.
    let proxied = "Sec-Fetch-Site: same-origin\nOrigin: https://panel.example\n";
    assert_eq!(local("POST", proxied), Ok(()));
}

#[test]
fn other_pages_may_nothing() {
    for (method, fields) in [
        // Forms that are posted from another site, another port, or a sandbox.
        ("POST", "Sec-Fetch-Site: cross-site\nOrigin: https://evil.example\n"),
        ("POST", "Sec-Fetch-Site: same-site\nOrigin: http://127.0.0.1:8080\n"),
        ("POST", "Sec-Fetch-Site: cross-site\nOrigin: null\n"),
        ("POST", "Origin: https://evil.example\n"),
        ("POST", "Origin: http://127.0.0.1:8080\n"),
        ("POST", "Origin: http://127.0.0.1\n"),
        ("POST", "Origin: null\n"),
        ("POST", "Origin: http://127.0.0.1:5000.evil.example\n"),
        ("POST", "Origin: http://evil.example/http://127.0.0.1:5000\n"),
        ("POST", "Origin: file://\n"),
        ("POST", "Sec-Fetch-Site: none\nOrigin: https://evil.example\n"),
        // An image, a link, a prefetch.
        ("GET", "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\n"),
        ("GET", "Sec-Fetch-Site: same-site\nSec-Fetch-Mode: navigate\n"),
        ("GET", "Referer: https://evil.example/\n"),
        ("GET", "Upgrade-Insecure-Requests: 1\n"),
        ("GET", AGENT),
        // Two fields that contradict each other, the true one first.
        ("POST", "Sec-Fetch-Site: cross-site\nSec-Fetch-Site: same-origin\n"),
    ] {
        assert_eq!(local(method, fields), Err(Denied::CrossSite), "{method} {fields}");
    }
}

#[test]
fn a_name_that_points_here_is_not_enough() {
    for host in [
        "127.0.0.1:5000",
        "127.8.9.10",
        "localhost:5000",
        "LOCALHOST",
        "localhost.:5000",
        "panel.localhost",
        "[::1]:5000",
        "10.0.0.5:5000",
        "10.0.0.5",
        "panel.example.org",
        "Panel.Example.org:5000",
        "proxy.example.org:8443",
    ] {
        let fields = format!("Host: {host}\n");
        assert_eq!(judged(LOCAL, &panel(), "POST", &fields), Ok(()), "{host}");
    }
    for host in [
        "evil.example:5000",
        "localhost.evil.example",
        "evillocalhost",
        "127.0.0.1.evil.example",
        "10.0.0.6:5000",
        "0.0.0.0:5000",
        "[2001:db8::1]:5000",
        "proxy.example.org",
        "proxy.example.org:5000",
        "sub.panel.example.org",
    ] {
        let fields = format!("Host: {host}\n");
        let judged = judged(LOCAL, &panel(), "POST", &fields);
        assert_eq!(judged, Err(Denied::ForeignHost), "{host}");
    }
}

#[test]
fn a_rebound_name_is_refused_despite_the_same_origin() {
    let fields = format!(
        "Host: evil.example:5000\n{AGENT}Sec-Fetch-Site: same-origin\n\
         Origin: http://evil.example:5000\n"
    );
    assert_eq!(judged(LOCAL, &panel(), "POST", &fields), Err(Denied::ForeignHost));
}

#[test]
fn a_wildcard_listener_accepts_addresses_but_no_names() {
    let mut panel = panel();
    panel.bound.push("0.0.0.0:5000".parse().unwrap());
    for host in ["10.0.0.6:5000", "[2001:db8::1]:5000", "0.0.0.0:5000"] {
        assert_eq!(judged(LOCAL, &panel, "POST", &format!("Host: {host}\n")), Ok(()));
    }
    let named = judged(LOCAL, &panel, "POST", "Host: evil.example:5000\n");
    assert_eq!(named, Err(Denied::ForeignHost));
}

#[test]
fn a_proxy_may_end_the_encryption() {
    let fields = "Host: panel.example.org\nOrigin: https://panel.example.org\n";
    assert_eq!(judged(LOCAL, &panel(), "POST", fields), Ok(()));
    let fields = "Host: panel.example.org:443\nOrigin: https://panel.example.org\n";
    assert_eq!(judged(LOCAL, &panel(), "POST", fields), Ok(()));
    let fields = "Host: panel.example.org:443\nOrigin: http://panel.example.org\n";
    assert_eq!(judged(LOCAL, &panel(), "POST", fields), Err(Denied::CrossSite));
}

#[test]
fn with_a_token_everybody_needs_it() {
    let with = |token: Option<&str>| panel::State { token: token.map(str::to_owned), ..panel() };
    let from = |peer, token, authorization: &str| {
        let fields = format!("Host: 10.0.0.5:5000\n{authorization}");
        judged(peer, &with(token), "POST", &fields)
    };
    let right = "Authorization: Bearer s3cret\n";
    assert_eq!(from(REMOTE, None, ""), Err(Denied::Remote));
    assert_eq!(from(REMOTE, None, right), Err(Denied::Remote), "there is nothing to compare with");
    assert_eq!(from(REMOTE, Some("s3cret"), ""), Err(Denied::NoToken));
    assert_eq!(from(REMOTE, Some("s3cret"), right), Ok(()));
    assert_eq!(from(REMOTE, Some("s3cret"), "authorization: bearer s3cret\n"), Ok(()));
    for wrong in ["s3crets", "s3cre", "S3CRET", "", "x"] {
        let field = format!("Authorization: Bearer {wrong}.\n");
        assert_eq!(from(REMOTE, Some("s3cret"), &field), Err(Denied::WrongToken), "{wrong}");
    }
    let basic = "Authorization: Basic czNjcmV0\n";
    assert_eq!(from(REMOTE, Some("s3cret"), basic), Err(Denied::NoToken));
    for local in [LOCAL, "[::1]:40000", "[::ffff:127.0.0.1]:40000"] {
        assert_eq!(from(local, None, ""), Ok(()));
        assert_eq!(from(local, None, right), Ok(()), "nothing was asked for");
        assert_eq!(from(local, Some("s3cret"), ""), Err(Denied::NoToken));
        let wrong = from(local, Some("s3cret"), "Authorization: Bearer x\n");
        assert_eq!(wrong, Err(Denied::WrongToken));
    }
    assert_eq!(from("[2001:db8::9]:1", Some("s3cret"), ""), Err(Denied::NoToken));
}

#[test]
fn a_token_does_not_open_the_door_to_other_sites() {
    let panel = panel::State { token: Some("s3cret".into()), ..panel() };
    let fields =
        "Host: 10.0.0.5:5000\nAuthorization: Bearer s3cret\nOrigin: https://evil.example\n";
    assert_eq!(judged(REMOTE, &panel, "POST", fields), Err(Denied::CrossSite));
}
