//! Oracles of the parsers of field values: text, copies and plain rules.

use httpdate::HttpDate;

/// Resolves a `Range` field for `length` bytes: `None` if it is invalid, else the first and last
/// position of each range, or `None` for a range that cannot be satisfied.
pub(super) fn range(value: &str, length: u64) -> Option<Vec<Option<(u64, u64)>>> {
    let (unit, list) = value.split_once('=')?;
    let specs = list.split(',').map(|e| e.trim_matches([' ', '\t'])).filter(|e| !e.is_empty());
    let length = u128::from(length);
    let mut spans = Vec::new();
    for spec in specs {
        let (first, last) = spec.split_once('-')?;
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
            let few = digits.trim_start_matches('0');
            plain.then(|| few.parse().unwrap_or(if few.is_empty() { 0 } else { u128::MAX }))
        };
        let (first, last) = match (first, last) {
            ("", count) => (length.saturating_sub(number(count)?), length),
            (first, "") => (number(first)?, length),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                let most = u128::from(u64::MAX);
                if last.min(most) < first.min(most) {
                    return None;
                }
                (first, last.saturating_add(1).min(length))
            }
        };
        let position = |n: u128| u64::try_from(n).expect("within the representation");
        let span = || (position(first), position(last - 1));
        spans.push((first < last).then(span));
    }
    (unit.to_lowercase() == "bytes" && unit.is_ascii() && !spans.is_empty()).then_some(spans)
}

/// A representation, and a request for it.
pub(super) struct Case<'a> {
    pub(super) method: &'a str,
    /// Its strong tag, without quotes.
    pub(super) etag: Option<&'a [u8]>,
    /// Its modification date.
    pub(super) modified: Option<HttpDate>,
    /// Its fields, with names in lower case.
    pub(super) fields: Vec<(String, &'a [u8])>,
}

impl Case<'_> {
    /// Returns the values of a name joined to one list.
    fn list(&self, name: &str) -> Option<Vec<u8>> {
        let values = self.fields.iter().filter(|(own, _)| own == name).map(|(_, value)| *value);
        let values: Vec<_> = values.collect();
        (!values.is_empty()).then(|| values.join(&b", "[..]))
    }

    fn date(&self, name: &str) -> Option<HttpDate> {
        let count = self.fields.iter().filter(|(own, _)| own == name).count();
        let text = String::from_utf8(self.list(name)?).ok()?;
        (count == 1).then(|| text.parse().ok())?
    }

    /// Returns true if a list has our tag; weak ones count if `weak`.
    fn has_ours(&self, list: &[u8], weak: bool) -> bool {
        let star = list.trim_ascii() == b"*";
        let ours = |(is_weak, opaque): &(bool, Vec<u8>)| {
            (weak || !is_weak) && Some(&opaque[..]) == self.etag
        };
        star || tags(list).is_some_and(|tags| tags.iter().any(ours))
    }

    /// Returns the status that the preconditions produce, if they produce one.
    pub(super) fn status(&self) -> Option<u16> {
        let reads = ["GET", "HEAD"].contains(&self.method);
        let not_modified = Some(if reads { 304 } else { 412 });
        match (self.list("if-match"), self.date("if-unmodified-since"), self.modified) {
            (Some(list), _, _) if !self.has_ours(&list, false) => return Some(412),
            (None, Some(date), Some(modified)) if modified > date => return Some(412),
            (_, _, _) => {}
        }
        match (self.list("if-none-match"), self.date("if-modified-since"), self.modified) {
            (Some(list), _, _) if self.has_ours(&list, true) => not_modified,
            (None, Some(date), Some(modified)) if reads && modified <= date => Some(304),
            (_, _, _) => None,
        }
    }

    /// Returns true if `Range` applies.
    pub(super) fn range_counts(&self) -> bool {
        let count = |name| self.fields.iter().filter(|(own, _)| own == name).count();
        if self.method != "GET" || count("range") != 1 || count("if-range") > 1 {
            return false;
        }
        let Some(value) = self.list("if-range") else {
            return true;
        };
        let one = tags(&value).is_some_and(|tags| tags.len() == 1);
        let same_date = self.date("if-range").is_some_and(|date| Some(date) == self.modified);
        one && self.has_ours(&value, false) || same_date
    }
}

/// Returns all tags of a list, each weak or not, if all are well-formed.
fn tags(list: &[u8]) -> Option<Vec<(bool, Vec<u8>)>> {
    let (mut tags, mut rest) = (Vec::new(), list.to_vec());
    loop {
        while rest.first().is_some_and(|b| b" \t,".contains(b)) {
            rest.remove(0);
        }
        if rest.is_empty() {
            return Some(tags);
        }
        let weak = rest.starts_with(b"W/");
        rest.drain(..if weak { 2 } else { 0 });
        let mut parts = rest.splitn(3, |b| *b == b'"');
        let (before, opaque, after) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = before.is_empty() && opaque.iter().all(|b| (0x21..).contains(b) && *b != 0x7f);
        let blanks = after.iter().take_while(|b| b" \t".contains(b)).count();
        let ends = after.get(blanks).is_none_or(|b| *b == b',');
        tags.push((fits && ends).then(|| (weak, opaque.to_vec()))?);
        rest = after.to_vec();
    }
}

