//! Recognition of operators: by the token, by a cookie for it, by a connection from this machine;
//! and the limit on guesses.

use super::util::http::{Client, Reply, text};
use super::util::process::{PATIENCE, Place, Server, eventually};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

const TOKEN: &str = "--panel-token=s3cret";
const RIGHT: &str = "Authorization: Bearer s3cret\r\n";

fn ask(addr: SocketAddr, method: &str, path: &str, fields: &str) -> Reply {
    Client::connect(addr).ask(&text(method, path, fields, "")).unwrap()
}

/// Paths that operators read on the panel.
const READS: [&str; 22] = [
    "/",
    "/assets/panel.css",
    "/metrics",
    "/api/loop",
    "/test_status",
    "/reports/",
    "/chat/",
    "/api/chat/status",
    "/api/chat/stats",
    "/api/chat/agents",
    "/api/chat/sessions",
    "/api/chat/sessions/x/transcript",
    "/api/chat/sessions/x/transcript.txt",
    "/api/orders",
    "/api/orders/1",
    "/api/orders/1?key=0",
    "/api/store/replicas",
    "/api/store/cache",
    "/api/store/log",
    "/api/store/log/state?at=books-0",
    "/store/",
    "/no/such/path",
];

/// Paths with which they change the server.
const WRITES: [(&str, &str); 8] = [
    ("POST", "/toggle_cache"),
    ("GET", "/toggle_cache"),
    ("POST", "/start_test"),
    ("POST", "/stop_test"),
    ("POST", "/api/store/replicas/order-1/crash"),
    ("POST", "/api/books"),
    ("PATCH", "/api/books/1"),
    ("PUT", "/purchase/1/"),
];

#[test]
fn with_a_token_everything_on_the_panel_needs_it() {
    let server = Server::start(&[TOKEN]);
    let panel = server.panel();
    for (method, path) in READS.map(|path| ("GET", path)).into_iter().chain(WRITES) {
        let reply = ask(panel, method, path, "");
        assert_eq!(reply.status, 401, "{method} {path}");
        assert!(reply.field("www-authenticate").unwrap().starts_with("Bearer"), "{path}");
        assert_eq!(reply.field("cache-control"), Some("no-store"), "{path}");
    }
    for path in ["/healthz", "/readyz", "/login", "/login/login.css", "/favicon.ico"] {
        assert_eq!(ask(panel, "HEAD", path, "").status, 200, "{path}");
    }
    for path in READS {
        assert!(!matches!(ask(panel, "GET", path, RIGHT).status, 401 | 403), "{path}");
    }
    // Nothing was changed meanwhile.
    assert_eq!(ask(panel, "GET", "/metrics", RIGHT).json()["cache_enabled"], true);
    let replicas = ask(panel, "GET", "/api/store/replicas", RIGHT).json();
    assert!(replicas.as_array().unwrap().iter().all(|replica| replica["state"] == "UP"));
}

#[test]
fn operators_paths_are_unknown_on_the_web_listener() {
    let server = Server::start(&[]);
    let web = server.web();
    let public = ["/", "/api/chat/status", "/store/"];
    for path in READS.into_iter().filter(|path| !public.contains(path)) {
        assert_eq!(ask(web, "GET", path, "").status, 404, "{path}");
        assert_eq!(ask(web, "GET", path, RIGHT).status, 404, "{path}");
    }
    for (method, path) in WRITES.into_iter().filter(|(_, path)| !path.starts_with("/purchase")) {
        assert_eq!(ask(web, method, path, "").status, 404, "{method} {path}");
    }
    for path in ["/login", "/logout"] {
        assert_eq!(ask(web, "POST", path, "").status, 404, "{path}");
    }
    for path in ["/api/books", "/api/books/1", "/api/topics", "/product/1", "/healthz"] {
        assert_eq!(ask(web, "GET", path, "").status, 200, "{path}");
    }
}

