//! Clients that vanish, and clients that only stop sending: the work of the first is cancelled, the
//! second are served.

use super::util::http::{Client, assert_next_is_served, by, get, post};
use super::util::process::{PROMPTLY, Server, eventually};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// Returns the largest possible request.
fn long(user: &str) -> String {
    post("/pi", &by(user, "\"simulations\":100000000,\"concurrency\":8"))
}

/// Returns the number of requests of `user` that were counted, and so begun.
fn begun(client: &mut Client, user: &str) -> u64 {
    let rows = client.post("/statistics", &by("0000", "")).json();
    let row = rows.as_array().unwrap().iter().find(|row| row["username"] == user).cloned();
    row.map_or(0, |row| row["request_count"].as_u64().unwrap())
}

/// Waits until the server is idle: in a tenth of a second it uses next to no processor time.
fn await_rest(server: &Server) {
    eventually("a server at rest", || {
        let before = server.processor_time();
        thread::sleep(Duration::from_millis(100));
        (server.processor_time() - before < Duration::from_millis(30)).then_some(())
    });
}

#[test]
fn clients_that_reset_take_their_work_with_them() {
    const MANY: usize = 100;
    let server = Server::start(&["--workers=2"]);
    let mut bystander = Client::connect(server.web());
    let alone = {
        let asked = Instant::now();
        assert_eq!(Client::connect(server.web()).ask(&long("2222")).unwrap().status, 200);
        asked.elapsed()
    };
    let mut clients = (0..MANY).map(|_| Client::connect(server.web())).collect::<Vec<_>>();
    clients.iter_mut().for_each(|client| client.send(long("1111")));
    let all = |client: &mut Client| (begun(client, "1111") == MANY as u64).then_some(());
    eventually("all of them under way", || all(&mut bystander));
    clients.into_iter().for_each(Client::reset);

    let asked = Instant::now();
    let reply = bystander.post("/pi", &by("3333", "\"simulations\":100"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(asked.elapsed() < PROMPTLY, "after {:?}", asked.elapsed());
    await_rest(&server);
    let rested = asked.elapsed();
    eprintln!("one such request takes {alone:?}; at rest {rested:?} after {MANY} were reset");
    // Half of the time that all that work would have taken.
    assert!(rested < PROMPTLY.max(alone * (MANY as u32 / 2)), "it worked on without a client");
    assert_next_is_served(server.web());
}

#[test]
fn resets_at_any_moment_are_noticed_by_nobody_else() {
    let server = Server::start(&["--legacy-delay=20ms"]);
    let (web, legacy) = (server.web(), server.legacy());
    let mut bystander = Client::connect(web);
    let requests = [
        String::new(),
        "GET / HT".to_string(),
        get("/"),
        get("/nothing").repeat(200),
        long("1111"),
        long("1111")[..150].to_string(),
        post("/legacy_pi", &by("1111", "\"protocol\":\"tcp\",\"concurrency\":8")),
        post("/legacy_pi", &by("1111", "\"protocol\":\"udp\",\"concurrency\":8")),
    ];
    for round in 0..10 {
        let mut clients = Vec::new();
        for request in &requests {
            let mut client = Client::connect(web);
            client.offer(request);
            clients.push(client);
        }
        clients.push(Client::connect(legacy));
        // In some rounds at once, in others after the server had time to begin.
        for _ in 0..round {
            assert_eq!(bystander.get("/").status, 200);
        }
        clients.into_iter().for_each(Client::reset);
        assert_eq!(bystander.get("/").status, 200);
    }
    assert_next_is_served(web);
    await_rest(&server);
}

#[test]
fn a_client_that_only_stops_talking_is_served() {
    let server = Server::start(&[]);
    let estimate = post("/pi", &by("1111", "\"simulations\":10000000"));
    for request in [get("/"), estimate, post("/legacy_pi", &by("1111", "\"protocol\":\"udp\""))] {
        let mut client = Client::connect(server.web());
        client.send(&request);
        client.half_close();
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(client.is_ended());
    }
    let mut client = Client::connect(server.web());
    client.send(get("/") + &get("/nothing") + "GET / HT");
    client.half_close();
    assert_eq!(client.reply().unwrap().status, 200);
    assert_eq!(client.reply().unwrap().status, 404);
    assert!(client.is_ended(), "half a request is no request");
    let (text, _) = half_closed(server.legacy()).rest();
    assert!(!text.is_empty());
    assert_next_is_served(server.web());
}

fn half_closed(addr: SocketAddr) -> Client {
    let mut client = Client::connect(addr);
    client.half_close();
    client
}

#[test]
fn a_request_reset_during_a_probe_leaves_nothing_behind() {
    let server = Server::start(&["--legacy-delay=1s", "--legacy-timeout=500ms"]);
    let mut bystander = Client::connect(server.web());
    assert_eq!(bystander.get("/").status, 200);
    let before = server.count("fd");
    let mut clients = (0..40).map(|_| Client::connect(server.web())).collect::<Vec<_>>();
    for (client, protocol) in clients.iter_mut().zip(["tcp", "udp"].iter().cycle()) {
        let fields = format!("\"protocol\":\"{protocol}\",\"concurrency\":8");
        client.send(post("/legacy_pi", &by("1111", &fields)));
    }
    let all = |client: &mut Client| (begun(client, "1111") == 40).then_some(());
    eventually("all of them under way", || all(&mut bystander));
    clients.into_iter().for_each(Client::reset);
    eventually("no descriptor too many", || (server.count("fd") <= before).then_some(()));
    assert_eq!(bystander.get("/").status, 200);
}
