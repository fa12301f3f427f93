//! The command line of `pentad load`.

use super::condition::Condition;
use super::url::Url;
use crate::client::load::Slow;
use crate::config::table::{Group, Opt, each, help, optional, pathed, put, switch, valued};
use crate::config::{Syntax, value};
use crate::limits::MIB;
use crate::wire::request::{field, is_method};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The arguments of the command.
pub(in super::super) static SYNTAX: Syntax<Draft> =
    Syntax { groups: &GROUPS, operand: Draft::operand, finish: Draft::finish };

static GROUPS: [Group<Draft>; 3] = [
    Group { title: "Load", options: &LOAD },
    Group { title: "Request", options: &REQUEST },
    Group { title: "Output", options: &OUTPUT },
];

static LOAD: [Opt<Draft>; 9] = [
    valued("connections", "N", "100", "Connections at a time", |d: &mut Draft, v| {
        put(&mut d.options.connections, value::count(v, 1..=CONNECTIONS_MAX))
    })
    .short("c"),
    valued("requests", "N", "", "End after so many requests", |d: &mut Draft, v| {
        put(&mut d.options.requests, value::count(v, 1..=u64::MAX).map(Some))
    })
    .short("n"),
    valued(
        "duration",
        "TIME",
        "",
        "End after this time; without it and -n, after 10s",
        |d: &mut Draft, v| put(&mut d.duration, time(v).map(Some)),
    )
    .short("dz"),
    valued(
        "rate",
        "N",
        "",
        "Requests a second, whether or not answers keep up (open loop): latencies count from when \
         a request was due. Without it, each connection sends a request when it has the answer to \
         the one before (closed loop)",
        |d: &mut Draft, v| put(&mut d.options.rate, rate(v).map(Some)),
    )
    .short("rq"),
    valued(
        "timeout",
        "TIME",
        "10s",
        "Longest wait for an answer, its connection included, and for the name",
        |d: &mut Draft, v| put(&mut d.options.timeout, time(v)),
    )
    .short("t"),
    valued("warmup", "TIME", "0s", "Leave the beginning out of the figures", |d, v| {
        put(&mut d.options.warmup, time_from(v, Duration::ZERO))
    }),
    switch("no-keepalive", "Use a connection for each request", |d, on| {
        d.options.keep_alive = !on;
    }),
    valued("pipeline", "N", "1", "Requests under way on each connection", |d, v| {
        put(&mut d.options.pipeline, value::count(v, 1..=PIPELINE_MAX))
    }),
    valued(
        "slow",
        "headers|body|read",
        "",
        "Hold the server up: with headers or a body that never end, or with answers that are \
         never read",
        |d, v| put(&mut d.options.slow, value::word(v, &SLOWS).map(Some)),
    ),
];

static REQUEST: [Opt<Draft>; 5] = [
    valued(
        "method",
        "METHOD",
        "",
        "The method; without it GET, or POST with a body",
        |d: &mut Draft, v| put(&mut d.method, method(v).map(Some)),
    )
    .short("m"),
    each(
        "header",
        "FIELD",
        "A field such as 'Name: value'; may be repeated",
        |d: &mut Draft| d.options.fields.clear(),
        |d: &mut Draft, v| d.add_field(v),
    )
    .short("H"),
    valued("body", "TEXT", "", "The body", |d: &mut Draft, v| {
        d.options.body = Some(v.as_bytes().to_vec());
        Ok(())
    })
    .short("b"),
    valued("body-file", "FILE", "", "Read the body from a file", |d, v| {
        put(&mut d.options.body, file(v).map(Some))
    }),
    switch(
        "no-cookies",
        "Send no cookies back. Without it, each client keeps those that it is given, like a \
         browser, unless --header sets Cookie",
        |d, on| d.options.cookies = !on,
    ),
];

static OUTPUT: [Opt<Draft>; 10] = [
    valued(
        "format",
        "text|json|csv|quiet",
        "",
        "The format of the result; without it text, or json or csv if the file of --output has \
         that extension",
        |d, v| put(&mut d.format, value::word(v, &FORMATS).map(Some)),
    ),
    pathed(
        "output",
        "FILE",
        "",
        "Write there instead of to standard output",
        |d: &mut Draft, path| {
            d.options.output = Some(path);
        },
    )
    .short("o"),
    optional(
        "percentiles",
        "[LIST]",
        "Print these, such as 50,99,99.99; without a list, the whole spectrum",
        is_list_of_percentiles,
        |d, list| put(&mut d.options.percentiles, percentiles(list).map(Some)),
    ),
    valued("label", "NAME", "load", "The name of the run in reports", |d, v| {
        put(&mut d.options.label, label(v))
    }),
    valued(
        "compare",
        "ID",
        "",
        "Show the changes since the report ID, or since the last one",
        |d, v| put(&mut d.options.compare, id(v).map(Some)),
    ),
    each(
        "fail-if",
        "EXPR",
        "Exit with 99 if it holds, such as p99>50ms, rps<1000 or errors>1%; also min, mean, stdev, \
         max, requests, ok, status, connect, timeout, reset, parse, under_way, never_sent; <, >, \
         <= or >=. May be repeated",
        |d: &mut Draft| d.options.fail_if.clear(),
        |d, v| Condition::parse(v).map(|condition| d.options.fail_if.push(condition)),
    ),
    switch("debug", "Send one request, and show both sides of the exchange", |d, on| {
        d.options.debug = on;
    }),
    pathed(
        "data",
        "DIR",
        "",
        "Keep reports in DIR/reports; without it, in that of PENTAD_DATA or of ./pentad-data",
        |d, path| d.options.data = path,
    ),
    // For the server that starts a test at a click and knows the id already.
    valued("id", "ID", "", "The id of the report", |d: &mut Draft, v| {
        put(&mut d.options.id, id(v).map(Some))
    })
    .hidden(),
    help(),
];

