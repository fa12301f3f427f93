//! The figures of the panel: every name with its type, visitors without the panel itself, for
//! people and for scrapers.

use super::util::http::{Client, assert_next_is_served, by};
use super::util::process::{Server, eventually};
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;

fn metrics(panel: SocketAddr) -> Value {
    let reply = Client::connect(panel).get("/metrics");
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Returns the samples of the text form, by name and labels.
fn samples(panel: SocketAddr) -> HashMap<String, f64> {
    let ask =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\n\r\n";
    let reply = Client::connect(panel).ask(ask).unwrap();
    let kind = reply.field("content-type").unwrap();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let lines = reply.body.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        (name.to_string(), value.parse().expect("a number"))
    };
    let all = lines.clone().map(sample).collect::<HashMap<_, _>>();
    assert_eq!(all.len(), lines.count(), "no series is told twice");
    all
}

#[test]
fn every_name_is_there_with_its_type() {
    let server = Server::start(&["--workers=3"]);
    Client::connect(server.web()).get("/");
    let metrics = metrics(server.panel());
    for name in [
        "active_clients",
        "total_requests",
        "cache_hits",
        "cache_misses",
        "unique_sessions",
        "thread_pool_size",
        "queue_size",
    ] {
        assert!(metrics[name].is_u64(), "{name}: {metrics}");
    }
    for pointer in [
        "/average_response_time",
        "/requests_per_second",
        "/error_share",
        "/latency_ms/p50",
        "/latency_ms/p90",
        "/latency_ms/p99",
        "/loop/busy_share",
        "/loop/lag_ms/p50",
        "/loop/lag_ms/p99",
        "/loop/lag_ms/max",
        "/process/uptime_s",
    ] {
        let value = metrics.pointer(pointer);
        assert!(value.is_some_and(|value| value.as_f64().is_some()), "{pointer}: {metrics}");
    }
    for pointer in [
        "/connections/reading",
        "/connections/writing",
        "/connections/idle",
        "/closed/peer",
        "/closed/head-timeout",
        "/cache/entries",
        "/cache/bytes",
        "/cache/max_bytes",
        "/cache/evictions",
        "/cache/bypasses",
        "/loop/turns",
        "/process/rss_bytes",
        "/process/fds",
        "/process/threads",
    ] {
        assert!(metrics.pointer(pointer).is_some_and(Value::is_u64), "{pointer}: {metrics}");
    }
    for block in ["pi", "legacy", "pow", "chat", "store", "load_test"] {
        assert!(metrics[block].is_object(), "{block}: {metrics}");
    }
    assert_eq!(
        (&metrics["thread_pool_size"], &metrics["cache_enabled"]),
        (&3.into(), &true.into())
    );
    assert!(metrics["process"]["rss_bytes"].as_u64() > Some(1 << 20));
    assert!(metrics["process"]["threads"].as_u64() >= Some(5), "loop, database and workers");
    assert!(metrics["process"]["fds"].as_u64() > Some(8));
}

#[test]
fn every_series_has_its_type() {
    let server = Server::start(&[]);
    Client::connect(server.web()).get("/");
    let text = Client::connect(server.panel()).get("/metrics?format=prometheus").body;
    for family in [
        "pentad_http_requests_total counter",
        "pentad_http_request_duration_seconds histogram",
        "pentad_connections gauge",
        "pentad_connections_closed_total counter",
        "pentad_loop_busy_seconds_total counter",
        "pentad_loop_lag_seconds histogram",
        "pentad_loop_turns_total counter",
        "pentad_cache_hits_total counter",
        "pentad_cache_bytes gauge",
        "pentad_pow_proofs_total counter",
        "pentad_pi_estimates_total counter",
        "pentad_chat_queue gauge",
        "pentad_parse_errors_total counter",
        "process_resident_memory_bytes gauge",
        "process_cpu_seconds_total counter",
        "process_open_fds gauge",
        "pentad_build_info gauge",
    ] {
        assert!(text.contains(&format!("\n# TYPE {family}\n")), "{family}");
    }
    let kinds = ["counter", "gauge", "histogram"];
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = family.split_once(' ').unwrap();
        assert!(kinds.contains(&kind) && text.contains(&format!("# HELP {name} ")), "{family}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{family}");
    }
    for bound in ["0.00005", "10", "+Inf"] {
        let bucket = "pentad_http_request_duration_seconds_bucket{handler=\"site\",le=";
        assert!(text.contains(&format!("{bucket}\"{bound}\"}} ")), "{bound}: {text}");
    }
}

