//! A report shows the points that it was given, in the form that was promised.

use super::*;
use crate::stats::Close;

fn fate(ms: u64, close: Option<Close>) -> Fate {
    Fate { elapsed: Duration::from_millis(ms), close }
}

fn point(model: Model, fates: &[Fate]) -> Point {
    Point::new(model, fates.len(), fates, &Gauge::of(std::process::id()))
}

#[test]
fn the_figures_are_those_of_the_clients() {
    let good = |ms| fate(ms, Some(Close::Finished));
    let fates = [good(300), good(100), good(200), fate(400, Some(Close::Lost)), fate(0, None)];
    let point = point(Model::Loop, &fates);
    assert_eq!(point.elapsed, Duration::from_millis(400));
    assert_eq!((point.p50, point.p99), (Duration::from_millis(200), Duration::from_millis(300)));
    assert_eq!(point.errors, 2);
    assert!((point.throughput() - 7.5).abs() < 1e-9);
    assert_eq!(quantile(&[], 0.5), Duration::ZERO);
}

#[test]
fn the_files_have_their_promised_shape() {
    let options = Options::read(vec!["run".into()]).unwrap().unwrap();
    let mean = Duration::from_millis(300);
    let mut report = Report::new(&options, mean, Duration::from_millis(500));
    for model in [Model::Iterative, Model::Loop] {
        report.points.push(point(model, &[fate(310, Some(Close::Finished))]));
    }
    let json: Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["service"], "legacy");
    assert_eq!(json["service_time_s"], 0.3);
    let run = &json["runs"][1];
    assert_eq!((&run["model"], &run["clients"]), (&json!("loop"), &json!(1)));
    assert_eq!(run["elapsed_s"], 0.31);
    for number in [
        "throughput",
        "p50_s",
        "p99_s",
        "peak_rss_bytes",
        "threads",
        "processes",
        "context_switches",
        "errors",
    ] {
        assert!(run[number].is_number(), "{number}");
    }
    let markdown = report.markdown();
    assert!(markdown.contains("\n| iterative | 1 | 0.31 s | 0.50 s | 3.2 |"), "{markdown}");
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| ")).count(), 3);
    assert!(report.svg().contains(">iterative<") && report.svg().contains("KiB"));
    assert!(report.heading().contains("100ms to 500ms for each client, 8 workers"));
}

#[test]
fn columns_stand_below_each_other() {
    let options = Options::read(vec!["run".into()]).unwrap().unwrap();
    let report = Report::new(&options, Duration::from_secs(1), Duration::from_secs(1));
    let row = report.row(&point(Model::Prethreaded, &[fate(90_000, Some(Close::Finished))]));
    let heading = report.heading();
    assert_eq!(heading.lines().last().map(|line| line.chars().count()), Some(row.trim_end().len()));
}
