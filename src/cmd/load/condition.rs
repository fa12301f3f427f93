//! `--fail-if`: a figure, a comparison and a bound, like `p99>50ms`.

use super::result::number;
use serde_json::Value;

/// One expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    text: String,
    figure: Figure,
    /// True if it holds for greater figures.
    greater: bool,
    /// True if it holds for an equal figure.
    equal: bool,
    bound: f64,
    /// The unit of the bound, and how much of the figure's own unit one of it is.
    unit: String,
    factor: f64,
    /// The bound is a share of all requests.
    share: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    /// A member of `latency_ms`.
    Latency(&'static str),
    /// A member of `errors`.
    Errors(&'static str),
    /// All of them.
    AllErrors,
    /// Another number of the result.
    Plain(&'static str),
}

const FIGURES: &[(&str, Figure)] = &[
    ("min", Figure::Latency("min")),
    ("mean", Figure::Latency("mean")),
    ("stdev", Figure::Latency("stdev")),
    ("p50", Figure::Latency("p50")),
    ("p75", Figure::Latency("p75")),
    ("p90", Figure::Latency("p90")),
    ("p95", Figure::Latency("p95")),
    ("p99", Figure::Latency("p99")),
    ("p99.9", Figure::Latency("p99_9")),
    ("p99_9", Figure::Latency("p99_9")),
    ("max", Figure::Latency("max")),
    ("connect", Figure::Errors("connect")),
    ("timeout", Figure::Errors("timeout")),
    ("reset", Figure::Errors("reset")),
    ("parse", Figure::Errors("parse")),
    ("status", Figure::Errors("status")),
    ("errors", Figure::AllErrors),
    ("rps", Figure::Plain("rps")),
    ("requests", Figure::Plain("requests")),
    ("ok", Figure::Plain("ok")),
    ("under_way", Figure::Plain("under_way")),
    ("never_sent", Figure::Plain("never_sent")),
    ("bytes_in", Figure::Plain("bytes_in")),
    ("bytes_out", Figure::Plain("bytes_out")),
    ("elapsed", Figure::Plain("elapsed_s")),
    ("elapsed_s", Figure::Plain("elapsed_s")),
];

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Condition, String> {
        let wrong = || format!("`{text}` has no comparison: <, >, <= or >=");
        let at = text.find(['<', '>']).ok_or_else(wrong)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let greater = rest.starts_with('>');
        let equal = rest[1..].starts_with('=');
        let bound = rest[if equal { 2 } else { 1 }..].trim();
        let named = name.strip_prefix("errors.").or_else(|| name.strip_prefix("latency."));
        let named = named.unwrap_or(name);
        let found = FIGURES.iter().find(|(figure, _)| *figure == named);
        let known = || FIGURES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let (_, figure) = found.ok_or_else(|| format!("`{name}` is none of {}", known()))?;
        let end = bound.find(|c: char| !matches!(c, '0'..='9' | '.')).unwrap_or(bound.len());
        let (number, unit) = bound.split_at(end);
        let number = number.parse::<f64>().map_err(|_| format!("`{bound}` is no number"))?;
        let unknown = || format!("`{unit}` is no unit of {name}");
        let (factor, share) = figure.unit(unit.trim()).ok_or_else(unknown)?;
        let (text, unit, bound) = (text.to_owned(), unit.trim().to_owned(), number * factor);
        Ok(Condition { text, figure: *figure, greater, equal, bound, unit, factor, share })
    }

    /// Returns the measured figure, if the condition holds for this result. An upper bound of
    /// latencies is held against `at_least`, too, which includes requests without an answer. A
    /// missing figure meets no condition.
    pub(super) fn held(&self, result: &Value, at_least: &Value) -> Option<String> {
        let answered = self.figure.of(result);
        let waiting = match (self.greater, self.figure) {
            (true, Figure::Latency("mean" | "max")) => self.figure.latency(at_least),
            (true, Figure::Latency(name)) if name.starts_with('p') => self.figure.latency(at_least),
            (_, _) => None,
        };
        let figure = answered.into_iter().chain(waiting).max_by(f64::total_cmp)?;
        let is_least = waiting.is_some() && answered.is_none_or(|answered| figure > answered);
        let requests = result["requests"].as_f64().unwrap_or(0.0).max(1.0);
        let figure = if self.share { figure / requests } else { figure };
        let holds = match (self.greater, self.equal) {
            (true, false) => figure > self.bound,
            (true, true) => figure >= self.bound,
            (false, false) => figure < self.bound,
            (false, true) => figure <= self.bound,
        };
        holds.then(|| {
            let least = if is_least { "at least " } else { "" };
            format!("measured {least}{}", self.in_its_unit(figure))
        })
    }

    /// A figure as the bound is written.
    fn in_its_unit(&self, figure: f64) -> String {
        let figure = figure / self.factor;
        let text = if figure.fract() == 0.0 { format!("{figure:.0}") } else { number(figure) };
        match (self.unit.as_str(), self.figure) {
            ("", Figure::Latency(_)) => text + " ms",
            ("", Figure::Errors(_) | Figure::AllErrors | Figure::Plain(_)) => text,
            (unit, _) => format!("{text} {unit}"),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Figure {
    fn of(self, result: &Value) -> Option<f64> {
        match self {
            Figure::Latency(_) => self.latency(&result["latency_ms"]),
            Figure::Errors(name) => result["errors"][name].as_f64(),
            Figure::AllErrors => {
                let errors = result["errors"].as_object()?;
                Some(errors.values().filter_map(Value::as_f64).sum())
            }
            Figure::Plain(name) => result[name].as_f64(),
        }
    }

    /// A member of `latency_ms`.
    fn latency(self, latency: &Value) -> Option<f64> {
        match self {
            Figure::Latency(name) => latency[name].as_f64(),
            Figure::Errors(_) | Figure::AllErrors | Figure::Plain(_) => None,
        }
    }

    /// Returns the factor of this unit, and whether the bound is a share.
    fn unit(self, unit: &str) -> Option<(f64, bool)> {
        match (self, unit) {
            (Figure::Latency(_), "" | "ms") => Some((1.0, false)),
            (Figure::Latency(_), "us" | "µs") => Some((1e-3, false)),
            (Figure::Latency(_), "ns") => Some((1e-6, false)),
            (Figure::Latency(_), "s") => Some((1e3, false)),
            (Figure::Plain("rps"), "/s" | "rps") => Some((1.0, false)),
            (Figure::Plain("elapsed_s"), "s") => Some((1.0, false)),
            (Figure::Plain("elapsed_s"), "ms") => Some((1e-3, false)),
            (Figure::Plain("bytes_in" | "bytes_out"), "KiB") => Some((1024.0, false)),
            (Figure::Plain("bytes_in" | "bytes_out"), "MiB") => Some((1_048_576.0, false)),
            (Figure::AllErrors | Figure::Errors(_) | Figure::Plain("ok"), "%") => {
                Some((0.01, true))
            }
            (Figure::AllErrors | Figure::Errors(_) | Figure::Plain(_), "") => Some((1.0, false)),
            (Figure::Latency(_) | Figure::Errors(_) | Figure::AllErrors | Figure::Plain(_), _) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_measured_is_told_in_the_unit_of_the_bound() {
        let result = json!({
            "requests": 200, "ok": 190, "rps": 100.5, "under_way": 40,
            "errors": { "timeout": 4, "status": 6 },
            "latency_ms": { "p50": 2.0, "p99": 50.25, "max": 60.0 },
        });
        let at_least = json!({ "p50": 1.5, "p99": 3920.0, "max": 4000.0 });
        for (text, measured) in [
            ("p99>500ms", "at least 3920 ms"),
            ("p99>=0.5s", "at least 3.92 s"),
            ("p50>1", "2 ms"),
            ("p99<60", "50.25 ms"),
            ("errors>1%", "5 %"),
            ("errors>9", "10"),
            ("under_way>0", "40"),
            ("rps<101/s", "100.5 /s"),
        ] {
            let held = Condition::parse(text).unwrap().held(&result, &at_least);
            assert_eq!(held.as_deref(), Some(&*format!("measured {measured}")), "{text}");
        }
        assert_eq!(Condition::parse("p50>3").unwrap().held(&result, &at_least), None);
        let none = json!({ "requests": 0, "latency_ms": { "p99": null } });
        let held = Condition::parse("p99>1s").unwrap().held(&none, &at_least);
        assert_eq!(held.as_deref(), Some("measured at least 3.92 s"));
    }

    #[test]
    fn figures_bounds_and_units() {
        let result = json!({
            "requests": 200, "ok": 190, "rps": 100.5, "elapsed_s": 2.0,
            "errors": { "connect": 0, "timeout": 4, "reset": 0, "parse": 0, "status": 6 },
            "latency_ms": { "p99": 50.0, "p99_9": 60.0, "max": null },
        });
        for (text, holds) in [
            ("p99>50ms", false),
            ("p99 >= 50", true),
            ("p99<0.05s", false),
            ("p99<=50000us", true),
            ("p99.9>59", true),
            ("errors>9", true),
            ("errors>5%", false),
            ("errors >= 5 %", true),
            ("errors.timeout>3", true),
            ("status<6", false),
            ("rps<101/s", true),
            ("max>0", false),
            ("ok<96%", true),
        ] {
            let held = Condition::parse(text).unwrap().held(&result, &result["latency_ms"]);
            assert_eq!(held.is_some(), holds, "{text}");
        }
        for text in ["p99", "p98>1", "p99>", "p99>1h", "rps<1ms", ">1", "p99>>1", "errors>-1"] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }
}
