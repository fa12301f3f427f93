//! `pentad bench`: services measured from outside, as their classic clients use them.

mod chat;
mod pow;
mod server;
mod store;

use super::{Exit, complain, print, services};
use crate::config::{Config, suggest};
use crate::service::World;
use crate::service::web::AccessLog;
use crate::work::pow::Kernel;
use std::ffi::OsString;

/// A service that can be measured.
struct Bench {
    name: &'static str,
    help: &'static str,
    run: fn(Vec<OsString>) -> Exit,
}

static BENCHES: [Bench; 3] = [
    Bench { name: "pow", help: pow::HELP, run: pow::command },
    Bench { name: "chat", help: chat::HELP, run: chat::command },
    Bench { name: "store", help: store::HELP, run: store::command },
];

/// The command with its arguments.
pub(super) fn command(mut args: Vec<OsString>) -> Exit {
    let first = args.first().map(|first| first.to_string_lossy().into_owned());
    let named = first.as_deref().unwrap_or_default();
    if let Some(bench) = BENCHES.iter().find(|bench| bench.name == named) {
        return (bench.run)(args.split_off(1));
    }
    if ["-h", "--help"].contains(&named) {
        return print(&help());
    }
    let names = BENCHES.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", ");
    let problem = match first {
        None => format!("which service? These can be measured: {names}"),
        Some(other) => {
            let hint = suggest::hint(&other, BENCHES.iter().map(|bench| bench.name));
            format!("{other} cannot be measured; these can: {names}{hint}")
        }
    };
    complain(format_args!("bench: {problem}\n\n{}", help()));
    Exit::Usage
}

fn help() -> String {
    let all = BENCHES.iter().map(|bench| bench.help).collect::<Vec<_>>();
    format!("Measure a service from outside, as its classic clients use it\n\n{}", all.join("\n"))
}

/// What clients share at the beginning.
fn world() -> World {
    let mut config = Config::default();
    // Clients search for nothing: no need to find out how that would be fastest.
    config.pow.kernel = Some(Kernel::Sha2);
    services::world(&config, &[], AccessLog::Off, [0; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_explained_and_another_one_is_a_mistake() {
        assert!(
            BENCHES.iter().all(|bench| help().contains(&format!("pentad bench {}", bench.name)))
        );
        for wrong in [&[][..], &["cats"], &["--seconds"]] {
            assert_eq!(command(wrong.iter().map(OsString::from).collect()), Exit::Usage);
        }
    }
}
