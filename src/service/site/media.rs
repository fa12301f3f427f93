//! Media types of files, by the extension of their names.

use std::borrow::Cow;
use std::path::Path;

/// The media type of an unknown file.
const UNKNOWN: &str = "application/octet-stream";

/// Types that the library does not know, or knows by an old name.
const OWN: &[(&str, &str)] = &[
    ("3mf", "model/3mf"),
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("atom", "application/atom+xml"),
    ("br", "application/x-brotli"),
    ("cjs", "text/javascript"),
    ("conf", "text/plain"),
    ("diff", "text/plain"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("env", "text/plain"),
    ("exr", "image/aces"),
    ("go", "text/plain"),
    ("graphql", "text/plain"),
    ("har", "application/json"),
    ("importmap", "application/importmap+json"),
    ("ini", "text/plain"),
    ("ipynb", "application/x-ipynb+json"),
    ("jar", "application/java-archive"),
    ("java", "text/plain"),
    ("jsonl", "application/jsonl"),
    ("jsx", "text/javascript"),
    ("ktx2", "image/ktx2"),
    ("log", "text/plain"),
    ("lottie", "application/zip+dotlottie"),
    ("m2t", "video/mp2t"),
    ("m2ts", "video/mp2t"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4s", "video/iso.segment"),
    ("m4v", "video/mp4"),
    ("map", "application/json"),
    ("mid", "audio/midi"),
    ("mjs", "text/javascript"),
    ("mkv", "video/matroska"),
    ("mts", "video/mp2t"),
    ("ndjson", "application/x-ndjson"),
    ("obj", "model/obj"),
    ("otf", "font/otf"),
    ("patch", "text/plain"),
    ("ply", "model/ply"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("proto", "text/plain"),
    ("rb", "text/plain"),
    ("rpm", "application/x-rpm"),
    ("sha256", "text/plain"),
    ("sig", "application/pgp-signature"),
    ("sqlite", "application/vnd.sqlite3"),
    ("stl", "model/stl"),
    ("svgz", "image/svg+xml"),
    ("tgz", "application/gzip"),
    ("toml", "application/toml"),
    ("topojson", "application/json"),
    ("ts", "video/mp2t"),
    ("ttml", "application/ttml+xml"),
    ("usdz", "model/vnd.usdz+zip"),
    ("vcf", "text/vcard"),
    ("vue", "text/plain"),
    ("wgsl", "text/wgsl"),
    ("whl", "application/zip"),
    ("woff", "font/woff"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zst", "application/zstd"),
];

/// Returns the value of `Content-Type` for a file of that name: text is UTF-8, unless the file
/// declares its encoding itself.
pub fn of(path: &[u8], names_encoding: bool) -> Cow<'static, str> {
    let media = media(path);
    // RFC 9239 §6.
    let media = if media == "application/javascript" { "text/javascript" } else { media };
    if media.starts_with("text/") && !names_encoding {
        return Cow::Owned(format!("{media}; charset=utf-8"));
    }
    Cow::Borrowed(media)
}

fn media(path: &[u8]) -> &'static str {
    let Ok(name) = std::str::from_utf8(path) else { return UNKNOWN };
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    let own = OWN
        .iter()
        .find(|(own, _)| extension.is_some_and(|extension| extension.eq_ignore_ascii_case(own)));
    let known = || mime_guess::from_path(Path::new(name)).first_raw();
    own.map(|(_, media)| *media).or_else(known).unwrap_or(UNKNOWN)
}

/// Returns the coding in which files of that name are stored and sent: a compressed picture has no
/// media type of its own.
pub fn encoding(path: &[u8]) -> Option<&'static str> {
    let is_svgz = path.len() > 5 && path[path.len() - 5..].eq_ignore_ascii_case(b".svgz");
    is_svgz.then_some("gzip")
}

/// Returns true if compression makes files of that name much shorter.
pub fn is_compressible(path: &[u8]) -> bool {
    if encoding(path).is_some() {
        return false;
    }
    let media = media(path);
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
                | "application/x-ndjson"
                | "application/jsonl"
                | "application/yaml"
                | "application/toml"
                | "application/x-sql"
                | "application/vnd.apple.mpegurl"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
                | "model/obj"
                | "model/ply"
                | "model/stl"
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
            ("/feed.xml", "text/xml; charset=utf-8"),
            ("/html", UNKNOWN),
            ("/x.unheard-of", UNKNOWN),
        ] {
            assert_eq!(of(path.as_bytes(), false), media, "{path}");
        }
        assert_eq!(of(b"/\xff.html", false), UNKNOWN);
        assert_eq!(of(b"/feed.xml", true), "text/xml", "it names its encoding itself");
    }

    #[test]
    fn what_sites_hold_today_has_its_registered_type() {
        for (path, media) in [
            ("/v.ts", "video/mp2t"),
            ("/v.mts", "video/mp2t"),
            ("/v.m4s", "video/iso.segment"),
            ("/v.m3u8", "application/vnd.apple.mpegurl"),
            ("/v.mpd", "application/dash+xml"),
            ("/m.cjs", "text/javascript; charset=utf-8"),
            ("/M.MJS", "text/javascript; charset=utf-8"),
            ("/m.js.map", "application/json"),
            ("/m.wasm", "application/wasm"),
            ("/i.avif", "image/avif"),
            ("/i.jxl", "image/jxl"),
            ("/i.webp", "image/webp"),
            ("/i.svgz", "image/svg+xml"),
            ("/f.woff", "font/woff"),
            ("/f.otf", "font/otf"),
            ("/a.m4a", "audio/mp4"),
            ("/app.webmanifest", "application/manifest+json"),
            ("/d.yaml", "application/yaml"),
            ("/d.ndjson", "application/x-ndjson"),
            ("/c.vtt", "text/vtt; charset=utf-8"),
        ] {
            assert_eq!(of(path.as_bytes(), false), media, "{path}");
        }
        assert!(OWN.is_sorted(), "in order, each once");
    }

    #[test]
    fn what_is_compressed_already_is_not_compressed_again() {
        for path in ["/a.html", "/a.css", "/a.js", "/a.json", "/a.svg", "/a.txt", "/a.xml"] {
            assert!(is_compressible(path.as_bytes()), "{path}");
        }
        for path in [
            "/a.png", "/a.jpg", "/a.gz", "/a.woff2", "/a.mp4", "/a", "/a.zip", "/a.svgz", "/A.SVGZ",
        ] {
            assert!(!is_compressible(path.as_bytes()), "{path}");
        }
        assert_eq!(encoding(b"/a.svgz"), Some("gzip"));
        assert_eq!((encoding(b"/a.svg"), encoding(b".svgz")), (None, None));
    }
}
