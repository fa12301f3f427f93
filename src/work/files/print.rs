//! Directory listings as documents, printed in slices: HTML or JSON. Names are bytes that anyone
//! may have chosen, and are escaped wherever they appear.

use super::{Name, NoFile, Outcome, Step};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// The characters that need no escape in a path (RFC 3986 §2.3).
pub const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The form of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// HTML, for people.
    Page,
    /// JSON, for programs.
    Json,
}

/// A finished listing.
#[derive(Debug, Clone)]
pub struct Document {
    /// The form.
    pub form: Form,
    /// The document.
    pub bytes: Arc<[u8]>,
    /// A digest of the bytes.
    pub tag: u128,
}

/// A document in progress.
#[derive(Debug)]
pub struct Printing {
    form: Form,
    names: std::vec::IntoIter<Name>,
    truncated: bool,
    text: String,
}

/// Names printed in one slice: less than half a millisecond.
const NAMES_PER_SLICE: usize = 256;

impl Printing {
    /// Begins the listing of the directory at `path`. With `truncated`, `names` are only the first.
    pub(super) fn begin(form: Form, path: &[u8], names: Vec<Name>, truncated: bool) -> Printing {
        let text = match form {
            Form::Page => head(path),
            Form::Json => "[".to_string(),
        };
        Printing { form, names: names.into_iter(), truncated, text }
    }

    /// Prints some more names.
    pub(super) fn run(mut self) -> Result<Step, Outcome> {
        for name in self.names.by_ref().take(NAMES_PER_SLICE) {
            match self.form {
                Form::Page => row(&name, &mut self.text),
                Form::Json => entry(&name, &mut self.text),
            }
        }
        if self.names.len() > 0 { Ok(Step::Print(self)) } else { Err(self.end()) }
    }

    fn end(mut self) -> Outcome {
        match self.form {
            Form::Page => {
                self.text.push_str("</table>\n");
                if self.truncated {
                    self.text.push_str("<p>There are more names than are listed here.</p>\n");
                }
                self.text.push_str("</html>\n");
            }
            Form::Json => self.text.push(']'),
        }
        let bytes: Arc<[u8]> = self.text.into_bytes().into();
        let tag = super::read::tag(&Sha256::digest(&bytes));
        Outcome::No(NoFile::Listing(Document { form: self.form, bytes, tag }))
    }
}

fn head(path: &[u8]) -> String {
    let title = escaped(&String::from_utf8_lossy(path));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>:root{{color-scheme:light dark}}\
         body{{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;\
         padding:0 1rem}}td+td{{padding-left:2rem;text-align:right}}</style>\n\
         <h1>{title}</h1>\n<table>\n"
    );
    if path != b"/" {
        html.push_str("<tr><td><a href=\"../\">../</a></td></tr>\n");
    }
    html
}

fn row(name: &Name, html: &mut String) {
    let slash = if name.is_directory { "/" } else { "" };
    let text = escaped(&String::from_utf8_lossy(&name.name));
    let bytes = if name.is_directory { String::new() } else { name.bytes.to_string() };
    let _ = writeln!(
        html,
        "<tr><td><a href=\"{}\">{text}{slash}</a></td><td>{bytes}</td></tr>",
        href(name)
    );
}

fn entry(name: &Name, json: &mut String) {
    let modified = UNIX_EPOCH + Duration::from_secs(name.modified.max(0) as u64);
    let mut entry = serde_json::json!({
        "name": String::from_utf8_lossy(&name.name),
        "href": href(name),
        "type": if name.is_directory { "directory" } else { "file" },
        "mtime": httpdate::fmt_http_date(modified),
    });
    if !name.is_directory {
        entry["size"] = name.bytes.into();
    }
    let comma = if json.len() > 1 { "," } else { "" };
    let _ = write!(json, "{comma}{entry}");
}

/// Returns a reference relative to the directory. The leading `./` keeps a colon in the name from
/// being read as a scheme.
fn href(name: &Name) -> String {
    let slash = if name.is_directory { "/" } else { "" };
    format!("./{}{slash}", percent_encode(&name.name, SEGMENT))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &[u8], is_directory: bool) -> Name {
        Name { name: name.into(), is_directory, bytes: 5, modified: 784_111_777 }
    }

    fn print(form: Form, names: &[Name]) -> String {
        let mut printing = Printing::begin(form, b"/<dir>/", names.to_vec(), true);
        loop {
            match printing.run() {
                Ok(Step::Print(next)) => printing = next,
                Err(Outcome::No(NoFile::Listing(document))) => {
                    return String::from_utf8(document.bytes.to_vec()).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn names_are_escaped_wherever_they_stand() {
        let names = [name(b"<a&\"b'>", false), name(b"x y%\xff\n", true), name(b"a:b", false)];
        let html = print(Form::Page, &names);
        assert!(html.contains("<h1>/&lt;dir&gt;/</h1>"));
        assert!(html.contains("href=\"./%3Ca%26%22b%27%3E\">&lt;a&amp;&quot;b&#39;&gt;</a>"));
        assert!(html.contains("href=\"./x%20y%25%FF%0A/\">"));
        assert!(html.contains("href=\"./a%3Ab\""));
        assert!(html.contains("more names"));
        let json: serde_json::Value = serde_json::from_str(&print(Form::Json, &names)).unwrap();
        assert_eq!(json[0]["name"], "<a&\"b'>");
        assert_eq!((&json[0]["size"], &json[0]["type"]), (&5.into(), &"file".into()));
        assert_eq!(json[1]["href"], "./x%20y%25%FF%0A/");
        assert_eq!((&json[1]["size"], &json[1]["type"]), (&().into(), &"directory".into()));
        assert_eq!(json[0]["mtime"], "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(print(Form::Json, &[]), "[]");
    }
}
