//! A file of the site in the cache: its state, and its content in the requested encodings, each
//! with the lines that its responses begin with.

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
    /// The state in which it was read.
    pub state: State,
    /// Time of the last check of that state.
    pub checked: Instant,
    /// Time of the last request.
    pub used: Instant,
    /// True while that state is being checked.
    pub checking: bool,
    /// True if it is compressed for clients that accept it.
    pub packs: bool,
    /// True if it may have changed since without a trace, so that it has to be read again.
    pub is_young: bool,
    variants: [Option<Arc<Variant>>; 4],
}

/// A file in one encoding.
#[derive(Debug)]
pub struct Variant {
    /// The encoding.
    pub coding: Coding,
    /// The content, as far as it was read.
    pub content: Content,
    /// Its length.
    pub bytes: u64,
    /// True for a page for people: shared caches must not keep it.
    pub is_personal: bool,
    /// The opaque part of the entity tag, if it has one.
    etag: Option<String>,
    modified: Option<SystemTime>,
    /// `Content-Type` and `Content-Encoding`, which are only sent with content.
    typed: String,
    /// The lines of every response about it.
    common: String,
    /// All lines of a response with the whole content.
    pub lines: Arc<[u8]>,
}

/// Minimum length of a file that is compressed here …
pub const PACK_BYTES_MIN: u64 = 512;

/// An upper bound for our own lines of responses about a file and its place in the cache, in all
/// forms.
pub const LINES_BYTES: u64 = 6 * 1024;

impl Resource {
    /// Creates an entry for a file in this state, without content.
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

    /// Returns the file in that encoding, if it is in memory.
    pub fn variant(&self, coding: Coding) -> Option<&Arc<Variant>> {
        self.variants[coding as usize].as_ref()
    }

    /// Returns true if the best encoding for this wish is in memory.
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

    /// Adds the file in another encoding.
    pub fn add(&mut self, variant: Arc<Variant>) {
        let place = variant.coding as usize;
        self.variants[place] = Some(variant);
    }

    /// Returns the memory that it takes.
    pub fn bytes(&self) -> usize {
        self.variants.iter().flatten().map(|variant| variant.memory()).sum()
    }

    /// Returns the best encoding for these values of `Accept-Encoding`.
    pub fn choose<'b>(&self, accepted: impl Iterator<Item = &'b [u8]>) -> Coding {
        choose(&self.state, self.packs, accepted)
    }
}

/// Returns the best encoding of a file in this state for these values of `Accept-Encoding`.
pub fn choose<'b>(state: &State, packs: bool, accepted: impl Iterator<Item = &'b [u8]>) -> Coding {
    if !packs && state.sidecars == [None; 3] {
        return Coding::Identity;
    }
    let is_there = |coding: &Coding| match coding {
        Coding::Identity => true,
        Coding::Gzip if packs => true,
        Coding::Br | Coding::Zstd | Coding::Gzip => state.sidecars[*coding as usize].is_some(),
    };
    let mut available = [Coding::Identity; 4];
    let mut count = 0;
    for coding in Coding::ALL.iter().filter(|coding| is_there(coding)) {
        available[count] = *coding;
        count += 1;
    }
    accept::coding(accepted, &available[..count]).unwrap_or(Coding::Identity)
}

/// Returns the acceptable encodings of these values of `Accept-Encoding`, in their order.
pub fn wish<'b>(accepted: &(impl Iterator<Item = &'b [u8]> + Clone)) -> Wish {
    let mut left = Coding::ALL.to_vec();
    let mut order = Vec::new();
    while let Some(best) = accept::coding(accepted.clone(), &left) {
        left.retain(|coding| *coding != best);
        order.push(best);
        if best == Coding::Identity {
            break;
        }
    }
    Wish::new(order)
}

fn token(coding: Coding) -> Option<&'static str> {
    (coding != Coding::Identity).then(|| coding.token())
}

/// The parts of a variant.
pub struct Parts<'a> {
    /// The path of the file, with the name of the index.
    pub path: &'a [u8],
    /// The encoding.
    pub coding: Coding,
    /// The file that was found.
    pub found: &'a Found,
    /// True if there are other encodings.
    pub varies: bool,
    /// The content.
    pub content: Content,
    /// Its length.
    pub bytes: u64,
    /// The time.
    pub wall: SystemTime,
}

impl Variant {
    /// Creates a file in one encoding.
    pub fn new(parts: Parts<'_>, rules: &Rules) -> Variant {
        let Parts { path, coding, found, varies, content, bytes, wall } = parts;
        let etag = found.tag.map(|tag| etag(tag, coding, found.coding));
        // RFC 9110 §8.8.2.1: a time in the future was set, and the time of that change is known.
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

    /// Returns the validators for conditional requests.
    pub fn validators(&self) -> Validators<'_> {
        let etag = self.etag.as_ref().map(|etag| Tag::strong(etag.as_bytes()));
        Validators { etag, modified: self.modified }
    }

    /// Returns the lines of a response with a part of it, or without content.
    pub fn lines_with(&self, typed: bool, more: &str) -> Arc<[u8]> {
        let typed = if typed { self.typed.as_str() } else { "" };
        [typed, &self.common, more].concat().into_bytes().into()
    }

    /// Returns the lines of a response that only borrows its content.
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

/// Returns the opaque part of an entity tag. A file that was compressed here has the tag of its
/// source, and the version of this program: the next one may compress differently.
fn etag(tag: u128, coding: Coding, found: Coding) -> String {
    match token(coding) {
        None => format!("{tag:032x}"),
        Some(token) if coding == found => format!("{tag:032x}-{token}"),
        Some(token) => format!("{tag:032x}-{token}-{}", env!("CARGO_PKG_VERSION")),
    }
}

/// Converts a time stamp.
fn time(stamp: i64) -> SystemTime {
    let distance = Duration::from_nanos(stamp.unsigned_abs());
    let time =
        if stamp < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}
