//! `pentad parse PARSER [--explain]`: bytes on stdin, the verdict of the very parser that serves
//! on stdout, as one line of JSON.
//!
//! It never cleans its input up: a line ending that the shell added is part of the bytes.
//!
//! The members are always all there and in this order: `verdict` (`done`, `more` or `bad`),
//! `used` bytes, `value`, `reason`, `source`; with `--explain` also `explanation`. What a verdict
//! has not is `null`. Exit codes: 0 done, 10 more, 11 bad, 1 could not read, 2 usage.

mod fields;

use super::{Exit, complain, read_options};
use crate::config::table::{Group, Opt, help, switch};
use crate::config::{Syntax, suggest};
use crate::limits::{Limits, MIB};
use crate::net::cannot;
use crate::wire::chunked::{self, Chunked, Piece};
use crate::wire::http::{self, Fields, Framing, Head, Method, Scan};
use crate::wire::target::{self, Target};
use crate::wire::{Parse, chat, conditional, json, legacy, line, pow, range, response};
use crate::work::pow::{SEED_LEN_MAX, SEED_LEN_MIN};
use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};

/// A parser that can be asked. Adding one is adding a row to [`PARSERS`].
pub(super) struct Row {
    name: &'static str,
    reads: &'static str,
    ask: fn(&[u8], &Limits) -> Verdict,
}

const PARSERS: &[Row] = &[
    Row { name: "http", reads: "the head of an HTTP request", ask: ask_http },
    Row { name: "response", reads: "the head of an HTTP response to a GET", ask: ask_response },
    Row { name: "chunked", reads: "a body in the chunked coding", ask: ask_chunked },
    Row { name: "target", reads: "a request target, and the path in it", ask: ask_target },
    Row { name: "range", reads: "the value of a Range field", ask: fields::range },
    Row { name: "etags", reads: "a list of entity tags", ask: fields::etags },
    Row { name: "accept", reads: "preferences, as of Accept-Encoding", ask: fields::accept },
    Row { name: "cookie", reads: "the value of a Cookie field", ask: fields::cookie },
    Row { name: "json", reads: "a JSON document, as bodies are read", ask: ask_json },
    Row { name: "legacy", reads: "an answer of the legacy server", ask: ask_legacy },
    Row { name: "line", reads: "a line of the proof-of-work service", ask: ask_line },
    Row { name: "chat", reads: "a line of a client of the chat", ask: ask_chat },
    Row { name: "pow", reads: "a proof of work, with or without a line ending", ask: ask_pow },
];

/// Bytes on stdin beyond which the answer could only be about something that no client sends.
const INPUT_MAX: usize = MIB;

/// [`Parse`] with the differences between the parsers gone.
#[derive(Debug, PartialEq)]
enum Verdict {
    Done(Value, usize),
    More,
    Bad(Reason),
}

#[derive(Debug, PartialEq, Eq)]
struct Reason {
    name: &'static str,
    source: &'static str,
    text: &'static str,
}

/// The arguments of the command.
pub(super) static SYNTAX: Syntax<Draft> =
    Syntax { groups: &GROUPS, operand: Draft::operand, finish: |_| Ok(()) };

static GROUPS: [Group<Draft>; 1] = [Group { title: "Options", options: &OPTIONS }];

static OPTIONS: [Opt<Draft>; 2] =
    [switch("explain", "Say what the verdict means", |d: &mut Draft, on| d.explain = on), help()];

/// The arguments as they were typed.
#[derive(Default)]
pub(super) struct Draft {
    row: Option<&'static Row>,
    explain: bool,
}

/// The parsers, explained.
pub(super) fn lists() -> Vec<super::List> {
    vec![("Parsers", PARSERS.iter().map(|row| (row.name, row.reads)).collect())]
}

/// Runs the command with its arguments.
pub(super) fn command(args: Vec<OsString>) -> Exit {
    run(args, &mut io::stdin().lock(), &mut io::stdout().lock())
}

fn run(args: Vec<OsString>, stdin: &mut dyn Read, stdout: &mut dyn Write) -> Exit {
    let Draft { row, explain } = match read_options("parse", SYNTAX.read(args, Draft::default())) {
        Ok(draft) => draft,
        Err(exit) => return exit,
    };
    let Some(row) = row else {
        complain("parse: which parser? pentad parse --help explains");
        return Exit::Usage;
    };
    read_and_answer(row, explain, stdin, stdout).unwrap_or_else(|error| {
        complain(format_args!("parse: {error}"));
        Exit::Failed
    })
}

impl Draft {
    fn operand(&mut self, name: &OsStr) -> Result<(), String> {
        if self.row.is_some() {
            return Err(format!("unexpected argument {}", name.display()));
        }
        self.row = PARSERS.iter().find(|row| name == row.name);
        let hint = || suggest::hint(&name.to_string_lossy(), PARSERS.iter().map(|row| row.name));
        self.row.map(drop).ok_or_else(|| format!("no parser is called {name:?}{}", hint()))
    }
}

