//! `pentad study run`: its report, and that it never leaves a process behind.

use crate::server::{is_gone, pentad, place, signal, until};
use pentad::study::gauge::processes;
use rustix::process::Signal;
use std::fs;

#[test]
fn a_study_reports_what_it_measured() {
    let out = place();
    let mut command = pentad(&["study", "run", "--models", "iterative,preforked,loop"]);
    command.args(["--clients", "2,6", "--service-time", "30ms", "--workers", "3", "--out"]);
    let output = command.arg(&out).output().unwrap();
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let study: serde_json::Value = serde_json::from_str(&read("study.json")).unwrap();
    assert_eq!(
        (&study["service"], study["service_time_s"].as_f64()),
        (&"legacy".into(), Some(0.03))
    );
    let runs = study["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6);
    for (run, (model, clients, rounds)) in runs.iter().zip([
        ("iterative", 2, 2.0),
        ("iterative", 6, 6.0),
        ("preforked", 2, 1.0),
        ("preforked", 6, 2.0),
        ("loop", 2, 1.0),
        ("loop", 6, 1.0),
    ]) {
        assert_eq!((&run["model"], &run["clients"]), (&model.into(), &clients.into()));
        assert_eq!(run["errors"], 0, "{run}");
        let figure = |name: &str| run[name].as_f64().unwrap();
        assert!(figure("elapsed_s") >= 0.03 * rounds, "{run}");
        assert!(figure("p50_s") <= figure("p99_s") && figure("p99_s") <= figure("elapsed_s"));
        assert!((figure("throughput") - f64::from(clients) / figure("elapsed_s")).abs() < 0.1);
        assert!(figure("peak_rss_bytes") > 1e6 && figure("context_switches") > 0.0, "{run}");
        let processes = if model == "preforked" { 4.0 } else { 1.0 };
        assert_eq!(figure("processes").to_bits(), f64::to_bits(processes), "{run}");
    }
    assert_eq!(table.lines().filter(|line| line.starts_with("preforked ")).count(), 2, "{table}");
    assert_eq!(read("study.md").matches("| loop |").count(), 2);
    assert!(read("study.svg").starts_with("<svg ") && read("study.svg").contains(">preforked<"));
    fs::remove_dir_all(out).unwrap();
}

#[test]
fn an_interrupted_study_says_so_and_leaves_no_process() {
    let out = place();
    let mut command = pentad(&["study", "run", "--models", "iterative,forked", "--clients", "3"]);
    let mut child = command.args(["--service-time", "20s", "--out"]).arg(&out).spawn().unwrap();
    until("its server is there", || processes(child.id()).len() == 2);
    let server = processes(child.id())[1];
    until("it says that it can be interrupted", || {
        fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap().lines().any(|line| {
            let caught = line.strip_prefix("SigCgt:").map(str::trim);
            caught.is_some_and(|mask| u64::from_str_radix(mask, 16).unwrap() & 2 != 0)
        })
    });
    signal(child.id(), Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until("the server has ended, too", || is_gone(server));
    let _ = fs::remove_dir_all(out);
}

#[test]
fn a_server_ends_with_the_study_that_was_killed() {
    let out = place();
    let mut command = pentad(&["study", "run", "--models", "preforked", "--clients", "3"]);
    command.args(["--workers", "2", "--service-time", "20s", "--out"]);
    let mut child = command.arg(&out).spawn().unwrap();
    let mut all = Vec::new();
    until("its server and the workers are there", || {
        all = processes(child.id());
        all = all.get(1).map_or(Vec::new(), |server| processes(*server));
        all.len() == 3
    });
    child.kill().unwrap();
    child.wait().unwrap();
    until("all have ended", || all.iter().all(|pid| is_gone(*pid)));
    let _ = fs::remove_dir_all(out);
}
