//! Processes and threads of the models: they start, are replaced, and leave nothing behind.

use crate::server::{SERVICE_TIME, Server, each, is_gone, pentad, place, signal, until};
use pentad::study::Model;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

#[test]
fn nothing_runs_beside_a_process_that_forks() {
    for model in [Model::Forked, Model::Preforked] {
        for service in ["legacy", "pow", "web"] {
            let server = Server::start(model, service, &["--workers", "2"]);
            for process in server.processes() {
                let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().count();
                assert_eq!(threads, 1, "{model:?} {service}");
            }
        }
    }
}

#[test]
fn a_child_that_has_served_is_reaped() {
    let server = Server::legacy(Model::Forked, SERVICE_TIME, &[]);
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| assert!(!server.ask(b"").is_empty()));
        }
        until("each client has a process", || server.processes().len() == 6);
    });
    until("no process is left, not even as a zombie", || server.processes().len() == 1);
}

/// Builds a library for kernels without timeouts of listeners; see `LD_PRELOAD` in ld.so(8).
#[cfg(target_env = "gnu")]
fn without_timeouts(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("timeouts.c"), folder.join("timeouts.so"));
    let text = "#include <sys/socket.h>\n#include <sys/syscall.h>\n#include <unistd.h>\n\
                int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {\n\
                  if (level == SOL_SOCKET && name == SO_RCVTIMEO) return 0;\n\
                  return syscall(SYS_setsockopt, fd, level, name, value, size); }\n";
    fs::write(&source, text).unwrap();
    let mut cc = Command::new("cc");
    let built = cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    assert!(built.status().unwrap().success(), "cc builds a library");
    library
}

#[cfg(target_env = "gnu")]
#[test]
fn no_zombie_waits_for_the_next_client() {
    let folder = place();
    fs::create_dir_all(&folder).unwrap();
    let mut command = pentad(&["study", "serve", "--model", "forked"]);
    command.env("LD_PRELOAD", without_timeouts(&folder));
    let server = Server::launch(command, "legacy", &["--service-time", "10ms"]);
    assert!(!server.ask(b"").is_empty());
    until("no process is left, not even as a zombie", || server.processes().len() == 1);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_worker_that_is_killed_is_replaced() {
    let server = Server::legacy(Model::Preforked, SERVICE_TIME, &["--workers", "3"]);
    until("the workers are there", || server.processes().len() == 4);
    let killed = server.processes()[2];
    signal(killed, Signal::KILL);
    until("another has taken its place", || {
        let now = server.processes();
        now.len() == 4 && !now.contains(&killed)
    });
    assert!(!server.ask(b"").is_empty());
}

#[test]
fn ctrl_c_leaves_no_process_even_with_clients_being_served() {
    each(|model| {
        let mut server = Server::legacy(model, Duration::from_secs(20), &["--workers", "3"]);
        let _clients = [server.connect(), server.connect()];
        let expected = match model {
            Model::Forked => 3,
            Model::Preforked => 4,
            Model::Iterative
            | Model::Threaded
            | Model::Prethreaded
            | Model::Acceptor
            | Model::Loop => 1,
        };
        until("all are at work", || server.processes().len() == expected);
        let all = server.processes();
        let mut code = None;
        until("it ends", || {
            // The loop shuts down gracefully at the first signal, and at once at the second.
            signal(server.child.id(), Signal::INT);
            code = server.child.try_wait().unwrap().map(|status| status.code());
            code.is_some()
        });
        // Only the loop reports that it left a client waiting.
        assert_eq!(code, Some(Some((model == Model::Loop).into())), "{model:?}");
        until("its children end with it", || all.iter().all(|pid| is_gone(*pid)));
    });
}