fn read_and_answer(
    row: &Row,
    explain: bool,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
) -> io::Result<Exit> {
    let mut input = Vec::new();
    let read = stdin.take(INPUT_MAX as u64 + 1).read_to_end(&mut input);
    read.map_err(cannot("read standard input"))?;
    if input.len() > INPUT_MAX {
        return Err(io::Error::other(format!("more than {INPUT_MAX} bytes on stdin")));
    }
    let verdict = (row.ask)(&input, &Limits::default());
    let written = writeln!(stdout, "{}", verdict.render(explain)).and_then(|()| stdout.flush());
    written.map_err(cannot("write to standard output"))?;
    Ok(verdict.exit())
}

impl Verdict {
    fn exit(&self) -> Exit {
        match self {
            Verdict::Done(..) => Exit::Ok,
            Verdict::More => Exit::More,
            Verdict::Bad(_) => Exit::Bad,
        }
    }

    /// By hand, because maps of `serde_json` sort their members.
    fn render(&self, explain: bool) -> String {
        let null = Value::Null;
        let (word, used, value, reason) = match self {
            Verdict::Done(value, used) => ("done", *used, value, None),
            Verdict::More => ("more", 0, &null, None),
            Verdict::Bad(reason) => ("bad", 0, &null, Some(reason)),
        };
        let name = Value::from(reason.map(|r| r.name));
        let rfc = Value::from(reason.map(|r| r.source));
        let mut line = format!(
            r#"{{"verdict":"{word}","used":{used},"value":{value},"reason":{name},"source":{rfc}"#
        );
        if explain {
            line += &format!(r#","explanation":{}"#, Value::from(self.explanation()));
        }
        line + "}"
    }

    fn explanation(&self) -> String {
        match self {
            Verdict::Done(_, used) => {
                format!("The first {used} bytes are complete and valid; nothing after them counts.")
            }
            Verdict::More => "So far nothing is wrong, but more bytes are needed.".to_owned(),
            Verdict::Bad(Reason { source, text, .. }) => {
                format!("{text} No continuation of these bytes is valid. See {source}.")
            }
        }
    }
}

macro_rules! from_bad {
    ($($bad:ty),+) => {
        $(impl From<$bad> for Verdict {
            fn from(bad: $bad) -> Verdict {
                let (name, source, text) = (bad.name(), bad.source(), bad.text());
                Verdict::Bad(Reason { name, source, text })
            }
        })+
    };
}

from_bad!(http::Bad, chunked::Bad, target::Bad, range::Bad, conditional::Bad, chat::Bad);

fn ask_http(input: &[u8], limits: &Limits) -> Verdict {
    match http::head(input, &mut Scan::default(), limits, &mut Fields::new()) {
        Parse::Done(head, used) => Verdict::Done(head_value(&head), used),
        Parse::More => Verdict::More,
        Parse::Bad(bad) => bad.into(),
    }
}

fn head_value(head: &Head<'_, '_>) -> Value {
    let text = String::from_utf8_lossy;
    json!({
        "method": head.method.name(),
        "path": head.target.path(),
        "query": head.target.query(),
        "version": head.version.name(),
        "host": head.host(),
        "body": match head.framing {
            Framing::None => json!("none"),
            Framing::Length(length) => json!(length),
            Framing::Chunked => json!("chunked"),
        },
        "keep_alive": head.keep_alive,
        "expect_continue": head.expect_continue,
        "fields": head.fields.iter().map(|f| json!([f.name, text(f.value)])).collect::<Vec<_>>(),
    })
}

fn ask_response(input: &[u8], limits: &Limits) -> Verdict {
    let mut fields = Fields::new();
    match response::head(input, Method::Get, &mut response::Scan::default(), limits, &mut fields) {
        Parse::Done(head, used) => Verdict::Done(response_value(&head), used),
        Parse::More => Verdict::More,
        Parse::Bad(bad) => bad.into(),
    }
}

fn response_value(head: &response::Head<'_, '_>) -> Value {
    let text = String::from_utf8_lossy;
    json!({
        "status": head.status,
        "version": head.version.name(),
        "body": match head.framing {
            response::Framing::None => json!("none"),
            response::Framing::Length(length) => json!(length),
            response::Framing::Chunked => json!("chunked"),
            response::Framing::Close => json!("close"),
        },
        "keep_alive": head.keep_alive,
        "fields": head.fields.iter().map(|f| json!([f.name, text(f.value)])).collect::<Vec<_>>(),
    })
}

fn ask_chunked(input: &[u8], limits: &Limits) -> Verdict {
    let (mut decoder, mut body, mut at) = (Chunked::new(), Vec::new(), 0);
    loop {
        match decoder.next(&input[at..], limits) {
            Parse::Done(Piece::Data(data), used) => {
                body.extend(data);
                at += used;
            }
            Parse::Done(Piece::Nothing, used) => at += used,
            Parse::Done(Piece::End, used) => {
                let text = String::from_utf8_lossy(&body);
                return Verdict::Done(json!({ "bytes": body.len(), "body": text }), at + used);
            }
            Parse::More => return Verdict::More,
            Parse::Bad(bad) => return bad.into(),
        }
    }
}

fn ask_target(input: &[u8], _limits: &Limits) -> Verdict {
    // A byte that is no UTF-8 is above 0x7f, and no such byte may stand in a target.
    let Ok(raw) = std::str::from_utf8(input) else {
        return target::Bad::Byte.into();
    };
    match Target::parse(raw).and_then(|t| Ok((t, target::decode_path(t.path())?))) {
        Ok((target, path)) => Verdict::Done(target_value(target, &path), input.len()),
        Err(bad) => bad.into(),
    }
}

fn target_value(target: Target<'_>, path: &[u8]) -> Value {
    let form = match target {
        Target::Origin { .. } => "origin",
        Target::Absolute { .. } => "absolute",
        Target::Authority(_) => "authority",
        Target::Asterisk => "asterisk",
    };
    let pairs = target::pairs(target.query().unwrap_or_default());
    json!({
        "form": form,
        "authority": target.authority(),
        "path": target.path(),
        "decoded": String::from_utf8_lossy(path),
        "query": target.query(),
        "pairs": pairs.map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
    })
}

fn ask_json(input: &[u8], _limits: &Limits) -> Verdict {
    match json::parse(input) {
        Ok(value) => Verdict::Done(value, input.len()),
        Err(json::Malformed::Truncated) => Verdict::More,
        Err(json::Malformed::Syntax) => Verdict::Bad(Reason {
            name: "malformed-json",
            source: "RFC 8259 §2",
            text: "The bytes are no JSON document.",
        }),
    }
}

fn ask_legacy(input: &[u8], _limits: &Limits) -> Verdict {
    match legacy::reading(input) {
        Parse::Done(value, used) => Verdict::Done(json!(value), used),
        Parse::More => Verdict::More,
        Parse::Bad(bad) => Verdict::Bad(Reason {
            name: bad.name(),
            source: "the protocol of the legacy server",
            text: bad.text(),
        }),
    }
}

fn ask_line(input: &[u8], _limits: &Limits) -> Verdict {
    match line::line(input, &mut line::Scan::default(), pow::MESSAGE_BYTES_MAX) {
        Parse::Done(line, used) => {
            let text = String::from_utf8_lossy(line);
            Verdict::Done(json!({ "bytes": line.len(), "line": text }), used)
        }
        Parse::More => Verdict::More,
        Parse::Bad(line::TooLong) => Verdict::Bad(Reason {
            name: "too-long",
            source: POW_PROTOCOL,
            text: "A line has at most 8192 bytes before its ending.",
        }),
    }
}

fn ask_chat(input: &[u8], _limits: &Limits) -> Verdict {
    let mut reader = chat::Reader::default();
    let Parse::Done(piece, used) = reader.next(input) else { return Verdict::More };
    match piece {
        chat::Piece::Nothing => Verdict::More,
        chat::Piece::Refused(bad) => bad.into(),
        chat::Piece::Line { text, crlf } => match chat::said(&text) {
            Parse::Done(said, _) => {
                let said = format!("{said:?}");
                Verdict::Done(json!({ "line": text, "crlf": crlf, "said": said }), used)
            }
            Parse::Bad(bad) => bad.into(),
            Parse::More => Verdict::More,
        },
    }
}

/// The seed's length is the server's affair; five letters are tried first, as clients expect.
fn ask_pow(input: &[u8], _limits: &Limits) -> Verdict {
    let (used, _) = line::rest(input);
    let line = input[..used].strip_suffix(b"\n").unwrap_or(&input[..used]);
    let read = |seed_len: u8| match pow::proof(line, usize::from(seed_len)) {
        Parse::Done(proof, _) => Some(proof),
        Parse::More | Parse::Bad(_) => None,
    };
    match (SEED_LEN_MIN..=SEED_LEN_MAX).find_map(read) {
        Some(proof) => Verdict::Done(proof_value(&proof), used),
        None => Verdict::Bad(Reason {
            name: pow::Bad::Format.name(),
            source: POW_PROTOCOL,
            text: pow::Bad::Format.text(),
        }),
    }
}

fn proof_value(proof: &pow::Proof<'_>) -> Value {
    let text = String::from_utf8_lossy;
    let mut hash = Vec::new();
    pow::hex(&proof.hash, &mut hash);
    json!({
        "message": text(proof.message),
        "seed": text(proof.seed),
        "hash": text(&hash),
    })
}

/// There is no standard to point to.
const POW_PROTOCOL: &str = "the proof-of-work line protocol";

#[cfg(test)]
mod tests;
