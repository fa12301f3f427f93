//! Disks that fail: a preloaded library that follows instructions in a file.

use super::process::Place;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// Injected faults of a server.
#[derive(Debug)]
pub struct Faults(PathBuf);

/// The system's number for an input or output error.
pub const EIO: i32 = 5;

impl Faults {
    /// Installs the library without any fault; `None` where there is no C compiler.
    pub fn of(place: &Arc<Place>, command: &mut Command) -> Option<Faults> {
        let rule = place.path("faults");
        command.env("LD_PRELOAD", library()?).env("FAULTS", &rule);
        Some(Faults(rule))
    }

    /// Makes this many calls of an operation on a file of this name fail; all of them if the count
    /// is 0.
    pub fn fail(&self, operation: &str, name: &str, count: u32) {
        // Atomically: the server may read it at any time.
        let draft = self.0.with_extension("draft");
        fs::write(&draft, format!("{operation} {name} {EIO} {count}\n")).unwrap();
        fs::rename(draft, &self.0).unwrap();
    }

    /// Removes all faults.
    pub fn pass(&self) {
        let _ = fs::remove_file(&self.0);
    }

    /// Returns true if a fault of a counted rule is still to come.
    pub fn is_pending(&self) -> bool {
        self.0.exists()
    }
}

/// Builds the library once for each test binary; it stays in the directory for temporary files.
fn library() -> Option<&'static PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let name = format!("pentad-faults-{}.so", std::process::id());
        let (library, source) = (std::env::temp_dir().join(name), "tests/util/faults.c");
        let mut compiler = Command::new("cc");
        compiler.current_dir(env!("CARGO_MANIFEST_DIR"));
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]);
        match compiler.status() {
            Ok(status) => {
                assert!(status.success(), "faults.c cannot be compiled");
                Some(library)
            }
            Err(error) => {
                eprintln!("no C compiler, no faults: {error}");
                None
            }
        }
    };
    LIBRARY.get_or_init(build).as_ref()
}
