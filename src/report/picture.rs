//! The charts of a report.

use super::{BUCKETS_PER_DECADE, Report};
use crate::svg::{Area, Lines, Picture, Scale, Series};

/// Percentiles in latency charts, and their places: equal distances between nines.
const PERCENTILES: [(f64, &str, &str); 7] = [
    (0.0, "min", "min"),
    (1.0, "p50", "50 %"),
    (2.0, "p75", "75 %"),
    (3.0, "p90", "90 %"),
    (4.0, "p95", "95 %"),
    (5.0, "p99", "99 %"),
    (6.0, "p99_9", "99.9 %"),
];

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 360.0;
const WHOLE: Area = Area { x: 8.0, y: 4.0, width: WIDTH - 16.0, height: HEIGHT - 8.0 };

/// The texts and scale of a chart.
struct Chart<'a> {
    title: &'a str,
    x_label: &'a str,
    y_label: &'a str,
    x_names: &'a [(f64, String)],
    y_scale: Scale,
}

fn drawn(chart: &Chart<'_>, series: &[Series]) -> String {
    let mut picture = Picture::new(chart.title, WIDTH, HEIGHT);
    let Chart { title, x_label, y_label, x_names, y_scale } = *chart;
    picture.lines(WHOLE, &Lines { title, x_label, y_label, x_names, y_scale, series, note: "" });
    picture.finish()
}

fn each(reports: &[Report], points: impl Fn(&Report) -> Vec<(f64, f64)>) -> Vec<Series> {
    let series = |(style, report): (usize, &Report)| Series {
        name: report.name(reports),
        style,
        points: points(report),
        ideal: Vec::new(),
    };
    reports.iter().enumerate().map(series).collect()
}

/// Draws latency by percentile.
pub(super) fn latency(reports: &[Report]) -> String {
    let names = PERCENTILES.map(|(x, _, name)| (x, name.to_owned()));
    let chart = Chart {
        title: "Latency by percentile",
        x_label: "share of answers within this time",
        y_label: "milliseconds",
        x_names: &names,
        y_scale: Scale::Log,
    };
    let points = |report: &Report| {
        let point = |(x, name, _): &(f64, &str, &str)| {
            report.number(&["latency_ms", name]).map(|ms| (*x, ms))
        };
        PERCENTILES.iter().filter_map(point).collect()
    };
    drawn(&chart, &each(reports, points))
}

/// Draws requests over time.
pub(super) fn throughput(reports: &[Report]) -> String {
    let chart = Chart {
        title: "Requests over time",
        x_label: "seconds",
        y_label: "requests per second",
        x_names: &[],
        y_scale: Scale::Linear,
    };
    drawn(&chart, &each(reports, |report| report.series("rps")))
}

/// Draws the distribution of latencies.
pub(super) fn spread(reports: &[Report]) -> String {
    let place = |edge: f64| (edge.log10() * BUCKETS_PER_DECADE).round() + ORIGIN;
    let decades = (-4..=6).map(|decade: i32| {
        let ms = 10f64.powi(decade);
        let name = if ms < 1.0 { format!("{ms}") } else { format!("{ms:.0}") };
        (place(ms), name)
    });
    let all = each(reports, |report| {
        report.histogram().iter().map(|(edge, share)| (place(*edge), share * 100.0)).collect()
    });
    let seen = || all.iter().flat_map(|series| &series.points).map(|point| point.0);
    let (first, last) = (seen().fold(f64::MAX, f64::min), seen().fold(0.0, f64::max));
    let shift = (first - 1.0).max(0.0);
    let moved = |series: &Series| Series {
        points: series.points.iter().map(|(x, y)| (x - shift, *y)).collect(),
        ..series.clone()
    };
    let all = all.iter().map(moved).collect::<Vec<_>>();
    let names = decades.filter(|(x, _)| (first - 1.0..=last + 1.0).contains(x));
    let names = names.map(|(x, name)| (x - shift, name)).collect::<Vec<_>>();
    let chart = Chart {
        title: "Distribution of latencies",
        x_label: "milliseconds, ten buckets per decade",
        y_label: "percent of answers",
        x_names: &names,
        y_scale: Scale::Linear,
    };
    drawn(&chart, &all)
}

/// Offset that keeps the places of all buckets positive: ten decades below a millisecond.
const ORIGIN: f64 = 100.0;

/// Draws the runs in the order of time.
pub(super) fn history(reports: &[Report]) -> String {
    let names = reports.iter().enumerate().map(|(place, report)| {
        let time = report.text(&["time"]);
        ((place + 1) as f64, time.get(5..16).unwrap_or("").replace('T', " "))
    });
    let names = names.collect::<Vec<_>>();
    let every = names.len().div_ceil(6).max(1);
    let names = names.into_iter().rev().step_by(every).collect::<Vec<_>>();
    let line = |name: &str, style, path: &[&str]| Series {
        name: name.to_owned(),
        style,
        points: reports
            .iter()
            .enumerate()
            .filter_map(|(place, report)| Some(((place + 1) as f64, report.number(path)?)))
            .collect(),
        ideal: Vec::new(),
    };
    let chart = Chart {
        title: "The last runs",
        x_label: "start of the run",
        y_label: "requests per second, and milliseconds",
        x_names: &names,
        y_scale: Scale::Log,
    };
    let all = [
        line("requests/s", 1, &["rps"]),
        line("p50, ms", 3, &["latency_ms", "p50"]),
        line("p99, ms", 0, &["latency_ms", "p99"]),
    ];
    drawn(&chart, &all)
}

/// Draws the picture of one report at `/reports/ID.svg`.
pub fn overview(report: &Report) -> String {
    let one = std::slice::from_ref(report);
    latency(one)
}