impl Options {
    /// The kind of load, as the result names it.
    pub(super) fn mode(&self) -> &'static str {
        match (self.slow, self.rate) {
            (Some(Slow::Headers), _) => "slow-headers",
            (Some(Slow::Body), _) => "slow-body",
            (Some(Slow::Read), _) => "slow-read",
            (None, Some(_)) => "open",
            (None, None) => "closed",
        }
    }
}

/// The options in the making.
#[derive(Default)]
pub(in super::super) struct Draft {
    options: Options,
    url: Option<Url>,
    duration: Option<Duration>,
    method: Option<String>,
    format: Option<Format>,
}

/// The options of the command.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) url: Url,
    pub(super) connections: usize,
    pub(super) requests: Option<u64>,
    pub(super) duration: Duration,
    pub(super) rate: Option<f64>,
    pub(super) timeout: Duration,
    pub(super) warmup: Duration,
    pub(super) keep_alive: bool,
    pub(super) pipeline: usize,
    pub(super) slow: Option<Slow>,
    pub(super) method: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    /// True if clients send back the cookies that they are given.
    pub(super) cookies: bool,
    pub(super) format: Format,
    pub(super) output: Option<PathBuf>,
    pub(super) percentiles: Option<Vec<f64>>,
    pub(super) label: String,
    pub(super) compare: Option<String>,
    pub(super) fail_if: Vec<Condition>,
    pub(super) debug: bool,
    pub(super) data: PathBuf,
    /// The id of the report, if it has one already.
    pub(super) id: Option<String>,
}

/// The format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Csv,
    Quiet,
    /// Progress and the result as JSON lines, for the server that starts a test at a click.
    Lines,
}

const FORMATS: [(&str, Format); 5] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("quiet", Format::Quiet),
    ("lines", Format::Lines),
];

const SLOWS: [(&str, Slow); 3] =
    [("headers", Slow::Headers), ("body", Slow::Body), ("read", Slow::Read)];

/// The percentiles of `--percentiles` without a list.
const SPECTRUM: [f64; 12] =
    [50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 100.0];

const CONNECTIONS_MAX: usize = 30_000;
const PIPELINE_MAX: usize = 1024;
const DAY: Duration = Duration::from_hours(24);
const BODY_MAX: usize = 64 * MIB;
const LABEL_MAX: usize = 64;
const FIELDS_MAX: usize = 90;

impl Default for Options {
    fn default() -> Options {
        Options {
            url: Url::default(),
            connections: 100,
            requests: None,
            duration: Duration::from_secs(10),
            rate: None,
            timeout: Duration::from_secs(10),
            warmup: Duration::ZERO,
            keep_alive: true,
            pipeline: 1,
            slow: None,
            method: String::new(),
            fields: Vec::new(),
            body: None,
            cookies: true,
            format: Format::Text,
            output: None,
            percentiles: None,
            label: "load".to_owned(),
            compare: None,
            fail_if: Vec::new(),
            debug: false,
            data: crate::cmd::data_named(),
            id: None,
        }
    }
}

impl Draft {
    fn operand(&mut self, word: &OsStr) -> Result<(), String> {
        if self.url.is_some() {
            return Err(format!("one URL at a time, not also {}", word.display()));
        }
        put(&mut self.url, Url::parse(&word.to_string_lossy()).map(Some))
    }

    fn add_field(&mut self, text: &str) -> Result<(), String> {
        if self.options.fields.len() == FIELDS_MAX {
            return Err(format!("`{text}` is one too many: at most {FIELDS_MAX}"));
        }
        self.options.fields.push(header(text)?);
        Ok(())
    }