#[test]
fn visitors_are_counted_and_the_panel_is_not() {
    let server = Server::start(&[]);
    let (web, panel) = (server.web(), server.panel());
    let mut visitor = Client::connect(web);
    visitor.get("/");
    visitor.get("/nothing?at=all");
    visitor.post("/pi", &by("1111", "\"simulations\":100"));
    let mut operator = Client::connect(panel);
    for path in ["/", "/metrics", "/api/loop", "/metrics", "/test_status", "/missing"] {
        operator.get(path);
    }
    let told = metrics(panel);
    assert_eq!(told["total_requests"], 3);
    assert_eq!(told["active_clients"], 1, "the operators are left out");
    assert_eq!(told["connections"]["idle"], 1);
    assert_eq!(told["error_share"], 1.0 / 3.0);
    assert_eq!((&told["pi"]["estimates"], &told["pi"]["points"]), (&1.into(), &100.into()));
    let latest = told["recent_requests"].as_array().unwrap();
    let lines = latest.iter().map(|one| (one["path"].as_str().unwrap(), &one["status"]));
    let expected = [("/pi", &200.into()), ("/nothing", &404.into()), ("/", &200.into())];
    assert_eq!(lines.collect::<Vec<_>>(), expected, "the newest first");
    for one in latest {
        assert_eq!(one["client_ip"], "127.0.0.1");
        assert!(one["response_time"].as_f64() > Some(0.0), "{one}");
        assert!(one["bytes"].as_u64() > Some(0) && one["timestamp"].as_f64() > Some(1e9), "{one}");
        assert!(one["cache"].is_null() || one["cache"].is_string());
    }
    let samples = samples(panel);
    let count = |series: &str| samples.get(series).copied().unwrap_or(0.0);
    let http = |labels: &str| count(&format!("pentad_http_requests_total{{{labels}}}"));
    assert_eq!(http("method=\"POST\",code=\"200\",handler=\"pi\""), 1.0);
    assert_eq!(http("method=\"GET\",code=\"404\",handler=\"site\""), 1.0);
    assert!(http("method=\"GET\",code=\"200\",handler=\"panel\"") >= 4.0);
    assert_eq!(count("pentad_http_request_duration_seconds_count{handler=\"pi\"}"), 1.0);
    assert_eq!(count("pentad_connections{state=\"idle\"}"), 1.0);
}

#[test]
fn the_cache_and_the_visitors_of_the_site_are_told() {
    let server = Server::start(&[]);
    let (web, panel) = (server.web(), server.panel());
    let mut visitor = Client::connect(web);
    for _ in 0..3 {
        visitor.get("/");
    }
    let told = metrics(panel);
    let verdicts = told["recent_requests"].as_array().unwrap().iter();
    let verdicts = verdicts.map(|one| one["cache"].as_str()).collect::<Vec<_>>();
    assert_eq!(verdicts, [Some("HIT"), Some("HIT"), Some("MISS")]);
    assert_eq!((&told["cache_hits"], &told["cache_misses"]), (&2.into(), &1.into()));
    assert_eq!(told["cache"]["entries"], 1);
    assert!(told["cache"]["max_bytes"].as_u64() > told["cache"]["bytes"].as_u64());
    assert_eq!(told["unique_sessions"], 0, "who keeps no cookie does not count");
    let samples = samples(panel);
    assert_eq!((samples["pentad_cache_hits_total"], samples["pentad_cache_enabled"]), (2.0, 1.0));
}

