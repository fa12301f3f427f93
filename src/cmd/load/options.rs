//! The command line of `pentad load`.

use super::condition::Condition;
use super::url::Url;
use crate::client::load::Slow;
use crate::config::value;
use crate::limits::MIB;
use crate::wire::request::{field, is_method};
use lexopt::{Arg, Parser};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const HELP: &str = "\
Load a web server and say how it did

Usage: pentad load [OPTIONS] URL

  URL is http://HOST[:PORT][/PATH]. The name is resolved once, at the start.

Load:
  -c, --connections N    Connections at a time [default: 100]
  -n, --requests N       End after so many requests
  -d, -z, --duration T   End after this time [default: 10s, unless -n is given]
  -r, -q, --rate N       Requests a second, whether or not answers keep up (open loop): latencies
                         count from when a request was due. Else each connection asks when it has
                         its answer (closed loop)
  -t, --timeout T        For an answer, its connection included; for the name too [default: 10s]
      --warmup T         Leave the first T out of the figures [default: 0s]
      --no-keepalive     A connection for each request
      --pipeline N       Requests under way on each connection [default: 1]
      --slow HOW         Hold the server up: headers (that never end), body (that never ends) or
                         read (answers that are never read)

Request:
  -m, --method M         [default: GET, or POST with a body]
  -H, --header 'N: V'    May be repeated
  -b, --body TEXT
      --body-file FILE
      --no-cookies       Send none back. Else each client keeps what it is given, like a browser,
                         unless -H sets Cookie

Output:
      --format F         text, json, csv or quiet [default: text, or json or csv if the file of -o
                         is called so]
  -o, --output FILE      Write there instead of to standard output
      --percentiles [L]  Print these: 50,99,99.99 [without a list: the whole spectrum]
      --label NAME       For the report [default: load]
      --compare ID       Show what changed since the report ID, or since the last one
      --fail-if EXPR     Exit with 99 if it holds; may be repeated. p99>50ms, rps<1000, errors>1%;
                         also min, mean, stdev, max, requests, ok, status, connect, timeout, reset,
                         parse, under_way, never_sent; <, >, <= or >=
      --debug            Send one request; show both sides of the exchange
      --data DIR         Where reports are kept: DIR/reports [env PENTAD_DATA; default:
                         ./pentad-data]

exit code: 0 done, 1 not one good answer, 2 usage, 99 a --fail-if held, 130 and 143 by signal
";

/// What to do, as it was typed.
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
    /// Whether clients send back the cookies that they are given.
    pub(super) cookies: bool,
    pub(super) format: Format,
    pub(super) output: Option<PathBuf>,
    pub(super) percentiles: Option<Vec<f64>>,
    pub(super) label: String,
    pub(super) compare: Option<String>,
    pub(super) fail_if: Vec<Condition>,
    pub(super) debug: bool,
    pub(super) data: PathBuf,
    /// What the report is to be called, if whoever started this knows already.
    pub(super) id: Option<String>,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Csv,
    Quiet,
    /// For the server that started this: progress and the result, as JSON lines.
    Lines,
}

const FORMATS: &[(&str, Format)] = &[
    ("text", Format::Text),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("quiet", Format::Quiet),
    ("lines", Format::Lines),
];

const SLOWS: &[(&str, Slow)] =
    &[("headers", Slow::Headers), ("body", Slow::Body), ("read", Slow::Read)];

/// What `--percentiles` without a list prints.
const SPECTRUM: [f64; 12] =
    [50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 100.0];

const CONNECTIONS_MAX: usize = 30_000;
const PIPELINE_MAX: usize = 1024;
const DAY: Duration = Duration::from_hours(24);
const BODY_MAX: usize = 64 * MIB;
const LABEL_MAX: usize = 64;
const HEADERS_MAX: usize = 90;

/// What the arguments say, or nothing if help was wanted.
pub(super) fn parse(args: Vec<OsString>) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    let mut parser = Parser::from_args(args);
    let (mut url, mut duration, mut method, mut format) = (None, None, None, None);
    while let Some(arg) = parser.next()? {
        // The name is copied: it is borrowed from where its value is to come from.
        let name = match arg {
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Long(name) => format!("--{name}"),
            Arg::Value(text) if url.is_none() => {
                url = Some(Url::parse(&text.to_string_lossy())?);
                continue;
            }
            Arg::Value(extra) => {
                return Err(format!("one URL at a time, not also {}", extra.display()).into());
            }
        };
        match name.as_str() {
            "-h" | "--help" => return Ok(None),
            "-d" | "-z" | "--duration" => {
                duration = Some(read("--duration", time, &mut parser)?);
            }
            "--format" => {
                format = Some(read("--format", |text| value::word(text, FORMATS), &mut parser)?);
            }
            "-m" | "--method" => method = Some(read("--method", method_name, &mut parser)?),
            name => options.option(name, &mut parser)?,
        }
    }
    options.url = url.ok_or("which URL?")?;
    let named = options.output.as_deref().and_then(|file| file.extension()?.to_str());
    options.format = match (format, named) {
        (Some(format), _) => format,
        (None, Some("json")) => Format::Json,
        (None, Some("csv")) => Format::Csv,
        (None, _) => Format::Text,
    };
    if let Some(duration) = duration {
        options.duration = duration;
    } else if options.requests.is_some() {
        options.duration = DAY;
    }
    let with_body = if options.body.is_some() { "POST" } else { "GET" };
    options.method = method.unwrap_or_else(|| with_body.to_owned());
    if options.slow == Some(Slow::Body) && options.body.is_none() {
        options.method = if options.method == "GET" { "POST".into() } else { options.method };
    }
    Ok(Some(options))
}

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

