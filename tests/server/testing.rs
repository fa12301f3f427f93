//! Load tests from the panel: a child process, its progress, its result, and its end.

use crate::util::http::{Client, Reply, get};
use crate::util::process::{Server, eventually};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::process::Command;

/// Sends a POST; control paths are served only under our own host names.
fn post(client: &mut Client, path: &str) -> Reply {
    let request = crate::util::http::post(path, "");
    client.ask(&request).unwrap()
}

fn status(client: &mut Client) -> Value {
    client.get("/test_status").json()
}

/// Returns the children of the server, by their command lines.
fn children(server: &Server) -> Vec<String> {
    let pid = server.pid().as_raw_nonzero().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let of = |entry: fs::DirEntry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.to_owned();
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (parent == pid).then(|| line.replace('\0', " "))
    };
    processes.filter_map(of).collect()
}

#[test]
fn a_test_runs_in_a_process_of_its_own_and_leaves_a_report() {
    let server = Server::start(&[]);
    let mut panel = Client::connect(server.panel());
    let before = status(&mut panel);
    assert_eq!((&before["running"], &before["id"]), (&false.into(), &Value::Null), "{before}");
    assert_eq!(panel.get("/reports/nothing.html").status, 404);

    let started = post(&mut panel, "/start_test?duration=1");
    assert_eq!(started.status, 202, "{}", started.body);
    let id = started.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(started.json()["status"], "started");
    let again = post(&mut panel, "/start_test");
    assert_eq!((again.status, &again.json()["id"]), (409, &id.clone().into()));
    assert_eq!(status(&mut panel)["running"], true);
    eventually("a process", || {
        let here = children(&server);
        here.iter().any(|line| line.contains("load") && line.contains("-c 100")).then_some(())
    });
    let done = eventually("the end of the test", || {
        let now = status(&mut panel);
        (now["running"] == false).then_some(now)
    });
    assert_eq!((&done["id"], &done["progress"]), (&id.clone().into(), &1.0.into()), "{done}");
    let result = &done["result"];
    assert!(result["ok"].as_u64().unwrap() > 0, "{done}");
    assert_eq!(result["requests"], result["ok"], "{done}");
    eventually("no process", || children(&server).is_empty().then_some(()));

    let page = panel.get(&format!("/reports/{id}.html"));
    assert!(page.status == 200 && page.body.contains("<svg"), "{}", page.head);
    let document = panel.get(&format!("/reports/{id}.json")).json();
    assert_eq!(document["result"]["requests"], result["requests"]);
    assert!(panel.get(&format!("/reports/{id}.svg")).head.contains("image/svg+xml"));
    assert!(panel.get("/reports/").body.contains(&id));
    let json = get("/reports/").replace("\r\n\r\n", "\r\nAccept: application/json\r\n\r\n");
    assert_eq!(panel.ask(&json).unwrap().json()[0]["id"], id);
}

#[test]
fn a_test_that_is_stopped_is_gone() {
    let server = Server::start(&[]);
    let mut panel = Client::connect(server.panel());
    assert_eq!(post(&mut panel, "/stop_test").json()["status"], "idle");
    let started = panel.ask(&get("/start_test?duration=60")).unwrap();
    assert_eq!(started.status, 202, "old clients ask by GET: {}", started.body);
    eventually("a process", || (!children(&server).is_empty()).then_some(()));
    let stopped = post(&mut panel, "/stop_test");
    assert_eq!((stopped.status, &stopped.json()["status"]), (200, &"stopping".into()));
    eventually("its end", || (status(&mut panel)["running"] == false).then_some(()));
    // Not even a zombie.
    eventually("no process", || children(&server).is_empty().then_some(()));
    assert_eq!(post(&mut panel, "/start_test?duration=1").status, 202, "and the next one starts");
}

#[test]
fn bad_durations_and_other_sites_start_nothing() {
    let server = Server::start(&[]);
    let mut panel = Client::connect(server.panel());
    for duration in ["0", "61", "x", "-1"] {
        assert_eq!(post(&mut panel, &format!("/start_test?duration={duration}")).status, 400);
    }
    let foreign = get("/start_test").replace(
        "Host: localhost\r\n\r\n",
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n",
    );
    assert_eq!(panel.ask(&foreign).unwrap().status, 403);
    assert_eq!(status(&mut panel)["running"], false);
    assert!(children(&server).is_empty());
}

#[test]
fn the_end_of_the_server_is_the_end_of_its_test() {
    for signal in [Signal::TERM, Signal::KILL] {
        let mut server = Server::start(&[]);
        let mut panel = Client::connect(server.panel());
        let id =
            post(&mut panel, "/start_test?duration=60").json()["id"].as_str().unwrap().to_owned();
        eventually("a process", || (!children(&server).is_empty()).then_some(()));
        server.signal(signal);
        let ended = server.wait();
        assert_eq!(ended.code(), if signal == Signal::TERM { Some(0) } else { None });
        eventually("no client left", || {
            let found = Command::new("pgrep").args(["-f", &id]).output().unwrap();
            found.stdout.is_empty().then_some(())
        });
    }
}
