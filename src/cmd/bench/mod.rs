//! `pentad bench`: services measured from outside, as their classic clients use them.

mod chat;
mod pow;
mod server;
mod store;

use super::{Exit, complain, help, print};
use crate::config::suggest;
use crate::config::table::Section;
use std::ffi::OsString;

/// A service that can be measured.
struct Bench {
    name: &'static str,
    about: &'static str,
    sections: fn() -> Vec<Section>,
    run: fn(Vec<OsString>) -> Exit,
}

static BENCHES: [Bench; 3] = [
    Bench {
        name: "pow",
        about: pow::ABOUT,
        sections: || pow::SYNTAX.sections(),
        run: pow::command,
    },
    Bench {
        name: "chat",
        about: chat::ABOUT,
        sections: || chat::SYNTAX.sections(),
        run: chat::command,
    },
    Bench {
        name: "store",
        about: store::ABOUT,
        sections: || store::SYNTAX.sections(),
        run: store::command,
    },
];

/// The services, explained.
pub(super) fn lists() -> Vec<super::List> {
    vec![("Services", BENCHES.iter().map(|bench| (bench.name, bench.about)).collect())]
}

/// The options of all benches.
pub(super) fn sections() -> Vec<Section> {
    BENCHES.iter().flat_map(|bench| (bench.sections)()).collect()
}

/// Runs the command with its arguments.
pub(super) fn command(mut args: Vec<OsString>) -> Exit {
    let first = args.first().map(|first| first.to_string_lossy().into_owned());
    let named = first.as_deref().unwrap_or_default();
    if let Some(bench) = BENCHES.iter().find(|bench| bench.name == named) {
        return (bench.run)(args.split_off(1));
    }
    if ["-h", "--help"].contains(&named) {
        return print(&help::page("bench"));
    }
    let names = BENCHES.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", ");
    let problem = match first {
        None => format!("which service? These can be measured: {names}"),
        Some(other) => {
            let hint = suggest::hint(&other, BENCHES.iter().map(|bench| bench.name));
            format!("{other} cannot be measured; these can: {names}{hint}")
        }
    };
    complain(format_args!("bench: {problem}; pentad bench --help explains"));
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_explained_and_another_one_is_a_mistake() {
        let help = help::page("bench");
        assert!(BENCHES.iter().all(|bench| help.contains(&format!("pentad bench {}", bench.name))));
        for wrong in [&[][..], &["cats"], &["--seconds"]] {
            assert_eq!(command(wrong.iter().map(OsString::from).collect()), Exit::Usage);
        }
    }
}
