//! Conversations of several clients with the chat, to be run through any driver.
//!
//! A story is text. `NAME > ` begins a line that a client sends, `NAME < ` one that it receives,
//! `NAME = ` describes its connection, `= wait 30s` lets time pass; everything else is for the
//! reader. A client connects with its first line. `*` matches anything within a line, `{word}`
//! anything the first time, and the same every other time, in sent lines too. Lines end in LF.
//!
//! ```text
//! ann > /hello ann
//! ann < +OK 200 session=* token={token} name=ann
//! ann = drop                (the connection is lost)
//! = wait 30s
//! ann2 > /resume {token} since=1
//! ann2 = closed             (the server has closed)
//! ```

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// A story.
#[derive(Debug, Clone)]
pub struct Story {
    pub name: String,
    pub steps: Vec<Step>,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Send(String, String),
    Expect(String, String),
    Drop(String),
    Closed(String),
    Wait(Duration),
}

/// All stories, sorted by name.
pub fn all() -> Vec<Story> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files = entries.collect::<Vec<_>>();
    files.sort();
    assert!(files.len() > 5, "there are stories");
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        Story { steps: text.lines().filter_map(step).collect(), name }
    };
    files.iter().map(read).collect()
}

fn step(line: &str) -> Option<Step> {
    if let Some(time) = line.strip_prefix("= wait ") {
        return Some(Step::Wait(duration(time)));
    }
    let (who, rest) = line.split_once(' ')?;
    let (mark, rest) = rest.split_once(' ')?;
    let named = !who.is_empty() && who.bytes().all(|b| b.is_ascii_alphanumeric());
    let who = named.then(|| who.to_string())?;
    match (mark, rest.split_whitespace().next().unwrap_or("")) {
        (">", _) => Some(Step::Send(who, rest.to_string())),
        ("<", _) => Some(Step::Expect(who, rest.to_string())),
        ("=", "drop") => Some(Step::Drop(who)),
        ("=", "closed") => Some(Step::Closed(who)),
        ("=", other) => panic!("what is {other:?}?"),
        _ => None,
    }
}

fn duration(text: &str) -> Duration {
    let text = text.split_whitespace().next().unwrap();
    match text.strip_suffix("ms") {
        Some(ms) => Duration::from_millis(ms.parse().unwrap()),
        None => Duration::from_secs(text.trim_end_matches('s').parse().unwrap()),
    }
}

/// The values of words in braces.
#[derive(Debug, Default)]
pub struct Words(HashMap<String, String>);

impl Words {
    /// Returns a line to send.
    pub fn fill(&self, line: &str) -> String {
        self.0.iter().fold(line.to_string(), |line, (word, value)| {
            line.replace(&format!("{{{word}}}"), value)
        })
    }

    /// Returns true if the pattern matches the whole line; learns the values of its words.
    pub fn matches(&mut self, pattern: &str, line: &str) -> bool {
        let pattern = self.fill(pattern);
        let mut learnt = Vec::new();
        let whole = matches(&pattern, line, &mut learnt);
        if whole {
            self.0.extend(learnt);
        }
        whole
    }
}

/// Matches `*` and `{word}` as short as possible.
fn matches(pattern: &str, line: &str, learnt: &mut Vec<(String, String)>) -> bool {
    let Some(at) = pattern.find(['*', '{']) else { return pattern == line };
    let Some(line) = line.strip_prefix(&pattern[..at]) else { return false };
    let pattern = &pattern[at..];
    let (word, rest) = match pattern.strip_prefix('*') {
        Some(rest) => ("", rest),
        None => pattern[1..].split_once('}').expect("a word ends"),
    };
    let ends = (0..=line.len()).filter(|end| line.is_char_boundary(*end));
    for end in ends {
        let known = learnt.len();
        if !word.is_empty() {
            learnt.push((word.to_string(), line[..end].to_string()));
        }
        if matches(rest, &line[end..], learnt) {
            return true;
        }
        learnt.truncate(known);
    }
    false
}
