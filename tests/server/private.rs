//! Files of the process are accessible to its owner only: on disk, and never over the network.

use super::util::http::assert_next_is_served;
use super::util::process::{FREE, Place, Server, eventually};
use super::util::site::ask;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Returns all files and directories beneath one, with their modes.
fn modes(path: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        found.push((path.display().to_string(), metadata.permissions().mode() & 0o777));
        if metadata.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

#[test]
fn private_files_are_neither_served_nor_listed_in_any_root() {
    let place = Place::new();
    fs::write(place.path("pentad.toml"), "list = true\n").unwrap();
    fs::write(place.path("agents.toml"), "").unwrap();
    fs::write(place.path("index.txt"), "public").unwrap();
    fs::write(place.path("old.log.1"), "an older one").unwrap();
    let args = [
        "--root=.",
        "--config=pentad.toml",
        "--agents=agents.toml",
        "--log-file=old.log",
        "--data=data",
    ];
    let server = Server::start_in(&place, &args);
    fs::hard_link(place.path("data/pentad.db"), place.path("hard")).unwrap();
    symlink("data/pentad.db", place.path("soft")).unwrap();
    symlink("data", place.path("folder")).unwrap();
    fs::create_dir(place.path("deep")).unwrap();
    symlink("../old.log", place.path("deep/log")).unwrap();
    let web = server.web();
    let listing = || {
        let listing = ask(web, "GET", "/", "Accept: application/json\r\n");
        assert_eq!(listing.status, 200, "{}", listing.head);
        let listing: serde_json::Value = serde_json::from_slice(&listing.body).unwrap();
        let names = listing.as_array().unwrap().iter().map(|entry| entry["name"].clone());
        names.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask(web, "GET", "/index.txt", "").body, b"public");
    let refused = |path: &str| {
        let answer = ask(web, "GET", path, "");
        assert_eq!(answer.status, 404, "{path}: {}", answer.head);
    };
    for path in [
        "/data",
        "/data/",
        "/data/pentad.db",
        "/data/pentad.db-wal",
        "/data/lock",
        "/%64ata/lock",
        "/hard",
        "/soft",
        "/folder/",
        "/folder/pentad.db",
        "/pentad.toml",
        "/agents.toml",
        "/old.log",
        "/old.log.1",
        "/deep/log",
        "/stderr",
    ] {
        refused(path);
    }
    assert_eq!(listing(), ["deep", "index.txt"]);
    fs::rename(place.path("old.log"), place.path("old.log.2")).unwrap();
    server.signal(Signal::USR1);
    refused("/old.log.2");
    eventually("a new log", || place.path("old.log").exists().then_some(()));
    refused("/old.log");
    let stderr = eventually("a warning", || Some(server.stderr()).filter(|it| it.contains("root")));
    assert!(stderr.contains("contains the data directory"), "{stderr}");
    assert_next_is_served(web);
}

#[test]
fn a_root_in_the_data_directory_serves_nothing_and_says_so() {
    let place = Place::new();
    fs::create_dir_all(place.path("data/www")).unwrap();
    fs::write(place.path("data/www/index.html"), "page").unwrap();
    let server = Server::start_in(&place, &["--root=data/www", "--data=data"]);
    assert_eq!(ask(server.web(), "GET", "/", "").status, 404);
    eventually("a warning", || server.stderr().contains("nothing of it is served").then_some(()));
}

#[test]
fn what_is_created_is_for_its_owner_only_whatever_the_umask() {
    for umask in ["umask 0", "umask 022", "umask 0177"] {
        let place = Place::new();
        let args = FREE.iter().copied().chain(["--data=a/b", "--log-file=access.log"]);
        let args = args.collect::<Vec<_>>();
        let server = Server::launch(&place, place.command_after(umask, &args));
        assert_eq!(ask(server.web(), "GET", "/", "").status, 200);
        let own = [modes(&place.path("a")), modes(&place.path("access.log"))].concat();
        assert!(own.len() > 8, "{own:?}");
        for (path, mode) in own {
            let expected = if Path::new(&path).is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{path} {mode:o} after {umask}");
        }
        assert!(!server.stderr().contains("others may read"), "{}", server.stderr());
    }
}

#[test]
fn a_data_directory_that_others_may_read_is_a_warning() {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    fs::set_permissions(place.path("data"), fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start_in(&place, &[]);
    eventually("a warning", || {
        let told = server.stderr();
        (told.contains("others may read it (mode 0755)") && told.contains("chmod 700"))
            .then_some(())
    });
    assert_next_is_served(server.web());
}
