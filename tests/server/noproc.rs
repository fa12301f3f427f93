//! Without `/proc` everything works that does not depend on it.

use super::util::http::{Client, by};
use super::util::process::{FREE, Place, Server};
use rustix::process::Signal;

#[test]
fn without_proc_all_works_but_the_load_test_at_a_click() {
    let place = Place::new();
    let data = format!("--data={}", place.path("data").display());
    let args = FREE.iter().copied().chain([data.as_str()]);
    let Some(command) = place.command_without_proc(args) else {
        eprintln!("no file system may be mounted here");
        return;
    };
    let mut server = Server::launch(&place, command);
    let mut web = Client::connect(server.web());
    assert_eq!(web.get("/").status, 200);
    assert_eq!(web.post("/pi", &by("1111", "\"simulations\":1000")).status, 200);
    assert_eq!(web.get("/product/2").status, 200);
    let mut panel = Client::connect(server.panel());
    assert_eq!(panel.get("/metrics").status, 200);
    let refused = panel.post("/start_test", "");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("/proc"), "it says why: {}", refused.body);
    assert_eq!(panel.get("/test_status").json()["running"], false);
    drop((web, panel));
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    assert!(server.stderr().contains("in /proc"), "{}", server.stderr());
}

#[test]
fn without_proc_every_command_runs() {
    let place = Place::new();
    let data = format!("--data={}", place.path("data").display());
    for (args, code) in [
        ([&["check"][..], &FREE, &[&data]].concat(), 0),
        (vec!["pow", "solve", "-d", "2", "hi"], 0),
        (vec!["load", data.as_str(), "-n", "1", "-c", "1", "http://127.0.0.1:1/"], 1),
        (vec!["report", "--list", data.as_str()], 0),
        (vec!["bench", "pow", "--help"], 0),
        (vec!["bench", "pow", "--seconds", "1"], 1),
    ] {
        let Some(command) = place.command_without_proc(args.iter().copied()) else { return };
        let run = place.run(command);
        assert_eq!(run.status.code(), Some(code), "{args:?}: {}", run.stderr);
    }
}
