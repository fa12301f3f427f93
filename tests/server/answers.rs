//! The fields that every answer has once, the form of errors, and the methods that a path allows.

use super::util::http::{Client, Reply, assert_next_is_served};
use super::util::process::Server;
use super::util::site::Site;
use std::fs;
use std::net::SocketAddr;

/// Sends one request on a connection of its own, which need not speak HTTP.
fn ask(addr: SocketAddr, request: &str) -> Reply {
    let mut client = Client::connect(addr);
    let end = "Connection: close\r\n\r\n";
    let request = request.strip_suffix("\r\n").map_or(request.into(), |head| head.to_owned() + end);
    client.ask(&request).unwrap()
}

fn head(method: &str, path: &str, fields: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

const PLAIN: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const PAGE: &str = "text/html; charset=utf-8";

/// Counts the fields of a name.
fn count(reply: &Reply, name: &str) -> usize {
    let names = reply.head.lines().skip(1).filter_map(|line| line.split(':').next());
    names.filter(|own| own.eq_ignore_ascii_case(name)).count()
}

/// Returns a request for each kind of answer, and its status.
fn kinds() -> Vec<(String, u16)> {
    let get = |path: &str, fields: &str| head("GET", path, fields);
    vec![
        (get("/", ""), 200),
        (head("HEAD", "/", ""), 200),
        (get("/large", ""), 200),
        (get("/text.txt", "Range: bytes=1-2\r\n"), 206),
        (get("/text.txt", "If-None-Match: *\r\n"), 304),
        (get("/text.txt", "If-Match: \"x\"\r\n"), 412),
        (get("/text.txt", "Range: bytes=99-\r\n"), 416),
        (get("/sub", ""), 308),
        (get("/sub/", ""), 200),
        (get("/nothing", ""), 404),
        (get("/nothing", "Accept: application/json\r\n"), 404),
        (get("/a%00b", ""), 400),
        (get("/", "Content-Length: 1\r\n"), 413),
        (get(&format!("/{}", "x".repeat(9000)), ""), 414),
        (get("/", &format!("X: {}\r\n", "x".repeat(17_000))), 431),
        (get("/", "Expect: cake\r\n"), 417),
        (get("/", "X : y\r\n"), 400),
        (head("POST", "/text.txt", ""), 405),
        (head("TRACE", "/", ""), 405),
        (head("OPTIONS", "/pi", ""), 204),
        (head("BREW", "/", ""), 501),
        (head("POST", "/pi", "Transfer-Encoding: gzip, chunked\r\n"), 501),
        (head("POST", "/pi", "Content-Type: text/plain\r\nContent-Length: 0\r\n"), 415),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_string(), 505),
        (get("/pi", ""), 405),
        (get("/healthz", ""), 200),
        (get("/api/pow/stats", ""), 200),
        (get("/api/nothing", ""), 404),
        (get("/store/", ""), 200),
    ]
}

fn site(args: &[&str]) -> Site {
    let large = vec![b'x'; 3 << 20];
    let files: [(&str, &[u8]); 4] =
        [("index.html", b"index"), ("text.txt", b"text"), ("sub/x", b"x"), ("large", &large)];
    Site::new(&files, &[&["--list", "--cache-bytes=8MiB"], args].concat())
}

#[test]
fn every_answer_says_when_by_whom_and_how_long_it_is() {
    for (args, servers) in [(&[][..], 1), (&["--no-server-header"], 0)] {
        let site = site(args);
        for (request, status) in kinds() {
            let reply = ask(site.server.web(), &request);
            let line = request.lines().next().unwrap_or_default();
            assert_eq!(reply.status, status, "{line}: {}", reply.head);
            assert_eq!(count(&reply, "server"), servers, "{line}: {}", reply.head);
            for name in ["date", "x-content-type-options", "referrer-policy"] {
                assert_eq!(count(&reply, name), 1, "{line}: {name} in {}", reply.head);
            }
            let date = reply.field("date").unwrap();
            assert!(httpdate::parse_http_date(date).is_ok() && date.ends_with(" GMT"), "{date}");
            assert_eq!(reply.field("x-content-type-options"), Some("nosniff"));
            let lengths = usize::from(![204, 304].contains(&status));
            assert_eq!(count(&reply, "content-length"), lengths, "{line}: {}", reply.head);
            assert_eq!(count(&reply, "content-type"), lengths, "{line}: {}", reply.head);
            assert_eq!(count(&reply, "allow"), usize::from([204, 405].contains(&status)), "{line}");
        }
        assert_next_is_served(site.server.web());
    }
}

