//! `pentad check`: would `serve` start, with these flags, here and now?
//!
//! Tries what serving would try and gives it back: nothing that it opened, bound or created is
//! left behind, except the lock file of a data directory that was there before.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::{DataDir, Exit, answer, print, report, services, store};
use crate::config::{self, Config, Kind, Listen, LogFile, Problem, Surroundings};
use crate::net;
use crate::work::db::Database;
use services::DATABASE;

/// The command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let loaded = config::load(args, &Surroundings::of_process());
    if let Some(exit) = answer("check", &loaded) {
        return exit;
    }
    let mut problems = loaded.problems;
    let found = surroundings(&loaded.config);
    problems.extend(found.into_iter().map(|text| Problem::new(Kind::Configuration, text)));
    if problems.is_empty() { print("ok\n") } else { report(&problems) }
}

/// Everything about the machine that would keep this configuration from being served.
fn surroundings(config: &Config) -> Vec<String> {
    let mut wrong = ports(&config.listen);
    let files = DataDir::probe(&config.data, |data| {
        let database = Database::probe(&data.join(DATABASE));
        let unusable = |failure| format!("the database cannot be used: {failure}");
        [database.map_err(unusable), store::probe(config, data)]
    });
    match files {
        Ok(files) => wrong.extend(files.into_iter().filter_map(Result::err)),
        Err(error) => wrong.push(error.to_string()),
    }
    if let Some(root) = &config.root
        && let Err(error) = fs::read_dir(root)
    {
        wrong.push(format!("root {}: cannot open it: {error}", root.display()));
    }
    if let Some(LogFile::Path(path)) = &config.log_file
        && let Err(error) = writable(path)
    {
        wrong.push(format!("log file {}: {error}", path.display()));
    }
    wrong
}

/// Binds all listeners at once, so that two that exclude each other are found, too.
fn ports(listen: &[Listen]) -> Vec<String> {
    let mut held = Vec::new();
    let mut wrong = Vec::new();
    for plan in listen.iter().map(|listen| services::plan(listen, false)) {
        match net::bind(&[plan]) {
            Ok(listeners) => held.push(listeners),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    wrong
}

/// Checks that lines can be appended. A file that was missing is missing afterwards.
fn writable(path: &Path) -> Result<(), String> {
    let missing = !path.exists();
    net::append(path).map(drop)?;
    if missing { fs::remove_file(path).map_err(|error| error.to_string()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Service, Transports};
    use std::net::{SocketAddr, TcpListener};

    fn listen(address: SocketAddr, transports: Transports) -> Listen {
        Listen { service: Service::Legacy, transports, address }
    }

    #[test]
    fn a_taken_port_is_named_and_a_freed_one_is_not() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = taken.local_addr().expect("it is bound");
        let wrong = ports(&[listen(address, Transports::TcpAndUdp)]);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].starts_with(&format!("legacy on {address}: ")), "{wrong:?}");
        drop(taken);
        assert_eq!(ports(&[listen(address, Transports::TcpAndUdp)]), [""; 0]);
    }

    #[test]
    fn two_listeners_that_exclude_each_other_are_found() {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let one = free.expect("a port is free");
        let all = SocketAddr::from(([0, 0, 0, 0], one.port()));
        let both = [listen(one, Transports::Tcp), listen(all, Transports::Tcp)];
        assert_eq!(ports(&both).len(), 1);
    }

    #[test]
    fn a_log_file_is_tried_and_left_alone() {
        let path = std::env::temp_dir().join(format!("pentad-check-{}.log", std::process::id()));
        writable(&path).expect("the temporary directory is writable");
        assert!(!path.exists());
        fs::write(&path, "line\n").expect("the temporary directory is writable");
        writable(&path).expect("it is a file");
        assert_eq!(fs::read_to_string(&path).expect("it is still there"), "line\n");
        fs::remove_file(&path).expect("it is ours");
        assert!(writable(&path.join("below")).is_err());
        assert!(writable(&std::env::temp_dir()).is_err());
    }
}
