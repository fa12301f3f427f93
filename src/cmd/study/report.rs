//! The result of a study: rows on the terminal, `study.json`, `study.md`, `study.svg`.
//!
//! Every figure is of the run that is reported, but for the ideals, which follow from the service
//! time, the number of clients and how many a model serves at once.

use super::{Options, Service};
use crate::config::value::show_duration;
use crate::stats::quantile;
use crate::study::Model;
use crate::study::gauge::Gauge;
use crate::study::load::Fate;
use crate::svg::{Area, Bars, Lines, Picture, Scale, Series};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// One model, so many clients at once.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) model: Model,
    pub(super) clients: usize,
    /// From the start of all clients to the end of the last.
    pub(super) elapsed: Duration,
    /// Of the clients that got what they came for.
    p50: Duration,
    p99: Duration,
    errors: usize,
    peak_rss_bytes: u64,
    connection_bytes: u64,
    threads: u64,
    processes: u64,
    context_switches: u64,
}

impl Point {
    pub(super) fn new(model: Model, clients: usize, ended: &[Fate], gauge: &Gauge) -> Point {
        let mut times =
            ended.iter().filter(|fate| fate.is_good()).map(|fate| fate.elapsed).collect::<Vec<_>>();
        times.sort_unstable();
        let peak = gauge.peak();
        Point {
            model,
            clients,
            elapsed: ended.iter().map(|fate| fate.elapsed).max().unwrap_or_default(),
            p50: quantile(&times, 0.50),
            p99: quantile(&times, 0.99),
            errors: clients - times.len(),
            peak_rss_bytes: peak.rss_bytes,
            connection_bytes: gauge.growth_bytes() / clients as u64,
            threads: peak.threads,
            processes: peak.processes,
            context_switches: gauge.context_switches(),
        }
    }

    fn throughput(&self) -> f64 {
        (self.clients - self.errors) as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// See the module.
pub(super) struct Report<'a> {
    options: &'a Options,
    mean: Duration,
    longest: Duration,
    pub(super) points: Vec<Point>,
}

/// Columns of the table.
const COLUMNS: [&str; 12] = [
    "model",
    "clients",
    "elapsed",
    "ideal",
    "clients/s",
    "p50",
    "p99",
    "peak RSS",
    "per conn.",
    "thr/proc",
    "switches",
    "errors",
];

const WIDTHS: [usize; 12] = [12, 8, 9, 9, 10, 9, 9, 10, 10, 9, 9, 7];

impl<'a> Report<'a> {
    pub(super) fn new(options: &'a Options, mean: Duration, longest: Duration) -> Report<'a> {
        Report { options, mean, longest, points: Vec::new() }
    }

    /// Returns a description of the load, and the names of the columns.
    pub(super) fn heading(&self) -> String {
        format!("{}\n\n{}", self.subject(), aligned(&COLUMNS.map(str::to_owned)))
    }

    /// A line of the table.
    pub(super) fn row(&self, point: &Point) -> String {
        aligned(&self.cells(point))
    }

    fn subject(&self) -> String {
        let Options { service, workers, service_time, .. } = self.options;
        let time = match service {
            Service::Legacy if service_time.start() == service_time.end() => {
                format!("{} for each client", show_duration(*service_time.start()))
            }
            Service::Legacy => {
                let [from, to] =
                    [service_time.start(), service_time.end()].map(|time| show_duration(*time));
                format!("{from} to {to} for each client")
            }
            Service::Pow | Service::Web | Service::Chat => {
                format!("{} for a client that comes alone", seconds(self.mean))
            }
        };
        format!("service {}: {time}, {workers} workers", service.name())
    }

    fn ideal(&self, model: Model, clients: usize) -> f64 {
        let hands = match self.options.service {
            Service::Legacy | Service::Chat => self.options.workers,
            // These compute: more hands than cores are of no use to them.
            Service::Pow | Service::Web => self.options.workers.min(cores()),
        };
        let at_once = match self.options.service {
            Service::Legacy | Service::Chat => model,
            Service::Pow | Service::Web if model == Model::Iterative => model,
            Service::Pow | Service::Web => Model::Prethreaded,
        };
        at_once.ideal(clients, hands, self.mean, self.longest)
    }

    fn cells(&self, point: &Point) -> [String; 12] {
        [
            point.model.name().to_owned(),
            point.clients.to_string(),
            seconds(point.elapsed),
            seconds(Duration::from_secs_f64(self.ideal(point.model, point.clients))),
            format!("{:.1}", point.throughput()),
            seconds(point.p50),
            seconds(point.p99),
            format!("{:.1} MiB", point.peak_rss_bytes as f64 / 1_048_576.0),
            format!("{:.1} KiB", point.connection_bytes as f64 / 1024.0),
            format!("{}/{}", point.threads, point.processes),
            point.context_switches.to_string(),
            point.errors.to_string(),
        ]
    }

    /// `study.json`
    pub(super) fn json(&self) -> String {
        let runs = self.points.iter().map(|point| {
            json!({
                "model": point.model.name(),
                "clients": point.clients,
                "elapsed_s": rounded(point.elapsed.as_secs_f64()),
                "throughput": rounded(point.throughput()),
                "p50_s": rounded(point.p50.as_secs_f64()),
                "p99_s": rounded(point.p99.as_secs_f64()),
                "peak_rss_bytes": point.peak_rss_bytes,
                "bytes_per_connection": point.connection_bytes,
                "threads": point.threads,
                "processes": point.processes,
                "context_switches": point.context_switches,
                "errors": point.errors,
            })
        });
        let study = json!({
            "service": self.options.service.name(),
            "service_time_s": rounded(self.mean.as_secs_f64()),
            "runs": runs.collect::<Vec<Value>>(),
        });
        format!("{study:#}\n")
    }

    /// `study.md`
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("# Study\n\n{}.\n\n![](study.svg)\n\n", self.subject());
        let _ = writeln!(text, "| {} |", COLUMNS.join(" | "));
        let _ = writeln!(text, "|---|{}", "--:|".repeat(COLUMNS.len() - 1));
        for point in &self.points {
            let _ = writeln!(text, "| {} |", self.cells(point).join(" | "));
        }
        text + "\n" + NOTES
    }

