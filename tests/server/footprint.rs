//! The resources of the server: memory per connection, threads per process.

use super::util::crowd::crowd;
use super::util::http::{Client, by, post};
use super::util::process::{Place, Server, affordable, eventually};
use std::fs;
use std::thread;

/// Returns the resident memory in bytes.
fn resident(server: &Server) -> usize {
    let status = fs::read_to_string(server.proc("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// Returns the names of its threads, sorted.
fn threads(server: &Server) -> Vec<String> {
    let tasks = fs::read_dir(server.proc("task")).unwrap();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    let names = tasks.filter_map(|task| name(task.unwrap()));
    let mut names = names.map(|name| name.trim().to_string()).collect::<Vec<_>>();
    names.sort();
    names
}

fn idle(server: &Server, many: usize) -> Vec<Client> {
    (0..many)
        .map(|_| {
            let mut client = Client::connect(server.web());
            assert_eq!(client.get("/").status, 200);
            client
        })
        .collect()
}

#[test]
fn an_idle_connection_costs_little_memory() {
    let count = affordable(2000, 1);
    let server = Server::start(&["--keepalive-timeout=5m"]);
    let warm = idle(&server, 100);
    let before = resident(&server);
    let clients = idle(&server, count);
    let after = resident(&server);
    let each = after.saturating_sub(before) / count;
    eprintln!("{each} bytes for each of {count} idle connections, {before} without them");
    assert!(each < 4096, "{each} bytes for an idle connection");
    drop((warm, clients));
}

#[test]
fn there_is_a_thread_for_each_task_and_none_for_connections() {
    let place = Place::new();
    let args = ["--workers=3", "--log-file=access.log", "--legacy-timeout=60s"];
    let server = Server::start_in(&place, &args);
    let expected = [
        "access-log",
        "catalog-1",
        "catalog-2",
        "database",
        "diagnostics",
        "order-1",
        "order-2",
        "pentad",
        "reader-0",
        "reader-1",
        "store-log",
        "worker-0",
        "worker-1",
        "worker-2",
    ];
    // A thread sets its name when it starts to run.
    eventually("all threads", || (threads(&server) == expected).then_some(()));
    let count = affordable(1000, 9);
    let addr = server.web();
    let fields = by("1111", "\"protocol\":\"tcp\",\"concurrency\":4");
    let closing = "Host: localhost\r\nConnection: close";
    let request = post("/legacy_pi", &fields).replace("Host: localhost", closing);
    thread::scope(|scope| {
        let clients = scope.spawn(|| crowd(addr, count, |_| request.clone().into_bytes()));
        eventually("hundreds under way", || (server.count("fd") > count * 4).then_some(()));
        assert_eq!(threads(&server), expected);
        for visit in clients.join().unwrap() {
            assert!(visit.heard.starts_with(b"HTTP/1.1 200 "), "{}", visit.heard.escape_ascii());
        }
    });
    assert_eq!(threads(&server), expected);
}
