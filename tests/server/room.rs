//! More connections than there is room for: idle ones make room, busy ones are waited for, and
//! a want of descriptors is survived at rest.

use super::util::http::{Client, assert_next_is_served, by, get, post};
use super::util::process::{FREE, PATIENCE, PROMPTLY, Place, Server, affordable, eventually};
use super::util::site::{Site, await_settled};
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use std::fs;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

#[test]
fn the_oldest_idle_connection_makes_room_for_a_new_one() {
    let server = Server::start(&["--max-connections=10", "--keepalive-timeout=5m"]);
    let mut idle = (0..10)
        .map(|_| {
            let mut client = Client::connect(server.web());
            assert_eq!(client.get("/").status, 200);
            client
        })
        .collect::<Vec<_>>();
    let mut newest = Client::connect(server.web());
    assert_eq!(newest.get("/").status, 200, "the eleventh is served");
    assert!(idle.remove(0).is_ended(), "the one that was idle longest made room");
    for (number, client) in idle.iter_mut().enumerate() {
        assert_eq!(client.get("/").status, 200, "number {number} of the others is still there");
    }
    assert_eq!(newest.get("/").status, 200);
}

#[test]
fn busy_connections_stay_and_the_next_waits_for_one_to_end() {
    const DELAY: Duration = Duration::from_millis(500);
    let server = Server::start(&["--max-connections=10"]);
    let began = Instant::now();
    let mut clients = (0..11).map(|_| Client::connect(server.legacy())).collect::<Vec<_>>();
    for (number, client) in clients.iter_mut().enumerate() {
        assert!(!client.rest().0.is_empty(), "number {number} is answered");
    }
    // Its delay began when another's ended.
    assert!(began.elapsed() >= DELAY * 3 / 2, "the last one did not wait: {:?}", began.elapsed());
    assert_next_is_served(server.web());
}

/// Opens `many` connections, each halfway through a request. Not all of them can be let in.
fn halfway(server: &Server, many: usize) -> Vec<Client> {
    let mut clients = (0..many).map(|_| Client::connect(server.web())).collect::<Vec<_>>();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    }
    clients
}

/// Each finishes its request in its turn, and makes room for one that waits.
fn finish(clients: Vec<Client>) {
    for (number, mut client) in clients.into_iter().enumerate() {
        client.send("Connection: close\r\n\r\n");
        let reply = client.reply().unwrap_or_else(|no| panic!("number {number}: {no:?}"));
        assert_eq!(reply.status, 200, "number {number}");
        assert!(client.is_ended());
    }
}

/// The share of one core that the server uses while it delays the answer to a datagram, which
/// takes no descriptor.
pub fn strain(server: &Server) -> f64 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.legacy()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let (before, began) = (server.processor_time(), Instant::now());
    socket.send(b"\n").unwrap();
    assert!(socket.recv(&mut [0; 512]).unwrap() > 0);
    (server.processor_time() - before).as_secs_f64() / began.elapsed().as_secs_f64()
}

#[test]
fn with_few_descriptors_all_are_served_and_the_server_rests() {
    let place = Place::new();
    let args = FREE.iter().copied().chain(["--head-timeout=5m"]).collect::<Vec<_>>();
    let server = Server::launch(&place, place.command_after("ulimit -n 100", &args));
    let clients = halfway(&server, 60);
    let strain = strain(&server);
    eprintln!("{strain:.3} of a core while two dozen wait to be let in");
    assert!(strain < 0.5, "it spins: {strain:.2} of a core");
    finish(clients);
    assert_next_is_served(server.web());
}

/// The limit under which the server can open `many` more descriptors: it bounds their numbers.
fn number_with_room_for(many: usize, server: &Server) -> u64 {
    let taken = |number: &u64| server.proc("fd").join(number.to_string()).is_symlink();
    (0..).filter(|number| !taken(number)).nth(many).unwrap()
}

