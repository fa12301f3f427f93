//! Tests of a full disk: writes are refused with a remedy, reads continue, no answered write is
//! lost, and writes continue when there is room again.

use crate::util::process::{FREE, Place, Server, eventually};
use crate::{agreeing, ask, get, stock};
use rustix::process::{Resource, Rlimit, prlimit};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Returns `pentad` with these arguments in its own namespaces, with a file system of this size for
/// its data directory, if this machine permits that.
fn on_a_disk(place: &Arc<Place>, size: &str) -> Option<Command> {
    let flags: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let works = |flags: &&&[&str]| {
        let mut probe = Command::new("unshare");
        probe.args(**flags).args(["mount", "-t", "tmpfs", "none", "/tmp"]);
        let probe = probe.stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let flags = flags.iter().find(works)?;
    let data = place.path("data");
    fs::create_dir_all(&data).unwrap();
    let inner = place.command(FREE);
    let mut command = Command::new("unshare");
    command.args(*flags).args(["sh", "-c"]);
    command.arg(format!("mount -t tmpfs -o size={size} none {} && exec \"$@\"", data.display()));
    command.arg("sh").arg(inner.get_program()).args(inner.get_args());
    let errors = File::options().append(true).create(true).open(place.path("stderr")).unwrap();
    command.stdin(Stdio::null()).stderr(errors);
    Some(command)
}

/// Fills the disk except for this many bytes.
fn fill(file: &PathBuf, but: u64) -> u64 {
    let folder = file.parent().unwrap();
    let disk = rustix::fs::statvfs(folder).unwrap();
    let count = (disk.f_bavail * disk.f_frsize).saturating_sub(but);
    let zeros = vec![0; count as usize];
    File::create(file).unwrap().write_all(&zeros).unwrap();
    count
}

#[test]
fn a_full_disk_refuses_writes_and_serves_reads() {
    let place = Place::new();
    let Some(command) = on_a_disk(&place, "24m") else {
        eprintln!("no file system may be mounted here");
        return;
    };
    let server = Server::launch(&place, command);
    let buy = || ask(server.web(), "PUT", "/purchase/2/", "", "");
    assert_eq!(buy().status, 200);
    let filler = server.proc("root").join(place.path("data/filler").strip_prefix("/").unwrap());
    fill(&filler, 1 << 20);
    for (door, path) in [("web", "/purchase/2/"), ("order-1", "/purchase/2/")] {
        let refused = ask(server.addr(door, "tcp"), "PUT", path, "", "");
        assert_eq!(refused.status, 503, "{door}: {}", refused.body);
        assert!(refused.body.contains("make room on the disk"), "{door}: {}", refused.body);
        assert!(refused.body.contains("nothing was"), "{door}: {}", refused.body);
    }
    let modify = ask(server.addr("catalog-1", "tcp"), "PUT", "/modify/2", "", "{\"price\":1}");
    assert_eq!(modify.status, 503);
    agreeing(&server);
    assert_eq!(stock(&server, 2), 96, "reads go on");
    assert_eq!(get(server.panel(), "/api/orders").json().as_array().unwrap().len(), 1);
    fs::remove_file(&filler).unwrap();
    eventually("writes again", || (buy().status == 200).then_some(()));
    assert_eq!(stock(&server, 2), 95);
    agreeing(&server);
}

#[test]
fn a_disk_that_counts_no_blocks_is_not_taken_for_full() {
    let place = Place::new();
    // A tmpfs without a bound has no blocks to count, and neither has a FUSE file system.
    let Some(command) = on_a_disk(&place, "0") else {
        eprintln!("no file system may be mounted here");
        return;
    };
    let server = Server::launch(&place, command);
    let bought = ask(server.web(), "PUT", "/purchase/2/", "", "");
    assert_eq!(bought.status, 200, "{}", bought.body);
    assert_eq!(stock(&server, 2), 96);
}

#[test]
fn an_unwritable_replica_does_not_answer_and_recovers() {
    let place = Place::new();
    // A process that writes beyond its limit receives a signal first, which ends it by default.
    let server = Server::launch(&place, place.command_after("trap '' XFSZ", &FREE));
    let buy = || ask(server.addr("order-1", "tcp"), "PUT", "/purchase/2/", "", "").status;
    assert_eq!(buy(), 200);
    // No file may grow beyond the size of the smallest, so the log's file or a replica's fails
    // sooner or later.
    let limit = |bytes: Option<u64>| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(server.pid()), Resource::Fsize, limit).unwrap();
    };
    limit(Some(40_000));
    let mut answered = 1;
    eventually("a refusal", || {
        let status = buy();
        answered += u64::from(status == 200);
        (status == 503).then_some(())
    });
    limit(None);
    eventually("writes again", || (buy() == 200).then_some(()));
    answered += 1;
    agreeing(&server);
    let sold = get(server.panel(), "/api/orders?limit=500").json().as_array().unwrap().len() as u64;
    assert_eq!(stock(&server, 2), 97 - sold, "stock and orders agree");
    assert!(sold >= answered, "what was answered was sold: {sold} of {answered}");
}
