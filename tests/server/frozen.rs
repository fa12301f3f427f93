//! A server that is stopped for a while, as by a debugger, a snapshot or a sleeping laptop: it then
//! serves the requests that arrived meanwhile.

use super::util::http::{Client, assert_next_is_served, get};
use super::util::process::Server;
use rustix::process::Signal;
use std::thread;
use std::time::Duration;

/// Longer than every deadline below.
const PAUSE: Duration = Duration::from_millis(1500);

#[test]
fn deadlines_during_a_stop_cost_no_client_a_request() {
    let args = ["--head-timeout=1s", "--body-timeout=1s", "--keepalive-timeout=1s"];
    let server = Server::start(&args);
    for _ in 0..3 {
        let mut fresh = Client::connect(server.web());
        let mut idle = Client::connect(server.web());
        assert_eq!(idle.get("/healthz").status, 200);
        let mut head = Client::connect(server.web());
        let request = get("/healthz");
        let (first, second) = request.split_at(20);
        head.send(first);
        let mut body = Client::connect(server.web());
        body.send("POST /pi HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{");
        assert_next_is_served(server.web());
        server.signal(Signal::STOP);
        fresh.send(get("/healthz"));
        idle.send(get("/healthz"));
        head.send(second);
        body.send("}");
        let mut new = Client::connect(server.web());
        new.send(get("/healthz"));
        thread::sleep(PAUSE);
        server.signal(Signal::CONT);
        for (client, status, what) in [
            (&mut fresh, 200, "first request"),
            (&mut idle, 200, "later request"),
            (&mut head, 200, "rest of a head"),
            (&mut body, 401, "rest of a body"),
            (&mut new, 200, "new connection"),
        ] {
            let reply = client.reply().unwrap_or_else(|no| panic!("{what}: {no:?}"));
            assert_eq!(reply.status, status, "{what}");
        }
    }
    assert_next_is_served(server.web());
}
