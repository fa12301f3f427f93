//! `--completions`: what a shell offers after `pentad`.
//!
//! Scripts are generated whole from the tables and run nothing of ours while completing.

use super::{COMMANDS, Command};
use crate::config::options::{self, Opt, Shell};

/// The script for a shell.
pub(super) fn script(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
    }
}

/// What a value is completed from.
enum Value {
    /// There is none.
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

fn value(option: &Opt) -> Value {
    let words: Vec<&str> = option.choices().collect();
    match option.value {
        "" => Value::Nothing,
        "DIR" => Value::Dir,
        "FILE" => Value::File,
        "NAMES" => Value::Words(service_names()),
        _ if words.is_empty() => Value::Free,
        _ => Value::Words(words.join(" ")),
    }
}

fn service_names() -> String {
    options::services().map(|(.., option)| option.name).collect::<Vec<_>>().join(" ")
}

/// Names of the commands, `help` included, for which `which` holds.
fn commands(which: impl Fn(&Command) -> bool) -> Vec<&'static str> {
    COMMANDS.iter().filter(|command| which(command)).map(|command| command.name).collect()
}

fn bash() -> String {
    let mut cases = String::new();
    for option in options::all() {
        let reply = match value(option) {
            Value::Nothing => continue,
            Value::Words(words) => format!("COMPREPLY=($(compgen -W '{words}' -- \"$cur\"))"),
            Value::Dir => "COMPREPLY=($(compgen -d -- \"$cur\"))".to_owned(),
            Value::File => "COMPREPLY=($(compgen -f -- \"$cur\"))".to_owned(),
            Value::Free => "COMPREPLY=()".to_owned(),
        };
        cases.push_str(&format!("        --{}) {reply}; return ;;\n", option.name));
    }
    let flags: Vec<String> = options::all().map(|option| format!("--{}", option.name)).collect();
    let all = commands(|_| true).join(" ");
    let bare = commands(|command| !command.configured).join("|");
    format!(
        "_pentad() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
    # --name=value comes as three words.
    [[ $cur == = ]] && cur=
    [[ $prev == = ]] && prev=${{COMP_WORDS[COMP_CWORD-2]}}
    (( COMP_CWORD > 1 )) && case ${{COMP_WORDS[1]}} in
        {bare}) COMPREPLY=($(compgen -W '--help' -- \"$cur\")); return ;;
        help) COMPREPLY=($(compgen -W '{all}' -- \"$cur\")); return ;;
    esac
    case $prev in
{cases}    esac
    if [[ $cur != -* && $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W '{all} help' -- \"$cur\"))
    else
        COMPREPLY=($(compgen -W '{}' -- \"$cur\"))
    fi
}}
complete -F _pentad pentad
",
        flags.join(" ")
    )
}

fn zsh() -> String {
    let quoted = |text: &str| text.replace('\'', "'\\''");
    let mut flags = String::new();
    for option in options::all() {
        // In a specification, colons and brackets have a meaning.
        let help = option.help.replace('\\', "\\\\").replace(':', "\\:");
        let help = quoted(&help.replace('[', "\\[").replace(']', "\\]"));
        let action = match value(option) {
            Value::Nothing => String::new(),
            Value::Words(words) => format!(":value:({words})"),
            Value::Dir => ":directory:_files -/".to_owned(),
            Value::File => ":file:_files".to_owned(),
            Value::Free => format!(":{}: ", option.value),
        };
        let repeated = if option.is_list() { "*" } else { "" };
        let equals = if option.takes_value() { "=" } else { "" };
        flags.push_str(&format!("    '{repeated}--{}{equals}[{help}]{action}'\n", option.name));
    }
    let mut described = String::new();
    for Command { name, about, .. } in &COMMANDS {
        described.push_str(&format!("    '{name}:{}'\n", quoted(&about.replace(':', "\\:"))));
    }
    let bare = commands(|command| !command.configured).join("|");
    let configured = commands(|command| command.configured).join("|");
    format!(
        "#compdef pentad
_pentad() {{
  local -a commands flags
  commands=(
{described}    'help:Explain a command'
  )
  flags=(
{flags}  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
    {bare}) _arguments '--help[Print its help]'; return ;;
    help) (( CURRENT == 3 )) && _describe command commands; return ;;
    {configured}) shift words; (( CURRENT-- )) ;;
  esac
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
    let bare = commands(|command| !command.configured).join(" ");
    script.push_str(&format!(
        "complete -c pentad -n __fish_use_subcommand -a help -d 'Explain a command'\n\
         complete -c pentad -n '__fish_seen_subcommand_from help' -a '{all}'\n\
         complete -c pentad -n '__fish_seen_subcommand_from {bare}' -l help\n"
    ));
    for option in options::all() {
        let action = match value(option) {
            Value::Nothing => String::new(),
            Value::Words(words) => format!(" -x -a '{words}'"),
            Value::Dir => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::File => " -r -F".to_owned(),
            Value::Free => " -x".to_owned(),
        };
        script.push_str(&format!(
            "complete -c pentad -n 'not __fish_seen_subcommand_from {bare} help' -l {}{action} \
             -d '{}'\n",
            option.name,
            quoted(option.help)
        ));
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_is_offered_every_option_and_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for option in options::all() {
                let flag = match shell {
                    Shell::Bash | Shell::Zsh => format!("--{}", option.name),
                    Shell::Fish => format!("-l {} ", option.name),
                };
                assert!(script.contains(&flag), "{shell:?} {}", option.name);
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
