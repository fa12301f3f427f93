//! `--completions`: the words that a shell offers after `pentad`.
//!
//! Scripts are generated whole from the tables and run nothing of ours while completing.

use super::{COMMANDS, Command};
use crate::config::Service;
use crate::config::table::{Row, Shell};

/// Returns the script for a shell.
pub(super) fn script(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
    }
}

/// The completions of a value.
enum Value {
    /// There is no value.
    Nothing,
    /// A few words.
    Words(String),
    /// Directories.
    Dir,
    /// Files.
    File,
    /// Something that a shell cannot know.
    Free,
}

fn value(row: &Row) -> Value {
    let words: Vec<&str> = row.choices().collect();
    match row.value {
        "" => Value::Nothing,
        "DIR" => Value::Dir,
        "FILE" => Value::File,
        "NAMES" if row.name == "only" => Value::Words(Service::ALL.map(Service::name).join(" ")),
        _ if words.is_empty() => Value::Free,
        _ => Value::Words(words.join(" ")),
    }
}

/// Names of the commands for which `which` holds.
fn commands(which: impl Fn(&Command) -> bool) -> Vec<&'static str> {
    COMMANDS.iter().filter(|command| which(command)).map(|command| command.name).collect()
}

/// Each command that has options of its own, under all names that take these options.
fn tables() -> impl Iterator<Item = (&'static Command, Vec<&'static str>)> {
    COMMANDS.iter().filter(|command| command.name != "check").map(|command| {
        let alike = |other: &Command| command.configured && other.configured;
        (command, commands(|other| other.name == command.name || alike(other)))
    })
}

fn rows(command: &Command) -> Vec<&'static Row> {
    (command.sections)().into_iter().flat_map(|(_, rows)| rows).collect()
}

/// The words that the first argument is one of.
fn words(command: &Command) -> Vec<&'static str> {
    let first = (command.lists)().into_iter().next();
    first.into_iter().flat_map(|(_, words)| words).map(|(word, _)| word).collect()
}

fn bash() -> String {
    let (mut values, mut flags) = (String::new(), String::new());
    for (command, names) in tables() {
        let rows = rows(command);
        for row in &rows {
            let reply = match value(row) {
                Value::Nothing => continue,
                Value::Words(words) => format!("COMPREPLY=($(compgen -W '{words}' -- \"$cur\"))"),
                Value::Dir => "COMPREPLY=($(compgen -d -- \"$cur\"))".to_owned(),
                Value::File => "COMPREPLY=($(compgen -f -- \"$cur\"))".to_owned(),
                Value::Free => "COMPREPLY=()".to_owned(),
            };
            let name = names[0];
            values.push_str(&format!("        '{name} --{}') {reply}; return ;;\n", row.name));
        }
        let mut all = words(command).iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        all.extend(rows.iter().map(|row| format!("--{}", row.name)));
        flags.push_str(&format!("        {}) words='{}' ;;\n", names[0], all.join(" ")));
    }
    let all = commands(|_| true).join(" ");
    let alike = commands(|command| command.configured).join("|");
    format!(
        "_pentad() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
    local command=serve words=
    # --name=value comes as three words.
    [[ $cur == = ]] && cur=
    [[ $prev == = ]] && prev=${{COMP_WORDS[COMP_CWORD-2]}}
    (( COMP_CWORD > 1 )) && case ${{COMP_WORDS[1]}} in
        {alike}|-*) ;;
        help) COMPREPLY=($(compgen -W '{all}' -- \"$cur\")); return ;;
        *) command=${{COMP_WORDS[1]}} ;;
    esac
    case \"$command $prev\" in
{values}    esac
    case $command in
{flags}    esac
    if [[ $cur != -* && $COMP_CWORD -eq 1 ]]; then
        words='{all} help'
    fi
    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))
}}
complete -F _pentad pentad
"
    )
}

