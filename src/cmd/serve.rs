//! `pentad serve`: from arguments to running services.
//!
//! Takes what must be had before anything listens: a valid configuration, the data directory and
//! its lock, the diagnostics.

use std::ffi::OsString;

use super::{DataDir, Exit, answer, complain, diagnostics, report, services};
use crate::config::{self, Config, Surroundings};

/// The command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    let loaded = config::load(args, &Surroundings::of_process());
    if let Some(exit) = answer("serve", &loaded) {
        return exit;
    }
    if !loaded.problems.is_empty() {
        return report(&loaded.problems);
    }
    run(&loaded.config)
}

/// Serves until a signal ends it. The lock on the data directory is held all the while.
pub fn run(config: &Config) -> Exit {
    let data = match DataDir::open(&config.data) {
        Ok(data) => data,
        Err(error) => {
            complain(error);
            return Exit::Failed;
        }
    };
    // Dropped last: what the services say while they end is still written.
    let _diagnostics = match diagnostics::start(config.log_level, config.color) {
        Ok(diagnostics) => diagnostics,
        Err(error) => {
            complain(error);
            return Exit::Failed;
        }
    };
    services::run(config, data)
}