    /// `study.svg`
    pub(super) fn svg(&self) -> String {
        let title = format!("Serving models: {}", self.subject());
        let mut picture = Picture::new(&title, 1120.0, 500.0);
        let series = self.series();
        picture.lines(
            Area { x: 20.0, y: 14.0, width: 690.0, height: 472.0 },
            &Lines {
                title: "Elapsed time until the last client is served",
                x_label: "clients that come at once",
                x_names: &[],
                y_scale: Scale::Log,
                y_label: "seconds, logarithmic",
                series: &series,
                note: &format!("dashed: ideal · {}", self.subject()),
            },
        );
        let most = self.points.iter().map(|point| point.clients).max().unwrap_or(0);
        let last = self.points.iter().filter(|point| point.clients == most);
        let bar = |point: &Point| {
            let bytes = point.connection_bytes as f64;
            (point.model.name().to_owned(), style(point.model), bytes / 1024.0)
        };
        picture.bars(
            Area { x: 740.0, y: 14.0, width: 360.0, height: 472.0 },
            &Bars {
                title: "Memory per connection, KiB",
                bars: &last.map(bar).collect::<Vec<_>>(),
                note: &format!("growth of proportional memory, {most} clients"),
            },
        );
        picture.finish()
    }

    fn series(&self) -> Vec<Series> {
        let of = |model: Model| {
            let points = self.points.iter().filter(move |point| point.model == model);
            let x = |point: &Point| point.clients as f64;
            Series {
                name: model.name().to_owned(),
                style: style(model),
                points: points.clone().map(|p| (x(p), p.elapsed.as_secs_f64())).collect(),
                ideal: points.map(|p| (x(p), self.ideal(model, p.clients))).collect(),
            }
        };
        Model::ALL.into_iter().map(of).filter(|series| !series.points.is_empty()).collect()
    }
}

/// The same colour for a model in every picture.
fn style(model: Model) -> usize {
    model as usize
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Names to the left, figures to the right.
fn aligned(cells: &[String; 12]) -> String {
    let mut line = format!("{:<width$}", cells[0], width = WIDTHS[0]);
    for (cell, width) in cells.iter().zip(WIDTHS).skip(1) {
        let _ = write!(line, " {cell:>width$}");
    }
    line + "\n"
}

fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.1 { format!("{:.2} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// Microseconds are the finest that these figures mean.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

const NOTES: &str = "\
- **elapsed**: from the common start of all clients to the end of the last; **p50**, **p99**: of the
  clients' own times, the wait in the backlog included.
- **ideal**: service time × clients ÷ clients served at once, but no less than the longest service
  time.
- **peak RSS**: the highest sum over the processes that lived at one moment, pages that they share
  counted in each. **per conn.**: by how much proportional memory (shared pages counted once) grew
  at most, divided by the clients.
- **switches**: voluntary and not, of each thread as it was last seen by sampling; a lower bound for
  models whose threads or processes end with their client.
";

#[cfg(test)]
mod tests;
