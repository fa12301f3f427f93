//! Written conversations, to be run through any driver.
//!
//! A transcript is text. `> ` begins a line that the client sends, `< ` one that the server
//! answers, `= ` another event; everything else is for the reader. Lines end in CRLF on the wire;
//! one that ends in `\` here has no line ending there. `\xHH`, `\r`, `\n`, `\\` stand for
//! bytes, `*` in an answer for anything within the line.
//!
//! ```text
//! = web                 (the first one names the listener)
//! > GET /healthz HTTP/1.1
//! > Host: a
//! >
//! < HTTP/1.1 200 OK
//! < …
//! = wait 500ms          (time passes)
//! = end                 (the client sends nothing more)
//! = closed              (the server has closed)
//! ```

use pentad::service::http::ListenerRole;
use pentad::service::{Kind, Transport};
use std::path::Path;
use std::time::Duration;

/// A conversation.
#[derive(Debug, Clone)]
pub struct Transcript {
    pub name: String,
    pub service: Service,
    pub steps: Vec<Step>,
}

/// The listener that the client connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Web,
    Panel,
    Legacy,
    Pow,
    Chat,
}

impl Service {
    pub fn kind(self) -> Kind {
        match self {
            Service::Web => Kind::Http(ListenerRole::Web),
            Service::Panel => Kind::Http(ListenerRole::Panel),
            Service::Legacy => Kind::Legacy(Transport::Tcp),
            Service::Pow => Kind::Pow,
            Service::Chat => Kind::Chat,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Service::Web => "web",
            Service::Panel => "panel",
            Service::Legacy => "legacy",
            Service::Pow => "pow",
            Service::Chat => "chat",
        }
    }
}

/// The next step. Neighbouring lines of one direction are one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Send(Vec<u8>),
    Expect(Vec<Pattern>),
    Wait(Duration),
    End,
    Closed,
}

/// Pieces of one expected line, with anything between them.
pub type Pattern = Vec<Vec<u8>>;

/// All transcripts, sorted by name.
pub fn all() -> Vec<Transcript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect::<Vec<_>>();
    files.sort();
    assert!(!files.is_empty(), "there are transcripts");
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        parse(name, &std::fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}

fn parse(name: String, text: &str) -> Transcript {
    let mut service = None;
    let mut steps = Vec::new();
    for line in text.lines() {
        let (mark, rest) = line.split_at_checked(1).unwrap_or(("", ""));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match mark {
            ">" => match steps.last_mut() {
                Some(Step::Send(bytes)) => bytes.extend(unescape(rest)),
                _ => steps.push(Step::Send(unescape(rest))),
            },
            "<" => {
                let pattern = rest.split('*').map(unescape_part).collect::<Vec<_>>();
                let pattern = with_line_end(pattern, rest);
                match steps.last_mut() {
                    Some(Step::Expect(lines)) => lines.push(pattern),
                    _ => steps.push(Step::Expect(vec![pattern])),
                }
            }
            "=" => match rest.split_once(' ').unwrap_or((rest, "")) {
                ("web", _) => service = Some(Service::Web),
                ("panel", _) => service = Some(Service::Panel),
                ("legacy", _) => service = Some(Service::Legacy),
                ("pow", _) => service = Some(Service::Pow),
                ("chat", _) => service = Some(Service::Chat),
                ("wait", ms) => {
                    let ms = ms.trim_end_matches("ms").parse().unwrap();
                    steps.push(Step::Wait(Duration::from_millis(ms)));
                }
                ("end", _) => steps.push(Step::End),
                ("closed", _) => steps.push(Step::Closed),
                (other, _) => panic!("{name}: what is {other:?}?"),
            },
            _ => {}
        }
    }
    let service = service.unwrap_or_else(|| panic!("{name}: which service?"));
    Transcript { name, service, steps }
}

fn unescape(line: &str) -> Vec<u8> {
    with_line_end(vec![unescape_part(line)], line).concat()
}

fn with_line_end(mut parts: Vec<Vec<u8>>, line: &str) -> Vec<Vec<u8>> {
    let last = parts.last_mut().unwrap();
    if line.ends_with('\\') && !line.ends_with("\\\\") {
        assert_eq!(last.pop(), Some(b'\\'));
    } else {
        last.extend(b"\r\n");
    }
    parts
}

fn unescape_part(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
            }
            Some(other) => out.push(other),
            None => out.push(b'\\'),
        }
    }
    out
}

/// Removes the expected `lines` from the front of `received`.
///
/// # Errors
/// Returns the first line that does not match, and the bytes in its place.
pub fn expect(lines: &[Pattern], received: &mut Vec<u8>) -> Result<(), String> {
    for line in lines {
        let Some(used) = matches(line, received) else {
            let wanted = line.iter().map(|part| part.escape_ascii().to_string());
            return Err(format!(
                "expected {:?}, got {:?}",
                wanted.collect::<Vec<_>>().join("*"),
                received[..received.len().min(300)].escape_ascii().to_string()
            ));
        };
        received.drain(..used);
    }
    Ok(())
}

/// Returns the end of `line` in `bytes`, if it matches their beginning.
fn matches(line: &Pattern, bytes: &[u8]) -> Option<usize> {
    let (first, rest) = line.split_first()?;
    let mut at = bytes.starts_with(first).then_some(first.len())?;
    for part in rest {
        if part.is_empty() {
            let length = bytes[at..].iter().take_while(|byte| !b"\r\n".contains(byte)).count();
            at += length;
            continue;
        }
        let within = bytes[at..].windows(part.len()).position(|window| window == part)?;
        at += within + part.len();
    }
    Some(at)
}
