//! `--help`: the commands and their option tables as text for a terminal.
//!
//! Never wider than [`WIDTH`] columns, never a fact that is not in a table.

use super::{COMMANDS, Command};
use crate::config::table::Row;
use crate::config::value::NONE;

/// `pentad --help`: the commands.
pub(super) fn short() -> String {
    let mut text = format!("pentad {VERSION}: {}\n\n", env!("CARGO_PKG_DESCRIPTION"));
    text.push_str("Usage: pentad [COMMAND] [OPTIONS]\n\nCommands:\n");
    for Command { name, about, .. } in &COMMANDS {
        entry(&mut text, name, about, COMMAND_COLUMN);
    }
    entry(&mut text, "help", "Explain a command, like COMMAND --help", COMMAND_COLUMN);
    text.push_str("\nOptions:\n");
    entry(&mut text, "-h, --help", "Print this help", COMMAND_COLUMN);
    entry(&mut text, "-V, --version", "Print version and features", COMMAND_COLUMN);
    examples(&mut text);
    text.push_str("\npentad serve --help explains all options of the server.\n");
    text
}

/// Returns the text of `pentad COMMAND --help`.
pub(super) fn page(name: &str) -> String {
    let command = COMMANDS.iter().find(|command| command.name == name);
    let command = command.expect("commands ask for their own help");
    let mut text = format!("{}\n\n", command.about);
    for (place, usage) in command.usage.iter().enumerate() {
        let head = if place == 0 { "Usage:" } else { "      " };
        text.push_str(&format!("{head} pentad {usage}\n"));
    }
    for (title, words) in (command.lists)() {
        text.push_str(&format!("\n{title}:\n"));
        for (word, meaning) in words {
            entry(&mut text, word, meaning, WORD_COLUMN);
        }
    }
    for (title, rows) in (command.sections)() {
        text.push_str(&format!("\n{title}:\n"));
        for row in rows {
            entry(&mut text, &spelled(row), &explained(row), OPTION_COLUMN);
        }
    }
    if command.configured {
        text.push_str("\nValues:\n");
        for (name, meaning) in VALUES {
            entry(&mut text, name, meaning, VALUE_COLUMN);
        }
        text.push('\n');
        wrapped(&mut text, SOURCES, 0);
        examples(&mut text);
    }
    for note in command.notes {
        text.push('\n');
        wrapped(&mut text, note, 0);
    }
    text
}

/// The meanings of the placeholders of the table.
pub(super) const VALUES: [(&str, &str); 4] = [
    (
        "ADDR",
        "HOST:PORT or [IPV6]:PORT. Services also take off, port 0 (any free one), and several \
         addresses: repeat the flag, or join them with commas",
    ),
    ("SIZE", "Bytes: 512, 512B, 64KiB, 1MiB"),
    ("TIME", "500ms, 10s, 5m, 1h, 0.5s"),
    ("RATE", "20/s, or 20/s:100 with a burst"),
];

/// The sources of options.
pub(super) const SOURCES: &str = "Each option is a flag, an environment variable \
    (PENTAD_HEAD_BYTES for --head-bytes) and a key of the configuration file \
    (head-bytes = \"16KiB\"). Flags win over the environment, which wins over the file.";

/// Commands to learn from.
pub(super) const EXAMPLES: [(&str, &str); 4] = [
    ("pentad", "Every service, on its default port"),
    ("pentad --only web --root ./site --web 0.0.0.0:80", "A static web server"),
    ("pentad --host ::1 --legacy off", "All but one, on IPv6"),
    ("pentad check --config pentad.toml", "Would it start?"),
];

/// The flags of a row with their value: `-c, --connections N`.
pub(super) fn spelled(row: &Row) -> String {
    let short = row.short.chars().map(|letter| format!("-{letter}, ")).collect::<String>();
    let space = if row.value.is_empty() { "" } else { " " };
    format!("{short}--{}{space}{}", row.name, row.value)
}

/// The help of an option, with its default unless that means nothing.
pub(super) fn explained(row: &Row) -> String {
    if !row.takes_value() || ["", NONE].contains(&row.default) {
        return row.help.to_owned();
    }
    format!("{} [default: {}]", row.help, row.default)
}

fn examples(text: &mut String) {
    text.push_str("\nExamples:\n");
    for (command, meaning) in EXAMPLES {
        entry(text, command, meaning, EXAMPLE_COLUMN);
    }
}

/// A name, and its explanation from `column` on; below the name if that is too long.
fn entry(text: &mut String, name: &str, explanation: &str, column: usize) {
    let used = INDENT + name.chars().count();
    text.push_str(&" ".repeat(INDENT));
    text.push_str(name);
    if used + 2 > column {
        text.push('\n');
        text.push_str(&" ".repeat(column));
    } else {
        text.push_str(&" ".repeat(column - used));
    }
    wrapped(text, explanation, column);
}

/// Words up to [`WIDTH`]; the first line continues at `column`, the others are indented to it.
/// A default at the end is kept together.
fn wrapped(text: &mut String, words: &str, column: usize) {
    let mut at = column;
    for word in units(words) {
        let length = word.chars().count();
        if at > column && at + 1 + length > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(column));
            at = column;
        }
        if at > column {
            text.push(' ');
            at += 1;
        }
        text.push_str(word);
        at += length;
    }
    text.push('\n');
}

/// The words of a text, a `[default: …]` at its end as one.
fn units(text: &str) -> impl Iterator<Item = &str> {
    let (words, default) = match text.find("[default: ") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    words.split_whitespace().chain((!default.is_empty()).then_some(default))
}

/// Columns of the help: terminals have eighty or more, pagers and tickets a hundred.
const WIDTH: usize = 99;
const INDENT: usize = 2;
const COMMAND_COLUMN: usize = 20;
const OPTION_COLUMN: usize = 32;
const WORD_COLUMN: usize = 16;
const VALUE_COLUMN: usize = 10;
const EXAMPLE_COLUMN: usize = 54;
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_too_wide_or_ends_in_blanks() {
        for text in [short()].into_iter().chain(COMMANDS.iter().map(|command| page(command.name))) {
            for line in text.lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }

    #[test]
    fn every_option_is_explained_with_its_default() {
        for command in &COMMANDS {
            let text = page(command.name);
            for row in (command.sections)().into_iter().flat_map(|(_, rows)| rows) {
                assert!(text.contains(&spelled(row)), "{} {}", command.name, row.name);
            }
        }
        assert!(page("serve").contains("[default: 127.0.0.1:8080]"));
        assert!(page("load").contains("-c, --connections N") && page("load").contains(": 100]"));
    }

    #[test]
    fn a_long_name_pushes_its_explanation_to_the_next_line() {
        let mut text = String::new();
        entry(&mut text, "short", "explained", 10);
        entry(&mut text, "very-long", "explained", 10);
        assert_eq!(text, "  short   explained\n  very-long\n          explained\n");
    }

    #[test]
    fn a_default_is_not_torn_apart() {
        let mut text = String::new();
        let words = format!("{} [default: a b]", "x".repeat(WIDTH - 12));
        wrapped(&mut text, &words, 0);
        assert!(text.ends_with("\n[default: a b]\n"), "{text}");
    }
}