#[test]
fn what_operators_read_is_stored_nowhere() {
    let server = Server::start(&[]);
    for path in READS.into_iter().filter(|path| *path != "/no/such/path") {
        let reply = ask(server.panel(), "GET", path, "");
        // The parts of a page are not secret: they are revalidated each time.
        let expected = if reply.field("etag").is_some() { "no-cache" } else { "no-store" };
        assert_eq!(reply.field("cache-control"), Some(expected), "{path}");
    }
}

#[test]
fn metrics_alone_can_be_opened() {
    let server = Server::start(&[TOKEN, "--metrics-open"]);
    assert_eq!(ask(server.panel(), "GET", "/metrics", "").status, 200);
    for path in ["/api/loop", "/", "/test_status"] {
        assert_eq!(ask(server.panel(), "GET", path, "").status, 401, "{path}");
    }
}

#[test]
fn the_panel_and_the_replicas_answer_to_names_of_ours_only() {
    let server = Server::start(&["--panel-host=shop.example"]);
    let named = |name: &str, path: &str, host: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Client::connect(server.addr(name, "tcp")).ask(&request).unwrap().status
    };
    for (name, path) in [
        ("panel", "/healthz"),
        ("panel", "/metrics"),
        ("panel", "/no/such/path"),
        ("catalog-1", "/retrieve/item/1"),
        ("catalog-2", "/health"),
        ("order-1", "/"),
        ("order-2", "/api/orders"),
    ] {
        assert_eq!(named(name, path, "rebound.example"), 403, "{name} {path}");
        let own = server.addr(name, "tcp").to_string();
        for host in [own.as_str(), "localhost", "shop.example:81"] {
            assert_ne!(named(name, path, host), 403, "{name} {path} {host}");
        }
    }
    assert_eq!(named("web", "/", "any.example"), 200, "the site has any name");
}

