//! Source files for the checks: code without its comments, texts and tests, line by line.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A Rust file.
#[derive(Debug)]
pub struct Source {
    /// The path relative to the package, with slashes.
    pub path: String,
    pub text: String,
    /// The text with blanks instead of comments and literals. Line numbers stay the same.
    pub code: String,
}

/// Returns the package's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every Rust file below these folders, sorted by path.
pub fn files(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_string();
    Source { path, code: blanked(&text), text }
}

impl Source {
    /// Returns true if the whole file is tests of another one.
    pub fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
    }

    /// Returns the code without its module of tests.
    pub fn code_without_tests(&self) -> String {
        let tests = self.tests();
        let (before, after) = (&self.code[..tests.start], &self.code[tests.end..]);
        before.to_string() + &blank(&self.code[tests]) + after
    }

    /// Returns the number of lines, without those of the module of tests.
    pub fn lines(&self) -> usize {
        self.code.lines().count() - self.code[self.tests()].lines().count()
    }

    /// Returns the range of the module of tests; empty if there is none.
    fn tests(&self) -> Range<usize> {
        let Some(begin) = self.code.find("#[cfg(test)]\nmod tests {") else {
            return 0..0;
        };
        begin..block_end(&self.code, begin + self.code[begin..].find('{').unwrap())
    }

    /// Returns the functions: name, line of `fn`, and number of lines.
    pub fn functions(&self) -> Vec<(String, usize, usize)> {
        let code = &self.code;
        let mut found = Vec::new();
        for (at, _) in code.match_indices("fn ") {
            let begins_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let name = code[at + 3..].split(|c: char| !c.is_alphanumeric() && c != '_').next();
            let Some(name) = name.filter(|name| begins_word && !name.is_empty()) else { continue };
            let Some(body) = body(code, at) else { continue };
            let line = |offset: usize| code[..offset].matches('\n').count() + 1;
            let lines = line(block_end(code, body)) - line(at) + 1;
            found.push((name.to_string(), line(at), lines));
        }
        found
    }
}

/// Returns the opening brace of the function at `at`; `None` for a declaration.
fn body(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, c) in code[at..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(at + offset),
            _ => {}
        }
    }
    None
}

/// Returns the offset after the brace that closes the one at `open`.
fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (offset, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return open + offset + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Returns blanks of the same length, in characters, with the same line breaks.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

/// Replaces comments and literals by blanks.
pub fn blanked(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if !in_word => prefixed(rest),
            '\'' => character(rest),
            _ => 0,
        };
        let (taken, left) = rest.split_at(length.max(first.len_utf8()));
        code.push_str(&if length == 0 { taken.to_string() } else { blank(taken) });
        rest = left;
    }
    code
}

/// Returns the length of the block comment at the beginning, which may be nested.
fn comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of the string at the beginning, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of a raw, byte or C string, or of a byte, at the beginning; 0 if there is
/// none.
fn prefixed(text: &str) -> usize {
    let letters = text.len() - text.trim_start_matches(['b', 'c', 'r']).len();
    let (prefix, rest) = text.split_at(letters);
    let raw = prefix.ends_with('r');
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if letters > 2 {
        return 0;
    }
    if raw && rest[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = &rest[hashes + 1..];
        return letters + hashes + 1 + inside.find(&end).map_or(inside.len(), |at| at + end.len());
    }
    match rest.chars().next() {
        Some('"') => letters + string(rest),
        Some('\'') if prefix == "b" => letters + character(rest),
        _ => 0,
    }
}

/// Returns the length of the character at the beginning; 0 for the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some((at, _))) => {
            let rest = &text[at + 1..];
            rest.find('\'').map_or(0, |end| at + 1 + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

#[test]
fn comments_and_texts_are_blanked_and_lines_stay() {
    for (text, code) in [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ \n d */ e", "a              \n      e"),
        (r#"a("b\"c") d"#, "a(      ) d"),
        ("a(r#\"b\"c\"#, br\"\\\") d", "a(        ,      ) d"),
        (r"a('\'', b'x', '{', '\u{7f}')", "a(    ,     ,    ,         )"),
        ("fn a<'b>(c: &'b str)", "fn a<'b>(c: &'b str)"),
        ("number_r\"x\"", "number_r   "),
    ] {
        let expected_lines = text.matches('\n').count();
        assert_eq!(blanked(text), code, "{text}");
        assert_eq!(blanked(text).matches('\n').count(), expected_lines);
    }
}

#[test]
fn functions_are_found_with_their_lengths() {
    let text = "fn a() {}\ntrait B {\n    fn b(&self, c: [u8; 2]);\n}\n\
                impl C {\n    pub fn d(\n        e: F,\n    ) -> G {\n        \"}\";\n    }\n}\n";
    let source = Source { path: String::new(), text: text.to_string(), code: blanked(text) };
    assert_eq!(source.functions(), [("a".to_string(), 1, 1), ("d".to_string(), 6, 5)]);
}
