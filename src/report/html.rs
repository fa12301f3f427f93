//! Reports as self-contained pages: no script, no font, nothing is loaded.

use super::change::delta;
use super::{FIGURES, Report, counted, picture, shown};
use std::fmt::Write;

/// Renders one page about these reports, followed by the history of all stored ones.
pub fn page(reports: &[Report], history: &[Report]) -> String {
    let names = reports.iter().map(|report| report.name(reports)).collect::<Vec<_>>();
    let title = match names.split_last() {
        Some((last, [])) => format!("Load test: {last}"),
        Some((last, rest)) => format!("Load tests: {} and {last}", rest.join(", ")),
        None => "Load test".to_owned(),
    };
    let mut body = String::new();
    let _ = write!(body, "<h1>{}</h1>\n{}", escaped(&title), runs(reports));
    let pair = off_and_on(reports);
    if let Some(pair) = &pair {
        body += &cache(pair);
    }
    // The pair alone was already shown with all figures, and keeps its colours.
    let (reports, told) = match &pair {
        Some(pair) if reports.len() == pair.len() => (&pair[..], true),
        Some(_) | None => (reports, false),
    };
    if !told {
        body += "<h2>Figures</h2>\n";
        body += &figures(reports);
    }
    body += "<h2>Latency</h2>\n";
    body += &framed(&picture::latency(reports));
    if !told {
        body += &framed(&picture::spread(reports));
    }
    body += "<h2>Over time</h2>\n";
    body += &framed(&picture::throughput(reports));
    if history.len() > 1 {
        body += "<h2>History</h2>\n";
        body += &framed(&picture::history(history));
    }
    document(&title, &body)
}

/// Renders the list of all stored reports, the newest first.
pub fn listing(reports: &[Report]) -> String {
    let mut body = "<h1>Load tests</h1>\n".to_owned();
    if reports.is_empty() {
        body += "<p>There are none yet. <code>pentad load</code> writes one.</p>\n";
    } else {
        body += "<div class=\"t\"><table><thead><tr><th>Run</th><th>Cache</th><th>Requests/s</th>\
                 <th>p50, ms</th><th>p99, ms</th><th>Errors</th></tr></thead><tbody>\n";
        for report in reports.iter().rev() {
            let _ = writeln!(
                body,
                "<tr><th scope=\"row\"><a href=\"{id}.html\">{id}</a></th><td>{}</td><td>{}</td>\
                 <td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(report.text(&["cache", "state"])),
                shown(report.number(&["rps"])),
                shown(report.number(&["latency_ms", "p50"])),
                shown(report.number(&["latency_ms", "p99"])),
                counted(Some(report.errors())),
                id = escaped(&report.id),
            );
        }
        body += "</tbody></table></div>\n";
        body += &framed(&picture::history(reports));
    }
    document("Load tests", &body)
}

/// Lists the runs, with a sentence each.
fn runs(reports: &[Report]) -> String {
    let mut text = "<ul class=\"runs\">\n".to_owned();
    for report in reports {
        let argument = |name: &str| match report.document["arguments"].get(name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "–".to_owned(),
        };
        let _ = writeln!(
            text,
            "<li><b>{}</b> {} {}<br><span>{} · {} connections · {} loop · {} · cache {} · \
             {}</span></li>",
            escaped(&report.name(reports)),
            escaped(&argument("method")),
            escaped(&argument("url")),
            escaped(report.text(&["time"])),
            escaped(&argument("connections")),
            escaped(report.document["result"]["mode"].as_str().unwrap_or("–")),
            shown_seconds(report),
            escaped(report.text(&["cache", "state"])),
            escaped(report.text(&["environment", "version"])),
        );
    }
    text + "</ul>\n"
}

fn shown_seconds(report: &Report) -> String {
    format!("{} s", shown(report.number(&["elapsed_s"])))
}

