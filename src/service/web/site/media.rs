//! Media types of files, by the extension of their names.

use std::borrow::Cow;
use std::path::Path;

/// What is said of a file that nothing is known of.
const UNKNOWN: &str = "application/octet-stream";

/// The value of `Content-Type` for a file of that name: text is UTF-8.
pub fn of(path: &[u8]) -> Cow<'static, str> {
    let name = std::str::from_utf8(path).ok();
    let known = name.and_then(|name| mime_guess::from_path(Path::new(name)).first_raw());
    match known {
        None => Cow::Borrowed(UNKNOWN),
        // RFC 9239 §6.
        Some("application/javascript") => Cow::Borrowed("text/javascript; charset=utf-8"),
        Some(text) if text.starts_with("text/") => Cow::Owned(format!("{text}; charset=utf-8")),
        Some(other) => Cow::Borrowed(other),
    }
}

/// Whether files of this type become much shorter by compression.
pub fn is_compressible(media: &str) -> bool {
    let media = media.split(';').next().unwrap_or(media);
    media.starts_with("text/")
        || media.ends_with("+xml")
        || media.ends_with("+json")
        || matches!(
            media,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/wasm"
                | "application/rtf"
                | "application/x-javascript"
                | "application/manifest+json"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_says_that_it_is_utf_8_and_what_is_unknown_says_nothing() {
        for (path, media) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/a.b/style.CSS", "text/css; charset=utf-8"),
            ("/x.js", "text/javascript; charset=utf-8"),
            ("/x.mjs", "text/javascript; charset=utf-8"),
            ("/notes.txt", "text/plain; charset=utf-8"),
            ("/data.json", "application/json"),
            ("/p.svg", "image/svg+xml"),
            ("/p.png", "image/png"),
            ("/m.wasm", "application/wasm"),
            ("/f.woff2", "font/woff2"),
            ("/a.tar.gz", "application/gzip"),
            ("/html", UNKNOWN),
            ("/x.unheard-of", UNKNOWN),
        ] {
            assert_eq!(of(path.as_bytes()), media, "{path}");
        }
        assert_eq!(of(b"/\xff.html"), UNKNOWN);
    }

    #[test]
    fn pictures_are_compressed_already_and_text_is_not() {
        for path in ["/a.html", "/a.css", "/a.js", "/a.json", "/a.svg", "/a.txt", "/a.xml"] {
            assert!(is_compressible(&of(path.as_bytes())), "{path}");
        }
        for path in ["/a.png", "/a.jpg", "/a.gz", "/a.woff2", "/a.mp4", "/a", "/a.zip"] {
            assert!(!is_compressible(&of(path.as_bytes())), "{path}");
        }
    }
}
