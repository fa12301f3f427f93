//! Pages and tables about made-up runs.

use super::*;
use serde_json::json;

fn report(label: &str, cache: &str, rps: f64) -> Report {
    let document = json!({
        "id": format!("id-{label}"), "label": label, "time": "2026-11-24T13:00:00Z",
        "arguments": { "url": "http://a/<b>", "method": "GET", "connections": 100 },
        "environment": { "version": "pentad 0" },
        "cache": { "state": cache, "hit": 1, "miss": 0, "bypass": 0 },
        "result": {
            "requests": 12345, "ok": 12345, "rps": rps, "elapsed_s": 5.0, "mode": "closed",
            "errors": { "connect": 0, "timeout": 1, "reset": 0, "parse": 0, "status": 0 },
            "latency_ms": { "min": 0.1, "mean": 0.2, "stdev": 0.1, "p50": 0.2, "p75": 0.3,
                "p90": 0.4, "p95": 0.5, "p99": 1.0, "p99_9": 2.0, "max": 30.0 },
            "histogram": [{ "le_ms": 0.2, "count": 3 }, { "le_ms": 0.251189, "count": 1 }],
            "series": [{ "t_s": 1.0, "requests": 5, "errors": 0, "rps": 5.0 }],
        },
    });
    Report { id: format!("id-{label}"), document }
}

#[test]
fn a_page_stands_alone_and_answers_the_classic_question() {
    let reports = [report("slow", "off", 1000.0), report("fast", "on", 2500.0)];
    let page = page(&reports, &reports);
    for part in ["Cache on versus off", "<b>2.50</b>", "http://a/&lt;b&gt;", "+150.0 % (better)"] {
        assert!(page.contains(part), "{part}");
    }
    for never in ["<script", "src=", "@import", "NaN", "<b>\"", "a/<b>"] {
        assert!(!page.contains(never), "{never}");
    }
    assert_eq!(page.matches("<svg").count(), 4);
    assert!(!page.contains("Figures"), "they were told with the answer");
    let more = [&reports[..], &[report("other", "on", 2500.0)]].concat();
    let page = super::page(&more, &more);
    assert!(page.contains("Cache on versus off") && page.contains("Figures"));
    assert!(page.contains("<h1>Load tests: slow, fast and other</h1>"));
    assert_eq!(page.matches("<svg").count(), 5);
}

#[test]
fn what_is_the_same_has_no_sign() {
    let delta = |was, is| change::delta(Some(was), Some(is), Some(true));
    assert_eq!(delta(300.0, 300.01), "0.0 %");
    assert_eq!(delta(300.0, 299.99), "0.0 %");
    assert_eq!((&*delta(100.0, 101.0), &*delta(100.0, 90.0)), ("+1.0 %", "-10.0 % (worse)"));
    assert_eq!(delta(0.0, 1.0), "");
}

#[test]
fn reports_with_gaps_are_shown_with_gaps() {
    let empty = Report { id: "x".into(), document: json!({}) };
    let both = [empty.clone(), report("a", "on", 1.0)];
    assert!(page(&both, &[]).contains('–'));
    assert!(listing(&both).contains("id-a.html") && listing(&[]).contains("none yet"));
    assert!(table(&both).contains("| requests/s | – | 1.00 |"));
    assert!(changes(&both[0], &both[1]).contains("compared with x"));
    assert!(overview(&empty).starts_with("<svg"));
}

#[test]
fn an_id_is_no_path() {
    for id in ["20261124T130000123Z-load", "a", "a.b_c"] {
        assert!(is_id(id), "{id}");
    }
    for id in ["", ".", "..", ".a", "a/b", "a b", "a\0", &"x".repeat(101)] {
        assert!(!is_id(id), "{id}");
    }
}

#[test]
fn numbers_for_people() {
    let all = [0.0, 0.0123, 1.0, 12.34, 123.4, 1234.0, 1_234_567.8, -1234.0];
    let shown = all.map(|value| shown(Some(value)));
    let counts = [0.0, 5.0, 1234.0].map(|value| counted(Some(value)));
    assert_eq!(counts, ["0", "5", "1,234"]);
    assert_eq!(shown, ["0", "0.012", "1.00", "12.3", "123", "1,234", "1,234,568", "-1,234"]);
}
