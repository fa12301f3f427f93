//! `--man`: the manual page, in roff for `man -l`.
//!
//! The same tables as `--help`; no date, so that a build is reproducible.

use super::{COMMANDS, Exit, help};
use crate::config::options::{PREFIX, TABLE};

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
    section(&mut roff, "OPTIONS");
    for group in &TABLE {
        roff.push_str(&format!(".SS \"{}\"\n", escaped(group.title)));
        for option in group.options {
            item(&mut roff, &help::spelled(option), &help::explained(option));
        }
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
    use crate::config::options;

    #[test]
    fn it_has_every_option_and_every_exit_status() {
        let page = page();
        assert!(page.starts_with(".TH PENTAD 1 "));
        for option in options::all() {
            let spelled = escaped(&help::spelled(option));
            assert!(page.contains(&format!(".TP\n\\fB{spelled}\\fR\n")), "{}", option.name);
        }
        for exit in Exit::ALL {
            assert!(page.contains(&format!("\\fB{}\\fR", exit.code())));
        }
    }

    #[test]
    fn a_line_with_a_dot_is_a_request_of_ours() {
        for line in page().lines().filter(|line| line.starts_with(['.', '\''])) {
            let request = line.split(' ').next();
            assert!(matches!(request, Some(".TH" | ".SH" | ".SS" | ".TP")), "{line}");
        }
        assert_eq!(escaped(".\\-\""), "\\&.\\e\\-\\(dq");
    }
}
