//! A file of the site as the cache holds it: its state, and its content in the encodings that
//! somebody asked for, each with the lines that a response about it begins with.

use super::{Rules, media};
use crate::wire::accept;
use crate::wire::conditional::{Tag, Validators};
use crate::work::files::{Coding, Content, Found, State, Wish};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A file that is kept in memory.
#[derive(Debug)]
pub struct Resource {
    /// The state that it was read in.
    pub state: State,
    /// When it was found to be in that state.
    pub checked: Instant,
    /// When it was last asked for.
    pub used: Instant,
    /// Whether somebody is looking whether that is still its state.
    pub checking: bool,
    /// Whether it would be compressed for those who accept that.
    pub packs: bool,
    /// Whether it may have changed since without a trace, so that it has to be read again.
    pub is_young: bool,
    variants: [Option<Arc<Variant>>; 4],
}

/// A file in one encoding.
#[derive(Debug)]
pub struct Variant {
    /// How it is encoded.
    pub coding: Coding,
    /// What is in it, as far as it was read.
    pub content: Content,
    /// Its length.
    pub bytes: u64,
    /// Whether it is a page for people, of which no shared cache keeps what one of them was sent.
    pub is_personal: bool,
    /// The opaque part of the entity tag, if it has one.
    etag: Option<String>,
    modified: Option<SystemTime>,
    /// `Content-Type` and `Content-Encoding`, which only go with content.
    typed: String,
    /// What goes with every response about it.
    common: String,
    /// All lines of a response with the whole of it.
    pub lines: Arc<[u8]>,
}

/// Compressed is what was found uncompressed: from this length on …
pub const PACK_BYTES_MIN: u64 = 512;

/// More than our own lines of responses about a file and its place in the cache take, in all forms.
pub const LINES_BYTES: u64 = 6 * 1024;

impl Resource {
    /// A file in this state, of which nothing is in memory yet.
    pub fn new(found: &Found, packs: bool, now: Instant) -> Resource {
        Resource {
            state: found.state,
            is_young: found.is_young,
            checked: now,
            used: now,
            checking: false,
            packs,
            variants: [None, None, None, None],
        }
    }

    /// The file in that encoding, if it is in memory.
    pub fn variant(&self, coding: Coding) -> Option<&Arc<Variant>> {
        self.variants[coding as usize].as_ref()
    }

    /// Whether the encoding that such a wish comes to is in memory.
    pub fn has(&self, wish: Wish) -> bool {
        let is_there = |coding: &&Coding| match coding {
            Coding::Identity => true,
            Coding::Gzip if self.packs => true,
            Coding::Br | Coding::Zstd | Coding::Gzip => {
                self.state.sidecars[**coding as usize].is_some()
            }
        };
        let coding = wish.codings().iter().find(is_there).unwrap_or(&Coding::Identity);
        self.variant(*coding).is_some()
    }

    /// Adds the file in one more encoding.
    pub fn add(&mut self, variant: Arc<Variant>) {
        let place = variant.coding as usize;
        self.variants[place] = Some(variant);
    }

    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        self.variants.iter().flatten().map(|variant| variant.memory()).sum()
    }

    /// The encoding that suits these values of `Accept-Encoding` best.
    pub fn choose<'b>(&self, accepted: impl Iterator<Item = &'b [u8]>) -> Coding {
        choose(&self.state, self.packs, accepted)
    }
}

/// The encoding of a file in this state that suits these values of `Accept-Encoding` best.
pub fn choose<'b>(state: &State, packs: bool, accepted: impl Iterator<Item = &'b [u8]>) -> Coding {
    if !packs && state.sidecars == [None; 3] {
        return Coding::Identity;
    }
    let is_there = |coding: &accept::Coding| match coding {
        accept::Coding::Identity => true,
        accept::Coding::Gzip if packs => true,
        accept::Coding::Br | accept::Coding::Zstd | accept::Coding::Gzip => {
            state.sidecars[*coding as usize].is_some()
        }
    };
    let mut available = [accept::Coding::Identity; 4];
    let mut count = 0;
    for coding in accept::Coding::ALL.iter().filter(|coding| is_there(coding)) {
        available[count] = *coding;
        count += 1;
    }
    accept::coding(accepted, &available[..count]).map_or(Coding::Identity, own)
}

/// The encodings that these values of `Accept-Encoding` welcome, in their order.
pub fn wish<'b>(accepted: &(impl Iterator<Item = &'b [u8]> + Clone)) -> Wish {
    let mut left = accept::Coding::ALL.to_vec();
    let mut order = Vec::new();
    while let Some(best) = accept::coding(accepted.clone(), &left) {
        left.retain(|coding| *coding != best);
        order.push(own(best));
        if best == accept::Coding::Identity {
            break;
        }
    }
    Wish::new(order)
}

