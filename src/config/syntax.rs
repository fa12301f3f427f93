//! The arguments of a command: its option table, its operands, and how they go together.

use super::args::{self, Arg};
use super::table::{self, Group, Opt, Section, Set};
use std::ffi::{OsStr, OsString};

/// The arguments that a command takes.
pub struct Syntax<D: 'static> {
    /// Its options.
    pub groups: &'static [Group<D>],
    /// Stores an argument that is no option; [`unexpected`] for none.
    pub operand: fn(&mut D, &OsStr) -> Result<(), String>,
    /// Checks the options together.
    pub finish: fn(&mut D) -> Result<(), String>,
}

impl<D> Syntax<D> {
    /// Reads the arguments into the draft, over the defaults of the table; `None` if they ask for
    /// help.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(&self, args: Vec<OsString>, mut draft: D) -> Result<Option<D>, String> {
        for option in table::options(self.groups) {
            option.set_default(&mut draft);
        }
        let mut help = false;
        let problems = args::read(args, self.groups, "", |arg| match arg {
            Arg::Flag(Opt { set: Set::Ask(_), .. }, _) => {
                help = true;
                Ok(())
            }
            Arg::Flag(option, value) => option.set(&mut draft, value),
            Arg::Operand(word) => (self.operand)(&mut draft, &word),
        });
        if help {
            return Ok(None);
        }
        match problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => (self.finish)(&mut draft).map(|()| Some(draft)),
        }
    }

    /// The rows that the help explains.
    pub fn sections(&self) -> Vec<Section> {
        table::sections(self.groups)
    }
}

/// The operand of commands that take none.
///
/// # Errors
/// Always.
pub fn unexpected<D>(_: &mut D, word: &OsStr) -> Result<(), String> {
    Err(format!("unexpected argument {}", word.display()))
}

#[cfg(test)]
mod tests {
    use super::super::table::{help, optional, pathed, put, switch, valued};
    use super::super::value;
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    #[derive(Debug, Default, PartialEq, Eq)]
    struct Draft {
        count: u32,
        list: Option<String>,
        output: PathBuf,
        debug: bool,
        text: String,
    }

    static OPTIONS: [Opt<Draft>; 6] = [
        valued("count", "N", "7", "How many", |d: &mut Draft, v| {
            put(&mut d.count, value::count(v, 1..=9))
        })
        .short("cn"),
        optional(
            "list",
            "[LIST]",
            "Which",
            |next| next.starts_with('5'),
            |d: &mut Draft, list| {
                d.list = Some(list.unwrap_or("all").to_owned());
                Ok(())
            },
        ),
        pathed("output", "FILE", "", "Where", |d, path| d.output = path),
        switch("debug", "Whether", |d, on| d.debug = on),
        valued("text", "TEXT", "", "A text", |d, v| put(&mut d.text, Ok(v.to_owned()))),
        help(),
    ];

    static SYNTAX: Syntax<Draft> = Syntax {
        groups: &[Group { title: "Options", options: &OPTIONS }],
        operand: unexpected,
        finish: |_| Ok(()),
    };

    fn read(args: &[&str]) -> Result<Option<Draft>, String> {
        SYNTAX.read(args.iter().map(OsString::from).collect(), Draft::default())
    }

    #[test]
    fn flags_are_read_over_the_defaults_of_the_table() {
        assert_eq!(read(&[]), Ok(Some(Draft { count: 7, ..Draft::default() })));
        for args in [&["-c", "3"][..], &["-n3"], &["--count=3"], &["--count", "3"]] {
            assert_eq!(read(args).unwrap().unwrap().count, 3, "{args:?}");
        }
        let list = |args: &[&str]| read(args).unwrap().unwrap().list.unwrap();
        assert_eq!(list(&["--list", "50,99"]), "50,99");
        assert_eq!(list(&["--list", "--debug"]), "all");
        assert_eq!(list(&["--list=7"]), "7");
        let text = |text| read(&["--text", text]).map(|draft| draft.unwrap().text);
        assert_eq!(text("--boundary\r\n"), Ok("--boundary\r\n".to_owned()));
        assert_eq!(text("-1"), Ok("-1".to_owned()));
        let path = OsStr::from_bytes(b"\xff");
        let args = vec!["--output".into(), path.to_owned()];
        let output = SYNTAX.read(args, Draft::default()).unwrap().unwrap().output;
        assert_eq!(output, PathBuf::from(path));
    }

    #[test]
    fn a_mistake_is_named_with_the_value_that_is_expected() {
        for (args, expected) in [
            (&["--cuont", "3"][..], "unknown option --cuont; did you mean --count?"),
            (&["--banana"], "unknown option --banana"),
            (&["-x"], "unknown option -x"),
            (&["--count"], "--count needs a value: N"),
            (&["--count", "--debug"], "--count needs a value: N"),
            (&["-c", "0"], "--count: 0 is too small: 1 … 9"),
            (&["--output="], "--output: a path cannot be empty"),
            (&["--help=x"], "--help takes no value"),
            (&["word"], "unexpected argument word"),
            (&["--count=0", "--banana"], "--count: 0 is too small: 1 … 9"),
        ] {
            assert_eq!(read(args), Err(expected.to_owned()), "{args:?}");
        }
        assert_eq!(read(&["--banana", "-h"]), Ok(None), "help comes first");
    }
}