    /// Completes the options.
    fn finish(&mut self) -> Result<(), String> {
        let Draft { options, url, duration, method, format } = self;
        options.url = url.take().ok_or("which URL?")?;
        let extension = options.output.as_deref().and_then(|file| file.extension()?.to_str());
        options.format = match (*format, extension) {
            (Some(format), _) => format,
            (None, Some("json")) => Format::Json,
            (None, Some("csv")) => Format::Csv,
            (None, _) => Format::Text,
        };
        let without = if options.requests.is_some() { DAY } else { Duration::from_secs(10) };
        options.duration = duration.unwrap_or(without);
        let has_body = options.body.is_some() || options.slow == Some(Slow::Body);
        options.method = match method.take() {
            // A body that never ends goes with no GET, unless a body is given, too.
            Some(method) if method == "GET" && options.body.is_none() && has_body => "POST".into(),
            Some(method) => method,
            None if has_body => "POST".to_owned(),
            None => "GET".to_owned(),
        };
        Ok(())
    }
}

/// Reads the arguments; `None` if they ask for help.
pub(super) fn parse(args: Vec<OsString>) -> Result<Option<Options>, String> {
    Ok(SYNTAX.read(args, Draft::default())?.map(|draft| draft.options))
}

/// A number without a unit is seconds.
fn time_from(text: &str, least: Duration) -> Result<Duration, String> {
    let bare = text.parse::<f64>().is_ok();
    let with_unit = if bare { format!("{text}s") } else { text.to_owned() };
    value::duration(&with_unit, least..=DAY)
}

fn time(text: &str) -> Result<Duration, String> {
    time_from(text, Duration::from_millis(1))
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).parse::<f64>().ok();
    let number = number.filter(|rate| (0.001..=1e7).contains(rate));
    number.ok_or_else(|| format!("`{text}` is no number of requests a second: 0.001 … 10000000"))
}

fn method(text: &str) -> Result<String, String> {
    let is_one = is_method(text) && text != "CONNECT";
    is_one.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` is no method such as GET"))
}

fn header(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("`{text}` is no field such as 'Accept: text/html'");
    let (name, value) = field(text).ok_or_else(wrong)?;
    for ours in ["content-length", "transfer-encoding", "connection"] {
        if name.eq_ignore_ascii_case(ours) {
            return Err(format!("{name} says where messages end: it is set by the tester"));
        }
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    let body = fs::read(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let fits = body.len() <= BODY_MAX;
    fits.then_some(body).ok_or_else(|| format!("{path} is too large: at most 64 MiB"))
}

fn label(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = (1..=LABEL_MAX).contains(&text.len()) && text.chars().all(fits);
    let wrong = || format!("`{text}` is no label: 1 to {LABEL_MAX} of A-Z a-z 0-9 - _ .");
    good.then(|| text.to_owned()).ok_or_else(wrong)
}

fn id(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no id: last, or one that pentad report --list prints");
    crate::report::is_id(text).then(|| text.to_owned()).ok_or_else(wrong)
}

fn is_list_of_percentiles(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == 'p') && !text.contains('/')
}

fn percentiles(list: Option<&str>) -> Result<Vec<f64>, String> {
    let percentile = |text: &str| {
        let number = text.trim().trim_start_matches('p').trim_end_matches('%').parse::<f64>().ok();
        let number = number.filter(|number| (0.0..=100.0).contains(number));
        number.ok_or_else(|| format!("`{text}` is no percentile: 0 … 100"))
    };
    list.map_or(Ok(SPECTRUM.to_vec()), |list| list.split(',').map(percentile).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &str) -> Options {
        parse(args.split(' ').map(OsString::from).collect()).unwrap().unwrap()
    }

    fn refused(args: &[&str]) -> String {
        parse(args.iter().map(OsString::from).collect()).unwrap_err()
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let all = options("http://a/");
        assert_eq!((all.connections, &*all.method, all.pipeline), (100, "GET", 1));
        assert_eq!((all.duration, all.warmup), (Duration::from_secs(10), Duration::ZERO));
        let all = options("-c 5 -z 2 -q 50 -b x --warmup 0s --percentiles 50,p99.9 http://a/");
        assert_eq!((all.duration, all.rate), (Duration::from_secs(2), Some(50.0)));
        assert_eq!((&*all.method, all.percentiles), ("POST", Some(vec![50.0, 99.9])));
        let format = |args: &str| options(args).format;
        assert_eq!((format("http://a/"), format("-o x http://a/")), (Format::Text, Format::Text));
        assert_eq!(format("-o x.json http://a/"), Format::Json);
        assert_eq!(format("-o x.json --format csv http://a/"), Format::Csv);
        let all = options("--percentiles http://a/");
        assert_eq!(all.percentiles.unwrap().len(), SPECTRUM.len());
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_reason() {
        for (args, part) in [
            (&["http://a/", "-c", "0"][..], "--connections"),
            (&["http://a/", "-H", "a b"], "--header"),
            (&["http://a/", "-H", "Content-Length: 1"], "set by the tester"),
            (&["http://a/", "--fail-if", "p99"], "--fail-if"),
            (&["http://a/", "http://b/"], "one URL"),
            (&["http://a/", "--label", "../x"], "--label"),
            (&["http://a/", "--slow", "all"], "--slow"),
            (&[], "which URL"),
        ] {
            assert!(refused(args).contains(part), "{args:?}: {}", refused(args));
        }
    }
}