/// Returns the names in lower case and the weights of all elements that parse.
pub(super) fn preferences(values: &[&str]) -> Vec<(String, f64)> {
    values.iter().flat_map(|value| cut(value, ',')).filter_map(|e| preference(&e)).collect()
}

fn preference(element: &str) -> Option<(String, f64)> {
    let parts: Vec<_> =
        cut(element, ';').into_iter().map(|p| p.trim_matches([' ', '\t']).to_owned()).collect();
    let weight = parts[1..].iter().find_map(|p| p.strip_prefix(['q', 'Q'])?.strip_prefix('='));
    let plain = |w: &&str| {
        let decimals = w.get(1..).unwrap_or("");
        let digits = decimals.strip_prefix('.').unwrap_or(decimals);
        (w.starts_with(['0', '1']))
            && (decimals.is_empty() || decimals.starts_with('.'))
            && digits.len() < 4
            && digits.chars().all(|c| c.is_ascii_digit())
    };
    let weight: f64 = weight.map_or(Some("1"), |w| Some(w).filter(plain))?.parse().ok()?;
    let name = parts[0].to_ascii_lowercase();
    (weight <= 1.0 && !name.is_empty()).then_some((name, weight))
}

/// Splits a list letter by letter.
fn cut(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        if letter == separator && !quoted {
            parts.push(String::new());
            continue;
        }
        let last = parts.last_mut().expect("there is always one");
        last.push(letter);
        quoted ^= letter == '"';
        if letter == '\\' && quoted {
            last.extend(letters.next());
        }
    }
    parts
}

/// Returns the coding to send, among those available, in their order.
pub(super) fn coding<'a>(values: &[&str], available: &[&'a str]) -> Option<&'a str> {
    if values.is_empty() {
        let identity = available.iter().find(|name| **name == "identity");
        return identity.or(available.first()).copied();
    }
    let preferences = preferences(values);
    let weight = |name: &str| {
        let is = |own: &&(String, f64)| own.0 == name || name == "gzip" && own.0 == "x-gzip";
        let star = || preferences.iter().find(|own| own.0 == "*");
        match preferences.iter().find(is).or_else(star) {
            Some((_, weight)) => *weight,
            None if name == "identity" => 0.0001,
            None => 0.0,
        }
    };
    let mut acceptable: Vec<_> = available.iter().filter(|name| weight(name) > 0.0).collect();
    acceptable.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    acceptable.first().map(|name| **name)
}

/// Returns true if JSON is preferred to HTML: by weight, then by how closely it is described.
pub(super) fn prefers_json(values: &[&str]) -> bool {
    let preferences = preferences(values);
    let of = |media: &str| {
        let kind = format!("{}/*", media.split('/').next().expect("a first part"));
        for (range, closeness) in [(media, 3), (&*kind, 2), ("*/*", 1)] {
            if let Some((_, weight)) = preferences.iter().find(|(own, _)| own == range) {
                return (*weight, closeness);
            }
        }
        (0.0, 0)
    };
    let html = of("text/html");
    ["application/json", "application/problem+json"]
        .into_iter()
        .any(|json| of(json).0 > 0.0 && of(json) > html)
}

/// Returns the cookies of all fields.
pub(super) fn cookies(values: &[&str]) -> Vec<(String, String)> {
    let name_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let value_char = |c: char| c.is_ascii_graphic() && !"\",;\\".contains(c);
    let mut cookies = Vec::new();
    for pair in values.iter().flat_map(|value| value.split(';')).take(256) {
        let Some((name, value)) = pair.trim_matches([' ', '\t']).split_once('=') else { continue };
        let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
        let value = if quoted { &value[1..value.len() - 1] } else { value };
        if !name.is_empty() && name.chars().all(name_char) && value.chars().all(value_char) {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
    cookies
}

/// Returns true if the scrapers' text is preferred: the best weight of its names, against that of
/// JSON.
pub(super) fn prefers_metrics_text(values: &[&str]) -> bool {
    let (mut text, mut json) = (0.0, 0.0);
    for element in values.iter().flat_map(|value| cut(value, ',')) {
        let Some((name, weight)) = preference(&element) else { continue };
        let mut parameters = cut(&element, ';').into_iter().skip(1);
        let mut is_versioned = || {
            let named = |p: String| p.trim_matches([' ', '\t']).to_ascii_lowercase();
            parameters.any(|p| named(p).starts_with("version="))
        };
        match &*name {
            "application/json" => json = weight.max(json),
            "application/openmetrics-text" => text = weight.max(text),
            "text/plain" if is_versioned() => text = weight.max(text),
            _ => {}
        }
    }
    text > 0.0 && text >= json
}
