//! The names in a directory, as a page or as JSON. What files are called is for their owners to
//! say: names are bytes here, escaped for wherever they stand.

use crate::service::http::{Response, json, page};
use crate::wire::accept;
use crate::wire::http::Head;
use crate::work::files::Name;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

/// What stands in a path as it is (RFC 3986 §2.3).
pub const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The response for the directory at `path`.
pub fn response(path: &[u8], names: &[Name], truncated: bool, head: &Head<'_, '_>) -> Response {
    let response = if accept::prefers_json(&head.fields("accept")) {
        json(200, as_json(names))
    } else {
        page(200, as_page(path, names, truncated).into())
    };
    response.field("Vary", "Accept".to_string()).field("Cache-Control", "no-cache".to_string())
}

fn as_json(names: &[Name]) -> String {
    let entries = names.iter().map(|name| {
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
        entry
    });
    serde_json::Value::Array(entries.collect()).to_string()
}

fn as_page(path: &[u8], names: &[Name], truncated: bool) -> String {
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
    for name in names {
        let slash = if name.is_directory { "/" } else { "" };
        let text = escaped(&String::from_utf8_lossy(&name.name));
        let bytes = if name.is_directory { String::new() } else { name.bytes.to_string() };
        let _ = writeln!(
            html,
            "<tr><td><a href=\"{}\">{text}{slash}</a></td><td>{bytes}</td></tr>",
            href(name)
        );
    }
    html.push_str("</table>\n");
    if truncated {
        html.push_str("<p>There are more names than are listed here.</p>\n");
    }
    html.push_str("</html>\n");
    html
}

/// Relative to the directory. With the dot, a colon in a name makes no scheme of it.
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

    #[test]
    fn names_are_escaped_wherever_they_stand() {
        let names = [name(b"<a&\"b'>", false), name(b"x y%\xff\n", true), name(b"a:b", false)];
        let html = as_page(b"/<dir>/", &names, true);
        assert!(html.contains("<h1>/&lt;dir&gt;/</h1>"));
        assert!(html.contains("href=\"./%3Ca%26%22b%27%3E\">&lt;a&amp;&quot;b&#39;&gt;</a>"));
        assert!(html.contains("href=\"./x%20y%25%FF%0A/\">"));
        assert!(html.contains("href=\"./a%3Ab\""));
        assert!(html.contains("more names"));
        let json: serde_json::Value = serde_json::from_str(&as_json(&names)).unwrap();
        assert_eq!(json[0]["name"], "<a&\"b'>");
        assert_eq!((&json[0]["size"], &json[0]["type"]), (&5.into(), &"file".into()));
        assert_eq!(json[1]["href"], "./x%20y%25%FF%0A/");
        assert_eq!((&json[1]["size"], &json[1]["type"]), (&().into(), &"directory".into()));
        assert_eq!(json[0]["mtime"], "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