fn zsh() -> String {
    let quoted = |text: &str| text.replace('\'', "'\\''");
    let mut tables_of_flags = String::new();
    for (command, names) in tables() {
        tables_of_flags.push_str(&format!("    {}) flags=(\n", names.join("|")));
        for row in rows(command) {
            // In a specification, colons and brackets have a meaning.
            let help = row.help.replace('\\', "\\\\").replace(':', "\\:");
            let help = quoted(&help.replace('[', "\\[").replace(']', "\\]"));
            let action = match value(row) {
                Value::Nothing => String::new(),
                Value::Words(words) => format!(":value:({words})"),
                Value::Dir => ":directory:_files -/".to_owned(),
                Value::File => ":file:_files".to_owned(),
                Value::Free => {
                    format!(":{}: ", row.value.trim_matches(['[', ']']).replace(':', "\\:"))
                }
            };
            let repeated = if row.is_list { "*" } else { "" };
            let equals = if row.takes_value() { "=" } else { "" };
            let flag = format!("'{repeated}--{}{equals}[{help}]{action}'", row.name);
            tables_of_flags.push_str(&format!("      {flag}\n"));
        }
        match &words(command)[..] {
            [] => {}
            words => tables_of_flags.push_str(&format!("      '1:word:({})'\n", words.join(" "))),
        }
        tables_of_flags.push_str("    ) ;;\n");
    }
    let mut described = String::new();
    for Command { name, about, .. } in &COMMANDS {
        described.push_str(&format!("    '{name}:{}'\n", quoted(&about.replace(':', "\\:"))));
    }
    format!(
        "#compdef pentad
_pentad() {{
  local -a commands flags
  local command=serve
  commands=(
{described}    'help:Explain a command'
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
    help) (( CURRENT == 3 )) && _describe command commands; return ;;
    -*) ;;
    *) command=$words[2]; shift words; (( CURRENT-- )) ;;
  esac
  case $command in
{tables_of_flags}  esac
  _arguments $flags
}}
# Autoloaded, this file is the body of the function at its first call.
if [[ $funcstack[1] == _pentad ]]; then
  _pentad \"$@\"
else
  compdef _pentad pentad
fi
"
    )
}

fn fish() -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let mut script = String::from("complete -c pentad -f\n");
    for Command { name, about, .. } in &COMMANDS {
        let about = quoted(about);
        script.push_str(&format!(
            "complete -c pentad -n __fish_use_subcommand -a {name} -d '{about}'\n"
        ));
    }
    let all = commands(|_| true).join(" ");
    let own = commands(|command| !command.configured).join(" ");
    script.push_str(&format!(
        "complete -c pentad -n __fish_use_subcommand -a help -d 'Explain a command'\n\
         complete -c pentad -n '__fish_seen_subcommand_from help' -a '{all}'\n\
         function __pentad_is\n    \
             set -l words (commandline -opc)\n    \
             set -q words[2]; and contains -- $words[2] {own} help; or set words pentad serve\n    \
             test $words[2] = $argv[1]\n\
         end\n"
    ));
    for (command, names) in tables() {
        let is = format!("complete -c pentad -n '__pentad_is {}'", names[0]);
        match &words(command)[..] {
            [] => {}
            words => script.push_str(&format!("{is} -a '{}'\n", words.join(" "))),
        }
        for row in rows(command) {
            let action = match value(row) {
                Value::Nothing => String::new(),
                Value::Words(words) => format!(" -x -a '{words}'"),
                Value::Dir => " -x -a '(__fish_complete_directories)'".to_owned(),
                Value::File => " -r -F".to_owned(),
                Value::Free if row.takes_value() => " -x".to_owned(),
                Value::Free => String::new(),
            };
            let short = row.short.chars().map(|letter| format!(" -s {letter}")).collect::<String>();
            let help = quoted(row.help);
            script.push_str(&format!("{is}{short} -l {}{action} -d '{help}'\n", row.name));
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of a script that is about a command, as words.
    fn own(shell: Shell, script: &str, names: &[&str]) -> String {
        let between = |begin: &str, end: &str| {
            let (_, rest) = script.split_once(begin).expect("each command has its part");
            rest.split(end).next().unwrap_or_default().to_owned()
        };
        match shell {
            Shell::Bash => between(&format!("\n        {}) words='", names[0]), "' ;;"),
            Shell::Zsh => between(&format!("\n    {}) flags=(\n", names.join("|")), "    ) ;;"),
            Shell::Fish => {
                let begin = format!("complete -c pentad -n '__pentad_is {}' ", names[0]);
                script.lines().filter(|line| line.starts_with(&begin)).collect()
            }
        }
    }

    #[test]
    fn every_shell_is_offered_every_option_and_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for (command, names) in tables() {
                let own = format!(" {} ", own(shell, &script, &names));
                for row in rows(command) {
                    let flags = match shell {
                        Shell::Bash => [format!(" --{} ", row.name), String::new()],
                        Shell::Zsh => [format!("--{}[", row.name), format!("--{}=[", row.name)],
                        Shell::Fish => [format!(" -l {} ", row.name), String::new()],
                    };
                    let found = flags.iter().any(|flag| !flag.is_empty() && own.contains(flag));
                    assert!(found, "{shell:?} {} --{}", command.name, row.name);
                }
            }
            for command in &COMMANDS {
                assert!(script.contains(command.name), "{shell:?} {}", command.name);
            }
        }
    }

    #[test]
    fn quotes_are_balanced_whatever_the_help_says() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            for line in script(shell).lines() {
                let quotes = line.replace("\\'", "").matches('\'').count();
                assert_eq!(quotes % 2, 0, "{shell:?} {line}");
            }
        }
    }
}
