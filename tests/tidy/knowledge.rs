//! The permitted dependencies between layers.

use super::assert_none;
use super::paths::{Mention, mentions, module};
use super::source::files;

/// Each layer, and the layers that it may use.
const TABLE: &[(&str, &[&str])] = &[
    ("buf", &["limits"]),
    ("limits", &[]),
    ("names", &[]),
    ("stats", &["names"]),
    ("app", &["buf", "stats", "work", "limits"]),
    ("wire", &["limits", "names"]),
    ("work", &["buf", "limits", "names", "report"]),
    ("service", &["report", "app", "buf", "limits", "stats", "wire", "work", "client"]),
    ("client", &["app", "buf", "limits", "stats", "wire", "work"]),
    ("net", &["app", "buf", "limits", "stats", "work"]),
    ("config", &["limits", "wire", "work", "service"]),
    ("svg", &[]),
    ("report", &["svg"]),
    ("study", &["app", "buf", "limits", "stats", "work"]),
    (
        "cmd",
        &[
            "app", "limits", "stats", "wire", "work", "service", "client", "net", "study", "svg",
            "report", "config",
        ],
    ),
    ("check", &["app", "buf", "limits", "stats", "wire", "work", "service", "client"]),
    ("main", &["pentad"]),
];

/// Modules outside the crate that only some layers may use: a path, and those layers (with all
/// below them).
const OUTSIDE: &[(&str, &[&str])] = &[
    ("mio", &["net"]),
    ("socket2", &["study", "net"]),
    ("signal_hook_mio", &["net"]),
    ("rustix", &["study", "net", "buf::opened", "work::files", "cmd"]),
    ("std::net::TcpStream", &["study", "net"]),
    ("std::net::TcpListener", &["study", "net"]),
    ("std::net::UdpSocket", &["net"]),
    ("std::net::Shutdown", &["study", "net"]),
    ("std::os", &["study", "net", "buf::opened", "work::files", "cmd", "config"]),
    ("std::thread", &["study", "net", "cmd", "config"]),
    ("std::sync::Mutex", &["study", "net", "cmd"]),
    ("std::sync::Condvar", &["study", "net"]),
    ("std::sync::mpsc", &["study", "cmd"]),
    ("std::time::Instant::now", &["study", "net", "cmd", "check"]),
    ("std::time::SystemTime::now", &["study", "net", "cmd", "check"]),
    (
        "std::fs",
        &[
            "study::gauge",
            "net::log",
            "buf::opened",
            "work::files",
            "work::process",
            "work::reports",
            "cmd",
            "config",
        ],
    ),
    ("std::env", &["cmd", "config", "main"]),
    ("std::process", &["study", "net::child", "cmd", "main"]),
    ("rusqlite", &["work::db"]),
    ("rand", &["cmd"]),
    ("httparse", &["wire"]),
    ("lexopt", &["config"]),
    ("toml", &["config"]),
    ("strsim", &["config"]),
    ("base64", &["wire"]),
    // Shared, mutable and invisible in a signature: never.
    ("std::rc", &[]),
    ("std::cell", &[]),
];

/// Layers of which only a part may be used, and that part.
const WAIST: &[(&str, &str, Sight)] = &[
    ("app", "crate::work", is_a_job),
    ("net", "crate::work", is_a_job),
    ("study", "crate::work", is_a_job),
    ("service", "crate::work", is_a_job_type),
    ("client", "crate::work", is_a_job_type),
    ("config", "crate::work", is_a_kernel),
    ("config", "crate::service", is_plain_data),
];

/// Returns true if a layer may use this item.
type Sight = fn(&Mention) -> bool;

/// Jobs, and the count of descriptors, but not the execution of jobs.
fn is_a_job(mention: &Mention) -> bool {
    let is_item = |name: &String| name.starts_with(char::is_uppercase);
    mention.path.get(2).is_some_and(is_item)
        || mention.is_under("crate::work::process::descriptors")
        || mention.path.join("::") == "crate::work::process"
}

/// The types of jobs and outcomes, but not their execution.
fn is_a_job_type(mention: &Mention) -> bool {
    let running = ["crate::work::db::Database", "crate::work::Slice", "crate::work::Piece"];
    !running.iter().any(|running| mention.is_under(running))
}