fn own(coding: accept::Coding) -> Coding {
    match coding {
        accept::Coding::Br => Coding::Br,
        accept::Coding::Zstd => Coding::Zstd,
        accept::Coding::Gzip => Coding::Gzip,
        accept::Coding::Identity => Coding::Identity,
    }
}

fn token(coding: Coding) -> Option<&'static str> {
    match coding {
        Coding::Br => Some("br"),
        Coding::Zstd => Some("zstd"),
        Coding::Gzip => Some("gzip"),
        Coding::Identity => None,
    }
}

/// What a variant is made of.
pub struct Parts<'a> {
    /// The path of the file, with the name of the index.
    pub path: &'a [u8],
    /// How it is encoded.
    pub coding: Coding,
    /// What was found.
    pub found: &'a Found,
    /// Whether there are other encodings.
    pub varies: bool,
    /// What is in it.
    pub content: Content,
    /// Its length.
    pub bytes: u64,
    /// The time.
    pub wall: SystemTime,
}

impl Variant {
    /// A file in one encoding.
    pub fn new(parts: Parts<'_>, rules: &Rules) -> Variant {
        let Parts { path, coding, found, varies, content, bytes, wall } = parts;
        let etag = found.tag.map(|tag| etag(tag, coding, found.coding));
        // RFC 9110 §8.8.2.1: a time in the future was set, and when it was set is known.
        let said = [found.mark.modified, found.mark.changed].map(time);
        let past = said.into_iter().find(|said| *said <= wall).unwrap_or(wall);
        let modified = found.mark.dated.then_some(past);
        let mut common = String::new();
        if let Some(etag) = &etag {
            let _ = write!(common, "ETag: \"{etag}\"\r\n");
        }
        if let Some(modified) = modified {
            let date = httpdate::fmt_http_date(modified.max(UNIX_EPOCH));
            let _ = write!(common, "Last-Modified: {date}\r\n");
        }
        let _ = match (rules.cache_control(), rules.max_age) {
            (Some(_), _) => Ok(()),
            (None, None) => write!(common, "Cache-Control: no-cache\r\n"),
            (None, Some(seconds)) => write!(common, "Cache-Control: max-age={seconds}\r\n"),
        };
        if varies {
            common.push_str("Vary: Accept-Encoding\r\n");
        }
        common.push_str(&rules.headers);
        let media = media::of(path, found.glance.names_encoding);
        let is_personal = media.starts_with("text/html") && rules.is_personal();
        let mut typed = format!("Content-Type: {media}\r\n");
        if let Some(token) = token(coding).or(media::encoding(path)) {
            let _ = write!(typed, "Content-Encoding: {token}\r\n");
        }
        let lines = format!("{typed}Accept-Ranges: bytes\r\n{common}").into_bytes().into();
        Variant { coding, content, bytes, is_personal, etag, modified, typed, common, lines }
    }

    /// What conditions are held against.
    pub fn validators(&self) -> Validators<'_> {
        let etag = self.etag.as_ref().map(|etag| Tag::strong(etag.as_bytes()));
        Validators { etag, modified: self.modified }
    }

    /// The lines of a response with a part of it, or without content.
    pub fn lines_with(&self, typed: bool, more: &str) -> Arc<[u8]> {
        let typed = if typed { self.typed.as_str() } else { "" };
        [typed, &self.common, more].concat().into_bytes().into()
    }

    /// The lines of a response that only borrows its content.
    pub fn lines_of_content(&self) -> Arc<[u8]> {
        self.typed.clone().into_bytes().into()
    }

    fn memory(&self) -> usize {
        let content = match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Sealed(file) => file.mark().bytes as usize,
            Content::File(_) | Content::None => 0,
        };
        let etag = self.etag.as_ref().map_or(0, String::len);
        content + etag + self.typed.len() + self.common.len() + self.lines.len()
    }
}

/// The opaque part of an entity tag. What was compressed here has the tag of what it was made of,
/// and the version that made it: the next one may make other bytes of it.
fn etag(tag: u128, coding: Coding, found: Coding) -> String {
    match token(coding) {
        None => format!("{tag:032x}"),
        Some(token) if coding == found => format!("{tag:032x}-{token}"),
        Some(token) => format!("{tag:032x}-{token}-{}", env!("CARGO_PKG_VERSION")),
    }
}

/// A stamp as the time that it is.
fn time(stamp: i64) -> SystemTime {
    let distance = Duration::from_nanos(stamp.unsigned_abs());
    let time =
        if stamp < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}
