//! Machines with too few resources: each error names the operation and its object.

use super::util::process::{FREE, Place, eventually};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// Returns the message if the server does not start.
fn says(place: &Place, mut command: Command) -> Option<String> {
    let (stdout, stderr) = (place.path("stdout"), place.path("stderr"));
    fs::write(&stderr, "").unwrap();
    let mut child = command.stdout(File::create(&stdout).unwrap()).spawn().unwrap();
    let mut asked = false;
    let status = eventually("an end", || {
        if !asked && fs::read_to_string(&stdout).unwrap().ends_with("ready\n") {
            asked = true;
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        }
        child.try_wait().unwrap()
    });
    let said = fs::read_to_string(&stderr).unwrap();
    match asked {
        true => None,
        false => {
            assert_eq!(status.code(), Some(1), "{said}");
            Some(said)
        }
    }
}

#[test]
fn without_descriptors_the_reason_names_what_was_tried() {
    let place = Place::new();
    // Everything exists already: with each descriptor less another operation fails.
    assert_eq!(says(&place, place.command(FREE)), None);
    let mut refused = 0;
    for most in 4..48 {
        let said = says(&place, place.command_after(&format!("ulimit -n {most}"), &FREE));
        let Some(said) = said else { continue };
        refused += 1;
        let last = said.lines().rfind(|line| line.starts_with("pentad: ")).unwrap_or_default();
        let tried = last.strip_prefix("pentad: ").and_then(|line| line.split_once(": Too many"));
        let Some((tried, _)) = tried else { panic!("{most}: {said}") };
        assert!(tried.contains(' '), "{most}: an operation and its object: {said}");
        assert!(!said.contains("room"), "{most}: {said}");
    }
    assert!(refused > 8, "{refused} refusals");
}

/// Builds a library that lets only so many threads start; see `LD_PRELOAD` in ld.so(8).
fn few_threads(place: &Place) -> PathBuf {
    let (source, library) = (place.path("few.c"), place.path("few.so"));
    let text = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <errno.h>\n\
                #include <pthread.h>\n#include <stdlib.h>\n\
                typedef void *body(void *);\n\
                typedef int start(pthread_t *, const pthread_attr_t *, body *, void *);\n\
                static int begun;\n\
                int pthread_create(pthread_t *t, const pthread_attr_t *a, body *f, void *x) {\n\
                  if (begun++ >= atoi(getenv(\"THREADS\"))) return EAGAIN;\n\
                  return ((start *)dlsym(RTLD_NEXT, \"pthread_create\"))(t, a, f, x); }\n";
    fs::write(&source, text).unwrap();
    let mut cc = Command::new("cc");
    let built = cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(built.status().unwrap().success(), "cc builds a library");
    library
}

#[cfg(target_env = "gnu")]
#[test]
fn a_thread_that_cannot_be_had_is_named() {
    let place = Place::new();
    let library = few_threads(&place);
    let args = [&FREE[..], &["--log-file=access.log", "--workers=2"]].concat();
    let mut named = Vec::new();
    for threads in 0.. {
        let mut command = place.command(&args);
        command.env("LD_PRELOAD", &library).env("THREADS", threads.to_string());
        let Some(said) = says(&place, command) else { break };
        let last = said.lines().rfind(|line| line.starts_with("pentad: ")).unwrap_or_default();
        let name = last.strip_prefix("pentad: cannot start the thread ");
        let name = name.and_then(|rest| rest.split_once(": Resource temporarily unavailable"));
        let Some((name, _)) = name else { panic!("{threads} threads: {said}") };
        named.push(name.to_owned());
    }
    for name in ["diagnostics", "access-log", "worker-0", "reader-0", "database", "order-2"] {
        assert!(named.iter().any(|named| named == name), "{name} in {named:?}");
    }
}
