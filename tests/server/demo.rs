//! The built-in site: every page, and every reference in a page.

use super::operators::outward;
use super::util::http::Client;
use super::util::process::{Place, Server, eventually};
use std::fs;
use std::net::SocketAddr;

/// Iterates over the references of a page to this server.
fn references(page: &str) -> impl Iterator<Item = &str> {
    let values = ["href=\"", "src=\""].into_iter().flat_map(|name| page.split(name).skip(1));
    values.filter_map(|rest| rest.split('"').next()).filter(|value| value.starts_with('/'))
}

#[test]
fn every_page_is_there_with_all_that_it_asks_for() {
    let server = Server::start(&[]);
    let mut client = Client::connect(server.web());
    for page in ["/", "/index.html", "/about.html"] {
        let reply = client.get(page);
        assert_eq!(reply.status, 200, "{page}");
        assert!(reply.head.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
        let policy = "\r\nContent-Security-Policy: default-src 'none'; style-src 'self'; ";
        assert!(reply.head.contains(policy), "{}", reply.head);
        assert!(!reply.body.contains("<script") && !reply.body.contains("style="));
        assert!(references(&reply.body).count() > 4, "{page}");
        for reference in references(&reply.body) {
            assert_eq!(client.get(reference).status, 200, "{reference} of {page}");
        }
    }
    let size =
        ["/", "/about.html", "/site.css", "/logo.svg"].map(|path| client.get(path).body.len());
    assert!(size.iter().sum::<usize>() < 16 * 1024, "a few KiB: {size:?}");
}

/// The links of a page to other servers, for a visitor of `web` who asks under the name `host`.
fn links(web: SocketAddr, page: &str, host: &str) -> Vec<String> {
    let request = format!("GET {page} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let reply = Client::connect(web).ask(&request).unwrap();
    assert_eq!(reply.status, 200, "{page}");
    assert!(!reply.body.contains("{panel}"), "{}", reply.body);
    let links = reply.body.split("href=\"http").skip(1);
    links.map(|rest| format!("http{}", rest.split('"').next().unwrap())).collect()
}

#[test]
fn links_to_the_panel_are_made_from_the_name_that_was_asked() {
    let server = Server::start(&[]);
    let (web, port) = (server.web(), server.panel().port());
    for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:1"] {
        let name = host.split(':').next().unwrap().to_lowercase();
        let panel = format!("http://{name}:{port}/");
        let shop = format!("{panel}store/");
        assert_eq!(links(web, "/", host), [panel.clone(), panel.clone(), shop], "{host}");
        assert_eq!(links(web, "/about.html", host), [panel], "{host}");
    }
    // The panel does not listen on ::1, but under a name that the visitor reaches, too.
    assert_eq!(links(web, "/about.html", "[::1]:80"), [format!("http://localhost:{port}/")]);
    // Through a proxy on this machine, visitors are from anywhere.
    assert_eq!(links(web, "/", "shop.example"), [""; 0]);
    for hidden in ["/.localhost/index.html", "/.127.0.0.1/about.html"] {
        assert_eq!(Client::connect(web).get(hidden).status, 404, "{hidden}");
    }
}

#[test]
fn visitors_from_elsewhere_see_the_panel_that_is_named_to_them() {
    let args = ["--only=web,panel", "--web=0.0.0.0:0", "--panel=127.0.0.1:0"];
    let url = "--panel-url=https://panel.example.org/";
    for (args, expected) in
        [(args.to_vec(), None), ([&args[..], &[url]].concat(), Some("https://panel.example.org/"))]
    {
        let place = Place::new();
        let server = Server::launch(&place, place.command(&args));
        let here = SocketAddr::from(([127, 0, 0, 1], server.web().port()));
        let shown = links(here, "/about.html", "shop.example");
        assert_eq!(shown.first().map(String::as_str), expected, "under a name of its own");
        assert_eq!(links(here, "/about.html", "localhost").len(), 1);
        let Some(own) = outward() else {
            eprintln!("this machine has no address but the loopback: no visitor from elsewhere");
            continue;
        };
        let there = SocketAddr::new(own.ip(), server.web().port());
        let shown = links(there, "/about.html", "localhost");
        assert_eq!(shown.first().map(String::as_str), expected, "from another address");
    }
}

#[test]
fn no_page_links_to_a_panel_that_is_off() {
    let place = Place::new();
    let server = Server::launch(&place, place.command(["--only=web", "--web=127.0.0.1:0"]));
    assert_eq!(links(server.web(), "/", "localhost"), [""; 0]);
}

#[test]
fn a_policy_of_the_operator_takes_the_place_of_ours() {
    let server = Server::start(&["--header=content-security-policy: default-src 'self'"]);
    let reply = Client::connect(server.web()).get("/");
    let policies = reply.head.to_lowercase().matches("content-security-policy:").count();
    assert_eq!(policies, 1, "{}", reply.head);
}

#[test]
fn the_log_says_what_the_cache_had_to_say() {
    let place = Place::new();
    let args = ["--log-file=access.log", "--log-format=json"];
    let server = Server::start_in(&place, &args);
    let mut client = Client::connect(server.web());
    let statuses = ["/about.html", "/about.html", "/api/pow/stats"].map(|path| {
        let reply = client.get(path);
        assert_eq!(reply.status, 200);
        reply.field("x-cache").map(str::to_string)
    });
    assert!(statuses[1].is_some() && statuses[2].is_none(), "{statuses:?}");
    let text = eventually("three lines", || {
        let text = fs::read_to_string(place.path("access.log")).ok()?;
        (text.matches('\n').count() == 3).then_some(text)
    });
    let verdicts = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["cache"].as_str().map(str::to_string)
    });
    assert_eq!(verdicts.collect::<Vec<_>>(), statuses, "{text}");
}

#[test]
#[cfg(feature = "gzip")]
fn files_of_the_panel_are_compressed_for_clients_that_accept_it() {
    use super::util::site::ask;
    use std::io::Read;

    let server = Server::start(&[]);
    let mut saved = 0;
    for path in ["/", "/assets/panel.css", "/assets/uplot.js", "/store/", "/chat/chat.css"] {
        let plain = ask(server.panel(), "GET", path, "");
        let packed = ask(server.panel(), "GET", path, "Accept-Encoding: gzip, br\r\n");
        assert_eq!((plain.status, packed.status), (200, 200), "{path}");
        assert_eq!(plain.field("Vary"), packed.field("Vary"), "{path}");
        if packed.field("Content-Encoding").is_none() {
            assert_eq!(plain.body, packed.body, "{path} is short");
            continue;
        }
        assert_eq!(packed.field("Vary"), Some("Accept-Encoding"), "{path}");
        assert_ne!(plain.need("ETag"), packed.need("ETag"), "{path}");
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut text).unwrap();
        assert!(text == plain.body, "{path}");
        for (answer, accepted) in [(&plain, "identity"), (&packed, "gzip")] {
            let fields = format!(
                "Accept-Encoding: {accepted}\r\nIf-None-Match: {}\r\n",
                answer.need("ETag")
            );
            assert_eq!(ask(server.panel(), "GET", path, &fields).status, 304, "{path}");
        }
        saved += plain.body.len() - packed.body.len();
    }
    assert!(saved > 40_000, "{saved} bytes");
    let refused = "Accept-Encoding: gzip;q=0\r\n";
    let plain = ask(server.panel(), "GET", "/assets/panel.css", refused);
    assert_eq!(plain.field("Content-Encoding"), None);
}