#[test]
fn without_descriptors_open_connections_are_served() {
    let server = Server::start(&["--head-timeout=5m", "--keepalive-timeout=5m"]);
    let mut open = Client::connect(server.web());
    assert_eq!(open.get("/").status, 200);
    // From now on there is not even room for what the server keeps in reserve.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(number_with_room_for(5, &server)), maximum };
    let before = prlimit(Some(server.pid()), Resource::Nofile, limit).unwrap();
    let began = Instant::now();
    let clients = halfway(&server, 20);
    let complaints = || server.stderr().matches("cannot accept a connection").count();
    eventually("an accept that fails", || (complaints() > 0).then_some(()));
    let strain = strain(&server);
    eprintln!("{strain:.3} of a core while 15 wait and accept fails");
    assert!(strain < 0.5, "it spins: {strain:.2} of a core");
    assert_eq!(open.get("/").status, 200, "who is in is served");
    let reply = open.post("/legacy_pi", &by("1111", "\"protocol\":\"tcp\",\"concurrency\":3"));
    assert_eq!(reply.json()["num_valid_results"], 0, "nothing can be dialled: {}", reply.body);
    let reply = open.post("/statistics", &by("1111", ""));
    assert_eq!(reply.json()[0]["request_count"], 2, "the database needs none: {}", reply.body);
    let most = 2 + began.elapsed().as_secs() as usize;
    assert!(complaints() <= most, "more than a line a second:\n{}", server.stderr());

    finish(clients);
    prlimit(Some(server.pid()), Resource::Nofile, before).unwrap();
    assert_next_is_served(server.web());
    assert_eq!(open.ask(&post("/pi", &by("1111", ""))).unwrap().status, 400);
    assert_eq!(open.ask(&get("/nothing")).unwrap().status, 404);
}

#[test]
fn without_descriptors_cached_files_are_served_others_get_503() {
    let large = vec![b'x'; 100_000];
    let files: [(&str, &[u8]); 4] =
        [("known", b"known"), ("new", b"new"), ("large", &large), ("404.html", b"lost")];
    let site = Site::new(&files, &["--cache-bytes=64KiB", "--keepalive-timeout=5m", "--list"]);
    let mut open = Client::connect(site.server.web());
    assert_eq!(open.get("/known").status, 200);
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(number_with_room_for(0, &site.server)), maximum };
    let before = prlimit(Some(site.server.pid()), Resource::Nofile, limit).unwrap();
    for _ in 0..3 {
        for path in ["/new", "/large", "/", "/nothing"] {
            let reply = open.get(path);
            let told = (reply.status, reply.field("retry-after"));
            assert_eq!(told, (503, Some("1")), "{path}: {}", reply.head);
        }
        let known = open.get("/known");
        assert_eq!((known.status, known.body.as_str()), (200, "known"));
    }
    prlimit(Some(site.server.pid()), Resource::Nofile, before).unwrap();
    for (path, status) in [("/new", 200), ("/large", 200), ("/", 200), ("/nothing", 404)] {
        assert_eq!(open.get(path).status, status, "{path}");
    }
    assert_next_is_served(site.server.web());
}

