//! `--man`: the manual page, in roff for `man -l`.
//!
//! The same tables as `--help`; no date, so that a build is reproducible.

use super::{COMMANDS, Command, Exit, help};
use crate::config::table::PREFIX;

/// pentad(1)
pub(super) fn page() -> String {
    let mut roff = format!(".TH PENTAD 1 \"\" \"pentad {}\"\n", env!("CARGO_PKG_VERSION"));
    section(&mut roff, "NAME");
    text(&mut roff, &format!("pentad - {}", lowercased(env!("CARGO_PKG_DESCRIPTION"))));
    section(&mut roff, "SYNOPSIS");
    text(&mut roff, "pentad [COMMAND] [OPTIONS]");
    section(&mut roff, "COMMANDS");
    for command in &COMMANDS {
        item(&mut roff, command.name, command.about);
    }
    item(&mut roff, "help", "Explain a command, like COMMAND --help");
    for command in COMMANDS.iter().filter(|command| command.name != "check") {
        options(&mut roff, command);
    }
    section(&mut roff, "VALUES");
    for (name, meaning) in help::VALUES {
        item(&mut roff, name, meaning);
    }
    section(&mut roff, "ENVIRONMENT");
    text(&mut roff, help::SOURCES);
    item(&mut roff, &format!("{PREFIX}*"), "Options; one that no option has is an error");
    item(&mut roff, "NO_COLOR", "Not empty: diagnostics are not coloured");
    section(&mut roff, "EXIT STATUS");
    for exit in Exit::ALL {
        item(&mut roff, &exit.code().to_string(), exit.meaning());
    }
    section(&mut roff, "SIGNALS");
    item(&mut roff, "SIGTERM, SIGINT", "End gracefully; a second one ends at once");
    item(&mut roff, "SIGHUP, SIGUSR1", "Reopen the log file");
    section(&mut roff, "EXAMPLES");
    for (command, meaning) in help::EXAMPLES {
        item(&mut roff, command, meaning);
    }
    roff
}

/// The options of a command, those of `serve` also for the other command that takes them.
fn options(roff: &mut String, command: &Command) {
    let title = if command.configured { "OPTIONS" } else { command.name };
    section(roff, &title.to_uppercase());
    for usage in command.usage {
        roff.push_str(".PP\n");
        text(roff, &format!("pentad {usage}"));
    }
    for (title, words) in (command.lists)() {
        subsection(roff, title);
        words.into_iter().for_each(|(word, meaning)| item(roff, word, meaning));
    }
    for (title, rows) in (command.sections)() {
        subsection(roff, title);
        for row in rows {
            item(roff, &help::spelled(row), &help::explained(row));
        }
    }
    for note in command.notes {
        roff.push_str(".PP\n");
        text(roff, note);
    }
}

fn subsection(roff: &mut String, title: &str) {
    roff.push_str(&format!(".SS \"{}\"\n", escaped(title)));
}

fn section(roff: &mut String, title: &str) {
    roff.push_str(&format!(".SH \"{title}\"\n"));
}

/// A bold name and its explanation.
fn item(roff: &mut String, name: &str, explanation: &str) {
    roff.push_str(&format!(".TP\n\\fB{}\\fR\n", escaped(name)));
    text(roff, explanation);
}

fn text(roff: &mut String, words: &str) {
    roff.push_str(&escaped(words));
    roff.push('\n');
}

/// Hyphens that can be copied, backslashes that are none of roff's, and no line that begins like
/// a request.
fn escaped(text: &str) -> String {
    let guard = if text.starts_with(['.', '\'']) { "\\&" } else { "" };
    format!("{guard}{}", text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq"))
}

fn lowercased(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_every_option_and_every_exit_status() {
        let page = page();
        assert!(page.starts_with(".TH PENTAD 1 "));
        for command in &COMMANDS {
            for row in (command.sections)().into_iter().flat_map(|(_, rows)| rows) {
                let spelled = escaped(&help::spelled(row));
                let item = format!(".TP\n\\fB{spelled}\\fR\n");
                assert!(page.contains(&item), "{} {}", command.name, row.name);
            }
        }
        for exit in Exit::ALL {
            assert!(page.contains(&format!("\\fB{}\\fR", exit.code())));
        }
    }

    #[test]
    fn a_line_with_a_dot_is_a_request_of_ours() {
        for line in page().lines().filter(|line| line.starts_with(['.', '\''])) {
            let request = line.split(' ').next();
            assert!(matches!(request, Some(".TH" | ".SH" | ".SS" | ".TP" | ".PP")), "{line}");
        }
        assert_eq!(escaped(".\\-\""), "\\&.\\e\\-\\(dq");
    }
}