#[test]
fn connections_are_where_they_are() {
    let server = Server::start(&[]);
    let (web, panel) = (server.web(), server.panel());
    let mut idle = (0..3).map(|_| Client::connect(web)).collect::<Vec<_>>();
    for client in &mut idle {
        client.get("/");
    }
    let silent = Client::connect(web);
    let mut slow = Client::connect(web);
    slow.send("GET / HTT");
    let mut waiting = Client::connect(web);
    waiting.send("POST /pi HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    let states = |told: &Value| {
        ["reading", "writing", "idle"].map(|state| told["connections"][state].as_u64().unwrap())
    };
    eventually("three idle, one silent, two in the middle of a request", || {
        let told = metrics(panel);
        (states(&told) == [2, 0, 4] && told["active_clients"] == 6).then_some(())
    });
    drop((idle, silent, slow, waiting));
    eventually("no connection is left", || {
        let told = metrics(panel);
        (states(&told) == [0, 0, 0] && told["active_clients"] == 0).then_some(())
    });
    assert_next_is_served(web);
}

#[test]
fn refused_input_is_counted_by_its_reason() {
    let server = Server::start(&[]);
    let mut broken = Client::connect(server.web());
    assert_eq!(broken.ask("GET / HTTP/1.1\nHost: a\r\n\r\n").unwrap().status, 400);
    let mut broken = Client::connect(server.web());
    broken.send("POST /pi HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\n");
    assert_eq!(broken.reply().unwrap().status, 400);
    assert_next_is_served(server.web());
    let samples = samples(server.panel());
    let sum = |prefix: &str| {
        samples.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, n)| n).sum::<f64>()
    };
    assert_eq!(samples["pentad_parse_errors_total{reason=\"bare-lf\"}"], 1.0);
    assert_eq!(sum("pentad_parse_errors_total"), 2.0);
    assert_eq!(samples["pentad_connections_closed_total{reason=\"panicked\"}"], 0.0);
}

#[test]
fn the_loop_is_seen_from_inside() {
    let server = Server::start(&[]);
    let mut visitor = Client::connect(server.web());
    for _ in 0..20 {
        visitor.get("/healthz");
    }
    let told = Client::connect(server.panel()).get("/api/loop").json();
    assert!(told["turns"].as_u64() > Some(20) && told["steps"].as_u64() > Some(20), "{told}");
    assert!(told["events_per_wake"]["mean"].as_f64() >= Some(1.0), "{told}");
    assert!(told["busy_s"].as_f64() > Some(0.0) && told["busy_share"].as_f64() < Some(1.01));
    let turns = told["lag_histogram"].as_array().unwrap().iter();
    let turns = turns.map(|cell| cell["turns"].as_u64().unwrap()).sum::<u64>();
    assert!(turns >= 20, "a turn for each request, and this one is not over: {told}");
    let slowest = told["slowest_steps"].as_array().unwrap();
    assert_eq!(slowest.len(), 10);
    assert!(slowest.is_sorted_by(|a, b| a["ms"].as_f64() >= b["ms"].as_f64()), "{told}");
    assert!(slowest.iter().any(|step| step["handler"] == "health"), "{told}");
}

#[test]
fn a_form_is_chosen_by_parameter_or_field() {
    let server = Server::start(&[]);
    let ask = |target: &str, accept: &str| {
        let ask = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n");
        let reply = Client::connect(server.panel()).ask(&ask).unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.field("vary").unwrap().eq_ignore_ascii_case("accept"));
        reply.field("content-type").unwrap().split(';').next().unwrap().to_string()
    };
    let (json, text) = ("application/json", "text/plain");
    assert_eq!(ask("/metrics", "*/*"), json);
    assert_eq!(ask("/metrics", "text/plain"), json);
    assert_eq!(ask("/metrics", "application/openmetrics-text;version=1.0.0, */*;q=0.1"), text);
    assert_eq!(ask("/metrics?format=prometheus", json), text);
    assert_eq!(ask("/metrics?format=json", "text/plain;version=0.0.4"), json);
}

#[test]
fn a_server_may_measure_nothing() {
    let server = Server::start(&["--no-metrics"]);
    Client::connect(server.web()).get("/");
    let told = metrics(server.panel());
    assert_eq!((&told["total_requests"], &told["requests_per_second"]), (&0.into(), &0.0.into()));
    samples(server.panel());
    assert_eq!(Client::connect(server.panel()).get("/api/loop").json()["measured"], false);
}