impl Options {
    fn option(&mut self, name: &str, parser: &mut Parser) -> Result<(), lexopt::Error> {
        match name {
            "-c" | "--connections" => {
                let range = 1..=CONNECTIONS_MAX;
                self.connections =
                    read("--connections", |t| value::count(t, range.clone()), parser)?;
            }
            "-n" | "--requests" => {
                let requests = read("--requests", |text| value::count(text, 1..=u64::MAX), parser)?;
                self.requests = Some(requests);
            }
            "-r" | "-q" | "--rate" => {
                self.rate = Some(read("--rate", rate, parser)?);
            }
            "-t" | "--timeout" => {
                self.timeout = read("--timeout", time, parser)?;
            }
            "--warmup" => self.warmup = read("--warmup", time_or_none, parser)?,
            "--no-keepalive" => self.keep_alive = false,
            "--pipeline" => {
                let range = 1..=PIPELINE_MAX;
                self.pipeline =
                    read("--pipeline", |text| value::count(text, range.clone()), parser)?;
            }
            "--slow" => {
                self.slow = Some(read("--slow", |text| value::word(text, SLOWS), parser)?);
            }
            "-H" | "--header" if self.fields.len() == HEADERS_MAX => {
                return Err("--header: too many".into());
            }
            "-H" | "--header" => {
                self.fields.push(read("--header", header, parser)?);
            }
            "-b" | "--body" => {
                self.body = Some(parser.value()?.to_string_lossy().into_owned().into_bytes());
            }
            "--no-cookies" => self.cookies = false,
            "--body-file" => self.body = Some(read("--body-file", file, parser)?),
            other => return self.output_option(other, parser),
        }
        Ok(())
    }

    fn output_option(&mut self, name: &str, parser: &mut Parser) -> Result<(), lexopt::Error> {
        match name {
            "-o" | "--output" => self.output = Some(parser.value()?.into()),
            "--percentiles" => self.percentiles = Some(list_of_percentiles(parser)?),
            "--label" => self.label = read("--label", label, parser)?,
            "--compare" => self.compare = Some(read("--compare", id, parser)?),
            "--fail-if" => {
                self.fail_if.push(read("--fail-if", Condition::parse, parser)?);
            }
            "--debug" => self.debug = true,
            "--id" => self.id = Some(read("--id", id, parser)?),
            "--data" => self.data = parser.value()?.into(),
            unknown => return Err(lexopt::Error::UnexpectedOption(unknown.to_owned())),
        }
        Ok(())
    }
}

fn read<T>(
    name: &str,
    read: impl Fn(&str) -> Result<T, String>,
    parser: &mut Parser,
) -> Result<T, lexopt::Error> {
    let text = parser.value()?;
    let text = text.to_string_lossy();
    read(&text).map_err(|why| format!("{name} {text}: {why}").into())
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

fn time_or_none(text: &str) -> Result<Duration, String> {
    time_from(text, Duration::ZERO)
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).parse::<f64>().ok();
    let number = number.filter(|rate| (0.001..=1e7).contains(rate));
    number.ok_or_else(|| "a number of requests a second, from 0.001 to 10000000".to_owned())
}

fn method_name(text: &str) -> Result<String, String> {
    match is_method(text) && text != "CONNECT" {
        true => Ok(text.to_owned()),
        false => Err("a method, like GET".to_owned()),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = field(text).ok_or("a field, like 'Accept: text/html'")?;
    for ours in ["content-length", "transfer-encoding", "connection"] {
        if name.eq_ignore_ascii_case(ours) {
            return Err("this field says where messages end; it is set by the tester".to_owned());
        }
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    let body = fs::read(path).map_err(|error| error.to_string())?;
    if body.len() > BODY_MAX { Err("more than 64 MiB".to_owned()) } else { Ok(body) }
}

fn label(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = (1..=LABEL_MAX).contains(&text.len()) && text.chars().all(fits);
    good.then(|| text.to_owned()).ok_or_else(|| "up to 64 of A-Z a-z 0-9 - _ .".to_owned())
}

fn id(text: &str) -> Result<String, String> {
    crate::report::is_id(text).then(|| text.to_owned()).ok_or_else(|| "last, or an id".to_owned())
}

/// The list is optional: what follows is one if it looks like one.
fn list_of_percentiles(parser: &mut Parser) -> Result<Vec<f64>, lexopt::Error> {
    let list = match parser.optional_value() {
        Some(list) => Some(list),
        None => parser.try_raw_args().and_then(|mut rest| {
            rest.next_if(|next| {
                let text = next.to_string_lossy();
                text.starts_with(|c: char| c.is_ascii_digit() || c == 'p') && !text.contains('/')
            })
        }),
    };
    let Some(list) = list else { return Ok(SPECTRUM.to_vec()) };
    let percentile = |text: &str| {
        let number = text.trim().trim_start_matches('p').trim_end_matches('%').parse::<f64>().ok();
        let number = number.filter(|number| (0.0..=100.0).contains(number));
        number.ok_or_else(|| format!("--percentiles: {text} is none").into())
    };
    list.to_string_lossy().split(',').map(percentile).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &str) -> Options {
        parse(args.split(' ').map(OsString::from).collect()).unwrap().unwrap()
    }

    fn refused(args: &[&str]) -> String {
        parse(args.iter().map(OsString::from).collect()).unwrap_err().to_string()
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
