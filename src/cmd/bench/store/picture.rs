//! The tables that are worth a picture: medians by the number of clients, and purchases a second.

use super::report::{Point, Report};
use crate::svg::{Area, Bars, Lines, Picture, Scale, Series};

/// Operations, in the order of the charts; how the cache was, in the order of the lines.
const OPERATIONS: [&str; 3] = ["search", "info", "buy"];
const CACHES: [&str; 3] = ["off", "hit", "miss"];

/// The size of a chart.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 340.0;

/// The picture as SVG.
pub(super) fn svg(report: &Report) -> String {
    let title = "The bookstore: median latencies, and durable purchases a second";
    let mut picture = Picture::new(title, 2.0 * WIDTH + 40.0, 2.0 * HEIGHT + 40.0);
    for (place, operation) in OPERATIONS.into_iter().enumerate() {
        chart(&mut picture, area(place), operation, &report.points);
    }
    let bars = report.rates.iter().map(|(name, rate)| (name.clone(), 3, *rate));
    let bars = bars.collect::<Vec<_>>();
    picture.bars(area(3), &Bars { title: "durable purchases a second", bars: &bars, note: "" });
    picture.finish()
}

fn area(place: usize) -> Area {
    let (x, y) = ((place % 2) as f64, (place / 2) as f64);
    Area {
        x: 10.0 + x * (WIDTH + 20.0),
        y: 10.0 + y * (HEIGHT + 20.0),
        width: WIDTH,
        height: HEIGHT,
    }
}

fn chart(picture: &mut Picture, area: Area, operation: &str, points: &[Point]) {
    let own = |cache| {
        points.iter().filter(move |point| point.operation == operation && point.cache == cache)
    };
    // The steps are of one width: 1, 3, 5, 9 and 50 clients would crowd at the left otherwise.
    let mut counts = points.iter().map(|point| point.clients).collect::<Vec<_>>();
    counts.sort_unstable();
    counts.dedup();
    let x = |clients: usize| counts.iter().position(|count| *count == clients).unwrap_or(0) as f64;
    let series = CACHES.into_iter().enumerate().map(|(style, cache)| Series {
        name: format!("cache {cache}"),
        style,
        points: own(cache).map(|point| (x(point.clients), point.p50_ms)).collect(),
        ideal: Vec::new(),
    });
    let series = series.collect::<Vec<_>>();
    let names = counts.iter().map(|count| (x(*count), count.to_string())).collect::<Vec<_>>();
    picture.lines(
        area,
        &Lines {
            title: operation,
            x_label: "clients",
            x_names: &names,
            y_label: "median, ms",
            y_scale: Scale::Log,
            series: &series,
            note: "",
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_a_chart_and_each_cache_a_line() {
        let (operation, p50_ms) = ("info", 0.25);
        let points = CACHES
            .into_iter()
            .flat_map(|cache| [1, 50].map(|clients| Point { operation, cache, clients, p50_ms }));
        let rates = vec![("64 clients".to_owned(), 900.0)];
        let report = Report { points: points.collect(), rates, ..Report::default() };
        let text = svg(&report);
        for part in [">search<", ">info<", ">buy<", ">cache miss<", ">50<", ">64 clients<"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("NaN") && !svg(&Report::default()).contains("NaN"));
    }
}