/// The choice among kernels, which an option offers, and their limits.
fn is_a_kernel(mention: &Mention) -> bool {
    mention.path.get(3).is_some_and(|item| item == "Kernel" || item == "bits_max")
}

/// Settings of services, which options fill.
fn is_plain_data(mention: &Mention) -> bool {
    let data = [
        "chat::Account",
        "chat::lobby::Settings",
        "chat::zone",
        "store::front::Balance",
        "web::log",
    ];
    data.iter().any(|data| mention.is_under(&format!("crate::service::{data}")))
}

#[test]
fn layers_know_only_whom_they_may_know() {
    let mut problems = Vec::new();
    for source in files(&["src"]).iter().filter(|source| !source.is_tests()) {
        let module = match source.path.as_str() {
            "src/main.rs" => vec!["main".to_string()],
            path => module(path),
        };
        let Some(own) = module.first() else { continue };
        let Some((_, known)) = TABLE.iter().find(|(layer, _)| layer == own) else {
            problems.push(format!("{}: what may `{own}` know? Say it in the table.", source.path));
            continue;
        };
        for mention in mentions(source) {
            let place = format!("{}:{}: {}", source.path, mention.line, mention.path.join("::"));
            if let Some(layer) = mention.layer()
                && layer != own
                && !known.contains(&layer)
            {
                problems.push(format!("{place}: `{own}` must not know `{layer}`"));
            }
            for (layer, path, allows) in WAIST {
                if layer == own && mention.is_under(path) && !allows(&mention) {
                    problems.push(format!("{place}: this is not for `{own}` to see"));
                }
            }
            for (path, places) in OUTSIDE {
                let here = module.join("::") + "::";
                let allowed = places.iter().any(|place| here.starts_with(&format!("{place}::")));
                if mention.is_under(path) && !allowed {
                    problems.push(format!("{place}: only for {places:?}"));
                }
            }
        }
    }
    assert_none(&problems);
}

/// Within the services, from below: the state that HTTP sessions share, the protocol, and above
/// both the services and the router, which neither of them may mention.
const FLOORS: &[(&str, &[&str])] = &[
    ("src/service/web/", &["http", "site", "router", "panel", "pi", "pow", "chat", "store"]),
    ("src/service/http/", &["site", "router", "panel", "pi", "pow", "chat", "store"]),
];

#[test]
fn the_protocol_knows_no_service() {
    let mut problems = Vec::new();
    for (folder, above) in FLOORS {
        let all = files(&["src"]);
        let own = all.iter().filter(|source| source.path.starts_with(folder) && !source.is_tests());
        let mut count = 0;
        for source in own {
            count += 1;
            for mention in mentions(source) {
                let is_above = |name: &&&str| mention.is_under(&format!("crate::service::{name}"));
                if let Some(service) = above.iter().find(is_above) {
                    let place = format!("{}:{}", source.path, mention.line);
                    problems.push(format!("{place}: `{service}` is above {folder}"));
                }
            }
        }
        assert!(count > 3, "{folder} was read");
    }
    assert_none(&problems);
}

/// The places where `unsafe` is allowed: kernels, and the serving models that fork.
const UNSAFE: &[&str] =
    &["src/work/pi/", "src/work/pow/", "src/study/forked.rs", "src/study/preforked.rs"];

#[test]
fn unsafe_is_rare_and_says_why_it_is_sound() {
    let mut problems = Vec::new();
    for source in files(&["src", "tests", "benches"]) {
        let lines = source.text.lines().collect::<Vec<_>>();
        for (number, code) in source.code.lines().enumerate() {
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            if !words.any(|word| word == "unsafe") {
                continue;
            }
            let place = format!("{}:{}", source.path, number + 1);
            if !UNSAFE.iter().any(|folder| source.path.starts_with(folder)) {
                problems.push(format!("{place}: no `unsafe` here"));
            }
            let above = lines[..number].iter().rev().map(|line| line.trim_start());
            let mut comment = above
                .skip_while(|line| line.starts_with("#["))
                .take_while(|line| line.starts_with("//"));
            if !code.contains("unsafe fn") && !comment.any(|line| line.contains("SAFETY: ")) {
                problems.push(format!("{place}: no SAFETY comment above `unsafe`"));
            }
        }
    }
    assert_none(&problems);
}