/// As containers, systemd and `ulimit -n` set it: the soft limit is the hard one.
#[test]
fn for_any_limit_the_oldest_idle_makes_room() {
    let large = vec![b'x'; 300_000];
    for limit in [64, 80, 128, 512] {
        if affordable(2 * limit, 1) < 2 * limit {
            continue;
        }
        let place = Place::new();
        let root = place.path("root");
        fs::create_dir(&root).unwrap();
        let many = limit + 20;
        for number in 0..many {
            fs::write(root.join(format!("small-{number}")), number.to_string()).unwrap();
            fs::write(root.join(format!("large-{number}")), &large).unwrap();
        }
        await_settled(&root.join(format!("large-{}", many - 1)));
        let root = format!("--root={}", root.display());
        let args = [root.as_str(), "--keepalive-timeout=5m", "--cache-bytes=1MiB"];
        let args = FREE.iter().copied().chain(args).collect::<Vec<_>>();
        let first = format!("ulimit -n {limit}");
        let server = Server::launch(&place, place.command_after(&first, &args));
        let mut clients = Vec::new();
        for number in 0..many {
            let mut client = Client::connect(server.web());
            client.stream.set_read_timeout(Some(PROMPTLY)).unwrap();
            let reply = client.get("/healthz");
            assert_eq!(reply.status, 200, "number {number} of {many} with {limit}");
            clients.push(client);
        }
        assert!(clients[0].is_ended(), "{limit}: it made room");
        let mut served = 0;
        for (number, client) in clients.iter_mut().enumerate().rev() {
            if client.ask(&get("/healthz")).is_err() {
                continue;
            }
            // None of these is in memory, and some are too long for it.
            for kind in ["small", "large"] {
                let reply = client.get(&format!("/{kind}-{number}"));
                assert_eq!(reply.status, 200, "{limit}: {kind} for number {number}");
            }
            served += 1;
        }
        // Several idle ones are closed at once, and replicas of the bookstore are asked, too.
        let least = (limit.saturating_sub(64) * 3 / 4).max(4);
        assert!(served >= least, "{served} of {least} with {limit}");
        assert_next_is_served(server.web());
    }
}

/// Long files that are read slowly hold a descriptor each: more than are kept for files.
#[test]
fn long_downloads_of_many_files_leave_room_for_other_files() {
    let large = vec![b'x'; 8 << 20];
    let names = (0..40).map(|number| format!("large-{number}")).collect::<Vec<_>>();
    let mut files = names.iter().map(|name| (name.as_str(), large.as_slice())).collect::<Vec<_>>();
    files.push(("small", b"small"));
    let place = Place::new();
    let root = place.path("root");
    fs::create_dir(&root).unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(root.join(name), bytes).unwrap());
    let root = format!("--root={}", root.display());
    let args = [root.as_str(), "--keepalive-timeout=5m", "--send-timeout=5m", "--min-rate=0B"];
    let args = FREE.iter().copied().chain(args).collect::<Vec<_>>();
    let server = Server::launch(&place, place.command_after("ulimit -n 160", &args));
    let mut idle = (0..50).map(|_| Client::connect(server.web())).collect::<Vec<_>>();
    idle.iter_mut().for_each(|client| assert_eq!(client.get("/healthz").status, 200));
    let readers = names.iter().map(|name| {
        let client = Client::connect(server.web());
        client.stream.set_read_timeout(Some(PROMPTLY)).unwrap();
        (&client.stream).write_all(get(&format!("/{name}")).as_bytes()).unwrap();
        let mut beginning = [0; 15];
        (&client.stream).read_exact(&mut beginning).unwrap();
        assert_eq!(&beginning, b"HTTP/1.1 200 OK", "{name}");
        client
    });
    let readers = readers.collect::<Vec<_>>();
    assert_eq!(Client::connect(server.web()).get("/small").status, 200);
    drop(readers);
    assert_next_is_served(server.web());
}

#[test]
fn the_descriptor_limit_is_raised_and_64_are_reserved() {
    let place = Place::new();
    let args = FREE.iter().copied().chain(["--keepalive-timeout=5m"]).collect::<Vec<_>>();
    let server =
        Server::launch(&place, place.command_after("ulimit -Sn 80; ulimit -Hn 100", &args));
    let limits = fs::read_to_string(server.proc("limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers = line.split_ascii_whitespace().skip(3).take(2).collect::<Vec<_>>();
    assert_eq!(numbers, ["100", "100"], "as far as it goes");
    let mut clients = (0..100 - 64)
        .map(|_| {
            let mut client = Client::connect(server.web());
            assert_eq!(client.get("/").status, 200);
            client
        })
        .collect::<Vec<_>>();
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.get("/").status, 200, "number {number} is still there");
    }
    assert_next_is_served(server.web());
    assert!(clients[0].is_ended(), "it made room for one too many");
}