/// Finds two reports of the same load, one with the cache off and one with it on, and renames them
/// accordingly.
fn off_and_on(reports: &[Report]) -> Option<[Report; 2]> {
    let with = |state: &str| reports.iter().rfind(|r| r.text(&["cache", "state"]) == state);
    let (off, on) = (with("off")?, with("on")?);
    let same =
        |name: &str| off.document["arguments"].get(name) == on.document["arguments"].get(name);
    let load = ["method", "target", "connections", "pipeline", "rate", "keep_alive"];
    let pair = || [renamed(off, "cache off"), renamed(on, "cache on")];
    load.into_iter().all(same).then(pair)
}

/// Compares the runs with the cache off and on.
fn cache(pair: &[Report; 2]) -> String {
    let [off, on] = pair;
    let ratio = |path: &[&str]| Some(on.number(path)? / off.number(path)?);
    let times = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    format!(
        "<h2>Cache on versus off</h2>\n<p class=\"answer\">With the cache on, throughput is \
         <b>{}</b> times as high, and the median latency <b>{}</b> times as long.</p>\n{}{}",
        times(ratio(&["rps"])),
        times(ratio(&["latency_ms", "p50"])),
        figures(pair),
        framed(&picture::spread(pair)),
    )
}

fn renamed(report: &Report, label: &str) -> Report {
    let mut report = report.clone();
    report.document["label"] = label.into();
    report
}

/// Renders a row for each figure; with two reports also the difference.
fn figures(reports: &[Report]) -> String {
    let mut text = "<div class=\"t\"><table><thead><tr><td></td>".to_owned();
    for report in reports {
        let _ = write!(text, "<th>{}</th>", escaped(&report.name(reports)));
    }
    let two = <&[Report; 2]>::try_from(reports).ok();
    text += if two.is_some() {
        "<th>Difference</th></tr></thead><tbody>\n"
    } else {
        "</tr></thead><tbody>\n"
    };
    for figure in &FIGURES {
        let unit = if figure.unit == "ms" { ", ms" } else { "" };
        let _ = write!(text, "<tr><th scope=\"row\">{}{unit}</th>", figure.name);
        for report in reports {
            let _ = write!(text, "<td>{}</td>", figure.of(report));
        }
        if let Some([before, after]) = two {
            let (was, is) = (before.number(figure.path), after.number(figure.path));
            let _ = write!(text, "<td>{}</td>", delta(was, is, figure.more_is_better));
        }
        text += "</tr>\n";
    }
    text += "<tr><th scope=\"row\">errors</th>";
    for report in reports {
        let _ = write!(text, "<td>{}</td>", counted(Some(report.errors())));
    }
    text += if two.is_some() { "<td></td></tr>\n" } else { "</tr>\n" };
    text + "</tbody></table></div>\n"
}

fn framed(picture: &str) -> String {
    format!("<figure>{picture}</figure>\n")
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escaped(title)
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark;--p:#fff;--i:#1a1a1a;--g:#e2e2e2;--q:#555}\
@media screen and (prefers-color-scheme:dark){\
:root{--p:#16181c;--i:#ececec;--g:#333942;--q:#a8adb5}}\
*{box-sizing:border-box}body{margin:0;background:var(--p);color:var(--i);\
font:16px/1.5 system-ui,sans-serif}main{max-width:800px;margin:0 auto;padding:2.5rem 1.25rem 4rem}\
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}h2{font-size:1.15rem;margin:2.5rem 0 .75rem}\
.runs{list-style:none;margin:0;padding:0}.runs li{margin:.5rem 0;overflow-wrap:anywhere}\
.runs span{color:var(--q);font-size:.9rem}.answer{font-size:1.1rem}.t{overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--g);text-align:right;white-space:nowrap}\
tbody th{text-align:left;font-weight:400;color:var(--q)}thead th{font-weight:600}\
th:first-child,td:first-child{padding-left:0}a{color:inherit}\
figure{margin:1rem 0 2rem;overflow-x:auto}svg{display:block;max-width:100%;height:auto}\
@media screen and (max-width:40rem){svg{width:40rem;max-width:none}\
table{font-size:.8rem}th,td{padding:.3rem}}\
@page{margin:16mm}\
@media print{main{padding:0}h2,figure,table{break-inside:avoid}h2{break-after:avoid}}";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