#[test]
fn replicas_serve_reads_and_purchases_publicly_not_changes() {
    let server = Server::start(&[TOKEN]);
    let (catalog, order) = (server.addr("catalog-1", "tcp"), server.addr("order-1", "tcp"));
    let put = |addr, method: &str, path: &str, fields: &str, body: &str| {
        Client::connect(addr).ask(&text(method, path, fields, body)).unwrap().status
    };
    for path in ["/", "/health", "/retrieve/item/1", "/api/books", "/api/topics"] {
        assert_eq!(ask(catalog, "GET", path, "").status, 200, "{path}");
    }
    assert_eq!(ask(order, "PUT", "/purchase/1/", "").status, 200);
    let bought = put(order, "POST", "/api/orders", "", r#"{"book_id":1,"quantity":1}"#);
    assert_eq!(bought, 201);
    let price = r#"{"price":1}"#;
    for (method, path) in [
        ("PUT", "/modify/1"),
        ("POST", "/modify/1"),
        ("PATCH", "/api/books/1"),
        ("POST", "/api/books"),
    ] {
        assert_eq!(put(catalog, method, path, "", price), 401, "{method} {path}");
    }
    assert_eq!(put(catalog, "PUT", "/modify/1", RIGHT, price), 200);
    // The front, which calls replicas, is trusted.
    assert_eq!(put(server.panel(), "PATCH", "/api/books/1", RIGHT, r#"{"price":2}"#), 200);
    assert_eq!(ask(server.web(), "GET", "/product/1", "").json()["price"], 2.0);
}

/// Signs in with this token. Returns the answer, and the cookie if there was one.
fn sign_in(panel: SocketAddr, query: &str, token: &str) -> (Reply, Option<String>) {
    let body = format!("token={token}");
    let request = format!(
        "POST /login{query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = Client::connect(panel).ask(&request).unwrap();
    let cookie = reply.field("set-cookie").map(|set| set.split(';').next().unwrap().to_string());
    (reply, cookie)
}

#[test]
fn who_signs_in_has_a_cookie_until_signing_out() {
    let server = Server::start(&[TOKEN]);
    let panel = server.panel();
    // A user at the panel is redirected to the sign-in page, and back.
    let page = ask(panel, "GET", "/chat/", "Accept: text/html,*/*;q=0.8\r\n");
    assert_eq!((page.status, page.field("location")), (303, Some("/login?to=/chat/")));
    let (wrong, none) = sign_in(panel, "", "wrong");
    assert_eq!((wrong.status, none), (401, None));
    assert!(wrong.body.contains("This is not the token"), "the page says so");
    let (signed_in, cookie) = sign_in(panel, "?to=/chat/", "s3cret");
    assert_eq!((signed_in.status, signed_in.field("location")), (303, Some("/chat/")));
    let set = signed_in.field("set-cookie").unwrap();
    assert!(set.starts_with("pentad_operator="), "{set}");
    assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
    let cookie = cookie.unwrap();
    assert_eq!(cookie.len(), "pentad_operator=".len() + 22, "128 bits");
    let with = format!("Cookie: a=b; {cookie}\r\n");
    for path in ["/", "/metrics", "/api/orders"] {
        assert_eq!(ask(panel, "GET", path, &with).status, 200, "{path}");
    }
    assert_eq!(ask(panel, "POST", "/toggle_cache", &with).status, 200);
    let own = format!("{with}Sec-Fetch-Site: cross-site\r\nOrigin: http://evil.example\r\n");
    assert_eq!(ask(panel, "POST", "/toggle_cache", &own).status, 403, "no cookie helps others");
    let order_1 = server.addr("order-1", "tcp");
    assert_eq!(ask(order_1, "GET", "/api/orders", &with).status, 401, "it is for the panel");
    let (elsewhere, _) = sign_in(panel, "?to=//evil.example/", "s3cret");
    assert_eq!(elsewhere.field("location"), Some("/"), "no other site is led to");
    let left = ask(panel, "POST", "/logout", &with);
    assert_eq!((left.status, left.field("location")), (303, Some("/login")));
    assert!(left.field("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(ask(panel, "GET", "/metrics", &with).status, 401);
}

#[test]
fn the_sixth_wrong_token_within_a_minute_is_not_heard() {
    let server = Server::start(&[TOKEN]);
    let (panel, catalog) = (server.panel(), server.addr("catalog-1", "tcp"));
    let guess = |addr, path: &str, method: &str, token: &str| {
        ask(addr, method, path, &format!("Authorization: Bearer {token}\r\n"))
    };
    // One limiter for guesses at any place.
    assert_eq!(guess(panel, "/metrics", "GET", "a").status, 401);
    assert_eq!(guess(catalog, "/api/books", "POST", "b").status, 401);
    assert_eq!(sign_in(panel, "", "c").0.status, 401);
    let mut agent = Agent::connect(server.addr("chat", "tcp"));
    assert!(agent.says("/agent bo wrong").starts_with("-ERR 401"));
    assert!(agent.says("/agent unknown wrong").starts_with("-ERR 401"));
    for (status, retry) in [
        (guess(panel, "/metrics", "GET", "s3cret"), true),
        (guess(catalog, "/api/books", "POST", "s3cret"), true),
        (sign_in(panel, "", "s3cret").0, true),
        (ask(panel, "GET", "/metrics", ""), false),
    ]
    .map(|(reply, limited)| (reply.status, reply.field("retry-after").map(str::to_string), limited))
    .map(|(status, retry, limited)| (if limited { status == 429 } else { status == 401 }, retry))
    {
        assert!(status);
        if let Some(seconds) = retry {
            assert!((1..=60).contains(&seconds.parse::<u32>().unwrap()), "{seconds}");
        }
    }
    let mut agent = Agent::connect(server.addr("chat", "tcp"));
    assert!(
        agent.says("/agent bo bo").starts_with("-ERR 429"),
        "the right one is not heard either"
    );
    // Each guess is logged with the address.
    eventually("three tokens and two secrets in the log", || {
        let log = server.stderr();
        let count = |text| log.matches(text).count();
        let tokens = count("wrong token from 127.0.0.1");
        let secrets = count("wrong secret of an agent from 127.0.0.1");
        ((tokens, secrets) == (3, 2)).then_some(())
    });
    // Requests without a token are served as before.
    assert_eq!(ask(server.web(), "GET", "/", "").status, 200);
    assert_eq!(ask(panel, "GET", "/healthz", "").status, 200);
}

/// A client that tries to sign in as an agent.
struct Agent(BufReader<TcpStream>);

impl Agent {
    fn connect(addr: SocketAddr) -> Agent {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut agent = Agent(BufReader::new(stream));
        agent.line();
        agent
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    fn says(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
        self.line()
    }
}

#[test]
fn a_panel_beyond_the_loopback_needs_a_token_and_consent() {
    for (args, missing) in [
        (&["--panel=0.0.0.0:0"][..], &["--panel-token", "--insecure-panel"][..]),
        (&["--panel=0.0.0.0:0", TOKEN], &["--insecure-panel"]),
        (&["--panel=[::]:0", "--insecure-panel"], &["--panel-token"]),
    ] {
        let place = Place::new();
        let run = place.run(place.command(["--only=panel"].iter().chain(args)));
        assert_eq!(run.status.code(), Some(3), "{args:?} {}", run.stderr);
        assert!(missing.iter().all(|flag| run.stderr.contains(flag)), "{}", run.stderr);
    }
}

/// Returns an address of this machine that other machines might reach, found without sending
/// anything.
pub fn outward() -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().filter(|addr| !addr.ip().is_loopback())
}

#[test]
fn from_other_addresses_the_token_is_needed() {
    let Some(own) = outward() else {
        eprintln!("this machine has no address but the loopback: nothing to try");
        return;
    };
    let place = Place::new();
    let args = ["--only=panel", "--panel=0.0.0.0:0", "--insecure-panel", TOKEN];
    let server = Server::launch(&place, place.command(args));
    let panel = SocketAddr::new(own.ip(), server.panel().port());
    for (fields, status) in [("", 401), ("Authorization: Bearer wrong\r\n", 401), (RIGHT, 200)] {
        assert_eq!(ask(panel, "GET", "/metrics", fields).status, status, "{fields}");
        assert_eq!(ask(panel, "POST", "/toggle_cache", fields).status, status, "{fields}");
    }
    assert_eq!(ask(panel, "GET", "/healthz", "").status, 200);
    // A replica without a token: a client on another machine is not an operator.
    let place = Place::new();
    let args = ["--only=catalog-1", "--catalog-1=0.0.0.0:0"];
    let server = Server::launch(&place, place.command(args));
    let catalog = SocketAddr::new(own.ip(), server.addr("catalog-1", "tcp").port());
    assert_eq!(ask(catalog, "GET", "/retrieve/item/1", "").status, 200);
    assert_eq!(ask(catalog, "PUT", "/modify/1", "").status, 403);
}

#[test]
fn what_our_own_pages_ask_is_not_counted() {
    let server = Server::start(&[]);
    let panel = server.panel();
    let total = || ask(panel, "GET", "/metrics", "").json()["total_requests"].as_u64().unwrap();
    // The front's own request to a replica counts too: make it once before counting.
    assert_eq!(ask(server.web(), "GET", "/products/all", "").status, 200);
    let before = total();
    for path in ["/chat/", "/chat/chat.js", "/api/chat/status", "/api/chat/agents", "/store/"] {
        assert_eq!(ask(panel, "GET", path, "").status, 200, "{path}");
    }
    for path in ["/api/store/replicas", "/api/store/cache", "/favicon.ico", "/login"] {
        assert_eq!(ask(panel, "HEAD", path, "").status, 200, "{path}");
    }
    let ours = "Sec-Fetch-Site: same-origin\r\n";
    assert_eq!(ask(panel, "GET", "/products/all", ours).status, 200);
    assert_eq!(total(), before);
    assert_eq!(ask(panel, "GET", "/products/all", "").status, 200);
    assert_eq!(ask(server.web(), "GET", "/products/all", ours).status, 200);
    assert_eq!(total(), before + 2, "visitors are");
    let icon = ask(server.web(), "HEAD", "/favicon.ico", "");
    assert_eq!((icon.status, icon.field("content-type")), (200, Some("image/x-icon")));
}
