//! The paths that a file mentions, resolved with its own imports.

use super::source::Source;
use std::collections::HashMap;

/// A mentioned item: its segments from the crate (`crate::net::conn`) or from another one
/// (`std::time::Instant::now`), and the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub line: usize,
    pub path: Vec<String>,
}

impl Mention {
    /// Returns true if the path begins with these segments, `::` between them.
    pub fn is_under(&self, prefix: &str) -> bool {
        let mut path = self.path.iter();
        prefix.split("::").all(|segment| path.next().is_some_and(|own| own == segment))
    }

    /// Returns the top module of this crate: `net` of `crate::net::conn`.
    pub fn layer(&self) -> Option<&str> {
        match self.path.first() {
            Some(first) if first == "crate" => self.path.get(1).map(String::as_str),
            Some(_) | None => None,
        }
    }
}

/// Returns the module of a file: `net::conn` of `src/net/conn.rs`, `net` of `src/net/mod.rs`,
/// nothing for `src/lib.rs`.
pub fn module(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let segments = path.split('/').filter(|segment| !matches!(*segment, "mod" | "lib" | "main"));
    segments.map(str::to_string).collect()
}

/// Returns all paths that a file mentions outside its tests.
pub fn mentions(source: &Source) -> Vec<Mention> {
    let code = source.code_without_tests();
    let tokens = tokens(&code);
    let module = module(&source.path);
    let mut found = Vec::new();
    let mut imports = HashMap::new();
    let mut at = 0;
    while at < tokens.len() {
        let (line, token) = tokens[at];
        if token == "use" {
            let mut leaves = Vec::new();
            at = tree(&tokens, at + 1, &[], &mut leaves);
            for (path, name) in leaves {
                let path = resolve(path, &module);
                imports.insert(name, path.clone());
                found.push(Mention { line, path });
            }
        } else if is_word(token) || token == "::" {
            let path;
            (path, at) = sequence(&tokens, at);
            if path.len() > 1 || imports.contains_key(&path[0]) {
                found.push(Mention { line, path: resolve(path, &module) });
            }
        } else {
            at += 1;
        }
    }
    for mention in &mut found {
        if let Some(import) = imports.get(&mention.path[0]) {
            mention.path.splice(..1, import.iter().cloned());
        }
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Returns words, `::`, and other single characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let (mut line, mut rest) = (1, code);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ':' if rest.starts_with("::") => 2,
            _ if first.is_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                end.unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (token, left) = rest.split_at(length);
        if !token.trim().is_empty() {
            tokens.push((line, token));
        }
        line += usize::from(first == '\n');
        rest = left;
    }
    tokens
}

/// Reads a path like `a::b::c`; returns it and the index after it.
fn sequence(tokens: &[(usize, &str)], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    if tokens[at].1 == "::" {
        at += 1;
    }
    while let Some((_, word)) = tokens.get(at).filter(|(_, token)| is_word(token)) {
        path.push((*word).to_string());
        at += 1;
        match (tokens.get(at), tokens.get(at + 1)) {
            (Some((_, "::")), Some((_, next))) if is_word(next) => at += 1,
            _ => return (path, at),
        }
    }
    // `::<` and the like: not a path.
    path.push(String::new());
    (path, at + 1)
}

/// Reads the leaves of a `use` tree, each with its local name; returns the index after it.
fn tree(
    tokens: &[(usize, &str)],
    mut at: usize,
    prefix: &[String],
    leaves: &mut Vec<(Vec<String>, String)>,
) -> usize {
    let mut path = prefix.to_vec();
    while let Some((_, token)) = tokens.get(at) {
        match *token {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| *token != "}") {
                    at = tree(tokens, at, &path, leaves);
                    at += usize::from(tokens.get(at).is_some_and(|(_, token)| *token == ","));
                }
                return at + 1;
            }
            "as" => {
                leaves.push((path, tokens[at + 1].1.to_string()));
                return at + 2;
            }
            "*" => at += 1,
            word if is_word(word) => {
                path.push(word.to_string());
                at += 1;
            }
            _ => break,
        }
    }
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = path.last().cloned().unwrap_or_default();
    leaves.push((path, name));
    at
}

/// Resolves `self` and `super` relative to the crate.
fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = path.as_slice();
    match path[0].as_str() {
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|segment| segment == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        _ => return path,
    }
    ["crate".to_string()].into_iter().chain(base).chain(rest.iter().cloned()).collect()
}

fn of(path: &str, text: &str) -> Vec<String> {
    let code = super::source::blanked(text);
    let source = Source { path: path.to_string(), text: text.to_string(), code };
    mentions(&source).iter().map(|mention| mention.path.join("::")).collect()
}

#[test]
fn imports_are_taken_apart_and_followed() {
    let text = "use super::{context::{self, Scratch}, socket as s};\nuse std::time::Instant;\n\
                pub use crate::wire::*;\nfn f() { context::g(Instant::now(), s::h, &x) }";
    assert_eq!(
        of("src/net/conn.rs", text),
        [
            "crate::net::context",
            "crate::net::context::Scratch",
            "crate::net::socket",
            "std::time::Instant",
            "crate::wire",
            "crate::net::context::g",
            "std::time::Instant::now",
            "crate::net::socket::h",
        ]
    );
}

#[test]
fn tests_and_texts_mention_nothing() {
    let text = "//! crate::net\nconst A: &str = \"crate::net\";\n\
                #[cfg(test)]\nmod tests {\n    use crate::net;\n}\n\
                static B: Vec::<u8> = ::log::c;\n";
    assert_eq!(of("src/wire/mod.rs", text), ["log::c"]);
}