#[test]
fn built_in_pages_have_a_policy_and_site_pages_their_own() {
    let site = site(&[]);
    let (web, panel) = (site.server.web(), site.server.panel());
    for (addr, path) in
        [(web, "/sub/"), (web, "/nothing"), (web, "/store/"), (panel, "/"), (panel, "/chat/")]
    {
        let reply = ask(addr, &head("GET", path, "Accept: text/html\r\n"));
        let policy = reply.field("content-security-policy").expect(path);
        assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
    assert_eq!(ask(web, &head("GET", "/", "")).field("content-security-policy"), None);
}

#[test]
fn nothing_of_a_request_comes_back_as_it_was_sent() {
    let site = site(&["--log-file=access.log"]);
    fs::create_dir(site.path("<b>")).unwrap();
    let mark = "zyxwv'<b>\"";
    for request in [
        head("GET", "/%3Cb%3E?'zyxwv;x=%0d%0aSet-Cookie:y", ""),
        head("GET", "/zyxwv'%3Cb%3E%22", ""),
        head("GET", "/api/zyxwv'%3Cb%3E%22", ""),
        head("GET", "/%3Cb%3E/", "X-Mark: zyxwv'<b>\"\r\n"),
        head("GET", "/nothing", "Cookie: pentad_session=zyxwv'<b>\"\r\n"),
        head("GET", "/nothing", "User-Agent: zyxwv'<b>\"\r\nReferer: zyxwv'<b>\"\r\n"),
        head("GET", "http://zyxwv/%3Cb%3E", ""),
        head("GET", "/zyxwv'<b>\"", ""),
        head("ZYXWV", "/", ""),
        head("POST", "/pi", "Content-Type: zyxwv'<b>\"\r\nContent-Length: 0\r\n"),
    ] {
        let reply = ask(site.server.web(), &request);
        let all = format!("{}{}", reply.head, reply.body).to_lowercase();
        assert!(!all.contains(mark) && !all.contains("<b>"), "{request}{all}");
        assert!(!reply.head.contains("\nSet-Cookie:y") && count(&reply, "set-cookie") < 2, "{all}");
        let place = reply.field("location").unwrap_or_default();
        assert!(["", "/%3Cb%3E/", "/%3Cb%3E/?%27zyxwv;x=%0d%0aSet-Cookie:y"].contains(&place));
    }
}

#[test]
fn an_error_has_the_form_of_its_path_or_the_accepted_one() {
    let site = site(&[]);
    let web = site.server.web();
    let forms = ["", "Accept: application/json\r\n", "Accept: text/html, */*;q=0.1\r\n"];
    for (method, path, status, expected) in [
        ("GET", "/nothing", 404, [PAGE, PROBLEM, PAGE]),
        ("DELETE", "/text.txt", 405, [PAGE, PROBLEM, PAGE]),
        ("BREW", "/text.txt", 501, [PAGE, PROBLEM, PAGE]),
        ("GET", "/api/nothing", 404, [PROBLEM; 3]),
        ("BREW", "/api/nothing", 501, [PROBLEM; 3]),
        ("PUT", "/api/pow/solve", 405, [PROBLEM; 3]),
        ("GET", "/api/books/0", 404, [PROBLEM; 3]),
        ("GET", "/pi", 405, [PLAIN; 3]),
        ("BREW", "/pi", 501, [PLAIN; 3]),
        ("GET", "/statistics", 405, [PLAIN; 3]),
        ("TRACE", "/legacy_pi", 405, [PLAIN; 3]),
        ("GET", "/purchase/1", 405, [PLAIN; 3]),
        ("BREW", "/product/1", 501, [PLAIN; 3]),
    ] {
        for (form, expected) in forms.iter().zip(expected) {
            let reply = ask(web, &head(method, path, form));
            let told = (reply.status, reply.field("content-type").unwrap());
            assert_eq!(told, (status, expected), "{method} {path} {form}");
            match expected {
                PLAIN => assert!(reply.json()["error"].is_string(), "{}", reply.body),
                PROBLEM => assert_eq!(reply.json()["status"], status),
                _ => assert!(reply.body.starts_with("<!doctype html>"), "{}", reply.body),
            }
        }
    }
}

#[test]
fn a_refused_head_is_answered_in_the_requested_form() {
    let server = Server::start(&[]);
    let json = "Accept: application/json\r\n";
    for (request, status, expected) in [
        ("GET /api/pow/stats HTTP/1.1\r\n\r\n".to_string(), 400, PROBLEM),
        (head("GET", "/api/nothing", "X : y\r\n"), 400, PROBLEM),
        (head("POST", "/api/pow/solve", "Transfer-Encoding: gzip, chunked\r\n"), 501, PROBLEM),
        (head("GET", &format!("/api/{}", "x".repeat(9000)), ""), 414, PROBLEM),
        (head("POST", "/pi?a", "Transfer-Encoding: gzip, chunked\r\n"), 501, PLAIN),
        (head("POST", "/pi", &format!("X: {}\r\n", "x".repeat(17_000))), 431, PLAIN),
        (head("GET", "/", &format!("{json}X : y\r\n")), 400, PROBLEM),
        (head("GET", "/", "X : y\r\nAccept: text/html\r\n"), 400, PAGE),
        ("\r\n\r\nGET /api/x HTTP/1.1\r\n\r\n".to_string(), 400, PROBLEM),
        ("GET /api/x\r\n\r\n".to_string(), 400, PROBLEM),
        ("\u{16}\u{3}\u{1}\r\n".to_string(), 400, PAGE),
    ] {
        let mut client = Client::connect(server.web());
        client.offer(&request);
        let reply = client.reply().unwrap();
        let told = (reply.status, reply.field("content-type").unwrap());
        assert_eq!(told, (status, expected), "{}", &request[..request.len().min(60)]);
        assert!(reply.is_last() && client.is_ended());
        assert_next_is_served(server.web());
    }
}

#[test]
fn a_path_names_its_methods_when_it_refuses_another() {
    let site = site(&[]);
    let (web, panel) = (site.server.web(), site.server.panel());
    const READ: &str = "GET, HEAD, OPTIONS";
    for (addr, path, allowed) in [
        (web, "/text.txt", READ),
        (web, "/sub/", READ),
        (web, "/metrics", READ),
        (web, "/pi", "POST, OPTIONS"),
        (web, "/statistics", "POST, OPTIONS"),
        (web, "/healthz", READ),
        (web, "/store/", READ),
        (web, "/product/1", READ),
        (web, "/purchase/1", "PUT, POST, OPTIONS"),
        (web, "/api/pow/solve", "POST, OPTIONS"),
        (web, "/api/pow/jobs/0", "GET, HEAD, DELETE, OPTIONS"),
        (web, "/api/books", READ),
        (panel, "/api/books", "GET, HEAD, POST, OPTIONS"),
        (web, "/api/books/1", READ),
        (panel, "/api/books/1", "GET, HEAD, PATCH, OPTIONS"),
        (panel, "/", READ),
        (panel, "/metrics", READ),
        (panel, "/toggle_cache", "POST, GET, OPTIONS"),
        (panel, "/reports/", READ),
        (panel, "/assets/panel.css", READ),
    ] {
        let asked = ask(addr, &head("OPTIONS", path, ""));
        assert_eq!((asked.status, asked.field("allow")), (204, Some(allowed)), "{path}");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"] {
            if allowed.split(", ").any(|one| one == method) || path == "/metrics" && addr == web {
                continue;
            }
            // Operators' paths are unknown on a listener without operators.
            if addr == web
                && [("POST", "/api/books"), ("PATCH", "/api/books/1")].contains(&(method, path))
            {
                assert_eq!(ask(addr, &head(method, path, "")).status, 404, "{method} {path}");
                continue;
            }
            for body in ["", "Content-Length: 1\r\nExpect: 100-continue\r\n"] {
                let reply = ask(addr, &head(method, path, body));
                let told = (reply.status, reply.field("allow"));
                assert_eq!(told, (405, Some(allowed)), "{method} {path} {body}");
            }
        }
    }
    for method in ["TRACE", "CONNECT"] {
        assert_eq!(ask(web, &head(method, "/metrics", "")).field("allow"), Some(READ));
    }
}
