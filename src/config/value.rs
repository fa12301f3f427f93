//! Texts ⇄ values: sizes, durations, rates, probabilities, addresses, paths and words.
//!
//! Every function answers with a value inside its range or with the end of a sentence whose
//! beginning is the option's name. None of them knows an option, and only the two that take a
//! host name ask anything of the machine.

use std::fmt::Display;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::suggest;
use crate::work::pow::Kernel;

/// A rate of events: `per_second` on average, `burst` at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back each second.
    pub per_second: u32,
    /// Tokens there can be at once.
    pub burst: u32,
}

/// Bytes: `512`, `512B`, `64KiB`, `1MiB`, `2GiB`.
pub fn size(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let (digits, unit) = number_and_unit(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "kib" => 10,
        "mib" => 20,
        "gib" => 30,
        _ => return Err(format!("`{text}` is no size: {SIZE_SHAPE}")),
    };
    if digits.is_empty() || digits.contains('.') {
        return Err(format!("`{text}` is no size: {SIZE_SHAPE}"));
    }
    let bytes = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(1 << shift));
    within(text, bytes, &range, ["too small", "too large"], |&n| show_size(n))
}

/// A stretch of time: `500ms`, `10s`, `5m`, `1h`, `0.5s`. A bare `0` needs no unit.
pub fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let (digits, unit) = number_and_unit(text);
    let unit_ns: u64 = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" if digits == "0" => 1,
        "" if !digits.is_empty() => {
            return Err(format!("`{text}` has no unit: {DURATION_SHAPE}"));
        }
        _ => return Err(format!("`{text}` is no duration: {DURATION_SHAPE}")),
    };
    let Some(value) = decimal(digits, unit_ns) else {
        return Err(format!("`{text}` is no duration: {DURATION_SHAPE}"));
    };
    within(text, value.map(Duration::from_nanos), &range, ["too short", "too long"], |&d| {
        show_duration(d)
    })
}

/// A number of things.
pub fn count<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{text}` is no number: {} … {}", range.start(), range.end()));
    }
    // All digits: what does not fit the type is above its range.
    within(text, text.parse().ok(), &range, ["too small", "too large"], T::to_string)
}

/// A probability: 0 … 1.
pub fn probability(text: &str) -> Result<f64, String> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match text.parse::<f64>() {
        Ok(p) if plain && (0.0..=1.0).contains(&p) => Ok(p),
        Ok(_) | Err(_) => Err(format!("`{text}` is no probability: 0 … 1")),
    }
}

/// Events a second, `20/s`, with a burst of twice that; `20/s:100` sets the burst.
pub fn rate(text: &str) -> Result<Rate, String> {
    let (average, burst) = match text.split_once(':') {
        Some((average, burst)) => (average, Some(burst)),
        None => (text, None),
    };
    let Some(number) = average.strip_suffix("/s") else {
        return Err(format!("`{text}` is no rate: such as 20/s, or 20/s:100 with a burst"));
    };
    let per_second = count(number, 1..=RATE_MAX)?;
    let burst = burst.map_or(Ok(2 * per_second), |burst| count(burst, 1..=2 * RATE_MAX))?;
    Ok(Rate { per_second, burst })
}

/// Bytes a second: a size with or without `/s`.
pub fn byte_rate(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    size(text.strip_suffix("/s").unwrap_or(text), range)
}

/// `true` or `1`, `false` or `0`.
pub fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(format!("`{text}` is neither true (1) nor false (0)")),
    }
}

/// One of a few words.
pub fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let hint = suggest::hint(text, known.iter().copied());
    Err(format!("`{text}` is none of {}{hint}", known.join(", ")))
}

/// A kernel that this processor can run.
pub fn kernel(text: &str) -> Result<Kernel, String> {
    let kernel = word(text, &Kernel::ALL.map(|kernel| (kernel.name(), kernel)))?;
    let lacking = || format!("this processor cannot run `{text}`");
    kernel.is_available().then_some(kernel).ok_or_else(lacking)
}

/// `none`, or what `parse` makes of the text.
pub fn optional<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text == NONE { Ok(None) } else { parse(text).map(Some) }
}

/// A path: anything but nothing.
pub fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("a path cannot be empty".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// `HOST:PORT` or `[IPV6]:PORT`. A host name is resolved here and now; of several addresses the
/// first IPv4 one is taken, because that is where clients of a name such as `localhost` look.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("`{text}` is no address: {ADDRESS_SHAPE}"));
    };
    let port = count(port, 0..=u16::MAX).map_err(|why| format!("the port {why}"))?;
    if host.is_empty() || host.contains([':', '[', ']', '/', ' ']) {
        return Err(format!("`{text}` is no address: {ADDRESS_SHAPE}"));
    }
    resolve(host, port)
}

/// A host without a port: a name, an IPv4 address, or an IPv6 address with or without brackets.
pub fn host_at(host: &str, port: u16) -> Result<SocketAddr, String> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<Ipv6Addr>() {
        return Ok(SocketAddr::from((ip, port)));
    }
    if host.is_empty() || host.contains([':', '[', ']', '/', ' ']) {
        return Err(format!("`{host}` is no host: a name, an IPv4 or an IPv6 address"));
    }
    resolve(host, port)
}

/// The word for "not set".
pub const NONE: &str = "none";

/// A size as a person would write it: the largest unit that leaves no rest.
pub fn show_size(bytes: usize) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

/// A duration as a person would write it: the largest unit that leaves no rest.
pub fn show_duration(time: Duration) -> String {
    let ms = time.as_millis();
    for (unit_ms, unit) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
        if ms != 0 && ms.is_multiple_of(unit_ms) {
            return format!("{}{unit}", ms / unit_ms);
        }
    }
    if ms == 0 { "0s".to_owned() } else { format!("{ms}ms") }
}

/// Splits `64KiB` after the last digit or point of its beginning.
fn number_and_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// `digits` times `unit`, exactly: `None` if they are no decimal number, `Some(None)` if it does
/// not fit.
fn decimal(digits: &str, unit: u64) -> Option<Option<u64>> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(fraction.len() as u32);
    let part = u128::from(unit) * fraction.parse::<u128>().ok()? / u128::from(scale);
    let whole = whole.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    Some(whole.and_then(|n| n.checked_add(u64::try_from(part).ok()?)))
}

/// The value if it is in the range; `None` stands for more than the type can hold.
fn within<T: PartialOrd>(
    text: &str,
    value: Option<T>,
    range: &RangeInclusive<T>,
    [below, above]: [&str; 2],
    show: impl Fn(&T) -> String,
) -> Result<T, String> {
    let what = match value {
        Some(value) if range.contains(&value) => return Ok(value),
        Some(value) if value < *range.start() => below,
        Some(_) | None => above,
    };
    Err(format!("{text} is {what}: {} … {}", show(range.start()), show(range.end())))
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let found: Vec<SocketAddr> = match (host, port).to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => return Err(format!("`{host}` does not resolve: {error}")),
    };
    let first = found.iter().find(|a| a.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| format!("`{host}` does not resolve: it has no address"))
}

const RATE_MAX: u32 = 1_000_000;
const SIZE_SHAPE: &str = "a number with B, KiB, MiB or GiB, such as 64KiB";
const DURATION_SHAPE: &str = "a number with ms, s, m or h, such as 500ms or 10s";
const ADDRESS_SHAPE: &str = "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080";

#[cfg(test)]
mod tests;
